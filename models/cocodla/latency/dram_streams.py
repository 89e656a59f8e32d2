"""SDP, PDP and CDP from memory to memory with a DRAM: beat by beat."""

from __future__ import annotations

from cocodla.golden.config import PdpConfig
from cocodla.latency import streams
from cocodla.latency.dram import DramTiming
from cocodla.latency.layer import Layer
from cocodla.latency.port import Port, Reader, take_turns

REQUEST = 10
"""From the enabling write to the first read request on the bus."""
PIPE = 16
"""From data on the bus to the write of its atom."""
ANSWER = 8
"""From the answer of the last write to the interrupt."""
IN_PIPE = 32
"""Atoms between input and write when the memory takes none (sdp_output, cdp_output)."""
DEPTH, OPERAND_DEPTH = 124, 62
"""Beats a reader has on their way: READ_DEPTH and OPERAND_DEPTH, without those that are being handed on."""


def stream(
    timing: DramTiming, readers: list[Reader], beats: list[int], targets: list[int], atoms: int, pace: float, extra: int
) -> float:
    """Cycles of a unit that takes an atom every `pace` cycles, and of each reader `beats` beats for it.

    readers: in the order of their turns. targets: addresses written, evenly over the atoms. extra: cycles more in the
    pipeline.
    """
    port = Port(timing)
    times: list[float] = []
    turn = written = 0
    while len(times) < atoms:
        done = len(times)
        ready = [reader for reader, count in zip(readers, beats, strict=True)
                 if len(reader.arrivals) < min((done + 1) * count, len(reader.addresses))]  # fmt: skip
        if not ready:  # the next atom has come
            arrival = max(
                (reader.arrivals[min((done + 1) * count, len(reader.addresses)) - 1] for reader, count
                 in zip(readers, beats, strict=True)), default=0,
            )  # fmt: skip
            room = port.written + PIPE - IN_PIPE if len(port.writes) >= IN_PIPE else 0
            at = max(arrival, room, times[-1] + pace if times else 0)
            times.append(at)
            due = (done + 1) * len(targets) // atoms
            for index in range(written, due):
                port.write(round(at) + PIPE + extra, targets[index])
            written = due
            continue
        turn = _serve(port, readers, beats, times, turn)
    end = port.flush()
    return end + port.write_latency + ANSWER


def _serve(port: Port, readers: list[Reader], beats: list[int], times: list[float], turn: int) -> int:
    """The next read: of the first reader in turn that has room the earliest. The turn after it."""
    best, when = -1, 0
    for step in range(len(readers)):
        index = (turn + step) % len(readers)
        reader = readers[index]
        if not reader.left:
            continue
        gone = (len(reader.arrivals) - reader.depth) // beats[index]
        if gone >= len(times):
            continue
        free = port.next_read(REQUEST if gone < 0 else max(REQUEST, round(times[gone]) + 2))
        if best < 0 or free < when:
            best, when = index, free
    reader = readers[best]
    _, due = port.read(when, reader.id, reader.addresses[len(reader.arrivals)])
    reader.arrivals.append(due)
    return (best + 1) % len(readers)


def sdp(layer: Layer, timing: DramTiming) -> float:
    """Cycles of SDP from memory, to memory or through PDP."""
    assert layer.sdp is not None and layer.rdma is not None
    source = streams.cube(layer.rdma.address, layer.rdma.source).tolist()
    readers, beats = [Reader(1, source, DEPTH)], [1]
    for id, _, addresses in streams.operands(layer.rdma):
        readers.append(Reader(id, addresses.tolist(), OPERAND_DEPTH))
        beats.append(_beats(len(addresses), len(source)))
    return stream(timing, readers, beats, targets(layer), len(source), 1.0, 12 if layer.pdp else 0)


def _beats(operands: int, atoms: int) -> int:
    """Beats for an atom; of operands by channel, which are few, one."""
    return max(1, operands // atoms)


def targets(layer: Layer) -> list[int]:
    """Addresses a layer writes."""
    if layer.pdp:
        return streams.pooled(layer.pdp).tolist()
    if layer.sdp:
        return streams.cube(layer.sdp.address, layer.sdp.destination).tolist()
    assert layer.places.target is not None
    return streams.cube(layer.places.target[0], layer.places.target[1], "yxs").tolist()


def pooling(layer: Layer, config: PdpConfig, busy: int, timing: DramTiming) -> float:
    """Cycles of PDP from memory. busy: cycles of its datapath."""
    assert layer.places.source is not None
    source = streams.strips(config, *layer.places.source).tolist()
    pace = max(1.0, busy / len(source))
    return stream(timing, [Reader(2, source, DEPTH)], [1], targets(layer), len(source), pace, 0)


def normalisation(layer: Layer, timing: DramTiming, extra: int) -> float:
    """Cycles of CDP."""
    assert layer.places.source is not None
    source = streams.cube(*layer.places.source, "yxs").tolist()
    return stream(timing, [Reader(3, source, DEPTH)], [1], targets(layer), len(source), 1.0, extra)


def traffic(layer: Layer, timing: DramTiming) -> float:
    """Cycles the memory takes for all that a layer reads and writes, if nobody waits for anything else."""
    readers = [Reader(id, addresses.tolist(), 0) for id, _, addresses in streams.operands(layer.rdma)]
    if layer.conv:
        cdma = layer.conv.cdma
        readers += [] if cdma.data_reuse else [Reader(8, streams.lines(cdma).tolist(), 0)]
        readers += [] if cdma.weight_reuse else [Reader(9, streams.kernels(cdma).tolist(), 0)]
    elif layer.rdma:
        readers.append(Reader(1, streams.cube(layer.rdma.address, layer.rdma.source).tolist(), 0))
    elif layer.places.source:
        base, layout = layer.places.source
        source = streams.strips(layer.pdp, base, layout) if layer.pdp else streams.cube(base, layout, "yxs")
        readers.append(Reader(2 if layer.pdp else 3, source.tolist(), 0))
    port = Port(timing)
    written = targets(layer)
    reads = sum(reader.left for reader in readers)
    first = 0
    port.writes.extend((first + index * reads // len(written), 0, address) for index, address in enumerate(written))
    take_turns(port, readers, first)
    return float(max([port.flush(), *(reader.arrivals[-1] for reader in readers if reader.arrivals)]))
