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
PLACES, POOLING_PLACES = 32, 16
"""Atoms between input and write when the memory takes none: of SDP's and CDP's output buffers, and of PDP's."""
TAKEN = 3
"""From data on the bus to the unit that takes its atom."""
GIVEN_BACK = 1
"""From a write on the bus, at which the next one leaves the output buffer, to an atom that takes its place there."""
AGAIN = 5
"""From data on the bus, if their atom is taken at once, to the read on the bus that has their place in the buffer."""
DEPTH, OPERAND_DEPTH = 128, 64
"""Beats a reader has on their way or in its buffer: READ_DEPTH of the chip, and of operand engines."""


class Unit:
    """A unit between a port's reads and writes: takes atoms as they come and as its output buffer has room.

    targets: addresses written, evenly over the atoms. pace: cycles of an atom, at least. delay: from its data on the
    bus to its write there. places: atoms from input to write, at most. held: an atom leaves when the next one comes,
    whose channels it needs (cdp_window.v).
    """

    def __init__(self, targets: list[int], atoms: int, pace: float, delay: int, places: int, held: bool) -> None:
        self.targets, self.atoms, self.pace, self.delay, self.places, self.held = (
            targets, atoms, pace, delay, places, held,
        )  # fmt: skip
        self.taken: list[float] = []
        """Of each atom so far: when its data are on the bus, or would be if it came in time for its place."""
        self.written: list[int] = []
        """Of each write so far: when the memory accepted it."""
        self._posted = 0

    def take(self, port: Port, arrival: float) -> bool:
        """Take the next atom, whose data come at `arrival`, and post what leaves; False if there is no room yet."""
        done = len(self.taken)
        blocked = self._posts(done) - self.places - 1  # one more waits in the register of the bus
        room = 0
        if blocked >= 0:
            if blocked >= len(self.written):
                return False
            room = self.written[blocked] + GIVEN_BACK - TAKEN
        self.taken.append(max(arrival, room, self.taken[-1] + self.pace if done else 0))
        self._post(port, self._posts(done if self.held else done + 1), self.taken[-1])
        if self.held and done + 1 == self.atoms:
            self._post(port, len(self.targets), self.taken[-1] + 1)  # nothing comes: pushed out
        return True

    def _posts(self, atoms: int) -> int:
        """Writes of the first so many atoms."""
        return atoms * len(self.targets) // self.atoms

    def _post(self, port: Port, end: int, at: float) -> None:
        for address in self.targets[self._posted : end]:
            port.write(round(at) + self.delay, address)
        self._posted = max(end, self._posted)


def stream(timing: DramTiming, readers: list[Reader], beats: list[int], unit: Unit) -> float:
    """Cycles of a unit that takes of each reader `beats` beats an atom; readers in the order of their turns.

    Reads and writes are done in the order of time, a read before a write of the same cycle.
    """
    port = Port(timing)
    turn = 0
    while True:
        arrival = _arrival(readers, beats, len(unit.taken)) if len(unit.taken) < unit.atoms else None
        if arrival is not None and unit.take(port, arrival):
            continue
        index, when = _next(port, readers, beats, unit.taken, turn)
        if port.writes and (index < 0 or port.next_write() < when):
            unit.written.append(port.do_write())
        elif index >= 0:
            readers[index].arrivals.append(port.do_read(when, readers[index]))
            turn = (index + 1) % len(readers)
        else:
            return port.written + port.write_latency + ANSWER


def _arrival(readers: list[Reader], beats: list[int], atom: int) -> int | None:
    """When all that an atom needs has come; None as long as some of it has not been asked for."""
    latest = 0
    for reader, count in zip(readers, beats, strict=True):
        end = min((atom + 1) * count, len(reader.addresses))
        if len(reader.arrivals) < end:
            return None
        latest = max(latest, reader.arrivals[end - 1])
    return latest


def _next(port: Port, readers: list[Reader], beats: list[int], taken: list[float], turn: int) -> tuple[int, int]:
    """The next read: of the first reader in turn that has room the earliest, and when; -1 if none has yet."""
    best, when = -1, 0
    for step in range(len(readers)):
        index = (turn + step) % len(readers)
        reader = readers[index]
        if not reader.left:
            continue
        gone = (len(reader.arrivals) - reader.depth) // beats[index]
        if gone >= len(taken):
            continue
        free = port.next_read(REQUEST if gone < 0 else max(REQUEST, round(taken[gone]) + AGAIN))
        if best < 0 or free < when:
            best, when = index, free
    return best, when


def sdp(layer: Layer, timing: DramTiming) -> float:
    """Cycles of SDP from memory, to memory or through PDP."""
    assert layer.sdp is not None and layer.rdma is not None
    source = streams.cube(layer.rdma.address, layer.rdma.source).tolist()
    readers, beats = [Reader(1, source, DEPTH)], [1]
    for id, _, addresses in streams.operands(layer.rdma):
        readers.append(Reader(id, addresses.tolist(), OPERAND_DEPTH))
        beats.append(_beats(len(addresses), len(source)))
    unit = Unit(targets(layer), len(source), 1.0, PIPE + (12 if layer.pdp else 0), PLACES, False)
    return stream(timing, readers, beats, unit)


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
    unit = Unit(targets(layer), len(source), pace, PIPE, POOLING_PLACES, False)
    return stream(timing, [Reader(2, source, DEPTH)], [1], unit)


def normalisation(layer: Layer, timing: DramTiming, extra: int) -> float:
    """Cycles of CDP."""
    assert layer.places.source is not None
    source = streams.cube(*layer.places.source, "yxs").tolist()
    unit = Unit(targets(layer), len(source), 1.0, PIPE + extra + 1, PLACES, True)
    return stream(timing, [Reader(3, source, DEPTH)], [1], unit)


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
    port.writes.extend((first + index * reads // len(written), address) for index, address in enumerate(written))
    take_turns(port, readers, first)
    return float(max([port.flush(), *(reader.arrivals[-1] for reader in readers if reader.arrivals)]))
