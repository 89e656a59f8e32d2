"""What a layer would give with ideal rounding: the exact result of its int8 inputs and weights, rounded once.

The yardstick for the integer arithmetic of integers.py (spec: numerics.md): it works on real numbers in float64 from
scales and zero points, and shares no multiplier, shift or reciprocal with the hardware's way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import Conv, FloatArray, Quantisation
from cocodla.compiler.quantisation.curves import QuantisedCurve, values_of
from cocodla.compiler.quantisation.layers import (
    QuantisedAdd,
    QuantisedConv,
    QuantisedCustom,
    QuantisedLayer,
    QuantisedMean,
    QuantisedMove,
    QuantisedMultiply,
    QuantisedPool,
    QuantisedPooling,
)
from cocodla.compiler.quantisation.lrn import QuantisedLrn
from cocodla.compiler.quantisation.pointwise import QuantisedPointwise
from cocodla.compiler.reference import activate, convolve, evaluate, move, normalise, windows_of

Codes = NDArray[np.int8]


def ideal_codes(layer: QuantisedLayer, sources: Sequence[np.ndarray], tensors: Mapping[str, Quantisation]) -> Codes:
    """Ideal output codes (batch, K, H, W) of a layer for the codes of its inputs (pixels, uint8, for a pixel input).

    tensors: meaning of every tensor's codes. TypeError for a layer that computes nothing (a view).
    """
    meanings = [tensors.get(name) for name in layer.sources]
    if isinstance(layer, QuantisedConv):
        if layer.mean is not None:
            return _mean(layer.mean, layer.out, sources[0])
        summand = _real(sources[1], meanings[1]) if layer.has_summand else None
        codes = _round(_convolution(layer, sources[0], summand), layer.out)
        return codes if layer.pool is None else _pooling(layer.pool, codes)
    if isinstance(layer, QuantisedPooling):
        return _pooling(layer.pool, sources[0])
    if isinstance(layer, QuantisedMove):
        return move(sources[0], layer.loops, layer.shape).astype(np.int8)
    if isinstance(layer, QuantisedPointwise):
        value = _real(sources[0], meanings[0]) * layer.scale + layer.bias
        return _round(value if layer.function is None else activate(value, layer.function), layer.out)
    reals = [_real(codes, meaning) for codes, meaning in zip(sources, meanings, strict=True)]
    if isinstance(layer, QuantisedLrn):
        return _round(normalise(reals[0], layer.function), layer.out)
    if isinstance(layer, QuantisedCurve):
        return _round(values_of(layer.function, reals[0]), layer.out)
    if isinstance(layer, QuantisedCustom):
        return _round(evaluate(layer.node, *reals).astype(np.float64), layer.out)
    if isinstance(layer, QuantisedAdd):
        first = reals[0] if layer.multiplier > 0 else -reals[0]
        value = {"sum": np.add, "max": np.maximum, "min": np.minimum}[layer.operation](first, reals[1])
    elif isinstance(layer, QuantisedMultiply):
        value = reals[0] * reals[1]
    else:
        raise TypeError(f"{type(layer).__name__} computes nothing")
    return _round(np.maximum(value, 0) if layer.relu else value, layer.out)


def _convolution(layer: QuantisedConv, codes: np.ndarray, summand: FloatArray | None) -> FloatArray:
    """Real values behind the activation. Sums of products are exact in float64."""
    if layer.conversion is not None:
        codes = layer.conversion.convert(codes)
    weight = layer.weight.astype(np.float64)
    node = Conv(
        layer.name, [], layer.target, weight, layer.exact_bias, layer.stride, layer.pad, layer.size,
        layer.dilation, layer.group,
    )  # fmt: skip
    wide = (slice(None), None, None)
    sums = convolve(codes.astype(np.float64), weight, node, float(layer.pad_value))
    value = sums * layer.scales[wide] + (layer.exact_bias * layer.out.scale)[wide]
    if summand is not None:
        value = value + summand
    if layer.leaky is not None:
        slope = layer.leaky.operand if layer.slopes is None else layer.slopes[wide]
        value = np.where(value >= 0, value, value * slope / 2.0**layer.leaky.shift)
    return np.maximum(value, 0) if layer.relu else value


def _mean(mean: QuantisedMean, out: Quantisation, codes: np.ndarray) -> Codes:
    """Averages in codes of their own, in units of their steps; padding is worth nothing."""
    function = mean.function
    values = codes.astype(np.float64) - mean.zero
    windows = windows_of(values, function.kernel, function.stride, function.pad, function.size, 0.0)
    return _round(windows.sum((-2, -1)) / function.divisors * mean.ratio, Quantisation(1.0, out.zero))


def _pooling(pool: QuantisedPool, codes: Codes) -> Codes:
    function = pool.function
    filler = -128 if function.kind == "max" else pool.pad_value
    values = codes.astype(np.float64)
    windows = windows_of(values, function.kernel, function.stride, function.pad, function.size, float(filler))
    result = windows.max((-2, -1)) if function.kind == "max" else windows.sum((-2, -1)) / np.prod(function.kernel)
    return _round(result, Quantisation(1.0))


def _real(codes: np.ndarray, meaning: Quantisation | None) -> FloatArray:
    assert meaning is not None
    return (codes.astype(np.float64) - meaning.zero) * meaning.scale


def _round(real: FloatArray, meaning: Quantisation) -> Codes:
    """Nearest codes, ties away from zero."""
    exact = real / meaning.scale + meaning.zero
    return np.clip(np.sign(exact) * np.floor(np.abs(exact) + 0.5), -128, 127).astype(np.int8)
