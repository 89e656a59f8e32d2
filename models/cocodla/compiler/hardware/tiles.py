"""Cutting a convolution into hardware layers that fit the convolution buffer.

The buffer holds the whole input of a hardware layer and at least one kernel group. What does not fit is cut into bands
of output rows (the lines two bands share are fetched again), and where a line is too long also into columns. Groups of
a group convolution are layers of their own: they read and write whole surfaces. No element is copied: a tile reads and
writes views of the tensors (spec: convolution.md sections 4 and 7, programming.md section 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cocodla import hw
from cocodla.compiler.hardware.stacks import stacked
from cocodla.compiler.hardware.tensors import Tensor, strided
from cocodla.compiler.ir import Pair, PoolFunction, Span
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.layers import Positions, QuantisedConv

MAX_WIDTH = 4095
"""Widest input of a tile: the public design fetches no wider cube of more than one surface."""
MAX_LINES = 4096
"""Lines of the input of a tile: CSC counts those it gives back in 12 bits."""
MAX_ATOMICS = 1 << 21
TILE_COST = 1000
"""Beats that a further hardware layer has to save: it costs some hundred register writes and cycles of its own."""


@dataclass(frozen=True)
class Tile:
    """One hardware layer of a convolution: its integers, and the views it reads and writes.

    sources: the input, and the summand if there is one.
    """

    conv: QuantisedConv
    sources: tuple[Tensor, ...]
    target: Tensor


@dataclass(frozen=True)
class _Band:
    """Along one axis: an interval of the target, what the convolution computes for it and what it reads.

    pad: padding before the read interval; pool_pad: before the computed one.
    """

    target: Span
    computed: Span
    read: Span
    pad: int
    pool_pad: int


def cut(conv: QuantisedConv, sources: tuple[Tensor, ...], target: Tensor) -> list[Tile]:
    """The tiles of a convolution, in the order of running; Refused if even one output element does not fit."""
    tiles: list[Tile] = []
    stack = stacked(conv, sources[0], target)
    for first in stack or _groups(*_without_skipped_lines(conv, sources), target):
        columns, rows = _split(*first)
        for column in columns:
            for row in rows:
                tiles += _addressable(_tile(*first, row, column))
    return tiles


def _without_skipped_lines(
    conv: QuantisedConv, sources: tuple[Tensor, ...]
) -> tuple[QuantisedConv, tuple[Tensor, ...]]:
    """A kernel of one row with a stride reads every n-th line only: the others are left out of the view it reads."""
    source, step, lines = sources[0], conv.stride[0], conv.size[0]
    if source.form == "pixels" or conv.weight.shape[2] > 1 or conv.pad[0] or step * (lines - 1) >= source.height:
        return conv, sources
    if step == 1 or lines == 1:
        return conv, sources
    counts = (hw.surfaces(source.channels), lines, source.width)
    view = strided(source, 0, counts, (source.surface_stride, step * source.line_strides[0]))
    view.channels = source.channels
    part = replace(conv, stride=(1, conv.stride[1]), input_shape=view.shape)
    return part, (view, *sources[1:])


def _addressable(tile: Tile) -> Iterator[Tile]:
    """The tile, or a tile for each surface if it is a single pixel that SDP would write in one piece."""
    if tile.conv.pool is not None or not any(tensor.lies_apart for tensor in (tile.target, *tile.sources[1:])):
        yield tile
        return
    for first in range(0, tile.target.channels, hw.ATOM):
        kernels = (first, min(first + hw.ATOM, tile.target.channels))
        yield Tile(*_kernels(tile.conv, tile.sources, tile.target, kernels, 0))


def data_entries(conv: QuantisedConv, source: Tensor) -> int:
    """CBUF entries of one line of the input."""
    if source.form == "pixels":
        return hw.ceil_div((conv.pad[1] + source.width + pad_right(conv, source)) * source.channels, hw.ATOM)
    return source.width * hw.surfaces(source.channels)


def pad_right(conv: QuantisedConv, source: Tensor) -> int:
    """Columns of padding behind a line of pixels."""
    return max(0, (conv.size[1] - 1) * conv.stride[1] + conv.weight.shape[3] - conv.pad[1] - source.width)


def group_bytes(conv: QuantisedConv) -> int:
    """Weights of the largest kernel group."""
    kernels, channels, rows, columns = conv.weight.shape
    return hw.align(min(kernels // conv.group, hw.ATOM) * rows * columns * channels)


def _groups(
    conv: QuantisedConv, sources: tuple[Tensor, ...], target: Tensor
) -> Iterator[tuple[QuantisedConv, tuple[Tensor, ...], Tensor]]:
    """The groups of a group convolution, each a convolution of its own on whole surfaces."""
    if conv.group == 1:
        yield conv, sources, target
        return
    channels, kernels = conv.weight.shape[1], len(conv.weight) // conv.group
    if max(conv.weight.shape[2:]) > hw.MAX_KERNEL or max(conv.stride) > hw.MAX_STRIDE:
        raise Refused("AveragePool", conv.name, "its windows do not follow one another in memory")
    if channels == 1:  # lanes of a surface cannot be read apart
        conv, channels, kernels = _diagonal(conv), hw.ATOM, hw.ATOM
    for first in range(0, len(conv.weight), kernels):
        part = (first, min(first + kernels, len(conv.weight)))
        yield _kernels(conv, sources, target, part, first // kernels * channels)


def _diagonal(conv: QuantisedConv) -> QuantisedConv:
    """A kernel for each channel as one that reads its whole surface."""
    kernels = len(conv.weight)
    weight = np.zeros((kernels, hw.ATOM, *conv.weight.shape[2:]), np.int8)
    weight[np.arange(kernels), np.arange(kernels) % hw.ATOM] = conv.weight[:, 0]
    return replace(conv, weight=weight)


def _kernels(
    conv: QuantisedConv, sources: tuple[Tensor, ...], target: Tensor, kernels: Span, channel: int
) -> tuple[QuantisedConv, tuple[Tensor, ...], Tensor]:
    """Some kernels of a convolution, on the input channels from `channel` on."""
    here = slice(*kernels)
    part = replace(
        conv, weight=conv.weight[here], multiplier=conv.multiplier[here], bias=conv.bias[here],
        exact_bias=conv.exact_bias[here], scales=conv.scales[here], group=1,
        slopes=None if conv.slopes is None else conv.slopes[here],
        early=None if conv.early is None else conv.early[here],
        gains=None if conv.gains is None else conv.gains[here],
    )  # fmt: skip
    source, *summand = sources
    read = source.view((channel, channel + conv.weight.shape[1]), (0, source.height), (0, source.width))
    others = [tensor.view(kernels, (0, tensor.height), (0, tensor.width)) for tensor in summand]
    return part, (read, *others), target.view(kernels, (0, target.height), (0, target.width))


def _split(conv: QuantisedConv, sources: tuple[Tensor, ...], target: Tensor) -> tuple[list[_Band], list[_Band]]:
    """(column bands, row bands): those of the least traffic; of each number of columns as few rows as possible.

    The MAC array takes the same time for all of them (docs/performance.md). Narrower bands are higher: they share fewer
    lines, until columns that two of them share and weights fetched for each cost more.
    """
    source, best, least = sources[0], None, 0
    room = hw.CBUF_BANKS - hw.ceil_div(group_bytes(conv), hw.CBUF_BANK_BYTES)
    entries = room * hw.CBUF_BANK_ENTRIES
    widths = [1] if source.form == "pixels" else range(1, target.width + 1)
    for count in widths:
        columns = _bands(conv, source, target, 1, count)
        width = max(band.read[1] - band.read[0] for band in columns)
        if width > MAX_WIDTH and source.form != "pixels":
            continue
        line = data_entries(conv, source) if source.form == "pixels" else width * hw.surfaces(source.channels)
        wide = max(band.computed[1] - band.computed[0] for band in columns)
        lines = min(entries // line, MAX_LINES) if line else 0
        rows = _fitting_rows(conv, source, target, lines, MAX_ATOMICS // wide)
        if rows is None:
            continue
        beats = _traffic(conv, source, columns, rows)
        if best is not None and beats >= least:
            break
        best, least = (columns, rows), beats
    if best is not None:
        return best
    kernels, channels, height, width = conv.weight.shape
    raise Refused(
        "Conv",
        conv.name,
        f"a kernel group of {min(kernels, hw.ATOM)}x{channels}x{height}x{width} needs "
        f"{hw.ceil_div(group_bytes(conv), hw.CBUF_BANK_BYTES)} banks of the convolution buffer, there are "
        f"{hw.CBUF_BANKS}, and no part of the input fits beside it",
    )


def _traffic(conv: QuantisedConv, source: Tensor, columns: list[_Band], rows: list[_Band]) -> int:
    """Beats of data and weights that all bands fetch, and what they cost as layers."""
    width, height = (sum(band.read[1] - band.read[0] for band in bands) for bands in (columns, rows))
    tiles = len(columns) * len(rows)
    return hw.surfaces(source.channels) * width * height + tiles * (conv.weight.size // hw.ATOM + TILE_COST)


def _fitting_rows(conv: QuantisedConv, source: Tensor, target: Tensor, lines: int, computed: int) -> list[_Band] | None:
    """The fewest row bands of which each reads at most `lines` lines and computes at most `computed`."""
    for count in _counts(target.height):
        bands = _bands(conv, source, target, 0, count)
        if all(b.read[1] - b.read[0] <= lines and b.computed[1] - b.computed[0] <= computed for b in bands):
            return bands
    return None


def _counts(extent: int) -> Iterator[int]:
    """Numbers of bands worth trying: those of different sizes."""
    last = 0
    for count in range(1, extent + 1):
        size = hw.ceil_div(extent, count)
        if size != last:
            yield count
        last = size


def _bands(conv: QuantisedConv, source: Tensor, target: Tensor, axis: int, count: int) -> list[_Band]:
    """The target's extent along an axis (0: y, 1: x) in `count` bands of nearly equal size."""
    extent, size = (source.height, source.width)[axis], (target.height, target.width)[axis]
    edges = [size * index // count for index in range(count + 1)]
    if source.form == "pixels" and axis == 1:
        return [replace(_band(conv, axis, (0, size), extent, whole=True), read=(0, extent))]
    return [_band(conv, axis, (edges[i], edges[i + 1]), extent, whole=count == 1) for i in range(count)]


def _band(conv: QuantisedConv, axis: int, target: Span, extent: int, whole: bool) -> _Band:
    computed, pool_pad = target, 0
    if whole:
        computed = (0, conv.size[axis])
        pool_pad = conv.pool.function.pad[axis] if conv.pool is not None else 0
    elif conv.pool is not None:
        function = conv.pool.function
        computed, pool_pad = _reached(target, function.stride[axis], function.kernel[axis], function.pad[axis],
                                      conv.size[axis])  # fmt: skip
    kernel = (conv.weight.shape[2 + axis] - 1) * conv.dilation[axis] + 1
    if whole:  # what no window reaches is not read
        last = (computed[1] - 1) * conv.stride[axis] - conv.pad[axis] + kernel
        return _Band(target, computed, (0, max(1, min(last, extent))), conv.pad[axis], pool_pad)
    read, pad = _reached(computed, conv.stride[axis], kernel, conv.pad[axis], extent)
    return _Band(target, computed, read, pad, pool_pad)


def _reached(outputs: Span, stride: int, kernel: int, pad: int, extent: int) -> tuple[Span, int]:
    """What windows of some outputs read of 0..extent, and the padding before it."""
    first, last = outputs[0] * stride - pad, (outputs[1] - 1) * stride - pad + kernel
    # A window may lie wholly in the padding before: one line is read all the same, the padding counts from it.
    start = min(max(first, 0), extent - 1)
    return (start, max(start + 1, min(last, extent))), start - first


def _positions_of(positions: Positions | None, rows: Span, columns: Span) -> Positions | None:
    """Those of a tile."""
    if positions is None:
        return None
    here = (slice(*rows), slice(*columns))
    return replace(positions, first=positions.first[here], second=positions.second[here])


def _tile(conv: QuantisedConv, sources: tuple[Tensor, ...], target: Tensor, row: _Band, column: _Band) -> Tile:
    size: Pair = (row.computed[1] - row.computed[0], column.computed[1] - column.computed[0])
    pool = conv.pool
    if pool is not None:
        function: PoolFunction = replace(
            pool.function,
            pad=(row.pool_pad, column.pool_pad),
            size=(row.target[1] - row.target[0], column.target[1] - column.target[0]),
        )
        pool = replace(pool, function=function)
    source, *summand = sources
    read = source.view((0, source.channels), row.read, column.read)
    others = [tensor.view((0, tensor.channels), row.computed, column.computed) for tensor in summand]
    part = replace(
        conv, input_shape=read.shape, size=size, pad=(row.pad, column.pad), pool=pool,
        positions=_positions_of(conv.positions, row.computed, column.computed),
    )  # fmt: skip
    return Tile(part, (read, *others), target.view((0, target.channels), row.target, column.target))
