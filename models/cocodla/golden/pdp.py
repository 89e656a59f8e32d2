"""PDP: max, min and average pooling (spec: pdp.md sections 3 to 5, 9).

Arrays are int8 atoms of shape (..., surfaces, height, width, 8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import CubeLayout
from cocodla.golden.arithmetic import IntArray, wrap
from cocodla.golden.config import PdpConfig, Pooling
from cocodla.golden.rules import require
from cocodla.golden.snapshot import Snapshot
from cocodla.hw import surfaces

Int8Array = NDArray[np.int8]


def source(rdma: Snapshot, config: PdpConfig) -> tuple[int, CubeLayout]:
    """The cube PDP_RDMA reads for a layer of PDP; its copies of PDP's fields must agree (section 7)."""
    for name, ours, theirs in (
        ("input width", config.width, rdma.size("D_DATA_CUBE_IN_WIDTH")),
        ("input height", config.height, rdma.size("D_DATA_CUBE_IN_HEIGHT")),
        ("input surfaces", surfaces(config.channels), surfaces(rdma.size("D_DATA_CUBE_IN_CHANNEL"))),
        ("number of strips", config.split.count if config.split else 1, rdma.size("D_OPERATION_MODE_CFG")),
    ):
        require(ours == theirs, f"PDP {name} is {ours}, PDP_RDMA {name} is {theirs}")
    if config.split:
        partial, kernel = "D_PARTIAL_WIDTH_IN.PARTIAL_WIDTH_IN_", "D_POOLING_KERNEL_CFG."
        middle = config.split.mid_in if config.split.count > 2 else rdma.size(partial + "MID")
        for name, ours, theirs in (
            ("kernel width", config.kernel_width, rdma.size(kernel + "KERNEL_WIDTH")),
            ("stride width", config.stride_width, rdma.size(kernel + "KERNEL_STRIDE_WIDTH")),
            ("first strip", config.split.first_in, rdma.size(partial + "FIRST")),
            ("middle strip", middle, rdma.size(partial + "MID")),
            ("last strip", config.split.last_in, rdma.size(partial + "LAST")),
        ):
            require(ours == theirs, f"PDP {name} is {ours}, PDP_RDMA {name} is {theirs}")
    return source_cube(rdma)


def source_cube(rdma: Snapshot) -> tuple[int, CubeLayout]:
    """Base address and layout of the cube PDP_RDMA reads."""
    require(rdma.flag("D_SRC_RAM_CFG"), "PDP_RDMA.D_SRC_RAM_CFG.SRC_RAM_TYPE 0: there is no such memory")
    layout = CubeLayout(
        rdma.size("D_DATA_CUBE_IN_WIDTH"),
        rdma.size("D_DATA_CUBE_IN_HEIGHT"),
        rdma.size("D_DATA_CUBE_IN_CHANNEL"),
        rdma.address("D_SRC_LINE_STRIDE"),
        rdma.address("D_SRC_SURFACE_STRIDE"),
    )
    return rdma.address("D_SRC_BASE_ADDR_LOW"), layout


def process(x: Int8Array, config: PdpConfig) -> Int8Array:
    """Pool a whole cube, strip by strip: (..., S, H, W, 8) -> (..., S, OH, OW, 8)."""
    parts = []
    for first, width, out_width, pad_left in config.strips():
        require(first >= 0 and first + width <= x.shape[-2], "PDP: a strip reaches beyond the cube (pdp.md 5)")
        parts.append(pool(x[..., first : first + width, :], config, out_width, pad_left))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)


def pool(x: Int8Array, config: PdpConfig, out_width: int, pad_left: int) -> Int8Array:
    """Pool one strip of columns: window o covers columns [o*sw - pad_left, +kw), rows likewise."""
    x = np.asarray(x)
    columns, rows = windows(x, config, out_width, pad_left)
    if config.method is not Pooling.AVERAGE:
        combine = np.maximum if config.method is Pooling.MAX else np.minimum
        empty = -128 if config.method is Pooling.MAX else 127
        across = _reduce(x, -2, columns, config.stride_width, combine, empty)
        return _reduce(across, -3, rows, config.stride_height, combine, empty)
    return average(x, config, columns, rows)


