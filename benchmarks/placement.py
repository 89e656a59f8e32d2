"""Where a model's program lies in memory, drawn anew.

The program of a chip is larger than the cache next to the processor, and its pages stay where the file was first
written: a copy of the same file runs up to 15 % faster or slower than another (docs/performance.md). So each run of a
benchmark gets a copy of its own, and the median is over copies.
"""

from __future__ import annotations

import shutil
from pathlib import Path


def draw_anew(build: Path, top: str = "sim_top") -> None:
    """Replace the programs of all models with this top in a folder of generated files by copies of themselves."""
    for program in build.glob(f"sim/*/{top}"):
        copy = program.with_name(f"{top}.copy")
        shutil.copy2(program, copy)
        copy.replace(program)
