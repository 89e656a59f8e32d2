"""AlexNet with local response normalisation, of any size, with random weights."""

from __future__ import annotations

import numpy as np

from cocodla.errors import UserError
from cocodla.nets.builder import Builder

MEAN = (123.7, 116.8, 103.9)
SMALLEST = 67
"""Picture size below which nothing is left for the last pooling."""


def alexnet(size: int = 227, seed: int = 0, width: float = 1.0, classes: int = 1000) -> Builder:
    """Takes RGB pictures (0 to 255) of size x size; `width` scales channels, two groups as in the original.

    Five convolutions, normalisation and overlapping pooling behind the first two, three fully connected layers,
    Softmax. UserError for a size below SMALLEST.
    """
    if size < SMALLEST:
        raise UserError(f"AlexNet needs pictures of at least {SMALLEST} x {SMALLEST}, not {size}")
    builder = Builder((3, size, size), seed, batch=1)
    builder.node("Sub", builder.constant(np.array(MEAN, np.float32).reshape(3, 1, 1)))

    def conv(kernels: int, kernel: int, **attributes: object) -> Builder:
        even = 2 * max(4, round(kernels * width / 2))
        return builder.conv(even, (kernel, kernel), **attributes).node("Relu")  # type: ignore[arg-type]

    def pool(extent: int) -> int:
        builder.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2])
        return (extent - 3) // 2 + 1

    conv(96, 11, strides=[4, 4]).node("LRN", size=5, alpha=1e-4, beta=0.75, bias=1.0)
    extent = pool((size - 11) // 4 + 1)
    conv(256, 5, group=2, pads=[2] * 4).node("LRN", size=5, alpha=1e-4, beta=0.75, bias=1.0)
    extent = pool(extent)
    for kernels, group in ((384, 1), (384, 2), (256, 2)):
        conv(kernels, 3, group=group, pads=[1] * 4)
    extent = pool(extent)
    features, hidden = builder.channels * extent**2, max(8, round(4096 * width))
    builder.gemm(features, hidden).node("Relu").gemm(hidden, hidden).node("Relu")
    scores = builder.floats(hidden, classes, scale=0.01 / hidden**0.5)  # of a size that Softmax tells apart
    return builder.node("Gemm", builder.constant(scores)).node("Softmax")
