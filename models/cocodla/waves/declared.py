"""Names of a dump's signals as GTKWave has them: with the ranges of vectors, as the file declares them.

pywellen leaves ranges out, so the declarations are read here: the header of a VCD, the hierarchy of an FST.
scripts/try_viewers.py holds the names against GTKWave's.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from cocodla.errors import UserError

Declaration = tuple[tuple[str, ...], str, int, bool]
"""Scopes, name, width (0: not told), whether it has a range."""

MOST_BYTES = 256 << 20
"""Of declarations: hundreds of times those of the chip."""

_GEOMETRY = 3
_HIERARCHIES = _GZIP, _LZ4, _LZ4_TWICE = 4, 6, 7
"""Blocks of an FST that hold the hierarchy, by how they are packed."""
_ATTRIBUTE, _SCOPE, _UP = 252, 254, 255
_ATTRIBUTE_END = 253
_INTEGER, _PARAMETER = 1, 2
_WITHOUT_RANGE = ("integer", "parameter", "real", "realtime", "string", "event", "time")
_ONE_BIT = re.compile(r"\[(-?\d+):\1\]")
_INDEX = re.compile(r"\[-?\d+\]")
_ELEMENT = re.compile(r"^([^\\].*?)((?:\[-?\d+\])+)$")
_RANGE = re.compile(r"^(.*?) ?(\[-?\d+(?::-?\d+)?\])$")


def declared_names(path: Path) -> dict[str, str]:
    """For each signal's path, as Dump.variables has it, GTKWave's name: "top.u_a.data[31:3]".

    Of several that differ in the range only (elements of an array) the first. GTKWave knows integers and parameters
    without a range, the range of one bit as [0], and gives vectors of a VCD a range that have none. UserError for a
    damaged file.
    """
    with path.open("rb") as file:
        is_fst = file.read(1) == b"\0"
    try:
        found = _fst(path) if is_fst else _vcd(path)
        result: dict[str, str] = {}
        for scopes, name, width, ranged in found:
            match = _RANGE.match(name)
            plain, extent = match.groups() if match else (name, f"[{width - 1}:0]" if width > 1 and not is_fst else "")
            if one := _ONE_BIT.fullmatch(extent):
                extent = f"[{one[1]}]"
            result.setdefault(_path(scopes, plain, extent), ".".join((*scopes, plain)) + (extent if ranged else ""))
        return result
    except (ValueError, IndexError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path}: damaged where it declares its signals") from error


def _path(scopes: tuple[str, ...], name: str, extent: str) -> str:
    """Path of a declared signal. Elements stand apart from their array, whose name Verilator's FSTs give twice: in
    scope `mem` an element is called mem[3], and its path is mem.[3] as in a VCD, where it has no scope of its own.
    """
    own = scopes[-1:] == (name,) and ":" not in extent
    parts = [name, *(_INDEX.findall(extent) if own else ())]
    if array := _ELEMENT.match(parts[0]):
        parts = [array[1], *_INDEX.findall(array[2]), *parts[1:]]
    twice = next((n for n in range(len(parts) - 1, 0, -1) if scopes[-n:] == tuple(parts[:n])), 0)
    return ".".join((*filter(None, scopes), *parts[twice:])).replace("\\", "")


def _vcd(path: Path) -> Iterator[Declaration]:
    scopes: list[str] = []
    words: list[str] = []
    size = 0
    with path.open("r", encoding="utf-8", errors="replace") as file:
        while line := file.readline(1 << 20):
            size += len(line)
            if size > MOST_BYTES:
                raise UserError(f"{path}: more than {MOST_BYTES >> 20} MiB of declarations")
            words += line.split()
            if "$enddefinitions" in words:
                return
            while "$end" in words:
                end = words.index("$end")
                kind, fields = words[0], words[1:end]
                del words[: end + 1]
                if kind == "$scope":
                    scopes.append(fields[1] if len(fields) > 1 else "")
                elif kind == "$upscope":
                    scopes.pop()
                elif kind == "$var":
                    vector = fields[0] not in _WITHOUT_RANGE
                    yield tuple(scopes), " ".join(fields[3:]), int(fields[1]) if vector else 0, vector


def _fst(path: Path) -> Iterator[Declaration]:
    data = _hierarchy(path)
    scopes: list[str] = []
    place = 0
    while place < len(data):
        kind = data[place]
        place += 1
        if kind == _SCOPE:
            name, place = _text(data, place + 1)
            _, place = _text(data, place)
            scopes.append(name)
        elif kind == _UP:
            scopes.pop()
        elif kind == _ATTRIBUTE:
            _, place = _text(data, place + 2)
            place = _after_number(data, place)
        elif kind != _ATTRIBUTE_END:
            name, place = _text(data, place + 1)
            place = _after_number(data, _after_number(data, place))
            yield tuple(scopes), name, 0, kind not in (_INTEGER, _PARAMETER)


def _text(data: bytes, place: int) -> tuple[str, int]:
    end = data.index(b"\0", place)
    return data[place:end].decode("utf-8", "replace"), end + 1


def _after_number(data: bytes, place: int) -> int:
    while data[place] & 0x80:
        place += 1
    return place + 1


def check_sizes(path: Path) -> None:
    """UserError for an FST whose blocks claim to unpack to more than MOST_BYTES: readers would ask for it at once."""
    for kind, place, length in _blocks(path):
        if kind in (*_HIERARCHIES, _GEOMETRY):
            with path.open("rb") as file:
                file.seek(place)
                full = int.from_bytes(file.read(8), "big")
            if max(full, length) > MOST_BYTES:
                raise UserError(f"{path}: more than {MOST_BYTES >> 20} MiB of declarations")


def _hierarchy(path: Path) -> bytes:
    """The unpacked declarations of an FST."""
    check_sizes(path)
    for kind, place, length in _blocks(path):
        if kind in _HIERARCHIES:
            with path.open("rb") as file:
                file.seek(place)
                full = int.from_bytes(file.read(8), "big")
                return _unpacked(kind, file.read(length - 16), full)
    raise ValueError("no hierarchy")


def _blocks(path: Path) -> Iterator[tuple[int, int, int]]:
    """Kind, place of the content and length of each block of an FST."""
    position, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while position + 9 <= size:
            file.seek(position)
            head = file.read(9)
            length = int.from_bytes(head[1:], "big")
            yield head[0], position + 9, length
            position += 1 + length


def _unpacked(kind: int, data: bytes, full: int) -> bytes:
    import lz4.block

    if kind == _GZIP:
        unpacker = zlib.decompressobj(wbits=31)
        return unpacker.decompress(data, full)
    try:
        if kind == _LZ4_TWICE:
            once = int.from_bytes(data[:8], "big")
            if once > MOST_BYTES:
                raise ValueError(once)
            data = lz4.block.decompress(data[8:], uncompressed_size=once)
        return lz4.block.decompress(data, uncompressed_size=full)
    except lz4.block.LZ4BlockError as error:
        raise ValueError(str(error)) from error
