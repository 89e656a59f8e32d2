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
_HEAD = struct.Struct("<4s8I")
_MAGIC = b"DIMG"


@dataclass(frozen=True)
class Format:
    """Where the elements of a tensor are. pixel_format: see above; strides in bytes. Channels of pixels: R, G, B, A."""

    pixel_format: int
    channels: int
    height: int
    width: int
    line: int
    surface: int
    signed: bool = True

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    def size(self) -> int:
        """Bytes from the first to behind the last element."""
        channels = np.arange(max(0, self.channels - 2 * 32), self.channels)  # the last atoms
        return int(np.max(self._offset(channels, self.height - 1, self.width - 1))) + 1

    @property
    def dtype(self) -> type[np.int8] | type[np.uint8]:
        return np.int8 if self.signed else np.uint8

    def offsets(self) -> NDArray[np.int64]:
        """(channels, height, width) byte offsets of the elements."""
        c, y, x = np.ogrid[: self.channels, : self.height, : self.width]
        return np.asarray(self._offset(c, y, x), np.int64)

    def unpack(self, data: bytes) -> NDArray[Any]:
        """The elements (channels, height, width) in a buffer, int8 or uint8."""
        return np.frombuffer(data, self.dtype)[self.offsets()]

    def pack(self, values: NDArray[Any], size: int) -> bytes:
        """A buffer of `size` bytes with these elements; all others are 0."""
        found = np.zeros(size, np.uint8)
        found[self.offsets()] = values.astype(self.dtype).view(np.uint8)
        return found.tobytes()

    def _offset(self, c: Any, y: Any, x: Any) -> Any:
        if self.pixel_format in PIXELS:
            order = np.array(PIXELS[self.pixel_format].order)
            return y * self.line + x * len(order) + order[c]
        atom = 32 if self.pixel_format == FEATURE_32 else 8
        return c // atom * self.surface + y * self.line + x * atom + c % atom


def format_of(tensor: Tensor, room: int) -> Format:
    """Where the elements of a tensor are in its buffer of `room` bytes; UserError for one that cannot be used."""
    name = f"tensor {tensor.name[:80]!r}"
    if tensor.data_type not in (INT8, UINT8):
        raise UserError(f"{name}: data_type is {tensor.data_type}; int8 (4) and uint8 (5) are taken")
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
    signed = tensor.data_type == INT8
    found = Format(tensor.pixel_format, *extents, tensor.stride_1, tensor.stride_2, signed)
    if found.size > room:
        raise UserError(f"{name}: its last element is byte {found.size - 1:,}, its buffer has {room:,}")
    return found


def from_pixels(pixels: NDArray[np.uint8], into: Format) -> NDArray[Any]:
    """Pixels (c, h, w) 0..255 as the application hands them over: int8 codes 0..127, or as they are."""
    if not into.signed:
        return pixels
    return np.floor(pixels * (127 / 255) + 0.5).astype(np.int8)


# -- .dimg -------------------------------------------------------------------------------------


def to_dimg(values: NDArray[Any], form: Format, size: int) -> bytes:
    """The .dimg that the application writes of elements (c, h, w) from a buffer of `size` bytes."""
    surface = _SURFACE[form.pixel_format]
    head = _HEAD.pack(
        _MAGIC, 0, surface, form.width, form.height, form.channels, form.line, form.surface if surface else 0, size
    )
    return head + np.ascontiguousarray(values).tobytes()


def read_dimg(path: Path) -> NDArray[Any]:
    """The elements (c, h, w) of a .dimg, int8; UserError for another file, or formats of more than a byte."""
    data = read_input(path)
    if len(data) < _HEAD.size or not data.startswith(_MAGIC):
        raise UserError(f"{path}: not a .dimg file")
    _, version, surface, width, height, channels, *_ = _HEAD.unpack_from(data)
    if version or surface not in (*_SURFACE.values(), 37):
        raise UserError(f"{path}: version {version}, surface format {surface}: bytes of version 0 are taken")
    if width * height * channels != len(data) - _HEAD.size:
        told = f"{channels} x {height} x {width}"
        raise UserError(f"{path}: {told} elements (c x h x w) are not its {len(data) - _HEAD.size:,} bytes")
    return np.frombuffer(data, np.int8, offset=_HEAD.size).reshape(channels, height, width)
