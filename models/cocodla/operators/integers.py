"""Numbers for units: integers for real scales, chosen as the compiler chooses them, and SDP objects made of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.ir import (
    ActivationFunction,
    Add,
    Conv,
    Graph,
    Lrn,
    LrnFunction,
    Mean,
    Multiply,
    PoolFunction,
    Quantisation,
)
from cocodla.compiler.quantisation import convolutions, lrn, sums
from cocodla.compiler.quantisation.layers import QuantisedConv
from cocodla.golden.config_cdp import LE_ENTRIES, LutConfig, TableConfig, Tables
from cocodla.units import Cdp, Sdp, Stage
from cocodla.units.places import require_at, written_at

Pair = tuple[int, int]
Floats = NDArray[Any]
RELU = ActivationFunction()


def multiplier(factor: float) -> tuple[int, int]:
    """(scale, shift) of a converter or a stage: scale / 2^shift is `factor` within 2^-15. ValueError if it is not
    between 2^-48 and 2^14.
    """
    if not 2.0**-48 <= factor < 2.0**14:
        raise ValueError(f"a factor of {factor:g}, 2^-48 to 2^14 is possible")
    shift = 14 - int(np.floor(np.log2(factor)))
    scale = round(factor * 2.0**shift)
    return (scale, shift) if scale < 1 << 15 else (scale >> 1, shift - 1)


def meaning(tensor: Tensor) -> Quantisation:
    """What a tensor's codes mean."""
    return Quantisation(tensor.scale, tensor.zero)


def convolution(
    x: Tensor, weight: Floats, bias: Floats, to: Tensor, size: Pair, stride: Pair = (1, 1), pad: Pair = (0, 0),
    activation: ActivationFunction | None = None, summand: Tensor | None = None,
) -> QuantisedConv:  # fmt: skip
    """Integers of activation(x * weight + bias (+ summand)): weight (K, C, R, S), bias (K,) real numbers.

    size: (height, width) of the sums. BrokenRule for arrays of other shapes; Refused (UserError) if the scales do not
    allow it.
    """
    place = written_at()
    fits = weight.ndim == 4 and weight.shape[1] == x.channels
    told = f"{weight.shape} given, {x.name!r} takes (K, {x.channels}, R, S)"
    require_at(place, "convolution.weight", fits, told)
    told = f"{bias.shape} given, {len(weight)} kernels take ({len(weight)},)"
    require_at(place, "convolution.bias", bias.shape == (len(weight),), told)
    given = [x, *([summand] if summand is not None else [])]
    names = [tensor.name for tensor in given]
    node = Conv(
        "conv", names, to.name, np.asarray(weight, np.float64), np.asarray(bias, np.float64), stride, pad, size,
        activation=activation,
    )  # fmt: skip
    tensors = {tensor.name: meaning(tensor) for tensor in (*given, to)}
    return convolutions.convolution(node, x.shape, tensors, None, None)


def behind(integers: QuantisedConv, summand: Tensor | None = None) -> Sdp:
    """SDP behind the sums of a convolution, for its integers (QuantisedConv tells the formula)."""
    q, leaky = integers, integers.leaky
    factors = q.slopes if q.slopes is not None else q.gains
    slope = factors if factors is not None else leaky.operand if leaky else None
    if summand is None:
        alu: Floats | Tensor = q.bias
        bs = Stage(q.early, q.early_shift, mul=q.multiplier, mul_shift=q.multiplier_shift)
        alu_shift = q.bias_shift
    else:
        bs = Stage(q.bias, q.bias_shift, mul=q.multiplier, mul_shift=q.multiplier_shift)
        alu, alu_shift = summand, q.fraction
    shift = leaky.shift if leaky else q.gain_shift
    bn = Stage(alu, alu_shift, mul=slope, mul_shift=shift, relu=q.relu, prelu=leaky is not None)
    return Sdp(bs=bs, bn=bn, offset=q.offset, scale=q.scale, shift=q.scale_shift)


