"""What looking at boundaries comes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """The first wrong beat of a boundary. beat: in the layer. lane: the first wrong one. cycle: -1 if it never came."""

    beat: int
    cycle: int
    lane: int
    expected: int
    got: int | None
    wrong: int


@dataclass(frozen=True)
class Boundary:
    """A boundary that was looked at: how many beats of the layer should cross it, and the first wrong one."""

    stream: str
    interface: str
    signal: str
    sender: str
    beats: int
    difference: Difference | None


@dataclass(frozen=True)
class Blame:
    """The unit to look at, where it shows first, and why. cycle: of what never came that of the beat before."""

    unit: str
    interface: str
    signal: str
    cycle: int
    reason: str
