"""Flatbuffers <-> the tables of a loadable (spec: loadable.md section 1).

The container may come from anybody: every reference is held against the file before it is followed.
"""

from __future__ import annotations

import struct
from dataclasses import Field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
from flatbuffers.builder import Builder
from flatbuffers.number_types import UOffsetTFlags, VOffsetTFlags
from flatbuffers.table import Table

from cocodla.errors import UserError
from cocodla.files.inputs import read_input
from cocodla.loadable.schema import Loadable, Version

IDENTIFIER = b"NVDA"
MOST_ITEMS = 1_000_000
"""Tables, strings and elements of lists in one file; a list may refer to one thing many times."""
LONGEST_NAME = 4096


class Damaged(ValueError):
    """Bytes that are no loadable, in words."""


# -- reading -----------------------------------------------------------------------------------


def looks_like_loadable(data: bytes) -> bool:
    """Whether a file begins as one: an identifier, or a root table with the nine slots of a loadable."""
    if data[4:8] == IDENTIFIER:
        return True
    try:
        root = struct.unpack_from("<I", data, 0)[0]
        vtable = root - struct.unpack_from("<i", data, root)[0]
        size, whole, version = struct.unpack_from("<HHH", data, vtable) if vtable >= 0 else (0, 0, 0)
    except struct.error:
        return False
    return size == 22 and version != 0 and 4 < whole <= 64


def read_loadable(path: Path | str) -> Loadable:
    """The tables of a loadable; UserError for a file that is none, or damaged."""
    return parse_loadable(read_input(path), path)


def parse_loadable(data: bytes, path: Path | str) -> Loadable:
    """The tables in `data`; blobs are views of it. UserError naming `path` for bytes that are no loadable."""
    try:
        reader = _Reader(data)
        loadable: Loadable = reader.table(Loadable, reader.follow(0))
        _check_ids(loadable)
    except Damaged as error:
        raise UserError(f"{path}: not a loadable, or damaged: {error}") from None
    return loadable


def _check_ids(loadable: Loadable) -> None:
    """Lists are indexed by position; a file whose ids differ is read otherwise by different readers."""
    for name in ("task_list", "memory_list", "address_list", "submit_list", "tensor_desc_list"):
        for place, entry in enumerate(getattr(loadable, name)):
            if entry.id != place:
                raise Damaged(f"{name}[{place}]: id is {entry.id}, not its place in the list")


