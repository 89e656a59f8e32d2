"""Tensors in memory, and views: parts of a tensor that layers read and write in its place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Box, Shape, Span, Steps
from cocodla.compiler.plain_values import Address, Code, End, Extent, Name, Part, Place, Scale, Size
from cocodla.formats import CubeLayout
from cocodla.formats.pixels import PixelFormat, pixel_format

PIXEL_FORMATS = {1: "T_R8", 3: "T_Y8___V8U8_N444", 4: "T_A8B8G8R8"}
"""Memory format of an image by its channels; three channels: the first in plane 0, the others paired in plane 1."""

@dataclass
class Tensor:
    """A tensor in memory. Codes mean scale * (q - zero).

    form: feature cube, or pixel planes (`planes`: their offsets from the address; `line_strides`: one each).
    addresses: one for each image in flight. Sizes and strides in bytes. A view has a `root`, the tensor it is a
    part of: it begins `offset` bytes behind the root's address, at (channel, row, column) `origin`.
    reach: the part of the root that holds it all, where strides of its own scatter it (`strided`).
    """

    name: Name
    form: Literal["cube", "pixels"]
    channels: Extent
    height: Extent
    width: Extent
    size: Size
    line_strides: tuple[Size, ...]
    surface_stride: End = 0
    planes: tuple[End, ...] = (0,)
    scale: Scale = 1.0
    zero: Code = 0
    addresses: list[Address] = field(default_factory=list)
    root: str = ""
    offset: End = 0
    origin: tuple[Place, Place, Place] = (0, 0, 0)
    reach: Part | None = None

    @property
    def shape(self) -> Shape:
        return self.channels, self.height, self.width

    @property
    def layout(self) -> CubeLayout:
        """Geometry of a cube."""
        return CubeLayout(self.width, self.height, self.channels, self.line_strides[0], self.surface_stride)

    @property
    def pixel_format(self) -> PixelFormat:
        """Format of a pixel input."""
        return pixel_format(PIXEL_FORMATS[self.channels])

    @property
    def address(self) -> int:
        """Address of the first image in flight."""
        return self.addresses[0]

    @property
    def memory(self) -> str:
        """Name of the tensor whose memory this one lies in."""
        return self.root or self.name

    @property
    def box(self) -> Box:
        """The part of the root it covers; channels of whole surfaces, because padding lanes are written too."""
        if self.reach is not None:
            return self.reach
        first, row, column = self.origin
        last = first + hw.align(self.channels)
        return (first, last), (row, row + self.height), (column, column + self.width)

    @property
    def line_packed(self) -> bool:
        return self.form == "cube" and self.line_strides[0] == hw.ATOM * self.width

    @property
    def surface_packed(self) -> bool:
        return self.line_packed and self.surface_stride == self.line_strides[0] * self.height

    @property
    def has_gaps(self) -> bool:
        """True if bytes of other tensors lie between its atoms."""
        return self.form == "cube" and self.size != hw.surfaces(self.channels) * self.height * self.width * hw.ATOM

    @property
    def lies_apart(self) -> bool:
        """True if it is one pixel of several surfaces that do not follow each other: SDP cannot address that."""
        return self.height == self.width == 1 and self.channels > hw.ATOM and self.surface_stride != hw.ATOM

    def view(self, channels: Span, rows: Span, columns: Span, name: str = "") -> Tensor:
        """A part of this tensor. Channels must begin at a surface; of pixels only rows can be chosen."""
        if channels[0] % hw.ATOM:
            raise ValueError(f"part of {self.name} begins at channel {channels[0]}, inside a surface")
        origin = (self.origin[0] + channels[0], self.origin[1] + rows[0], self.origin[2] + columns[0])
        part = replace(
            self, name=name or self.name, root=self.memory, origin=origin, addresses=[],
            channels=channels[1] - channels[0], height=rows[1] - rows[0], width=columns[1] - columns[0],
        )  # fmt: skip
        if self.form == "pixels":
            part.planes = tuple(o + rows[0] * s for o, s in zip(self.planes, self.line_strides, strict=True))
            return part
        part.size = part.layout.size
        part.offset = self.offset + self.layout.offset(channels[0], rows[0], columns[0])
        return part


def strided(tensor: Tensor, offset: int, counts: Steps, strides: tuple[int, int]) -> Tensor:
    """Atoms of a tensor as a cube of (surfaces, lines, columns) `counts` with (surface, line) strides of its own.

    offset: bytes from the tensor's address to the first atom.
    """
    surfaces, lines, columns = counts
    part = replace(
        tensor, root=tensor.memory, offset=tensor.offset + offset, addresses=[],
        channels=surfaces * hw.ATOM, height=lines, width=columns, surface_stride=strides[0], line_strides=(strides[1],),
    )  # fmt: skip
    part.size = part.layout.size
    part.reach = _between(tensor, offset, offset + part.size - hw.ATOM)
    return part


def _between(tensor: Tensor, first: int, last: int) -> Box:
    """The part of a tensor's root that holds all atoms between two of the tensor's (offsets in bytes)."""
    begin, end = tensor.layout.locate(first), tensor.layout.locate(last)
    if tensor.form != "cube" or begin is None or end is None:
        return tensor.box
    (channel, row, column), (last_channel, last_row, last_column) = begin, end
    spans = [(channel, last_channel + hw.ATOM), (0, tensor.height), (0, tensor.width)]
    if channel == last_channel:
        spans[1] = (row, last_row + 1)
        if row == last_row:
            spans[2] = (column, last_column + 1)
    box = [(a + start, b + start) for (a, b), start in zip(spans, tensor.origin, strict=True)]
    return box[0], box[1], box[2]


def boxes_meet(one: Box, other: Box) -> bool:
    """True if two parts of a tensor share an element."""
    return all(a[0] < b[1] and b[0] < a[1] for a, b in zip(one, other, strict=True))


def cube_tensor(name: str, shape: Shape, scale: float, zero: int) -> Tensor:
    """Memory of a packed cube of (channels, height, width)."""
    channels, height, width = shape
    layout = CubeLayout.packed(width, height, channels)
    return Tensor(
        name, "cube", channels, height, width, layout.size, (layout.line_stride,), layout.surface_stride,
        scale=scale, zero=zero,
    )  # fmt: skip


def pixel_tensor(name: str, shape: Shape) -> Tensor:
    """Memory of an image of (channels, height, width) bytes."""
    channels, height, width = shape
    strides = pixel_format(PIXEL_FORMATS[channels]).line_bytes(width)
    sizes = [stride * height for stride in strides]
    planes = tuple(int(offset) for offset in np.cumsum([0, *sizes[:-1]]))
    return Tensor(name, "pixels", channels, height, width, sum(sizes), strides, planes=planes)
