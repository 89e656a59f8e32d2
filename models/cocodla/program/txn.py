"""Reader of recorded register logs with a memory image (../shared/traces/official_lenet/README.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cocodla.errors import UserError
from cocodla.files.inputs import read_input
from cocodla.hw import ADDRESS_BITS
from cocodla.program.allowance import Allowance, Limits
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
from cocodla.program.text import LONGEST, LONGEST_COMMAND, clipped, parse_number, read_lines
from cocodla.registers import MAP

_COMMENT = re.compile(r"#|//")
_INTR_STATUS = MAP["GLB.S_INTR_STATUS"].address
_FLUSH_STATUS = MAP["CDMA.S_CBUF_FLUSH_STATUS"].address


def read_txn(
    log: Path | str, memory: Path | str | None = None, expected: Path | str | None = None, limits: Limits | None = None
) -> Program:
    """A log of `write_reg ADDR DATA` / `read_reg ADDR MASK EXPECTED` as a Program.

    `memory` is a list of `mem_fill ADDR LENGTH BYTE` and `mem_load ADDR FILE`, done first; `expected` one of
    `ADDR HEX...`, bytes in memory when the log has ended. `#` and `//` start comments.
    A read of GLB.S_INTR_STATUS with a nonzero expected value waits for these bits (the log clears
    them itself); a read of the CBUF flush status polls, as the recording driver did. Every other
    read must return the value under its mask. UserError with file and line number for bad input, and for more than
    `limits`. All lines of the list are judged before a file of it is read.
    """
    log, allowance = Path(log), Allowance(limits)
    program = Program(meta={"name": log.stem, "source": "register log"})
    program.append(Mark(log.stem))
    if memory is not None:
        for line, command in _memory_commands(Path(memory), allowance):
            program.append_from(memory, line, command)
    for line, command in _register_commands(log, allowance):
        program.append_from(log, line, command)
    if expected is not None:
        for line, command in _expected_bytes(Path(expected), allowance):
            program.append_from(expected, line, command)
    program.validate()
    return program


def _lines(path: Path, allowance: Allowance, longest: int = LONGEST_COMMAND) -> Iterator[tuple[int, list[str]]]:
    """(line number, words) of every line that is not empty or a comment, each a command."""
    for number, line in read_lines(path, allowance, longest):
        words = _COMMENT.split(line)[0].split()
        if words:
            with _judged(path, number):
                allowance.command()
            yield number, words


@contextmanager
def _judged(path: Path, line: int) -> Iterator[None]:
    """A ValueError inside is what a line gets wrong."""
    try:
        yield
    except ValueError as error:
        raise UserError(f"{path}:{line}: {clipped(str(error))}") from None


def _memory_commands(path: Path, allowance: Allowance) -> Iterator[tuple[int, Command]]:
    """(line number, command) of the memory list."""
    found: list[tuple[int, FillMemory | tuple[int, Path, int]]] = []
    for line, words in _lines(path, allowance):
        with _judged(path, line):
            found.append((line, _memory_command(words, path.parent, allowance)))
    for line, entry in found:
        if isinstance(entry, FillMemory):
            yield line, entry
        else:
            address, file, size = entry
            yield line, LoadMemory(address, read_input(file, size))


def _memory_command(words: list[str], folder: Path, allowance: Allowance) -> FillMemory | tuple[int, Path, int]:
    """A fill, or (address, file, size) of a load."""
    limit = 1 << ADDRESS_BITS
    match words:
        case ["mem_fill", address, length, value]:
            fill = FillMemory(parse_number(address, limit), parse_number(length, limit + 1), parse_number(value, 256))
            _take(fill.address, fill.length, allowance)
            if fill.value:
                allowance.hold(fill.length)
            return fill
        case ["mem_load", address, name]:
            file = allowance.file(folder, name)
            load = parse_number(address, limit), file, file.stat().st_size
            _take(load[0], load[2], allowance)
            allowance.hold(load[2])
            return load
    raise ValueError(f"not a memory command: {' '.join(words)[:60]!r}")


def _take(address: int, size: int, allowance: Allowance) -> None:
    if address + size > 1 << ADDRESS_BITS:
        raise ValueError(f"bytes {address:#x}..{address + size:#x} are outside the 32-bit memory")
    allowance.declare(size)


def _expected_bytes(path: Path, allowance: Allowance) -> Iterator[tuple[int, Command]]:
    """(line number, check) of a list of expected bytes."""
    for line, (start, *words) in _lines(path, allowance, LONGEST):
        with _judged(path, line):
            address = parse_number(start, 1 << ADDRESS_BITS)
            try:
                data = bytes.fromhex(" ".join(words))
            except ValueError:
                raise ValueError(f"not bytes in hexadecimal: {' '.join(words)[:60]!r}") from None
            if not data:
                raise ValueError(f"no bytes after the address {start}")
            allowance.check(len(data))
        yield line, CheckMemory(address, len(data), f"output at {address:#x}", data)


def _register_commands(path: Path, allowance: Allowance) -> Iterator[tuple[int, Command]]:
    """(line number, command) of the log."""
    for line, words in _lines(path, allowance):
        with _judged(path, line):
            command = _register_command(words)
        yield line, command


def _register_command(words: list[str]) -> Command:
    match words:
        case ["write_reg", register, value]:
            return WriteRegister(_address(register), parse_number(value))
        case ["read_reg", register, mask_text, expected_text]:
            target, mask, expected = _address(register), parse_number(mask_text), parse_number(expected_text)
            if target == _INTR_STATUS and expected & mask:
                return WaitInterrupt(expected & mask, clear=False)
            if target == _FLUSH_STATUS:
                return PollRegister(target, mask, expected)
            return ReadRegister(target, mask, expected)
    raise ValueError(f"not a register access: {' '.join(words)[:60]!r}")


def _address(text: str) -> int:
    value = parse_number(text, REGISTER_WINDOW)
    if value % 4:
        raise ValueError(f"register address {text} is not a multiple of 4")
    return value
