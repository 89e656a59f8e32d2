"""Predicted cycles of a layer, from the last D_OP_ENABLE write to the interrupt of its last unit.

Every unit moves an atom a cycle; what differs is what comes before the first atom and after the last one. The constants
are properties of the pipelines in rtl/ (register crossing, request, stages, acknowledge).
"""

from __future__ import annotations

import numpy as np

from cocodla.golden.config import OperandConfig, PdpConfig, SdpRdmaConfig
from cocodla.hw import ACC_DEPTH, ATOM, surfaces
from cocodla.latency import dram_row
from cocodla.latency.convolution import Convolution, output_end
from cocodla.latency.dram import DramTiming
from cocodla.latency.layer import Layer, MemoryTiming

STREAM = 33
"""SDP, PDP or CDP from memory to memory: everything besides atoms and the memory's two latencies."""
CDP_EXTRA = 8
DRAIN = 33
"""From the last atom CSC issues to the interrupt, without the memory: MAC array, CACC, SDP, write, acknowledge."""
PDP_DRAIN = 12
STRIP = 8
"""Between two strips of PDP."""
BUFFER = 120
"""Reads a reader keeps in flight: a longer latency slows it down."""


def predict(layer: Layer, memory: MemoryTiming, acc_depth: int = ACC_DEPTH) -> int:
    """Cycles of a layer. acc_depth: positions of a stripe. ValueError for a layer without a unit that ends it."""
    if memory.dram:
        return round(_with_dram(layer, memory.dram, acc_depth))
    if layer.conv:
        return round(_convolution(layer, memory, acc_depth))
    if layer.sdp and layer.rdma:
        atoms = _atoms(layer)
        return round(_stream(atoms + operand_beats(layer.rdma), atoms, memory) + (PDP_DRAIN if layer.pdp else 0))
    if layer.pdp:
        return round(_pooling(layer.pdp, memory))
    if layer.cdp:
        atoms = _atoms(layer)
        return round(_stream(atoms, atoms, memory) + CDP_EXTRA)
    raise ValueError("no unit of the layer is enabled")


def predict_overlapped(layer: Layer, memory: MemoryTiming) -> int:
    """Cycles a layer adds to those before it if it depends on none of them: its fetch and its end hide behind others.

    So it is with two images in flight. ValueError as `predict`.
    """
    if not (layer.conv or layer.sdp or layer.pdp or layer.cdp):
        raise ValueError("no unit of the layer is enabled")
    if memory.dram:
        return round(dram_row.added(layer, memory.dram, pooling_busy(layer)))
    reads, busy = operand_beats(layer.rdma), 0
    if layer.conv:
        work = Convolution(layer.conv, memory, reads)
        reads, busy = reads + work.reads(), work.busy()
    elif layer.sdp or layer.cdp:
        reads += _atoms(layer)
    writes = _pooled(layer.pdp) if layer.pdp else _atoms(layer)
    if layer.pdp and not layer.sdp:
        reads, busy = _pooling_work(layer.pdp)
    return round(_rate(reads, writes, memory, busy))


def _with_dram(layer: Layer, dram: DramTiming, acc_depth: int) -> float:
    if not (layer.conv or (layer.sdp and layer.rdma) or layer.pdp or layer.cdp):
        raise ValueError("no unit of the layer is enabled")
    return dram_row.cycles(layer, dram, acc_depth, pooling_busy(layer))


def pooling_busy(layer: Layer) -> int:
    """Cycles of PDP's datapath, where PDP reads from memory; 0 elsewhere."""
    return _pooling_work(layer.pdp)[1] if layer.pdp and not layer.sdp else 0


def _atoms(layer: Layer) -> int:
    """Atoms of the cube that goes through SDP or CDP."""
    if layer.sdp:
        return layer.sdp.width * layer.sdp.height * surfaces(layer.sdp.channels)
    return layer.cdp.width * layer.cdp.height * layer.cdp.surfaces if layer.cdp else 0


def operand_beats(rdma: SdpRdmaConfig | None) -> int:
    """Beats of operands from memory."""
    if rdma is None:
        return 0

    def beats(engine: OperandConfig | None) -> int:
        if engine is None:
            return 0
        groups = surfaces(rdma.channels) * (rdma.width * rdma.height if engine.per_element else 1)
        return groups * engine.group_bytes // ATOM

    return beats(rdma.bs) + beats(rdma.bn)


def _stream(reads: int, writes: int, memory: MemoryTiming, busy: int = 0) -> float:
    """A unit from memory to memory whose datapath is busy for `busy` cycles."""
    return _rate(reads, writes, memory, busy) + STREAM + memory.latency + memory.write_latency


def _rate(reads: int, writes: int, memory: MemoryTiming, busy: int = 0) -> float:
    """Cycles of reads, writes and a datapath that work side by side."""
    interval = max(memory.every, memory.latency / BUFFER)
    return max(reads * interval, writes * memory.every, busy)


def _convolution(layer: Layer, memory: MemoryTiming, acc_depth: int) -> float:
    assert layer.conv is not None and layer.sdp is not None
    work = Convolution(layer.conv, memory, operand_beats(layer.rdma), acc_depth)
    starts, ends = work.issue_times()
    if layer.pdp:
        return float(ends[-1]) + DRAIN + PDP_DRAIN + memory.write_latency
    return output_end(starts, ends, memory.every) + DRAIN + memory.write_latency


def _pooling(config: PdpConfig, memory: MemoryTiming) -> float:
    reads, busy = _pooling_work(config)
    return _stream(reads, _pooled(config), memory, busy)


def _pooled(config: PdpConfig) -> int:
    """Atoms PDP writes."""
    return config.out_width * config.out_height * surfaces(config.channels)


def _pooling_work(config: PdpConfig) -> tuple[int, int]:
    """Atoms PDP reads from memory, and cycles of its datapath."""
    count = surfaces(config.channels)
    strips = config.strips()
    reads = sum(width for _, width, _, _ in strips) * config.height * count
    flushed = _flushed_rows(config, count)
    busy = STRIP * (len(strips) - 1)
    for _, width, out_width, _ in strips:
        shortest = 2 if config.kernel_height > 1 else 1
        period = max(width, (out_width - 1) * config.stride_width + 1, shortest)
        busy += period * config.height * count + flushed * out_width
    return reads, busy


def _flushed_rows(config: PdpConfig, count: int) -> int:
    """Output rows of a strip that cost time of their own (rtl/pdp/pdp_rows.v).

    One complete row leaves with each input row, also rows of the surface before; a row goes alone where the next one
    needs its slot, and at the end of the strip.
    """
    tops = np.arange(config.out_height) * config.stride_height - config.pad_top
    begins = np.bincount(np.clip(tops, 0, config.height - 1), minlength=config.height)
    ends = np.bincount(np.clip(tops + config.kernel_height - 1, 0, config.height - 1), minlength=config.height)
    slots = 1 << max(0, -(-config.kernel_height // config.stride_height) - 1).bit_length()
    flushed = busy = complete = 0
    for _ in range(count):
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            alone = min(complete, max(0, busy + begin - slots))
            flushed += alone
            busy += begin - alone
            complete += end - alone
            if complete:
                busy -= 1
                complete -= 1
    return flushed + complete
