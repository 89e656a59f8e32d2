"""What every report of a simulation says in the same words."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cocodla.sim.waves import opening


def show_waves(path: Path | str | None, console: Console) -> None:
    """Tell where the waveform is and how to see it, if one was recorded."""
    if path:
        console.print(f"waves in {path}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"open with: {opening(Path(path))}", highlight=False, markup=False, soft_wrap=True)
