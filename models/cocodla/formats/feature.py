"""Feature cubes: arrays <-> memory bytes (spec: data_formats.md section 2).

Two array shapes are used throughout the package:

* *tensor*: (..., channels, height, width), int8, what a framework uses;
* *atoms*: (..., surfaces, height, width, 8), int8, the order in which every unit of the hardware
  walks a cube; lane i of surface s is channel 8*s+i, lanes above the channel count are padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.hw import ATOM, surfaces

Int8Array = NDArray[np.int8]
ByteArray = NDArray[np.uint8]

_WORDS = {8: np.int64, 16: np.complex128}
"""Types of so many bytes, which numpy moves as a whole."""


def transposed(atoms: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
    """A contiguous array of the atoms (..., 8) with the axes before the lanes in this order."""
    word = _WORDS.get(ATOM * atoms.itemsize)
    if word is None or atoms.strides[-1] != atoms.itemsize:
        return np.ascontiguousarray(atoms.transpose(*axes, len(axes)))
    # an atom is moved as one word: four times as fast as lane by lane
    words: NDArray[Any] = np.ascontiguousarray(atoms.view(word)[..., 0].transpose(axes))
    return words[..., None].view(atoms.dtype)


@dataclass(frozen=True)
class CubeLayout:
    """Where the elements of a cube lie, relative to its base address. Strides in bytes."""

    width: int
    height: int
    channels: int
    line_stride: int
    surface_stride: int

    @staticmethod
    def packed(width: int, height: int, channels: int) -> CubeLayout:
        """Line and surface packed layout."""
        return CubeLayout(width, height, channels, ATOM * width, ATOM * width * height)

    @property
    def surfaces(self) -> int:
        return surfaces(self.channels)

    @property
    def size(self) -> int:
        """Bytes from the base to the end of the last atom."""
        return (self.surfaces - 1) * self.surface_stride + (self.height - 1) * self.line_stride + ATOM * self.width

    @property
    def is_packed(self) -> bool:
        return self.line_stride == ATOM * self.width and (
            self.surfaces == 1 or self.surface_stride == self.line_stride * self.height
        )

    def offset(self, channel: int, y: int, x: int) -> int:
        """Byte offset of one element."""
        surface, lane = divmod(channel, ATOM)
        return surface * self.surface_stride + y * self.line_stride + ATOM * x + lane

    def locate(self, offset: int) -> tuple[int, int, int] | None:
        """(channel, y, x) of the byte at `offset`, None for a gap. Padding lanes count as channels."""
        surface, rest = divmod(offset, self.surface_stride) if self.surfaces > 1 else (0, offset)
        y, rest = divmod(rest, self.line_stride) if self.height > 1 else (0, rest)
        x, lane = divmod(rest, ATOM)
        if surface >= self.surfaces or y >= self.height or x >= self.width:
            return None
        return surface * ATOM + lane, y, x

    def to_json(self) -> dict[str, int]:
        """Plain values for Mark.info."""
        return dict(self.__dict__)

    @staticmethod
    def from_json(values: dict[str, Any]) -> CubeLayout:
        """Inverse of to_json; other keys are ignored."""
        try:
            return CubeLayout(
                *(int(values[k]) for k in ("width", "height", "channels", "line_stride", "surface_stride"))
            )
        except KeyError as missing:
            raise UserError(f"cube layout: {missing} is missing") from None


def tensor_to_atoms(tensor: NDArray[Any]) -> NDArray[Any]:
    """(..., C, H, W) -> (..., S, H, W, 8); padding lanes are 0. The dtype is kept."""
    *lead, channels, height, width = tensor.shape
    count = surfaces(channels)
    padded = np.zeros((*lead, count * ATOM, height, width), tensor.dtype)
    padded[..., :channels, :, :] = tensor
    split = padded.reshape(*lead, count, ATOM, height, width)
    return np.ascontiguousarray(np.moveaxis(split, -3, -1))


def atoms_to_tensor(atoms: NDArray[Any], channels: int) -> NDArray[Any]:
    """(..., S, H, W, 8) -> (..., C, H, W); padding lanes are dropped. The dtype is kept."""
    *lead, count, height, width, lanes = atoms.shape
    if lanes != ATOM or count != surfaces(channels):
        raise ValueError(f"{channels} channels do not fit atoms of shape {atoms.shape}")
    joined = np.moveaxis(atoms, -1, -3).reshape(*lead, count * ATOM, height, width)
    return np.ascontiguousarray(joined[..., :channels, :, :])


def atoms_to_bytes(atoms: Int8Array, layout: CubeLayout) -> ByteArray:
    """(..., S, H, W, 8) int8 -> (..., layout.size) bytes; gaps between lines and surfaces are 0."""
    lead = atoms.shape[:-4]
    expected = (layout.surfaces, layout.height, layout.width, ATOM)
    if atoms.shape[-4:] != expected:
        raise ValueError(f"atoms of shape {atoms.shape[-4:]}, layout has {expected}")
    data = np.zeros((*lead, layout.size), np.uint8)
    _view(data, layout)[...] = atoms.view(np.uint8)
    return data


def bytes_to_atoms(data: ByteArray, layout: CubeLayout) -> Int8Array:
    """(..., >= layout.size) bytes -> (..., S, H, W, 8) int8, a copy."""
    if data.shape[-1] < layout.size:
        raise ValueError(f"{data.shape[-1]} bytes given, the layout has {layout.size}")
    return _view(np.ascontiguousarray(data), layout).copy().view(np.int8)


def tensor_to_bytes(tensor: Int8Array, layout: CubeLayout | None = None) -> ByteArray:
    """(..., C, H, W) int8 -> bytes in memory order (packed unless a layout is given)."""
    channels, height, width = tensor.shape[-3:]
    layout = layout or CubeLayout.packed(width, height, channels)
    return atoms_to_bytes(tensor_to_atoms(tensor), layout)


def bytes_to_tensor(data: ByteArray, layout: CubeLayout) -> Int8Array:
    """Bytes in memory order -> (..., C, H, W) int8."""
    return atoms_to_tensor(bytes_to_atoms(data, layout), layout.channels)


def _view(data: ByteArray, layout: CubeLayout) -> ByteArray:
    """A view (..., S, H, W, 8) of contiguous bytes (..., n)."""
    return np.lib.stride_tricks.as_strided(
        data,
        (*data.shape[:-1], layout.surfaces, layout.height, layout.width, ATOM),
        (*data.strides[:-1], layout.surface_stride, layout.line_stride, ATOM, 1),
    )
