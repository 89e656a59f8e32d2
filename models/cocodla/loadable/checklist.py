"""Whether the official drivers take a loadable for nv_small: the checklist of loadable.md section 13, item by item.

The reader takes more than they do: descriptors of other compilers, files that lack what a driver follows unasked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from flatbuffers.table import Table

from cocodla.errors import UserError
from cocodla.hw import ATOM, align
from cocodla.loadable.buffers import Buffers
from cocodla.loadable.container import IDENTIFIER, parse_loadable
from cocodla.loadable.descriptors import ConvolutionDescriptor, Kind, Lut, NetworkDescriptor, Place, Signal
from cocodla.loadable.rules import check_task
from cocodla.loadable.schema import ALLOC, DLA, EMU, INPUT, OUTPUT, SET, SYSTEM, Loadable, Memory, Task, Version
from cocodla.loadable.task import Operation, read_task
from cocodla.loadable.task import Task as DlaTask

PAGE = 4096
LISTS = (
    "task_list", "memory_list", "address_list", "event_list", "blobs", "tensor_desc_list", "reloc_list", "submit_list",
)  # fmt: skip
LEAST_ADDRESSES = 7
"""Entries of a task's address list: six for its descriptors and the dummy, one for data."""
_BLOBS = ("addr0", "dep_graph", "op_list", "surf_list", "lut_list")
_BASE = 0x8000_0000


@dataclass
class File:
    """A loadable, and what is in it."""

    data: bytes
    loadable: Loadable

    @cached_property
    def buffers(self) -> Buffers:
        return Buffers(self.loadable, _BASE)

    @cached_property
    def tasks(self) -> list[DlaTask]:
        """Those for the accelerator."""
        numbers = [task.id for task in self.loadable.task_list if task.interface == DLA]
        return [read_task(self.buffers, number) for number in numbers]

    @property
    def operations(self) -> Iterator[tuple[DlaTask, Operation]]:
        for task in self.tasks:
            for operation in task.operations:
                yield task, operation


Rule = Callable[[File], Iterator[str]]
RULES: dict[int, list[Rule]] = {}
"""By the item of the specification: what a file breaks, in words."""


def check_file(data: bytes) -> None:
    """UserError naming the item of the checklist and what breaks it, for bytes that the drivers do not take."""
    for item, text in complaints(data):
        raise UserError(f"item {item} of the checklist: {text}")


def complaints(data: bytes) -> Iterator[tuple[int, str]]:
    """(item, text) of all that a file breaks; UserError for one that cannot be read at all."""
    file = File(data, parse_loadable(data, "the loadable"))
    for item, rules in sorted(RULES.items()):
        for rule in rules:
            for text in rule(file):
                yield item, text


def _rule(item: int) -> Callable[[Rule], Rule]:
    def note(rule: Rule) -> Rule:
        RULES.setdefault(item, []).append(rule)
        return rule

    return note


# -- the container -----------------------------------------------------------------------------


@_rule(1)
def _container(file: File) -> Iterator[str]:
    if file.data[4:8] != IDENTIFIER:
        yield f"the identifier is {file.data[4:8]!r}, not {IDENTIFIER!r}"
    if file.loadable.version != Version(0, 7, 0):
        yield f"the version is {file.loadable.version}, not 0.7.0"
    root = Table(file.data, struct.unpack_from("<I", file.data)[0])
    for slot, name in enumerate(LISTS, 1):
        if not root.Offset(4 + 2 * slot):
            yield f"{name} is missing: the runtime follows it unasked"


@_rule(2)
def _memories(file: File) -> Iterator[str]:
    memories, addresses = file.loadable.memory_list, file.loadable.address_list
    if not memories or not _is_dummy(memories[0]):
        yield "memory 0 is not the dummy: 4,096 bytes, flags 1, no contents"
    if not addresses or addresses[0].mem_id:
        yield "address 0 is not in memory 0"
    for memory in memories:
        if memory.domain != SYSTEM:
            yield f"memory {memory.id}: domain {memory.domain}, not 0"
        if memory.alignment != PAGE:
            yield f"memory {memory.id}: alignment {memory.alignment}, not 4096"


def _is_dummy(memory: Memory) -> bool:
    return (memory.size, memory.flags, memory.contents) == (PAGE, ALLOC, [])


