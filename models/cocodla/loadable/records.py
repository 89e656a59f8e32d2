"""Records: C structures as dataclasses, one table of fields for reading and writing, in the two layouts that exist."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from typing_extensions import Self

U8 = Annotated[int, "B"]
I8 = Annotated[int, "b"]
U16 = Annotated[int, "H"]
I16 = Annotated[int, "h"]
U32 = Annotated[int, "I"]
I32 = Annotated[int, "i"]
I64 = Annotated[int, "q"]
U64 = Annotated[int, "Q"]
F32 = Annotated[float, "f"]


class Layout(Enum):
    """OLD: compilers of 2018. NEW: since 2019, fields were put in (spec: loadable.md section 2)."""

    OLD = "0.11 or older"
    NEW = "0.12"


@dataclass(frozen=True)
class Array:
    """Values in a row: Annotated[tuple[int, ...], Array("i", 7)], or records: Array(Cube, 5)."""

    kind: Any
    count: int


NEW_ONLY = "new only"
"""Annotated[int, "I", NEW_ONLY]: not in the old layout."""


class Record:
    """A structure, little-endian. A field may be a number, another record, or an Array of either.

    ALIGN: natural alignment up to so many bytes; 1: packed. SIZE: bytes in the new layout and in the old one.
    """

    ALIGN: ClassVar[int] = 4
    SIZE: ClassVar[tuple[int, int]]

    @classmethod
    def length(cls, layout: Layout) -> int:
        """Bytes of a record."""
        return cls.SIZE[layout is Layout.OLD]

    @classmethod
    def read(cls, data: bytes | memoryview, layout: Layout, offset: int = 0) -> Self:
        """The record at an offset of `data`, which must hold it."""
        kind: Any = cls
        found: Self = _take(kind, layout, iter(_struct(kind, layout).unpack_from(data, offset)))
        return found

    def write(self, layout: Layout) -> bytes:
        """The bytes of the record."""
        kind: Any = type(self)
        return _struct(kind, layout).pack(*_values(self, layout))


@cache
def _table(cls: Any, layout: Layout) -> list[tuple[str, Any]]:
    """(attribute, kind) of the fields in a layout; kind: letter of struct, record or Array."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for entry in fields(cls):
        hint = hints[entry.name]
        kind, *marks = get_args(hint)[1:] if get_origin(hint) is Annotated else (hint,)
        if layout is Layout.NEW or NEW_ONLY not in marks:
            found.append((entry.name, kind))
    return found


@cache
def _struct(cls: Any, layout: Layout) -> struct.Struct:
    text, end = _format(cls, layout)
    assert end <= cls.length(layout), (cls.__name__, end)
    return struct.Struct(f"<{text}{cls.length(layout) - end}x")


def _format(cls: Any, layout: Layout) -> tuple[str, int]:
    """Format of struct with the gaps of alignment, and where it ends."""
    text, place = "", 0
    for _, kind in _table(cls, layout):
        count, kind = (kind.count, kind.kind) if isinstance(kind, Array) else (1, kind)
        if isinstance(kind, str):
            part, size = kind, struct.calcsize(f"<{kind}")
            boundary = min(size, cls.ALIGN)
        else:
            inner, size = kind.length(layout), kind.length(layout)
            part, end = _format(kind, layout)
            part, boundary = f"{part}{inner - end}x", min(cls.ALIGN, _alignment(kind, layout))
        gap = -place % boundary
        text += f"{gap}x" + part * count
        place += gap + size * count
    return text, place


def _alignment(cls: Any, layout: Layout) -> int:
    """Largest alignment that a field of the record asks for."""
    found = 1
    for _, kind in _table(cls, layout):
        kind = kind.kind if isinstance(kind, Array) else kind
        size = struct.calcsize(f"<{kind}") if isinstance(kind, str) else _alignment(kind, layout)
        found = max(found, min(size, cls.ALIGN))
    return found


def _take(cls: Any, layout: Layout, values: Iterator[Any]) -> Any:
    def one(kind: Any) -> Any:
        return next(values) if isinstance(kind, str) else _take(kind, layout, values)

    return cls(
        **{
            key: tuple(one(kind.kind) for _ in range(kind.count)) if isinstance(kind, Array) else one(kind)
            for key, kind in _table(cls, layout)
        }
    )


def _values(record: Record, layout: Layout) -> Iterator[Any]:
    cls: Any = type(record)
    for key, kind in _table(cls, layout):
        value = getattr(record, key)
        for part in value if isinstance(kind, Array) else (value,):
            if isinstance(part, Record):
                yield from _values(part, layout)
            else:
                yield part
