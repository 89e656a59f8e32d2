"""The program file, version 1: a zip archive with two members.

`commands.jsonl` (UTF-8, one JSON value a line). Line 1 is the header
`{"format": "cocodla-program", "version": 1, "meta": {...}}`, each further line one command as an array:

    ["load", address, offset, length]            bytes offset..offset+length of data.bin
    ["fill", address, length, value]
    ["write", address, value]
    ["read", address, mask, expected]
    ["poll", address, mask, expected]
    ["wait", bits, clear]
    ["check", address, length, name, offset or null, crc or null]    offset: expected bytes in data.bin
    ["mark", name, info]

`data.bin` holds all byte strings, each content once. Time stamps are fixed, so equal programs give
equal files. Writing goes through a temporary file: an interrupted save leaves nothing behind. A file may come from
anybody: all that running it assumes of its values is checked when it is read.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.files.inputs import file_limit, read_archive, strict_json
from cocodla.program import file_records
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

FORMAT = "cocodla-program"
VERSION = 1
MEMBERS = ("commands.jsonl", "data.bin")
MOST_COMMANDS = 1_000_000


class _Blobs:
    """Byte strings joined to one, equal ones stored once."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.offsets: dict[bytes, int] = {}
        self.size = 0

    def add(self, data: bytes) -> int:
        data = bytes(data)
        if data not in self.offsets:
            self.offsets[data] = self.size
            self.parts.append(data)
            self.size += len(data)
        return self.offsets[data]


def _encode(command: Command, blobs: _Blobs) -> list[Any]:
    match command:
        case LoadMemory(address, data):
            return ["load", address, blobs.add(data), len(data)]
        case FillMemory(address, length, value):
            return ["fill", address, length, value]
        case WriteRegister(address, value):
            return ["write", address, value]
        case ReadRegister(address, mask, expected):
            return ["read", address, mask, expected]
        case PollRegister(address, mask, expected):
            return ["poll", address, mask, expected]
        case WaitInterrupt(bits, clear):
            return ["wait", bits, clear]
        case CheckMemory(address, length, name, data, crc):
            return ["check", address, length, name, None if data is None else blobs.add(data), crc]
        case Mark(name, info):
            return ["mark", name, info]


def write(path: Path, commands: Sequence[Command], meta: Mapping[str, Any]) -> None:
    """Write a program file; UserError when that is not possible."""
    blobs = _Blobs()
    header = {"format": FORMAT, "version": VERSION, "meta": meta}
    lines = [json.dumps(header, sort_keys=True)]
    lines += [json.dumps(_encode(c, blobs), separators=(",", ":"), sort_keys=True) for c in commands]
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            _add(archive, "commands.jsonl", ("\n".join(lines) + "\n").encode())
            _add(archive, "data.bin", b"".join(blobs.parts))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise UserError(f"{path}: cannot write the program: {error.strerror}") from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def read(path: Path) -> tuple[list[Command], dict[str, Any]]:
    """Commands and meta of a program file; UserError naming the file and the line when it is not one."""
    if not path.exists():
        raise UserError(f"{path}: cannot read the program: no such file")
    text, data = read_archive(path, MEMBERS, kind="a program file").values()
    if text.count(b"\n") > MOST_COMMANDS:
        raise UserError(f"{path}: more than {MOST_COMMANDS:,} commands; no more are taken")
    lines = text.split(b"\n")
    meta = _meta(path, lines[0])
    blobs, commands, used = _Slices(data), list[Command](), sum(size for _, size in meta.get("memory", []))
    for number, line in enumerate(lines[1:], 2):
        if not line and number == len(lines):
            break
        try:
            commands.append(file_records.command(strict_json(line), blobs.part))
            used += max(0, getattr(commands[-1], "length", 0))
            if used > most_bytes():
                raise ValueError(f"more than {most_bytes():,} bytes of memory are named, filled and checked until here")
        except ValueError as error:
            raise UserError(f"{path}: commands.jsonl line {number}: {error}") from None
    return commands, meta


def most_bytes() -> int:
    """Bytes of memory that a program file may name, fill and check altogether."""
    return 2 * file_limit()


def _meta(path: Path, line: bytes) -> dict[str, Any]:
    try:
        header = strict_json(line)
        if not isinstance(header, dict) or "format" not in header:
            raise ValueError("the header is missing")
    except ValueError as error:
        raise UserError(f"{path}: not a program file: line 1: {error}") from None
    if header["format"] != FORMAT or header.get("version") != VERSION:
        told = f"format {str(header['format'])[:40]!r} version {str(header.get('version'))[:40]}"
        raise UserError(f"{path}: program {told} is unknown")
    try:
        return file_records.meta(header.get("meta"))
    except ValueError as error:
        raise UserError(f"{path}: commands.jsonl line 1: meta: {error}") from None


class _Slices:
    """Parts of data.bin, each made once; together they are not longer than it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.left = data, len(data)
        self.made: dict[tuple[int, int], bytes] = {}

    def part(self, offset: int, length: int) -> bytes:
        """Some of its bytes; ValueError if they are outside, or more are taken than there are."""
        if length < 0 or offset + length > len(self.data):
            raise ValueError(f"bytes {offset}..{offset + length} are outside data.bin")
        found = self.made.get((offset, length))
        if found is None:
            self.left -= length
            if self.left < 0:
                raise ValueError("parts of data.bin overlap: together they are longer than it")
            found = self.made[offset, length] = self.data[offset : offset + length]
        return found
