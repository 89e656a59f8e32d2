"""Reader of surface files (.dat, .mem) of the public traces (spec: trace_format.md section 4)."""

from __future__ import annotations

import re
from pathlib import Path

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
from cocodla.program.text import parse_number, read_text

MOST_BYTES = 1 << 28
"""Longest record, pattern or expectation made into bytes at once; surfaces of nv_small are far below."""

_RECORD = re.compile(r"\{\s*offset\s*:\s*(\w+)\s*,\s*size\s*:\s*(\w+)\s*,\s*payload\s*:([\w\s]*)\}\s*,?\s*")
_TWO_DIGITS = re.compile(r"(?:0x[0-9a-fA-F]{2} ?)*", re.ASCII)


def read_surface_file(path: Path) -> list[tuple[int, bytes]]:
    """Contiguous runs (offset, bytes) in file order; bytes no record mentions are in no run.

    UserError with file and line number for anything that is not a record.
    """
    text = read_text(path)
    runs: list[tuple[int, bytearray]] = []
    end = -1
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("{offset"):
            line = line.strip()
            if line in ("", "{", "}") or line.startswith("#"):
                continue
        match = _RECORD.fullmatch(line)
        if not match:
            raise UserError(f"{path}:{number}: not a surface record: {line.strip()[:60]!r}")
        offset, data = _record(path, number, match)
        if offset == end:
            runs[-1][1].extend(data)
        else:
            runs.append((offset, bytearray(data)))
        end = offset + len(data)
    return [(offset, bytes(data)) for offset, data in runs]


def _record(path: Path, number: int, match: re.Match[str]) -> tuple[int, bytes]:
    offset_text, size_text, payload = match.groups()
    try:
        offset, size = parse_number(offset_text), parse_number(size_text)
        if _TWO_DIGITS.fullmatch(payload):
            data = bytes.fromhex(payload.replace("0x", ""))
        else:
            data = bytes(int(value, 0) for value in payload.split())
    except ValueError:
        raise UserError(f"{path}:{number}: not a number or not a byte") from None
    if size > MOST_BYTES:
        raise UserError(f"{path}:{number}: a record of {size} bytes; at most {MOST_BYTES} are taken")
    if offset + size > 1 << ADDRESS_BITS:
        raise UserError(f"{path}:{number}: bytes {offset:#x}..{offset + size:#x} are outside the 32-bit memory")
    if len(data) > size:
        raise UserError(f"{path}:{number}: {len(data)} bytes in a record of size {size}")
    return offset, data + bytes(size - len(data))
