"""A task for the accelerator: its descriptors, found by their indices (spec: loadable.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
from cocodla.loadable import schema
from cocodla.loadable.buffers import Buffer, Buffers
from cocodla.loadable.descriptors import (
    SHAPES,
    CdpDescriptor,
    CommonDescriptor,
    ConvolutionDescriptor,
    ConvolutionSurfaces,
    Cube,
    Descriptor,
    Kind,
    Lut,
    NetworkDescriptor,
    PdpDescriptor,
    Place,
    PoolSurfaces,
    SdpDescriptor,
    SdpSurfaces,
    Surfaces,
)
from cocodla.loadable.records import Layout, Record

MOST_ADDRESSES = 6144
"""Entries of a task's address list."""
_R = TypeVar("_R", bound=Record)


@dataclass
class Operation:
    """One operation of a task."""

    index: int
    kind: Kind
    common: CommonDescriptor
    descriptor: Descriptor
    surfaces: Surfaces

    def __str__(self) -> str:
        return f"operation {self.index} ({self.kind})"

    @property
    def convolution(self) -> ConvolutionDescriptor:
        return cast(ConvolutionDescriptor, self.descriptor)

    @property
    def convolution_cubes(self) -> ConvolutionSurfaces:
        return cast(ConvolutionSurfaces, self.surfaces)

    @property
    def sdp(self) -> SdpDescriptor:
        return cast(SdpDescriptor, self.descriptor)

    @property
    def sdp_cubes(self) -> SdpSurfaces:
        return cast(SdpSurfaces, self.surfaces)

    @property
    def pdp(self) -> PdpDescriptor:
        return cast(PdpDescriptor, self.descriptor)

    @property
    def cdp(self) -> CdpDescriptor:
        return cast(CdpDescriptor, self.descriptor)

    @property
    def pool_cubes(self) -> PoolSurfaces:
        return cast(PoolSurfaces, self.surfaces)

    @property
    def src(self) -> Cube:
        return self.surfaces.src

    @property
    def dst(self) -> Cube:
        return self.surfaces.dst

    @property
    def feeds_unit(self) -> bool:
        """Whether the result goes to the next unit: that of a convolution always does."""
        return self.kind is Kind.CONVOLUTION or self.dst.type == Place.UNIT

    def cubes(self) -> dict[str, Cube]:
        """The cubes that the operation looks at, by name."""
        found = {"src": self.src, "dst": self.dst}
        if self.kind is Kind.CONVOLUTION:
            found["weight"] = self.convolution_cubes.weight
        elif self.kind is Kind.SDP:
            stages = (("x1", self.sdp.x1_op), ("x2", self.sdp.x2_op), ("y", self.sdp.y_op))
            found |= {name: getattr(self.surfaces, name) for name, stage in stages if stage.reads}
        return found


@dataclass(frozen=True)
class Entry:
    """An entry of a task's address list: a place in a buffer; None for a memory that nobody allocates."""

    memory: int
    buffer: Buffer | None
    offset: int


@dataclass
class Task:
    """A task for the accelerator, read from a loadable."""

    id: int
    layout: Layout
    version: schema.Version
    entries: list[Entry]
    network: NetworkDescriptor
    operations: list[Operation]
    luts: list[Lut] = field(default_factory=list)

    def device(self, cube: Cube) -> int:
        """Device address of a cube, 0 for one without; UserError for one that cannot be."""
        if cube.address == -1:
            return 0
        entry = self.entries[cube.address]
        if entry.buffer is None:
            raise UserError(f"address {cube.address} is in memory {entry.memory}, which is not allocated")
        found = entry.buffer.base + entry.offset + cube.offset
        if found % 8 or found >= 1 << ADDRESS_BITS:
            raise UserError(f"the address {found:#x} is not a multiple of 8 below 2^{ADDRESS_BITS}")
        return found

    def read(self, kind: type[_R], index: int, count: int, what: str) -> list[_R]:
        """`count` descriptors at entry `index` of the address list."""
        size = kind.length(self.layout)
        data = descriptor_bytes(self.entries, index, count * size, what)
        return [kind.read(data, self.layout, size * place) for place in range(count)]


def read_task(buffers: Buffers, number: int) -> Task:
    """The descriptors of a task for the accelerator; UserError for what the firmware could not read."""
    task = buffers.loadable.task_list[number]
    try:
        entries = address_list(buffers, task)
        data = descriptor_bytes(entries, 0, NetworkDescriptor.length(Layout.NEW), "the network descriptor")
        network = NetworkDescriptor.read(data, Layout.NEW)
        if not network.num_operations:
            raise UserError("the network descriptor has no operations")
        version = _version(entries, network)
        found = Task(number, _layout(version), version, entries, network, [])
        found.operations = _operations(found)
        found.luts = found.read(Lut, network.luts, network.num_luts, "the LUT list") if network.num_luts else []
    except UserError as error:
        raise UserError(f"task {number}: {error}") from None
    _check_layout(found)
    return found


