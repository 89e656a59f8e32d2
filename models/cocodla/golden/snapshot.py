"""The registers of one group of one unit, frozen at the start of a layer, read by field name."""

from __future__ import annotations

from collections.abc import Mapping

from cocodla.golden.arithmetic import sign_extend
from cocodla.registers import MAP


class Snapshot:
    """Field values of a unit; registers that are not given have their reset value.

    words: register name (without unit) -> 32-bit word. Fields are named "REGISTER.FIELD", or just
    "REGISTER" for the single field of a register with one field.
    """

    def __init__(self, unit: str, words: Mapping[str, int]) -> None:
        self.unit = unit
        self._words = words

    def word(self, register: str) -> int:
        """The whole 32-bit register."""
        definition = MAP[f"{self.unit}.{register}"]
        return self._words.get(register, definition.reset)

    def get(self, path: str) -> int:
        """Unsigned value of a field."""
        register, _, name = path.partition(".")
        definition = MAP[f"{self.unit}.{register}"]
        if not name and len(definition.fields) != 1:
            raise KeyError(f"{self.unit}.{register} has several fields")
        field = definition.field(name) if name else definition.fields[0]
        return (self.word(register) & field.mask) >> field.lsb

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
