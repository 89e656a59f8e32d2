"""Reader and writer of register logs (.txn) with a memory image (../shared/traces/official_lenet/README.md).

A log holds `write_reg ADDR DATA` and `read_reg ADDR MASK EXPECTED`; beside it may lie a list of what is in memory
before, `mem_fill ADDR LENGTH BYTE` and `mem_load ADDR FILE`, and one of bytes that are there at the end,
`ADDR HEX...`. `#` and `//` start comments. A log as it was recorded has no waits: there a read of GLB.S_INTR_STATUS
that found bits set stands for one, and so does a read of the flush status of CBUF.

All commands of a program have a spelling:

    program META                        first line: what follows was written, not recorded; reads are reads
    poll_reg ADDR MASK EXPECTED         read until equal under MASK
    wait_intr BITS [keep]               wait for these bits of GLB.S_INTR_STATUS, then clear them (keep: leave them)
    mem_fill, mem_load                  as above, at any place; mem_load ADDR FILE OFFSET LENGTH takes part of a file
    check_mem ADDR LENGTH NAME [crc VALUE | file FILE OFFSET]
    mark NAME INFO

META, NAME and INFO are JSON without blanks, `#` and `/` (written as \\u0020, \\u0023, \\u002f).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.files.inputs import read_input, strict_json
from cocodla.files.outputs import write_whole
from cocodla.hw import ADDRESS_BITS
from cocodla.program import file_records
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

RECORDED = "register log"
"""meta["source"] of a program that was recorded: its reads saw what the recording machine did (runtime.replay)."""
_COMMENT = re.compile(r"#|//")
_INTR_STATUS = MAP["GLB.S_INTR_STATUS"].address
_FLUSH_STATUS = MAP["CDMA.S_CBUF_FLUSH_STATUS"].address


# -- reading -----------------------------------------------------------------------------------


def read_txn(
    log: Path | str, memory: Path | str | None = None, expected: Path | str | None = None, limits: Limits | None = None
) -> Program:
    """A log, recorded or written, as a Program; `memory`: list of what is done first, `expected`: bytes at the end.

    UserError with file and line number for bad input, registers that nv_small does not have, and for more than
    `limits`. All lines of the memory list are judged before a file of it is read.
    """
    log, allowance = Path(log), Allowance(limits)
    reader = _Reader(log, allowance)
    commands = reader.commands()
    first = next(commands, None)
    program = Program(meta=reader.meta or {"name": log.stem, "source": RECORDED})
    if reader.meta is None:
        program.append(Mark(log.stem))
    if memory is not None:
        for line, command in _memory_commands(Path(memory), allowance):
            program.append_from(memory, line, command)
    if first is not None:
        program.append_from(log, *first)
    for line, command in commands:
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


class _Reader:
    """The commands of a log. meta: of one that was written; None while nothing was read, and for a recorded one."""

    def __init__(self, path: Path, allowance: Allowance) -> None:
        self.path, self.allowance = path, allowance
        self.meta: dict[str, Any] | None = None
        self._file: tuple[Path, bytes] = Path(), b""

    def commands(self) -> Iterator[tuple[int, Command]]:
        """(line number, command)."""
        first = True
        for line, words in _lines(self.path, self.allowance):
            with _judged(self.path, line):
                if words[0] == "program" and len(words) == 2 and first:
                    self.meta = file_records.meta(strict_json(words[1]))
                    self.meta.pop("files", None), self.meta.pop("lines", None)
                    first = False
                    continue
                command = self._command(words)
            first = False
            yield line, command

    def _command(self, words: list[str]) -> Command:
        match words:
            case ["write_reg", register, value]:
                return WriteRegister(_address(register), parse_number(value))
            case ["read_reg", register, mask_text, expected_text]:
                return self._read(_address(register), parse_number(mask_text), parse_number(expected_text))
            case ["poll_reg", register, mask, expected]:
                return PollRegister(_address(register), parse_number(mask), parse_number(expected))
            case ["wait_intr", bits, *rest] if rest in ([], ["keep"]):
                return WaitInterrupt(parse_number(bits), clear=not rest)
            case ["mark", name, info]:
                made = file_records.command(["mark", strict_json(name), strict_json(info)], lambda offset, length: b"")
                return made
            case ["check_mem", address, length, name, *rest]:
                return self._check(parse_number(address), parse_number(length, 1 << 33), strict_json(name), rest)
            case ["mem_load", address, name, offset, length]:
                return LoadMemory(parse_number(address), self._part(name, parse_number(offset), parse_number(length)))
            case ["mem_fill" | "mem_load", *_]:
                found = _memory_command(words, self.path.parent, self.allowance)
                if isinstance(found, FillMemory):
                    return found
                return LoadMemory(found[0], read_input(found[1], found[2]))
        raise ValueError(f"not a register access: {' '.join(words)[:60]!r}")

    def _read(self, address: int, mask: int, expected: int) -> Command:
        if self.meta is None and address == _INTR_STATUS and expected & mask:
            return WaitInterrupt(expected & mask, clear=False)
        if self.meta is None and address == _FLUSH_STATUS:
            return PollRegister(address, mask, expected)
        return ReadRegister(address, mask, expected)

    def _check(self, address: int, length: int, name: Any, rest: list[str]) -> CheckMemory:
        if not isinstance(name, str):
            raise ValueError(f"{str(name)[:60]!r} is no name")
        _take(address, length, self.allowance)
        self.allowance.check(length)
        match rest:
            case []:
                return CheckMemory(address, length, name)
            case ["crc", value]:
                return CheckMemory(address, length, name, crc=parse_number(value))
            case ["file", file, offset]:
                return CheckMemory(address, length, name, self._part(file, parse_number(offset), length))
        raise ValueError(f"not a check: {' '.join(rest)[:60]!r}")

    def _part(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a file; the last file is remembered."""
        self.allowance.hold(length)
        self.allowance.declare(length)
        path = self.allowance.file(self.path.parent, strict_json(name) if name.startswith('"') else name)
        if self._file[0] != path:
            self._file = path, read_input(path)
        if offset + length > len(self._file[1]):
            raise ValueError(f"bytes {offset}..{offset + length} are not in the {len(self._file[1]):,} of {name[:80]}")
        return self._file[1][offset : offset + length]


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


