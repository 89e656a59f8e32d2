"""Run all tests with the newest packages; if they pass, write their versions to constraints/, the file of this Python.

It holds for newer Pythons, too, that have no file of their own (scripts/bootstrap.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PINS = Path("constraints") / f"{sys.version_info.major}.{sys.version_info.minor}.txt"

if status := subprocess.run(["make", "UNPINNED=1", "test"]).returncode:
    sys.exit(status)
freeze = [str(Path(os.environ["VENV"]) / "bin" / "python"), "-m", "pip", "freeze", "--exclude-editable"]
versions = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout
new = PINS.with_suffix(".tmp")
new.write_text("# What the tests passed with last; written by make constraints.\n" + versions)
new.replace(PINS)
