"""Networks that take each way through the compiler: bands, groups, split sums, strips, gates, stages with the host."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cocodla.nets.builder import Builder


def branch(builder: Builder, start: tuple[str, int], grow: Callable[[Builder], object]) -> str:
    """Let `grow` continue from an earlier tensor (name, channels); the name of what it makes."""
    builder.last, builder.channels = start
    grow(builder)
    return builder.last


def here(builder: Builder) -> tuple[str, int]:
    """The tensor the next node reads, for `branch`."""
    return builder.last, builder.channels


def bands(builder: Builder) -> Builder:
    """Inputs beyond the convolution buffer: bands of rows and columns, with stride, dilation and pooling behind."""
    builder.conv(40, (1, 1)).node("Relu").conv(16, (3, 3), pads=[1, 2, 1, 0]).node("LeakyRelu", alpha=0.2)
    builder.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    builder.conv(160, (1, 1)).node("Relu").conv(8, (3, 2), strides=[2, 1], dilations=[2, 3])
    return builder.node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])


def groups(builder: Builder) -> Builder:
    """Groups of whole surfaces, groups that share surfaces, one channel a group; a residual sum of them."""
    start = here(builder.conv(32, (3, 3), pads=[1] * 4).node("Relu"))
    builder.conv(48, (3, 3), group=2, pads=[1] * 4).node("Relu").conv(36, (3, 3), group=12, pads=[1] * 4)
    builder.node("Relu").conv(36, (3, 3), group=36, pads=[1] * 4).conv(32, (1, 1), group=4)
    return builder.node("Add", inputs=[builder.last, start[0]]).node("Relu").conv(10, (3, 3), strides=[2, 2])


def gates(builder: Builder) -> Builder:
    """Squeeze and excitation: two blocks whose channels are weighted by what a global pooling has seen."""
    builder.conv(24, (3, 3), strides=[2, 2], pads=[1] * 4).node("Relu")
    for channels in (24, 40):
        before = here(builder)
        start = here(builder.conv(channels, (3, 3), pads=[1] * 4).node("Relu"))
        builder.node("GlobalAveragePool").conv(8, (1, 1)).node("Relu").conv(channels, (1, 1))
        builder.node("HardSigmoid", alpha=0.2).node("Mul", inputs=[start[0], builder.last])
        if before[1] == channels:
            builder.node("Add", inputs=[builder.last, before[0]]).node("Relu")
    return builder.node("GlobalAveragePool").gemm(40, 10)


def pools(builder: Builder) -> Builder:
    """Spatial pyramid: pooling chains, strips of a wide row, exact averages, global pooling, all concatenated."""
    start = here(builder.conv(16, (3, 3), pads=[1] * 4).node("Relu"))
    parts = [start[0]]
    for kernel in (5, 9, 13):
        extents = {"kernel_shape": [kernel] * 2, "strides": [1, 1], "pads": [kernel // 2] * 4}
        parts.append(builder.node("MaxPool", inputs=[start[0]], **extents).last)
    around = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1] * 4, "count_include_pad": 1}
    parts.append(builder.node("AveragePool", inputs=[start[0]], **around).last)
    builder.node("Concat", inputs=parts, axis=1)
    builder.channels = 16 * len(parts)
    builder.conv(12, (1, 1)).node("MaxPool", kernel_shape=[2, 5], strides=[2, 3])
    return builder.node("AveragePool", kernel_shape=[4, 4], strides=[2, 2]).node("GlobalMaxPool").gemm(12, 5)


def stages(builder: Builder) -> Builder:
    """The host in the middle, twice; a sum and a concat join tensors of different stages."""
    start = here(builder.conv(16, (3, 3), pads=[1] * 4).node("Relu"))
    builder.node("Elu").conv(16, (3, 3), pads=[1] * 4)
    middle = here(builder.node("Add", inputs=[builder.last, start[0]]).node("Relu"))
    builder.node("Softmax", axis=1).conv(8, (1, 1)).node("Relu")
    builder.node("Concat", inputs=[builder.last, middle[0]], axis=1)
    builder.channels = 24
    return builder.conv(6, (3, 3), strides=[2, 2]).node("Sigmoid")


def products(builder: Builder) -> Builder:
    """Product, difference, larger and smaller of two tensors; PReLU, slopes above one, two activations in a row."""
    builder.conv(13, (3, 3)).node("PRelu", builder.constant(builder.floats(13, 1, 1)))
    start = here(builder)
    other = branch(builder, start, lambda b: b.conv(13, (3, 3), pads=[1] * 4).node("LeakyRelu", alpha=1.5))
    product = branch(builder, start, lambda b: b.node("Mul", other))
    least = branch(builder, start, lambda b: b.node("Min", product).node("Relu"))
    most = branch(builder, start, lambda b: b.conv(13, (1, 1)).node("Max", least))
    builder.node("Sub", inputs=[most, other]).node("Relu")
    return builder.conv(7, (5, 5), dilations=[2, 2]).node("LeakyRelu", alpha=0.1).node("Relu")


def wide(builder: Builder) -> Builder:
    """Fully connected layers beyond the buffer, as sums of several; a vector behind."""
    start = here(builder.gemm(600 * 36, 48).node("Relu"))
    first = branch(builder, start, lambda b: b.node("Gemm", b.constant(b.floats(48, 48, scale=0.2))))
    builder.node("Add", inputs=[first, start[0]]).node("Relu")
    return builder.node("Gemm", builder.constant(builder.floats(48, 9, scale=0.2)))


def dense(builder: Builder) -> Builder:
    """DenseNet: each layer reads all before it; parts that begin in the middle of a surface."""
    names = [builder.conv(16, (3, 3), pads=[1] * 4).node("Relu").last]
    channels = 16
    for growth in (8, 12, 8):
        if len(names) > 1:
            builder.node("Concat", inputs=names, axis=1)
        builder.channels = channels
        names.append(builder.conv(growth, (3, 3), pads=[1] * 4).node("Relu").last)
        channels += growth
    builder.node("Concat", inputs=names, axis=1).node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    builder.channels = channels
    return builder.conv(11, (7, 7), strides=[3, 2], pads=[3, 3, 3, 3]).node("Clip", builder.constant(np.float32(0)))


PATHS: dict[str, tuple[Callable[[Builder], Builder], tuple[int, int, int]]] = {
    "bands": (bands, (64, 36, 120)),
    "groups": (groups, (3, 20, 22)),
    "gates": (gates, (3, 33, 31)),
    "pools": (pools, (3, 21, 90)),
    "stages": (stages, (4, 16, 19)),
    "products": (products, (8, 17, 18)),
    "wide": (wide, (600, 6, 6)),
    "dense": (dense, (3, 24, 26)),
}
"""Name -> how it grows, and the shape of its input."""
