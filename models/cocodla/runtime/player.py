"""Program <-> the files of the HDL command player (format: head of tb/hdl/sim_player.v)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from cocodla.golden.run import check, register_name
from cocodla.hw import ATOM, align
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
from cocodla.program.execution import Event, Execution, Observation
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.runtime import hang

END, WRITE, READ, POLL, WAIT, LOAD, FILL, DUMP, MARK, MAP_PAGES, RESET, LINE, FLUSH = range(13)
PAGE = 4096
"""Bytes of a page of the simulated memory."""
PIECE = 1 << 16
"""Words that are converted at a time."""

_ENABLES = {register.address: register.path for register in MAP if register.name == "D_OP_ENABLE"}


def regions(program: Program) -> list[tuple[int, int]]:
    """(address, length) of all memory a program names: its memory commands and meta["memory"]."""
    found = [(int(base), int(size)) for base, size in program.meta.get("memory", [])]
    for command in program.commands:
        if isinstance(command, LoadMemory):
            found.append((command.address, len(command.data)))
        elif isinstance(command, (FillMemory, CheckMemory)):
            found.append((command.address, command.length))
    return list(dict.fromkeys(found))


def page_count(program: Program) -> int:
    """Pages of simulated memory that the program needs."""
    count, end = 0, 0
    for first, last in sorted((base // PAGE, (base + size - 1) // PAGE + 1) for base, size in regions(program)):
        count += max(0, last - max(first, end))
        end = max(end, last)
    return count


def encode(program: Program) -> Iterator[bytes]:
    """The command file, piece by piece."""
    yield from encode_pages(program)
    yield from encode_commands(program)
    yield record(END, 0)


def encode_pages(program: Program) -> Iterator[bytes]:
    """The records that make all memory of a program usable."""
    for base, size in regions(program):
        if size:
            first = base & -PAGE
            yield record(MAP_PAGES, 0, first, (base + size - first + ATOM - 1) // ATOM)


def encode_commands(program: Program, first: int = 0) -> Iterator[bytes]:
    """The records of a program's commands, which are numbered from `first`."""
    for index, command in enumerate(program.commands, first):
        yield from _encode(index, command)


def record(op: int, index: int, a: int = 0, b: int = 0, c: int = 0) -> bytes:
    """One record of the command file."""
    return struct.pack(">IIII", op << 24 | index, a, b, c)


