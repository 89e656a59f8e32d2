"""Reader of surface files (.dat, .mem) of the public traces (spec: trace_format.md section 4)."""

from __future__ import annotations

import re
from pathlib import Path

from cocodla.errors import UserError

_RECORD = re.compile(r"\{\s*offset:(\w+)\s*,\s*size:(\w+)\s*,\s*payload:([0-9a-fA-Fx ]*)\}\s*,?\s*")
_TWO_DIGITS = re.compile(r"(?:0x[0-9a-fA-F]{2} ?)*")


def read_surface_file(path: Path) -> list[tuple[int, bytes]]:
    """Contiguous runs (offset, bytes) in file order; bytes no record mentions are in no run.

    UserError with file and line number for anything that is not a record.
    """
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None
    runs: list[tuple[int, bytearray]] = []
    end = -1
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("{offset") and (match := _RECORD.fullmatch(line)):
            offset, data = _record(path, number, match)
            if offset == end:
                runs[-1][1].extend(data)
            else:
                runs.append((offset, bytearray(data)))
            end = offset + len(data)
        elif line.strip() not in ("", "{", "}") and not line.lstrip().startswith("#"):
            match = _RECORD.fullmatch(line.strip())
            if not match:
                raise UserError(f"{path}:{number}: not a surface record: {line.strip()[:60]!r}")
            runs.append((lambda r: (r[0], bytearray(r[1])))(_record(path, number, match)))
            end = -1
    return [(offset, bytes(data)) for offset, data in runs]


def _record(path: Path, number: int, match: re.Match[str]) -> tuple[int, bytes]:
    offset_text, size_text, payload = match.groups()
    try:
        offset, size = int(offset_text, 0), int(size_text, 0)
        if _TWO_DIGITS.fullmatch(payload):
            data = bytes.fromhex(payload.replace("0x", ""))
        else:
            data = bytes(int(value, 0) for value in payload.split())
    except ValueError:
        raise UserError(f"{path}:{number}: not a number or not a byte") from None
    if len(data) > size:
        raise UserError(f"{path}:{number}: {len(data)} bytes in a record of size {size}")
    return offset, data + bytes(size - len(data))
