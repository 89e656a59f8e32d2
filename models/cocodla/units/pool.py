"""PDP as an object (spec: pdp.md)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from cocodla import hw
from cocodla.golden.config import PdpConfig, Pooling, Split
from cocodla.units.cubes import Cube, pair, window_size
from cocodla.units.places import Place, blamed, require_at, require_pair, require_within, written_at
from cocodla.units.strips import strip_widths

Pair = tuple[int, int]
ONE = 1 << 16
"""1.0 as a reciprocal."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Largest, smallest or average element of windows.

    kernel, stride, pad: (y, x) or one number; pad lies above and left. size: output (height, width) (default: as with
    the same padding behind). source: tensor it reads; None behind SDP. reciprocals: of an average, (width, height) in
    units of 2^-16; pad_value: what padding is worth to an average.
    """

    kernel: int | Pair
    stride: int | Pair | None = None
    pad: int | Pair = 0
    method: Literal["max", "min", "average"] = "max"
    size: Pair | None = None
    source: Cube | None = None
    reciprocals: Pair | None = None
    pad_value: int = 0
    place: Place = field(default_factory=written_at, repr=False)

    def __post_init__(self) -> None:
        known = [method.name.lower() for method in Pooling]
        require_at(
            self.place, "Pool.method", self.method in known, f"{self.method!r} given, known are {', '.join(known)}"
        )
        require_pair(self.place, "Pool.kernel", self.kernel, 1, hw.PDP_MAX_KERNEL, "pdp.md 2.2")
        if self.stride is not None:
            require_pair(self.place, "Pool.stride", self.stride, 1, hw.PDP_MAX_STRIDE, "pdp.md 2.2")
        require_pair(self.place, "Pool.pad", self.pad, 0, hw.PDP_MAX_PAD, "pdp.md 2.2")
        require_within(self.place, "Pool.pad_value", self.pad_value, -128, 127, "an int8 code, pdp.md 4")
        if self.reciprocals is not None:
            require_within(self.place, "Pool.reciprocals", self.reciprocals, 1, ONE, "pdp.md 4")

    @property
    def strides(self) -> Pair:
        """(y, x); as the kernel where none is given."""
        return pair(self.kernel if self.stride is None else self.stride)

    def out(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Shape of what it makes of a cube of `shape`."""
        if self.size is not None:
            return shape[0], *self.size
        kernel, strides, pads = pair(self.kernel), self.strides, pair(self.pad)
        height, width = (window_size(shape[1 + i], kernel[i], strides[i], pads[i]) for i in (0, 1))
        return shape[0], height, width

    def config(self, shape: tuple[int, ...], to: Cube) -> PdpConfig:
        """Registers for an input of `shape`; the address stays 0. BrokenRule for windows or strips PDP cannot do."""
        (rows, columns), (stride_y, stride_x), (top, left) = pair(self.kernel), self.strides, pair(self.pad)
        _, height, width = self.out(shape)
        reached = (height - 1) * stride_y + rows - top, (width - 1) * stride_x + columns - left
        extent = shape[1], shape[2]
        if self.source is not None:  # nobody sends rows and columns that no window reads
            extent = min(extent[0], reached[0]), min(extent[1], reached[1])
        behind = [max(0, reach - have) for reach, have in zip(reached, extent, strict=True)]
        require_within(self.place, "Pool.size", tuple(behind), 0, hw.PDP_MAX_PAD, "padding below, right; pdp.md 2.2")
        average = self.method == "average"
        across, down = self.reciprocals or (round(ONE / columns), round(ONE / rows))
        config = PdpConfig(
            extent[1], extent[0], shape[0], width, height, Pooling[self.method.upper()], columns, rows, stride_x,
            stride_y, left, top, behind[1], behind[0], tuple(count * self.pad_value for count in range(1, 8)),
            across if average else 0, down if average else 0, from_sdp=self.source is None,
            line_stride=to.layout.line_stride, surface_stride=to.layout.surface_stride,
        )  # fmt: skip
        if self.source is not None and width > config.capacity[1]:
            config = replace(config, split=_split(config))
        with blamed(self.place, "Pool"):
            config.check()
        return config


def _split(config: PdpConfig) -> Split:
    inputs, outputs = strip_widths(
        config.out_width, config.kernel_width, config.stride_width, config.pad_left, config.width, config.capacity[1]
    )
    middle = min(1, len(inputs) - 2)
    return Split(
        len(inputs), inputs[0], inputs[middle], inputs[-1], outputs[0], outputs[middle], outputs[-1]
    )
