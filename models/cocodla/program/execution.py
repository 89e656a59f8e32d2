"""What an execution of a Program leaves behind, the same for golden model and RTL; a scoreboard compares two."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cocodla.program.activity import Activity


@dataclass(frozen=True)
class Observation:
    """What one ReadRegister or CheckMemory command saw: its command index, its name, the bytes."""

    index: int
    name: str
    data: bytes


@dataclass(frozen=True)
class Event:
    """When a Mark, a WaitInterrupt or a D_OP_ENABLE write was executed; all counts are -1 on the golden model.

    cycle: core cycles since reset. read_beats, write_beats: memory beats (8 bytes each) moved until then.
    """

    index: int
    name: str
    cycle: int = -1
    read_beats: int = -1
    write_beats: int = -1


@dataclass
class Execution:
    """Result of one run.

    failures: one line for each command whose own expectation was not met.
    counters: totals of the run (cycles, read_beats, write_beats; RTL only).
    waves: the waveform of the run, where one was recorded (RTL only).
    activity: what every unit did, where that was asked for.
    """

    backend: str
    observations: list[Observation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    counters: dict[str, float] = field(default_factory=dict)
    waves: Path | None = None
    activity: Activity | None = None

    @property
    def passed(self) -> bool:
        return not self.failures
