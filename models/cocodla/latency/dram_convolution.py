"""A convolution with a DRAM: its operations as in `convolution`, what they wait for read beat by beat.

When weights are asked for depends on the operations, when operations start on weights and on the bus, which the writes
use, too. So the layer is followed a few times, each with the writes of the time before.
"""

from __future__ import annotations

import numpy as np

from cocodla.hw import CBUF_BANK_ENTRIES
from cocodla.latency import dram_streams, streams
from cocodla.latency.convolution import Convolution, Ints, Times
from cocodla.latency.dram import DramTiming
from cocodla.latency.layer import Layer, MemoryTiming
from cocodla.latency.port import Port, Reader, take_turns

REQUEST = 10
"""From the enabling write to the first read request on the bus."""
TO_CBUF = 3
"""From data on the bus to their first use in CSC."""
FREED = 5
"""From the release of a weight entry to the read that fills it again on the bus."""
TO_WRITE = 25
"""From the issue of an atom's last operation to its write on the bus: MAC array, CACC, SDP."""
POOLED = 12
"""More of it, through PDP."""
ANSWER = 8
"""From the answer of the last write to the interrupt."""
PASSES = 4
CLOSE = 0.001
"""Two passes that differ by less than this are the same."""

Posted = list[tuple[int, int, int]]


class DramConvolution(Convolution):
    """One layer on one port. posted: writes of an earlier pass, see Port.writes."""

    def __init__(self, layer: Layer, timing: DramTiming, acc_depth: int, posted: Posted) -> None:
        assert layer.conv is not None
        cdma = layer.conv.cdma
        self.port = Port(timing)
        self.port.writes.extend(posted)
        self._lines = Reader(8, [] if cdma.data_reuse else streams.lines(cdma).tolist(), 0)
        self._kernels = Reader(9, [] if cdma.weight_reuse else streams.kernels(cdma).tolist(), 0)
        self._operands = [
            Reader(id, addresses.tolist(), 0) for id, each, addresses in streams.operands(layer.rdma) if not each
        ]
        super().__init__(layer.conv, MemoryTiming(dram=timing), 0, acc_depth)

    def _arrivals(self, operand_beats: int) -> tuple[Times, Times]:
        """See Convolution; weights beyond the end of the ring have no time yet."""
        everything, kernels = self._kernels.addresses, self._kernels
        kernels.addresses = everything[: self.csc.weight_banks * CBUF_BANK_ENTRIES]
        take_turns(self.port, [self._lines, kernels, *self._operands], REQUEST)
        kernels.addresses = everything
        beats = self.line_beats * self.cdma.height
        data = np.array(self._lines.arrivals or [0] * beats, np.float64) + TO_CBUF
        weights = np.zeros(self.weight_beats)
        weights[: len(kernels.arrivals)] = np.array(kernels.arrivals) + TO_CBUF
        return data.reshape(-1, self.line_beats), weights

    def _refill(self, weights: Times, released: Times, begin: int, end: int) -> None:
        """Weight entries up to `end` that were not read yet, each when its place is free."""
        reader = self._kernels
        for entry in range(len(reader.arrivals), min(end, len(reader.addresses))):
            free = round(released[entry - self.ring]) + FREED
            _, due = self.port.read(free, reader.id, reader.addresses[entry])
            reader.arrivals.append(due)
            weights[entry] = due + TO_CBUF

    def _read_ahead(self, weights: Times, released: Times, end: int) -> None:
        self._refill(weights, released, end, end + self.ring)

    def posted(self, layer: Layer, starts: Times) -> Posted:
        """The layer's writes, and operands it reads for each element, if its stripes start like this."""
        lengths: Ints = np.tile(self.lengths, len(starts) // len(self.lengths))
        first = np.cumsum(lengths) - lengths
        issued = np.repeat(starts - first, lengths) + np.arange(lengths.sum())
        at = np.rint(issued + TO_WRITE + (POOLED if layer.pdp else 0)).astype(np.int64)
        targets = dram_streams.targets(layer)
        chosen = at[_spread(len(targets), len(at))]
        found = [(time, 0, address) for time, address in zip(chosen.tolist(), targets, strict=True)]
        for id, each, addresses in streams.operands(layer.rdma):
            if each:
                early = TO_WRITE + dram_streams.OPERAND_DEPTH
                wanted = np.maximum(at[_spread(len(addresses), len(at))] - early, REQUEST).tolist()
                found += [(time, id, address) for time, address in zip(wanted, addresses.tolist(), strict=True)]
        return sorted(found, key=lambda item: item[0])


def _spread(count: int, over: int) -> Ints:
    """Of `count` things the indices of the atoms, of `over`, that complete them."""
    return np.asarray((np.arange(1, count + 1) * over - 1) // count, np.int64).clip(0, over - 1)


def cycles(layer: Layer, timing: DramTiming, acc_depth: int) -> float:
    """Cycles of a layer."""
    posted: Posted = []
    before = 0.0
    for _ in range(PASSES):
        work = DramConvolution(layer, timing, acc_depth, posted)
        starts, ends = work.issue_times()
        found = posted
        posted = work.posted(layer, starts)
        if found:
            last = max(float(work.port.flush()), float(ends[-1]) + TO_WRITE)
            end = last + work.port.write_latency + ANSWER
            if abs(end - before) <= CLOSE * end:
                return end
            before = end
    return before
