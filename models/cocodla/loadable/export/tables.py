"""The tables of a loadable: memories, addresses, blobs and tensors, as the public compiler numbers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cocodla.loadable.descriptors import Kind, Lut, NetworkDescriptor
from cocodla.loadable.export.operations import Step
from cocodla.loadable.export.places import Bound, Places
from cocodla.loadable.export.softmax import Softmax
from cocodla.loadable.images import FEATURE_8, INT8, UINT8
from cocodla.loadable.records import Layout, Record
from cocodla.loadable.schema import (
    ALLOC,
    DLA,
    EMU,
    INPUT,
    OUTPUT,
    SET,
    SYSTEM,
    Address,
    Blob,
    Event,
    Loadable,
    Memory,
    Submit,
    Task,
    Tensor,
    Version,
)

PAGE = 4096
FORMAT, DESCRIPTORS = Version(0, 7, 0), Version(0, 12, 3)
"""Versions of the file and of the descriptors in it."""
BLOBS = ("addr0", "dep_graph", "op_list", "surf_list", "lut_list")
"""Names of the descriptors of a task, by sub_interface minus 1. `dep_graph` is what the runtime loads anew."""
CPU_BLOBS = {1: "addr0", 3: "op_list", 4: "op_buf_list"}
"""The same of a task for the CPU, by sub_interface."""
NHWC, ATOMS = 2, 3
"""data_format: pixels, and features in atoms."""
IMAGE, FEATURE = 0, 2
"""data_category."""
SIGNAL = 1
"""op of an event."""


@dataclass
class Tables:
    """A loadable while it grows: each memory with an address of the same number."""

    loadable: Loadable = field(default_factory=lambda: Loadable(FORMAT))

    def memory(self, flags: int, size: int, contents: Sequence[str] = ()) -> Memory:
        """A memory and the address of its first byte."""
        number = len(self.loadable.memory_list)
        memory = Memory(number, SYSTEM, flags, size, PAGE, list(contents), [0] * len(contents))
        self.loadable.memory_list.append(memory)
        self.loadable.address_list.append(Address(number, number, 0, size))
        return memory

    def blob(self, name: str, data: bytes, interface: int = 0, sub_interface: int = 0) -> int:
        """A memory that holds a blob; its number."""
        version = DESCRIPTORS if interface else Version()
        self.loadable.blobs.append(Blob(name, len(data), interface, sub_interface, version, data))
        return self.memory(ALLOC | SET, len(data), [name]).id

    def bound(self, bound: Bound, bind_id: int) -> None:
        """A memory that the application brings, with its tensor."""
        tensors = self.loadable.tensor_desc_list
        memory = self.memory(ALLOC | (OUTPUT if bound.output else INPUT), bound.tensor.size)
        memory.bind_id, memory.tensor_desc_id = bind_id, len(tensors)
        tensors.append(_tensor(bound, memory))


def _tensor(bound: Bound, memory: Memory) -> Tensor:
    tensor = bound.tensor
    if tensor.form == "pixels":
        form, data, category, pixels = NHWC, UINT8, IMAGE, tensor.pixel_format.code
        element, surface = tensor.channels, 0
    else:
        form, data, category, pixels = ATOMS, INT8, FEATURE, FEATURE_8
        element, surface = 1, tensor.surface_stride
    return Tensor(
        bound.name, memory.tensor_desc_id, memory.id, tensor.size, 0, form, data, category, pixels, 0, 1,
        tensor.channels, tensor.height, tensor.width, element, tensor.line_strides[0], surface,
    )  # fmt: skip


def tables_of(places: Places, steps: Sequence[Step], luts: Sequence[Lut], softmax: Softmax | None) -> Loadable:
    """The loadable of a task, and perhaps one of the CPU (spec: loadable.md section 13, items 1 to 7)."""
    tables = Tables()
    tables.memory(ALLOC, PAGE)
    tables.memory(ALLOC, places.pool)
    inputs = sum(not bound.output for bound in places.bound)
    for number, bound in enumerate(places.bound):
        tables.bound(bound, number - inputs if bound.output else number)
    tables.blob(f"tb-{places.count}", places.constants)
    parts = zip(range(1, 6), BLOBS, _descriptors(places.count, steps, luts), strict=True)
    _task(tables, places, DLA, list(parts))
    if softmax is not None:
        source, target = places.tensor(softmax.scores, 0), places.tensor(softmax.target.name, 0)[0]
        made = softmax.descriptors(source, target, places.count)
        _task(tables, places, EMU, [(*name, part) for name, part in zip(CPU_BLOBS.items(), made, strict=True)])
    loadable = tables.loadable
    loadable.blobs.sort(key=lambda blob: blob.name)
    loadable.event_list = [Event(0, val=1, op=SIGNAL)]
    loadable.submit_list = [Submit(0, [task.id for task in loadable.task_list])]
    return loadable


def _task(tables: Tables, places: Places, interface: int, parts: Sequence[tuple[int, str, bytes]]) -> None:
    """A task whose descriptors (sub_interface, name, bytes) have memories of their own; a dummy ends its list."""
    tasks = tables.loadable.task_list
    name = f"task-{len(tasks)}"
    first, *others = [tables.blob(f"{name}-{part}", data, interface, sub) for sub, part, data in parts]
    dummy = tables.memory(ALLOC, PAGE).id
    actions = [] if tasks else [0]
    tasks.append(Task(len(tasks), interface, -1, [first, *range(1, places.count + 1), *others, dummy], [], actions))


def _descriptors(count: int, steps: Sequence[Step], luts: Sequence[Lut]) -> list[bytes]:
    """Network, graph, operations, surfaces, tables; count: entries of data in the task's address list."""
    operations = [operation for step in steps for operation in step.operations]
    heads = tuple(next((o.index for o in operations if o.kind is kind), -1) for kind in Kind)
    network = NetworkDescriptor(
        operations=count + 2, surfaces=count + 3, graph=count + 1, luts=count + 4, heads=heads,
        num_operations=len(operations), num_luts=len(luts), num_addresses=count + 6,
    )  # fmt: skip
    lists: list[Sequence[Record]] = [
        [network], [o.common for o in operations], [o.descriptor for o in operations], [o.surfaces for o in operations],
        luts or [Lut()],
    ]  # fmt: skip
    return [b"".join(entry.write(Layout.NEW) for entry in entries) for entries in lists]