class _Reader:
    """Follows references inside `data`; Damaged for those that lead outside, or to too much."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.view = memoryview(data)
        self.left = MOST_ITEMS

    def take(self, count: int, size: int, start: int, what: str) -> None:
        """Judge `count` things of `size` bytes at `start`."""
        self.left -= 1 + (count if size > 1 else 0)
        if self.left < 0:
            raise Damaged(f"more than {MOST_ITEMS:,} entries")
        if start < 0 or start + count * size > len(self.data):
            raise Damaged(f"{what} at {start:#x}: {count:,} x {size} bytes are not in the file of {len(self.data):,}")

    def follow(self, place: int) -> int:
        """Where the reference at `place` leads."""
        self.take(1, 4, place, "a reference")
        target: int = place + UOffsetTFlags.packer_type.unpack_from(self.data, place)[0]
        self.take(1, 4, target, "what is referred to")
        return target

    def table(self, kind: Any, place: int) -> Any:
        """The table of a kind at `place`."""
        name = kind.__name__
        self.take(1, 4, place, name)
        start = place - struct.unpack_from("<i", self.data, place)[0]
        self.take(1, 4, start, f"the vtable of {name}")
        size, whole = struct.unpack_from("<HH", self.data, start)
        self.take(1, size, start, f"the vtable of {name}")
        self.take(1, whole, place, name)
        table = Table(self.data, place)
        found = {}
        for slot, (key, shape) in enumerate(_shapes(kind)):
            offset = table.Offset(VOffsetTFlags.bytewidth * (slot + 2)) if 2 * slot + 6 <= size else 0
            if offset:
                try:
                    found[key] = self.value(shape, table, place + offset)
                except Damaged as error:
                    raise Damaged(f"{name}.{key}: {error}") from None
        return kind(**found)

    def value(self, shape: Any, table: Table, place: int) -> Any:
        """The value of a field at `place`."""
        if shape is Version:
            self.take(1, 3, place, "a version")
            return Version(*self.data[place : place + 3])
        if shape is str:
            return self.text(self.follow(place))
        if shape is bytes:
            start, count = self.vector(place, 1)
            return self.view[start : start + count]
        if isinstance(shape, list):
            return self.entries(shape[0], place)
        self.take(1, shape.bytewidth, place, "a number")
        return table.Get(shape, place)

    def vector(self, place: int, size: int) -> tuple[int, int]:
        """(first byte, count) of the vector that the field at `place` refers to."""
        start = self.follow(place)
        count: int = struct.unpack_from("<I", self.data, start)[0]
        self.take(count, size, start + 4, "a list")
        return start + 4, count

    def entries(self, shape: Any, place: int) -> Any:
        width = getattr(shape, "bytewidth", 4)
        start, count = self.vector(place, width)
        if hasattr(shape, "bytewidth"):
            return np.frombuffer(self.data, f"<u{width}", count, start).tolist()
        places = [self.follow(start + 4 * index) for index in range(count)]
        return [self.text(target) if shape is str else self.table(shape, target) for target in places]

    def text(self, place: int) -> str:
        length = struct.unpack_from("<I", self.data, place)[0]
        if length > LONGEST_NAME:
            raise Damaged(f"a name of {length:,} bytes; at most {LONGEST_NAME:,} are taken")
        self.take(1, length + 1, place + 4, "a name")
        if self.data[place + 4 + length]:
            raise Damaged("a name that does not end where its length says")
        found = self.data[place + 4 : place + 4 + length].decode("utf-8", "backslashreplace")
        if not found.isprintable():
            raise Damaged(f"the name {found[:80]!r} has characters that cannot be shown")
        return found


@cache
def _shapes(kind: Any) -> list[tuple[str, Any]]:
    """(attribute, shape) of a table's slots: flags of a number, Version, str, bytes, a table, or a list of one."""
    hints = get_type_hints(kind, include_extras=True)
    named: tuple[Field[Any], ...] = fields(kind)
    return [(entry.name, _shape(hints[entry.name])) for entry in named]


def _shape(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return get_args(hint)[1]
    if get_origin(hint) is list:
        return [_shape(get_args(hint)[0])]
    return bytes if memoryview in get_args(hint) else hint


# -- writing -----------------------------------------------------------------------------------


def write_loadable(loadable: Loadable, identifier: bytes | None = IDENTIFIER) -> bytes:
    """The bytes of a loadable, all lists present, empty ones too (the official reader follows them unasked)."""
    builder = Builder(1 << 16)
    builder.Finish(_write_table(builder, loadable), identifier)
    return bytes(builder.Output())


def _write_table(builder: Builder, table: Any) -> int:
    kind: Any = type(table)
    shapes = _shapes(kind)
    children = {key: _write_child(builder, shape, getattr(table, key)) for key, shape in shapes}
    builder.StartObject(len(shapes))
    for slot, (key, shape) in enumerate(shapes):
        value, child = getattr(table, key), children[key]
        if child is not None:
            builder.PrependUOffsetTRelativeSlot(slot, child, 0)
        elif shape is Version:
            builder.Prep(1, 3)
            for part in (value.sub_minor, value.minor, value.major):
                builder.PrependUint8(part)
            builder.PrependStructSlot(slot, builder.Offset(), 0)
        else:
            builder.PrependSlot(shape, slot, value, 0)
    return int(builder.EndObject())


def _write_child(builder: Builder, shape: Any, value: Any) -> int | None:
    """What a field refers to, written before its table; None for a value inside the table."""
    if shape is str:
        return int(builder.CreateString(value))
    if shape is bytes:
        return int(builder.CreateByteVector(bytes(value)))
    if not isinstance(shape, list):
        return None
    inner = shape[0]
    if hasattr(inner, "bytewidth"):
        return int(builder.CreateNumpyVector(np.array(value, f"<u{inner.bytewidth}")))
    places = [builder.CreateString(entry) if inner is str else _write_table(builder, entry) for entry in value]
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return int(builder.EndVector())
