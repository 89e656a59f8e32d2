"""Tensors of a loadable and what the public application does with them: image in, .dimg out (spec: section 11)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.files.inputs import read_input
from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.loadable.schema import Tensor

HALF, INT8, UINT8 = 2, 4, 5
"""data_type."""
FEATURE_32, FEATURE_8 = 36, 37
"""pixel_format of features: atoms of 32 or 8 bytes. Others are pixels, of one plane here."""
PIXELS = {code: known for code, known in PIXEL_FORMATS.items() if known.planes == 1}
MOST_ELEMENTS = 16 << 20
_SURFACE = {**dict.fromkeys(PIXELS, 13), 0: 0, FEATURE_32: 40, FEATURE_8: 41}
"""The surface format of a .dimg by pixel_format: bytes, pixels of four bytes, atoms of 32 or 8."""
_HALF_ATOMS = 43
"""The same of half precision in atoms of 32 bytes."""
_PLANAR: dict[int, type[Any]] = {37: np.int8, 39: np.float16}
"""Surface formats that other programs write, without atoms."""
DTYPES: dict[int, type[Any]] = {HALF: np.float16, INT8: np.int8, UINT8: np.uint8}
_HEAD = struct.Struct("<4s8I")
_MAGIC = b"DIMG"


@dataclass(frozen=True)
class Format:
    """Where the elements of a tensor are. pixel_format, data_type: see above; strides in bytes. Pixels: R, G, B, A."""

    pixel_format: int
    channels: int
    height: int
    width: int
    line: int
    surface: int
    data_type: int = INT8

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    def size(self) -> int:
        """Bytes from the first to behind the last element."""
        channels = np.arange(max(0, self.channels - 2 * 32), self.channels)  # the last atoms
        return int(np.max(self._offset(channels, self.height - 1, self.width - 1))) + self.dtype.itemsize

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the elements: int8, uint8, float16."""
        return np.dtype(DTYPES[self.data_type])

    def offsets(self) -> NDArray[np.int64]:
        """(channels, height, width) byte offsets of the elements."""
        c, y, x = np.ogrid[: self.channels, : self.height, : self.width]
        return np.asarray(self._offset(c, y, x), np.int64)

    def unpack(self, data: bytes) -> NDArray[Any]:
        """The elements (channels, height, width) in a buffer, of `dtype`."""
        whole = len(data) // self.dtype.itemsize
        return np.frombuffer(data, self.dtype, whole)[self.offsets() // self.dtype.itemsize]

    def pack(self, values: NDArray[Any], size: int) -> bytes:
        """A buffer of `size` bytes with these elements; all others are 0."""
        found = np.zeros(-(-size // self.dtype.itemsize), self.dtype)
        found[self.offsets() // self.dtype.itemsize] = values.astype(self.dtype)
        return found.tobytes()[:size]

    def _offset(self, c: Any, y: Any, x: Any) -> Any:
        if self.pixel_format in PIXELS:
            order = np.array(PIXELS[self.pixel_format].order)
            return y * self.line + x * len(order) + order[c]
        atom, width = 32 if self.pixel_format == FEATURE_32 else 8, self.dtype.itemsize
        lanes = atom // width
        return c // lanes * self.surface + y * self.line + x * atom + c % lanes * width


def format_of(tensor: Tensor, room: int) -> Format:
    """Where the elements of a tensor are in its buffer of `room` bytes; UserError for one that cannot be used."""
    name = f"tensor {tensor.name[:80]!r}"
    if tensor.data_type not in DTYPES:
        raise UserError(f"{name}: data_type is {tensor.data_type}; half (2), int8 (4) and uint8 (5) are taken")
    if tensor.data_type == HALF and tensor.pixel_format != FEATURE_32:
        raise UserError(
            f"{name}: half precision with pixel_format {tensor.pixel_format}; features in atoms of 32 bytes "
            f"({FEATURE_32}) are taken"
        )
    if tensor.pixel_format not in _SURFACE:
        raise UserError(f"{name}: pixel_format is {tensor.pixel_format}; {', '.join(map(str, _SURFACE))} are taken")
    if tensor.pixel_mapping:
        raise UserError(f"{name}: pixel_mapping is {tensor.pixel_mapping}; pitch linear (0) is taken")
    if tensor.n not in (0, 1):
        raise UserError(f"{name}: n is {tensor.n}; one image at a time is taken")
    extents = tensor.c, tensor.h, tensor.w
    most = PIXELS[tensor.pixel_format].channels if tensor.pixel_format in PIXELS else room
    if min(extents) < 1 or tensor.c * tensor.h * tensor.w > min(room, MOST_ELEMENTS) or tensor.c > most:
        raise UserError(f"{name}: {tensor.c} x {tensor.h} x {tensor.w} elements (c x h x w) cannot be")
    found = Format(tensor.pixel_format, *extents, tensor.stride_1, tensor.stride_2, tensor.data_type)
    if (found.line | found.surface) % found.dtype.itemsize:
        raise UserError(f"{name}: strides of {found.line} and {found.surface} bytes for elements of 2 bytes")
    if found.size > room:
        raise UserError(f"{name}: its last element is byte {found.size - 1:,}, its buffer has {room:,}")
    return found


@dataclass(frozen=True)
class Preparation:
    """What the application does with pixels for inputs in half precision: (pixel - mean) / normalize.

    mean, normalize: one number, or one for each channel in the order of the tensor.
    """

    mean: tuple[float, ...] = (0.0,)
    normalize: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        numbers = (*self.mean, *self.normalize)
        if not all(np.isfinite(numbers)) or 0.0 in self.normalize:
            told = f"mean {self.mean}, normalize {self.normalize}"
            raise UserError(f"{told}: finite numbers are taken, and no 0 to divide by")

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Pixels (..., c, h, w) as numbers; UserError for another number of channels."""
        mean, normalize = (self._spread(name, pixels.shape[-3]) for name in ("mean", "normalize"))
        with np.errstate(over="ignore"):
            return ((pixels - mean) / normalize).astype(np.float16)

    def _spread(self, name: str, channels: int) -> NDArray[np.float32]:
        given = getattr(self, name)
        if len(given) not in (1, channels):
            raise UserError(f"{name} has {len(given)} numbers; one, or one for each of {channels} channels is taken")
        return np.asarray(given, np.float32).reshape(-1, 1, 1)


def from_pixels(pixels: NDArray[np.uint8], into: Format, preparation: Preparation | None = None) -> NDArray[Any]:
    """Pixels (..., c, h, w) 0..255 as the application hands them over: int8 codes 0..127, as they are, or as numbers in
    half precision. UserError for a preparation of other inputs: the application has none for them.
    """
    if into.data_type == HALF:
        return (preparation or Preparation())(pixels)
    if preparation is not None:
        raise UserError("mean and normalize act on inputs in half precision only; this one has bytes")
    return pixels if into.data_type == UINT8 else np.floor(pixels * (127 / 255) + 0.5).astype(np.int8)


# -- .dimg -------------------------------------------------------------------------------------


def to_dimg(values: NDArray[Any], form: Format, size: int) -> bytes:
    """The .dimg that the application writes of elements (c, h, w) from a buffer of `size` bytes."""
    surface = _HALF_ATOMS if form.data_type == HALF else _SURFACE[form.pixel_format]
    head = _HEAD.pack(
        _MAGIC, 0, surface, form.width, form.height, form.channels, form.line, form.surface if surface else 0, size
    )
    return head + np.ascontiguousarray(values).tobytes()


def read_dimg(path: Path) -> NDArray[Any]:
    """The elements (c, h, w) of a .dimg, int8 or float16; UserError for another file, or another format."""
    data = read_input(path)
    if len(data) < _HEAD.size or not data.startswith(_MAGIC):
        raise UserError(f"{path}: not a .dimg file")
    _, version, surface, width, height, channels, *_ = _HEAD.unpack_from(data)
    formats: dict[int, Any] = {**dict.fromkeys(_SURFACE.values(), np.int8), _HALF_ATOMS: np.float16, **_PLANAR}
    if version or surface not in formats:
        raise UserError(f"{path}: version {version}, surface format {surface}: bytes and halves of version 0 are taken")
    dtype = np.dtype(formats[surface])
    if width * height * channels * dtype.itemsize != len(data) - _HEAD.size:
        told = f"{channels} x {height} x {width}"
        raise UserError(f"{path}: {told} elements (c x h x w) are not its {len(data) - _HEAD.size:,} bytes")
    return np.frombuffer(data, dtype, offset=_HEAD.size).reshape(channels, height, width)


# -- decimal text ------------------------------------------------------------------------------


def to_text(values: NDArray[Any]) -> bytes:
    """Elements (c, h, w) as decimal numbers in that order, a line of the tensor a line of text."""
    rows = values.reshape(-1, values.shape[-1])
    return "".join(f"{' '.join(f'{number:.6g}' for number in row)}\n" for row in rows.tolist()).encode()


def read_text(path: Path, form: Format) -> NDArray[Any]:
    """The elements (c, h, w) of a text of decimal numbers; UserError for another number of them, or other words."""
    words, count = read_input(path).split(), int(np.prod(form.shape))
    if len(words) != count:
        raise UserError(f"{path}: {len(words):,} numbers, the output has {count:,} elements")
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError as error:
        raise UserError(f"{path}: {str(error)[:100]}") from None
    with np.errstate(all="ignore"):
        found = numbers.astype(form.dtype)
    if form.data_type != HALF and not np.array_equal(found, numbers):
        raise UserError(f"{path}: holds numbers that are no {form.dtype}")
    return found.reshape(form.shape)
