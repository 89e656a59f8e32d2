"""What a program of others may take: memory, contents, commands and text, and where the files lie that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cocodla.files.inputs import FILE_LIMIT_VARIABLE, MEMORY_LIMIT, file_limit

MOST_COMMANDS = 250_000
MOST_FILES = 10_000
MOST_CHECKED = 64 << 20
"""Bytes that are read back: a simulator writes them as text."""
MOST_LINES = 2_000_000
"""Lines of all text files of a program; the largest public trace has a tenth of it."""
MOST_TEXT = 128 << 20
"""Bytes of all of them."""


@dataclass(frozen=True)
class Limits:
    """What the user allows.

    memory: bytes of the accelerator's memory that a program may declare, all its commands added up. outside: the files
    it names may lie anywhere, not only in its own folder and below.
    """

    memory: int = MEMORY_LIMIT
    outside: bool = False


class Allowance:
    """What is left for one program. Each method takes some of it and raises ValueError where it is not enough."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.memory = self.limits.memory
        self.contents = file_limit()
        self.checked = MOST_CHECKED
        self.commands = MOST_COMMANDS
        self.files = MOST_FILES
        self.lines = MOST_LINES
        self.text = MOST_TEXT

    def declare(self, size: int) -> None:
        """Memory that is named by a command."""
        self.memory -= size
        if self.memory < 0:
            raise ValueError(
                f"{self.limits.memory - self.memory:,} bytes of memory are declared up to here; at most "
                f"{self.limits.memory:,} are taken (--memory-limit changes that)"
            )

    def hold(self, size: int) -> None:
        """Bytes that are written, and not all zero."""
        self.contents -= size
        if self.contents < 0:
            raise ValueError(
                f"{file_limit() - self.contents:,} bytes are written up to here; at most {file_limit():,} are taken "
                f"({FILE_LIMIT_VARIABLE} changes that)"
            )

    def check(self, size: int) -> None:
        """Bytes that are read back."""
        self.checked -= size
        if self.checked < 0:
            raise ValueError(
                f"{MOST_CHECKED - self.checked:,} bytes are checked up to here; at most {MOST_CHECKED:,} are taken"
            )

    def command(self, count: int = 1) -> None:
        self.commands -= count
        if self.commands < 0:
            raise ValueError(f"more than {MOST_COMMANDS:,} commands; no more are taken")

    def read(self, line: str) -> None:
        """A line of text."""
        self.lines -= 1
        self.text -= len(line)
        if self.lines < 0 or self.text < 0:
            raise ValueError(f"more than {MOST_LINES:,} lines or {MOST_TEXT:,} characters; no more are taken")

    def file(self, folder: Path, name: str) -> Path:
        """A file that a program in `folder` names: by default in that folder or below, wherever links lead to."""
        self.files -= 1
        if self.files < 0:
            raise ValueError(f"more than {MOST_FILES:,} files; no more are taken")
        path = folder / name
        try:
            inside = path.resolve(strict=True).is_relative_to(folder.resolve())
        except FileNotFoundError:
            raise ValueError(f"{name[:80]}: no such file") from None
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, names too long
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"{name[:80]!r} cannot be read ({reason})") from None
        if not (inside or self.limits.outside):
            raise ValueError(f"{name[:80]!r} lies outside of {folder} (--allow-outside takes it nevertheless)")
        if not path.is_file():
            raise ValueError(f"{name[:80]}: is no file")
        return path
