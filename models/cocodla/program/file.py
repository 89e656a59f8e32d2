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
equal files. Writing goes through a temporary file: an interrupted save leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
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


def _decode(item: list[Any], data: bytes) -> Command:
    def blob(offset: int, length: int) -> bytes:
        if not 0 <= offset <= offset + length <= len(data):
            raise ValueError(f"bytes {offset}..{offset + length} are outside data.bin")
        return data[offset : offset + length]

    match item:
        case ["load", int(address), int(offset), int(length)]:
            return LoadMemory(address, blob(offset, length))
        case ["fill", int(address), int(length), int(value)]:
            return FillMemory(address, length, value)
        case ["write", int(address), int(value)]:
            return WriteRegister(address, value)
        case ["read", int(address), int(mask), int(expected)]:
            return ReadRegister(address, mask, expected)
        case ["poll", int(address), int(mask), int(expected)]:
            return PollRegister(address, mask, expected)
        case ["wait", int(bits), bool(clear)]:
            return WaitInterrupt(bits, clear)
        case ["check", int(address), int(length), str(name), (int() | None) as offset, (int() | None) as crc]:
            return CheckMemory(address, length, name, None if offset is None else blob(offset, length), crc)
        case ["mark", str(name), dict(info)]:
            return Mark(name, info)
    raise ValueError("unknown command")


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
    try:
        with zipfile.ZipFile(path) as archive:
            lines = archive.read("commands.jsonl").decode().splitlines()
            data = archive.read("data.bin")
    except OSError as error:
        raise UserError(f"{path}: cannot read the program: {error.strerror}") from None
    except (zipfile.BadZipFile, zlib.error, KeyError, UnicodeDecodeError, EOFError):
        raise UserError(f"{path}: not a program file, or damaged") from None
    try:
        header = json.loads(lines[0])
        if header["format"] != FORMAT or header["version"] != VERSION:
            raise UserError(f"{path}: program format {header['format']!r} version {header['version']} is unknown")
        meta: dict[str, Any] = header["meta"]
    except (IndexError, KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a program file: the header is missing") from None
    commands = []
    for number, line in enumerate(lines[1:], 2):
        try:
            commands.append(_decode(json.loads(line), data))
        except ValueError as error:
            raise UserError(f"{path}: commands.jsonl line {number}: {error}") from None
    return commands, meta
