"""Layers with weights: Conv, Gemm, MatMul, BatchNormalization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported, finite, pair_of, windows
from cocodla.compiler.ir import Affine, Conv, Dense, FloatArray, Pair, Shape, Transposed


def conv(source: Source) -> Result:
    """Conv, 2-D, any group count."""
    attributes = source.attributes(
        auto_pad=b"NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None
    )
    shape = source.shape(0, axes=3)
    weight = finite(source.constant(1, "the weight"), "the weight")
    if weight.ndim != 4:
        raise Unsupported(f"the weight must have 4 axes, its shape is {weight.shape}")
    group = attributes["group"]
    if weight.shape[1] * group != shape[0] or weight.shape[0] % group:
        raise Unsupported(f"weight {weight.shape} with group {group} does not fit {shape[0]} channels")
    kernel = (weight.shape[2], weight.shape[3])
    if attributes["kernel_shape"] and tuple(attributes["kernel_shape"]) != kernel:
        raise Unsupported(f"kernel_shape {attributes['kernel_shape']} differs from the weight's {kernel}")
    bias = finite(source.constant(2, "the bias"), "the bias") if source.has(2) else np.zeros(len(weight))
    stride, dilation = pair_of(attributes["strides"], "strides"), pair_of(attributes["dilations"], "dilations")
    pads, size = windows(shape, kernel, stride, dilation, attributes)
    node = Conv(source.label, [source.tensor(0)], source.output, weight, bias, stride, pads[:2], size, dilation, group)
    node.steps = source.kernel_steps(1)
    return node, (len(weight), *size)


def conv_transpose(source: Source) -> Result:
    """ConvTranspose, 2-D, any group count."""
    attributes = source.attributes(
        auto_pad=b"NOTSET", dilations=None, group=1, kernel_shape=None, output_padding=None, output_shape=None,
        pads=None, strides=None,
    )  # fmt: skip
    shape = source.shape(0, axes=3)
    weight = finite(source.constant(1, "the weight"), "the weight")
    if weight.ndim != 4:
        raise Unsupported(f"the weight must have 4 axes, its shape is {weight.shape}")
    group = attributes["group"]
    if len(weight) != shape[0] or shape[0] % group:
        raise Unsupported(f"weight {weight.shape} with group {group} does not fit {shape[0]} channels")

    def kernels_first(value: FloatArray) -> FloatArray:
        """(C, K / group, R, S) -> (K, C / group, R, S)."""
        split = value.reshape(group, shape[0] // group, *value.shape[1:])
        return np.ascontiguousarray(split.transpose(0, 2, 1, 3, 4)).reshape(-1, shape[0] // group, *value.shape[2:])

    weight = kernels_first(weight)
    kernel = (weight.shape[2], weight.shape[3])
    if attributes["kernel_shape"] and tuple(attributes["kernel_shape"]) != kernel:
        raise Unsupported(f"kernel_shape {attributes['kernel_shape']} differs from the weight's {kernel}")
    bias = finite(source.constant(2, "the bias"), "the bias") if source.has(2) else np.zeros(len(weight))
    stride, dilation = pair_of(attributes["strides"], "strides"), pair_of(attributes["dilations"], "dilations")
    pad, size = _spread(shape, kernel, stride, dilation, attributes)
    node = Transposed(source.label, [source.tensor(0)], source.output, weight, bias, stride, pad, size, dilation, group)
    node.steps = source.kernel_steps(1, kernels_first)
    return node, (len(weight), *size)


def _spread(
    shape: Shape, kernel: Pair, stride: Pair, dilation: Pair, attributes: Mapping[str, Any]
) -> tuple[Pair, Pair]:
    """Pads (top, left) and output (height, width) of a transposed convolution."""
    mode = attributes["auto_pad"].decode()
    if mode not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise Unsupported(f"auto_pad {mode!r} is not supported")
    extra = list(attributes["output_padding"] or (0, 0))
    wanted = list(attributes["output_shape"] or ())
    pads = list(attributes["pads"] or (0, 0, 0, 0)) if mode == "NOTSET" else [0, 0, 0, 0]
    if len(extra) != 2 or len(pads) != 4 or min(*extra, *pads) < 0 or len(wanted) not in (0, 2, 4):
        raise Unsupported(f"output_padding {extra}, pads {pads}, output_shape {wanted}: not for two axes, or below 0")
    full = [(n - 1) * s + e + (k - 1) * d + 1 for n, s, e, k, d in zip(shape[1:], stride, extra, kernel, dilation,
                                                                      strict=True)]  # fmt: skip
    if not wanted and mode.startswith("SAME"):
        wanted = [n * s for n, s in zip(shape[1:], stride, strict=True)]
    if wanted:
        totals = [f - n for f, n in zip(full, wanted[-2:], strict=True)]
        if min(totals) < 0:
            raise Unsupported(f"output_shape {wanted} is larger than what the kernel reaches, {full}")
        first = [t // 2 if mode == "SAME_UPPER" else t - t // 2 for t in totals]
        pads = [*first, *(t - f for t, f in zip(totals, first, strict=True))]
    return (pads[0], pads[1]), (full[0] - pads[0] - pads[2], full[1] - pads[1] - pads[3])


def gemm(source: Source) -> Result:
    """Gemm with constant B and C: a fully connected layer."""
    attributes = source.attributes(alpha=1.0, beta=1.0, transA=0, transB=0)
    if attributes["transA"]:
        raise Unsupported("transA must be 0, it is 1")
    weight = finite(source.constant(1, "B"), "B") * attributes["alpha"]
    if not attributes["transB"]:
        weight = weight.T
    bias: FloatArray = np.zeros(len(weight))
    if source.has(2):
        bias = bias + _per_output(finite(source.constant(2, "C"), "C") * attributes["beta"], len(weight), "C")
    steps = source.kernel_steps(1, np.asarray if attributes["transB"] else np.transpose)
    return _dense(source, weight, bias, None if steps is None else steps * abs(attributes["alpha"]))


def matmul(source: Source) -> Result:
    """MatMul of a vector with a constant matrix."""
    source.attributes()
    weight = finite(source.constant(1, "the second operand"), "the second operand")
    if weight.ndim != 2:
        raise Unsupported(f"the second operand must be a matrix, its shape is {weight.shape}")
    return _dense(source, weight.T, np.zeros(weight.shape[1]), source.kernel_steps(1, np.transpose))


def _dense(source: Source, weight: FloatArray, bias: FloatArray, steps: FloatArray | None) -> Result:
    (features,) = source.shape(0, axes=1)
    if weight.shape[1] != features:
        raise Unsupported(f"the weight takes {weight.shape[1]} features, the input has {features}")
    return Dense(source.label, [source.tensor(0)], source.output, weight, bias, steps), (len(weight),)


def _per_output(value: FloatArray, count: int, what: str) -> FloatArray:
    if value.size not in (1, count) or max(value.shape, default=1) != value.size:
        raise Unsupported(f"{what} must hold one value or one per output ({count}), its shape is {value.shape}")
    return value.reshape(-1)


def batch_normalization(source: Source) -> Result:
    """BatchNormalization at inference."""
    attributes = source.attributes(epsilon=1e-5, momentum=0.9, training_mode=0, spatial=1)
    statistics = [name for name in source.node.output[1:] if name]  # before opset 14 they alone tell that it trains
    if attributes["training_mode"] or statistics or not attributes["spatial"]:
        raise Unsupported("training_mode must be 0 and spatial 1, and no statistics an output")
    gamma, beta, mean, variance = (finite(source.constant(i, "a parameter"), "a parameter") for i in range(1, 5))
    if (variance + attributes["epsilon"] <= 0).any():
        raise Unsupported(f"variance + epsilon must be positive, the smallest is {variance.min()}")
    scale = gamma / np.sqrt(variance + attributes["epsilon"])
    node = Affine(source.label, [source.tensor(0)], source.output, scale, beta - mean * scale)
    return node, source.shape(0)
