"""Pixel formats of the first layer: images <-> plane bytes (spec: data_formats.md section 3).

An image is (..., height, width, channels), uint8 (or int8 bits), channels in the order the
convolution sees them: R,G,B,A or Y,U,V(,A).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray
from cocodla.hw import ATOM, align


@dataclass(frozen=True)
class PixelFormat:
    """order[c]: byte of the pixel, inside its plane, that becomes channel c. Two planes: channel 0 in plane 0."""

    code: int
    name: str
    planes: int
    order: tuple[int, ...]

    @property
    def channels(self) -> int:
        return len(self.order)

    @property
    def plane_bytes(self) -> tuple[int, ...]:
        """Bytes per pixel of each plane."""
        return (1, 2) if self.planes == 2 else (self.channels,)

    @property
    def max_x_offset(self) -> int:
        """Largest legal PIXEL_X_OFFSET: it reaches inside the first atom of plane 0 only (cdma.md 10)."""
        return ATOM // self.plane_bytes[0] - 1

    def offsets(self, x_offset: int) -> tuple[int, ...]:
        """Pixels skipped at the start of a line of each plane, from 0 to max_x_offset; in plane 1 modulo its atom."""
        return tuple(x_offset % (ATOM // size) for size in self.plane_bytes)

    def line_bytes(self, width: int, x_offset: int = 0) -> tuple[int, ...]:
        """Smallest line stride of each plane."""
        sizes = zip(self.plane_bytes, self.offsets(x_offset), strict=True)
        return tuple(align((width + skip) * size) for size, skip in sizes)


_RGBA, _BGRA, _ARGB, _ABGR = (0, 1, 2, 3), (2, 1, 0, 3), (1, 2, 3, 0), (3, 2, 1, 0)

PIXEL_FORMATS = {
    f.code: f
    for f in (
        PixelFormat(0, "T_R8", 1, (0,)),
        PixelFormat(12, "T_A8B8G8R8", 1, _RGBA),
        PixelFormat(13, "T_A8R8G8B8", 1, _BGRA),
        PixelFormat(14, "T_B8G8R8A8", 1, _ARGB),
        PixelFormat(15, "T_R8G8B8A8", 1, _ABGR),
        PixelFormat(16, "T_X8B8G8R8", 1, _RGBA),
        PixelFormat(17, "T_X8R8G8B8", 1, _BGRA),
        PixelFormat(18, "T_B8G8R8X8", 1, _ARGB),
        PixelFormat(19, "T_R8G8B8X8", 1, _ABGR),
        PixelFormat(26, "T_A8Y8U8V8", 1, _BGRA),
        PixelFormat(27, "T_V8U8Y8A8", 1, _ARGB),
        PixelFormat(28, "T_Y8___U8V8_N444", 2, (0, 1, 0)),
        PixelFormat(29, "T_Y8___V8U8_N444", 2, (0, 0, 1)),
    )
}


def pixel_format(code: int | str) -> PixelFormat:
    """A format by code or name; UserError for one that nv_small does not implement."""
    for known in PIXEL_FORMATS.values():
        if code in (known.code, known.name):
            return known
    raise UserError(f"pixel format {code!r} is not implemented; known: {', '.join(map(str, PIXEL_FORMATS))}")


def image_to_planes(
    image: ByteArray, fmt: PixelFormat, line_strides: tuple[int, ...] | None = None, x_offset: int = 0
) -> tuple[ByteArray, ...]:
    """Image (..., H, W, C) -> bytes (..., H * stride) of each plane; bytes of no pixel are 0."""
    *lead, height, width, channels = image.shape
    if channels != fmt.channels:
        raise ValueError(f"{fmt.name} has {fmt.channels} channels, the image {channels}")
    pixels = image.view(np.uint8)
    planes = []
    for plane, (size, skip, minimum) in enumerate(
        zip(fmt.plane_bytes, fmt.offsets(x_offset), fmt.line_bytes(width, x_offset), strict=True)
    ):
        stride = line_strides[plane] if line_strides else minimum
        if stride % ATOM or stride < minimum:
            raise ValueError(f"line stride {stride} of plane {plane}: a multiple of 8 from {minimum} is needed")
        data = np.zeros((*lead, height, stride), np.uint8)
        inside = data[..., skip * size : (skip + width) * size].reshape(*lead, height, width, size)
        for channel in _channels_of(fmt, plane):
            inside[..., fmt.order[channel]] = pixels[..., channel]
        data[..., skip * size : (skip + width) * size] = inside.reshape(*lead, height, width * size)
        planes.append(data.reshape(*lead, height * stride))
    return tuple(planes)


def lines_to_image(lines: tuple[ByteArray, ...], fmt: PixelFormat, width: int, x_offset: int = 0) -> ByteArray:
    """Lines (..., H, >= line bytes) of each plane -> image (..., H, W, C) uint8."""
    image = np.empty((*lines[0].shape[:-1], width, fmt.channels), np.uint8)
    for plane, (size, skip) in enumerate(zip(fmt.plane_bytes, fmt.offsets(x_offset), strict=True)):
        used = lines[plane][..., skip * size : (skip + width) * size]
        pixels = used.reshape(*used.shape[:-1], width, size)
        for channel in _channels_of(fmt, plane):
            image[..., channel] = pixels[..., fmt.order[channel]]
    return image


def planes_to_image(
    planes: tuple[ByteArray, ...],
    fmt: PixelFormat,
    width: int,
    height: int,
    line_strides: tuple[int, ...] | None = None,
    x_offset: int = 0,
) -> ByteArray:
    """Inverse of image_to_planes."""
    strides = line_strides or fmt.line_bytes(width, x_offset)
    lines = tuple(
        plane[..., : height * stride].reshape(*plane.shape[:-1], height, stride)
        for plane, stride in zip(planes, strides, strict=True)
    )
    return lines_to_image(lines, fmt, width, x_offset)


def _channels_of(fmt: PixelFormat, plane: int) -> range:
    if fmt.planes == 1:
        return range(fmt.channels)
    return range(1) if plane == 0 else range(1, fmt.channels)


def channels_first(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images (..., H, W, C) as (..., C, H, W), if `shape` (C, H, W) is what they then have and not what they have."""
    behind = array.shape[-len(shape) :]
    if len(shape) > 1 and behind != shape and behind == (*shape[1:], shape[0]):
        return np.moveaxis(array, -1, -len(shape))
    return array
