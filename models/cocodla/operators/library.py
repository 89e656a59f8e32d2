"""Operators on the convolution pipeline, each a chain of units; in ONNX: domain "cocodla".

Weights (K, C, R, S) and biases (K,) are constants of the model in real numbers. Tensors are symmetric (no zero point);
the result's scale follows from its range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla import hw
from cocodla.compiler.hardware.tensors import Tensor, strided
from cocodla.compiler.ir import ActivationFunction
from cocodla.operators.integers import RELU, average, behind, convolution
from cocodla.units import Convolve, Pool, Steps, operator
from cocodla.units.cubes import pair, window_size

DOMAIN = "cocodla"
Floats = NDArray[Any]
CONV = "Conv <strides: ints = @strides, pads: ints = @pads> (x, w, b)"


@operator(DOMAIN, "ConvRelu", f"<strides, pads> (x, w, b) => (y) {{ s = {CONV} y = Relu(s) }}")
def conv_relu(
    steps: Steps[Tensor], x: Tensor, w: Floats, b: Floats, *, to: Tensor, strides: tuple[int, int] = (1, 1),
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> None:  # fmt: skip
    """Convolution, bias and ReLU: one pass from CDMA to SDP."""
    size, pad = (to.height, to.width), (pads[0], pads[1])
    q = convolution(x, w, b, to, size, pair(strides), pad, RELU)
    steps(Convolve(x, q.weight, q.stride, q.pad, size=size), behind(q), to=to)


@operator(
    DOMAIN, "ConvLeakyRelu",
    f"<strides, pads, alpha: float = 0.1> (x, w, b) => (y) {{ s = {CONV} y = LeakyRelu <alpha: float = @alpha> (s) }}",
)  # fmt: skip
def conv_leaky_relu(
    steps: Steps[Tensor], x: Tensor, w: Floats, b: Floats, *, to: Tensor, strides: tuple[int, int] = (1, 1),
    pads: tuple[int, int, int, int] = (0, 0, 0, 0), alpha: float = 0.1,
) -> None:  # fmt: skip
    """Convolution, bias and leaky ReLU: BN multiplies what is below zero."""
    size, pad = (to.height, to.width), (pads[0], pads[1])
    q = convolution(x, w, b, to, size, pair(strides), pad, ActivationFunction(alpha))
    steps(Convolve(x, q.weight, q.stride, q.pad, size=size), behind(q), to=to)


@operator(
    DOMAIN, "ConvAddRelu",
    f"<strides, pads> (x, shortcut, w, b) => (y) {{ s = {CONV} t = Add(s, shortcut) y = Relu(t) }}",
)  # fmt: skip
def conv_add_relu(
    steps: Steps[Tensor], x: Tensor, shortcut: Tensor, w: Floats, b: Floats, *, to: Tensor,
    strides: tuple[int, int] = (1, 1), pads: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> None:  # fmt: skip
    """The end of a residual block: BN adds the other branch from memory while the convolution runs."""
    size, pad = (to.height, to.width), (pads[0], pads[1])
    q = convolution(x, w, b, to, size, pair(strides), pad, RELU, shortcut)
    steps(Convolve(x, q.weight, q.stride, q.pad, size=size), behind(q, shortcut), to=to)


@operator(
    DOMAIN, "ConvReluMaxPool",
    f"<strides, pads> (x, w, b) => (y) {{ s = {CONV} r = Relu(s) "
    "y = MaxPool <kernel_shape: ints = [3, 3], strides: ints = [2, 2]> (r) }",
)  # fmt: skip
def conv_relu_max_pool(
    steps: Steps[Tensor], x: Tensor, w: Floats, b: Floats, *, to: Tensor, strides: tuple[int, int] = (1, 1),
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> None:  # fmt: skip
    """Convolution, bias, ReLU and 3x3 maxima at every second position: PDP takes what SDP makes."""
    height, width = (
        window_size(extent, kernel, stride, pad)
        for extent, kernel, stride, pad in zip((x.height, x.width), w.shape[2:], strides, pads[:2], strict=True)
    )
    q = convolution(x, w, b, to, (height, width), pair(strides), (pads[0], pads[1]), RELU)
    sums = Convolve(x, q.weight, q.stride, q.pad, size=(height, width))
    steps(sums, behind(q), Pool(3, 2, size=(to.height, to.width)), to=to)


@operator(
    DOMAIN, "DepthwiseRelu",
    "<pads, group> (x, w, b) => (y) { s = Conv <group: int = @group, pads: ints = @pads> (x, w, b) y = Relu(s) }",
)  # fmt: skip
def depthwise_relu(
    steps: Steps[Tensor], x: Tensor, w: Floats, b: Floats, *, to: Tensor, group: int,
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> None:  # fmt: skip
    """Convolution of each channel, bias and ReLU: eight channels at a time, with zeros in the weights."""
    size, pad = (to.height, to.width), (pads[0], pads[1])
    rows, columns = (0, x.height), (0, x.width)
    for first in range(0, group, hw.ATOM):
        channels = (first, min(first + hw.ATOM, group))
        count = channels[1] - first
        block = np.zeros((count, count, *w.shape[2:]))
        block[range(count), range(count)] = w[slice(*channels), 0]
        part = x.view(channels, rows, columns)
        q = convolution(part, block, b[slice(*channels)], to, size, pad=pad, activation=RELU)
        steps(
            Convolve(part, q.weight, pad=pad, size=size), behind(q),
            to=to.view(channels, (0, to.height), (0, to.width)),
        )  # fmt: skip


@operator(
    DOMAIN, "FullyConnected",
    "(x, w, b) => (y) { f = Flatten <axis: int = 1> (x) v = Gemm <transB: int = 1> (f, w, b) "
    "axes = Constant <value_ints: ints = [2, 3]> () y = Unsqueeze(v, axes) }",
)  # fmt: skip
def fully_connected(steps: Steps[Tensor], x: Tensor, w: Floats, b: Floats, *, to: Tensor) -> None:
    """y = w x + b, w (outputs, C * H * W): a kernel as large as the input."""
    q = convolution(x, w.reshape(len(w), *x.shape), b, to, (1, 1))
    steps(Convolve(x, q.weight), behind(q), to=to)


@operator(
    DOMAIN, "TokenMatMul",
    "(x, w) => (y) { one = Constant <value_ints: ints = [2, 3]> () "
    "k = Transpose <perm: ints = [1, 0]> (w) k4 = Unsqueeze(k, one) y = Conv(x, k4) }",
)  # fmt: skip
def token_matmul(steps: Steps[Tensor], x: Tensor, w: Floats, *, to: Tensor) -> None:
    """Tokens (features, 1, T) times w (features, outputs): every token is a pixel."""
    kernels = np.ascontiguousarray(w.T)[..., None, None]
    q = convolution(x, kernels, np.zeros(len(kernels)), to, (to.height, to.width))
    steps(Convolve(x, q.weight), behind(q), to=to)


@operator(
    DOMAIN, "TokenProjection",
    "(x, shortcut, w, b) => (y) { one = Constant <value_ints: ints = [2, 3]> () "
    "k = Transpose <perm: ints = [1, 0]> (w) k4 = Unsqueeze(k, one) p = Conv(x, k4, b) y = Add(p, shortcut) }",
)  # fmt: skip
def token_projection(
    steps: Steps[Tensor], x: Tensor, shortcut: Tensor, w: Floats, b: Floats, *, to: Tensor
) -> None:
    """The end of a transformer's block: tokens (features, 1, T) times w (features, outputs), plus b, plus shortcut."""
    kernels = np.ascontiguousarray(w.T)[..., None, None]
    q = convolution(x, kernels, b, to, (to.height, to.width), summand=shortcut)
    steps(Convolve(x, q.weight), behind(q, shortcut), to=to)


@operator(DOMAIN, "GlobalAverage", "(x) => (y) { y = GlobalAveragePool(x) }")
def global_average(steps: Steps[Tensor], x: Tensor, *, to: Tensor) -> None:
    """Mean of every channel in codes of its own: exact sums, rounded once.

    All surfaces in one layer: each is a line of an image whose channel blocks are the rows, and one window lies on it.
    """
    height, width = x.height, x.width
    q = average(x, to, (height, width))
    taps = np.zeros((hw.ATOM, height, hw.ATOM, 1, width), np.int8)
    taps[range(hw.ATOM), :, range(hw.ATOM)] = q.weight.max()
    q.multiplier, q.bias = q.multiplier[:1].repeat(hw.ATOM), q.bias[:1].repeat(hw.ATOM)
    q.early = None if q.early is None else q.early[:1].repeat(hw.ATOM)
    layout, whole = x.layout, hw.surfaces(x.channels)
    lines = strided(x, 0, (height, whole, width), (layout.line_stride, layout.surface_stride))
    result = strided(to, 0, (1, whole, 1), (to.layout.surface_stride, to.layout.surface_stride))
    steps(Convolve(lines, taps.reshape(hw.ATOM, -1, 1, width)), behind(q), to=result)
