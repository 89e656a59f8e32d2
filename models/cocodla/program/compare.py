"""Scoreboard: two executions of a Program, told in terms of its tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from cocodla.formats.feature import CubeLayout
from cocodla.program.commands import CheckMemory, Mark, ReadRegister
from cocodla.program.counters import not_enabled
from cocodla.program.execution import Execution
from cocodla.program.program import Program

_TIMING = re.compile(r"_STALL$|_LATENCY$|\.S_STATUS$|\.S_POINTER$|\.S_INTR_STATUS$")
"""Registers whose momentary value depends on timing: not compared when a program only records them."""


@dataclass(frozen=True)
class Mismatch:
    """One observation that differs: its command, what it is, and the first byte that differs.

    place: "channel 5, line 2, column 7" where the program tells the layout of the tensor, else the
    offset. count: bytes that differ, of `total`. expected, got: the first of them (a tensor's as signed numbers).
    layer: whose the observation is, empty where the program does not tell. cycle: of the last event before it was made
    (the interrupt of the layer, mostly), -1 where there is none.
    """

    index: int
    name: str
    place: str
    expected: int
    got: int
    count: int
    total: int
    layer: str = ""
    cycle: int = -1

    def __str__(self) -> str:
        owner = f"layer {self.layer}: " if self.layer else ""
        when = f" (seen after cycle {self.cycle:,})" if self.cycle >= 0 else ""
        if self.count == 0:
            return f"{owner}{self.name}: {self.place}{when}"
        share = "" if self.total <= 4 else f" ({self.count} of {self.total} bytes differ)"
        values = f"expected {self.expected}, got {self.got}"
        return f"{owner}{self.name}{self.place and ', '}{self.place}: {values}{share}{when}"


def compare(program: Program, expected: Execution, got: Execution) -> list[Mismatch]:
    """What differs between two executions of `program`, one Mismatch for each observation, in order.

    Registers are compared under the mask of their command; values that are only recorded are compared
    unless they depend on timing, or count what the layer did not enable.
    """
    free = not_enabled(program.commands)
    found = {observation.index: observation for observation in got.observations}
    result = []
    for observation in expected.observations:
        other = found.pop(observation.index, None)
        if other is None:
            result.append(_absent(observation.index, observation.name, got.backend))
            continue
        command = program.commands[observation.index]
        if isinstance(command, ReadRegister) and command.mask == 0 and observation.index in free:
            continue
        if isinstance(command, ReadRegister):
            mismatch = _register(observation.index, observation.name, command.mask, observation.data, other.data)
        else:
            mismatch = _bytes(program, observation.index, observation.name, observation.data, other.data)
        if mismatch:
            result.append(mismatch)
    result += [_absent(observation.index, observation.name, expected.backend) for observation in found.values()]
    placed = [replace(m, layer=_layer(program, m.index), cycle=_cycle_before(got, m.index)) for m in result]
    return sorted(placed, key=lambda mismatch: mismatch.index)


def _cycle_before(execution: Execution, index: int) -> int:
    """Cycle of the last event before a command, -1 if there is none or the backend has no cycles."""
    return max((event.cycle for event in execution.events if event.index < index), default=-1)


def _absent(index: int, name: str, backend: str) -> Mismatch:
    return Mismatch(index, name, f"not observed on {backend}", 0, 0, 0, 0)


def _register(index: int, name: str, mask: int, expected: bytes, got: bytes) -> Mismatch | None:
    if mask == 0:
        if _TIMING.search(name):
            return None
        mask = 0xFFFFFFFF
    ours, theirs = (int.from_bytes(data, "little") & mask for data in (expected, got))
    return None if ours == theirs else Mismatch(index, name, "", ours, theirs, 4, 4)


def _bytes(program: Program, index: int, name: str, expected: bytes, got: bytes) -> Mismatch | None:
    if expected == got:
        return None
    if len(expected) != len(got):
        return Mismatch(index, name, "length", len(expected), len(got), abs(len(expected) - len(got)), len(expected))
    ours, theirs = np.frombuffer(expected, np.int8), np.frombuffer(got, np.int8)
    places = np.flatnonzero(ours != theirs)
    first = int(places[0])
    place = f"offset {first:#x}"
    layout = tensor_layout(program, index)
    located = layout.locate(first) if layout else None
    if layout and located:
        channel, y, x = located
        lane = " (padding lane)" if channel >= layout.channels else ""
        place = f"channel {channel}{lane}, line {y}, column {x}"
    return Mismatch(index, name, place, int(ours[first]), int(theirs[first]), len(places), len(expected))


def tensor_layout(program: Program, index: int) -> CubeLayout | None:
    """Layout of the tensor a CheckMemory reads, from the last Mark before it that describes its address.

    Such a Mark has info["tensor"] = {"name", "address", "width", "height", "channels", "line_stride",
    "surface_stride"}.
    """
    mark = _tensor_mark(program, index)
    return CubeLayout.from_json(mark.info["tensor"]) if mark else None


def _layer(program: Program, index: int) -> str:
    """The layer that made the tensor a command reads, where a Mark tells; else the one under way."""
    mark = _tensor_mark(program, index)
    return str(mark.info["layer"]) if mark and "layer" in mark.info else program.layer_of(index)


def _tensor_mark(program: Program, index: int) -> Mark | None:
    command = program.commands[index]
    if not isinstance(command, CheckMemory):
        return None
    for mark in program.marks_before(index):
        tensor = mark.info.get("tensor")
        if isinstance(tensor, dict) and tensor.get("address") == command.address:
            return mark
    return None