def _address(text: str) -> int:
    return register_address(parse_number(text, REGISTER_WINDOW))


def register_address(value: int) -> int:
    """The address of a register; ValueError for one that nv_small does not have."""
    if value % 4:
        raise ValueError(f"register address {value:#x} is not a multiple of 4")
    if MAP.find(value) is None:
        unit = next((unit.name for unit in MAP.units.values() if unit.base == value & ~0xFFF), None)
        where = f"unit {unit} has none there" if unit else "no unit of nv_small is there"
        raise ValueError(f"{value:#x} is no register of nv_small: {where}")
    return value


# -- writing -----------------------------------------------------------------------------------


def write_txn(program: Program, path: Path) -> None:
    """Write a program as a log, and all its data into a file of the same name with the suffix .bin.

    `read_txn` gives the same commands again. UserError where the files cannot be written.
    """
    data = bytearray()
    places: dict[bytes, int] = {}

    def kept(part: bytes) -> int:
        if part not in places:
            places[part] = len(data)
            data.extend(part)
        return places[part]

    target = path.with_suffix(".bin")
    meta = {key: value for key, value in program.meta.items() if key not in ("files", "lines")}
    lines = [f"program {_word(meta)}"]
    lines += [_spelled(command, _word(target.name), kept) for command in program]
    write_whole(target, bytes(data))
    write_whole(path, ("\n".join(lines) + "\n").encode())


def _spelled(command: Command, file: str, kept: Any) -> str:
    match command:
        case WriteRegister(address, value):
            return f"write_reg {address:#x} {value:#x}"
        case ReadRegister(address, mask, expected):
            return f"read_reg {address:#x} {mask:#x} {expected:#x}"
        case PollRegister(address, mask, expected):
            return f"poll_reg {address:#x} {mask:#x} {expected:#x}"
        case WaitInterrupt(bits, clear):
            return f"wait_intr {bits:#x}" + ("" if clear else " keep")
        case LoadMemory(address, data):
            return f"mem_load {address:#x} {file} {kept(bytes(data))} {len(data)}"
        case FillMemory(address, length, value):
            return f"mem_fill {address:#x} {length:#x} {value}"
        case CheckMemory(address, length, name, data, crc):
            text = f"check_mem {address:#x} {length} {_word(name)}"
            if data is not None:
                return f"{text} file {file} {kept(bytes(data))}"
            return text if crc is None else f"{text} crc {crc:#x}"
        case Mark(name, info):
            return f"mark {_word(name)} {_word(info)}"


def _word(value: Any) -> str:
    """JSON as one word: its strings hold no blank, and nothing that starts a comment."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return text.replace(" ", "\\u0020").replace("#", "\\u0023").replace("/", "\\u002f")
