"""Float graph + ranges -> integer layers (spec: numerics.md).

Requantisation is scheme C of numerics.md: BS multiplies each channel by a 16-bit integer, BN adds a 16-bit bias in
units of 2^shift / 2^fraction output steps, the output converter drops the fraction. The multiplier is chosen first and
the weight scale follows from it, so rescaling is exact by construction. Weights and activations are symmetric; a
tensor may have a zero point, which the next layer takes back in its bias (and pads with).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.calibrate import Range
from cocodla.compiler.ir import ActivationFunction, Add, Conv, FloatArray, Graph, Pair, Pool, PoolFunction, Shape
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.pixels import Conversion
from cocodla.compiler.reference import convolve, unpooled
from cocodla.errors import UserError

FRACTION = 14
"""Fraction bits carried from BS and BN into the output converter."""
MIN_FRACTION = 8
INT16_MAX = 32767
MAX_SHIFT = 48
MAX_BIAS = 2.0**30
"""Bias beyond this (in fraction units) saturates the output anyway."""


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (q - zero) for an int8 tensor."""

    scale: float
    zero: int = 0

    def quantise(self, real: FloatArray) -> NDArray[np.int8]:
        """Nearest int8 codes."""
        return np.clip(np.rint(real / self.scale) + self.zero, -128, 127).astype(np.int8)

    def dequantise(self, codes: NDArray[np.int8]) -> FloatArray:
        """Real values, float32."""
        return ((codes.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)).astype(np.float32)


@dataclass(frozen=True)
class Leaky:
    """Slope below zero as BN's register operand: slope = operand / 2^shift."""

    operand: int
    shift: int


@dataclass(frozen=True)
class QuantisedPool:
    """Pooling with the reciprocals and the value of a padded element PDP works with (average only)."""

    function: PoolFunction
    recip_width: int = 0
    recip_height: int = 0
    pad_value: int = 0


@dataclass
class QuantisedConv:
    """A convolution in integers.

    weight (K, C / group, R, S) int8. Output code = clamp8(round(z / 2^fraction) + out.zero) with
    z = activation(round(acc * multiplier[k] / 2^multiplier_shift) + bias[k] * 2^bias_shift).
    conversion: set when the layer reads pixels through CDMA's converter. exact_bias: bias before rounding, in output
    steps; scales: real weight of one weight step, per kernel.
    """

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    weight: NDArray[np.int8]
    multiplier: NDArray[np.int64]
    multiplier_shift: int
    bias: NDArray[np.int64]
    bias_shift: int
    fraction: int
    out: Quantisation
    stride: Pair
    pad: Pair
    size: Pair
    dilation: Pair
    pad_value: int
    relu: bool
    leaky: Leaky | None
    pool: QuantisedPool | None
    conversion: Conversion | None
    exact_bias: FloatArray
    scales: FloatArray
    group: int = 1
    slopes: NDArray[np.int64] | None = None


@dataclass
class QuantisedPooling:
    """A pooling of its own, memory to memory."""

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    pool: QuantisedPool


@dataclass
class QuantisedAdd:
    """Sum of two cubes, memory to memory (numerics.md item 4).

    Output code = clamp8(round((z - offset) * scale / 2^scale_shift)) with
    z = relu((first + first_alu) * multiplier + second * 2^second_shift).
    """

    name: str
    sources: tuple[str, str]
    target: str
    input_shape: Shape
    first_alu: int
    multiplier: int
    second_shift: int
    offset: int
    scale: int
    scale_shift: int
    out: Quantisation
    relu: bool


QuantisedLayer = QuantisedConv | QuantisedPooling | QuantisedAdd


@dataclass
class QuantisedGraph:
    """Integer layers in execution order, and the meaning of every tensor's codes (not of a pixel input's)."""

    layers: list[QuantisedLayer]
    tensors: dict[str, Quantisation]


