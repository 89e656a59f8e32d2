"""What units need to know of a tensor in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cocodla import hw
from cocodla.formats import CubeLayout


class Cube(Protocol):
    """A tensor, or a part of one, as a feature cube. `compiler.hardware.tensors.Tensor` is one.

    Codes mean scale * (q - zero). memory: name of the tensor whose memory it lies in, `offset` bytes behind its start.
    """

    @property
    def name(self) -> str: ...
    @property
    def channels(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def layout(self) -> CubeLayout: ...
    @property
    def memory(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def scale(self) -> float: ...
    @property
    def zero(self) -> int: ...


def beats(cube: Cube) -> int:
    """Atoms of a cube: what a reader of it transfers."""
    return hw.surfaces(cube.channels) * cube.height * cube.width


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    """(y, x) of an extent that may be the same for both."""
    if isinstance(value, Sequence):
        return int(value[0]), int(value[1])
    return int(value), int(value)


def window_size(extent: int, kernel: int, stride: int, pad: int) -> int:
    """Windows along an axis with the same padding on both sides."""
    return (extent + 2 * pad - kernel) // stride + 1