def addition(x: Tensor, y: Tensor, to: Tensor, relu: bool = False) -> Sdp:
    """SDP from memory that adds two tensors, or a tensor and one value a channel, each in codes of its own."""
    node = Add("add", [x.name, y.name], to.name, activation=RELU if relu else None)
    q = sums.addition(_graph(x, y, to), node, {t.name: meaning(t) for t in (x, y, to)}, meaning(to))
    cubes = {x.name: x, y.name: y}
    first, second = (cubes[name] for name in q.sources)
    alu: int | Tensor | None = first if q.again is not None else q.first_alu or None
    gain = None if q.gain == 1 else q.gain
    bn = Stage(second, q.second_shift, q.operation, gain, q.gain_shift, q.relu)  # type: ignore[arg-type]
    return Sdp(first, Stage(alu, q.again or 0, mul=q.multiplier), bn, q.offset, q.scale, q.scale_shift)


def product(x: Tensor, y: Tensor, to: Tensor, relu: bool = False) -> Sdp:
    """SDP from memory that multiplies two tensors, or a tensor and one value a channel."""
    node = Multiply("product", [x.name, y.name], to.name, RELU if relu else None)
    q = sums.product(_graph(x, y, to), node, {t.name: meaning(t) for t in (x, y, to)}, meaning(to))
    cubes = {x.name: x, y.name: y}
    first, second = (cubes[name] for name in q.sources)
    gain = None if q.gain == 1 else q.gain
    again = None if q.zero_shift is None else first
    bn = Stage(again, q.zero_shift or 0, mul=gain, mul_shift=q.gain_shift, relu=q.relu)
    return Sdp(first, Stage(q.first_alu or None, mul=second), bn, q.offset, q.scale, q.scale_shift)


def _graph(*tensors: Tensor) -> Graph:
    return Graph("", tensors[0].name, [], {tensor.name: tensor.shape for tensor in tensors})


def average(x: Tensor, to: Tensor, kernel: Pair) -> QuantisedConv:
    """Integers of an average over whole windows: all taps are one code, multiplier and bias alike in all kernels."""
    function = PoolFunction("average", kernel, kernel, (0, 0), (to.height, to.width))
    node = Mean("average", [x.name], to.name, function)
    return convolutions.average(node, x.shape, meaning(x), meaning(to))


def normalisation(x: Tensor, to: Tensor, size: int, alpha: float, beta: float, bias: float) -> Cdp:
    """CDP for x / (bias + alpha / size * n)^beta, n the sum of squares over `size` channels."""
    node = Lrn("lrn", [x.name], to.name, LrnFunction(size, alpha, beta, bias))
    q = lrn.normalisation(node, x.shape, meaning(x), meaning(to))
    tables = Tables(np.array(q.le.entries), np.array(q.lo.entries))
    le, lo = (TableConfig(table.start, table.end, table.select) for table in (q.le, q.lo))
    return Cdp(
        x, LutConfig(le, lo), tables, size, in_offset=q.in_zero, out_offset=q.offset, out_scale=q.scale,
        out_shift=q.shift,
    )  # fmt: skip


def curve(x: Tensor, to: Tensor, function: Callable[[Floats], Floats]) -> Cdp:
    """CDP for any function of one number: a table of all 256 codes, each the exact result rounded once."""
    codes = meaning(to).quantise(function(meaning(x).dequantise(np.arange(-128, 128).astype(np.int8))))
    # entry i is for code i - 129; the last code lies where LO ends, LE begins behind all codes
    tables = Tables(np.zeros(LE_ENTRIES, np.int64), np.concatenate([codes[:1], codes]).astype(np.int64))
    lut = LutConfig(TableConfig(128, 128 + LE_ENTRIES - 1), TableConfig(-129, 127), hybrid_lo=True)
    return Cdp(x, lut, tables, 3, square_bypass=True, multiply_bypass=True)
