"""The small network of the compiler's tests, and the builder they all use."""

from __future__ import annotations

from cocodla.nets.builder import Builder

__all__ = ["Builder", "small_network"]


def small_network(seed: int = 0) -> Builder:
    """A LeNet in miniature: two convolutions with pooling, two fully connected layers, Softmax on the host."""
    builder = Builder((1, 12, 12), seed)
    builder.conv(5, (3, 3), pads=[1, 1, 1, 1]).node("Relu").node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    builder.conv(11, (3, 3)).node("Relu").node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    builder.gemm(11 * 2 * 2, 9).node("Relu")
    weight = builder.constant(builder.floats(9, 4))
    return builder.node("MatMul", weight).node("Add", builder.constant(builder.floats(4))).node("Softmax")
