"""A convolution with a DRAM: its operations as in `convolution`, stripe by stripe, as data, weights and places come.

Entries of CBUF are counted through all layers with one split of its banks (`Rings`): a layer's data and weights take
the places that those before it give back.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise

import numpy as np

from cocodla.hw import ATOM, CBUF_BANK_ENTRIES
from cocodla.latency import streams
from cocodla.latency.convolution import Convolution, Ints, Times, follow
from cocodla.latency.dram import DramTiming
from cocodla.latency.dram_units import TAKEN, Unit
from cocodla.latency.layer import Layer, MemoryTiming
from cocodla.latency.port import NEVER, Reader

REQUEST = 10
"""From the enabling write to the first read request on the bus."""
TO_CBUF = 3
"""From data on the bus to their first use in CSC."""
FREED = 5
"""From the release of an entry to the read that fills it again on the bus."""
TO_SDP = 12
"""From the issue of an atom's last operation to SDP: MAC array, CACC."""
CREDITS = 32
"""Atoms that CACC has places for (FIFO_DEPTH of cacc.v)."""
CREDIT = 2
"""From an atom that SDP takes to the operation that gets its place in CACC."""
NEXT = 4
"""From the end of a layer's operations to the first of the next layer."""


class Rings:
    """CBUF under one split: when each entry of data and of weights was given back, counted through its layers.

    begin: nothing is fetched before; None as long as layers with another split operate. data, weights: entries of the
    layers so far.
    """

    def __init__(self, banks: tuple[int, int], begin: float | None) -> None:
        self.banks, self.begin = banks, begin
        self.data = self.weights = 0
        self.data_freed: list[float] = []
        self.weights_freed: list[float] = []

    def given(self, freed: list[float], entry: int, banks: int, enabled: float) -> int:
        """When an entry may be asked for, the places of which are those of so many banks."""
        if self.begin is None:
            return NEVER
        before = entry - banks * CBUF_BANK_ENTRIES
        earliest = round(max(self.begin, enabled)) + REQUEST
        if before < 0:
            return earliest
        return max(earliest, round(freed[before]) + FREED) if before < len(freed) else NEVER


class DramConvolution(Convolution):
    """The operations of one layer. unit: SDP, which takes their atoms from `issued`."""

    def __init__(self, layer: Layer, timing: DramTiming, acc_depth: int, enabled: float, rings: Rings) -> None:
        assert layer.conv is not None
        cdma = layer.conv.cdma
        super().__init__(layer.conv, MemoryTiming(dram=timing), 0, acc_depth)
        self.rings, self.enabled = rings, enabled
        first_data, first_weight = self._first_data, _ = rings.data, rings.weights
        data_banks, weight_banks = rings.banks
        self.lines = Reader(
            8, [] if cdma.data_reuse else streams.lines(cdma).tolist(),
            lambda beat: rings.given(rings.data_freed, first_data + beat, data_banks, enabled),
        )  # fmt: skip
        self.kernels = Reader(
            9, [] if cdma.weight_reuse else streams.kernels(cdma).tolist(),
            lambda beat: rings.given(rings.weights_freed, first_weight + beat, weight_banks, enabled),
        )  # fmt: skip
        rings.data += len(self.lines.addresses)
        rings.weights += len(self.kernels.addresses)
        self.atoms = int(self.lengths.sum()) * -(-self.csc.kernels // ATOM)
        self.issued: list[float] = []
        """Of each atom so far: when its last operation is issued."""

    def _arrivals(self, operand_beats: int) -> tuple[Times, Times]:
        """Nothing is there yet, or all that is used again."""
        return np.zeros((self.cdma.height, self.line_beats)), np.zeros(self.weight_beats)

    def operate(self, unit: Unit, begin: float) -> Generator[None, None, float]:
        """All operations, the first not before `begin`; waits, once for each None, for what the bus does. Returns when
        the next layer's may begin."""
        needed = None if self.cdma.data_reuse else self._data_needed()
        ends = np.cumsum(self.lengths).tolist()
        now, entry = begin, 0
        for first in range(0, self.csc.kernels, ATOM):
            last = self._last_entries(first, entry)
            costs = self._costs(first)
            ready = yield from self._weights_there(last)
            for stripe, (start, end) in enumerate(pairwise([0, *ends])):
                waits = np.zeros(len(last))
                if needed is not None and first == 0:
                    waits = yield from self._data_there(needed[start:end])
                if stripe == 0:
                    waits = np.maximum(waits, ready)
                starts = follow(waits[None], costs[stripe : stripe + 1], now)[0]
                now = yield from self._issue(unit, float(starts[-1]), end - start, int(costs[stripe, -1]))
                if first + ATOM >= self.csc.kernels:
                    self._free_data(needed, end, now)
            if self.kernels.addresses:
                self.rings.weights_freed.extend(np.repeat(starts, np.diff([entry, *(last + 1)])).tolist())
            entry = int(last[-1]) + 1
        return now + NEXT

    def _free_data(self, needed: Ints | None, position: int, now: float) -> None:
        """The last kernel group has passed all positions before `position`: entries no other one needs are free."""
        if not self.lines.addresses or needed is None:
            return
        freed = self.rings.data_freed
        kept = len(self.lines.addresses)
        if position < len(needed):
            left = needed[position:]
            kept = int(np.where(left >= 0, left, kept).min()) // self.line_beats * self.line_beats
        freed.extend([now] * (self._first_data + kept - len(freed)))

    def _issue(self, unit: Unit, start: float, length: int, cost: int) -> Generator[None, None, float]:
        """Issue the atoms of a stripe whose last operation begins at `start`; returns when the next one may begin.

        An atom needs a place in CACC, which one before it gives back when SDP takes it.
        """
        taken, at = unit.taken, start - 1
        for _ in range(length):
            before = len(self.issued) - CREDITS
            at += 1
            if before >= 0:
                while len(taken) <= before:
                    yield
                at = max(at, taken[before] + TAKEN + CREDIT)
            self.issued.append(at)
        return max(start + cost, at + 1)

    def _weights_there(self, last: Ints) -> Generator[None, None, Times]:
        """Returns when each operation of a group can begin for its weights. last: its last entry."""
        arrivals, count = self.kernels.arrivals, len(self.kernels.addresses)
        if not count:
            return np.zeros(len(last))
        while len(arrivals) < min(int(last[-1]) + 1, count):
            yield
        return np.array([arrivals[min(entry, count - 1)] for entry in last.tolist()], np.float64) + (TO_CBUF + 1)

    def _data_there(self, needed: Ints) -> Generator[None, None, Times]:
        """Returns when each operation of a stripe can begin for its data. needed: entries (positions, operations), or
        -1."""
        arrivals, first = self.lines.arrivals, int(np.where(needed >= 0, needed, NEVER).min())
        while len(arrivals) <= int(needed.max()):
            yield
        if first == NEVER:
            return np.zeros(needed.shape[1])
        came = np.array(arrivals[first : int(needed.max()) + 1], np.float64)
        ready = np.where(needed >= 0, came[np.maximum(needed - first, 0)] + TO_CBUF, 0.0)
        return np.asarray((ready - np.arange(len(needed))[:, None]).max(0))
