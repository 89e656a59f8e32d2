"""The convolution pipeline CDMA, CSC, CMAC, CACC as one object (spec: convolution.md, cdma.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cocodla import hw
from cocodla.formats.weights import pack_weights, pad_stream
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.units.cubes import Cube, pair, window_size
from cocodla.units.places import Place, blamed, require_at, require_pair, require_within, written_at

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Convolve:
    """Sums of products: source (C, H, W) with weight (K, C, R, S) int8 -> K sums of 32 bits a position.

    stride, dilation, pad: (y, x) or one number for both; pad is what lies above and left. size: output (height, width)
    (default: as with the same padding behind); what windows need there is `pad_value`, too. The whole source must fit
    the convolution buffer beside one group of 8 kernels.
    """

    source: Cube
    weight: NDArray[np.int8]
    stride: int | Pair = 1
    pad: int | Pair = 0
    dilation: int | Pair = 1
    pad_value: int = 0
    size: Pair | None = None
    place: Place = field(default_factory=written_at, repr=False)

    def __post_init__(self) -> None:
        at, weight = self.place, self.weight
        fits = weight.ndim == 4 and weight.dtype == np.int8
        require_at(at, "Convolve.weight", fits, f"{weight.dtype} of {weight.shape} given, it takes int8 (K, C, R, S)")
        require_at(
            at, "Convolve.weight", weight.shape[1] == self.source.channels,
            f"kernels of {weight.shape[1]} channels, {self.source.name!r} has {self.source.channels}",
        )  # fmt: skip
        require_within(at, "Convolve.weight", weight.shape[2:], 1, hw.MAX_KERNEL, "rows, columns; convolution.md 4")
        require_pair(at, "Convolve.stride", self.stride, 1, hw.MAX_STRIDE, "convolution.md 4")
        require_pair(at, "Convolve.dilation", self.dilation, 1, hw.MAX_DILATION, "convolution.md 4")
        require_pair(at, "Convolve.pad", self.pad, 0, hw.MAX_PAD, "convolution.md 4")
        require_within(at, "Convolve.pad_value", self.pad_value, -128, 127, "int8, cdma.md 6")
        require_within(at, "Convolve.size", self.out[1:], 1, hw.MAX_EXTENT, "output height, width")

    @property
    def out(self) -> tuple[int, int, int]:
        """Shape (K, height, width) of the sums."""
        if self.size is not None:
            return len(self.weight), *self.size
        axes = zip(self._extent, self.weight.shape[2:], pair(self.dilation), strict=True)
        strides, pads = pair(self.stride), pair(self.pad)
        height, width = (
            window_size(extent, (kernel - 1) * dilation + 1, strides[axis], pads[axis])
            for axis, (extent, kernel, dilation) in enumerate(axes)
        )
        return len(self.weight), height, width

    @property
    def _extent(self) -> Pair:
        return self.source.height, self.source.width

    @property
    def entries(self) -> int:
        """CBUF entries of a line of the source."""
        return self.source.width * hw.surfaces(self.source.channels)

    @property
    def group_bytes(self) -> int:
        """Weights of the largest group of kernels."""
        return hw.align(min(len(self.weight), hw.ATOM) * self.weight[0].size)

    @property
    def banks(self) -> Pair:
        """Fewest (data, weight) banks it needs."""
        data = hw.ceil_div(self.entries * self.source.height, hw.CBUF_BANK_ENTRIES)
        return data, hw.ceil_div(self.group_bytes, hw.CBUF_BANK_BYTES)

    @property
    def stream(self) -> bytes:
        """Weights as they lie in memory."""
        return pad_stream(pack_weights(self.weight)).tobytes()

    @property
    def macs(self) -> int:
        """Multiplications of all positions."""
        return self.weight.size * self.out[1] * self.out[2]

    @property
    def mac_cycles(self) -> int:
        """Fewest cycles: an atom of one kernel group's taps each."""
        rows, columns = self.weight.shape[2:]
        steps = rows * columns * hw.surfaces(self.weight.shape[1])
        return self.out[1] * self.out[2] * steps * hw.surfaces(len(self.weight))

    def check(self) -> None:
        """BrokenRule where it does not fit the buffer, or CDMA and CSC would not agree."""
        data, weight = self.banks
        require_at(
            self.place, "Convolve", data + weight <= hw.CBUF_BANKS,
            f"{self.source.name!r} needs {data} banks, a group of 8 kernels {weight}; CBUF has {hw.CBUF_BANKS}: "
            "give it parts of the tensor (convolution.md 4)",
        )  # fmt: skip
        with blamed(self.place, "Convolve"):
            self.config(data, hw.CBUF_BANKS - data, 0).check()

    def config(self, data_banks: int, weight_banks: int, weight_address: int) -> ConvConfig:
        """Registers of CDMA, CSC and CACC; the address of the source stays 0."""
        source, layout = self.source, self.source.layout
        kernels, channels, rows, columns = self.weight.shape
        weight_bytes = len(self.stream)
        (stride_y, stride_x), (dilation_y, dilation_x) = pair(self.stride), pair(self.dilation)
        pad_top, pad_left = pair(self.pad)
        return ConvConfig(
            CdmaConfig(
                source.width, source.height, channels, 0, layout.line_stride, layout.surface_stride, self.entries,
                kernels, self.weight[0].size, weight_address, weight_bytes, data_banks, weight_banks,
                packed_1x1=layout.is_packed, pad_left=pad_left, pad_value=self.pad_value,
            ),
            CscConfig(
                source.width, source.height, channels, kernels, columns, rows, self.out[2], self.out[1], self.entries,
                data_banks, weight_banks, weight_bytes, stride_x=stride_x, stride_y=stride_y, dilation_x=dilation_x,
                dilation_y=dilation_y, pad_left=pad_left, pad_top=pad_top, pad_value=self.pad_value,
                release_lines=source.height,
            ),
        )  # fmt: skip
