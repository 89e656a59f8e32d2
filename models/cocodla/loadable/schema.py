"""The tables of a loadable, one class each; the place of an attribute is its slot (spec: loadable.md section 1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from flatbuffers import number_types as numbers

U8 = Annotated[int, numbers.Uint8Flags]
I16 = Annotated[int, numbers.Int16Flags]
U16 = Annotated[int, numbers.Uint16Flags]
I32 = Annotated[int, numbers.Int32Flags]
U32 = Annotated[int, numbers.Uint32Flags]
U64 = Annotated[int, numbers.Uint64Flags]

DLA, EMU = 1, 2
"""Interfaces: the accelerator, the emulator on the CPU; 0: none."""
ALLOC, SET, INPUT, OUTPUT, DEBUG = 1, 2, 4, 8, 16
"""Flags of a memory."""
SYSTEM, SRAM = 0, 1
"""Domains of a memory."""


@dataclass(frozen=True)
class Version:
    """A struct of three bytes."""

    major: int = 0
    minor: int = 0
    sub_minor: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.sub_minor}"


@dataclass
class Task:
    id: U16 = 0
    interface: U32 = 0
    instance: I16 = 0
    address_list: list[U16] = field(default_factory=list)
    pre_actions: list[U16] = field(default_factory=list)
    post_actions: list[U16] = field(default_factory=list)


@dataclass
class Submit:
    id: U16 = 0
    task_id: list[U16] = field(default_factory=list)


@dataclass
class Memory:
    """contents: names of blobs, offsets: where each begins."""

    id: U16 = 0
    domain: U8 = 0
    flags: U16 = 0
    size: U64 = 0
    alignment: U32 = 0
    contents: list[str] = field(default_factory=list)
    offsets: list[U64] = field(default_factory=list)
    bind_id: U16 = 0
    tensor_desc_id: U16 = 0

    @property
    def bindable(self) -> bool:
        """Whether the application brings the buffer."""
        return bool(self.flags & (INPUT | OUTPUT))


@dataclass
class Address:
    id: U16 = 0
    mem_id: U16 = 0
    offset: U64 = 0
    size: U64 = 0


@dataclass
class Event:
    """op: 0 wait, 1 signal."""

    id: U16 = 0
    type: U8 = 0
    target: U16 = 0
    val: U32 = 0
    op: U8 = 0


@dataclass
class Blob:
    name: str = ""
    size: U64 = 0
    interface: U32 = 0
    sub_interface: U32 = 0
    version: Version = Version()
    data: bytes | memoryview = b""


@dataclass
class Tensor:
    """Strides in bytes: of an element, a line, a surface, a plane."""

    name: str = ""
    id: U16 = 0
    mem_id: U16 = 0
    size: U64 = 0
    offset: U64 = 0
    data_format: U8 = 0
    data_type: U8 = 0
    data_category: U8 = 0
    pixel_format: U8 = 0
    pixel_mapping: U8 = 0
    n: I32 = 0
    c: I32 = 0
    h: I32 = 0
    w: I32 = 0
    stride_0: U32 = 0
    stride_1: U32 = 0
    stride_2: U32 = 0
    stride_3: U32 = 0
    stride_4: U32 = 0
    stride_5: U32 = 0
    stride_6: U32 = 0
    stride_7: U32 = 0


@dataclass
class Reloc:
    address_id: U16 = 0
    write_id: U16 = 0
    offset: U64 = 0
    interface: U32 = 0
    sub_interface: U32 = 0
    reloc_type: U8 = 0


@dataclass
class Loadable:
    """The root table. All indices between the lists are positions in them."""

    version: Version = Version()
    task_list: list[Task] = field(default_factory=list)
    memory_list: list[Memory] = field(default_factory=list)
    address_list: list[Address] = field(default_factory=list)
    event_list: list[Event] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    tensor_desc_list: list[Tensor] = field(default_factory=list)
    reloc_list: list[Reloc] = field(default_factory=list)
    submit_list: list[Submit] = field(default_factory=list)
