"""Integers of convolutions and of averages that are one (spec: numerics.md, sdp.md section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cocodla import hw
from cocodla.compiler.ir import ActivationFunction, Conv, FloatArray, Mean, PoolFunction, Quantisation, Shape
from cocodla.compiler.limits import Refused
from cocodla.compiler.passes.reshape import merge
from cocodla.compiler.quantisation import biases, weights
from cocodla.compiler.quantisation.averages import average_factors, average_reciprocals, position_factors
from cocodla.compiler.quantisation.biases import INT16_MAX
from cocodla.compiler.quantisation.layers import Leaky, Positions, QuantisedConv, QuantisedMean, QuantisedPool
from cocodla.compiler.quantisation.pixels import Conversion
from cocodla.compiler.quantisation.pointwise import integer_slopes
from cocodla.compiler.quantisation.rounding import Rounder
from cocodla.compiler.quantisation.sums import rescale
from cocodla.compiler.quantisation.weights import FRACTION, TOLERATED, Weights
from cocodla.compiler.reference import convolve
from cocodla.compiler.stack import stack_of


@dataclass(frozen=True)
class InputCodes:
    """What an input code means to each kernel: step and zero point (K, C / group); padding is `pad_value`."""

    step: FloatArray
    zero: FloatArray
    pad_value: int


@dataclass(frozen=True)
class Behind:
    """What comes behind the multiplied sums: bias operands, and the offset, scale and shift of the output converter.

    early: what BS adds to the sums, with a left shift of its own.
    """

    bias: NDArray[np.int64]
    bias_shift: int
    offset: int
    scale: int
    scale_shift: int
    early: NDArray[np.int64] | None = None
    early_shift: int = 0


def convolution(
    node: Conv,
    shape: Shape,
    tensors: Mapping[str, Quantisation],
    conversion: Conversion | None,
    mean: FloatArray | None,
    rounder: Rounder | None = None,
) -> QuantisedConv:
    """Integers of a convolution; its input (of `shape`) is a tensor with codes, or pixels behind CDMA's converter.

    mean: of the input over the calibration data, to take the mean error of rounded weights out of the bias. rounder:
    rounds the weights, else each is rounded on its own.
    """
    source, out, function = node.inputs[0], tensors[node.output], node.activation
    conversion = None if source in tensors else conversion
    codes = _input_codes(node, shape[0], tensors.get(source), conversion)
    weight = node.weight * codes.step[..., None, None]  # in units of one input code
    summand = tensors[node.inputs[1]] if len(node.inputs) > 1 else None
    unit = out.scale if summand is None else summand.scale
    relu = function is not None and function.zero_below
    # The summand's zero point must be gone before an activation, unless saturation at code -128 is the ReLU:
    # then the converter takes it back, exactly; else the bias does.
    by_saturation = relu and summand is not None and summand.zero != 0 and out.zero == -128
    in_bias = summand.zero if summand is not None and function is not None and not by_saturation else 0
    if node.steps is not None:
        integers = weights.fixed(node, weight, codes.step, unit, plain=summand is None and (function is None or relu))
    else:
        shift_of_sum = node.bias - np.einsum("kcrs,kc->k", weight, codes.zero) - in_bias * unit
        rounding = weights.nearest
        if rounder is not None:
            step = conversion.step if conversion is not None else np.full(shape[0], tensors[source].scale)
            rounding = partial(rounder.codes, node, step=step)
        integers = weights.chosen(node.name, weight, unit, None if summand is None else shift_of_sum, rounding)
    exact_bias = (node.bias - _moved_by(node, integers, codes, mean)) / out.scale
    behind = (
        _alone(integers, exact_bias, out)
        if summand is None
        else _in_sum(node, integers, exact_bias, out, summand, in_bias)
    )
    leaky, slopes = _leaky(function)
    return QuantisedConv(
        name=node.name, sources=tuple(node.inputs), target=node.output, input_shape=shape,
        weight=integers.codes, multiplier=integers.multiplier, multiplier_shift=integers.shift,
        fraction=integers.fraction, out=out, stride=node.stride, pad=node.pad, size=node.size, dilation=node.dilation,
        pad_value=codes.pad_value, relu=relu and not by_saturation, leaky=leaky, slopes=slopes,
        pool=pooling(node.name, node.pool, out.zero) if node.pool else None, conversion=conversion,
        exact_bias=exact_bias, scales=integers.scales, group=node.group,
        gains=integers.gains, gain_shift=integers.gain_shift, **vars(behind),
    )  # fmt: skip


def _input_codes(
    node: Conv, channels: int, tensor: Quantisation | None, conversion: Conversion | None
) -> InputCodes:
    step: FloatArray
    zero: FloatArray
    if tensor is not None:
        step, zero = np.full(channels, tensor.scale), np.full(channels, float(tensor.zero))
        pad_value = int(tensor.quantise(np.array(node.fill)))
    else:
        assert conversion is not None
        step, zero, pad_value = conversion.step, conversion.zero, conversion.pad_value
    return InputCodes(node.per_kernel(step), node.per_kernel(zero), pad_value)


def _moved_by(node: Conv, integers: Weights, codes: InputCodes, mean: FloatArray | None) -> FloatArray:
    """What zero points, and on average the rounding of weights, add to the output (K), in real numbers."""
    moved = np.einsum("kcrs,kc->k", integers.codes.astype(np.float64), codes.zero) * integers.scales
    if mean is None:
        return moved
    # convolution is linear: the mean of its error is the error it makes of the mean
    error = integers.codes * integers.scales[:, None, None, None] / codes.step[..., None, None] - node.weight
    return moved + convolve(mean[None], error.astype(np.float32), node).mean((0, 2, 3))


def _alone(integers: Weights, exact_bias: FloatArray, out: Quantisation) -> Behind:
    """Without a summand BN adds the bias behind the multiplier; of a large one BS takes a part before it."""
    late, early, early_shift = exact_bias, None, 0
    if integers.gains is not None or np.abs(exact_bias).max() > biases.LATE:
        early, early_shift = biases.early_part(exact_bias, integers.unit_of_sum)
        late = exact_bias - early * 2.0**early_shift * integers.unit_of_sum
    bias, bias_shift = biases.operands(late / integers.unit_between)
    offset = -out.zero * (1 << integers.fraction)
    return Behind(bias, bias_shift, offset, 1, integers.fraction, early, early_shift)


def _in_sum(
    node: Conv, integers: Weights, exact_bias: FloatArray, out: Quantisation, summand: Quantisation, in_bias: int
) -> Behind:
    """With a summand BN adds that, and the bias goes into the sums, before the multiplier.

    in_bias: the part of the summand's zero point that the bias takes back.
    """
    exact = exact_bias * out.scale - in_bias * summand.scale
    bias, bias_shift = biases.operands(exact / integers.scales)
    moved = np.abs(bias * 2.0**bias_shift * integers.scales - exact) / out.scale
    if moved.max() > TOLERATED:
        raise Refused(
            "Conv", node.name,
            f"it is part of a sum, where biases have 16 bits: that of kernel {moved.argmax()} would be "
            f"{moved.max():.2g} output steps off",
        )  # fmt: skip
    scale, shift = rescale(node, summand.scale / out.scale)
    shift += integers.fraction
    offset = (summand.zero - in_bias << integers.fraction) - round(out.zero * 2.0**shift / scale)
    return Behind(bias, bias_shift, offset, scale, shift)


def average(node: Mean, shape: Shape, source: Quantisation, out: Quantisation) -> QuantisedConv:
    """A convolution whose taps all have one code, in the codes its result needs."""
    function, channels = node.function, shape[0]
    taps = Conv(
        node.name, node.inputs, node.output, np.ones((channels, 1, *function.kernel)), np.zeros(channels),
        function.stride, function.pad, function.size, group=channels,
    )  # fmt: skip
    if stack_of(function, (min(channels, hw.ATOM), *shape[1:])) is None:
        merge(taps, divisible=True)
    ratio, area = source.scale / out.scale, function.kernel[0] * function.kernel[1]
    divisors = np.unique(function.divisors)
    code, multiplier, shift, positions = 1, 0, 0, None
    if len(divisors) > 1:
        positions = _positions(node, -source.zero * area, ratio)
    elif (found := average_factors(int(divisors[0]), ratio, FRACTION)) is not None:
        code, multiplier, shift = found
    else:
        raise Refused("AveragePool", node.name, f"a sum of {area} codes in steps of {out.scale:.3g}")
    scales = np.full(channels, multiplier * 2.0 ** -(FRACTION + shift) * out.scale)
    weight = (taps.weight * code).astype(np.int8)
    multipliers = np.full(channels, multiplier, np.int64)
    integers = Weights(scales, weight, multipliers, shift, FRACTION)
    exact_bias = -source.zero * area * code * scales / out.scale
    return QuantisedConv(
        name=node.name, sources=tuple(node.inputs), target=node.output, input_shape=shape,
        weight=weight, multiplier=multipliers, multiplier_shift=shift, fraction=FRACTION, out=out,
        stride=function.stride, pad=function.pad, size=function.size, dilation=(1, 1), pad_value=source.zero,
        relu=False, leaky=None, pool=None, conversion=None, exact_bias=exact_bias, scales=scales, group=taps.group,
        mean=QuantisedMean(function, source.zero, ratio), positions=positions,
        **vars(_alone(integers, exact_bias, out)),
    )  # fmt: skip


def _positions(node: Mean, correction: int, ratio: float) -> Positions:
    """Multipliers for windows of different divisors, and what takes the zero point of their input out of the sums."""
    divisors = node.function.divisors
    factors = position_factors(divisors, FRACTION, ratio)
    if factors is None:
        raise Refused("AveragePool", node.name, f"divisors from {divisors.min():g} to {divisors.max():g}")
    shift = 0
    while abs(correction >> shift) > INT16_MAX and not correction % (2 << shift):
        shift += 1
    if abs(correction >> shift) > INT16_MAX:
        raise Refused("AveragePool", node.name, f"{-correction} for the zero point of its input has more than 16 bits")
    return Positions(correction >> shift, shift, *factors)


def _leaky(function: ActivationFunction | None) -> tuple[Leaky | None, NDArray[np.int64] | None]:
    """Slope below zero: one for the layer, or the shift and an operand for each channel."""
    if function is None or function.zero_below:
        return None, None
    operands, shift = integer_slopes(function)
    return Leaky(int(operands[0]), shift), operands if function.slopes is not None else None


def pooling(name: str, function: PoolFunction, zero: int) -> QuantisedPool:
    """Integers of a pooling; averages get the reciprocal pair that deviates least from the ideal mean."""
    if function.kind == "max":
        return QuantisedPool(function)
    width, height = average_reciprocals(*function.kernel)
    return QuantisedPool(function, width, height, zero)
