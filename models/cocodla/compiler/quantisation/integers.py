"""Float graph + ranges -> integer layers (spec: numerics.md).

Requantisation is scheme C of numerics.md: BS multiplies each channel by a 16-bit integer, BN adds a 16-bit bias in
units of 2^shift / 2^fraction output steps, the output converter drops the fraction. The multiplier is chosen first and
the weight scale follows from it, so rescaling is exact by construction. Weights and activations are symmetric; a
tensor may have a zero point, which the next layer takes back in its bias (and pads with).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import (
    ActivationFunction,
    Add,
    Concat,
    Conv,
    Curve,
    FloatArray,
    Graph,
    Host,
    Lrn,
    Mean,
    Move,
    Multiply,
    Pointwise,
    Pool,
    PoolFunction,
    Quantisation,
    Shape,
    Slice,
)
from cocodla.compiler.limits import Refused
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.passes.reshape import merge
from cocodla.compiler.quantisation import biases, weights
from cocodla.compiler.quantisation.averages import average_reciprocals, position_factors
from cocodla.compiler.quantisation.biases import INT16_MAX
from cocodla.compiler.quantisation.calibrate import Range
from cocodla.compiler.quantisation.codes import codes_behind, codes_in_place, range_of, scale_for, shared_ranges
from cocodla.compiler.quantisation.curves import curve
from cocodla.compiler.quantisation.layers import (
    Leaky,
    QuantisedAdd,
    QuantisedConv,
    QuantisedGraph,
    QuantisedLayer,
    QuantisedMean,
    QuantisedMove,
    QuantisedMultiply,
    QuantisedPool,
    QuantisedPooling,
    QuantisedView,
)
from cocodla.compiler.quantisation.lrn import normalisation
from cocodla.compiler.quantisation.pixels import Conversion
from cocodla.compiler.quantisation.pointwise import pointwise
from cocodla.compiler.quantisation.weights import FRACTION, MAX_SHIFT, TOLERATED
from cocodla.compiler.reference import convolve

SECOND_ZEROS = (-128, 0)
"""Zero points that the second factor of a product may have, the better one last."""


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
    ranges, symmetric = shared_ranges(graph, ranges)
    plain = replace(options, asymmetric=False)
    if conversion is None:
        chosen = plain if graph.input in symmetric else options
        tensors[graph.input] = graph.pins.get(graph.input) or scale_for(range_of(graph, ranges, graph.input), chosen)
    layers: list[QuantisedLayer] = []
    for node in graph.nodes:
        source, shape = node.inputs[0], graph.shapes[node.inputs[0]]
        chosen = plain if node.output in symmetric else options
        layer: QuantisedLayer
        if isinstance(node, Conv):
            mean = (means or {}).get(node.inputs[0])
            layer = _convolution(graph, node, ranges, tensors, conversion, chosen, mean)
            tensors[node.output] = layer.out
        elif isinstance(node, Add):
            layer = _addition(graph, node, ranges, tensors, chosen)
            tensors[node.output] = layer.out
        elif isinstance(node, Multiply):
            layer = _product(graph, node, ranges, tensors, chosen)
            tensors[node.output] = layer.out
        elif isinstance(node, Lrn):
            layer = normalisation(node, shape, tensors[source], codes_behind(graph, node, ranges, chosen))
            tensors[node.output] = layer.out
        elif isinstance(node, Curve):
            layer = curve(node, shape, tensors[source], codes_behind(graph, node, ranges, chosen))
            tensors[node.output] = layer.out
        elif isinstance(node, Pointwise):
            layer = pointwise(node, shape, tensors[source], codes_behind(graph, node, ranges, chosen))
            tensors[node.output] = layer.out
        elif isinstance(node, Pool):
            tensors[node.output] = codes_in_place(graph, node, tensors)
            layer = QuantisedPooling(
                node.name, (source,), node.output, shape, pooling(node.name, node.function, tensors[source].zero)
            )
        elif isinstance(node, Mean):
            tensors[node.output] = codes_in_place(graph, node, tensors)
            layer = _mean(node, shape, tensors[source])
        elif isinstance(node, Concat):
            tensors[node.output] = codes_in_place(graph, node, tensors)
            layer = QuantisedView(node.name, tuple(node.inputs), node.output, shape, "concat", axis=node.axis)
        elif isinstance(node, Host):
            tensors[node.output] = codes_behind(graph, node, ranges, chosen)
            layer = QuantisedView(node.name, tuple(node.inputs), node.output, shape, "host")
        elif isinstance(node, Slice):
            tensors[node.output] = codes_in_place(graph, node, tensors)
            layer = QuantisedView(node.name, (source,), node.output, shape, "slice", box=node.box)
        elif isinstance(node, Move):
            tensors[node.output] = codes_in_place(graph, node, tensors)
            layer = QuantisedMove(node.name, (source,), node.output, shape, node.loops, node.shape, node.kind)
        else:
            raise Refused(type(node).__name__, node.name, "there is no hardware layer for it")
        layers.append(layer)
    return QuantisedGraph(layers, tensors)


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
    out = codes_behind(graph, node, ranges, options)
    # In units of one input code: the layer is out = sum(weight * (q - zero)) + bias.
    step, zero = _per_kernel(step, node), _per_kernel(zero, node)
    weight = node.weight * step[..., None, None]
    summand = tensors[node.inputs[1]] if len(node.inputs) > 1 else None
    unit = out.scale if summand is None else summand.scale
    function = node.activation
    relu = function is not None and function.zero_below
    # The summand's zero point must be gone before an activation, unless saturation at code -128 is the ReLU:
    # then the converter takes it back, exactly; else the bias does.
    by_saturation = relu and summand is not None and summand.zero != 0 and out.zero == -128
    in_bias = summand.zero if summand is not None and function is not None and not by_saturation else 0
    excess = np.zeros(len(weight), np.int64)
    if node.steps is not None:
        plain = summand is None and (function is None or function.zero_below)
        scales, codes, multiplier, shift, fraction, excess = weights.fixed(node, weight, step, unit, plain)
    else:
        in_sum = None if summand is None else node.bias - np.einsum("kcrs,kc->k", weight, zero) - in_bias * unit
        scales, codes, multiplier, shift, fraction = weights.chosen(node.name, weight, unit, in_sum)
    correction = np.einsum("kcrs,kc->k", codes.astype(np.float64), zero) * scales
    if mean is not None:
        # convolution is linear: the mean of its error is the error it makes of the mean
        error = codes * scales[:, None, None, None] / step[..., None, None] - node.weight
        correction = correction + convolve(mean[None].astype(np.float64), error, node).mean((0, 2, 3))
    exact_bias = (node.bias - correction) / out.scale
    early, early_shift = None, 0
    if summand is None:
        late = exact_bias
        if excess.any() or np.abs(exact_bias).max() > biases.LATE:
            unit_of_sum = multiplier * 2.0 ** -(fraction + shift + excess)
            early, early_shift = biases.early_part(exact_bias, unit_of_sum)
            late = exact_bias - early * 2.0**early_shift * unit_of_sum
        bias, bias_shift = biases.operands(late * 2.0 ** (fraction + excess))
        offset, scale, scale_shift = -out.zero * (1 << fraction), 1, fraction
    else:
        before = exact_bias * out.scale - in_bias * unit
        bias, bias_shift = biases.operands(before / scales)
        moved = np.abs(bias * 2.0**bias_shift * scales - before) / out.scale
        if moved.max() > TOLERATED:
            raise Refused(
                "Conv", node.name,
                f"it is part of a sum, where biases have 16 bits: that of kernel {moved.argmax()} would be "
                f"{moved.max():.2g} output steps off",
            )  # fmt: skip
        scale, scale_shift = _rescale(node, unit / out.scale)
        scale_shift += fraction
        offset = (summand.zero - in_bias << fraction) - round(out.zero * 2.0**scale_shift / scale)
    leaky, slopes = _leaky(function)
    return QuantisedConv(
        name=node.name, sources=tuple(node.inputs), target=node.output, input_shape=graph.shapes[source],
        weight=codes, multiplier=multiplier, multiplier_shift=shift, bias=bias, bias_shift=bias_shift,
        fraction=fraction, out=out, stride=node.stride, pad=node.pad, size=node.size, dilation=node.dilation,
        pad_value=pad_value, relu=relu and not by_saturation, leaky=leaky, slopes=slopes,
        offset=offset, scale=scale, scale_shift=scale_shift,
        pool=pooling(node.name, node.pool, out.zero) if node.pool else None, conversion=conversion,
        exact_bias=exact_bias, scales=scales, group=node.group, early=early, early_shift=early_shift,
        gains=2 ** (excess.max() - excess) if excess.any() else None, gain_shift=int(excess.max()),
    )  # fmt: skip


def _mean(node: Mean, shape: Shape, meaning: Quantisation) -> QuantisedConv:
    """A convolution of ones with multipliers for each position."""
    if meaning.zero not in (0, -128):
        raise Refused("AveragePool", node.name, f"zero point {meaning.zero}, where padding does not count: 0 or -128")
    function, channels = node.function, shape[0]
    ones = Conv(
        node.name, node.inputs, node.output, np.ones((channels, 1, *function.kernel)), np.zeros(channels),
        function.stride, function.pad, function.size, group=channels,
    )  # fmt: skip
    merge(ones, divisible=True)
    divisors = function.divisors
    factors = position_factors(divisors, FRACTION)
    if factors is None:
        raise Refused("AveragePool", node.name, f"divisors from {divisors.min():g} to {divisors.max():g}")
    nothing = np.zeros(channels, np.int64)
    return QuantisedConv(
        name=node.name, sources=tuple(node.inputs), target=node.output, input_shape=shape,
        weight=ones.weight.astype(np.int8), multiplier=nothing, multiplier_shift=0, bias=nothing, bias_shift=0,
        fraction=FRACTION, out=meaning, stride=function.stride, pad=function.pad, size=function.size, dilation=(1, 1),
        pad_value=meaning.zero, relu=False, leaky=None, pool=None, conversion=None, exact_bias=np.zeros(channels),
        scales=np.full(channels, meaning.scale), offset=-meaning.zero * (1 << FRACTION), scale=1, scale_shift=FRACTION,
        group=ones.group,
        mean=QuantisedMean(-meaning.zero * function.kernel[0] * function.kernel[1], *factors, divisors),
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
    """One operand is multiplied, the other one only shifted: its step is the unit of the result.

    Of a sum of two cubes the one of the finer scale is multiplied. Of a difference it is the one that is subtracted,
    and where the second operand is one value per channel it is the first.
    """
    per_channel = graph.shapes[node.inputs[0]] != graph.shapes[node.inputs[1]]
    first, second = node.inputs
    if node.operation == "difference" and not per_channel:
        first, second = second, first
    elif not per_channel:
        first, second = sorted(node.inputs, key=lambda tensor: tensors[tensor].scale)
    out = codes_behind(graph, node, ranges, options)
    if _exposed(node, tensors[second], out) and not per_channel and node.operation != "difference":
        first, second = second, first
    scaled, shifted = tensors[first], tensors[second]
    same = scaled == shifted and node.operation in ("max", "min")
    if _exposed(node, shifted, out) and not same:
        raise Refused(
            type(node).__name__, node.name,
            f"zero point {shifted.zero} of {second!r}: there must be none before a ReLU, a maximum or a minimum",
        )  # fmt: skip
    ratio = scaled.scale / shifted.scale
    fraction = min(FRACTION, int(np.floor(np.log2(INT16_MAX / ratio))))
    if fraction < 1:
        raise Refused("Add", node.name, f"one step of {first!r} is {ratio:.3g} steps of {second!r}, at most 16384")
    multiplier = max(1, round(ratio * 2**fraction))
    steps = shifted.scale / out.scale
    moved = (255 if scaled.zero else 128) * abs(multiplier * 2.0**-fraction - ratio) * steps
    if moved > TOLERATED:
        raise Refused(
            "Add", node.name,
            f"one step of {second!r} is {steps:.3g} output steps: with a 16-bit multiplier outputs would be "
            f"{moved:.2g} steps off",
        )  # fmt: skip
    scale, shift = _rescale(node, steps)
    zero, sign = out.zero * 2.0 ** (shift + fraction) / scale, 1
    if node.operation == "difference":
        multiplier, sign = (multiplier, -1) if per_channel else (-multiplier, 1)
    if sign < 0:
        raise Refused("Sub", node.name, "a value per channel cannot be subtracted from a tensor")
    return QuantisedAdd(
        name=node.name, sources=(first, second), target=node.output, input_shape=graph.shapes[first],
        first_alu=0 if same else -scaled.zero, multiplier=multiplier, second_shift=fraction,
        offset=(shifted.zero << fraction) - round(zero), scale=scale, scale_shift=shift + fraction,
        # With the zero point -128 behind it the ReLU is the saturation, else no operand before it may have one.
        out=out, relu=node.activation is not None and out.zero != -128,
        operation="sum" if node.operation == "difference" else node.operation, per_channel=per_channel,
    )  # fmt: skip


def _exposed(node: Add, shifted: Quantisation, out: Quantisation) -> bool:
    """True if the operand that is only shifted cannot be this one: its zero point is still there behind the sum.

    With the zero point -128 behind it a ReLU is the saturation of the output converter.
    """
    relu = node.activation is not None and out.zero != -128
    return shifted.zero != 0 and (relu or node.operation in ("max", "min"))


def _product(
    graph: Graph,
    node: Multiply,
    ranges: Mapping[str, Range],
    tensors: Mapping[str, Quantisation],
    options: CompileOptions,
) -> QuantisedMultiply:
    """The second factor's zero point is none or -128: then BN adds 128 times the first factor. That one may have any:
    its share is a constant of the output converter.
    """
    first, second = node.inputs
    per_channel = graph.shapes[first] != graph.shapes[second]
    if not per_channel:
        order = {zero: place for place, zero in enumerate(SECOND_ZEROS)}
        first, second = sorted(node.inputs, key=lambda tensor: order.get(tensors[tensor].zero, -1))
    zero, out = tensors[second].zero, codes_behind(graph, node, ranges, options)
    relu = node.activation is not None and out.zero != -128
    if zero not in SECOND_ZEROS or (zero and relu and tensors[first].zero):
        raise Refused(
            "Mul", node.name,
            f"zero points {tensors[first].zero} and {zero} of {first!r} and {second!r}: the second factor has none, or "
            "-128 without a ReLU",
        )  # fmt: skip
    scale, shift = _rescale(node, tensors[first].scale * tensors[second].scale / out.scale)
    return QuantisedMultiply(
        name=node.name, sources=(first, second), target=node.output, input_shape=graph.shapes[first],
        first_alu=-tensors[first].zero, offset=-zero * tensors[first].zero - round(out.zero * 2.0**shift / scale),
        scale=scale, scale_shift=shift, out=out, relu=relu, per_channel=per_channel,
        zero_shift=None if not zero else (-zero).bit_length() - 1,
    )  # fmt: skip


def _rescale(node: Conv | Add | Multiply, ratio: float) -> tuple[int, int]:
    """Scale and shift of the output converter for a number of output steps per unit."""
    shift = int(np.floor(np.log2(INT16_MAX / ratio)))
    if not 0 <= shift <= MAX_SHIFT:
        raise Refused(
            type(node).__name__, node.name, f"one step of an operand is {ratio:.3g} output steps, which is out of range"
        )
    return round(ratio * 2.0**shift), shift


def _leaky(function: ActivationFunction | None) -> tuple[Leaky | None, NDArray[np.int64] | None]:
    """Slope below zero: one for the layer, or the shift and an operand for each channel."""
    if function is None or function.zero_below:
        return None, None
    slopes = np.array(function.slopes or (function.alpha,))
    shift = int(np.floor(np.log2(INT16_MAX / max(np.abs(slopes).max(), 2.0**-30))))
    operands = np.rint(slopes * 2.0**shift).astype(np.int64)
    return Leaky(int(operands[0]), shift), operands if function.slopes is not None else None


def pooling(name: str, function: PoolFunction, zero: int) -> QuantisedPool:
    """Integers of a pooling; averages get the reciprocal pair that deviates least from the ideal mean."""
    if function.kind == "max":
        return QuantisedPool(function)
    width, height = average_reciprocals(function.kernel[0] * function.kernel[1])
    return QuantisedPool(function, width, height, zero)
