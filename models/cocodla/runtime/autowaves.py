"""A run that failed is run again by itself, with waves around what went wrong (AUTOWAVES=0 turns this off).

Runs are the same for the same seed, so that cycles of the first tell where to look in the second.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from cocodla.errors import UserError
from cocodla.mismatch.study import Finding
from cocodla.program import Execution, Mark, Program
from cocodla.runtime import rtl
from cocodla.sim.waves import Waves, opening

SWITCH = "AUTOWAVES"
"""Environment variable: 0 for no waves that were not asked for."""
MOST = 50_000
"""Cycles that are recorded at most: about 10 MB."""
MOST_FOLLOWED = 2_000_000
"""Cycles from reset on in which what units tell each other is followed."""
AFTER = 100
"""Cycles recorded behind the one by which it has gone wrong."""


@dataclass(frozen=True)
class Recorded:
    """A waveform of cycles `start` to `stop`; by `cycle` something has gone wrong."""

    path: Path
    start: int
    stop: int
    cycle: int

    def __str__(self) -> str:
        return (
            f"waves of cycles {self.start:,} to {self.stop:,} (wrong by cycle {self.cycle:,}): {self.path}; "
            f"open with: {opening(self.path)}"
        )


def path_in(told: str) -> str | None:
    """The path of the waveform that a text of Recorded tells."""
    found = re.match(r"waves of cycles .*?\): (.*); open with: ", told)
    return found[1] if found else None


def wanted() -> bool:
    """Whether what failed is run again with waves."""
    return os.environ.get(SWITCH) != "0"


def record(
    program: Program, simulation: rtl.Simulation, failed: Execution, found: Finding, index: int | None = None
) -> Recorded | None:
    """Run a failed program again with waves. None where they are turned off or recorded anyway, or cannot be had.

    found: what is known of the failure. index: the command that saw the first difference; None where only the run as a
    whole is known to be wrong.
    """
    if simulation.waves is not None or not wanted():
        return None
    start, cycle = _around(program, failed, index)
    if found.layer is not None and found.cycle is not None:
        starts = [event.cycle for event in failed.events if event.index <= found.layer.start]
        start, cycle = max(starts[-1] if starts else 0, found.cycle - MOST, 0), found.cycle
        start = min(start, max(cycle - AFTER, 0))
    waves = Waves(start, cycle + AFTER)
    try:
        again = rtl.run(program, replace(simulation, waves=waves, run_name=f"{simulation.run_name}-failed"))
    except UserError:  # the failure itself is what the user has to know
        return None
    return Recorded(again.waves, start, cycle + AFTER, cycle) if again.waves else None


def boundaries(program: Program, simulation: rtl.Simulation, failed: Execution, index: int | None) -> Path | str:
    """Run a failed program again and record from reset on what its units tell each other; else why that is not done."""
    if simulation.waves is not None or not wanted():
        return f"it was not run again to look at what its units tell each other ({SWITCH}=0, or waves were asked for)"
    _, cycle = _around(program, failed, index)
    if cycle > MOST_FOLLOWED:
        return f"it is wrong by cycle {cycle:,}: what units tell each other is followed for {MOST_FOLLOWED:,} cycles"
    waves = Waves(0, cycle + AFTER, boundaries=True)
    try:
        again = rtl.run(program, replace(simulation, waves=waves, run_name=f"{simulation.run_name}-boundaries"))
    except UserError as error:
        return f"it could not be run again: {error}"
    return again.waves or "it was run again, but left no waveform"


def _around(program: Program, failed: Execution, index: int | None) -> tuple[int, int]:
    """(first cycle, cycle by which it is wrong): from the layer's Mark, if there is one, to the event before `index`.

    A run that ends with a failure is wrong at its last event, or, if it hangs there, in the cycles that follow.
    """
    before = [event for event in failed.events if index is None or event.index < index]
    if not before:
        return 0, MOST
    cycle = before[-1].cycle
    if index is None:
        end = int(failed.counters.get("cycles", cycle))
        cycle = min(end, cycle + MOST // 2)
        return max(0, cycle - MOST), max(cycle, 1)
    marks = [event.cycle for event in before[:-1] if isinstance(program.commands[event.index], Mark)]
    start = marks[-1] if marks else 0
    return max(start, cycle - MOST, 0), cycle
