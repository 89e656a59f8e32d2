"""What an interface does in each cycle, as runs of cycles in one state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.clock import Cycles, Sampled

TRANSFER, STALLED, OPEN, CLOSED, UNKNOWN_STATE, RESET = range(6)
"""valid and ready; valid, not ready; ready, not valid; neither; x on valid, or on ready with valid; in reset."""


@dataclass(frozen=True)
class Runs:
    """Runs of one state. starts, lengths: (n,) int64, cycles; states: (n,) int8. Neighbours differ, but for breaks."""

    starts: Cycles
    lengths: Cycles
    states: NDArray[np.int8]
    breaks: Cycles
    """Cycles before which cycles are missing in the dump."""

    @property
    def ends(self) -> Cycles:
        return self.starts + self.lengths

    def count(self, state: int) -> int:
        """Cycles in a state."""
        return int(self.lengths[self.states == state].sum())

    def cycles_of(self, state: int) -> Cycles:
        """Each cycle in a state, ascending."""
        chosen = self.states == state
        return expand(self.starts[chosen], self.lengths[chosen])

    def at(self, cycles: Cycles) -> NDArray[np.int8]:
        """States in these cycles; each is inside the range."""
        found: NDArray[np.int8] = self.states[np.searchsorted(self.starts, cycles, side="right") - 1]
        return found


def runs_of(valid: Sampled, ready: Sampled | None, active: Sampled | None, gaps: Cycles, low: int, high: int) -> Runs:
    """States in cycles low to high - 1. active: 1 outside of reset (None: always); an unknown reset is reset."""
    parts = [valid.cycles, gaps, np.array([low], np.int64)]
    parts += [signal.cycles for signal in (ready, active) if signal is not None]
    starts = np.unique(np.concatenate(parts))
    starts = starts[(starts >= low) & (starts < high)]
    v = valid.at(starts)
    r = np.ones_like(v) if ready is None else ready.at(starts)
    states = np.select(
        [(v < 0) | ((v != 0) & (r < 0)), (v != 0) & (r != 0), v != 0, r > 0],
        [UNKNOWN_STATE, TRANSFER, STALLED, OPEN], CLOSED,
    ).astype(np.int8)  # fmt: skip
    if active is not None:
        states[active.at(starts) != 1] = RESET
    new = np.append(True, states[1:] != states[:-1])[: len(states)] | np.isin(starts, gaps)
    starts, states = starts[new], states[new]
    return Runs(starts, np.diff(np.append(starts, high)), states, gaps[(gaps > low) & (gaps < high)])


def expand(starts: Cycles, lengths: Cycles) -> Cycles:
    """The cycles of runs, one by one."""
    if not len(starts):
        return np.zeros(0, np.int64)
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
