"""Program: an ordered list of commands plus what a reader needs to know about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
from cocodla.program import file
from cocodla.program.commands import (
    CheckMemory,
    Command,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WaitInterrupt,
    WriteRegister,
)

REGISTER_WINDOW = 1 << 18


@dataclass
class Program:
    """Commands in execution order. `meta` holds plain JSON values (name, source, compiler version, ...)."""

    commands: list[Command] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    def __len__(self) -> int:
        return len(self.commands)

    def append(self, *commands: Command) -> None:
        """Add commands at the end."""
        self.commands.extend(commands)

    def append_from(self, file: Path | str, line: int, *commands: Command) -> None:
        """Add commands that a reader found in a line of a file; errors name the place (see `origin`)."""
        files: list[str] = self.meta.setdefault("files", [])
        lines: list[list[int]] = self.meta.setdefault("lines", [])
        if str(file) not in files:
            files.append(str(file))
        lines += [[0, 0]] * (len(self.commands) - len(lines))
        lines += [[files.index(str(file)), line]] * len(commands)
        self.commands.extend(commands)

    def origin(self, index: int) -> str:
        """ "FILE:LINE: " of command `index`, empty where it comes from no file."""
        lines = self.meta.get("lines", [])
        if index >= len(lines) or lines[index][1] == 0:
            return ""
        file, line = lines[index]
        return f"{self.meta['files'][file]}:{line}: "

    def marks_before(self, index: int) -> Iterator[Mark]:
        """The Marks up to command `index`, the nearest first."""
        for place in range(index, -1, -1):
            command = self.commands[place]
            if isinstance(command, Mark):
                yield command

    def layer_of(self, index: int) -> str:
        """The layer command `index` belongs to: info["layer"] of the nearest Mark before it, or its name."""
        mark = next(self.marks_before(index), None)
        return str(mark.info.get("layer", mark.name)) if mark else ""

    def validate(self) -> None:
        """Raise UserError when an address or a value does not fit: every reader calls this."""
        for index, command in enumerate(self.commands):
            reason = _fault(command)
            if reason:
                raise UserError(f"{self.origin(index)}program command {index} ({type(command).__name__}): {reason}")

    def save(self, path: Path | str) -> None:
        """Write the program file (format: cocodla.program.file)."""
        file.write(Path(path), self.commands, self.meta)

    @staticmethod
    def load(path: Path | str) -> Program:
        """Read a program file; UserError when it is missing or damaged."""
        program = Program(*file.read(Path(path)))
        program.validate()
        return program


def _fault(command: Command) -> str | None:
    """Why a command cannot be executed on any backend, None if it can."""
    if isinstance(command, (LoadMemory, FillMemory, CheckMemory)):
        length = len(command.data) if isinstance(command, LoadMemory) else command.length
        if command.address < 0 or length < 0 or command.address + length > 1 << ADDRESS_BITS:
            return f"bytes {command.address:#x}..{command.address + length:#x} are outside the 32-bit memory"
        if isinstance(command, FillMemory) and not 0 <= command.value <= 255:
            return f"fill value {command.value} is not a byte"
        if isinstance(command, CheckMemory) and command.expected is not None and len(command.expected) != length:
            return f"{len(command.expected)} expected bytes for a length of {length}"
        if isinstance(command, CheckMemory) and command.crc is not None and not 0 <= command.crc < 1 << 32:
            return f"CRC-32 {command.crc:#x} does not fit 32 bits"
    elif isinstance(command, WaitInterrupt) and not 0 <= command.bits < 1 << 32:
        return f"interrupt bits {command.bits:#x} do not fit 32 bits"
    elif isinstance(command, (WriteRegister, ReadRegister, PollRegister)):
        if not 0 <= command.address < REGISTER_WINDOW or command.address % 4:
            return f"register address {command.address:#x} is not a word of the 256 KiB window"
        values = (command.value,) if isinstance(command, WriteRegister) else (command.mask, command.expected)
        if any(not 0 <= v < 1 << 32 for v in values):
            return f"value {max(values, key=abs):#x} does not fit 32 bits"
    return None
