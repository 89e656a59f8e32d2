"""Every file that is written is read back: the driver does what the layers say, in an order that cannot go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cocodla.errors import UserError
from cocodla.loadable.descriptors import Kind, Lut
from cocodla.loadable.export.graph import Needed, Order
from cocodla.loadable.export.meaning import Fields, meaning
from cocodla.loadable.export.operations import Step
from cocodla.loadable.export.places import Places
from cocodla.loadable.network import LoadedNetwork, open_network
from cocodla.loadable.registers import UNITS, program
from cocodla.loadable.stages import Stage
from cocodla.loadable.task import Operation, Task
from cocodla.registers import MAP


def prove(data: bytes, places: Places, steps: Sequence[Step], needed: Sequence[Needed]) -> LoadedNetwork:
    """The network that is in the bytes of a loadable; UserError naming layer, register and both values if it is not
    the one of `steps`, if an operation may be enabled before one it needs has completed, or if the graph does not end.
    """
    network = open_network(Path(f"{places.network.name}.nvdla"), data)
    stage = network.stages[0]
    assert isinstance(stage, Stage)
    (task,) = stage.tasks
    check_order(task.operations, needed)
    for step in steps:
        for operation in step.operations:
            found = task.operations[operation.index]
            try:
                check_registers(step, found, task, places)
            except UserError as error:
                raise UserError(f"layer {step.layer.name!r}: {error}") from None
    return network


def check_order(operations: Sequence[Operation], needed: Sequence[Needed]) -> None:
    """UserError for an operation that may be enabled before one that it needs has completed."""
    order = Order(operations)
    for before, index in needed:
        if not order.ensures(before, index):
            one, other = operations[index], operations[before]
            raise UserError(f"{one} may be enabled before {other} has completed, whose result or memory it needs")


def check_registers(step: Step, operation: Operation, task: Task, places: Places) -> None:
    """UserError for a register that the driver writes otherwise than the layer says."""
    layer = step.layer
    words = {path: word for path, word in layer.registers.items() if _unit(path) in UNITS[operation.kind]}
    for path in words:
        if path.endswith(("ADDR_LOW", "ADDR_LOW_0", "ADDR_LOW_1")) and word_matters(layer.registers, path):
            entry, offset = places.register(layer, path)
            found = task.entries[entry]
            assert found.buffer is not None
            words[path] = found.buffer.base + found.offset + offset
    written = dict(program(task, operation))
    if operation.kind is Kind.CDP:
        _check_tables(step, operation, task)
        words |= layer.shared
    _compare(meaning({**layer.registers, **words}), words, written)


def word_matters(words: Mapping[str, int], path: str) -> bool:
    """Whether anything looks at a register of a layer."""
    return any(register == path for register, _ in meaning(words))


def _unit(path: str) -> str:
    return path.partition(".")[0]


def _compare(wanted: Fields, words: Mapping[str, int], written: Mapping[str, int]) -> None:
    for (path, field), value in wanted.items():
        if path not in words:
            continue
        register = MAP[path]
        found = register.decode(written.get(path, register.reset))[field]
        if found != value:
            how = "writes" if path in written else "leaves"
            raise UserError(f"{path}.{field} is {value:#x}, the driver {how} {found:#x}")


def _check_tables(step: Step, operation: Operation, task: Task) -> None:
    lut: Lut = task.luts[operation.cdp.lut_index]
    for name, entries in step.layer.tables.items():
        if (lut.le if name == "LE" else lut.lo) != tuple(entries):
            raise UserError(f"look-up table {name} has other entries in the file")
