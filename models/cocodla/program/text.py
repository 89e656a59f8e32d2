"""Text files of others: lines with their numbers, and what cannot be read as one line of complaint."""

from __future__ import annotations

from pathlib import Path

from cocodla.errors import UserError


def read_text(path: Path) -> str:
    """Contents of a text file (UTF-8, any line ends); UserError if it is none or cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "\0" in text:
            raise UserError(f"{path}: not a text file")
        return text
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None


def parse_number(text: str, limit: int = 1 << 32) -> int:
    """A decimal or 0x number in 0..limit-1; ValueError that says what is wrong with it."""
    try:
        value = int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not 0 <= value < limit:
        raise ValueError(f"{text} is outside 0..{limit - 1:#x}")
    return value
