"""Broken rules of a handshake, each with the cycle in which it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cocodla.waves.clock import Cycles, Sampled
from cocodla.waves.runs import CLOSED, OPEN, RESET, STALLED, TRANSFER, UNKNOWN_STATE, Runs

DROPPED = "valid dropped before ready"
CHANGED = "payload changed while stalled"
X_CONTROL = "x on valid, or on ready with valid"
X_READY = "x on ready without valid"
STUCK = "stalled to the end of the dump"
READY_WAITS = "ready waits for valid"
OVERDRAWN = "more sent than there are credits"
SURPLUS = "a credit nobody spent"
KEPT = "credits not returned at the end"
UNANSWERED = "an answer nobody asked for"

WARNINGS = frozenset({READY_WAITS, STUCK, KEPT, X_READY})
"""What a legal design may do; the others are errors."""

STUCK_AFTER = 256
"""Cycles of a stall that the end of the dump cuts from which on it is told."""

_ENOUGH = 8  # transfers from which on a habit is one


@dataclass(frozen=True)
class Violation:
    """A broken rule: how often, and the first cycle. detail: the signal, where it is one of several."""

    rule: str
    cycle: int
    count: int = 1
    detail: str = ""

    @property
    def is_warning(self) -> bool:
        return self.rule in WARNINGS


def handshake_violations(
    runs: Runs, ready: Sampled | None, payload: Mapping[str, Sampled], low: int
) -> list[Violation]:
    """Rules of valid and ready. low: first cycle of the range; what was before it is not looked at."""
    found = [*_found(DROPPED, _dropped(runs)), *_found(X_CONTROL, _starts(runs, UNKNOWN_STATE))]
    for name, signal in payload.items():
        found += _found(CHANGED, _changed(runs, signal, low), name)
    if len(runs.states) and runs.states[-1] == STALLED and runs.lengths[-1] >= STUCK_AFTER:
        found += _found(STUCK, runs.starts[-1:])
    if ready is not None:
        found += _found(X_READY, _unknown_ready(runs, ready))
    transfers = runs.count(TRANSFER)
    if ready is not None and transfers >= _ENOUGH and not runs.count(OPEN):
        first = int(runs.starts[runs.states == TRANSFER][0])
        found.append(Violation(READY_WAITS, first, transfers))
    return sorted(found, key=lambda violation: violation.cycle)


def credit_violations(sent: Cycles, returned: Cycles, credits: int | None) -> tuple[list[Violation], int]:
    """Rules of credits, and the most in flight. sent, returned: (n,) int64 cycles of each. credits: None if unknown."""
    cycles = np.unique(np.concatenate([sent, returned]))
    if not len(cycles):
        return [], 0
    # What comes back in a cycle was sent before it; what is sent may use what comes back.
    given = np.searchsorted(sent, cycles, side="right")
    back = np.searchsorted(returned, cycles, side="right")
    level = given - back
    found = _found(SURPLUS, _unasked(sent, returned))
    if credits is not None:
        found += _found(OVERDRAWN, cycles[level > credits])
    if level[-1] > 0:
        # The first cycle with some out after the last in which none was: since then they never all came back.
        first = int(np.flatnonzero(np.append(True, level[:-1] == 0))[-1])
        found.append(Violation(KEPT, int(cycles[first]), int(level[-1])))
    return found, int(max(level.max(), 0))


def answer_violations(asked: Cycles, answered: Cycles) -> list[Violation]:
    """Answers that come before their question. asked, answered: (n,) int64 cycles of each transfer."""
    return _found(UNANSWERED, _unasked(asked, answered))


def _unasked(asked: Cycles, answered: Cycles) -> Cycles:
    """Answers that come before their question, first in first out, or with it."""
    before = np.searchsorted(asked, answered, side="left")
    return answered[np.arange(1, len(answered) + 1) > before]


def _found(rule: str, cycles: Cycles, detail: str = "") -> list[Violation]:
    return [Violation(rule, int(cycles[0]), len(cycles), detail)] if len(cycles) else []


def _starts(runs: Runs, state: int) -> Cycles:
    return runs.starts[runs.states == state]


def _follows(runs: Runs, cycles: Cycles) -> Cycles:
    """Those of `cycles` whose cycle before is in the dump, too."""
    return cycles[~np.isin(cycles, runs.breaks)]


def _dropped(runs: Runs) -> Cycles:
    """First cycles without valid, right after a stalled one. Reset may end a stall, x is a fault of its own."""
    stalled = runs.states[:-1] == STALLED
    after = runs.states[1:]
    return _follows(runs, runs.starts[1:][stalled & ~np.isin(after, (TRANSFER, STALLED, UNKNOWN_STATE, RESET))])


def _changed(runs: Runs, signal: Sampled, low: int) -> Cycles:
    """Cycles with valid in which the signal is another than in the stalled cycle before."""
    if not len(runs.starts):
        return runs.starts
    high = int(runs.ends[-1])
    cycles = _follows(runs, signal.cycles[(signal.cycles > low) & (signal.cycles < high)])
    after = runs.at(cycles)
    return cycles[(runs.at(cycles - 1) == STALLED) & ((after == STALLED) | (after == TRANSFER))]


def _unknown_ready(runs: Runs, ready: Sampled) -> Cycles:
    """First cycles of an unknown ready while nothing is offered."""
    if not len(runs.starts) or not (ready.values < 0).any():
        return runs.starts[:0]
    inside = ready.cycles[(ready.cycles >= runs.starts[0]) & (ready.cycles < runs.ends[-1])]
    cycles = np.unique(np.concatenate([runs.starts, inside]))
    return cycles[(ready.at(cycles) < 0) & (runs.at(cycles) == CLOSED)]
