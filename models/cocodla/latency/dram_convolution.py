"""A convolution with a DRAM: its operations as in `convolution`; reads, operations and writes in the order of time.

Reads wait for the writes before them on the bus, operations for what was read and for places in the output buffers,
writes for operations. So the layer is followed stripe by stripe, and on the bus beat by beat: whatever comes before a
beat follows from beats before it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from cocodla.hw import ATOM
from cocodla.latency import dram_streams, streams
from cocodla.latency.convolution import Convolution, Ints, Times, follow
from cocodla.latency.dram import DramTiming
from cocodla.latency.layer import Layer, MemoryTiming
from cocodla.latency.port import Port, Reader

REQUEST = 10
"""From the enabling write to the first read request on the bus."""
TO_CBUF = 3
"""From data on the bus to their first use in CSC."""
FREED = 5
"""From the release of a weight entry to the read that fills it again on the bus."""
TO_SDP = 12
"""From the issue of an atom's last operation to SDP: MAC array, CACC."""
CREDITS = 32
"""Atoms that CACC has places for (FIFO_DEPTH of cacc.v)."""
CREDIT = 2
"""From an atom that SDP takes to the operation that gets its place in CACC."""
POOLED = 12
"""More cycles to the write, through PDP."""
NEVER = 1 << 62

Given = Callable[[int], int]
"""Of a beat of a client: when it may be asked for; NEVER as long as what that depends on has not happened."""


class Client:
    """One client of the bus. given: of the next beat."""

    def __init__(self, reader: Reader, given: Given) -> None:
        self.reader, self.given = reader, given

    def next(self, port: Port) -> int:
        """When the next beat is accepted, if nothing comes before; NEVER if there is none or it cannot be asked for."""
        reader = self.reader
        if len(reader.arrivals) == len(reader.addresses):
            return NEVER
        wanted = self.given(len(reader.arrivals))
        return wanted if wanted == NEVER else port.next_read(wanted)


