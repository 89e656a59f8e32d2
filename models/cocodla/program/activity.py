"""What the units of the chip, and the interfaces between them, did in each window of a run (tb/hdl/sim_activity.v)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.files.inputs import read_input

Counts = NDArray[np.int64]

NOTHING, TRANSFER, LOST, STARVED = range(4)
"""States of an interface. LOST: the receiver does not take what is there. STARVED: it would, but nothing is there."""
IDLE, COMPUTE, FETCH, HAND, MEMORY, FEEDER, SECOND, TAKER = range(8)
"""States of a unit: the last four wait, for the memory or a unit (Unit.waits)."""

MOST_BYTES = 64 << 20
"""Of a file: several times what the bench writes."""
_HEAD = re.compile(rb"cocodla activity 1\ncycles (\d{1,18})\nwindow (\d{1,18})\nwindows (\d{1,6})\n")
_ROW = re.compile(r"interface (\w+) (\w+) (\w+)|unit (\w+) ([\w-]+) ([\w-]+) ([\w-]+)", re.ASCII)


@dataclass(frozen=True)
class Interface:
    """A connection between two units."""

    name: str
    sender: str
    receiver: str


@dataclass(frozen=True)
class Unit:
    """A unit, and whom it waits for in the states FEEDER, SECOND and TAKER ("-": nobody)."""

    name: str
    waits: tuple[str, str, str]

    def waits_for(self, state: int) -> str:
        """The unit or "memory" that is waited for in a state from MEMORY on."""
        return "memory" if state == MEMORY else self.waits[state - FEEDER]


@dataclass(frozen=True)
class Activity:
    """Cycles that each row spent in each state, by window; those of a row add up to the length of the window.

    lengths: (windows,) cycles. interface_counts: (windows, interfaces, 4). unit_counts: (windows, units, 8).
    """

    lengths: NDArray[np.int64]
    interfaces: tuple[Interface, ...]
    units: tuple[Unit, ...]
    interface_counts: Counts
    unit_counts: Counts

    @property
    def cycles(self) -> int:
        """Cycles of the run."""
        return int(self.lengths.sum())

    def check(self) -> None:
        """UserError unless the shapes fit and every row adds up to its windows."""
        windows = len(self.lengths)
        shapes = (windows, len(self.interfaces), 4), (windows, len(self.units), 8)
        if (self.interface_counts.shape, self.unit_counts.shape) != shapes:
            raise UserError("the counts do not have the shape of their windows")
        for counts in (self.interface_counts, self.unit_counts):
            if np.any(counts < 0) or np.any(counts.sum(2, dtype=np.int64) != self.lengths[:, None]):
                raise UserError("the states of a row do not add up to the cycles of its window")


def joined(parts: Sequence[Activity]) -> Activity:
    """Several runs of the same bench, one after the other. ValueError for runs of different rows."""
    first = parts[0]
    if any((part.interfaces, part.units) != (first.interfaces, first.units) for part in parts):
        raise ValueError("runs of different benches")
    return Activity(
        np.concatenate([part.lengths for part in parts]),
        first.interfaces,
        first.units,
        np.concatenate([part.interface_counts for part in parts]),
        np.concatenate([part.unit_counts for part in parts]),
    )


def read_activity(path: Path) -> Activity:
    """The file of a run (format: tb/hdl/sim_activity.v). UserError for one that is missing or damaged."""
    data = read_input(path, MOST_BYTES)
    head = _HEAD.match(data)
    if not head:
        raise UserError(f"{path}: no activity of a run (its first lines are others)")
    end = data.find(b"\n\n")
    cycles, window, windows = (int(group) for group in head.groups())
    interfaces, units = [], []
    lines = data[head.end() : max(end, head.end())].splitlines()
    for line in lines:
        row = _ROW.fullmatch(line.decode("ascii", "replace"))
        if not row:
            raise UserError(f"{path}: {line[:60]!r} is neither an interface nor a unit")
        if row[1]:
            interfaces.append(Interface(row[1], row[2], row[3]))
        else:
            units.append(Unit(row[4], (row[5], row[6], row[7])))
    width = 3 * len(interfaces) + 7 * len(units)
    if end < 0 or not width or len(data) != end + 2 + 4 * width * windows:
        raise UserError(f"{path}: {len(data)} bytes are not the {windows} windows it tells of")
    lengths = np.minimum(window, cycles - np.arange(windows, dtype=np.int64) * window)
    counts = np.frombuffer(data, np.uint32, offset=end + 2).reshape(windows, width)
    states = [3 if line.startswith(b"interface") else 7 for line in lines]
    of_interface = np.repeat(np.equal(states, 3), states)
    activity = Activity(
        lengths,
        tuple(interfaces),
        tuple(units),
        _with_rest(counts[:, of_interface].reshape(windows, len(interfaces), 3), lengths),
        _with_rest(counts[:, ~of_interface].reshape(windows, len(units), 7), lengths),
    )
    try:
        activity.check()
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return activity


def _with_rest(counts: NDArray[np.uint32], lengths: NDArray[np.int64]) -> Counts:
    """Counts (windows, rows, states from 1 on) with those of state 0, the rest of the window, in front."""
    rest = lengths[:, None] - counts.sum(2, dtype=np.int64)
    return np.concatenate([rest[:, :, None], counts], axis=2, dtype=np.int64)
