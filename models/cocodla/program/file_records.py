"""The lines of a program file as typed records. Ranges of addresses and words are the program's own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, TypedDict

import msgspec
import msgspec.structs
from msgspec import Meta, Struct

from cocodla import hw
from cocodla.formats import CubeLayout
from cocodla.program import commands

Address = Annotated[int, Meta(ge=0, lt=1 << hw.ADDRESS_BITS)]
Length = Annotated[int, Meta(ge=0, le=1 << hw.ADDRESS_BITS)]
Number = Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
Place = Annotated[int, Meta(ge=0, lt=1 << 40)]
Extent = Annotated[int, Meta(ge=1, lt=1 << 31)]
Blob = Callable[[int, int], bytes]
"""Bytes of data.bin by offset and length; ValueError if there are none."""


class _Plain(Struct, array_like=True, forbid_unknown_fields=True):
    """A record whose values are those of its command."""

    KIND: ClassVar[type[commands.Command]]

    def command(self, blob: Blob) -> commands.Command:
        return self.KIND(*msgspec.structs.astuple(self))


class _Load(Struct, tag="load", array_like=True, forbid_unknown_fields=True):
    address: Number
    offset: Place
    length: Number

    def command(self, blob: Blob) -> commands.Command:
        return commands.LoadMemory(self.address, blob(self.offset, self.length))


class _Fill(_Plain, tag="fill"):
    KIND = commands.FillMemory
    address: Number
    length: Number
    value: Number


class _Write(_Plain, tag="write"):
    KIND = commands.WriteRegister
    address: Number
    value: Number


class _Read(_Plain, tag="read"):
    KIND = commands.ReadRegister
    address: Number
    mask: Number
    expected: Number


class _Poll(_Plain, tag="poll"):
    KIND = commands.PollRegister
    address: Number
    mask: Number
    expected: Number


class _Wait(_Plain, tag="wait"):
    KIND = commands.WaitInterrupt
    bits: Number
    clear: bool


class _Check(Struct, tag="check", array_like=True, forbid_unknown_fields=True):
    address: Number
    length: Number
    name: str
    offset: Place | None
    crc: Number | None

    def command(self, blob: Blob) -> commands.Command:
        expected = None if self.offset is None else blob(self.offset, self.length)
        return commands.CheckMemory(self.address, self.length, self.name, expected, self.crc)


class _Tensor(TypedDict):
    """The tensor that is read back next: see program/compare.py."""

    name: str
    address: Address
    width: Extent
    height: Extent
    channels: Extent
    line_stride: Extent
    surface_stride: Annotated[int, Meta(ge=0, le=1 << hw.ADDRESS_BITS)]


class _Info(TypedDict, total=False):
    """What readers of a Mark look at; there may be more."""

    layer: str
    image: Annotated[int, Meta(ge=0, lt=1 << 31)]
    operation: str
    tensor: _Tensor


class _Mark(Struct, tag="mark", array_like=True, forbid_unknown_fields=True):
    name: str
    info: dict[str, Any]

    def command(self, blob: Blob) -> commands.Command:
        known = msgspec.convert(self.info, _Info)
        if "tensor" in known:
            layout = CubeLayout.from_json(dict(known["tensor"]))
            if layout.surfaces > 1 and not layout.surface_stride:
                raise ValueError("surface_stride of a tensor of several surfaces is 0")
        return commands.Mark(self.name, self.info)


class _Meta(TypedDict, total=False):
    """What readers of a program look at; there may be more. lines: number of a file, and line, of each command.

    memory: address and length of what the program uses without naming it.
    """

    files: list[str]
    lines: list[tuple[Length, Length]]
    memory: list[tuple[Address, Length]]


_Record = _Load | _Fill | _Write | _Read | _Poll | _Wait | _Check | _Mark


def command(item: Any, blob: Blob) -> commands.Command:
    """The command that a JSON value stands for; ValueError that names the rule it breaks."""
    try:
        record: Any = msgspec.convert(item, _Record)
    except msgspec.ValidationError as error:
        raise ValueError(f"unknown command or value: {error}") from None
    made: commands.Command = record.command(blob)
    return made


def meta(values: Any) -> dict[str, Any]:
    """The header's values; ValueError for those that readers could not take."""
    given: dict[str, Any] = msgspec.convert(values, dict[str, Any])
    known = msgspec.convert(values, _Meta)
    files = len(known.get("files", []))
    if any(line and file >= files for file, line in known.get("lines", [])):
        raise ValueError(f"a line of a file that is not among its {files}")
    if any(base + size > 1 << hw.ADDRESS_BITS for base, size in known.get("memory", [])):
        raise ValueError("memory outside the 32-bit addresses")
    return given
