"""Reader of recorded register logs with a memory image (../shared/traces/official_lenet/README.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
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
from cocodla.program.program import REGISTER_WINDOW, Program
from cocodla.program.text import parse_number, read_text
from cocodla.registers import MAP

_COMMENT = re.compile(r"#|//")
_INTR_STATUS = MAP["GLB.S_INTR_STATUS"].address
_FLUSH_STATUS = MAP["CDMA.S_CBUF_FLUSH_STATUS"].address


def read_txn(log: Path | str, memory: Path | str | None = None, expected: Path | str | None = None) -> Program:
    """A log of `write_reg ADDR DATA` / `read_reg ADDR MASK EXPECTED` as a Program.

    `memory` is a list of `mem_fill ADDR LENGTH BYTE` and `mem_load ADDR FILE`, done first; `expected` one of
    `ADDR HEX...`, bytes in memory when the log has ended. `#` and `//` start comments.
    A read of GLB.S_INTR_STATUS with a nonzero expected value waits for these bits (the log clears
    them itself); a read of the CBUF flush status polls, as the recording driver did. Every other
    read must return the value under its mask. UserError with file and line number for bad input.
    """
    log = Path(log)
    program = Program(meta={"name": log.stem, "source": "register log"})
    program.append(Mark(log.stem))
    if memory is not None:
        for line, command in _memory_commands(Path(memory)):
            program.append_from(memory, line, command)
    for line, command in _register_commands(log):
        program.append_from(log, line, command)
    if expected is not None:
        for line, command in _expected_bytes(Path(expected)):
            program.append_from(expected, line, command)
    program.validate()
    return program


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, words) of every line that is not empty or a comment."""
    for number, line in enumerate(read_text(path).splitlines(), 1):
        words = _COMMENT.split(line)[0].split()
        if words:
            yield number, words


def _number(path: Path, line: int, text: str, limit: int) -> int:
    try:
        return parse_number(text, limit)
    except ValueError as error:
        raise UserError(f"{path}:{line}: {error}") from None


def _memory_commands(path: Path) -> Iterator[tuple[int, Command]]:
    """(line number, command) of the memory list."""
    limit = 1 << ADDRESS_BITS
    for line, words in _lines(path):
        match words:
            case ["mem_fill", address, length, value]:
                start, size = _number(path, line, address, limit), _number(path, line, length, limit + 1)
                yield line, FillMemory(start, size, _number(path, line, value, 256))
            case ["mem_load", address, name]:
                try:
                    data = (path.parent / name).read_bytes()
                except OSError as error:
                    raise UserError(f"{path}:{line}: {name}: {error.strerror}") from None
                yield line, LoadMemory(_number(path, line, address, limit), data)
            case _:
                raise UserError(f"{path}:{line}: not a memory command: {' '.join(words)[:60]!r}")


def _expected_bytes(path: Path) -> Iterator[tuple[int, Command]]:
    """(line number, check) of a list of expected bytes."""
    for line, (start, *words) in _lines(path):
        address = _number(path, line, start, 1 << ADDRESS_BITS)
        try:
            data = bytes.fromhex(" ".join(words))
        except ValueError:
            raise UserError(f"{path}:{line}: not bytes in hexadecimal: {' '.join(words)[:60]!r}") from None
        if not data:
            raise UserError(f"{path}:{line}: no bytes after the address {start}")
        yield line, CheckMemory(address, len(data), f"output at {address:#x}", data)


def _register_commands(path: Path) -> Iterator[tuple[int, Command]]:
    """(line number, command) of the log."""

    def address(line: int, text: str) -> int:
        value = _number(path, line, text, REGISTER_WINDOW)
        if value % 4:
            raise UserError(f"{path}:{line}: register address {text} is not a multiple of 4")
        return value

    for line, words in _lines(path):
        match words:
            case ["write_reg", register, value]:
                yield line, WriteRegister(address(line, register), _number(path, line, value, 1 << 32))
            case ["read_reg", register, mask_text, expected_text]:
                target = address(line, register)
                mask = _number(path, line, mask_text, 1 << 32)
                expected = _number(path, line, expected_text, 1 << 32)
                if target == _INTR_STATUS and expected & mask:
                    yield line, WaitInterrupt(expected & mask, clear=False)
                elif target == _FLUSH_STATUS:
                    yield line, PollRegister(target, mask, expected)
                else:
                    yield line, ReadRegister(target, mask, expected)
            case _:
                raise UserError(f"{path}:{line}: not a register access: {' '.join(words)[:60]!r}")