def _encode(index: int, command: Command) -> Iterator[bytes]:
    match command:
        case WriteRegister(address, value):
            yield record(WRITE, index, address, value, int(address in _ENABLES and value & 1 == 1))
        case ReadRegister(address, _, _):
            yield record(READ, index, address)
        case PollRegister(address, mask, expected):
            yield record(POLL, index, address, mask, expected & mask)
        case WaitInterrupt(bits, clear):
            yield record(WAIT, index, bits, int(clear))
        case LoadMemory(address, data):
            yield from _load(index, address, data)
        case FillMemory(address, length, value):
            yield from _fill(index, address, length, value)
        case CheckMemory(address, length, _):
            first = address & -ATOM
            yield record(DUMP, index, first, (align(address + length) - first) // ATOM)
        case Mark():
            yield record(MARK, index)


def _load(index: int, address: int, data: bytes) -> Iterator[bytes]:
    """Whole words in one record; the edges of an unaligned load in records with a byte mask."""
    end = address + len(data)
    first, last = min(align(address), end), max(end & -ATOM, min(align(address), end))
    if address < first:
        yield from _edge(index, address, data[: first - address])
    if first < last:
        words = np.frombuffer(data, "<u8", (last - first) // ATOM, first - address)
        yield record(LOAD, index, first, len(words), 0xFF)
        yield from (words[start : start + PIECE].astype(">u8").tobytes() for start in range(0, len(words), PIECE))
    if last < end:
        yield from _edge(index, last, data[last - address :])


def _edge(index: int, address: int, data: bytes) -> Iterator[bytes]:
    """Less than a word, inside one word."""
    offset = address % ATOM
    word = int.from_bytes(bytes(offset) + data, "little")
    yield record(LOAD, index, address - offset, 1, ((1 << len(data)) - 1) << offset) + struct.pack(">Q", word)


def _fill(index: int, address: int, length: int, value: int) -> Iterator[bytes]:
    first, last = align(address), (address + length) & -ATOM
    if first >= last:
        yield from _load(index, address, bytes([value]) * length)
        return
    yield from _load(index, address, bytes([value]) * (first - address))
    yield record(FILL, index, first, (last - first) // ATOM, value)
    yield from _load(index, last, bytes([value]) * (address + length - last))


def decode(program: Program, path: Path, backend: str) -> Execution:
    """The Execution told by a results file. One that is cut off or missing gives a failure, not an exception."""
    execution = Execution(backend)
    try:
        with path.open(encoding="ascii") as file:
            _decode(program, (line[:-1] for line in file if line.endswith("\n")), execution)
    except OSError:
        execution.failures.append(f"the simulation left no results ({path})")
    return execution


def _decode(program: Program, lines: Iterator[str], execution: Execution) -> None:
    complete = False
    status: dict[int, int | None] = {}
    stuck: tuple[int, int] | None = None
    for line in lines:
        kind, _, rest = line.partition(" ")
        words = rest.split()
        if kind == "E":
            execution.events.append(_event(program, [int(word) for word in words]))
        elif kind == "R":
            _register(program, int(words[0]), words[1], execution)
        elif kind == "D":
            _memory(program, int(words[0]), int(words[1]), lines, execution)
        elif kind == "C":
            execution.counters[words[0]] = int(words[1])
        elif kind == "F":
            execution.failures.append(rest)
        elif kind == "H":
            stuck = int(words[0]), int(words[1])
        elif kind == "S":
            status[int(words[0])] = None if words[1] == "dead" or not words[1].isdigit() else int(words[1])
        complete = kind == "Z"
    if stuck is not None:
        execution.failures.append(hang.diagnose(program, *stuck, status))
    if not complete:
        execution.failures.append("the simulation ended before the program did")


def _event(program: Program, numbers: list[int]) -> Event:
    index, cycle, reads, writes = numbers
    command = program.commands[index]
    match command:
        case WriteRegister(address, _):
            name = _ENABLES[address]
        case WaitInterrupt(bits, _):
            name = f"interrupt {bits:#x}"
        case Mark(name):
            pass
        case _:
            name = type(command).__name__
    return Event(index, name, cycle, reads, writes)


def _register(program: Program, index: int, text: str, execution: Execution) -> None:
    command = program.commands[index]
    assert isinstance(command, ReadRegister)
    name = register_name(command.address)
    if not text.isdigit():
        execution.failures.append(f"command {index}: {name} reads X")
        text = "0"
    value = int(text)
    execution.observations.append(Observation(index, name, value.to_bytes(4, "little")))
    if value & command.mask != command.expected & command.mask:
        execution.failures.append(
            f"command {index}: {name} reads {value:#010x}, expected {command.expected:#010x} under {command.mask:#010x}"
        )


def _memory(program: Program, index: int, count: int, lines: Iterator[str], execution: Execution) -> None:
    """The memory check told by the next `count` lines, a word each; nothing where the file has fewer."""
    command = program.commands[index]
    assert isinstance(command, CheckMemory)
    words, unknown = bytearray(), False
    while rows := list(islice(lines, min(PIECE, count - len(words) // ATOM))):
        text = "".join(rows)
        if "x" in text or "z" in text:
            unknown = True
            text = text.replace("x", "0").replace("z", "0")
        words += np.frombuffer(bytes.fromhex(text), ">u8").astype("<u8").tobytes()
    if len(words) != count * ATOM:
        return
    if unknown:
        execution.failures.append(f"command {index}: {command.name} holds X")
    offset = command.address % ATOM
    data = bytes(words[offset : offset + command.length])
    execution.observations.append(Observation(index, command.name, data))
    execution.failures += check(index, command.name, data, command.expected, command.crc)
