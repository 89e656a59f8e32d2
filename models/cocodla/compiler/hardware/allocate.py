"""Addresses of constants and tensors."""

from __future__ import annotations

from dataclasses import dataclass, field

from cocodla import hw
from cocodla.compiler.hardware.layer import HardwareLayer
from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError

ALIGNMENT = 256
"""Regions start at multiples of this: a weight base of 256 is what the public documentation asks for."""


@dataclass
class MemoryImage:
    """Constants at `base`, in one piece; all memory the network uses ends below `end`."""

    base: int
    data: bytes
    end: int


@dataclass
class _Region:
    """A piece of memory that is alive from layer `first` to layer `last`."""

    tensor: Tensor
    first: int
    last: int
    offset: int = 0

    def meets(self, other: _Region) -> bool:
        return self.first <= other.last and other.first <= self.last

    @property
    def end(self) -> int:
        return self.offset + self.tensor.size


@dataclass
class _Cursor:
    position: int
    pieces: list[bytes] = field(default_factory=list)

    def take(self, size: int) -> int:
        start = self.position
        self.position = hw.align(start + size, ALIGNMENT)
        return start


def allocate(
    layers: list[HardwareLayer],
    tensors: dict[str, Tensor],
    input_name: str,
    outputs: list[str],
    options: CompileOptions,
) -> MemoryImage:
    """Give every constant blob and every tensor its address; UserError if 32 bits do not suffice."""
    base = hw.align(options.base_address, ALIGNMENT)
    cursor = _Cursor(base)
    known: dict[bytes, int] = {}
    for layer in layers:
        for role, blob in layer.blobs.items():
            if blob not in known:
                known[blob] = cursor.take(len(blob))
                cursor.pieces.append(blob.ljust(cursor.position - known[blob], b"\0"))
            layer.addresses[role] = known[blob]
    regions = _lifetimes(layers, tensors, input_name, outputs)
    size = _first_fit(regions) if options.reuse_memory else _one_after_the_other(regions)
    for _ in range(options.images_in_flight):
        tensors[input_name].addresses.append(cursor.take(tensors[input_name].size))
        start = cursor.take(size)
        for region in regions:
            region.tensor.addresses.append(start + region.offset)
    if cursor.position > 1 << hw.ADDRESS_BITS:
        raise UserError(
            f"the network needs memory from {base:#x} to {cursor.position:#x}, beyond the {hw.ADDRESS_BITS}-bit "
            f"address space: {_first_beyond(layers, regions, tensors[input_name])}"
        )
    views = [tensor for layer in layers for tensor in (*layer.sources, layer.target)]
    for view in (*views, *tensors.values()):
        if view.root:
            view.addresses = [address + view.offset for address in tensors[view.root].addresses]
    return MemoryImage(base, b"".join(cursor.pieces), cursor.position)


def _first_beyond(layers: list[HardwareLayer], regions: list[_Region], given: Tensor) -> str:
    """The lowest tensor that does not fit, and the layer that makes it."""
    writers = {layer.target.memory: layer.name for layer in reversed(layers)}
    made = [
        (region.tensor, f"the output of {writers[region.tensor.memory]!r}")
        for region in regions
        if region.tensor.memory in writers
    ]
    ends = sorted(
        (address + tensor.size, tensor.size, what)
        for tensor, what in [(given, f"the input {given.name!r}"), *made]
        for address in tensor.addresses
    )
    for end, size, what in ends:
        if end > 1 << hw.ADDRESS_BITS:
            return f"{what} ({size} bytes) ends at {end:#x}"
    return "its constants alone"


def _lifetimes(
    layers: list[HardwareLayer], tensors: dict[str, Tensor], input_name: str, outputs: list[str]
) -> list[_Region]:
    regions: dict[str, _Region] = {}
    staged = bool(layers) and layers[-1].stage > 0
    for index, layer in enumerate(layers):
        for tensor in (*layer.sources, layer.target):
            if tensor.memory != input_name:
                region = regions.setdefault(tensor.memory, _Region(tensors[tensor.memory], index, index))
                region.last = index
                if staged:  # tensors cross from stage to stage: none shares memory
                    region.first, region.last = 0, len(layers)
    for name in outputs:
        memory = tensors[name].memory
        if memory in regions:
            regions[memory].last = len(layers)
    return list(regions.values())


def _one_after_the_other(regions: list[_Region]) -> int:
    """Offsets without any sharing; the size of it all."""
    cursor = _Cursor(0)
    for region in regions:
        region.offset = cursor.take(region.tensor.size)
    return cursor.position


def _first_fit(regions: list[_Region]) -> int:
    """Offsets such that regions alive together do not overlap, largest regions first; the size of it all."""
    placed: list[_Region] = []
    for region in sorted(regions, key=lambda r: -r.tensor.size):
        offset = 0
        for other in sorted((p for p in placed if p.meets(region)), key=lambda p: p.offset):
            if offset + region.tensor.size <= other.offset:
                break
            offset = max(offset, hw.align(other.end, ALIGNMENT))
        region.offset = offset
        placed.append(region)
    return max((region.end for region in placed), default=0)