def average(x: Int8Array, config: PdpConfig, columns: _Windows, rows: _Windows) -> Int8Array:
    """Section 4, average: two partial sums with padding values, two rounded multiplications."""
    scaled = round16(totals(x, config, columns, rows)[1] * config.reciprocal_width, 11)
    return round16(scaled * config.reciprocal_height, 8).astype(np.int8)


def totals(x: Int8Array, config: PdpConfig, columns: _Windows, rows: _Windows) -> tuple[IntArray, IntArray]:
    """Section 4, average: the sums along the lines of each window, and the sums of these, with padding values."""
    pad = np.array((0, *config.pad_values), np.int64)
    across = wrap(_reduce(x.astype(np.int64), -2, columns, config.stride_width, np.add, 0), 11)
    missing = config.kernel_width - columns.real
    extra = wrap(pad[missing], 11)[:, None]
    across = np.where((missing > 0)[:, None], wrap(across + extra, 11), across)
    down = wrap(_reduce(across, -3, rows, config.stride_height, np.add, 0), 14)
    missing = config.kernel_height - rows.real
    extra = np.where(missing > 0, wrap(wrap(pad[missing], 19) * config.kernel_width, 14), 0)
    return across, down + extra[:, None, None]


def windows(x: Int8Array, config: PdpConfig, out_width: int, pad_left: int) -> tuple[_Windows, _Windows]:
    """The windows of a strip of columns, along its lines and along its columns."""
    columns = _window(x.shape[-2], config.kernel_width, config.stride_width, pad_left, out_width, "column")
    rows = _window(x.shape[-3], config.kernel_height, config.stride_height, config.pad_top, config.out_height, "row")
    return columns, rows


def round16(product: IntArray, bits: int) -> IntArray:
    """ROUND16 of section 4: divide by 65536, nearest, ties away from zero, no saturation."""
    floor, fraction = product >> 16, product & 0xFFFF
    negative = floor + (fraction > 0x8000)
    positive = (floor & ((1 << (bits - 1)) - 1)) + (fraction >> 15)
    return wrap(np.where(product < 0, negative, positive), bits)


class _Windows:
    """Windows of one direction: padding before, extent needed, and the real elements of each."""

    def __init__(self, before: int, kernel: int, count: int, real: NDArray[np.int64]) -> None:
        self.before, self.kernel, self.count, self.real = before, kernel, count, real


def _window(size: int, kernel: int, stride: int, before: int, count: int, what: str) -> _Windows:
    start = np.arange(count, dtype=np.int64) * stride - before
    real = np.minimum(start + kernel, size) - np.maximum(start, 0)
    require(bool((real > 0).all()), f"PDP: an output {what} has no real element in its window (pdp.md 3)")
    return _Windows(before, kernel, count, real)


def _reduce(x: NDArray[Any], axis: int, w: _Windows, stride: int, combine: Any, empty: int) -> NDArray[Any]:
    """combine() over each window along `axis` (-2 or -3); `empty` stands for elements outside the cube."""
    needed = (w.count - 1) * stride + w.kernel
    after = needed - w.before - x.shape[axis]
    if w.before or after > 0:
        pads = [(0, 0)] * x.ndim
        pads[axis] = (w.before, max(after, 0))
        x = np.pad(x, pads, constant_values=empty)
    result: NDArray[Any] | None = None
    for offset in range(w.kernel):
        index: list[Any] = [slice(None)] * x.ndim
        index[axis] = slice(offset, offset + (w.count - 1) * stride + 1, stride)
        part = x[tuple(index)]
        result = part.copy() if result is None else combine(result, part, out=result)
    assert result is not None
    return result
