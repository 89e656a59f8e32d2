"""What goes into a loadable and comes out of it: its bindable tensors, or what its last task leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.loadable import emu
from cocodla.loadable.buffers import Buffer
from cocodla.loadable.descriptors import Place
from cocodla.loadable.emu import INT8_8, EmuTask
from cocodla.loadable.images import FEATURE_8, FEATURE_32, HALF, INT8, Format, format_of
from cocodla.loadable.rules import extent
from cocodla.loadable.stages import Stage
from cocodla.loadable.task import Task


@dataclass(frozen=True)
class Port:
    """A tensor that goes in or comes out: its buffer from an offset on, and where its elements are."""

    name: str
    buffer: Buffer
    offset: int
    form: Format

    @property
    def address(self) -> int:
        return self.buffer.base + self.offset

    @property
    def size(self) -> int:
        """Bytes of the whole tensor."""
        return self.buffer.size - self.offset if self.buffer.tensor else self.form.size


def bound_port(buffer: Buffer) -> Port:
    """The tensor of a buffer that the application brings."""
    tensor = buffer.tensor
    assert tensor is not None
    if tensor.offset >= buffer.room:
        name = f"tensor {tensor.name[:80]!r}"
        raise UserError(f"{name}: its offset is {tensor.offset:,}, its buffer has {buffer.size:,} bytes")
    return Port(tensor.name, buffer, tensor.offset, format_of(tensor, buffer.room - tensor.offset))


def results(stage: Stage | EmuTask) -> Iterator[Port]:
    """Where no tensor is an output: what the last stage leaves, and no later operation of it reads."""
    if isinstance(stage, EmuTask):
        yield _emu_port(stage, stage.steps[-1].name)
        return
    reads = {task.id: _reads(task) for task in stage.tasks}
    for cube in stage.written:
        later, first, last = reads[cube.task.id]
        if not cube.whole or np.any((later > cube.operation.index) & (first < cube.end) & (cube.address < last)):
            continue
        entry = cube.task.entries[cube.operation.dst.address]
        assert entry.buffer is not None
        layout, offset = cube.layout, cube.address - entry.buffer.base
        extents = layout.channels, layout.height, layout.width
        form = Format(FEATURE_8, *extents, layout.line_stride, layout.surface_stride)
        yield Port(cube.name, entry.buffer, offset, form)


def _reads(task: Task) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(operation, from, to) of all places that a task reads."""
    found = [
        (operation.index, task.device(cube), task.device(cube) + extent(operation, name, cube))
        for operation in task.operations
        for name, cube in operation.cubes().items()
        if name != "dst" and cube.type == Place.MEMORY
    ]
    numbers = np.array(found, np.int64).reshape(-1, 3)
    return numbers[:, 0], numbers[:, 1], numbers[:, 2]


def _emu_port(task: EmuTask, name: str) -> Port:
    cube = task.steps[-1].dst
    entry = task.entries[cube.address]
    assert entry.buffer is not None
    pixel_format = FEATURE_8 if cube.format == INT8_8 else FEATURE_32
    data_type = HALF if cube.format == emu.HALF else INT8
    form = Format(pixel_format, cube.channel, cube.height, cube.width, cube.line_stride, cube.surf_stride, data_type)
    return Port(name, entry.buffer, entry.offset + cube.offset, form)
