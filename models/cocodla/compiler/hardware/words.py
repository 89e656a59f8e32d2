"""Register words under construction."""

from __future__ import annotations

from cocodla.registers import MAP

Words = dict[str, int]
"""Register path -> 32-bit word, in the order of writing."""


def put_fields(words: Words, path: str, **fields: int | str) -> None:
    """Set some fields of a register."""
    words[path] = MAP[path].encode(words.get(path, 0), **fields)


def put(words: Words, path: str, value: int) -> None:
    """Set a register whose one field fills it."""
    (only,) = MAP[path].fields
    words[path] = MAP[path].encode(0, **{only.name: value})


def put_zero(words: Words, *paths: str) -> None:
    """Registers of several fields (or one) that are all 0."""
    for path in paths:
        words[path] = 0
