"""Integer execution of quantised layers, written from numerics.md and independent of formats, registers and golden.

Convolutions are direct loops over kernel taps, everything in int64: what the Device has to give for a compiled network.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from cocodla.compiler.quantisation.curves import QuantisedCurve
from cocodla.compiler.quantisation.layers import (
    QuantisedAdd,
    QuantisedConv,
    QuantisedCustom,
    QuantisedGraph,
    QuantisedMove,
    QuantisedMultiply,
    QuantisedPool,
    QuantisedPooling,
    QuantisedView,
)
from cocodla.compiler.quantisation.lrn import QuantisedLrn, Table
from cocodla.compiler.quantisation.pointwise import QuantisedPointwise
from cocodla.errors import UserError


def round_half_away(value: np.ndarray, shift: int) -> np.ndarray:
    """value / 2^shift, rounded to nearest, ties away from zero."""
    half = (1 << shift) >> 1
    return np.sign(value) * ((np.abs(value) + half) >> shift)


def run(
    graph: QuantisedGraph, codes: np.ndarray, made: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """int8 codes of every layer's output (batch, C, H, W). `codes`: pixels (uint8) or int8 codes of the input.

    made: codes of the tensors that the host makes in the middle of the network, or of more of them.
    """
    tensors = {graph.layers[0].sources[0]: codes, **(made or {})}
    for layer in graph.layers:
        if isinstance(layer, QuantisedView) and layer.kind == "host":
            continue
        value = tensors[layer.sources[0]]
        if isinstance(layer, QuantisedAdd):
            result = add(value, tensors[layer.sources[1]], layer)
        elif isinstance(layer, QuantisedMultiply):
            result = multiply(value, tensors[layer.sources[1]], layer)
        elif isinstance(layer, QuantisedPointwise):
            result = pointwise(value, layer)
        elif isinstance(layer, QuantisedLrn):
            result = normalise(value, layer)
        elif isinstance(layer, QuantisedCurve):
            result = np.array(layer.codes)[value.astype(np.int64) + 128]
        elif isinstance(layer, QuantisedView):
            parts = [tensors[name] for name in layer.sources]
            result = np.concatenate(parts, 1 + layer.axis)
            if layer.box is not None:
                (first, last), (top, bottom), (left, right) = layer.box
                result = result[:, first:last, top:bottom, left:right]
        elif isinstance(layer, QuantisedMove):
            result = move(value, layer)
        elif isinstance(layer, QuantisedPooling):
            result = pool(value.astype(np.int64), layer.pool)
        elif isinstance(layer, QuantisedCustom):
            raise UserError(f"{layer.name!r}: what operator {layer.node.operator.label} computes, its units alone tell")
        else:
            result = convolve(value, layer, tensors[layer.sources[1]] if layer.has_summand else None)
            if layer.pool is not None:
                result = pool(result, layer.pool)
        tensors[layer.target] = result.astype(np.int8)
    return tensors


def accumulate(value: np.ndarray, layer: QuantisedConv) -> np.ndarray:
    """Sums of products (batch, K, OH, OW)."""
    if layer.conversion is not None:
        conversion = layer.conversion
        offsets = np.array(conversion.offsets)[:, None, None]
        value = np.clip(
            round_half_away((value.astype(np.int64) - offsets) * conversion.scale, conversion.shift), -128, 127
        )
    value = value.astype(np.int64)
    kernels, _, rows, columns = layer.weight.shape
    room = 64
    padded = np.pad(value, ((0, 0), (0, 0), (room, room), (room, room)), constant_values=layer.pad_value)
    height, width = layer.size
    total = np.zeros((len(value), kernels, height, width), np.int64)
    for r in range(rows):
        for s in range(columns):
            top = room - layer.pad[0] + r * layer.dilation[0]
            left = room - layer.pad[1] + s * layer.dilation[1]
            taps = padded[
                :, :, top : top + (height - 1) * layer.stride[0] + 1 : layer.stride[0],
                left : left + (width - 1) * layer.stride[1] + 1 : layer.stride[1],
            ]  # fmt: skip
            channels, per_group = layer.weight.shape[1], kernels // layer.group
            if channels == per_group == 1:
                total += taps.astype(np.int64) * layer.weight[:, 0, r, s].astype(np.int64)[:, None, None]
                continue
            for group in range(layer.group):
                here = slice(group * per_group, (group + 1) * per_group)
                inputs = taps[:, group * channels : (group + 1) * channels].astype(np.float64)  # exact: far below 2^53
                weight = layer.weight[here, :, r, s].astype(np.float64)
                total[:, here] += np.einsum("kc,nchw->nkhw", weight, inputs, optimize=True).astype(np.int64)
    return total


def convolve(value: np.ndarray, layer: QuantisedConv, summand: np.ndarray | None = None) -> np.ndarray:
    """The convolution's output codes, before pooling."""
    wide = (slice(None), None, None)
    bias = (layer.bias << layer.bias_shift)[wide]
    if layer.positions is not None:
        positions = layer.positions
        z = (accumulate(value, layer) + (positions.correction << positions.correction_shift)) * positions.first
        assert np.abs(z).max() < 1 << 31
        z = round_half_away(z * positions.second, positions.shift) - layer.offset
        return np.clip(round_half_away(z, layer.scale_shift), -128, 127)
    z = accumulate(value, layer) + (0 if summand is None else bias)
    if layer.early is not None:
        z = z + (layer.early << layer.early_shift)[wide]
    z = round_half_away(z * layer.multiplier[wide], layer.multiplier_shift)
    z = z + (bias if summand is None else summand.astype(np.int64) << layer.fraction)
    if layer.gains is not None:
        z = round_half_away(z * layer.gains[wide], layer.gain_shift)
    if layer.leaky is not None:
        slope = layer.leaky.operand if layer.slopes is None else layer.slopes[wide]
        z = np.where(z >= 0, z, round_half_away(z * slope, layer.leaky.shift))
    if layer.relu:
        z = np.maximum(z, 0)
    return np.clip(round_half_away((z - layer.offset) * layer.scale, layer.scale_shift), -128, 127)


