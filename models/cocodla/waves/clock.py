"""Cycles: the rising edges of a clock, and signals as a flip-flop of that clock sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.dump import UNKNOWN, Changes

Cycles = NDArray[np.int64]


@dataclass(frozen=True)
class Sampled:
    """A signal as runs of cycles: from cycles[i] on it is values[i]. Both (n,) int64; cycles ascend from 0."""

    cycles: Cycles
    values: NDArray[np.int64]

    def at(self, cycles: Cycles) -> NDArray[np.int64]:
        """Values in these cycles, each at least 0."""
        found: NDArray[np.int64] = self.values[np.searchsorted(self.cycles, cycles, side="right") - 1]
        return found


@dataclass(frozen=True)
class Clock:
    """Rising edges. edges: (cycles,) int64, times. gaps: (n,) int64, cycles before which the clock was not dumped.

    A rise is 0 then 1; from x to 1, as where a dump is switched on in an edge, is none.
    """

    name: str
    edges: NDArray[np.int64]
    gaps: Cycles

    @staticmethod
    def of(name: str, changes: Changes) -> Clock:
        times, values = last_at_each_time(changes.times, changes.values)
        rises = np.flatnonzero((values[1:] == 1) & (values[:-1] == 0)) + 1
        edges = times[rises]
        lost = times[values < 0]
        gaps = np.unique(np.searchsorted(edges, lost, side="right"))
        return Clock(name, edges, gaps[(gaps > 0) & (gaps < len(edges))])

    def __len__(self) -> int:
        return len(self.edges)

    def sample(self, changes: Changes) -> Sampled:
        """The value just before each edge: of all changes before it, the last."""
        cycles = np.searchsorted(self.edges, changes.times, side="right")
        cycles, values = last_at_each_time(cycles, changes.values)
        inside = cycles < len(self.edges)
        cycles, values = cycles[inside], values[inside]
        if not len(cycles) or cycles[0] > 0:
            cycles, values = np.insert(cycles, 0, 0), np.insert(values, 0, UNKNOWN)
        new = np.append(True, values[1:] != values[:-1])
        return Sampled(cycles[new], values[new].astype(np.int64))

    def period(self) -> float:
        """Ticks of a cycle: the median."""
        return float(np.median(np.diff(self.edges))) if len(self.edges) > 1 else 1.0


def last_at_each_time(times: Cycles, values: NDArray[Any]) -> tuple[Cycles, NDArray[Any]]:
    """Of entries with the same time the last one; times ascend."""
    if not len(times):
        return times, values
    last = np.append(times[1:] != times[:-1], True)
    return times[last], values[last]


def joined(signals: list[Sampled]) -> Sampled:
    """The AND of one-bit signals: 0 where one is 0, else UNKNOWN where one is."""
    if len(signals) == 1:
        return signals[0]
    cycles = np.unique(np.concatenate([signal.cycles for signal in signals]))
    values = np.stack([signal.at(cycles) for signal in signals])
    result = np.where((values == 0).any(axis=0), 0, np.where((values < 0).any(axis=0), UNKNOWN, 1))
    return Sampled(cycles, result.astype(np.int64))
