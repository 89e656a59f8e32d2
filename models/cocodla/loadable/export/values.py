"""Register words of a layer, by name of register or field."""

from __future__ import annotations

from collections.abc import Mapping

from cocodla.registers import MAP


class Values:
    """What the registers of a layer hold; those that it does not set are 0."""

    def __init__(self, words: Mapping[str, int]) -> None:
        self.words = words

    def word(self, path: str, default: int = 0) -> int:
        """A whole register."""
        return self.words.get(path, default)

    def signed(self, path: str) -> int:
        """A register that holds one number with a sign, in its lowest field."""
        field = MAP[path].fields[0]
        value = self.word(path) >> field.lsb & (1 << field.width) - 1
        return value - (1 << field.width) if value >> field.width - 1 else value

    def field(self, path: str, name: str) -> int:
        """A field of a register."""
        field = MAP[path].field(name)
        return (self.word(path) & field.mask) >> field.lsb

    def size(self, path: str, name: str) -> int:
        """A field that holds a quantity minus 1."""
        return self.field(path, name) + 1
