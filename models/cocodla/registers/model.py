"""Registers of the accelerator as plain data: fields, registers, units (spec: system.md sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cocodla.errors import UserError

WORD_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Field:
    """One field of a register.

    access: ro, rw, wo (write only, reads 0), w1c (write 1 clears), const, trig (read/write with a side effect).
    reset: value of the field, not shifted to its place.
    enum: names of values, may be empty.
    minus_one: the field holds the quantity minus 1.
    storage_only: can be written and read back, but nothing depends on it (the register's mark counts too).
    no_port: the project's own datapath does not look at it.
    absent: belongs to a feature the configuration does not have; always 0.
    on_read: reading has a side effect too.
    """

    name: str
    msb: int
    lsb: int
    access: str
    reset: int = 0
    enum: Mapping[str, int] = field(default_factory=dict, hash=False)
    minus_one: bool = False
    storage_only: bool = False
    no_port: bool = False
    absent: bool = False
    on_read: bool = False

    @property
    def width(self) -> int:
        """Number of bits."""
        return self.msb - self.lsb + 1

    @property
    def mask(self) -> int:
        """The field's bits in the 32-bit word."""
        return ((1 << self.width) - 1) << self.lsb

    @property
    def writable(self) -> bool:
        """True when a bus write can have an effect."""
        return self.access in ("rw", "wo", "w1c", "trig")

    def value_of(self, value: int | str) -> int:
        """The field's bits for a number or an enumerant; negative numbers become two's complement.

        Raises UserError for an unknown enumerant or a number that does not fit.
        """
        if isinstance(value, str):
            if value not in self.enum:
                raise UserError(f"field {self.name} has no value named {value!r}; known: {', '.join(self.enum)}")
            return self.enum[value]
        if not -(1 << (self.width - 1)) <= value < 1 << self.width:
            raise UserError(f"value {value} does not fit field {self.name} of {self.width} bits")
        return int(value) & ((1 << self.width) - 1)


@dataclass(frozen=True)
class Register:
    """One register: `address` is the byte address in the 256 KiB CSB window.

    group: rom, plain, single (S_, one copy) or dual (D_, one copy in each of the two groups).
    held: a status copy that stays when OP_EN of its group rises (others are cleared then).
    """

    name: str
    unit: str
    address: int
    group: str
    fields: tuple[Field, ...]
    description: str = ""
    storage_only: bool = False
    held: bool = False

    @property
    def path(self) -> str:
        """`UNIT.REGISTER`."""
        return f"{self.unit}.{self.name}"

    @property
    def offset(self) -> int:
        """Byte offset inside the unit's 4 KiB."""
        return self.address & 0xFFF

    @cached_property
    def reset(self) -> int:
        """The 32-bit word after reset."""
        return sum(f.reset << f.lsb for f in self.fields)

    @cached_property
    def write_mask(self) -> int:
        """Bits that a write can change or act on."""
        return sum(f.mask for f in self.fields if f.writable)

    @cached_property
    def read_mask(self) -> int:
        """Bits that can read as something other than 0."""
        return sum(f.mask for f in self.fields if f.access != "wo")

    @property
    def access(self) -> str:
        """Access of the whole word: ro, wo or rw."""
        if not self.write_mask:
            return "ro"
        return "rw" if self.read_mask else "wo"

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {f.name: f for f in self.fields}

    def field(self, name: str) -> Field:
        """The field `name`; UserError when there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise UserError(f"register {self.path} has no field {name!r}; it has {', '.join(self._by_name)}")
        return found

    def encode(self, base: int = 0, /, **values: int | str) -> int:
        """The word with the named fields set (numbers or enumerant names); other bits come from `base`.

        Fields coded minus 1 take the coded value. Raises UserError for an unknown field or a value that does not fit.
        """
        word = base & WORD_MASK
        for name, value in values.items():
            f = self.field(name)
            word = (word & ~f.mask) | (f.value_of(value) << f.lsb)
        return word

    def decode(self, word: int) -> dict[str, int]:
        """Field name -> unsigned value of its bits in `word`."""
        return {f.name: (word & f.mask) >> f.lsb for f in self.fields}


@dataclass(frozen=True)
class Unit:
    """A unit and its registers in order of address."""

    name: str
    base: int
    registers: tuple[Register, ...]
    description: str = ""

    @property
    def has_groups(self) -> bool:
        """True when the unit has two register groups."""
        return any(r.group == "dual" for r in self.registers)