def address_list(buffers: Buffers, task: schema.Task) -> list[Entry]:
    """The places that a task knows."""
    addresses, memories = buffers.loadable.address_list, buffers.loadable.memory_list
    if len(task.address_list) > MOST_ADDRESSES:
        raise UserError(f"{len(task.address_list):,} addresses; at most {MOST_ADDRESSES:,} are taken")
    found = []
    for place, number in enumerate(task.address_list):
        if number >= len(addresses):
            raise UserError(f"address_list[{place}] is {number}, the loadable has {len(addresses)} addresses")
        address = addresses[number]
        if address.mem_id >= len(memories):
            raise UserError(f"address {number} is in memory {address.mem_id}, there are {len(memories)}")
        buffer = buffers.of(address.mem_id)
        if buffer is not None and address.offset >= buffer.room:
            raise UserError(f"address {number}: the offset {address.offset:#x} is outside memory {address.mem_id}")
        found.append(Entry(address.mem_id, buffer, address.offset))
    return found


def descriptor_bytes(entries: list[Entry], index: int, length: int, what: str) -> bytes:
    """The first bytes at entry `index` of an address list."""
    if not 0 <= index < len(entries):
        raise UserError(f"{what}: its index is {index}, the task has {len(entries)} addresses")
    entry = entries[index]
    if entry.buffer is None:
        raise UserError(f"{what}: memory {entry.memory} is not allocated")
    try:
        return entry.buffer.read(entry.offset, length)
    except UserError as error:
        raise UserError(f"{what} in memory {entry.memory}: {error}") from None


def _version(entries: list[Entry], network: NetworkDescriptor) -> schema.Version:
    """Version of the blob with the operations."""
    if not 0 <= network.operations < len(entries):
        raise UserError(f"the operation list: its index is {network.operations}, the task has {len(entries)} addresses")
    entry = entries[network.operations]
    contents = entry.buffer.contents if entry.buffer else []
    found = next((c.blob.version for c in contents if c.offset <= entry.offset < c.end), None)
    if found is None:
        raise UserError(f"the operation list in memory {entry.memory}: no blob holds it")
    return found


def _layout(version: schema.Version) -> Layout:
    """Old descriptors, or those since 0.12: the sizes do not tell them apart (spec: section 2)."""
    if version.major > 1 or (version.major == 0 and version.minor > 12):
        raise UserError(f"descriptors of version {version} are unknown; known are those to 0.12 and 1.x")
    return Layout.NEW if version.major == 0 and version.minor >= 12 else Layout.OLD


def _operations(task: Task) -> list[Operation]:
    """All operations of a task in its layout."""
    network, count = task.network, task.network.num_operations
    common = task.read(CommonDescriptor, network.graph, count, "the dependency graph")
    raw = descriptor_bytes(task.entries, network.operations, 116 * count, "the operation list")
    surfaces = descriptor_bytes(task.entries, network.surfaces, 644 * count, "the surface list")
    found = []
    for index, entry in enumerate(common):
        if entry.op_type not in SHAPES:
            name = Kind(entry.op_type).name if entry.op_type in (Kind.BDMA, Kind.RUBIK) else f"type {entry.op_type}"
            raise UserError(f"operation {index} is {name}, which nv_small does not have")
        kind = Kind(entry.op_type)
        one, other = SHAPES[kind]
        described: Any = one.read(raw, task.layout, 116 * index)
        cubes: Any = other.read(surfaces, task.layout, 644 * index)
        found.append(Operation(index, kind, entry, described, cubes))
    return found


# -- which layout ------------------------------------------------------------------------------


def _check_layout(task: Task) -> None:
    """UserError if the cubes make no sense in the layout that the version tells, but in the other one."""
    reason = _implausible(task, task.operations)
    if reason is None:
        return
    other = Layout.OLD if task.layout is Layout.NEW else Layout.NEW
    twin = Task(task.id, other, task.version, task.entries, task.network, [])
    twin.operations = _operations(twin)
    if _implausible(twin, twin.operations) is None:
        raise UserError(
            f"task {task.id}: version {task.version} means descriptors of layout {task.layout.value}, but {reason}; "
            f"they make sense in layout {other.value} only"
        )
    raise UserError(f"task {task.id}: {reason}")


def _implausible(task: Task, operations: list[Operation]) -> str | None:
    """The first thing that no compiler writes; None if there is nothing."""
    for operation in operations:
        for name, cube in operation.cubes().items():
            if reason := _odd(cube, len(task.entries), name):
                return f"{operation}, {name}: {reason}"
    return None


def _odd(cube: Cube, entries: int, name: str) -> str | None:
    if cube.type > Place.UNIT:
        return f"type {cube.type} is unknown"
    if not -1 <= cube.address < entries:
        return f"its address is {cube.address}, the task has {entries}"
    if cube.reserved:
        return f"the reserved halfword is {cube.reserved:#x}"
    if name != "weight" and not (cube.width and cube.height and cube.channel):
        return f"a cube of {cube.width} x {cube.height} x {cube.channel} (w x h x c)"
    return None
