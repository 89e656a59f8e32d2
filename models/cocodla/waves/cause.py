"""Root cause: which unit everybody waited for.

From each unit that waits the steps to the unit it waits for lead to one that does not wait: a chain and its end. Each
cycle is one vote for such ends, shared by the units that wait in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.clock import Cycles
from cocodla.waves.waits import NOBODY, Waits

FULL = 0.95
"""Transfers per cycle from which on an interface cannot move more."""

NO_WORK = "nothing under way"
"""What a unit waits on that has no work, in place of an interface."""

_CHUNK = 1 << 16  # cycles looked at in one go: bounds the memory
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, and its bits look random

Chain = tuple[tuple[int, int], ...]
"""Steps (unit, interface) by their numbers."""


@dataclass(frozen=True)
class Cause:
    """A window of cycles and what held it up.

    root: the unit most waiting ends in, share: the part of it that does. waiting: the part of cycles with any.
    chain: frequent steps (unit, interface it waits on) to (root, ""). full: interfaces that moved in nearly every
    cycle: what the window would need more of, where the root is not slow.
    """

    start: int
    end: int
    root: str
    share: float
    waiting: float
    chain: tuple[tuple[str, str], ...]
    full: tuple[str, ...]


def causes_of(waits: Waits, low: int, high: int, window: int) -> list[Cause]:
    """The root of each window of the cycles low to high - 1; windows in which nobody waited are left out."""
    found = (_cause(waits, start, min(start + window, high)) for start in range(low, high, window))
    return [cause for cause in found if cause is not None]


def _cause(waits: Waits, low: int, high: int) -> Cause | None:
    votes = np.zeros(len(waits.units))
    chains: defaultdict[Chain, float] = defaultdict(float)
    # A wait for a mere sign is a link of a chain, but not where one starts.
    signs = np.array([*(one.interface.sign for one in waits.traffic), False, False])
    for start in range(low, high, _CHUNK):
        target, via = waits.between(start, min(start + _CHUNK, high))
        starting = (target != NOBODY) & ~signs[via] & ~waits.servers[:, None]
        weights = 1 / np.maximum(starting.sum(axis=0), 1)
        for unit in range(len(waits.units)):
            cycles = np.flatnonzero(starting[unit])
            if len(cycles):
                ends, steps = _follow(target, via, unit, cycles)
                votes += np.bincount(ends, weights[cycles], len(waits.units))
                _add_chains(chains, steps, weights[cycles])
    if not chains:
        return None
    root = int(votes.argmax())
    waiting = float(votes.sum())
    return Cause(
        low, high, waits.units[root], float(votes[root]) / waiting, waiting / (high - low),
        _named(waits, _story(chains, root)),
        tuple(one.interface.name for one in waits.traffic if one.rate(low, high) >= FULL),
    )  # fmt: skip


def _story(chains: Mapping[Chain, float], root: int) -> Chain:
    """Of the chains to the root that occur about as often as any the longest: its parts are chains, too."""
    ending = {path: weight for path, weight in chains.items() if path[-1][0] == root}
    often = max(ending.values()) / 2
    return max((path for path in ending if ending[path] >= often), key=lambda path: (len(path), ending[path]))


def _named(waits: Waits, chain: Chain) -> tuple[tuple[str, str], ...]:
    faces = [*(one.interface.name for one in waits.traffic), NO_WORK, ""]
    return tuple((waits.units[unit], faces[face]) for unit, face in chain)


Steps = list[tuple[Cycles, Cycles]]
"""Units and interfaces, (cycles,) each, of one step of all chains; interface -1 where the chain has ended."""


def _follow(target: NDArray[np.int8], via: NDArray[np.int16], unit: int, cycles: Cycles) -> tuple[Cycles, Steps]:
    """The chains that start at `unit` in these cycles: their ends and their steps."""
    at: Cycles = np.full(len(cycles), unit)
    steps: Steps = []
    visited = np.zeros((len(target), len(cycles)), bool)
    columns = np.arange(len(cycles))
    while True:
        visited[at, columns] = True
        following = target[at, cycles].astype(np.int64)
        # Of two that wait for each other the second is the end.
        moving = (following != NOBODY) & ~visited[np.maximum(following, 0), columns]
        steps.append((at, np.where(moving, via[at, cycles], -1)))
        if not moving.any():
            return at, steps
        at = np.where(moving, following, at)


def _add_chains(chains: defaultdict[Chain, float], steps: Steps, weights: NDArray[np.float64]) -> None:
    """Add the weight of each different chain."""
    code: NDArray[np.uint64] = np.zeros(len(weights), np.uint64)
    for units, faces in steps:  # equal chains have equal codes; different ones too only by a chance of 2^-64
        code = code * _MIX + (units * (1 << 16) + faces + 1).astype(np.uint64)
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    for where, weight in zip(first, np.bincount(which, weights), strict=True):
        path = [(int(units[where]), int(faces[where])) for units, faces in steps]
        end = next(n for n, (_, face) in enumerate(path) if face < 0)
        chains[tuple(path[: end + 1])] += float(weight)
