"""Tasks for the CPU: power and softmax, as the public runtime computes them (spec: loadable.md section 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.golden.memory import Memory
from cocodla.loadable.buffers import Buffers
from cocodla.loadable.records import F32, I16, NEW_ONLY, U8, U16, U32, Array, Layout, Record
from cocodla.loadable.task import Entry, address_list, descriptor_bytes

POWER, SOFTMAX = 0, 1
INT8_32, INT8_8, HALF = 0, 1, 3
"""Formats that the public runtime has: int8 in atoms of 32 or 8 bytes, half in atoms of 32."""
MOST_ELEMENTS = 4 << 20


@dataclass
class EmuNetwork(Record):
    SIZE: ClassVar[tuple[int, int]] = (256, 256)
    operations: I16 = -1
    buffers: I16 = -1
    num_operations: U16 = 0


@dataclass
class EmuOperation(Record):
    """Power: (shift + scale * x) ^ power. Softmax: see EmuSoftmax."""

    ALIGN: ClassVar[int] = 1
    SIZE: ClassVar[tuple[int, int]] = (24, 16)
    op_type: U8 = 0
    reserved: Annotated[tuple[int, ...], Array("B", 3), NEW_ONLY] = (0,) * 3
    input_scale: Annotated[float, "f", NEW_ONLY] = 1.0
    output_scale: Annotated[float, "f", NEW_ONLY] = 1.0
    power: F32 = 0.0
    scale: F32 = 0.0
    shift: F32 = 0.0


@dataclass
class EmuSoftmax(Record):
    """An operation of type SOFTMAX."""

    ALIGN: ClassVar[int] = 1
    SIZE: ClassVar[tuple[int, int]] = (24, 16)
    op_type: U8 = SOFTMAX
    reserved: Annotated[tuple[int, ...], Array("B", 3), NEW_ONLY] = (0,) * 3
    input_scale: Annotated[float, "f", NEW_ONLY] = 1.0
    output_scale: Annotated[float, "f", NEW_ONLY] = 1.0
    axis: U8 = 1


@dataclass
class EmuCube(Record):
    ALIGN: ClassVar[int] = 1
    SIZE: ClassVar[tuple[int, int]] = (256, 256)
    address: I16 = 0
    offset: Annotated[int, "I", NEW_ONLY] = 0
    size: U32 = 0
    format: U16 = 0
    width: U16 = 0
    height: U16 = 0
    channel: U16 = 0
    line_stride: U32 = 0
    surf_stride: U32 = 0


@dataclass
class EmuBuffers(Record):
    SIZE: ClassVar[tuple[int, int]] = (512, 512)
    src: EmuCube = field(default_factory=EmuCube)
    dst: EmuCube = field(default_factory=EmuCube)


@dataclass
class EmuStep:
    """An operation and its two cubes."""

    operation: EmuOperation | EmuSoftmax
    src: EmuCube
    dst: EmuCube

    @property
    def name(self) -> str:
        return "softmax" if isinstance(self.operation, EmuSoftmax) else "power"


@dataclass
class EmuTask:
    """A task for the CPU."""

    id: int
    layout: Layout
    entries: list[Entry]
    steps: list[EmuStep]

    def run(self, memory: Memory) -> None:
        """Do what the runtime does, on device memory."""
        for step in self.steps:
            source, target = self.address(step.src), self.address(step.dst)
            form = _Form(step.src)
            places: NDArray[np.int64]
            into: NDArray[np.int64]
            if isinstance(step.operation, EmuSoftmax):
                places = np.arange(step.src.channel)
                into = places
            else:
                places, into = form.offsets(), _Form(step.dst).offsets()
            values = form.take(memory, source, places)
            found = _softmax(values, step.operation) if step.name == "softmax" else _power(values, step.operation)
            _Form(step.dst).put(memory, target, into, found)

    def address(self, cube: EmuCube) -> int:
        """Device address of a cube."""
        entry = self.entries[cube.address]
        assert entry.buffer is not None
        return entry.buffer.base + entry.offset + cube.offset


def read_emu_task(buffers: Buffers, number: int) -> EmuTask:
    """The descriptors of a task for the CPU; UserError for what the runtime could not do."""
    told = buffers.loadable.task_list[number]
    try:
        if told.instance not in (-1, 0):
            raise UserError(f"instance is {told.instance}, not -1 or 0")
        entries = address_list(buffers, told)
        network = EmuNetwork.read(descriptor_bytes(entries, 0, 256, "the network descriptor"), Layout.NEW)
        if not network.num_operations:
            raise UserError("the network descriptor has no operations")
        layout = _layout(entries, network)
        task = EmuTask(number, layout, entries, [])
        size = EmuOperation.length(layout)
        operations = descriptor_bytes(entries, network.operations, size * network.num_operations, "the operation list")
        cubes = descriptor_bytes(entries, network.buffers, 512 * network.num_operations, "the buffer list")
        for index in range(network.num_operations):
            task.steps.append(_step(task, index, operations[size * index :], cubes[512 * index :]))
    except UserError as error:
        raise UserError(f"task {number} (EMU): {error}") from None
    return task


def _layout(entries: list[Entry], network: EmuNetwork) -> Layout:
    """By the size of the operation list."""
    if not 0 <= network.operations < len(entries):
        raise UserError(f"the operation list: its index is {network.operations}, the task has {len(entries)} addresses")
    entry = entries[network.operations]
    contents = entry.buffer.contents if entry.buffer else []
    for content in contents:
        if content.offset <= entry.offset < content.end:
            for layout in Layout:
                if (content.end - entry.offset) == EmuOperation.length(layout) * network.num_operations:
                    return layout
            version = content.blob.version
            return Layout.NEW if version.major == 0 and version.minor >= 12 else Layout.OLD
    raise UserError(f"the operation list in memory {entry.memory}: no blob holds it")


def _step(task: EmuTask, index: int, operation: bytes, cubes: bytes) -> EmuStep:
    name = f"operation {index}"
    if operation[0] not in (POWER, SOFTMAX):
        raise UserError(f"{name}: op_type is {operation[0]}; power (0) and softmax (1) are known")
    found: EmuOperation | EmuSoftmax
    found = (EmuSoftmax if operation[0] == SOFTMAX else EmuOperation).read(operation, task.layout)
    step = EmuStep(found, EmuCube.read(cubes, task.layout), EmuCube.read(cubes, task.layout, 256))
    _check(task, step, name)
    return step


def _check(task: EmuTask, step: EmuStep, name: str) -> None:
    operation = step.operation
    if step.src.format != step.dst.format or step.src.format not in (INT8_32, INT8_8, HALF):
        raise UserError(f"{name}: formats {step.src.format} and {step.dst.format}; 0, 1 or 3 for both are taken")
    if isinstance(operation, EmuSoftmax) and operation.axis != 1:
        raise UserError(f"{name}: axis is {operation.axis}; a softmax over channels (1) is taken")
    scales = {name: value for name, value in vars(operation).items() if isinstance(value, float)}
    for what, value in scales.items():
        if not np.isfinite(value) or (what == "output_scale" and value == 0):
            raise UserError(f"{name}: {what} is {value}")
    for what, cube in (("src", step.src), ("dst", step.dst)):
        if not 0 <= cube.address < len(task.entries):
            raise UserError(f"{name}, {what}: its address is {cube.address}, the task has {len(task.entries)}")
        entry = task.entries[cube.address]
        if entry.buffer is None:
            raise UserError(f"{name}, {what}: memory {entry.memory} is not allocated")
        # a softmax goes over elements in a row, whatever width, height, strides and the other cube's channels are
        form, count = _Form(cube), cube.width * cube.height * cube.channel
        if isinstance(operation, EmuSoftmax):
            count, size = step.src.channel, step.src.channel * form.width
        if not 0 < count <= min(entry.buffer.room, MOST_ELEMENTS):
            raise UserError(f"{name}, {what}: {cube.width} x {cube.height} x {cube.channel} elements cannot be")
        if not isinstance(operation, EmuSoftmax):
            size = form.size
        if entry.offset + cube.offset + size > entry.buffer.room:
            raise UserError(f"{name}, {what}: {size:,} bytes do not lie in memory {entry.memory}")
    if not isinstance(operation, EmuSoftmax):
        one, other = ((cube.channel, cube.height, cube.width) for cube in (step.src, step.dst))
        if one != other:
            raise UserError(f"{name}: src has {one} elements (c, h, w), dst {other}")


class _Form:
    """Where the elements of a cube are, and what they mean."""

    def __init__(self, cube: EmuCube) -> None:
        self.cube = cube
        self.width = 2 if cube.format == HALF else 1
        self.atom = 8 if cube.format == INT8_8 else 32

    def _offset(self, c: Any, y: Any, x: Any) -> Any:
        lanes = self.atom // self.width
        return c // lanes * self.cube.surf_stride + y * self.cube.line_stride + x * self.atom + c % lanes * self.width

    @property
    def size(self) -> int:
        """Bytes to behind the last element."""
        cube = self.cube
        return int(self._offset(cube.channel - 1, cube.height - 1, cube.width - 1)) + self.width

    def offsets(self) -> NDArray[np.int64]:
        """Offsets of all elements in bytes, in their own width: of the n-th one of the buffer."""
        c, y, x = np.ogrid[: self.cube.channel, : self.cube.height, : self.cube.width]
        return np.asarray(self._offset(c, y, x), np.int64).ravel() // self.width

    def take(self, memory: Memory, address: int, places: NDArray[Any]) -> NDArray[Any]:
        """Elements, int8 codes or halves."""
        data = memory.dump(address, self.width * (int(places.max()) + 1))
        return np.frombuffer(data, np.float16 if self.width == 2 else np.int8)[places]

    def put(self, memory: Memory, address: int, places: NDArray[Any], values: NDArray[np.float32]) -> None:
        """Store float results: clamped and cut to whole codes, or as halves."""
        length = self.width * (int(places.max()) + 1)
        found = np.frombuffer(memory.dump(address, length), np.float16 if self.width == 2 else np.int8).copy()
        found[places] = values.astype(np.float16) if self.width == 2 else np.clip(values, -128, 127).astype(np.int8)
        memory.load(address, found.tobytes())


def _real(values: NDArray[Any], scale: float) -> NDArray[np.float32]:
    """Codes as numbers; halves are numbers."""
    if values.dtype == np.float16:
        return values.astype(np.float32)
    return values.astype(np.float32) * np.float32(scale)


def _softmax(values: NDArray[Any], operation: Any) -> NDArray[np.float32]:
    x = _real(values, operation.input_scale).astype(np.float16).astype(np.float32)
    e = np.exp(x - x.max(), dtype=np.float32)
    total = np.add.accumulate(e, dtype=np.float32)[-1]  # one after the other, as a loop does
    p = (e / total).astype(np.float16).astype(np.float32)
    return _scaled(p, values, operation)


def _power(values: NDArray[Any], operation: Any) -> NDArray[np.float32]:
    x = _real(values, operation.input_scale)
    with np.errstate(all="ignore"):
        found = np.power(np.float32(operation.shift) + np.float32(operation.scale) * x, np.float32(operation.power))
    return _scaled(np.nan_to_num(found.astype(np.float32)), values, operation)


def _scaled(found: NDArray[np.float32], values: NDArray[Any], operation: Any) -> NDArray[np.float32]:
    """Results in the scale of the output's codes."""
    if values.dtype == np.float16:
        return found
    with np.errstate(all="ignore"):
        return np.asarray(found / np.float32(operation.output_scale), np.float32)
