"""Compiled network -> Program: which register is written when (spec: programming.md sections 1 to 4 and 9).

Both register groups of every unit are kept busy. While a layer runs, the next one's registers are written to the free
group, and all its units but those that read its input are enabled; these follow as soon as the input is final. With
two images in flight the next layer is one of the other image and depends on nothing that runs: it is started at once,
so that it is fetched while the present one computes. A register is written only when the group does not hold its
value already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cocodla.compiler.hardware.cdp_registers import table_writes
from cocodla.compiler.hardware.schedule import image_order
from cocodla.compiler.hardware.tensors import Box, boxes_meet
from cocodla.compiler.parts import Layer, NetworkParts, check_name
from cocodla.program.commands import (
    CheckMemory,
    Command,
    LoadMemory,
    Mark,
    PollRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.program import Program
from cocodla.registers import MAP

SDP_DONE, CDP_DONE, PDP_DONE = 0, 2, 4
"""Bit of group 0 in GLB.S_INTR_STATUS; group 1 is the next bit."""
AWAITED = 0x3F
"""Interrupt bits anything waits for (SDP, CDP, PDP); the others stay masked and are never cleared."""


@dataclass(frozen=True)
class Part:
    """A part of a tensor in memory: the tensor's bytes start..end, and the box in it."""

    start: int
    end: int
    box: Box

    def meets(self, other: Part) -> bool:
        """True if both share a byte. Parts of one tensor are told apart by their boxes."""
        if (self.start, self.end) == (other.start, other.end):
            return boxes_meet(self.box, other.box)
        return self.start < other.end and other.start < self.end


@dataclass
class Job:
    """One layer of one image.

    buffer: which copy of the tensors the image uses; reads, writes: memory it touches. loads: what
    has to be loaded before the layer starts, checks: what is read back behind it. groups: the register group each unit
    uses for it.
    """

    layer: Layer
    image: int
    buffer: int
    reads: list[Part]
    writes: list[Part]
    loads: list[Part]
    checks: list[Part]
    groups: dict[str, int]

    @property
    def interrupts(self) -> int:
        """Bits that are set when the result is in memory, and others that would be left over from this layer."""
        bits = 0
        if "SDP" in self.groups:
            bits |= 1 << SDP_DONE + self.groups["SDP"]
        if "CDP" in self.groups:
            bits |= 1 << CDP_DONE + self.groups["CDP"]
        if "PDP" in self.groups:
            bits |= 1 << PDP_DONE + self.groups["PDP"]
        return bits

    def independent_of(self, running: Job) -> bool:
        """True if both may run at the same time: neither writes what the other reads or writes."""
        return not (
            _meet([*running.reads, *running.writes, *running.checks], self.loads)
            or _meet(running.writes, [*self.reads, *self.writes])
            or _meet([*running.reads, *running.checks], self.writes)
        )


def emit(
    network: NetworkParts,
    inputs: np.ndarray | Mapping[str, np.ndarray],
    tensors: Collection[str] | None = None,
    stage: int = 0,
    layers: Sequence[Layer] | None = None,
    overlap: bool = True,
) -> Program:
    """Program that runs a stage of the network on each row of `inputs` (batch, bytes of the input tensor).

    inputs: by tensor where a stage loads several. tensors: those that are read back (default: the output of every
    layer). layers: the only ones that are run, neighbours in the stage (default: all); `inputs` are what they find.
    overlap: False lets each layer end before the registers of the next one are written: what the groups are worth.
    """
    loads = dict(inputs) if isinstance(inputs, Mapping) else {network.input.tensor: inputs}
    run = [layer for layer in network.layers if layer.stage == stage] if layers is None else layers
    emitter = _Emitter(network, loads, tensors, run, overlap)
    meta = {
        "source": "compiler", "network": network.name, "images": emitter.images, "layers": len(emitter.layers),
        "stage": stage,
    }  # fmt: skip
    return Program(list(emitter.commands()), meta)