def ideal(value: np.ndarray, layer: QuantisedConv) -> np.ndarray:
    """The exact result of the same int8 input and weights, rounded once (before pooling)."""
    ratio = layer.multiplier * 2.0 ** -(layer.multiplier_shift + layer.fraction)
    exact = accumulate(value, layer) * ratio[:, None, None] + layer.exact_bias[:, None, None]
    if layer.leaky is not None:
        exact = np.where(exact >= 0, exact, exact * layer.leaky.operand / 2.0**layer.leaky.shift)
    if layer.relu:
        exact = np.maximum(exact, 0)
    exact = exact + layer.out.zero
    return np.clip(np.sign(exact) * np.floor(np.abs(exact) + 0.5), -128, 127)


def add(first: np.ndarray, second: np.ndarray, layer: QuantisedAdd) -> np.ndarray:
    """Sum of two cubes."""
    y = first.astype(np.int64)
    z = (y + (layer.first_alu if layer.again is None else y << layer.again)) * layer.multiplier
    other = second.astype(np.int64) << layer.second_shift
    z = {"sum": np.add, "max": np.maximum, "min": np.minimum}[layer.operation](z, other)
    assert np.abs(z).max() < 1 << 31
    z = round_half_away(z * layer.gain, layer.gain_shift)
    assert np.abs(z).max() < 1 << 31
    if layer.relu:
        z = np.maximum(z, 0)
    return np.clip(round_half_away((z - layer.offset) * layer.scale, layer.scale_shift), -128, 127)


def pointwise(value: np.ndarray, layer: QuantisedPointwise) -> np.ndarray:
    """Scale, shift and activation of every element."""
    y = value.astype(np.int64) + layer.early
    z = round_half_away(y * layer.multiplier, layer.shift)
    assert np.abs(z).max() < 1 << 31
    z = z + (layer.late << layer.late_shift)
    if layer.gains is not None:
        z = round_half_away(z * layer.gains, layer.gain_shift)
    if layer.slopes is not None:
        z = np.where(z >= 0, z, round_half_away(z * layer.slopes, layer.slope_shift))
    if layer.relu:
        z = np.maximum(z, 0)
    return np.clip(round_half_away(z - layer.offset, layer.fraction), -128, 127)


