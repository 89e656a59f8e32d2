"""Words of registers, by name."""

from __future__ import annotations

from cocodla.loadable.descriptors import Cube, Place
from cocodla.registers import MAP
from cocodla.registers.model import WORD_MASK

Words = list[tuple[str, int]]
"""(UNIT.REGISTER, word)."""


def word(path: str, **values: int) -> tuple[str, int]:
    """A register with these fields, all others 0. UserError for a value that does not fit."""
    return path, MAP[path].encode(**values)


def raw(path: str, value: int) -> tuple[str, int]:
    """A register as one number, which is sign-extended to the whole word."""
    return path, value & WORD_MASK


def address(path: str, suffix: str, value: int, high_first: bool = False) -> Words:
    """The two registers of an address, `path`_LOW and _HIGH with a suffix."""
    low, high = (f"{path}_LOW{suffix}", value & WORD_MASK), (f"{path}_HIGH{suffix}", value >> 32)
    return [high, low] if high_first else [low, high]


def memory(cube: Cube) -> int:
    """The RAM type of a cube: 1 for external memory; also where the unit's reader or writer is off."""
    return int(cube.type != Place.SRAM)
