"""Items of a regression: one command each, how it ended, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """A place in the matrix of a suite: what is run, seeds apart.

    unit: the row (block, trace, network). column: the simulator and its parameters. words: the command.
    env: environment of the command, besides what this process has.
    """

    unit: str
    column: str
    words: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Item:
    """One command. id: unique in its run. again_of: the id of the item that failed, if this runs a part of it again.

    round: 0 for what the plan asks for, then those that fill the budget. timeout: seconds. space: bytes that its host
    must have free.
    """

    id: str
    suite: str
    kind: str
    cell: Cell
    seed: int
    round: int
    timeout: float
    space: int
    again_of: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The command with its seed, as `cocodla` takes it."""
        return (*self.cell.words, "--seed", str(self.seed))


@dataclass(frozen=True)
class Ended:
    """How a command ended. how: `exit` (with `status`), `timeout`, `killed`, `lost` (its workers died), or that it
    has to run elsewhere: `full` (no space), `differs` (the worker's project is another one). text: why, in words.

    seconds: wall time. cpu: CPU seconds, simulators included. stdout: at most MOST_OUTPUT of it. stderr: its end.
    """

    how: str
    host: str
    status: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    stdout: str = ""
    stderr: str = ""
    text: str = ""


@dataclass(frozen=True)
class Problem:
    """One thing that an item found. stage: where (a test, a layer, a check). text: in words. cell, seed: what runs this
    alone again. files: what was kept of it, on the host that ran it.
    """

    unit: str
    stage: str
    text: str
    cell: Cell
    seed: int
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Again:
    """The command that runs a problem alone again, as it is kept. env: as that of a cell."""

    words: tuple[str, ...]
    seed: int
    env: tuple[tuple[str, str], ...]


Facts = dict[str, int | float | dict[str, dict[str, int]]]
"""Figures of an item that add up, and those that are shown."""


@dataclass(frozen=True)
class Judgement:
    """What came out of an item. verdict: passed, failed, skipped (with `text`: why)."""

    verdict: str
    problems: tuple[Problem, ...] = ()
    facts: Facts = field(default_factory=dict)
    text: str = ""