def multiply(first: np.ndarray, second: np.ndarray, layer: QuantisedMultiply) -> np.ndarray:
    """Product of two cubes."""
    z = (first.astype(np.int64) + layer.first_alu) * second.astype(np.int64)
    if layer.zero_shift is not None:
        z = z + (first.astype(np.int64) << layer.zero_shift)
    z = round_half_away(z * layer.gain, layer.gain_shift)
    assert np.abs(z).max() < 1 << 31
    if layer.relu:
        z = np.maximum(z, 0)
    return np.clip(round_half_away((z - layer.offset) * layer.scale, layer.scale_shift), -128, 127)


def move(value: np.ndarray, layer: QuantisedMove) -> np.ndarray:
    """Whole atoms, one by one."""
    channels = layer.shape[0]
    padded = np.concatenate([value, np.zeros((len(value), 8, *value.shape[2:]), value.dtype)], 1)
    result = np.full((len(value), channels + 8, *layer.shape[1:]), 99, np.int64)
    for steps in product(*(range(loop.count) for loop in layer.loops)):
        surface, row, column = (
            sum(n * loop.source[axis] for n, loop in zip(steps, layer.loops, strict=True)) for axis in range(3)
        )
        to, line, place = (
            sum(n * loop.target[axis] for n, loop in zip(steps, layer.loops, strict=True)) for axis in range(3)
        )
        result[:, 8 * to : 8 * to + 8, line, place] = padded[:, 8 * surface : 8 * surface + 8, row, column]
    return result[:, :channels]


def normalise(value: np.ndarray, layer: QuantisedLrn) -> np.ndarray:
    """Each element times the tables' value at the sum of squares over its window (cdp.md section 4)."""
    y = value.astype(np.int64) - layer.in_zero
    assert np.abs(y).max() <= 256
    reach = layer.function.size // 2
    total = np.zeros_like(y)
    for channel in range(y.shape[1]):
        total[:, channel] = (y[:, max(0, channel - reach) : channel + reach + 1] ** 2).sum(1)
    inside = (total > layer.le.start) & (total < layer.le.end)
    v = np.where(inside, look_up(layer.le, total), look_up(layer.lo, total))
    v = np.where(total == max(layer.le.start, layer.lo.start), look_up(layer.le, total), v)  # the border: LE
    return np.clip(round_half_away((v * y - layer.offset) * layer.scale, layer.shift), -128, 127)


def look_up(table: Table, total: np.ndarray) -> np.ndarray:
    """Interpolated entry; the first and the last one outside of the table."""
    entries = np.array(table.entries)
    distance = np.clip(total - table.start, 0, table.end - table.start)
    place = np.minimum(distance >> table.select, len(entries) - 2)
    fraction = ((distance - (place << table.select)) << 16) >> table.select
    return entries[place] + round_half_away((entries[place + 1] - entries[place]) * fraction, 16)


def pool(value: np.ndarray, settings: QuantisedPool) -> np.ndarray:
    """Max, or average by two reciprocals."""
    function = settings.function
    room = 16
    filler = -1000 if function.kind == "max" else settings.pad_value
    padded = np.pad(value.astype(np.int64), ((0, 0), (0, 0), (room, room), (room, room)), constant_values=filler)
    result = np.zeros((*value.shape[:2], *function.size), np.int64)
    for y in range(function.size[0]):
        for x in range(function.size[1]):
            top = room + y * function.stride[0] - function.pad[0]
            left = room + x * function.stride[1] - function.pad[1]
            window = padded[:, :, top : top + function.kernel[0], left : left + function.kernel[1]]
            if function.kind == "max":
                result[:, :, y, x] = window.max((2, 3))
            else:
                total = window.sum((2, 3))
                middle = round_half_away(total * settings.recip_width, 16)
                result[:, :, y, x] = round_half_away(middle * settings.recip_height, 16)
    return result
