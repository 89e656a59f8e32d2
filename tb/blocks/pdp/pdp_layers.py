"""Pooling layers for the bench: random ones within the rules, their registers, memory and expected writes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import CubeLayout
from cocodla.golden import pdp
from cocodla.golden.config import PdpConfig, Pooling, Split
from cocodla.hw import ATOM
from cocodla.registers import MAP
from cocotbext.dla import Cube
from postlib import Space

Writes = list[tuple[str, int]]
Int8Array = NDArray[np.int8]
STRIDE_LIMIT = 16
KERNEL_LIMIT = 8


@dataclass(frozen=True)
class Layer:
    """One layer. x: int8 atoms (surfaces, height, width, 8); source: layout of x in memory when it is not from SDP."""

    config: PdpConfig
    x: Int8Array
    source_address: int
    source: CubeLayout
    perf: bool = True

    def __str__(self) -> str:
        return repr(self.config)

    def expected(self) -> Int8Array:
        """Output atoms (surfaces, out height, out width, 8)."""
        return pdp.process(self.x, self.config)

    def expected_writes(self) -> list[tuple[int, bytes, bool]]:
        """(byte address, atom, last of the layer) in the order of pdp.md section 7."""
        y, c = self.expected(), self.config
        writes, first = [], 0
        for _, _, columns, _ in c.strips():
            for surface in range(y.shape[0]):
                for row in range(y.shape[1]):
                    for column in range(first, first + columns):
                        address = c.address + surface * c.surface_stride + row * c.line_stride + ATOM * column
                        writes.append((address & 0xFFFFFFFF, y[surface, row, column].tobytes(), False))
            first += columns
        address, data, _ = writes[-1]
        writes[-1] = (address, data, True)
        return writes

    def expected_reads(self) -> list[int]:
        """Byte addresses in the order of pdp.md section 7: strip, surface, line, column."""
        if self.config.from_sdp:
            return []
        s = self.source
        return [
            (self.source_address + surface * s.surface_stride + line * s.line_stride + ATOM * column) & 0xFFFFFFFF
            for first, columns, _, _ in self.config.strips()
            for surface in range(self.x.shape[0])
            for line in range(self.x.shape[1])
            for column in range(first, first + columns)
        ]

    def output_cube(self) -> Cube:
        """Where the output goes."""
        c = self.config
        return Cube(c.out_width, c.out_height, self.x.shape[0], c.address, c.line_stride, c.surface_stride)

    def input_cube(self) -> Cube:
        """Where the input comes from."""
        s = self.source
        return Cube(s.width, s.height, s.surfaces, self.source_address, s.line_stride, s.surface_stride)

    def input_memory(self) -> list[tuple[int, bytes]]:
        """(byte address, bytes) of every atom of the input cube."""
        if self.config.from_sdp:
            return []
        s = self.source
        return [
            (
                (self.source_address + surface * s.surface_stride + line * s.line_stride + ATOM * column) & 0xFFFFFFFF,
                self.x[surface, line, column].tobytes(),
            )
            for surface, line, column in np.ndindex(*self.x.shape[:3])
        ]


def make_layer(rng: random.Random, space: Space, config: PdpConfig, x: Int8Array | None = None) -> Layer:
    """Give a configuration its places in memory and random data (full range, extremes likely)."""
    layout = CubeLayout.packed(config.width, config.height, config.channels)
    if x is None:
        low, high = rng.choice([(-128, 127), (-128, 127), (-128, -100), (100, 127), (-2, 2)])
        generator = np.random.default_rng(rng.getrandbits(64))
        x = generator.integers(low, high, (layout.surfaces, config.height, config.width, ATOM), np.int8, endpoint=True)
    address, layout = space.cube(config.width, config.height, config.channels)
    to, destination = space.cube(config.out_width, config.out_height, config.channels)
    values = {**vars(config), "address": to}
    values |= {"line_stride": destination.line_stride, "surface_stride": destination.surface_stride}
    config = PdpConfig(**values)
    config.check()
    return Layer(config, x, address, layout)


def out_size(size: int, kernel: int, stride: int, before: int = 0, after: int = 0) -> int:
    """Windows along one direction (pdp.md 3, floor)."""
    return (size + before + after - kernel) // stride + 1


def pooling(
    size: tuple[int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
    **other: Any,
) -> PdpConfig:
    """A layer from (width, height, channels), (kw, kh), (sw, sh), pads (left, top, right, bottom). Default: maximum."""
    left, top, right, bottom = pads
    values: dict[str, Any] = {
        "method": Pooling.MAX,
        "out_width": out_size(size[0], kernel[0], stride[0], left, right),
        "out_height": out_size(size[1], kernel[1], stride[1], top, bottom),
    }
    values |= other
    return PdpConfig(
        width=size[0], height=size[1], channels=size[2],
        kernel_width=kernel[0], kernel_height=kernel[1], stride_width=stride[0], stride_height=stride[1],
        pad_left=left, pad_top=top, pad_right=right, pad_bottom=bottom, **values,
    )  # fmt: skip


def random_scaling(rng: random.Random, kernel: tuple[int, int]) -> dict[str, Any]:
    """Padding values and reciprocals: those software writes, or anything the registers hold."""
    value = rng.randint(-128, 127)
    values: tuple[int, ...] = tuple(n * value for n in range(1, KERNEL_LIMIT))
    if rng.random() < 0.3:
        values = tuple(rng.randrange(-(1 << 18), 1 << 18) for _ in range(1, KERNEL_LIMIT))
    reciprocals = [round(65536 / k) for k in kernel]
    if rng.random() < 0.4:
        reciprocals = [rng.choice([rng.randint(0, 0x10000), rng.randrange(1 << 17)]) for _ in range(2)]
    return {
        "method": rng.choice(list(Pooling)),
        "pad_values": values,
        "reciprocal_width": reciprocals[0],
        "reciprocal_height": reciprocals[1],
    }


def _direction(rng: random.Random, longest: int) -> tuple[int, int, int, int, int]:
    """(size, kernel, stride, padding before, after) with at least one window."""
    while True:
        kernel = rng.choice([1, 2, 3, rng.randint(1, KERNEL_LIMIT)])
        stride = rng.choice([1, 2, rng.randint(1, kernel), rng.randint(1, STRIDE_LIMIT)])
        before, after = (rng.choice([0, rng.randrange(kernel)]) for _ in range(2))
        size = rng.choice([rng.randint(1, 4), rng.randint(1, longest)])
        if size + before + after >= kernel:
            return size, kernel, stride, before, after


def random_layer(rng: random.Random, space: Space, longest: int = 20, **fixed: Any) -> Layer:
    """Any legal layer with sides up to `longest`, strips included."""
    while True:
        width, kw, sw, left, right = _direction(rng, longest)
        height, kh, sh, top, bottom = _direction(rng, longest)
        from_sdp = rng.random() < 0.35
        other = random_scaling(rng, (kw, kh)) | {"from_sdp": from_sdp} | fixed
        if not from_sdp and rng.random() < 0.4:
            split = _random_split(rng, kw, sw, left, right)
            if split is None:
                continue
            width = split.first_in + split.mid_in * (split.count - 2) + split.last_in
            other |= {"split": split}
        size = (width, height, rng.randint(1, 40))
        config = pooling(size, (kw, kh), (sw, sh), (left, top, right, bottom), **other)
        widest = max(columns for _, _, columns, _ in config.strips())
        if widest <= config.capacity[1] and width * height * size[2] <= 12_000:
            return make_layer(rng, space, config)


def _random_split(rng: random.Random, kernel: int, stride: int, left: int, right: int) -> Split | None:
    """Strips of pdp.md section 5 from random output widths, or None where the rules there cannot be met."""
    count, overlap = rng.choice([2, 2, 3, 4, 6]), kernel - stride
    first, middle, last = (rng.randint(1, 6) for _ in range(3))
    first_in = (first - 1) * stride + kernel - left
    mid_in = middle * stride
    last_in = (last - 1) * stride + kernel - right - overlap + rng.choice([0, rng.randrange(stride)])
    if first_in < max(1, overlap) or last_in < 1 or last_in + overlap < 1:
        return None
    if (count > 2 and mid_in < overlap) or (overlap < 0 and -overlap >= min(mid_in, last_in)):
        return None
    return Split(count, first_in, mid_in, last_in, first, middle, last)


# ---------------------------------------------------------------- registers


def _word(rng: random.Random, path: str, **fields: int) -> tuple[str, int]:
    """A register write; bits that belong to no field given are random."""
    register = MAP[path]
    return path, register.encode(rng.getrandbits(32) & register.write_mask, **fields)


def _partial(rng: random.Random, path: str, direction: str, split: Split | None) -> tuple[str, int]:
    if split is None:
        return _word(rng, path)
    widths = {f"PARTIAL_WIDTH_{direction}_FIRST": getattr(split, f"first_{direction.lower()}") - 1}
    widths[f"PARTIAL_WIDTH_{direction}_LAST"] = getattr(split, f"last_{direction.lower()}") - 1
    if split.count > 2:
        widths[f"PARTIAL_WIDTH_{direction}_MID"] = getattr(split, f"mid_{direction.lower()}") - 1
    return _word(rng, path, **widths)


def pdp_registers(layer: Layer, rng: random.Random) -> Writes:
    """All registers of PDP; those without effect hold random values."""
    c = layer.config
    methods = {Pooling.AVERAGE: 0, Pooling.MAX: 1, Pooling.MIN: 2}
    strips = c.split.count - 1 if c.split else 0
    low = rng.randrange(ATOM)  # the low address bits are ignored
    writes = [
        _word(rng, "PDP.D_DATA_CUBE_IN_WIDTH", CUBE_IN_WIDTH=c.width - 1),
        _word(rng, "PDP.D_DATA_CUBE_IN_HEIGHT", CUBE_IN_HEIGHT=c.height - 1),
        _word(rng, "PDP.D_DATA_CUBE_IN_CHANNEL", CUBE_IN_CHANNEL=c.channels - 1),
        _word(rng, "PDP.D_DATA_CUBE_OUT_WIDTH", CUBE_OUT_WIDTH=c.out_width - 1),
        _word(rng, "PDP.D_DATA_CUBE_OUT_HEIGHT", CUBE_OUT_HEIGHT=c.out_height - 1),
        _word(rng, "PDP.D_DATA_CUBE_OUT_CHANNEL", CUBE_OUT_CHANNEL=c.channels - 1),
        _word(rng, "PDP.D_OPERATION_MODE_CFG", POOLING_METHOD=methods[c.method],
              FLYING_MODE=int(not c.from_sdp), SPLIT_NUM=strips),
        _partial(rng, "PDP.D_PARTIAL_WIDTH_IN", "IN", c.split),
        _partial(rng, "PDP.D_PARTIAL_WIDTH_OUT", "OUT", c.split),
        _word(rng, "PDP.D_POOLING_KERNEL_CFG", KERNEL_WIDTH=c.kernel_width - 1, KERNEL_HEIGHT=c.kernel_height - 1,
              KERNEL_STRIDE_WIDTH=c.stride_width - 1, KERNEL_STRIDE_HEIGHT=c.stride_height - 1),
        _word(rng, "PDP.D_RECIP_KERNEL_WIDTH", RECIP_KERNEL_WIDTH=c.reciprocal_width),
        _word(rng, "PDP.D_RECIP_KERNEL_HEIGHT", RECIP_KERNEL_HEIGHT=c.reciprocal_height),
        _word(rng, "PDP.D_POOLING_PADDING_CFG", PAD_LEFT=c.pad_left, PAD_TOP=c.pad_top,
              PAD_RIGHT=c.pad_right, PAD_BOTTOM=c.pad_bottom),
        _word(rng, "PDP.D_DST_BASE_ADDR_LOW", DST_BASE_ADDR_LOW=c.address | low),
        _word(rng, "PDP.D_DST_LINE_STRIDE", DST_LINE_STRIDE=c.line_stride),
        _word(rng, "PDP.D_DST_SURFACE_STRIDE", DST_SURFACE_STRIDE=c.surface_stride),
        _word(rng, "PDP.D_DST_RAM_CFG", DST_RAM_TYPE=1),
        _word(rng, "PDP.D_PERF_ENABLE", DMA_EN=int(layer.perf)),
    ]  # fmt: skip
    for count, value in enumerate(c.pad_values, 1):
        path = f"PDP.D_POOLING_PADDING_VALUE_{count}_CFG"
        writes.append(_word(rng, path, **{f"PAD_VALUE_{count}X": value & 0x7FFFF}))
    for name in ("NAN_FLUSH_TO_ZERO", "SRC_BASE_ADDR_LOW", "SRC_BASE_ADDR_HIGH", "SRC_LINE_STRIDE",
                 "SRC_SURFACE_STRIDE", "DST_BASE_ADDR_HIGH", "DATA_FORMAT", "CYA"):  # fmt: skip
        writes.append(_word(rng, f"PDP.D_{name}"))
    return writes


def rdma_registers(layer: Layer, rng: random.Random) -> Writes:
    """All registers of PDP_RDMA; those without effect hold random values. None when SDP feeds the layer."""
    c = layer.config
    if c.from_sdp:
        return []
    writes = [
        _word(rng, "PDP_RDMA.D_DATA_CUBE_IN_WIDTH", CUBE_IN_WIDTH=c.width - 1),
        _word(rng, "PDP_RDMA.D_DATA_CUBE_IN_HEIGHT", CUBE_IN_HEIGHT=c.height - 1),
        _word(rng, "PDP_RDMA.D_DATA_CUBE_IN_CHANNEL", CUBE_IN_CHANNEL=c.channels - 1),
        _word(rng, "PDP_RDMA.D_SRC_BASE_ADDR_LOW", SRC_BASE_ADDR_LOW=layer.source_address | rng.randrange(ATOM)),
        _word(rng, "PDP_RDMA.D_SRC_LINE_STRIDE", SRC_LINE_STRIDE=layer.source.line_stride),
        _word(rng, "PDP_RDMA.D_SRC_SURFACE_STRIDE", SRC_SURFACE_STRIDE=layer.source.surface_stride),
        _word(rng, "PDP_RDMA.D_SRC_RAM_CFG", SRC_RAM_TYPE=1),
        _word(rng, "PDP_RDMA.D_OPERATION_MODE_CFG", SPLIT_NUM=c.split.count - 1 if c.split else 0),
        _partial(rng, "PDP_RDMA.D_PARTIAL_WIDTH_IN", "IN", c.split),
        _word(rng, "PDP_RDMA.D_POOLING_KERNEL_CFG", KERNEL_WIDTH=c.kernel_width - 1,
              KERNEL_STRIDE_WIDTH=c.stride_width - 1),
        _word(rng, "PDP_RDMA.D_PERF_ENABLE", DMA_EN=int(layer.perf)),
    ]  # fmt: skip
    for name in ("FLYING_MODE", "SRC_BASE_ADDR_HIGH", "DATA_FORMAT", "POOLING_PADDING_CFG", "CYA"):
        writes.append(_word(rng, f"PDP_RDMA.D_{name}"))
    return writes
