"""A failed run is looked into: run again to see what its units tell each other, studied, recorded around the fault."""

from __future__ import annotations

from pathlib import Path

from cocodla.errors import UserError
from cocodla.mismatch.study import Finding, study
from cocodla.program import Execution, Program
from cocodla.runtime import autowaves, rtl
from cocodla.waves.interfaces import load_description, own_file
from cocodla.waves.picture.draw import draw_dump
from cocodla.waves.picture.request import Request

AROUND = 8
"""Cycles in front of the first wrong one and behind it that are drawn."""
CYCLE_PS = 10_000


def investigate(
    program: Program, simulation: rtl.Simulation, failed: Execution, line: str, index: int | None = None
) -> Finding:
    """Finding a failed run of a program on the RTL.

    line: the message of the failure; index: the command that saw it, None where only the run as a whole is known to be
    wrong. Runs the program twice more, unless that is turned off (AUTOWAVES=0).
    """
    again = autowaves.boundaries(program, simulation, failed, index)
    dump = again if isinstance(again, Path) else None
    try:
        found = study(program, line, failed, index, dump, rtl.FIRST_CYCLE_PS)
    except Exception as error:  # whatever the RTL did: the failure itself is what the user has to know
        found = Finding(line, notes=[f"it could not be looked into: {type(error).__name__}: {error}"])
    if isinstance(again, str):
        found.notes.append(again)
    if dump is not None:
        found.picture = _draw(dump, found)
    found.waves = str(autowaves.record(program, simulation, failed, found, index) or "")
    return found



def _draw(dump: Path, found: Finding) -> str:
    """The interface on which it shows first, around that cycle, as SVG; empty where there is none to draw."""
    where = found.blame or found.wrong
    if where is None or found.cycle is None:
        return ""
    begin = rtl.FIRST_CYCLE_PS + CYCLE_PS * found.cycle
    start, end = max(0, begin - AROUND * CYCLE_PS), begin + (AROUND + 1) * CYCLE_PS
    description = load_description(own_file())
    request = Request(("dla_core_clk", where.interface), f"{start}ps", f"{end}ps")
    title = f"{where.interface}: cycle {found.cycle:,} is from {begin / 1000:.0f} to {(begin + CYCLE_PS) / 1000:.0f} ns"
    try:
        return draw_dump(dump, description, request, title=title).decode()
    except UserError as error:
        found.notes.append(f"no picture: {error}")
        return ""
