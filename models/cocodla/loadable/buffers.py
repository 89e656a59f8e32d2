"""The memories of a loadable as the runtime makes them: what they hold, who brings them, where they are placed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS, align
from cocodla.loadable.schema import ALLOC, INPUT, SET, SYSTEM, Blob, Loadable, Memory, Tensor

PAGE = 4096
MOST_BYTES = 512 << 20
"""Memory of one loadable: all its buffers."""


@dataclass(frozen=True)
class Content:
    """A blob in a memory."""

    offset: int
    blob: Blob

    @property
    def end(self) -> int:
        return self.offset + len(self.blob.data)


@dataclass(eq=False)
class Buffer:
    """A piece of device memory. memories: those that share it (bindable ones with one bind id)."""

    size: int
    memories: list[int]
    contents: list[Content] = field(default_factory=list)
    tensor: Tensor | None = None
    output: bool = False
    base: int = 0

    @property
    def room(self) -> int:
        """Bytes that the runtime makes available: whole pages."""
        return align(max(self.size, 1), PAGE)

    def read(self, offset: int, length: int) -> bytes:
        """What is there when a task starts; UserError for bytes outside."""
        if offset < 0 or offset + length > self.room:
            raise UserError(f"bytes {offset:#x}..{offset + length:#x} do not lie in its {self.size:,} bytes")
        found = bytearray(length)
        for content in self.contents:
            first, last = max(content.offset, offset), min(content.end, offset + length)
            if first < last:
                part = content.blob.data[first - content.offset : last - content.offset]
                found[first - offset : last - offset] = part
        return bytes(found)


class Buffers:
    """All buffers of a loadable, placed from `base` on, or where `places` (memory: address) puts them.

    UserError for memories that the runtime or nv_small cannot have.
    """

    def __init__(self, loadable: Loadable, base: int, places: Mapping[int, int] | None = None) -> None:
        self.loadable = loadable
        self._by_memory: dict[int, Buffer] = {}
        self._bound: dict[tuple[bool, int], Buffer] = {}
        blobs = _named(loadable)
        for memory in loadable.memory_list:
            self._add(memory, blobs)
        self._place(base, places or {})

    @cached_property
    def all(self) -> list[Buffer]:
        """Every buffer once, in the order of the memory list."""
        return list({id(buffer): buffer for buffer in self._by_memory.values()}.values())

    def of(self, memory: int) -> Buffer | None:
        """The buffer of a memory; None where the runtime makes none."""
        return self._by_memory.get(memory)

    def bound(self, output: bool) -> list[Buffer]:
        """What the application brings, in the order of bind ids."""
        return [self._bound[key] for key in sorted(self._bound) if key[0] == output]

    def _add(self, memory: Memory, blobs: Mapping[str, Blob]) -> None:
        name = f"memory_list[{memory.id}]"
        if memory.domain != SYSTEM:
            raise UserError(f"{name}: domain {memory.domain}: nv_small has system memory (0) only")
        if memory.size > MOST_BYTES:
            raise UserError(f"{name}: size is {memory.size:,} bytes; at most {MOST_BYTES:,} are taken")
        if memory.bindable:
            self._bind(memory, name)
        elif memory.flags & ALLOC:
            buffer = self._by_memory[memory.id] = Buffer(memory.size, [memory.id])
            if memory.flags & SET:
                buffer.contents = list(_contents(memory, name, blobs))

    def _bind(self, memory: Memory, name: str) -> None:
        tensors = self.loadable.tensor_desc_list
        if memory.tensor_desc_id >= len(tensors):
            raise UserError(f"{name}: tensor_desc_id is {memory.tensor_desc_id}, there are {len(tensors)} tensors")
        tensor, output = tensors[memory.tensor_desc_id], not memory.flags & INPUT
        size = max(tensor.size, memory.size)
        if size > MOST_BYTES:
            raise UserError(f"tensor_desc_list[{tensor.id}]: size is {size:,} bytes; at most {MOST_BYTES:,} are taken")
        buffer = self._bound.setdefault((output, memory.bind_id), Buffer(size, [], [], tensor, output))
        buffer.size = max(size, buffer.size)
        buffer.memories.append(memory.id)
        self._by_memory[memory.id] = buffer

    def _place(self, base: int, places: Mapping[int, int]) -> None:
        for output in (False, True):
            ids = [bind for kind, bind in sorted(self._bound) if kind == output]
            if ids != list(range(len(ids))):
                kind = "output" if output else "input"
                raise UserError(f"memory_list: bind ids of the {kind}s are {ids[:8]}, not 0 to {len(ids) - 1}")
        for number, address in places.items():
            buffer = self.of(number)
            if buffer is None:
                raise UserError(f"memory {number}: the loadable has no buffer of that number to place")
            if address % 8:
                raise UserError(f"memory {number}: the address {address:#x} is not a multiple of 8")
            buffer.base = address
        placed = [self._by_memory[number] for number in places]
        for buffer in self.all:
            if buffer not in placed:
                buffer.base, base = base, base + buffer.room
        total = sum(buffer.room for buffer in self.all)
        if total > MOST_BYTES:
            raise UserError(f"memory_list: {total:,} bytes in all; at most {MOST_BYTES:,} are taken")
        end = 0
        for buffer in sorted(self.all, key=lambda entry: entry.base):
            if buffer.base < end:
                raise UserError(f"memory {buffer.memories[0]} at {buffer.base:#x} overlaps another one")
            end = buffer.base + (buffer.size if buffer in placed else buffer.room)
        if end > 1 << ADDRESS_BITS:
            raise UserError(f"memory_list: the buffers end at {end:#x}, outside the 32-bit memory")


def _named(loadable: Loadable) -> dict[str, Blob]:
    found: dict[str, Blob] = {}
    for blob in loadable.blobs:
        if blob.name in found:
            raise UserError(f"blobs: the name {blob.name[:80]!r} is there twice")
        if blob.size != len(blob.data):
            raise UserError(f"blob {blob.name[:80]!r}: size is {blob.size:,}, its data have {len(blob.data):,} bytes")
        found[blob.name] = blob
    return found


def _contents(memory: Memory, name: str, blobs: Mapping[str, Blob]) -> Iterator[Content]:
    if len(memory.contents) != len(memory.offsets):
        raise UserError(f"{name}: {len(memory.contents)} contents, but {len(memory.offsets)} offsets")
    for text, offset in zip(memory.contents, memory.offsets, strict=True):
        blob = blobs.get(text)
        if blob is None:
            raise UserError(f"{name}: there is no blob {text[:80]!r}")
        if offset + len(blob.data) > memory.size:
            raise UserError(
                f"{name}: blob {text[:80]!r} at {offset:#x} has {len(blob.data):,} bytes, the memory {memory.size:,}"
            )
        yield Content(offset, blob)
