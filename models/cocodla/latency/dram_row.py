"""Layers one after the other on one port with a DRAM: what each reads, computes and writes, in the order of time.

Every unit takes its layers in order; a layer is fetched as soon as it is enabled and the buffer has room, while the one
before it computes. Each unit is a process that goes on until it must wait for the bus; when all wait, the bus does its
next beat. A single layer is a row of one.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cocodla.hw import ACC_DEPTH
from cocodla.latency import streams
from cocodla.latency.dram import DramTiming
from cocodla.latency.dram_convolution import REQUEST, TO_SDP, DramConvolution, Rings
from cocodla.latency.dram_units import (
    AGAIN,
    DEPTH,
    OPERAND_DEPTH,
    PIPE,
    PLACES,
    POOLING_PLACES,
    TAKEN,
    Unit,
    targets,
)
from cocodla.latency.layer import Layer
from cocodla.latency.port import NEVER, Bus, Given, Port, Reader

CLIENTS = (8, 9, 1, 5, 6, 2, 3)
"""Bus ids in the order of turns: CDMA data and weights, SDP's input and operands, PDP, CDP (rtl/mcif/mcif.v)."""
SDP, PDP, CDP = 0, 1, 2
"""Write clients."""
ANSWER = 8
"""From the answer of the last write to the interrupt."""
POOLED, NORMALISED = 12, 9
"""More cycles to the write: through PDP, and through CDP."""
FOLLOWS = 6
"""From the last atom a unit takes of a layer to the first of the next one."""

REACTION = 8
"""From an interrupt to the write that enables the next layer."""

Process = Generator[None, None, None]


@dataclass(frozen=True)
class Turn:
    """A layer of the row. prepared: cycles its registers take to write. early: it is enabled while the one before it
    runs, else behind its interrupt. busy: cycles of PDP's datapath, if PDP reads from memory."""

    layer: Layer
    prepared: int = 0
    early: bool = False
    busy: int = 0


class Job:
    """A layer on its way."""

    def __init__(self, turn: Turn) -> None:
        self.turn, self.layer = turn, turn.layer
        self.enabled: float | None = None
        self.done: float | None = None
        self.work: DramConvolution | None = None
        self.unit: Unit | None = None
        self.readers: list[tuple[Reader, int]] = []
        """What an atom waits for: of each reader so many beats."""

    @property
    def kind(self) -> int:
        """The unit that takes the layer's atoms."""
        return SDP if self.layer.sdp else PDP if self.layer.pdp else CDP


