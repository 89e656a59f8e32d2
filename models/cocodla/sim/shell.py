"""Commands of the project as a shell takes them, for users that run something again."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from cocodla.sim import project


def command_line(*words: object, env: Mapping[str, str] | None = None) -> str:
    """The shell command that calls this project with `words`, on the same DUT and in the same build folder.

    env: variables that it has besides, or with other values.
    """
    same = {}
    if dut := os.environ.get("DUT_FILELIST"):
        same["DUT_FILELIST"] = str(Path(dut).resolve())
    if values := os.environ.get("DUT_PARAMETERS"):
        same["DUT_PARAMETERS"] = values
    if os.environ.get(project.BUILD):
        same[project.BUILD] = str(project.build())
    same |= env or {}
    prefix = "".join(f"{name}={shlex.quote(value)} " for name, value in same.items())
    return ("env " if same else "") + prefix + shlex.join([sys.executable, "-m", "cocodla", *map(str, words)])
