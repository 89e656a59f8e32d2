"""Text files of others: lines with their numbers, and what cannot be read as one line of complaint."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from cocodla.errors import UserError
from cocodla.files.inputs import open_input
from cocodla.program.allowance import Allowance

LONGEST = 16 << 20
"""Characters of the longest line of data; public surface files have some hundred."""
LONGEST_COMMAND = 1 << 16


def read_lines(path: Path, allowance: Allowance, longest: int = LONGEST) -> Iterator[tuple[int, str]]:
    """(number from 1, text) of each line of a text file (UTF-8, any line ends), while it is read.

    UserError if it is none or cannot be read, and for more than what `allowance` has left.
    """
    number = 0
    with io.TextIOWrapper(io.BufferedReader(open_input(path)), encoding="utf-8-sig") as file:  # type: ignore[type-var]
        try:
            while line := file.readline(longest):
                number += 1
                if len(line) == longest:
                    raise ValueError(f"a line of {longest:,} characters or more; no longer ones are taken")
                if "\0" in line:
                    raise UserError(f"{path}: not a text file")
                allowance.read(line)
                yield number, line.rstrip("\n")
        except UnicodeDecodeError:
            raise UserError(f"{path}: not a text file") from None
        except ValueError as error:
            raise UserError(f"{path}:{number}: {error}") from None
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def clipped(text: str, most: int = 300) -> str:
    """The text, of a long one the beginning: what is wrong with a line is told in one."""
    return text if len(text) <= most else f"{text[:most]}..."


def parse_number(text: str, limit: int = 1 << 32) -> int:
    """A number in 0..limit-1 in a spelling of Python (decimal, 0x, 0b); ValueError that says what is wrong with it."""
    shown = clipped(text, 40)
    try:
        value = int(text, 0)
    except ValueError:
        raise ValueError(f"{shown!r} is not a number") from None
    if not 0 <= value < limit:
        raise ValueError(f"{shown} is outside 0..{limit - 1:#x}")
    return value