class DramConvolution(Convolution):
    """One layer on one port."""

    def __init__(self, layer: Layer, timing: DramTiming, acc_depth: int) -> None:
        assert layer.conv is not None
        cdma = layer.conv.cdma
        super().__init__(layer.conv, MemoryTiming(dram=timing), 0, acc_depth)
        self.port = Port(timing)
        self.lines = Reader(8, [] if cdma.data_reuse else streams.lines(cdma).tolist(), 0)
        self.kernels = Reader(9, [] if cdma.weight_reuse else streams.kernels(cdma).tolist(), 0)
        self.released = np.full(self.weight_beats, np.inf)
        atoms = int(self.lengths.sum()) * -(-self.csc.kernels // ATOM)
        delay = dram_streams.PIPE + (POOLED if layer.pdp else 0)
        self.output = dram_streams.Unit(dram_streams.targets(layer), atoms, 1.0, delay, dram_streams.PLACES, False)
        self.issued: list[float] = []
        """Of each atom so far: when its last operation is issued."""
        self.clients = [Client(self.lines, lambda beat: REQUEST), Client(self.kernels, self._weight_place)]
        self.operands: list[tuple[Reader, int]] = []
        for id, each, addresses in streams.operands(layer.rdma):
            reader = Reader(id, addresses.tolist(), dram_streams.OPERAND_DEPTH)
            beats = len(reader.addresses) // atoms if each else 0
            self.clients.append(Client(reader, self._operand_place(reader, beats)))
            if each:
                self.operands.append((reader, beats))
        self._turn = 0

    def _arrivals(self, operand_beats: int) -> tuple[Times, Times]:
        """Nothing is there yet, or all that is used again."""
        return np.zeros((self.cdma.height, self.line_beats)), np.zeros(self.weight_beats)

    def _weight_place(self, entry: int) -> int:
        if entry < self.ring:
            return REQUEST
        free = self.released[entry - self.ring]
        return NEVER if np.isinf(free) else round(float(free)) + FREED

    def _operand_place(self, reader: Reader, beats: int) -> Given:
        """Of operands for each element, `beats` an atom, places are freed as SDP takes atoms; others (0) are few."""

        def given(beat: int) -> int:
            gone = (beat - reader.depth) // beats if beats else -1
            if gone < 0:
                return REQUEST
            taken = self.output.taken
            return round(taken[gone]) + dram_streams.AGAIN if gone < len(taken) else NEVER

        return given

    def run(self) -> float:
        """When the last write is accepted."""
        needed = None if self.cdma.data_reuse else self._data_needed()
        ends = np.cumsum(self.lengths).tolist()
        now, entry = 0.0, 0
        for first in range(0, self.csc.kernels, ATOM):
            last = self._last_entries(first, entry)
            costs = self._costs(first)
            ready = self._weights_there(last)
            for stripe, (begin, end) in enumerate(pairwise([0, *ends])):
                waits = np.zeros(len(last)) if needed is None else self._data_there(needed[begin:end])
                if stripe == 0:
                    waits = np.maximum(waits, ready)
                starts = follow(waits[None], costs[stripe : stripe + 1], now)[0]
                now = self._issue(float(starts[-1]), end - begin, int(costs[stripe, -1]))
            bounds = np.concatenate([[entry], last + 1])
            self.released[entry : last[-1] + 1] = np.repeat(starts, np.diff(bounds))
            entry = int(last[-1]) + 1
            needed = None
        while self.port.writes or len(self.output.taken) < self.output.atoms:
            self._step()
        return float(max(self.port.written, self.issued[-1] + TO_SDP))

    def _issue(self, start: float, length: int, cost: int) -> float:
        """Issue the atoms of a stripe whose last operation begins at `start`; when the next operation may begin.

        An atom needs a place in CACC, which one before it gives back when SDP takes it.
        """
        taken, at = self.output.taken, start - 1
        for _ in range(length):
            before = len(self.issued) - CREDITS
            at += 1
            if before >= 0:
                while len(taken) <= before:
                    self._step()
                at = max(at, taken[before] + dram_streams.TAKEN + CREDIT)
            self.issued.append(at)
        self._hand_over()
        return max(start + cost, at + 1)

    def _hand_over(self) -> None:
        """SDP takes the atoms that have come, with their operands, as far as it has room."""
        output = self.output
        while len(output.taken) < len(self.issued):
            atom = len(output.taken)
            arrival = self.issued[atom] + TO_SDP - dram_streams.TAKEN
            for reader, beats in self.operands:
                end = (atom + 1) * beats
                if len(reader.arrivals) < end:
                    return
                arrival = max(arrival, reader.arrivals[end - 1])
            if not output.take(self.port, arrival):
                return

    def _weights_there(self, last: Ints) -> Times:
        """When each operation of a group can begin for its weights. last: its last entry."""
        arrivals, count = self.kernels.arrivals, len(self.kernels.addresses)
        if not count:
            return np.zeros(len(last))
        while len(arrivals) < min(int(last[-1]) + 1, count):
            self._step()
        return np.array([arrivals[min(entry, count - 1)] for entry in last.tolist()], np.float64) + (TO_CBUF + 1)

    def _data_there(self, needed: Ints) -> Times:
        """When each operation of a stripe can begin for its data. needed: entries (positions, operations), or -1."""
        arrivals, first = self.lines.arrivals, int(np.where(needed >= 0, needed, NEVER).min())
        while len(arrivals) <= int(needed.max()):
            self._step()
        if first == NEVER:
            return np.zeros(needed.shape[1])
        came = np.array(arrivals[first : int(needed.max()) + 1], np.float64)
        ready = np.where(needed >= 0, came[np.maximum(needed - first, 0)] + TO_CBUF, 0.0)
        return np.asarray((ready - np.arange(len(needed))[:, None]).max(0))

    def _step(self) -> None:
        """The next read or write on the bus, a read before a write of the same cycle."""
        port, best, when = self.port, -1, NEVER
        count = len(self.clients)
        for step in range(count):
            index = (self._turn + step) % count
            at = self.clients[index].next(port)
            if at < when:
                best, when = index, at
        if port.writes and port.next_write() < when:
            self.output.written.append(port.do_write())
        else:
            assert best >= 0, "a convolution that waits for nothing"
            reader = self.clients[best].reader
            reader.arrivals.append(port.do_read(when, reader))
            self._turn = (best + 1) % count
        self._hand_over()


def cycles(layer: Layer, timing: DramTiming, acc_depth: int) -> float:
    """Cycles of a layer."""
    work = DramConvolution(layer, timing, acc_depth)
    return work.run() + work.port.write_latency + dram_streams.ANSWER