@dataclass(frozen=True)
class Step:
    """A layer of a row of images, for who follows its time. registers: with the addresses of its image. writes:
    commands that prepare it. early: it is enabled while the layer before it runs.
    """

    layer: Layer
    image: int
    registers: dict[str, int]
    writes: int
    early: bool


def steps(network: NetworkParts, images: int, stage: int = 0) -> Iterator[Step]:
    """What `emit` makes of a stage for so many images, layer by layer in the order of running."""
    run = [layer for layer in network.layers if layer.stage == stage]
    nothing = np.zeros((images, 0), np.uint8)
    emitter = _Emitter(network, {network.input.tensor: nothing}, None, run, True)
    before: Job | None = None
    for job in emitter.jobs():
        early = before is not None and not emitter.must_wait(job, before) and job.independent_of(before)
        writes = sum(1 for _ in emitter.prepare(job))
        yield Step(job.layer, job.image, emitter.words(job), writes, early)
        before = job


class _Emitter:
    def __init__(
        self,
        network: NetworkParts,
        inputs: Mapping[str, np.ndarray],
        tensors: Collection[str] | None,
        layers: Sequence[Layer],
        overlap: bool,
    ) -> None:
        self.network = network
        self.overlap = overlap
        self.inputs = inputs
        self.images = len(next(iter(inputs.values())))
        self.tensors = tensors
        self.layers = layers
        self.held: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        self.producer: dict[str, int] = {}
        self.used: dict[str, int] = defaultdict(int)
        self.shared: dict[str, int] = {}
        self.filled: dict[str, tuple[int, ...]] = {}

    def commands(self) -> Iterator[Command]:
        """All commands. The order in the loop is: prepare next, (start next,) wait, read back, (start next)."""
        yield from self._setup()
        jobs = self.jobs()
        job: Job | None = next(jobs)
        assert job is not None
        yield from self.prepare(job)
        yield self._mark(job)
        yield from self._start(job)
        while job is not None:
            following = next(jobs, None)
            early = late = False
            if following is not None:
                late = not self.overlap or self.must_wait(following, job)
                early = not late and following.independent_of(job)
                if not late:
                    yield from self.prepare(following)
                if early:
                    yield from self._start(following)
            yield WaitInterrupt(job.interrupts)
            yield from self._read_back(job)
            if following is not None:
                yield self._mark(following)
                if late:
                    yield from self.prepare(following)
                if not early:
                    yield from self._start(following)
            job = following

    def _setup(self) -> Iterator[Command]:
        yield Mark("setup", {"network": self.network.name})
        yield LoadMemory(self.network.memory_base, self.network.memory)
        yield WriteRegister(MAP["GLB.S_INTR_MASK"].address, MAP["GLB.S_INTR_MASK"].write_mask & ~AWAITED)
        yield PollRegister(MAP["CDMA.S_CBUF_FLUSH_STATUS"].address, 1, 1)

    def jobs(self) -> Iterator[Job]:
        """All layers of all images in the order of running, with the groups they use: each unit alternates."""
        layers, in_flight = self.layers, self.network.images_in_flight
        costs = [(layer.mac_cycles, layer.read_beats) for layer in layers]
        for image, index in image_order(costs, self.images, in_flight):
            layer, buffer = layers[index], image % in_flight
            groups = {}
            for unit in layer.units:
                groups[unit] = self.used[unit] % 2
                self.used[unit] += 1
            reads, writes = ([self._part(*part, buffer) for part in parts] for parts in (layer.reads, layer.writes))
            loads = [self._whole(name, buffer) for name in self.inputs] if index == 0 else []
            checks = [self._whole(name, buffer) for name in self._checked(layer)]
            yield Job(layer, image, buffer, reads, writes, loads, checks, groups)

    def _checked(self, layer: Layer) -> list[str]:
        return [name for name in layer.completes if self.tensors is None or name in self.tensors]

    def _whole(self, name: str, buffer: int) -> Part:
        """All of a tensor; one with gaps is read back with what lies in them."""
        tensor = self.network.tensors[name]
        if tensor.has_gaps:
            return Part(tensor.addresses[buffer], tensor.addresses[buffer] + tensor.size, tensor.box)
        return self._part(tensor.memory, tensor.box, buffer)

    def _part(self, name: str, box: Box, buffer: int) -> Part:
        tensor = self.network.tensors[name]
        return Part(tensor.addresses[buffer], tensor.addresses[buffer] + tensor.size, box)

    def must_wait(self, job: Job, running: Job) -> bool:
        """True if a job changes what both groups of a unit share while it runs (spec: programming.md section 1)."""
        return "CDP" in job.groups and "CDP" in running.groups and any(self._changes(job))

    def _changes(self, job: Job) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
        """Tables and shared registers that a job needs and that hold something else."""
        layer = job.layer
        tables = {name: values for name, values in layer.tables.items() if self.filled.get(name) != values}
        return tables, {path: word for path, word in layer.shared.items() if self.shared.get(path) != word}

    def _share(self, job: Job) -> Iterator[Command]:
        """Write what both groups share, where it changes. The unit has to be idle."""
        tables, words = self._changes(job)
        for path, word in (*table_writes(tables), *words.items()):
            yield WriteRegister(MAP[path].address, word)
        self.filled.update(tables)
        self.shared.update(words)

    def prepare(self, job: Job) -> Iterator[Command]:
        """Write the registers and enable all units but those that read tensors. The groups have to be free."""
        if self.used.get("CSC", 0) > 2 and "CSC" in job.groups:
            # CSC may still drain when the interrupt of its last layer in this group has come.
            mask = 0x3 << 16 * job.groups["CSC"]
            yield PollRegister(MAP["CSC.S_STATUS"].address, mask, 0)
        yield from self._share(job)
        words = self.words(job)
        by_unit: dict[str, list[str]] = defaultdict(list)
        for path in words:
            by_unit[path.partition(".")[0]].append(path)
        for unit in job.layer.units:
            yield from self._select(unit, job.groups[unit])
            held = self.held[unit, job.groups[unit]]
            for path in by_unit[unit]:
                if held.get(path) != words[path]:
                    held[path] = words[path]
                    yield WriteRegister(MAP[path].address, words[path])
        for unit in job.layer.units[: -job.layer.readers]:
            yield WriteRegister(MAP[f"{unit}.D_OP_ENABLE"].address, 1)

    def words(self, job: Job) -> dict[str, int]:
        """Registers of a job, with the addresses of its image."""
        words = dict(job.layer.registers)
        for path, (tensor, offset) in job.layer.address_registers.items():
            words[path] = self.network.tensors[tensor].addresses[job.buffer] + offset
        return words

    def _select(self, unit: str, group: int) -> Iterator[Command]:
        if self.producer.get(unit) != group:
            self.producer[unit] = group
            yield WriteRegister(MAP[f"{unit}.S_POINTER"].address, group)

    def _start(self, job: Job) -> Iterator[Command]:
        """Enable the units that read the inputs. Their producer pointers still select the job's group."""
        if job.loads:
            for name, data in self.inputs.items():
                yield LoadMemory(self.network.tensors[name].addresses[job.buffer], data[job.image].tobytes())
        for unit in job.layer.units[-job.layer.readers :]:
            yield WriteRegister(MAP[f"{unit}.D_OP_ENABLE"].address, 1)

    def _mark(self, job: Job) -> Command:
        layer = job.layer
        tensor = self.network.tensors[layer.target]
        info = {
            "layer": layer.name,
            "image": job.image,
            "operation": layer.operation,
            "units": list(layer.units),
            "tensor": {"name": tensor.name, "address": tensor.addresses[job.buffer], **tensor.layout.to_json()},
        }
        return Mark(f"image{job.image}/{layer.name}", info)

    def _read_back(self, job: Job) -> Iterator[Command]:
        for name in self._checked(job.layer):
            tensor = self.network.tensors[name]
            yield CheckMemory(tensor.addresses[job.buffer], tensor.size, check_name(job.image, name))


def _meet(some: list[Part], others: list[Part]) -> bool:
    """True if any of `some` shares a byte with any of `others`."""
    return any(one.meets(other) for one in some for other in others)
