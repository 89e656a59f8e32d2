"""`python -m cocodla.sim`: see console.py."""

import sys

from cocodla.sim.console import main

sys.exit(main())
