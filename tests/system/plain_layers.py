"""Convolution layers whose outputs are computed by a few lines of numpy here, not by the golden model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats import CubeLayout, pack_weights, pad_stream, tensor_to_bytes
from cocodla.formats.feature import bytes_to_tensor
from cocodla.formats.pixels import PIXEL_FORMATS, image_to_planes
from cocodla.formats.weights import extend_image_kernel
from cocodla.golden import run as run_golden
from cocodla.golden.config import SdpConfig
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.encode import Words, encode_convolution, encode_sdp, merge
from cocodla.hw import ATOM, CBUF_BANK_BYTES, CBUF_BANKS, align, ceil_div, surfaces
from cocodla.program import CheckMemory, FillMemory, LoadMemory, Program, compare
from cocodla.program.commands import Command, ReadRegister, WaitInterrupt
from cocodla.runtime import rtl
from cocodla.stimulus.sequencer import Sequencer

SHIFT = 9
"""Right shift of SDP's converter: sums become bytes, few of them clipped."""


@dataclass
class PlainLayer:
    """One convolution: what is loaded, how it is programmed, and its output (channels, height, width)."""

    name: str
    loads: list[LoadMemory]
    words: Words
    address: int
    layout: CubeLayout
    expected: NDArray[np.int8]


class Maker:
    """Makes layers in memory of their own. Data are random."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.next = 0x1000

    def place(self, size: int) -> int:
        """A fresh region."""
        address = self.next
        self.next += (size + 63) // 64 * 64
        return address

    def feature(
        self, width: int, height: int, channels: int, kernels: int, size: tuple[int, int], weight_boundary: int = ATOM,
        data_banks: int = 1, weight_banks: int = 1, pads: tuple[int, int, int, int] = (0, 0, 0, 0), grains: int = 1,
    ) -> PlainLayer:  # fmt: skip
        """A feature input (C, H, W) under a kernel `size` wide and high. pads: left, top, right, bottom."""
        left, top, right, bottom = pads
        pad_value = int(self.rng.integers(-128, 128))
        data = self.rng.integers(-128, 128, (channels, height, width)).astype(np.int8)
        weights = self.rng.integers(-40, 40, (kernels, channels, size[1], size[0])).astype(np.int8)
        stream = pad_stream(pack_weights(weights), weight_boundary)
        layout = CubeLayout.packed(width, height, channels)
        source, kernel = self.place(layout.size), self.place(stream.size)
        shared: dict[str, Any] = {
            "width": width, "height": height, "entries": width * surfaces(channels), "kernels": kernels,
            "channels": channels, "weight_bytes": stream.size, "data_banks": data_banks, "weight_banks": weight_banks,
        }  # fmt: skip
        cdma = CdmaConfig(
            address=source, line_stride=layout.line_stride, surface_stride=layout.surface_stride,
            kernel_bytes=channels * size[0] * size[1], weight_address=kernel, grains=grains, **shared,
        )  # fmt: skip
        csc = CscConfig(
            kernel_width=size[0], kernel_height=size[1], out_width=left + width + right - size[0] + 1,
            out_height=top + height + bottom - size[1] + 1, release_lines=height, pad_left=left, pad_top=top,
            pad_value=pad_value, **shared,
        )  # fmt: skip
        field = np.full((channels, top + height + bottom, left + width + right), pad_value, np.int8)
        field[:, top : top + height, left : left + width] = data
        loads = [
            LoadMemory(source, tensor_to_bytes(data, layout).tobytes()),
            LoadMemory(kernel, stream.tobytes()),
        ]
        return self._finish(f"{width}x{height}x{channels}", cdma, csc, loads, correlate(field, weights, 1))

    def image(
        self, code: int, width: int, height: int, kernels: int, size: tuple[int, int], stride: int = 1,
        pads: tuple[int, int] = (0, 0), x_offset: int = 0, data_banks: int = 1, columns: int | None = None,
        rows_merged: int = 1,
    ) -> PlainLayer:  # fmt: skip
        """Pixels of a format, padded left and right, under a kernel `size` wide and high.

        columns: output width. rows_merged: kernel rows in one operation (post-extension).
        """
        fmt, pad_value = PIXEL_FORMATS[code], int(self.rng.integers(-128, 128))
        picture = self.rng.integers(0, 256, (height, width, fmt.channels)).astype(np.uint8)
        weights = self.rng.integers(-40, 40, (kernels, fmt.channels, size[1], size[0])).astype(np.int8)
        stream = pad_stream(pack_weights(extend_image_kernel(weights), rows_merged))
        planes = image_to_planes(picture, fmt, x_offset=x_offset)
        places = [self.place(plane.size) for plane in planes]
        strides = fmt.line_bytes(width, x_offset)
        kernel = self.place(stream.size)
        length = pads[0] + width + pads[1]
        shared: dict[str, Any] = {
            "width": width, "height": height, "entries": ceil_div(length * fmt.channels, ATOM), "kernels": kernels,
            "weight_bytes": stream.size, "data_banks": data_banks, "weight_banks": 1, "pad_value": pad_value,
        }  # fmt: skip
        second = {"chroma_address": places[-1], "chroma_stride": strides[-1]} if fmt.planes == 2 else {}
        cdma = CdmaConfig(
            channels=fmt.channels, address=places[0], line_stride=strides[0], surface_stride=0,
            kernel_bytes=fmt.channels * size[0] * size[1], weight_address=kernel, pixel_format=fmt, x_offset=x_offset,
            pad_left=pads[0], pad_right=pads[1], **second, **shared,
        )  # fmt: skip
        field = np.full((fmt.channels, height, length), pad_value, np.int8)
        field[:, :, pads[0] : pads[0] + width] = picture.view(np.int8).transpose(2, 0, 1)
        expected = correlate(field, weights, stride)[:, :, :columns]
        csc = CscConfig(
            channels=fmt.channels * size[0], kernel_width=1, kernel_height=size[1], image=True,
            pixel_channels=fmt.channels, stride_x=stride, out_width=expected.shape[2], out_height=expected.shape[1],
            release_lines=height, rows_merged=rows_merged, **shared,
        )  # fmt: skip
        loads = [LoadMemory(a, plane.tobytes()) for a, plane in zip(places, planes, strict=True)]
        name = f"{fmt.name} {width}x{height}, kernel {size[0]}x{size[1]}, stride {stride}, padding {pads}, X {x_offset}"
        return self._finish(name, cdma, csc, [*loads, LoadMemory(kernel, stream.tobytes())], expected)

    def largest_sum(self) -> PlainLayer:
        """A 32 x 32 kernel of 124 channels over one pixel and its padding, all -128: the sum comes out as 5."""
        size = 32
        channels = (CBUF_BANKS - 1) * CBUF_BANK_BYTES // size**2
        stream = np.full(size * size * channels, 0x80, np.uint8)
        source, kernel = self.place(align(channels, ATOM)), self.place(stream.size)
        shared: dict[str, Any] = {
            "width": 1, "height": 1, "entries": surfaces(channels), "kernels": 1, "channels": channels,
            "weight_bytes": stream.size, "data_banks": 1, "weight_banks": CBUF_BANKS - 1,
        }  # fmt: skip
        cdma = CdmaConfig(
            address=source, line_stride=ATOM, surface_stride=ATOM, kernel_bytes=stream.size, weight_address=kernel,
            **shared,
        )  # fmt: skip
        csc = CscConfig(
            kernel_width=size, kernel_height=size, out_width=1, out_height=1, pad_left=size - 1, pad_top=size - 1,
            pad_value=-128, **shared,
        )  # fmt: skip
        loads = [LoadMemory(source, b"\x80" * align(channels, ATOM)), LoadMemory(kernel, stream.tobytes())]
        total = stream.size * 128 * 128
        return self._finish(
            "largest sum", cdma, csc, loads, np.full((1, 1, 1), 5, np.int8), cvt_offset=total - 5, cvt_shift=0
        )

    def _finish(
        self, name: str, cdma: CdmaConfig, csc: CscConfig, loads: list[LoadMemory], expected: NDArray[np.int8],
        **output: int,
    ) -> PlainLayer:  # fmt: skip
        config = ConvConfig(cdma, csc)
        config.check()
        layout = CubeLayout.packed(csc.out_width, csc.out_height, csc.kernels)
        address = self.place(layout.size)
        sdp = SdpConfig(
            width=csc.out_width, height=csc.out_height, channels=csc.kernels, from_cacc=True, address=address,
            line_stride=layout.line_stride, surface_stride=layout.surface_stride, **{"cvt_shift": SHIFT, **output},
        )  # fmt: skip
        return PlainLayer(name, loads, merge(encode_convolution(config), encode_sdp(sdp)), address, layout, expected)


def correlate(data: NDArray[np.int8], weights: NDArray[np.int8], stride: int) -> NDArray[np.int8]:
    """(C, H, W) with (K, C, R, S), columns `stride` apart: sums, rounded (ties away from 0) and clipped to bytes."""
    windows = np.lib.stride_tricks.sliding_window_view(data.astype(np.int64), weights.shape[2:], (1, 2))
    sums = np.einsum("chwrs,kcrs->khw", windows[:, :, ::stride], weights.astype(np.int64))
    rounded = np.sign(sums) * ((np.abs(sums) + (1 << SHIFT - 1)) >> SHIFT)
    return np.clip(rounded, -128, 127).astype(np.int8)


def check(maker: Maker, layers: Sequence[PlainLayer], reads: Mapping[int, int] | None = None) -> None:
    """Run the layers one after the other on golden model and RTL; both must give the expected outputs.

    The layers are queued, so that fetching the next one overlaps with computing. reads: registers and their values
    at the end.
    """
    sequencer = Sequencer()
    commands: list[Command] = [FillMemory(0x1000, maker.next - 0x1000)]
    commands += [load for layer in layers for load in layer.loads]
    flights: list[int] = []
    for layer in layers:
        if len(flights) == 2:
            commands.append(WaitInterrupt(flights.pop(0)))
        enable, bits = sequencer.enable(layer.words)
        commands += enable
        flights.append(bits)
    commands += [WaitInterrupt(bits) for bits in flights]
    commands += [CheckMemory(x.address, x.layout.size, f"{i}: {x.name}") for i, x in enumerate(layers)]
    commands += [ReadRegister(address, 0xFFFFFFFF, value) for address, value in (reads or {}).items()]
    program = Program(commands)
    golden, got = run_golden(program), rtl.run(program, rtl.Simulation(seed=1))
    assert golden.passed and got.passed, golden.failures + got.failures
    for execution in (golden, got):
        for observation in execution.observations[: len(layers)]:
            layer = layers[int(observation.name.split(":")[0])]
            output = bytes_to_tensor(np.frombuffer(observation.data, np.uint8), layer.layout)
            wrong = np.argwhere(output != layer.expected)
            assert not wrong.size, (
                f"{execution.backend}, layer {observation.name}: {len(wrong)} wrong, first {wrong[0]}"
            )
    assert not compare(program, golden, got)
