"""A loadable made ready to run: its tasks as stages, what goes in and comes out, and a Program of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cocodla.errors import UserError
from cocodla.golden.memory import Memory
from cocodla.loadable.buffers import Buffers
from cocodla.loadable.container import parse_loadable
from cocodla.loadable.emu import EmuTask
from cocodla.loadable.ports import Port, bound_port, results
from cocodla.loadable.schema import Loadable
from cocodla.loadable.stages import Stage, stages_of
from cocodla.program.program import Program

BASE = 0x8000_0000
"""Where buffers are placed if nobody says otherwise."""


@dataclass
class LoadedNetwork:
    """A loadable whose every task is known to run to its end."""

    name: str
    loadable: Loadable
    buffers: Buffers
    stages: list[Stage | EmuTask]
    inputs: list[Port]
    outputs: list[Port]

    def memory(self, inputs: Mapping[str, bytes]) -> Memory:
        """Device memory before the first task; inputs: bytes of buffers by name of the tensor."""
        memory = Memory()
        for buffer in self.buffers.all:
            for content in buffer.contents:
                memory.load(buffer.base + content.offset, bytes(content.blob.data))
        for port in self.inputs:
            if port.name in inputs:
                memory.load(port.address, inputs[port.name])
        return memory

    def program(self, inputs: Mapping[str, bytes]) -> Program:
        """One Program of all; UserError where the host works between two tasks of the accelerator."""
        stages = [stage for stage in self.stages if isinstance(stage, Stage)]
        if len(stages) != 1 or stages[0] is not self.stages[0]:
            raise UserError(f"{self.name}: the CPU works before or between its tasks; no single program does that")
        return stages[0].program(self.name, self.memory(inputs))


def open_network(
    path: Path, data: bytes, base: int = BASE, places: Mapping[int, int] | None = None
) -> LoadedNetwork:
    """A loadable, judged whole: containers, descriptors, graph. UserError in one line that names the file.

    base: where its buffers are placed; places: addresses of memories that are to be elsewhere.
    """
    loadable = parse_loadable(data, path)
    try:
        return _open(path.name, loadable, base, places)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _open(name: str, loadable: Loadable, base: int, places: Mapping[int, int] | None) -> LoadedNetwork:
    if loadable.version.major:
        raise UserError(f"a loadable of version {loadable.version}; known is 0.x")
    for what in ("submit_list", "task_list", "memory_list"):
        if not getattr(loadable, what):
            raise UserError(f"{what} is empty")
    buffers = Buffers(loadable, base, places)
    stages = list(stages_of(loadable, buffers))
    inputs = [bound_port(buffer) for buffer in buffers.bound(output=False)]
    outputs = [bound_port(buffer) for buffer in buffers.bound(output=True)] or list(results(stages[-1]))
    return LoadedNetwork(Path(name).stem, loadable, buffers, stages, _named(inputs, "input"), _named(outputs, "output"))


def _named(ports: list[Port], kind: str) -> list[Port]:
    """Each by a name of its own: names in a loadable may be empty, or there twice."""
    names = [port.name for port in ports]
    return [
        port if port.name and names.count(port.name) == 1 else replace(port, name=f"{port.name or kind} {number}")
        for number, port in enumerate(ports)
    ]
