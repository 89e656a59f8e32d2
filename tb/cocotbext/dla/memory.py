"""Sparse byte memory of a memory model: 4 KiB pages, and a record of what was ever written."""

from __future__ import annotations

import enum
from random import Random

from cocotbext.dla.checks import Report, Rules, fail

_PAGE = 4096


class Unwritten(enum.Enum):
    """What a read of a never-written byte gives."""

    ZERO = "zero"
    RANDOM = "random"
    ERROR = "error"


class SparseMemory:
    """Byte-addressed memory that takes space only where it is touched."""

    def __init__(self, unwritten: Unwritten = Unwritten.ZERO, rng: Random | None = None, report: Report = fail) -> None:
        self.unwritten = unwritten
        rules = ["reads find what was written"] if unwritten is Unwritten.ERROR else []
        self.rules = Rules("memory", rules, report)
        self._rng = rng or Random(0)
        self._pages: dict[int, bytearray] = {}
        self._written: dict[int, bytearray] = {}

    def write(self, address: int, data: bytes, strobe: int | None = None) -> None:
        """Store bytes at a byte address; with `strobe` only byte i where bit i is set."""
        if strobe is not None and strobe != (1 << len(data)) - 1:
            for index, byte in enumerate(data):
                if strobe >> index & 1:
                    self.write(address + index, bytes([byte]))
            return
        position = 0
        while position < len(data):
            number, offset = divmod(address + position, _PAGE)
            chunk = data[position : position + _PAGE - offset]
            self._page(number)[offset : offset + len(chunk)] = chunk
            self._written[number][offset : offset + len(chunk)] = b"\x01" * len(chunk)
            position += len(chunk)

    def read(self, address: int, length: int) -> bytes:
        """Bytes at a byte address. Never-written ones follow the policy `unwritten`."""
        result = bytearray()
        while len(result) < length:
            number, offset = divmod(address + len(result), _PAGE)
            count = min(_PAGE - offset, length - len(result))
            if self.unwritten is Unwritten.ERROR:
                written = self._written.get(number, bytes(_PAGE))[offset : offset + count]
                start = number * _PAGE + offset
                self.rules.hold("reads find what was written", _unwritten, (start, written), (start, bytes(1)))
            result += self._page(number)[offset : offset + count]
        return bytes(result)

    def fill(self, address: int, length: int, value: int = 0) -> None:
        """Store one byte value `length` times."""
        self.write(address, bytes([value]) * length)

    def is_written(self, address: int, length: int = 1) -> bool:
        """Whether all these bytes have been written."""
        return all(
            self._written.get((address + i) // _PAGE, bytes(_PAGE))[(address + i) % _PAGE] for i in range(length)
        )

    def _page(self, number: int) -> bytearray:
        page = self._pages.get(number)
        if page is None:
            random = self.unwritten is Unwritten.RANDOM
            page = bytearray(self._rng.randbytes(_PAGE) if random else _PAGE)
            self._pages[number] = page
            self._written[number] = bytearray(_PAGE)
        return page


def _unwritten(start: int, written: bytes | bytearray) -> str:
    hole = written.find(0)
    return f"read of never-written memory at {start + hole:#010x}" if hole >= 0 else ""
