"""The tasks of a loadable as stages: what the accelerator does without the host between, and what the CPU does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from cocodla.errors import UserError
from cocodla.formats.feature import CubeLayout
from cocodla.golden.memory import Memory
from cocodla.loadable.buffers import Buffer, Buffers
from cocodla.loadable.descriptors import Cube, Kind, Place
from cocodla.loadable.emu import EmuTask, read_emu_task
from cocodla.loadable.machine import Machine
from cocodla.loadable.rules import check_task
from cocodla.loadable.schedule import Firmware
from cocodla.loadable.schema import DLA, EMU, Loadable
from cocodla.loadable.task import Operation, Task, read_task
from cocodla.program.allowance import MOST_CHECKED
from cocodla.program.commands import CheckMemory, Command, FillMemory, LoadMemory, Mark
from cocodla.program.program import Program


@dataclass(frozen=True)
class Written:
    """A cube that an operation leaves in memory. whole: nothing writes over it later."""

    name: str
    task: Task
    operation: Operation
    address: int
    layout: CubeLayout
    whole: bool = True

    @property
    def end(self) -> int:
        return self.address + self.layout.size


@dataclass
class Stage:
    """Tasks that run on the accelerator one after the other, without the host between."""

    tasks: list[Task]
    commands: list[Command]
    used: list[Buffer]
    written: list[Written] = field(default_factory=list)

    def program(self, name: str, memory: Memory) -> Program:
        """What the driver does, from this memory, and a look at all it leaves."""
        program = Program(meta={"name": name, "source": "loadable"})
        program.append(Mark("memory"))
        for buffer in self.used:
            program.append(FillMemory(buffer.base, buffer.room))
            program.append(*(LoadMemory(address, data) for address, data in _contents(memory, buffer)))
        program.append(*self.commands)
        for cube in self.written:
            info = {"layer": cube.name}
            if cube.whole:
                program.append(Mark(cube.name, {**info, "tensor": _tensor(cube)}))
            else:
                program.append(Mark(f"{cube.name}, written over", info))
            program.append(CheckMemory(cube.address, cube.layout.size, f"output of {cube.name}"))
        program.validate()
        return program


def _tensor(cube: Written) -> dict[str, object]:
    return {"name": cube.name, "address": cube.address, **cube.layout.to_json()}


def _contents(memory: Memory, buffer: Buffer) -> Iterator[tuple[int, bytes]]:
    """What is in a buffer and not zero, neighbouring pages joined."""
    begin, joined = buffer.base, bytearray()
    for address, data in memory.stored(buffer.base, buffer.room):
        if address != begin + len(joined):
            if joined:
                yield begin, bytes(joined)
            begin, joined = address, bytearray()
        joined += data
    if stripped := joined.rstrip(b"\0"):
        yield begin, bytes(stripped)


def _order(loadable: Loadable) -> Iterator[int]:
    """The tasks in the order in which they are submitted."""
    seen = 0
    for submit in loadable.submit_list:
        for number in submit.task_id:
            seen += 1
            if number >= len(loadable.task_list):
                raise UserError(f"submit {submit.id}: task {number}, there are {len(loadable.task_list)}")
            if seen > len(loadable.task_list):
                raise UserError(f"submit {submit.id}: task {number} is submitted more than once")
            yield number
    if not seen:
        raise UserError("submit_list names no task")


def stages_of(loadable: Loadable, buffers: Buffers) -> Iterator[Stage | EmuTask]:
    """Neighbouring tasks of the accelerator are one stage: its groups go on where the last task left them."""
    together: list[Task] = []
    for number in _order(loadable):
        interface = loadable.task_list[number].interface
        if interface == DLA:
            task = read_task(buffers, number)
            check_task(task)
            together.append(task)
        elif interface == EMU:
            if together:
                yield _stage(together)
            together = []
            yield read_emu_task(buffers, number)
        else:
            raise UserError(f"task {number}: interface {interface}; the accelerator (1) and the CPU (2) are known")
    if together:
        yield _stage(together)


def _stage(tasks: list[Task]) -> Stage:
    machine, commands = Machine(), list[Command]()
    used: dict[int, Buffer] = {}
    cubes: list[Written] = []
    for task in tasks:

        def mark(operation: Operation, task: Task = task) -> Mark:
            name = name_of(task, operation, len(tasks))
            return Mark(name, {"layer": name, "operation": str(operation.kind)})

        try:
            commands += Firmware(task, machine, mark).run()
        except UserError as error:
            raise UserError(f"task {task.id}: {error}") from None
        for operation in task.operations:
            for cube in operation.cubes().values():
                if cube.type == Place.MEMORY and cube.address >= 0:
                    buffer = task.entries[cube.address].buffer
                    assert buffer is not None
                    used[id(buffer)] = buffer
            if operation.kind is not Kind.CONVOLUTION and operation.dst.type == Place.MEMORY:
                name, dst = name_of(task, operation, len(tasks)), operation.dst
                cubes.append(Written(name, task, operation, task.device(dst), _layout(dst)))
    return Stage(tasks, commands, list(used.values()), _written(cubes))


def name_of(task: Task, operation: Operation, tasks: int) -> str:
    return f"task {task.id}, {operation}" if tasks > 1 else str(operation)


def _layout(cube: Cube) -> CubeLayout:
    return CubeLayout(cube.width, cube.height, cube.channel, cube.line_stride, cube.surf_stride)


def _written(cubes: list[Written]) -> list[Written]:
    """The cubes that are worth a look at the end, MOST_CHECKED bytes at most: those that no later one covers."""
    starts = np.array([cube.address for cube in cubes], np.int64)
    ends = np.array([cube.end for cube in cubes], np.int64)
    found: list[Written] = []
    size = 0
    for place in range(len(cubes) - 1, -1, -1):
        cube, later = cubes[place], slice(place + 1, None)
        size += cube.layout.size
        if size > MOST_CHECKED:
            break
        if not np.any((starts[later] <= cube.address) & (cube.end <= ends[later])):
            touched = np.any((starts[later] < cube.end) & (cube.address < ends[later]))
            strided = cube.layout.line_stride > 0 and (cube.layout.surfaces == 1 or cube.layout.surface_stride > 0)
            found.append(replace(cube, whole=bool(strided and not touched)))
    return found[::-1]