class Row:
    """All layers of a row on one port."""

    def __init__(self, timing: DramTiming, turns: Sequence[Turn], acc_depth: int = ACC_DEPTH) -> None:
        self.timing, self.acc_depth = timing, acc_depth
        self.bus = Bus(Port(timing), CLIENTS, 3)
        self.jobs = [Job(turn) for turn in turns]
        self.rings: Rings | None = None
        self.open: list[Job] = []
        """Enabled, and not done."""
        self.moves = 0
        """Counts what processes did that others may wait for."""

    def run(self) -> list[float]:
        """When the interrupt of each layer comes, in cycles since the first was enabled."""
        processes: list[Process] = [self._host(), self._csc(), *(self._take(kind) for kind in (SDP, PDP, CDP))]
        while processes:
            before = self.moves
            processes = [process for process in processes if next(process, "ended") != "ended"]
            self._end()
            if processes and self.moves == before:
                assert self.bus.step(), "a row of layers that waits for nothing"
        return [job.done for job in self.jobs if job.done is not None]

    def _host(self) -> Process:
        """Enables the layers."""
        clock = 0.0
        self._enable(self.jobs[0], clock)
        for job, following in pairwise([*self.jobs, None]):
            assert job is not None
            if following:
                clock += following.turn.prepared
                if following.turn.early:
                    self._enable(following, clock)
            while job.done is None:
                yield
            clock = max(clock, job.done)
            if following and not following.turn.early:
                self._enable(following, clock + REACTION)

    def _enable(self, job: Job, at: float) -> None:
        layer, self.moves = job.layer, self.moves + 1
        job.enabled = at
        self.open.append(job)
        if layer.conv:
            banks = layer.conv.cdma.data_banks, layer.conv.csc.weight_banks
            if self.rings is None or self.rings.banks != banks:
                self.rings = Rings(banks, 0.0 if self.rings is None else None)
            job.work = DramConvolution(layer, self.timing, self.acc_depth, at, self.rings)
            self._read(job.work.lines)
            self._read(job.work.kernels)
        job.unit = self._unit(job)

    def _unit(self, job: Job) -> Unit:
        """The unit that takes a layer's atoms; what it reads is given to the bus."""
        layer, writer = job.layer, self.bus.writers
        wanted, pooled = targets(layer), POOLED if layer.pdp else 0
        source, id, pace = [], 1, 1.0
        if layer.conv:
            assert job.work is not None
            atoms = job.work.atoms
            unit = Unit(wanted, atoms, 1.0, PIPE + pooled, PLACES, False, writer[PDP if layer.pdp else SDP])
        elif layer.sdp:
            assert layer.rdma is not None
            source = streams.cube(layer.rdma.address, layer.rdma.source).tolist()
            unit = Unit(wanted, len(source), 1.0, PIPE + pooled, PLACES, False, writer[PDP if layer.pdp else SDP])
        elif layer.pdp:
            assert layer.places.source is not None
            source, id = streams.strips(layer.pdp, *layer.places.source).tolist(), 2
            pace = max(1.0, job.turn.busy / len(source))
            unit = Unit(wanted, len(source), pace, PIPE, POOLING_PLACES, False, writer[PDP])
        else:
            assert layer.places.source is not None
            source, id = streams.cube(*layer.places.source, "yxs").tolist(), 3
            unit = Unit(wanted, len(source), 1.0, PIPE + NORMALISED, PLACES, True, writer[CDP])
        if source:
            job.readers.append((self._read(Reader(id, source, self._places(job, unit, DEPTH, 1))), 1))
        for id, each, addresses in streams.operands(layer.rdma):
            waits = each or not layer.conv  # operands by channel come long before a convolution's atoms
            beats = max(1, len(addresses) // unit.atoms) if waits else 0
            reader = self._read(Reader(id, addresses.tolist(), self._places(job, unit, OPERAND_DEPTH, beats)))
            if waits:
                job.readers.append((reader, beats))
        return unit

    def _read(self, reader: Reader) -> Reader:
        self.bus.clients[reader.id].append(reader)
        return reader

    @staticmethod
    def _places(job: Job, unit: Unit, depth: int, beats: int) -> Given:
        """When a beat may be asked for, of a buffer of `depth` that gives `beats` back with each atom; 0: of few."""
        assert job.enabled is not None
        first = round(job.enabled) + REQUEST

        def given(beat: int) -> int:
            gone = (beat - depth) // beats if beats else -1
            if gone < 0:
                return first
            return max(first, round(unit.taken[gone]) + AGAIN) if gone < len(unit.taken) else NEVER

        return given

    def _csc(self) -> Process:
        """Operations of all convolutions."""
        operated = 0.0
        for job in self.jobs:
            if job.layer.conv is None:
                continue
            while job.work is None or job.unit is None or job.enabled is None:
                yield
            if job.work.rings.begin is None:
                job.work.rings.begin = operated
            operated = yield from job.work.operate(job.unit, max(operated, job.enabled))

    def _take(self, kind: int) -> Process:
        """The atoms of all layers of a unit."""
        begin = 0.0
        for job in self.jobs:
            if job.kind != kind:
                continue
            while job.unit is None:
                yield
            unit = job.unit
            unit.begin = begin
            for atom in range(unit.atoms):
                while (arrival := self._arrival(job, atom)) is None or not unit.take(arrival):
                    yield
                self.moves += 1
            begin = unit.taken[-1] + FOLLOWS

    @staticmethod
    def _arrival(job: Job, atom: int) -> float | None:
        """When all that an atom needs has come, as data on the bus; None as long as that is not known."""
        latest = 0.0
        if job.work:
            if atom >= len(job.work.issued):
                return None
            latest = job.work.issued[atom] + TO_SDP - TAKEN
        for reader, beats in job.readers:
            end = min((atom + 1) * beats, len(reader.addresses))
            if len(reader.arrivals) < end:
                return None
            latest = max(latest, reader.arrivals[end - 1])
        return latest

    def _end(self) -> None:
        """Layers whose last write has been accepted."""
        for job in list(self.open):
            unit = job.unit
            if unit and unit.through and unit.ended:
                last = max(unit.written[-1], round(unit.taken[-1]) + TAKEN)
                job.done = last + self.bus.port.write_latency + ANSWER
                self.open.remove(job)
                self.moves += 1


def cycles(layer: Layer, timing: DramTiming, acc_depth: int, busy: int = 0) -> float:
    """Cycles of a layer that runs alone. busy: see Turn."""
    return Row(timing, [Turn(layer, busy=busy)], acc_depth).run()[0]


def added(layer: Layer, timing: DramTiming, busy: int = 0) -> float:
    """Cycles a layer adds to a row of independent ones. busy: see Turn."""
    done = Row(timing, [Turn(layer, early=True, busy=busy)] * 3).run()
    return done[2] - done[1]
