"""Reader of the log of the public virtual platform (sc.log; spec: loadable.md section 15).

The log tells every access of the CSB, and every beat between accelerator and memory. What the accelerator read before
it wrote there is the memory image; what it wrote last are the outputs. Lines of others are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cocodla.errors import UserError
from cocodla.files.inputs import open_input
from cocodla.hw import ADDRESS_BITS
from cocodla.program.allowance import MOST_CHECKED, Allowance, Limits
from cocodla.program.commands import CheckMemory, Command, LoadMemory, Mark, PollRegister, ReadRegister, WaitInterrupt
from cocodla.program.commands import WriteRegister as Write
from cocodla.program.program import Program
from cocodla.program.text import clipped
from cocodla.program.txn import RECORDED, register_address
from cocodla.registers import MAP

PAGE = 4096
MOST_LINES = 40_000_000
MOST_TEXT = 4 << 30
"""Of a log: a network of some million weights has a gigabyte of lines."""
LONGEST = 1 << 16
_LINE = re.compile(
    rb"nvdla\.(csb|dbb|sram)_adaptor: GP: iswrite=([01]) addr=0x([0-9a-fA-F]{1,16}) len=(\d{1,6}) "
    rb"data=0x ((?:[0-9a-fA-F]{1,8} )+)resp=TLM_OK_RESPONSE"
)
_KNOWN = b"nvdla.csb_adaptor: GP:"
_ACCESSES = (_KNOWN, b"nvdla.dbb_adaptor: GP:")
_STATUS = MAP["GLB.S_INTR_STATUS"].address
_FLUSH = MAP["CDMA.S_CBUF_FLUSH_STATUS"].address
_ALL = 0xFFFFFFFF


def looks_like_platform_log(path: Path) -> bool:
    """Whether an access of the CSB is in the first megabytes of a file."""
    with open_input(path) as file:
        return _KNOWN in (file.read(8 << 20) or b"")


def read_platform_log(path: Path, limits: Limits | None = None) -> Program:
    """The Program that a log tells: memory image, accesses, checks of what was written.

    Lines that look like an access but are none (another response, cut off) are skipped as all others are, and counted
    in meta["unread"]. UserError with file and line for accesses that nv_small cannot have, and more than `limits`.
    """
    allowance, image = Allowance(limits), _Image()
    program = Program(meta={"name": path.stem, "source": RECORDED, "unread": 0})
    accesses: list[tuple[int, Command]] = []
    for number, line in _lines(path):
        match = _LINE.search(line)
        if match is None:
            program.meta["unread"] += any(mark in line for mark in _ACCESSES)
            continue
        try:
            kind, write, address = match[1], match[2] == b"1", int(match[3], 16)
            if kind == b"csb":
                if command := _access(write, address, match[5]):
                    allowance.command()
                    accesses.append((number, command))
            elif kind == b"sram":
                raise ValueError("an access of the SRAM, which nv_small does not have")
            else:
                image.beat(write, address, _bytes(match[5], int(match[4])), allowance)
        except ValueError as error:
            raise UserError(f"{path}:{number}: {clipped(str(error))}") from None
    if not accesses:
        raise UserError(f"{path}: no access of a register (nvdla.csb_adaptor) is in it")
    program.append(Mark(path.stem), *(LoadMemory(address, data) for address, data in image.first()))
    for number, command in accesses:
        program.append_from(path, number, command)
    outputs = list(image.last())
    if sum(len(data) for _, data in outputs) > MOST_CHECKED:
        raise UserError(f"{path}: more than {MOST_CHECKED:,} bytes are written; no more can be checked")
    program.append(*(CheckMemory(address, len(data), f"memory at {address:#x}", data) for address, data in outputs))
    program.validate()
    return program


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, line) of a file, within the limits."""
    number = size = 0
    with open_input(path) as raw:
        rest = b""
        while part := raw.read(1 << 20):
            lines = (rest + part).split(b"\n")
            rest = lines.pop()
            size += len(part)
            if size > MOST_TEXT or number + len(lines) > MOST_LINES:
                raise UserError(f"{path}: more than {MOST_LINES:,} lines or {MOST_TEXT:,} bytes; no more are taken")
            if len(rest) > LONGEST:
                rest = rest[:LONGEST]  # no line of the log: those are short
            for line in lines:
                number += 1
                yield number, line
        if rest:
            yield number + 1, rest


def _access(write: bool, address: int, text: bytes) -> Command | None:
    """An access of a register; None for the read of the interrupt status that ends a handler."""
    words = text.split()
    if len(words) != 1:
        raise ValueError(f"{len(words)} words in an access of a register")
    target, value = register_address(address), int(words[0], 16)
    if write:
        return Write(target, value)
    if target == _STATUS:
        return WaitInterrupt(value, clear=False) if value else None
    if target == _FLUSH:
        return PollRegister(target, _ALL, value) if value else None
    return ReadRegister(target, _ALL, value)


def _bytes(text: bytes, length: int) -> bytes:
    """The bytes of an access of memory: words as numbers, the lowest address first."""
    words = text.split()
    if len(words) * 4 != length:
        raise ValueError(f"{len(words)} words for a length of {length} bytes")
    return b"".join(int(word, 16).to_bytes(4, "little") for word in words)


class _Image:
    """Memory of the accelerator as its accesses tell it, by page: first values read, last values written."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._written: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def beat(self, write: bool, address: int, data: bytes, allowance: Allowance) -> None:
        """Take in an access; ValueError for addresses outside, and for more memory than is allowed."""
        if address + len(data) > 1 << ADDRESS_BITS:
            raise ValueError(f"bytes {address:#x}..{address + len(data):#x} are outside the 32-bit memory")
        place = 0
        while place < len(data):
            number, start = divmod(address + place, PAGE)
            count = min(PAGE - start, len(data) - place)
            part = np.frombuffer(data, np.uint8, count, place)
            there = slice(start, start + count)
            if write:
                values, known = self._page(self._written, number, allowance)
                values[there], known[there] = part, True
            else:
                values, known = self._page(self._read, number, allowance)
                written = self._written.get(number)
                new = ~known[there] if written is None else ~(known[there] | written[1][there])
                values[there][new], known[there][new] = part[new], True
            place += count

    def _page(
        self, pages: dict[int, tuple[np.ndarray, np.ndarray]], number: int, allowance: Allowance
    ) -> tuple[np.ndarray, np.ndarray]:
        if number not in pages:
            allowance.declare(PAGE)
            allowance.hold(PAGE)
            pages[number] = np.zeros(PAGE, np.uint8), np.zeros(PAGE, bool)
        return pages[number]

    def first(self) -> Iterator[tuple[int, bytes]]:
        """What was in memory before, in runs."""
        return _runs(self._read)

    def last(self) -> Iterator[tuple[int, bytes]]:
        """What the accelerator has left, in runs."""
        return _runs(self._written)


def _runs(pages: dict[int, tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[int, bytes]]:
    """(address, bytes) of all known bytes, neighbours joined."""
    begin, joined = 0, bytearray()
    for number in sorted(pages):
        values, known = pages[number]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        for start, stop in edges.reshape(-1, 2).tolist():
            address = number * PAGE + start
            if joined and begin + len(joined) != address:
                yield begin, bytes(joined)
                joined = bytearray()
            if not joined:
                begin = address
            joined += values[start:stop].tobytes()
    if joined:
        yield begin, bytes(joined)
