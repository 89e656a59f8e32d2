"""Root cause: which unit everybody waited for.

In each cycle every unit either works (it sends something), waits for another unit, or neither. It waits for the
receiver of an interface it stalls on, else for the sender of one that lets it starve. Following these steps from each
waiting unit to one that does not wait gives a chain and its end. Each cycle is one vote, shared by the units that wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.clock import Cycles
from cocodla.waves.interfaces import Interface
from cocodla.waves.runs import CLOSED, OPEN, STALLED, TRANSFER, Runs, expand

QUIET = 32
"""Cycles without any movement or request after which there is nothing to do."""

FULL = 0.95
"""Transfers per cycle from which on an interface cannot move more."""

NO_WORK = "nothing under way"
"""What a unit waits on that has no work, in place of an interface."""

_NOTHING = -1
_CHUNK = 1 << 16  # cycles looked at in one go: bounds the memory
_PIECE = 4  # cycles of work between longer waits that do not end the waiting
_NEAR = 1.25  # times the shortest latency: as fast as the memory can


Chain = tuple[tuple[int, int], ...]
"""Steps (unit, interface) by their numbers."""


@dataclass(frozen=True)
class Seen:
    """What an interface did. transfers, returned: (n,) int64, cycles of each transfer and of each returned credit."""

    interface: Interface
    runs: Runs
    transfers: Cycles
    returned: Cycles
    credits: int | None


@dataclass(frozen=True)
class Cause:
    """A window of cycles and what held it up.

    root: the unit most waiting ends in, share: the part of it that does. waiting: part of the cycles with any.
    chain: most frequent steps (unit, interface it waits on) to (root, ""). full: interfaces that moved in nearly every
    cycle: what the window would need more of, where the root is not slow.
    """

    start: int
    end: int
    root: str
    share: float
    waiting: float
    chain: tuple[tuple[str, str], ...]
    full: tuple[str, ...]


class Waits:
    """For each cycle and unit the unit it waits for, of interfaces on one clock that know sender and receiver.

    idle_unit: who is waited for where nothing is under way. outside: units whose own waiting nobody can see.
    """

    def __init__(self, seen: Sequence[Seen], idle_unit: str, outside: frozenset[str]) -> None:
        self._outside = outside
        self.seen = [one for one in seen if one.interface.sender and one.interface.receiver]
        names = [unit for one in self.seen for unit in (one.interface.sender, one.interface.receiver)]
        self.units = list(dict.fromkeys([*names, *([idle_unit] if idle_unit else [])]))
        self._index = {unit: number for number, unit in enumerate(self.units)}
        self._orders = idle_unit  # it is waited for only where nothing is under way
        self._requests = {one.interface.answers for one in self.seen}
        # Who only serves others, or waits for a mere sign, holds nobody up by that.
        self._servers = np.array([self._serves(unit) for unit in self.units])
        self._signs = np.array([*(one.interface.sign for one in self.seen), False, False])
        self._by_name = {one.interface.name: one for one in self.seen}
        self._most = {one.interface.name: one.credits or _most_out(one) for one in self.seen if one.interface.credit}
        self._least = {one.interface.name: self._least_latency(one) for one in self.seen}
        self._deepest = {one.interface.name: self._deepest_debt(one) for one in self.seen}

    def causes(self, low: int, high: int, window: int) -> list[Cause]:
        """The root of each window of cycles; windows in which nobody waited are left out."""
        return [
            cause
            for start in range(low, high, window)
            if (cause := self._cause(start, min(start + window, high))) is not None
        ]

    def _cause(self, low: int, high: int) -> Cause | None:
        votes = np.zeros(len(self.units))
        chains: Counter[Chain] = Counter()
        for start in range(low, high, _CHUNK):
            target, via = self._waits(start, min(start + _CHUNK, high))
            starting = (target != _NOTHING) & ~self._signs[via] & ~self._servers[:, None]
            weights = 1 / np.maximum(starting.sum(axis=0), 1)
            for unit in range(len(self.units)):
                cycles = np.flatnonzero(starting[unit])
                if len(cycles):
                    ends, paths = self._follow(target, via, unit, cycles, weights[cycles])
                    votes += np.bincount(ends, weights[cycles], len(self.units))
                    chains.update(paths)
        waiting = float(votes.sum())
        if not waiting:
            return None
        root = int(votes.argmax())
        steps = max((path for path in chains if path[-1][0] == root), key=lambda path: (chains[path], len(path)))
        faces = [*(one.interface.name for one in self.seen), NO_WORK, ""]
        chain = tuple((self.units[unit], faces[face]) for unit, face in steps)
        full = tuple(one.interface.name for one in self.seen if _rate(one.transfers, low, high) >= FULL)
        return Cause(low, high, self.units[root], float(votes[root]) / waiting, waiting / (high - low), chain, full)

    def _follow(
        self,
        target: NDArray[np.int8],
        via: NDArray[np.int16],
        unit: int,
        cycles: Cycles,
        weights: NDArray[np.float64],
    ) -> tuple[Cycles, Counter[Chain]]:
        """Ends of the chains that start at `unit` in these cycles, and the weight of each chain."""
        at = np.full(len(cycles), unit)
        steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        visited = np.zeros((len(self.units), len(cycles)), bool)
        rows = np.arange(len(cycles))
        while True:
            visited[at, rows] = True
            following = target[at, cycles].astype(np.int64)
            known = np.maximum(following, 0)
            # Of two that wait for each other the second is the end.
            moving = (following != _NOTHING) & ~visited[known, rows]
            steps.append((at, np.where(moving, via[at, cycles], -1)))
            if not moving.any():
                break
            at = np.where(moving, following, at)
        width = np.int64(len(self.seen) + 2)
        code = np.zeros(len(cycles), np.uint64)
        for units, faces in steps:  # equal chains have equal codes, up to collisions of 64 bits
            code = code * np.uint64(0x9E3779B97F4A7C15) + (units * width + faces + 1).astype(np.uint64)
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        chains: Counter[Chain] = Counter()
        for where, weight in zip(first, np.bincount(which, weights), strict=True):
            path = [(int(units[where]), int(faces[where])) for units, faces in steps]
            end = next(i for i, (_, face) in enumerate(path) if face < 0)
            chains[tuple(path[: end + 1])] += weight  # type: ignore[assignment]
        return at, chains

    def _waits(self, low: int, high: int) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
        """Whom each unit waits for in each cycle (_NOTHING: nobody), and on which interface: (units, cycles)."""
        length = high - low
        target = np.full((len(self.units), length), _NOTHING, np.int8)
        via = np.full((len(self.units), length), -1, np.int16)
        busy = np.zeros((len(self.units), length), bool)
        moving = np.zeros(length, bool)
        states = [_states(one.runs, low, high) for one in self.seen]
        debts = {name: self._debt(one, low, high) for name, one in self._by_name.items() if self._asked(one)}
        active = [bool((state == TRANSFER).any() or (state == STALLED).any()) for state in states]
        for one, state in zip(self.seen, states, strict=True):
            if not self._is_side(one):
                busy[self._index[one.interface.sender]] |= state == TRANSFER
            if one.interface.sender != self._orders:
                moving |= (state == TRANSFER) | (state == STALLED)
            if one.interface.name in debts:
                moving |= debts[one.interface.name] > 0

        def wait(unit: str, other: str, face: int, when: NDArray[np.bool_]) -> None:
            if unit in self._outside:
                return
            row = self._index[unit]
            chosen = when & (target[row] == _NOTHING)
            target[row, chosen] = self._index[other]
            via[row, chosen] = face

        for face, (one, state) in enumerate(zip(self.seen, states, strict=True)):
            wait(one.interface.sender, one.interface.receiver, face, state == STALLED)
            if most := self._most.get(one.interface.name):
                # Half: a sender may wait until it has a number of them. Without work of its own none would be out.
                spent = (2 * self._credits_out(one, low, high) >= most) & ~_dense(
                    busy[self._index[one.interface.sender]]
                )
                wait(one.interface.sender, one.interface.receiver, face, spent)
        counts = [int((state == TRANSFER).sum()) for state in states]
        refused = self._refused(states, counts)
        for face, (one, state) in enumerate(zip(self.seen, states, strict=True)):
            if one.interface.sender == self._orders or not (active[face] or one.interface.name in debts):
                continue
            hungry = (state == OPEN) | (state == CLOSED)
            still = ~_dense(busy[self._index[one.interface.receiver]])
            if one.interface.name in debts:
                hungry &= debts[one.interface.name] > 0
                if self._own_limit(one, debts[one.interface.name], low, high):
                    continue
            elif self._is_side(one):
                continue
            elif one.interface.ready:
                needed = counts[face] >= refused[self._index[one.interface.receiver]]
                hungry = (state == OPEN) | ((state == CLOSED) & needed & still)
            if not one.interface.ready:
                hungry &= still
            wait(one.interface.receiver, one.interface.sender, face, hungry)
        for row in range(len(self.units)):
            _bridge(target[row], via[row])
        self._blame_idle(target, via, ~moving, busy)
        return target, via

    def _refused(self, states: Sequence[NDArray[np.int8]], counts: Sequence[int]) -> NDArray[np.int64]:
        """For cycles in which a unit does not take what another offers it: how often another input must move to be one
        it takes together with the offered one, and not from time to time."""
        result = np.zeros((len(self.units), len(states[0]) if states else 0), np.int64)
        for one, state, count in zip(self.seen, states, counts, strict=True):
            row = result[self._index[one.interface.receiver]]
            np.maximum(row, np.where(state == STALLED, (count + 1) // 2, 0), out=row)
        return result

    def _serves(self, unit: str) -> bool:
        return any(one.interface.receiver == unit and one.interface.name in self._requests for one in self.seen)

    def _blame_idle(
        self, target: NDArray[np.int8], via: NDArray[np.int16], still: NDArray[np.bool_], busy: NDArray[np.bool_]
    ) -> None:
        """Where nothing at all is under way for QUIET cycles, everybody waits for the unit that gives the orders."""
        if not self._orders:
            return
        edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
        starts, ends = edges[::2], edges[1::2]
        long = ends - starts >= QUIET
        quiet = expand(starts[long], (ends - starts)[long])
        target[:, quiet] = self._index[self._orders]
        target[self._index[self._orders], quiet] = _NOTHING
        via[:, quiet] = len(self.seen)  # by no interface

    def _is_side(self, one: Seen) -> bool:
        """Whether the sender's work and the receiver's waiting do not show here: requests, and what is a mere sign."""
        return one.interface.sign or one.interface.name in self._requests

    def _asked(self, one: Seen) -> Seen | None:
        return self._by_name.get(one.interface.answers)

    def _debt(self, one: Seen, low: int, high: int) -> Cycles:
        """Requests without their answer, before each cycle."""
        asked = self._asked(one)
        assert asked is not None
        cycles = np.arange(low, high)
        found: Cycles = np.searchsorted(asked.transfers, cycles) - np.searchsorted(one.transfers, cycles)
        return found

    def _credits_out(self, one: Seen, low: int, high: int) -> Cycles:
        cycles = np.arange(low, high)
        found: Cycles = np.searchsorted(one.transfers, cycles) - np.searchsorted(one.returned, cycles)
        return found

    def _latencies(self, one: Seen) -> tuple[Cycles, Cycles]:
        """Cycle of each request that was answered, and the cycles until then."""
        asked = self._asked(one)
        assert asked is not None
        count = min(len(asked.transfers), len(one.transfers))
        return asked.transfers[:count], one.transfers[:count] - asked.transfers[:count]

    def _least_latency(self, one: Seen) -> int:
        if not self._asked(one):
            return 0
        latencies = self._latencies(one)[1]
        return int(latencies.min()) if len(latencies) else 0

    def _deepest_debt(self, one: Seen) -> int:
        asked = self._asked(one)
        if not asked or not len(asked.transfers):
            return 0
        level = np.arange(1, len(asked.transfers) + 1) - np.searchsorted(one.transfers, asked.transfers)
        return int(level.max())

    def _own_limit(self, one: Seen, debt: Cycles, low: int, high: int) -> bool:
        """Whether the asker holds itself up: it has as many requests under way as it ever has, and each is answered as
        fast as any, and within the latency it should be able to cover. More of them would help."""
        asked_at, latencies = self._latencies(one)
        chosen = latencies[(asked_at >= low) & (asked_at < high)]
        if not len(chosen):
            return False
        full = debt >= self._deepest[one.interface.name]
        waiting = debt > 0
        latency = np.median(chosen)
        return bool(
            latency <= _NEAR * self._least[one.interface.name]
            and (not one.interface.budget or latency <= one.interface.budget)
            and self._deepest[one.interface.name] > 1
            and 2 * int(full.sum()) >= int(waiting.sum())
        )


def _states(runs: Runs, low: int, high: int) -> NDArray[np.int8]:
    """The state in each cycle from low to high - 1."""
    return runs.at(np.arange(low, high))


def _most_out(one: Seen) -> int:
    """Most credits that were out at a time: stands for their number where that is not known."""
    level = np.arange(1, len(one.transfers) + 1) - np.searchsorted(one.returned, one.transfers)
    return int(level.max(initial=0))


def _dense(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where at least half of the cycles around have the flag."""
    around = np.convolve(flags.astype(np.int16), np.ones(2 * _PIECE, np.int16), "same")
    return around >= _PIECE


def _bridge(target: NDArray[np.int8], via: NDArray[np.int16]) -> None:
    """A unit that is fed by the piece still waits while it takes or passes on a piece: close such holes, in place."""
    starts = np.flatnonzero(np.append(True, target[1:] != target[:-1]))
    lengths = np.diff(np.append(starts, len(target)))
    values = target[starts]
    inner = np.arange(1, len(starts) - 1)
    hole = inner[
        (values[inner] == _NOTHING)
        & (lengths[inner] <= _PIECE)
        & (values[inner - 1] == values[inner + 1])
        & (np.minimum(lengths[inner - 1], lengths[inner + 1]) > lengths[inner])
    ]
    cycles = expand(starts[hole], lengths[hole])
    before = np.repeat(starts[hole] - 1, lengths[hole])
    target[cycles], via[cycles] = target[before], via[before]


def _rate(transfers: Cycles, low: int, high: int) -> float:
    first, last = np.searchsorted(transfers, [low, high])
    return float(last - first) / (high - low)
