"""Arrays from files of others (.npy, .npz, IDX, CIFAR-10): what they declare is held against their size before reading.

What is not packed stays on disk: only what is asked for is read.
"""

from __future__ import annotations

import io
import math
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from cocodla.errors import UserError
from cocodla.files.inputs import MEMORY_LIMIT, check_size, gunzipped, open_input, read_archive, read_input

CIFAR_RECORD = 1 + 3 * 32 * 32
"""A label byte and a picture (channel, row, column)."""
GZIP = b"\x1f\x8b"

_MAGIC = b"\x93NUMPY"
_MOST_HEADER = 10_000
_MOST_AXES = 8
_HEADERS: dict[int, tuple[int, Callable[[IO[bytes]], Any]]] = {
    1: (2, np.lib.format.read_array_header_1_0),
    2: (4, np.lib.format.read_array_header_2_0),
}
"""Bytes of the header's length, and what reads it, by version; version 3 is only for names of fields."""


def read_npy(path: Path) -> np.ndarray:
    """The real numbers of an .npy file, on disk. UserError for anything else, and where its header lies."""
    with open_input(path) as file:
        size = _size(path, file)
        try:
            return _mapped(file, *_header(file, size))
        except (ValueError, OSError) as error:
            raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name, in memory; see `read_npy`, and `read_archive` for how many there may be."""
    found = {}
    for member, data in read_archive(path, [], None, "a numpy file").items():
        try:
            dtype, shape, order, start = _header(io.BytesIO(data), len(data))
        except ValueError as error:
            raise UserError(f"{path}: {member[:80]!r}: {error}") from None
        found[member.removesuffix(".npy")] = np.frombuffer(data, dtype, offset=start).reshape(shape, order=order)
    return found


def read_idx(path: Path) -> np.ndarray:
    """Array of unsigned bytes in an IDX file (plain: on disk; or gzip). UserError if it is none."""
    with open_input(path) as file:
        size, packed = _size(path, file), file.read(2) == GZIP
        file.seek(0)
        data = gunzipped(path, read_input(path)) if packed else None
        head = data[: 4 + 4 * _MOST_AXES] if data is not None else file.read(4 + 4 * _MOST_AXES)
        if len(head) < 4 or head[:3] != b"\0\0\x08" or not 1 <= head[3] <= _MOST_AXES or len(head) < 4 + 4 * head[3]:
            raise UserError(f"{path}: not an IDX file of unsigned bytes")
        shape = tuple(int.from_bytes(head[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(head[3]))
        start, body = 4 + 4 * len(shape), (size if data is None else len(data)) - 4 - 4 * len(shape)
        if math.prod(shape) != body:
            raise UserError(f"{path}: header promises {math.prod(shape)} bytes, there are {body}")
        if not body:
            raise UserError(f"{path}: holds no images or labels ({' x '.join(map(str, shape))})")
        if data is not None:
            return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
        return _mapped(file, np.dtype(np.uint8), shape, "C", start)


def read_cifar(path: Path) -> np.ndarray:
    """The records (count, CIFAR_RECORD) of a CIFAR-10 binary file, on disk. UserError if it is none."""
    with open_input(path) as file:
        size = _size(path, file)
        if not size or size % CIFAR_RECORD:
            raise UserError(f"{path}: {size} bytes are no whole number of CIFAR-10 records of {CIFAR_RECORD}")
        return _mapped(file, np.dtype(np.uint8), (size // CIFAR_RECORD, CIFAR_RECORD), "C", 0)


def _size(path: Path, file: BinaryIO) -> int:
    size = os.fstat(file.fileno()).st_size
    check_size(path, size, MEMORY_LIMIT)
    return size


def _mapped(file: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, ...], order: Any, start: int) -> np.ndarray:
    return np.memmap(file, dtype, "r", start, shape, order)


def _header(file: IO[bytes], size: int) -> tuple[np.dtype[Any], tuple[int, ...], Any, int]:
    """(type, shape, order, place of the data) of an .npy file of `size` bytes.

    ValueError if it is none of real numbers, or has not just the bytes that it declares.
    """
    start = file.read(8)
    width, read = _HEADERS.get(start[6] if len(start) == 8 else 0, (0, None))
    length = int.from_bytes(file.read(width), "little")
    if not start.startswith(_MAGIC) or read is None:
        raise ValueError("not a numpy file of version 1 or 2")
    if length > min(_MOST_HEADER, size):
        raise ValueError(f"not a numpy file: a header of {length:,} bytes")
    file.seek(8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old spellings of numbers
            shape, fortran, dtype = read(file)
    except Exception as error:  # the header is a text of Python, and may be any
        raise ValueError(f"not a numpy file ({str(error)[:120] or type(error).__name__})") from None
    if dtype.kind not in "iuf":
        raise ValueError(f"holds values of type {str(dtype)[:60]}, not pixels (uint8) or real numbers")
    shown = f"{' x '.join(map(str, shape[:_MOST_AXES]))} {dtype}"
    if len(shape) > _MOST_AXES or any(extent < 0 for extent in shape):
        raise ValueError(f"declares an array of {shown}: at most {_MOST_AXES} extents from 0 are taken")
    declared, found = math.prod(shape) * dtype.itemsize, size - file.tell()
    if declared != found:
        raise ValueError(f"declares an array of {shown}, {declared:,} bytes, there are {found:,}")
    if not declared:
        raise ValueError(f"holds no images or labels ({shown})")
    return dtype, shape, "F" if fortran else "C", file.tell()