def quantise(
    graph: Graph,
    ranges: Mapping[str, Range],
    conversion: Conversion | None,
    options: CompileOptions,
    means: Mapping[str, FloatArray] | None = None,
) -> QuantisedGraph:
    """Choose scales and integers for all layers. `conversion` says that the first layer reads pixels.

    means: mean of every tensor over the calibration data (*shape): where given, the mean error that the rounded
    weights of a convolution make is taken out of its bias.
    """
    tensors: dict[str, Quantisation] = {}
    if conversion is None:
        tensors[graph.input] = scale_for(ranges[graph.input], options)
    layers: list[QuantisedLayer] = []
    for node in graph.nodes:
        if isinstance(node, Conv):
            mean = (means or {}).get(node.inputs[0])
            layer = _convolution(graph, node, ranges, tensors, conversion, options, mean)
            tensors[node.output] = layer.out
            layers.append(layer)
        elif isinstance(node, Add):
            addition = _addition(graph, node, ranges, tensors, options)
            tensors[node.output] = addition.out
            layers.append(addition)
        elif isinstance(node, Pool):
            source = node.inputs[0]
            tensors[node.output] = tensors[source]
            pool = pooling(node.name, node.function, tensors[source].zero)
            layers.append(QuantisedPooling(node.name, (source,), node.output, graph.shapes[source], pool))
        else:
            raise UserError(f"{type(node).__name__} {node.name!r}: there is no hardware layer for it")
    return QuantisedGraph(layers, tensors)


def scale_for(extent: Range, options: CompileOptions) -> Quantisation:
    """int8 codes for a range of real values."""
    low, high = extent
    if options.asymmetric and low >= 0:
        return Quantisation(high / 255, -128)
    return Quantisation(max(abs(low), abs(high)) / 127)


def _convolution(
    graph: Graph,
    node: Conv,
    ranges: Mapping[str, Range],
    tensors: Mapping[str, Quantisation],
    conversion: Conversion | None,
    options: CompileOptions,
    mean: FloatArray | None = None,
) -> QuantisedConv:
    source = node.inputs[0]
    channels = graph.shapes[source][0]
    if source in tensors:
        step = np.full(channels, tensors[source].scale)
        zero = np.full(channels, float(tensors[source].zero))
        pad_value, conversion = tensors[source].zero, None
    else:
        assert conversion is not None
        step, zero, pad_value = conversion.step, conversion.zero, conversion.pad_value
    before_pool = node.pool is not None and node.pool.kind == "average"
    out = scale_for(_output_range(node, ranges[unpooled(node.output) if before_pool else node.output]), options)
    # In units of one input code: the layer is out = sum(weight * (q - zero)) + bias.
    step, zero = _per_kernel(step, node), _per_kernel(zero, node)
    weight = node.weight * step[..., None, None]
    multiplier, shift, fraction = _multipliers(node.name, np.abs(weight).reshape(len(weight), -1).max(1), out.scale)
    scales = multiplier * 2.0 ** -(fraction + shift) * out.scale
    codes = np.clip(np.rint(weight / scales[:, None, None, None]), -127, 127).astype(np.int8)
    correction = np.einsum("kcrs,kc->k", codes.astype(np.float64), zero) * scales
    if mean is not None:
        # convolution is linear: the mean of its error is the error it makes of the mean
        error = codes * scales[:, None, None, None] / step[..., None, None] - node.weight
        correction = correction + convolve(mean[None].astype(np.float64), error, node).mean((0, 2, 3))
    exact_bias = (node.bias - correction) / out.scale
    bias, bias_shift = _bias_operands(exact_bias * 2.0**fraction)
    function = node.activation
    return QuantisedConv(
        name=node.name, sources=(source,), target=node.output, input_shape=graph.shapes[source],
        weight=codes, multiplier=multiplier, multiplier_shift=shift, bias=bias, bias_shift=bias_shift,
        fraction=fraction, out=out, stride=node.stride, pad=node.pad, size=node.size, dilation=node.dilation,
        pad_value=pad_value, relu=function is not None and function.alpha == 0, leaky=_leaky(function),
        pool=pooling(node.name, node.pool, out.zero) if node.pool else None, conversion=conversion,
        exact_bias=exact_bias, scales=scales, group=node.group,
    )  # fmt: skip


