"""Latency of the convolution pipeline: fetch of lines and weights against the operations of CSC.

The operations of a kernel group are followed one by one, all at once in arrays: an operation takes as many cycles as
the longer of its stripe and its weight set, and begins when its data and weights are in CBUF. A weight set comes at a
kernel a cycle, or two of at most four bytes (rtl/conv/csc_seq.v, csc_wt.v, csc_dat.v; docs/architecture.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.config_conv import ConvConfig, CscConfig
from cocodla.hw import ACC_DEPTH, ATOM, CBUF_BANK_ENTRIES, ceil_div
from cocodla.latency.layer import MemoryTiming

Times = NDArray[np.float64]
Ints = NDArray[np.int64]

TO_CBUF = 12.0
"""From the enabling write to the first read request, and from its answer to the first use in CSC."""
REFILL = 8.0
"""From the release of a weight entry to the answer of the read that fills it again, without the memory."""


def stripes(positions: int, depth: int = ACC_DEPTH) -> Ints:
    """Lengths of the stripes of a kernel group: `depth` positions; a rest of up to 7 more is split 8 + rest."""
    lengths = []
    left = positions
    while left > depth:
        lengths.append(8 if left < depth + 8 else depth)
        left -= lengths[-1]
    return np.array([*lengths, left], np.int64)


class Convolution:
    """One layer. Times are cycles since the enabling write."""

    def __init__(
        self, config: ConvConfig, memory: MemoryTiming, operand_beats: int, acc_depth: int = ACC_DEPTH
    ) -> None:
        self.csc, self.cdma, self.memory = config.csc, config.cdma, memory
        self.lengths = stripes(self.csc.out_width * self.csc.out_height, acc_depth)
        self.op_rows, self.op_entries, self.op_bytes, self.op_columns = _operations(self.csc)
        self.line_beats = self.cdma.entries
        self.weight_beats = self.csc.weight_bytes // ATOM
        self.ring = self.csc.weight_banks * CBUF_BANK_ENTRIES
        self.first = TO_CBUF + memory.latency
        self.data, self.weights = self._arrivals(operand_beats)

    def _arrivals(self, operand_beats: int) -> tuple[Times, Times]:
        """When each data entry (lines, entries), and each weight entry if the ring had no end, is in CBUF. Both clients
        take turns."""
        beats = self.line_beats * self.cdma.height
        early = min(self.weight_beats, self.ring)
        data: Times = np.arange(1, beats + 1, dtype=np.float64)
        weights: Times = np.arange(1, self.weight_beats + 1, dtype=np.float64)
        data = data + np.minimum(data, early) + operand_beats
        weights = weights + np.minimum(weights, beats) + operand_beats
        in_lines: Times = self.first + data.reshape(-1, self.line_beats) * self.memory.every
        entries: Times = self.first + weights * self.memory.every
        return in_lines, entries

    def _data_needed(self) -> Ints:
        """Of each position (positions, operations) the entry it needs, counted through all lines; -1 for none.

        An entry left of the line is none, one beyond the line its last one.
        """
        csc = self.csc
        line, column = np.divmod(np.arange(self.lengths.sum()), csc.out_width)
        y = (line * csc.stride_y - csc.pad_top)[:, None] + self.op_rows
        step = csc.stride_x * (csc.pixel_channels if csc.image else ATOM)
        x = ((column * step) // ATOM - (0 if csc.image else csc.pad_left))[:, None] + self.op_entries
        height, width = self.cdma.height, self.line_beats
        found = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
        return np.asarray(np.where((y >= 0) & (y < csc.height) & (x >= 0), found, -1))

    def _data_waits(self) -> Times:
        """Earliest start (stripes, operations) for the data each needs: position i is read i cycles later."""
        needed = self._data_needed()
        ready = np.where(needed >= 0, self.data.ravel()[needed], 0.0)
        first = np.cumsum(self.lengths) - self.lengths
        ready -= (np.arange(len(needed)) - np.repeat(first, self.lengths))[:, None]
        return np.asarray(np.maximum.reduceat(ready, first, axis=0))

    def issue_times(self) -> tuple[Times, Times]:
        """Starts of the last operations of all stripes (groups * stripes), and the end of each."""
        csc = self.csc
        waits = self._data_waits()
        weights = self.weights.copy()
        released = np.zeros(self.weight_beats)
        starts: list[Times] = []
        now, entry = 0.0, 0
        for first in range(0, csc.kernels, ATOM):
            last = self._last_entries(first, entry)
            self._refill(weights, released, entry, int(last[-1]) + 1)
            ready = waits.copy()
            ready[0] = np.maximum(ready[0], weights[last] + 1)
            costs = self._costs(first)
            begin = follow(ready, costs, now)
            starts.append(begin[:, -1])
            bounds = np.concatenate([[entry], last + 1])
            released[entry : last[-1] + 1] = np.repeat(begin[-1], np.diff(bounds))
            now, entry = float(begin[-1, -1] + costs[-1, -1]), int(last[-1]) + 1
            waits[:] = 0.0
        found = np.concatenate(starts)
        return found, found + np.tile(self.lengths, len(starts))

    def _last_entries(self, first: int, entry: int) -> Ints:
        """Of the operations of the kernel group that begins at kernel `first`, and at weight entry `entry`, the last
        weight entry of each."""
        kernels = min(ATOM, self.csc.kernels - first)
        used = np.ceil(np.cumsum(self.op_bytes * kernels) / ATOM).astype(np.int64)
        return np.asarray(entry + np.minimum(used, max(self.weight_beats - entry, 1)) - 1)

    def busy(self) -> int:
        """Cycles of all operations, if data and weights are always there."""
        return sum(int(self._costs(first).sum()) for first in range(0, self.csc.kernels, ATOM))

    def reads(self) -> int:
        """Beats of lines and weights."""
        return self.line_beats * self.cdma.height + self.weight_beats

    def _costs(self, first: int) -> Ints:
        """Cycles of the operations (stripes, operations) of the kernel group that begins at kernel `first`."""
        left = self.csc.kernels - first
        loads = np.tile(np.roll(self._load_cycles(min(ATOM, left)), -1), (len(self.lengths), 1))
        loads[-1, -1] = self._load_cycles(min(ATOM, max(left - ATOM, 1)))[0]
        return np.asarray(np.maximum(np.maximum(self.lengths[:, None], loads), 2))

    def _load_cycles(self, kernels: int) -> Ints:
        """Cycles the weights of each operation of a stripe take; they are loaded while the operation before works."""
        narrow = (self.op_bytes // self.op_columns <= ATOM // 2) & (self.csc.rows_merged == 1)
        return np.asarray(np.where(narrow, -(-kernels // 2), kernels) * self.op_columns)

    def _refill(self, weights: Times, released: Times, begin: int, end: int) -> None:
        """Weight entries begin..end come no earlier than their place in the ring is free, and one after the other."""
        late = max(begin, self.ring)
        if late < end:
            free = released[late - self.ring : end - self.ring] + REFILL + self.memory.latency
            weights[late:end] = np.maximum(weights[late:end], free)
        if begin and begin < end:
            steps = np.arange(begin - 1, end) * self.memory.every
            weights[begin - 1 : end] = np.maximum.accumulate(weights[begin - 1 : end] - steps) + steps


def _operations(csc: CscConfig) -> tuple[Ints, Ints, Ints, Ints]:
    """Of each stripe operation in order (block, row, columns): its offsets in lines and entries, weight bytes per
    kernel, and kernel columns: two where they fit the lanes and are neighbours.

    Where an operation reads two entries the offset is that of the second one.
    """
    count = ceil_div(csc.channels, ATOM)
    blocks = np.minimum(ATOM, csc.channels - np.arange(0, csc.channels, ATOM))
    two = csc.channels <= ATOM // 2 and csc.dilation_x == 1 and not csc.image
    columns: Ints = np.full(ceil_div(csc.kernel_width, 1 + two), 1 + two, np.int64)
    columns[-1] -= columns.sum() - csc.kernel_width
    rows = np.repeat(np.arange(csc.kernel_height) * csc.dilation_y, len(columns))
    last = (np.cumsum(columns) - 1) * csc.dilation_x + csc.image
    entries = np.arange(count)[:, None] * (1 if csc.image else csc.width) + np.tile(last, csc.kernel_height)
    columns = np.tile(columns, csc.kernel_height)
    return np.tile(rows, count), entries.ravel(), np.outer(blocks, columns).ravel(), np.tile(columns, count)


def follow(ready: Times, costs: Ints, now: float) -> Times:
    """Starts (stripes, operations) of operations one after the other: each begins when it is ready and the former
    is through, which takes `costs` (stripes, operations)."""
    spent = costs.ravel().astype(np.float64)
    before = np.concatenate([[0.0], np.cumsum(spent)[:-1]])
    slack = np.maximum.accumulate(np.maximum(ready.ravel() - before, now))
    return (slack + before).reshape(ready.shape)


def output_end(starts: Times, lengths_end: Times, every: int) -> float:
    """When the last atom has been handed to the memory, which takes one every `every` cycles."""
    counts = (lengths_end - starts).astype(np.int64)
    after = counts.sum() - np.cumsum(counts) + counts
    return float(max(np.max(starts + after * every), np.max(lengths_end)))
