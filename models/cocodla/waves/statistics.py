"""Counts of one interface: transfers, lost cycles and whose they are, longest stall, bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.clock import Cycles
from cocodla.waves.runs import CLOSED, OPEN, RESET, STALLED, TRANSFER, UNKNOWN_STATE, Runs


@dataclass(frozen=True)
class Stall:
    """A run of cycles in which the receiver made the sender wait."""

    cycle: int
    length: int


@dataclass(frozen=True)
class Statistics:
    """All in cycles of the interface's clock.

    cycles = transfers + stalled + starved + idle + unknown + reset. stalled: valid without ready, lost to the receiver.
    starved: ready without valid between two transfers, in a pause of at most `idle_after` cycles: lost to the sender.
    idle: every other cycle without valid. A burst is a run of transfers in successive cycles.
    """

    cycles: int
    transfers: int
    stalled: int
    starved: int
    idle: int
    unknown: int
    reset: int
    longest: Stall | None
    bursts: int
    longest_burst: int

    @property
    def rate(self) -> float:
        """Transfers per cycle outside of reset."""
        live = self.cycles - self.reset
        return self.transfers / live if live else 0.0


def statistics_of(runs: Runs, idle_after: int) -> Statistics:
    """Count one interface."""
    bursts, stalls = runs.states == TRANSFER, np.flatnonzero(runs.states == STALLED)
    longest = None
    if len(stalls):
        which = stalls[np.argmax(runs.lengths[stalls])]
        longest = Stall(int(runs.starts[which]), int(runs.lengths[which]))
    starved = int(runs.lengths[starved_runs(runs, idle_after)].sum())
    return Statistics(
        cycles=int(runs.lengths.sum()),
        transfers=runs.count(TRANSFER),
        stalled=runs.count(STALLED),
        starved=starved,
        idle=runs.count(OPEN) + runs.count(CLOSED) - starved,
        unknown=runs.count(UNKNOWN_STATE),
        reset=runs.count(RESET),
        longest=longest,
        bursts=int(bursts.sum()),
        longest_burst=int(runs.lengths[bursts].max()) if bursts.any() else 0,
    )


def starved_runs(runs: Runs, idle_after: int) -> NDArray[np.bool_]:
    """Which runs of OPEN are starving: their pause, the runs without valid around them, is short and between uses."""
    pausing = (runs.states == OPEN) | (runs.states == CLOSED)
    pauses, lengths = _pauses(runs, pausing)
    inner: NDArray[np.bool_] = np.zeros(len(lengths), bool)
    if len(lengths):
        used = np.flatnonzero((runs.states == TRANSFER) | (runs.states == STALLED))
        first, last = _bounds(pauses, len(lengths))
        before = first > 0
        after = last < len(runs.states) - 1
        before[before] = np.isin(first[before] - 1, used)
        after[after] = np.isin(last[after] + 1, used)
        broken = np.isin(runs.starts[first], runs.breaks) | np.isin(runs.ends[last], runs.breaks)
        inner = before & after & ~broken & (lengths <= idle_after)
    result = np.zeros(len(runs.states), bool)
    result[pausing] = inner[pauses[pausing]]
    result &= runs.states == OPEN
    return result


def _pauses(runs: Runs, pausing: NDArray[np.bool_]) -> tuple[Cycles, Cycles]:
    """For each run the number of its pause (-1: none), and the length of each pause. A gap of the dump ends a pause."""
    joined = np.append(False, pausing[1:] & pausing[:-1]) & ~np.isin(runs.starts, runs.breaks)
    number = np.cumsum(pausing & ~joined) - 1
    lengths = np.zeros(int((pausing & ~joined).sum()), np.int64)
    np.add.at(lengths, number[pausing], runs.lengths[pausing])
    return np.where(pausing, number, -1), lengths


def _bounds(pauses: Cycles, count: int) -> tuple[Cycles, Cycles]:
    """First and last run of each pause."""
    members = np.flatnonzero(pauses >= 0)
    numbers = np.arange(count)
    return (
        members[np.searchsorted(pauses[members], numbers, side="left")],
        members[np.searchsorted(pauses[members], numbers, side="right") - 1],
    )