def _per_kernel(values: FloatArray, node: Conv) -> FloatArray:
    """Values of the input's channels (C) as each kernel meets them: (K, C / group)."""
    return np.repeat(values.reshape(node.group, -1), len(node.weight) // node.group, axis=0)


def _addition(
    graph: Graph,
    node: Add,
    ranges: Mapping[str, Range],
    tensors: Mapping[str, Quantisation],
    options: CompileOptions,
) -> QuantisedAdd:
    """The operand of the finer scale is multiplied, the other one only shifted: its step is the unit of the sum."""
    first, second = sorted(node.inputs, key=lambda tensor: tensors[tensor].scale)
    fine, coarse = tensors[first], tensors[second]
    out = scale_for(_output_range(node, ranges[node.output]), options)
    multiplier = max(1, round(fine.scale / coarse.scale * 2**FRACTION))
    ratio = coarse.scale / out.scale
    shift = int(np.floor(np.log2(INT16_MAX / ratio)))
    if not 0 <= shift <= MAX_SHIFT:
        raise UserError(f"Add {node.name!r}: one step of an operand is {ratio:.3g} output steps, which is out of range")
    scale = round(ratio * 2.0**shift)
    zero = out.zero * 2.0 ** (shift + FRACTION) / scale
    return QuantisedAdd(
        name=node.name, sources=(first, second), target=node.output, input_shape=graph.shapes[first],
        first_alu=-fine.zero, multiplier=multiplier, second_shift=FRACTION,
        offset=(coarse.zero << FRACTION) - round(zero), scale=scale, scale_shift=shift + FRACTION,
        # With zero points the ReLU is the saturation at code -128, which means 0.
        out=out, relu=node.activation is not None and coarse.zero == out.zero == 0,
    )  # fmt: skip


def _output_range(node: Conv | Add, extent: Range) -> Range:
    """Range of the values the output converter sees; saturation at the upper end is the clip of a Clip."""
    low, high = extent
    if node.activation is not None and node.activation.high is not None:
        high = min(high, node.activation.high)
        low = max(low, -high)
    if high <= 0 and node.activation is not None and node.activation.alpha == 0:
        raise UserError(f"{type(node).__name__} {node.name!r}: its ReLU output is 0 for all calibration data")
    return low, high


def _multipliers(name: str, largest: FloatArray, out_scale: float) -> tuple[NDArray[np.int64], int, int]:
    """BS multipliers (K), their right shift, and the fraction bits, for kernels of these largest magnitudes."""
    ratio = largest / 127 / out_scale
    top = float(ratio.max())
    if top == 0:
        return np.ones(len(largest), np.int64), 0, FRACTION
    bits = int(np.floor(np.log2(INT16_MAX / top)))
    while top * 2.0**bits > INT16_MAX:
        bits -= 1
    bits = min(bits, FRACTION + MAX_SHIFT)
    fraction = min(FRACTION, bits)
    if fraction < MIN_FRACTION:
        raise UserError(
            f"Conv {name!r}: one step of a product is {top:.0f} output steps, more than {INT16_MAX >> MIN_FRACTION}: "
            "the calibration data do not exercise this layer"
        )
    return np.maximum(np.ceil(ratio * 2.0**bits), 1).astype(np.int64), bits - fraction, fraction


def _bias_operands(exact: FloatArray) -> tuple[NDArray[np.int64], int]:
    """16-bit operands (K) and their common left shift for biases in fraction units."""
    limited = np.clip(exact, -MAX_BIAS, MAX_BIAS)
    shift = 0
    while np.abs(np.rint(limited / 2.0**shift)).max() > INT16_MAX:
        shift += 1
    return np.rint(limited / 2.0**shift).astype(np.int64), shift


def _leaky(function: ActivationFunction | None) -> Leaky | None:
    if function is None or function.alpha == 0:
        return None
    shift = int(np.floor(np.log2(INT16_MAX / function.alpha)))
    return Leaky(round(function.alpha * 2.0**shift), shift)


def pooling(name: str, function: PoolFunction, zero: int) -> QuantisedPool:
    """Integers of a pooling; averages get the reciprocal pair that deviates least from the ideal mean."""
    if function.kind == "max":
        return QuantisedPool(function)
    width, height = average_reciprocals(function.kernel[0] * function.kernel[1])
    return QuantisedPool(function, width, height, zero)


def average_reciprocals(count: int) -> tuple[int, int]:
    """(width, height) reciprocals for windows of `count` elements (spec: pdp.md section 4, numerics.md item 6).

    All sums a window can have are tried; the intermediate result must fit 11 bits and the final one 8.
    """
    sums = np.arange(-128 * count, 127 * count + 1)
    ideal = _round_away(sums / count)
    candidates = {1 << bit for bit in range(17)} | {round(65536 / n) for n in range(1, 9)}
    best, chosen = np.inf, (0, 0)
    for width in sorted(candidates, reverse=True):
        if count * 128 * width > 1024 << 16:
            continue
        height = round(2.0**32 / (count * width))
        if not 0 < height <= 65536:
            continue
        middle = _round_away(sums * width / 65536)
        final = _round_away(middle * height / 65536)
        if final.max() > 127 or final.min() < -128:
            continue
        wrong = float((final != ideal).mean())
        if wrong < best:
            best, chosen = wrong, (width, height)
    return chosen


def _round_away(value: FloatArray) -> FloatArray:
    return np.sign(value) * np.floor(np.abs(value) + 0.5)