@_rule(3)
def _regions(file: File) -> Iterator[str]:
    loadable = file.loadable
    blobs = {blob.name: blob for blob in loadable.blobs}
    for memory in loadable.memory_list:
        name, held = f"memory {memory.id}", memory.contents
        flags = ALLOC | (memory.flags & (INPUT | OUTPUT) or (SET if held else 0))
        if memory.flags != flags:
            yield f"{name}: flags {memory.flags}, not {flags}"
        if not memory.size:
            yield f"{name}: its size is 0"
        if memory.bindable and held:
            yield f"{name}: the application brings it, and it has contents"
        if len(held) != len(memory.offsets):
            yield f"{name}: {len(held)} contents, {len(memory.offsets)} offsets"
        for content, offset in zip(held, memory.offsets, strict=False):
            if content not in blobs:
                yield f"{name}: there is no blob {content!r}"
            elif offset + blobs[content].size > memory.size:
                yield f"{name}: blob {content!r} ends behind it"
    yield from _tensors(loadable)


def _tensors(loadable: Loadable) -> Iterator[str]:
    for flag, kind in ((INPUT, "input"), (OUTPUT, "output")):
        memories = [memory for memory in loadable.memory_list if memory.flags & (INPUT | OUTPUT) == flag]
        ids = [memory.bind_id for memory in memories]
        if ids != list(range(len(ids))):
            yield f"bind ids of {kind}s are {ids}, not 0 to {len(ids) - 1}"
        for memory in memories:
            if memory.tensor_desc_id >= len(loadable.tensor_desc_list):
                yield f"memory {memory.id}: there is no tensor {memory.tensor_desc_id}"
                continue
            tensor = loadable.tensor_desc_list[memory.tensor_desc_id]
            if tensor.mem_id != memory.id or tensor.offset or tensor.size != memory.size:
                yield f"memory {memory.id}: tensor {tensor.id} is not the whole of it"
            if len(tensor.name) > 80:
                yield f"tensor {tensor.id}: a name of {len(tensor.name)} characters; 80 survive"


# -- the task ----------------------------------------------------------------------------------


@_rule(4)
def _addresses(file: File) -> Iterator[str]:
    addresses, memories = file.loadable.address_list, file.loadable.memory_list
    for address in addresses:
        if address.mem_id >= len(memories):
            yield f"address {address.id}: there is no memory {address.mem_id}"
        elif address.offset:
            yield f"address {address.id}: offset {address.offset}, not 0"
    for task in _accelerated(file):
        for place in _descriptor_places(task):
            memory = _memory(file, task, place)
            if memory is None:
                continue  # item 6
            expected = ALLOC if place == len(task.address_list) - 1 else ALLOC | SET
            sharing = sum(other.mem_id == memory.id for other in addresses)
            if memory.flags != expected or sharing != 1:
                yield f"task {task.id}: entry {place} is not in a memory of its own with flags {expected}"


def _accelerated(file: File) -> list[Task]:
    return [task for task in file.loadable.task_list if task.interface == DLA]


def _descriptor_places(task: Task) -> list[int]:
    """Entries of the address list that hold descriptors, and the dummy; none of a list that is too short (item 6)."""
    count = len(task.address_list)
    return [0, *range(count - 5, count)] if count >= LEAST_ADDRESSES else []


def _memory(file: File, task: Task, place: int) -> Memory | None:
    """The memory of an entry of a task's address list; None if there is none."""
    addresses, memories = file.loadable.address_list, file.loadable.memory_list
    number = task.address_list[place]
    found = addresses[number].mem_id if number < len(addresses) else len(memories)
    return memories[found] if found < len(memories) else None


