"""Files of others, read within limits: what they are and what they declare is checked before anything is read."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import select
import stat
import struct
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

from cocodla.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MEMORY_LIMIT = 4 << 30
"""Bytes of the accelerator's memory that one input may declare altogether, unless its command is told otherwise."""
FILE_LIMIT = 256 << 20
"""Bytes that are taken of one file, or of what is packed in it; FILE_LIMIT_VARIABLE changes it."""
FILE_LIMIT_VARIABLE = "COCODLA_FILE_LIMIT"
MOST_VALUES = 4_000_000
"""Values in one JSON text: each takes some hundred bytes of memory, and perhaps two of the text."""
DEEPEST = 32
"""Nesting of JSON values; what the project writes stays below 10."""
LARGEST_TOML = 1 << 20
"""Bytes of a TOML file: people write them."""
SILENCE = 10.0
"""Seconds a pipe may stay silent."""
CHUNK = 1 << 20

_KINDS = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_END_OF_ZIP = struct.Struct("<12xL6x")
"""The end record: size of the list of members."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def file_limit() -> int:
    """Bytes that may be taken of one file. UserError for a limit in the environment that is no number."""
    text = os.environ.get(FILE_LIMIT_VARIABLE, str(FILE_LIMIT))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 40):
        raise UserError(f"{FILE_LIMIT_VARIABLE} takes a number of bytes, not {text[:40]!r}")
    return int(text)


def open_input(path: Path | str, pipes: bool = False) -> BinaryIO:
    """Open a file of others for reading: a regular one, with `pipes` also a pipe. Never waits for a pipe's writer.

    UserError for what does not exist, cannot be read or is of another kind (folder, device, socket).
    """
    path = Path(path)
    try:
        _check_kind(path, path.stat().st_mode, pipes)  # before opening: some devices act on being opened
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except ValueError as error:  # a null byte in the name
        raise UserError(f"{str(path)!r}: no file name ({error})") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        _check_kind(path, os.fstat(file.fileno()).st_mode, pipes)  # it may be another one by now
    except UserError:
        file.close()
        raise
    return file


def read_input(path: Path | str, most: int | None = None, pipes: bool = False) -> bytes:
    """All of a file (see `open_input`), at most `most` bytes (default: `file_limit`).

    UserError if it holds more: of a regular file before anything is read. A pipe may stay silent for SILENCE seconds.
    """
    limit = file_limit() if most is None else most
    with open_input(path, pipes) as file:
        about = os.fstat(file.fileno())
        if stat.S_ISREG(about.st_mode):
            check_size(path, about.st_size, limit)
        try:
            return _read(path, file, limit)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def check_size(path: Path | str, size: int, most: int | None = None, what: str = "") -> None:
    """UserError if `size` bytes of a file, or of `what` in it, are more than `most` (default: `file_limit`)."""
    limit = file_limit() if most is None else most
    if size > limit:
        named = f"{what} of " if what else ""
        told = f" ({FILE_LIMIT_VARIABLE} changes that)" if most is None or most == file_limit() else ""
        raise UserError(f"{path}: {named}{size:,} bytes; at most {limit:,} are taken{told}")


def read_archive(
    path: Path | str,
    required: Sequence[str],
    optional: Sequence[str] | None = (),
    kind: str = "a zip archive",
    most: int | None = None,
) -> dict[str, bytes]:
    """The members of a zip archive by name, at most `most` bytes in all (default: `file_limit`).

    optional: other members it may have; None: any. kind: what it should be. UserError for an archive that is damaged,
    encrypted or lies about sizes, for members that are missing, unknown or there twice; sizes are judged before
    anything is unpacked.
    """
    limit = file_limit() if most is None else most
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        check_size(path, size, limit)
        try:
            _check_directory(file, size)
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
                _check_members(infos, required, optional)
                check_size(path, sum(info.file_size for info in infos), limit, "contents")
                return {info.filename: _unpacked(archive, info) for info in infos}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error) as error:
            raise UserError(f"{path}: not {kind}, or damaged ({error or type(error).__name__})") from None


def gunzipped(path: Path | str, data: bytes, most: int | None = None) -> bytes:
    """What gzip has packed, at most `most` bytes (default: `file_limit`). UserError for more, and for damaged data."""
    limit = file_limit() if most is None else most
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return _limited(stream, limit, "it")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise UserError(f"{path}: damaged gzip data, or too many ({error})") from None


def strict_json(text: bytes | str, most: int = MOST_VALUES) -> Any:
    """The value of a JSON text (UTF-8) by the letter of RFC 8259, of at most `most` values, DEEPEST levels deep.

    ValueError for everything else: NaN and infinite numbers, keys twice, numbers of thousands of digits.
    """
    data = text.encode() if isinstance(text, str) else text
    if data.count(b",") + data.count(b"[") + data.count(b"{") > most:
        raise ValueError(f"JSON of more than {most:,} values")
    try:
        value = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise ValueError(f"JSON nested more than {DEEPEST} levels deep") from None
    brackets = _STRING.sub(b"", data).translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise ValueError(f"JSON nested more than {DEEPEST} levels deep")
    return value


def read_toml(path: Path | str, most: int = LARGEST_TOML) -> dict[str, Any]:
    """The table of a TOML file of at most `most` bytes. UserError for what is none."""
    return toml_table(read_input(path, most), path)


def toml_table(text: bytes, where: Path | str) -> dict[str, Any]:
    """The table of a TOML text. where: what complaints begin with. UserError for what is none."""
    try:
        return tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{where}: no TOML: {error}") from None
    except RecursionError:
        raise UserError(f"{where}: no TOML: too deeply nested") from None


def _check_kind(path: Path, mode: int, pipes: bool) -> None:
    if stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode)):
        return
    kind = next((name for test, name in _KINDS if test(mode)), "of an unknown kind")
    raise UserError(f"{path}: is {kind}, not a file")


def _read(path: Path | str, file: BinaryIO, limit: int) -> bytes:
    """The rest of a file or pipe that does not block."""
    found, until = io.BytesIO(), time.monotonic() + SILENCE
    while found.tell() <= limit:
        part = file.read(min(CHUNK, limit + 1 - found.tell()))
        if part is None:  # a pipe that has nothing yet
            if not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise UserError(f"{path}: a pipe that says nothing for {SILENCE:g} seconds")
            continue
        if not part:
            return found.getvalue()
        found.write(part)
        until = time.monotonic() + SILENCE
    raise UserError(f"{path}: more than {limit:,} bytes; no more are taken")


def _limited(stream: IO[bytes] | gzip.GzipFile, limit: int, what: str) -> bytes:
    """All that a stream unpacks; ValueError if that is more than `limit` bytes."""
    found = io.BytesIO()
    while part := stream.read(min(CHUNK, limit + 1 - found.tell())):
        found.write(part)
        if found.tell() > limit:
            raise ValueError(f"{what} unpacks to more than {limit:,} bytes")
    return found.getvalue()


def _check_directory(file: BinaryIO, size: int) -> None:
    """ValueError for an archive whose list of members takes much memory: zipfile reads it all before one can look."""
    file.seek(max(0, size - _END_OF_ZIP.size - 0xFFFF))
    tail = file.read(_END_OF_ZIP.size + 0xFFFF)
    plain = tail[-_END_OF_ZIP.size :]
    start = len(tail) - len(plain) if plain.startswith(b"PK\5\6") and plain.endswith(b"\0\0") else tail.rfind(b"PK\5\6")
    if start < 0 or len(tail) - start < _END_OF_ZIP.size:
        raise ValueError("no zip archive, or cut short")
    if tail[max(0, start - 20) : start].startswith(b"PK\6\7"):
        raise ValueError("a zip archive of the 64-bit kind, for more than is taken")
    (listed,) = _END_OF_ZIP.unpack_from(tail, start)
    if listed > CHUNK:
        raise ValueError(f"a list of members of {listed:,} bytes; at most {CHUNK:,} are taken")
    file.seek(0)


def _check_members(infos: list[zipfile.ZipInfo], required: Sequence[str], optional: Sequence[str] | None) -> None:
    """ValueError for members that are missing, unknown, there twice, encrypted, or packed in an unusual way."""
    names = {info.filename for info in infos}
    missing = [name for name in required if name not in names]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    seen: set[str] = set()
    for info in infos:
        named = repr(info.filename[:80])
        if optional is not None and info.filename not in (*required, *optional):
            raise ValueError(f"the member {named} is unknown")
        if info.filename in seen:
            raise ValueError(f"the member {named} is there twice")
        if info.flag_bits & 1:
            raise ValueError(f"the member {named} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"the member {named} is packed by method {info.compress_type}, not 0 or 8")
        seen.add(info.filename)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as stream:
        data = _limited(stream, info.file_size, info.filename)
    if len(data) != info.file_size:
        raise ValueError(f"{info.filename} has {len(data):,} bytes, declared are {info.file_size:,}")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {name[:80]!r} is there twice")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is beyond the range of numbers")
    return value
