"""The registers of one group of one unit, frozen at the start of a layer, read by field name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cocodla.golden.arithmetic import sign_extend
from cocodla.registers import MAP


@cache
def _field(unit: str, path: str) -> tuple[str, int, int, int]:
    """(register, least significant bit, mask of the width, reset word) of a field."""
    register, _, name = path.partition(".")
    definition = MAP[f"{unit}.{register}"]
    if not name and len(definition.fields) != 1:
        raise KeyError(f"{unit}.{register} has several fields")
    field = definition.field(name) if name else definition.fields[0]
    return register, field.lsb, (1 << field.width) - 1, definition.reset


class Snapshot:
    """Field values of a unit; registers that are not given have their reset value.

    words: register name (without unit) -> 32-bit word. Fields are named "REGISTER.FIELD", or just
    "REGISTER" for the single field of a register with one field.
    """

    def __init__(self, unit: str, words: Mapping[str, int]) -> None:
        self.unit = unit
        self._words = words

    def get(self, path: str) -> int:
        """Unsigned value of a field."""
        register, shift, mask, reset = _field(self.unit, path)
        return self._words.get(register, reset) >> shift & mask

    def flag(self, path: str) -> bool:
        """A one-bit field."""
        return bool(self.get(path))

    def size(self, path: str) -> int:
        """A field that holds the quantity minus 1."""
        return self.get(path) + 1

    def signed(self, path: str, bits: int) -> int:
        """Low `bits` bits of a field as a signed number."""
        return sign_extend(self.get(path), bits)

    def address(self, path: str) -> int:
        """A base address or stride: the hardware drops the low three bits."""
        return self.get(path) & ~7
