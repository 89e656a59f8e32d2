"""Reader of surface files (.dat, .mem) of the public traces (spec: trace_format.md section 4)."""

from __future__ import annotations

import re
from pathlib import Path

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
from cocodla.program.allowance import Allowance
from cocodla.program.text import parse_number, read_lines

_RECORD = re.compile(r"\{\s*offset\s*:\s*(\w+)\s*,\s*size\s*:\s*(\w+)\s*,\s*payload\s*:([\w\s]*)\}\s*,?\s*")
_TWO_DIGITS = re.compile(r"0x[0-9a-fA-F]{2} ?", re.ASCII)


def read_surface_file(path: Path, allowance: Allowance) -> list[tuple[int, bytes]]:
    """Contiguous runs (offset, bytes) in file order; bytes no record mentions are in no run.

    UserError with file and line number for anything that is not a record, or more than `allowance` has left.
    """
    runs: list[tuple[int, bytearray]] = []
    end = -1
    for number, line in read_lines(path, allowance):
        if not line.startswith("{offset"):
            line = line.strip()
            if line in ("", "{", "}") or line.startswith("#"):
                continue
        match = _RECORD.fullmatch(line)
        if not match:
            raise UserError(f"{path}:{number}: not a surface record: {line.strip()[:60]!r}")
        try:
            offset, data = _record(match, allowance)
            if offset == end:
                runs[-1][1].extend(data)
            else:
                allowance.command()
                runs.append((offset, bytearray(data)))
        except ValueError as error:
            raise UserError(f"{path}:{number}: {error}") from None
        end = offset + len(data)
    return [(offset, bytes(data)) for offset, data in runs]


def _record(match: re.Match[str], allowance: Allowance) -> tuple[int, bytes]:
    offset_text, size_text, payload = match.groups()
    try:
        offset, size = parse_number(offset_text), parse_number(size_text)
        if not _TWO_DIGITS.sub("", payload):  # no fullmatch of a repetition: it keeps 200 bytes of memory for each byte
            data = bytes.fromhex(payload.replace("0x", ""))
        else:
            data = bytes(int(value, 0) for value in payload.split())
    except ValueError:
        raise ValueError("not a number or not a byte") from None
    if offset + size > 1 << ADDRESS_BITS:
        raise ValueError(f"bytes {offset:#x}..{offset + size:#x} are outside the 32-bit memory")
    if len(data) > size:
        raise ValueError(f"{len(data)} bytes in a record of size {size}")
    allowance.hold(size)
    return offset, data + bytes(size - len(data))
