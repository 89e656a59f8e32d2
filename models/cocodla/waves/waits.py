"""Whom each unit waits for, in each cycle.

A unit waits for the receiver of an interface it stalls on, or whose credits it has spent; else, while it does not send
itself, for the sender of one that lets it starve, or that owes it an answer. A unit that serves requests does not
starve for them. Where nothing at all is under way, all wait for the unit that gives the orders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.clock import Cycles
from cocodla.waves.runs import CLOSED, OPEN, STALLED, TRANSFER, expand
from cocodla.waves.traffic import Traffic, answers_of

NOBODY = -1
QUIET = 32
"""Cycles without any movement or request after which there is nothing to do."""

_PIECE = 4  # cycles of work between longer waits that do not end the waiting

Flags = NDArray[np.bool_]


class Waits:
    """The graph of units and interfaces on one clock that know sender and receiver.

    idle_unit: who is waited for where nothing is under way. outside: units whose own waiting nobody can see.
    """

    def __init__(self, traffic: Sequence[Traffic], idle_unit: str, outside: frozenset[str]) -> None:
        self.traffic = list(traffic)
        names = [unit for one in traffic for unit in (one.interface.sender, one.interface.receiver)]
        self.units = list(dict.fromkeys([*names, *([idle_unit] if idle_unit else [])]))
        self._index = {unit: number for number, unit in enumerate(self.units)}
        self._senders = [self._index[one.interface.sender] for one in traffic]
        self._receivers = [self._index[one.interface.receiver] for one in traffic]
        self._orders = self._index.get(idle_unit, NOBODY)
        self._outside = {self._index[unit] for unit in outside if unit in self._index}
        self._answers = answers_of(traffic)
        self._requests = {one.interface.answers for one in traffic}
        self.servers = np.zeros(len(self.units), bool)
        """Units that serve requests: their waiting counts only where somebody waits for them."""
        self.servers[[self._receivers[n] for n, one in enumerate(traffic) if one.interface.name in self._requests]] = (
            True
        )

    def between(self, low: int, high: int) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
        """For cycles low to high - 1 the unit each unit waits for, NOBODY if none, and the interface: (units, cycles).

        The interface is a number of self.traffic; len(self.traffic) where nothing is under way.
        """
        span = _Span(self, low, high)
        span.blocked()
        span.starved()
        for row in range(len(self.units)):
            _bridge(span.target[row], span.via[row])
        if self._orders != NOBODY:
            span.idle(self._orders)
        return span.target, span.via


class _Span:
    """The graph in some cycles. The first wait found for a unit in a cycle stays."""

    def __init__(self, graph: Waits, low: int, high: int) -> None:
        self.graph, self.low, self.high = graph, low, high
        shape = (len(graph.units), high - low)
        self.target = np.full(shape, NOBODY, np.int8)
        self.via = np.full(shape, -1, np.int16)
        cycles = np.arange(low, high)
        self.states = [one.runs.at(cycles) for one in graph.traffic]
        self.counts = [int((state == TRANSFER).sum()) for state in self.states]
        self.debts = {name: answers.debt(low, high) for name, answers in graph._answers.items()}
        sending = np.zeros(shape, bool)
        for number, state in enumerate(self.states):
            if not self._is_side(number):
                sending[graph._senders[number]] |= state == TRANSFER
        self.sending = np.stack([_dense(row) for row in sending])

    def blocked(self) -> None:
        """Units that cannot send."""
        for number, (one, state) in enumerate(zip(self.graph.traffic, self.states, strict=True)):
            sender, receiver = self.graph._senders[number], self.graph._receivers[number]
            self._wait(sender, receiver, number, state == STALLED)
            if one.interface.credit and (most := one.most_out):
                # Half: a sender may wait until it has a number of them. Without work of its own none would be out.
                spent = 2 * one.credits_out(self.low, self.high) >= most
                self._wait(sender, receiver, number, spent & ~self.sending[sender])

    def starved(self) -> None:
        """Units that have nothing to work on."""
        refused = self._refused()
        for number in range(len(self.states)):
            sender, receiver = self.graph._senders[number], self.graph._receivers[number]
            if sender != self.graph._orders:
                self._wait(receiver, sender, number, self._hungry(number, refused[receiver]))

    def idle(self, orders: int) -> None:
        """Where nothing at all is under way for QUIET cycles everybody waits for the unit that gives the orders."""
        moving = np.zeros(self.high - self.low, bool)
        for number, state in enumerate(self.states):
            if self.graph._senders[number] != orders:
                moving |= (state == TRANSFER) | (state == STALLED)
        for debt in self.debts.values():
            moving |= debt > 0
        edges = np.flatnonzero(np.diff(np.concatenate([[0], ~moving, [0]]).astype(np.int8)))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        quiet = expand(starts[lengths >= QUIET], lengths[lengths >= QUIET])
        self.target[:, quiet] = orders
        self.target[orders, quiet] = NOBODY
        self.via[:, quiet] = len(self.graph.traffic)

    def _wait(self, unit: int, other: int, number: int, when: Flags) -> None:
        if unit in self.graph._outside:
            return
        chosen = when & (self.target[unit] == NOBODY)
        self.target[unit, chosen] = other
        self.via[unit, chosen] = number

    def _hungry(self, number: int, refused: Cycles) -> Flags:
        """Cycles in which the receiver could go on if only this interface brought something."""
        interface, state = self.graph.traffic[number].interface, self.states[number]
        still = ~self.sending[self.graph._receivers[number]]
        empty = (state == OPEN) | (state == CLOSED)
        if interface.name in self.debts:
            if self.graph._answers[interface.name].limited_by_asker(self.low, self.high):
                return np.zeros_like(still)
            return empty & still & (self.debts[interface.name] > 0)
        if self._is_side(number) or (not (state == TRANSFER).any() and not (state == STALLED).any()):
            return np.zeros_like(still)
        if not interface.ready:
            return empty & still
        return (state == OPEN) | ((state == CLOSED) & still & (self.counts[number] >= refused))

    def _refused(self) -> NDArray[np.int64]:
        """For cycles in which a unit does not take what another offers it: how often another input must move to be one
        it takes together with the offered one, and not from time to time: (units, cycles)."""
        result = np.zeros(self.target.shape, np.int64)
        for receiver, state, count in zip(self.graph._receivers, self.states, self.counts, strict=True):
            np.maximum(result[receiver], np.where(state == STALLED, (count + 1) // 2, 0), out=result[receiver])
        return result

    def _is_side(self, number: int) -> bool:
        """Whether the sender's work and the receiver's waiting do not show here: requests, and what is a mere sign."""
        interface = self.graph.traffic[number].interface
        return interface.sign or interface.name in self.graph._requests


def _dense(flags: Flags) -> Flags:
    """Where at least half of the cycles around have the flag."""
    around = np.convolve(flags.astype(np.int16), np.ones(2 * _PIECE, np.int16))[_PIECE:][: len(flags)]
    result: Flags = around >= _PIECE
    return result


def _bridge(target: NDArray[np.int8], via: NDArray[np.int16]) -> None:
    """A unit that is fed by the piece still waits while it takes or passes on a piece: close such holes, in place."""
    starts = np.flatnonzero(np.append(True, target[1:] != target[:-1]))
    lengths = np.diff(np.append(starts, len(target)))
    values = target[starts]
    inner = np.arange(1, len(starts) - 1)
    hole = inner[
        (values[inner] == NOBODY)
        & (lengths[inner] <= _PIECE)
        & (values[inner - 1] == values[inner + 1])
        & (np.minimum(lengths[inner - 1], lengths[inner + 1]) > lengths[inner])
    ]
    cycles = expand(starts[hole], lengths[hole])
    before = np.repeat(starts[hole] - 1, lengths[hole])
    target[cycles], via[cycles] = target[before], via[before]
