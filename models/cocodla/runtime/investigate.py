"""A failed run is looked into: run again to see what its units tell each other, studied, recorded around the fault."""

from __future__ import annotations

from pathlib import Path

from cocodla.mismatch.study import Finding, study
from cocodla.program import Execution, Program
from cocodla.runtime import autowaves, rtl


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
    found.waves = str(autowaves.record(program, simulation, failed, found, index) or "")
    return found