@_rule(5)
def _blobs(file: File) -> Iterator[str]:
    names = [blob.name for blob in file.loadable.blobs]
    yield from (f"the blob name {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))
    blobs = {blob.name: blob for blob in file.loadable.blobs}
    for task in _accelerated(file):
        for sub, name in enumerate(_BLOBS, 1):
            blob = blobs.get(f"task-{task.id}-{name}")
            if blob is None:
                yield f"there is no blob 'task-{task.id}-{name}'"
            elif (blob.interface, blob.sub_interface, blob.version) != (DLA, sub, Version(0, 12, 3)):
                yield f"blob {blob.name!r} has not interface 1, sub_interface {sub}, version 0.12.3"
            elif name == "lut_list" and (not blob.size or blob.size % Lut.SIZE[0]):
                yield f"blob {blob.name!r} has {blob.size} bytes, not tables of {Lut.SIZE[0]}"
    for blob in file.loadable.blobs:
        if blob.size != len(blob.data):
            yield f"blob {blob.name!r}: size is {blob.size}, its data have {len(blob.data)} bytes"
        if blob.name.startswith("tb-") and (blob.interface, blob.sub_interface, blob.version) != (0, 0, Version()):
            yield f"blob {blob.name!r} of data has not interface 0, sub_interface 0, version 0.0.0"
        elif not blob.name.startswith(("tb-", "task-")):
            yield f"blob {blob.name!r} is named neither 'tb-...' nor 'task-...'"


@_rule(6)
def _tasks(file: File) -> Iterator[str]:
    loadable = file.loadable
    for task in loadable.task_list:
        name = f"task {task.id}"
        if task.interface not in (DLA, EMU):
            yield f"{name}: interface {task.interface}"
        if task.instance != -1:
            yield f"{name}: instance {task.instance}, not -1"
        if any(number >= len(loadable.address_list) for number in task.address_list):
            yield f"{name}: its address list names addresses that are not there"
        if any(number >= len(loadable.event_list) for number in task.post_actions):
            yield f"{name}: its post actions name events that are not there"
    for task in _accelerated(file):
        if len(task.address_list) < LEAST_ADDRESSES:
            yield f"task {task.id}: {len(task.address_list)} addresses, at least {LEAST_ADDRESSES} are needed"
        for place, blob in zip(_descriptor_places(task)[:5], _BLOBS, strict=False):
            memory = _memory(file, task, place)
            if memory is not None and memory.contents != [f"task-{task.id}-{blob}"]:
                yield f"task {task.id}: entry {place} of its address list is not its {blob}"
    submitted = [number for submit in loadable.submit_list for number in submit.task_id]
    if submitted != list(range(len(loadable.task_list))):
        yield f"the tasks submitted are {submitted}, not 0 to {len(loadable.task_list) - 1}"


@_rule(7)
def _network(file: File) -> Iterator[str]:
    for task in file.tasks:
        network, count = task.network, len(task.entries)
        wanted = NetworkDescriptor(
            operations=count - 4, surfaces=count - 3, graph=count - 5, luts=count - 2, heads=_heads(task.operations),
            num_operations=len(task.operations), num_luts=network.num_luts, num_addresses=count,
        )  # fmt: skip
        for name, value in vars(wanted).items():
            found = getattr(network, name)
            if found != value and not (name == "input_layer" and found == -1):
                yield f"task {task.id}: network: {name} is {found}, not {value}"


def _heads(operations: list[Operation]) -> tuple[int, ...]:
    return tuple(next((o.index for o in operations if o.kind is kind), -1) for kind in Kind)


# -- operations --------------------------------------------------------------------------------


@_rule(8)
def _convolutions(file: File) -> Iterator[str]:
    for task, operation in file.operations:
        if operation.kind is not Kind.CONVOLUTION:
            continue
        dst = operation.dst
        behind = operation.common.consumers[Kind.SDP].index
        fed = 0 <= behind < len(task.operations)
        if not fed or task.operations[behind].common.fused_parent.index != operation.index:
            yield f"{operation}: no SDP operation behind it"
            continue
        src = task.operations[behind].src
        for name, cube in (("dst", dst), ("src of its SDP", src)):
            if (cube.type, cube.address) != (Place.UNIT, -1):
                yield f"{operation}: {name} has type {cube.type}, address {cube.address}, not 2 and -1"
        sizes = (dst.width, dst.height, dst.channel)
        if sizes != (src.width, src.height, src.channel):
            yield f"{operation}: its output of {sizes} (w, h, c) is not what its SDP takes"
        if (dst.width, dst.height) == (1, 1) and dst.line_stride != ATOM:
            yield f"{operation}: line_stride of a 1 x 1 output is {dst.line_stride}, not {ATOM}"


@_rule(9)
def _graph(file: File) -> Iterator[str]:
    for task in file.tasks:
        last: dict[Kind, Operation] = {}
        for operation in task.operations:
            before = last.get(operation.kind)
            if before is not None:
                link = before.common.consumers[operation.kind]
                if link.index != operation.index or link.event not in _QUEUED:
                    yield f"{before}: its queue goes on with {link.index} at event {link.event}, not {operation.index}"
            last[operation.kind] = operation
            yield from _fused(task, operation)
        for kind, operation in last.items():
            if operation.common.consumers[kind].index >= 0:
                yield f"{operation}: its queue goes on, but it is the last {kind}"


_QUEUED = (Signal.PROGRAMMED, Signal.ENABLED, Signal.COMPLETED)


def _fused(task: DlaTask, operation: Operation) -> Iterator[str]:
    parent = operation.common.fused_parent
    if operation.src.type != Place.UNIT:
        if parent.index >= 0:
            yield f"{operation}: it reads memory, and has the parent {parent.index}"
        return
    if not 0 <= parent.index < len(task.operations) or parent.event != Signal.ENABLED:
        yield f"{operation}: its parent is {parent.index} at event {parent.event}, not the unit before it at 3"
        return
    link = task.operations[parent.index].common.consumers[operation.kind]
    if (link.index, link.event) != (operation.index, Signal.PROGRAMMED):
        yield f"{operation}: its parent has the consumer {link.index} at event {link.event}, not it at 2"


@_rule(10)
def _counts(file: File) -> Iterator[str]:
    for task in file.tasks:
        counts = [0] * len(task.operations)
        for operation in task.operations:
            for link in (*operation.common.consumers, operation.common.fused_parent):
                if 0 <= link.index < len(counts):
                    counts[link.index] += 1
        for operation, count in zip(task.operations, counts, strict=True):
            if operation.common.dependency_count != count:
                found = operation.common.dependency_count
                yield f"{operation}: dependency_count is {found}, {count} links point to it"


@_rule(11)
def _hardware(file: File) -> Iterator[str]:
    """What nv_small and the firmware refuse; strides of poolings as the driver takes them."""
    for task in file.tasks:
        try:
            check_task(task)
        except UserError as error:
            yield str(error)
    for _, operation in file.operations:
        if operation.kind is Kind.PDP and max(operation.pdp.stride_x, operation.pdp.stride_y) > 8:
            yield f"{operation}: a stride above 8"
        if operation.kind is Kind.CONVOLUTION and operation.convolution.data_reuse:
            yield f"{operation}: data_reuse"


@_rule(12)
def _weights(file: File) -> Iterator[str]:
    """Whole atoms, and no padding that the next layer would read (cdma.md section 6.4): CSC passes over what it has
    used of the weights, CDMA over all it has fetched, and only other banks bring them together again. A file may run
    twice, so the first layer is the next one of the last.
    """
    for task in file.tasks:
        layers = [operation for operation in task.operations if operation.kind is Kind.CONVOLUTION]
        for operation, following in zip(layers, [*layers[1:], *layers[:1]], strict=True):
            op, size = operation.convolution, operation.convolution_cubes.weight.size
            stream = align(op.bytes_per_kernel * operation.dst.channel, ATOM)
            if not size or size % ATOM:
                yield f"{operation}: {size} bytes of weights, not a multiple of {ATOM}"
            elif size > stream and not op.skip_weight_rls and _same_banks(op, following.convolution):
                yield (
                    f"{operation}: {size} bytes of weights, {size - stream} more than its kernels have: {following}, "
                    "with the same banks, would take the padding for weights on the public hardware"
                )


def _same_banks(one: ConvolutionDescriptor, other: ConvolutionDescriptor) -> bool:
    return (one.data_bank, one.weight_bank) == (other.data_bank, other.weight_bank)


@_rule(13)
def _cubes(file: File) -> Iterator[str]:
    """No absolute addresses: cubes begin in the memory they name."""
    for task, operation in file.operations:
        for name, cube in operation.cubes().items():
            if cube.type != Place.MEMORY or not 0 <= cube.address < len(task.entries):
                continue
            buffer = task.entries[cube.address].buffer
            if buffer is None or cube.offset >= buffer.size or cube.offset % ATOM:
                yield f"{operation}, {name}: offset {cube.offset:#x} is no atom of entry {cube.address}"
