"""Single layers, each of which takes a way of its own through the compiler: the shape of the input, how it grows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx_builder import Builder


def pooled_average(builder: Builder) -> Builder:
    return builder.node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])


def parallel(builder: Builder, *kernels: int) -> list[str]:
    """Several 1x1 convolutions of the last tensor, each with a ReLU: the names of their outputs."""
    start, channels, names = builder.last, builder.channels, []
    for count in kernels:
        builder.last, builder.channels = start, channels
        builder.conv(count, (1, 1)).node("Relu")
        names.append(builder.last)
    return names


def two_tensors(builder: Builder, operation: str, *activation: str) -> Builder:
    """Operation on two convolutions of very different size."""
    start, channels = builder.last, builder.channels
    builder.conv(11, (3, 3)).node("Mul", builder.constant(np.float32(0.2)))
    first = builder.last
    builder.last, builder.channels = start, channels
    builder.conv(11, (3, 3)).node(operation, inputs=[first, builder.last + "b"])
    builder.nodes[-2].output[0] += "b"
    for kind in activation:
        builder.node(kind)
    return builder


def joined(builder: Builder, kernels: tuple[int, ...], behind: bool = True) -> Builder:
    """Concat of parallel convolutions, read by pooling and a convolution."""
    builder.node("Concat", inputs=parallel(builder, *kernels), axis=1)
    builder.channels = sum(kernels)
    return builder.node("MaxPool", kernel_shape=[2, 2]).conv(5, (1, 1)) if behind else builder


def gated(builder: Builder) -> Builder:
    """Squeeze and excitation: a tensor times one value per channel."""
    start = builder.conv(16, (3, 3)).node("Relu").last
    builder.node("GlobalAveragePool").conv(16, (1, 1)).node("HardSigmoid", alpha=0.3)
    return builder.node("Mul", inputs=[builder.last, start])


def silu(builder: Builder) -> Builder:
    """x * sigmoid(x), as exporters write it."""
    start = builder.last
    builder.node("Sigmoid")
    return builder.node("Mul", inputs=[start, builder.last])


def residual(builder: Builder, *activation: str) -> Builder:
    """x + conv(relu(conv(x))), the two summands of very different size."""
    start, channels = builder.last, builder.channels
    builder.conv(16, (3, 3), pads=[1, 1, 1, 1]).node("Relu").node("Mul", builder.constant(np.float32(7)))
    builder.conv(channels, (1, 1))
    builder.node("Add", inputs=[start, builder.last])
    for kind in activation:
        builder.node(kind)
    return builder


CASES: dict[str, tuple[tuple[int, ...], Callable[[Builder], object]]] = {
    "image1_pad": ((1, 13, 11), lambda b: b.conv(5, (5, 3), pads=[2, 1, 2, 1]).node("Relu")),
    "image3_stride": ((3, 12, 17), lambda b: b.conv(9, (3, 3), strides=[2, 3], pads=[1, 1, 1, 1])),
    "image4": ((4, 9, 10), lambda b: b.conv(8, (2, 5)).node("Relu")),
    "image1_asymmetric_pad": ((1, 10, 10), lambda b: b.conv(3, (4, 4), pads=[0, 3, 2, 1])),
    "cube_pad_stride": ((11, 9, 8), lambda b: b.conv(7, (3, 3), pads=[1, 1, 1, 1], strides=[2, 1])),
    "cube_dilation": ((9, 13, 12), lambda b: b.conv(17, (3, 2), dilations=[3, 2], pads=[3, 2, 0, 1])),
    "cube_1x1": ((16, 5, 7), lambda b: b.conv(25, (1, 1), bias=False).node("Relu")),
    "skipped_lines": ((16, 13, 12), lambda b: b.conv(16, (1, 3), strides=[3, 2], pads=[0, 1, 0, 1], group=2)),
    "depthwise": ((12, 8, 8), lambda b: b.conv(12, (3, 3), group=12).node("Relu").conv(6, (1, 1))),
    "groups": ((12, 8, 8), lambda b: b.conv(20, (3, 3), group=4)),
    "image_dilation_is_a_cube": ((1, 12, 12), lambda b: b.conv(4, (3, 3), dilations=[2, 2])),
    "groups_of_surfaces": ((32, 9, 9), lambda b: b.conv(48, (3, 3), group=2, pads=[1, 1, 1, 1]).conv(8, (1, 1))),
    "depthwise_layers": (
        (64, 20, 20),
        lambda b: b.conv(64, (1, 1)).conv(64, (3, 3), group=64, pads=[1, 1, 1, 1], strides=[2, 2]).node("Relu"),
    ),
    "row_bands": ((64, 64, 64), lambda b: b.conv(9, (3, 3), pads=[1, 2, 3, 1]).node("Relu")),
    "more_lines_than_csc_counts": ((8, 4100, 2), lambda b: b.conv(8, (3, 1), pads=[1, 0, 0, 0])),
    "row_bands_stride_dilation": ((64, 64, 66), lambda b: b.conv(9, (3, 2), strides=[3, 2], dilations=[4, 2])),
    "image_row_bands": ((3, 230, 224), lambda b: b.conv(9, (7, 7), strides=[4, 4], pads=[3, 3, 2, 4])),
    "row_bands_pool": (
        (64, 45, 64),
        lambda b: b.conv(8, (3, 3), pads=[1, 1, 1, 1]).node(
            "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
        ),
    ),
    "column_bands": ((256, 5, 350), lambda b: b.conv(8, (3, 5), pads=[1, 3, 1, 2], strides=[1, 2])),
    "leaky": ((8, 7, 7), lambda b: b.conv(8, (3, 3)).node("LeakyRelu", alpha=0.1)),
    "relu6": (
        (8, 7, 7),
        lambda b: b.conv(8, (3, 3)).node("Clip", b.constant(np.float32(0)), b.constant(np.float32(1))),
    ),
    "max_pool_pad": (
        (8, 11, 11),
        lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    ),
    "max_pool_floor": ((8, 12, 13), lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[3, 3], strides=[3, 3])),
    "max_pool_ceil": (
        (8, 12, 13),
        lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[3, 3], strides=[3, 3], ceil_mode=1),
    ),
    "pool_then_relu": ((8, 8, 8), lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[2, 2]).node("Relu")),
    "average_pool": ((8, 10, 10), lambda b: pooled_average(b.conv(8, (3, 3)).node("Relu"))),
    "average_pool_pad": (
        (8, 10, 10),
        lambda b: b.conv(8, (3, 3)).node(
            "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1
        ),
    ),
    "global_average": ((8, 9, 9), lambda b: b.conv(10, (3, 3)).node("GlobalAveragePool").gemm(10, 4)),
    "pools_alone": (
        (10, 15, 15),
        lambda b: b.node("MaxPool", kernel_shape=[3, 2], strides=[2, 2]).node(
            "AveragePool", kernel_shape=[2, 3], strides=[2, 2]
        ),
    ),
    "wide_pool_off_the_fly": (
        (8, 6, 20),
        lambda b: b.conv(8, (1, 1)).node("MaxPool", kernel_shape=[6, 1], strides=[1, 1]),
    ),
    "three_strips": (
        (9, 7, 45),
        lambda b: b.node("MaxPool", kernel_shape=[5, 3], strides=[1, 1], pads=[2, 1, 2, 1]),
    ),
    "strips_with_gaps": ((4, 5, 300), lambda b: b.node("MaxPool", kernel_shape=[2, 2], strides=[2, 1])),
    "average_4x4": ((16, 12, 12), lambda b: b.node("AveragePool", kernel_shape=[4, 4], strides=[3, 4])),
    "average_global_large": ((24, 13, 14), lambda b: b.conv(24, (1, 1)).node("GlobalAveragePool")),
    "max_13x13": (
        (8, 16, 15),
        lambda b: b.node("MaxPool", kernel_shape=[13, 13], strides=[1, 1], pads=[6, 6, 6, 6]),
    ),
    "max_global_large": ((8, 19, 14), lambda b: b.node("GlobalMaxPool")),
    "max_9x3": ((8, 20, 17), lambda b: b.node("MaxPool", kernel_shape=[9, 3], strides=[3, 2])),
    "reduction_too_large": ((520, 7, 7), lambda b: b.gemm(520 * 49, 12).node("Relu")),
    "fully_connected": ((40,), lambda b: b.gemm(40, 30).node("Relu").gemm(30, 13)),
    "image_fully_connected": ((1, 14, 14), lambda b: b.gemm(196, 24).node("Relu").gemm(24, 10)),
    "flatten_relu_dense": ((8, 4, 4), lambda b: b.conv(9, (3, 3)).node("Flatten").node("Relu").gemm(36, 5)),
    "orphans": ((8, 6, 6), lambda b: b.node("Relu").node("MaxPool", kernel_shape=[2, 2]).node("Relu")),
    "two_relus": ((8, 6, 6), lambda b: b.conv(8, (3, 3)).node("LeakyRelu", alpha=0.25).node("Relu")),
    "residual": ((8, 6, 6), lambda b: residual(b, "Relu")),
    "residual_without_activation": ((8, 6, 6), lambda b: residual(b)),
    "residual_leaky": ((8, 6, 6), lambda b: residual(b, "LeakyRelu")),
    "sum_of_input_and_itself": ((8, 6, 6), lambda b: b.node("Add", "image").node("Relu").conv(9, (2, 2))),
    "sum_of_vectors": ((5, 6, 7), lambda b: residual(b.node("GlobalMaxPool"), "Relu")),
    "concat_in_place": ((8, 6, 6), lambda b: joined(b, (16, 8, 13))),
    "concat_output": ((8, 6, 6), lambda b: joined(b, (8, 8), behind=False)),
    "concat_unaligned": ((8, 6, 6), lambda b: joined(b, (5, 16, 7))),
    "concat_twice": (
        (8, 6, 6),
        lambda b: joined(b, (8, 8), behind=False).node("Concat", inputs=["t4", "t1", "image"], axis=1).node("Relu"),
    ),
    "slice": (
        (32, 6, 6),
        lambda b: b.node("Slice", *(b.constant(np.array([v])) for v in (8, 24, 1))).node("Relu"),
    ),
    "slice_of_one_column": (
        (16, 1, 12),
        lambda b: b.node("Slice", *(b.constant(np.array([v])) for v in (7, 8, 3))).conv(5, (1, 1)),
    ),
    "prelu": ((8, 6, 6), lambda b: b.conv(9, (3, 3)).node("PRelu", b.constant(b.floats(9, 1, 1)))),
    "prelu_alone": (
        (8, 6, 6),
        lambda b: b.node("PRelu", b.constant(b.floats(8, 1, 1))).node("MaxPool", kernel_shape=[2, 2]),
    ),
    "leaky_above_one": ((8, 7, 7), lambda b: b.conv(8, (3, 3)).node("LeakyRelu", alpha=1.5)),
    "product": ((8, 6, 6), lambda b: two_tensors(b, "Mul")),
    "product_relu": ((8, 6, 6), lambda b: two_tensors(b, "Mul", "Relu")),
    "difference": ((8, 6, 6), lambda b: two_tensors(b, "Sub", "Relu")),
    "larger": ((8, 6, 6), lambda b: two_tensors(b, "Max")),
    "smaller": ((8, 6, 6), lambda b: two_tensors(b, "Min")),
    "gate": ((8, 6, 6), gated),
    "space_to_depth": ((5, 6, 8), lambda b: b.node("SpaceToDepth", blocksize=2)),
    "focus": (
        (6, 8, 8),
        lambda b: b.node("Slice", *(b.constant(np.array(v)) for v in ([1, 1], [8, 7], [2, 3], [2, 1]))),
    ),
    "lrn": ((21, 6, 7), lambda b: b.conv(21, (3, 3)).node("Relu").node("LRN", size=5, alpha=0.5)),
    "lrn_of_input": ((8, 5, 9), lambda b: b.node("LRN", size=3, alpha=2.0, beta=0.5, bias=2.0).conv(8, (1, 1))),
    "lrn_few_channels": ((3, 5, 5), lambda b: b.node("LRN", size=9, alpha=20.0)),
    "lrn_twice": (
        (16, 7, 7),
        lambda b: b.node("LRN", size=7, alpha=3.0).node("LRN", size=3, alpha=1.0, beta=1.0).conv(4, (1, 1)),
    ),
    "lrn_in_concat": (
        (16, 6, 6),
        lambda b: b.node("LRN", size=5, alpha=1.0).node("Concat", inputs=["t0", "image"], axis=1),
    ),
    "curve": ((9, 6, 7), lambda b: b.conv(12, (3, 3)).node("Tanh")),
    "curve_of_input": ((16, 5, 9), lambda b: b.node("Softplus").node("Elu").conv(8, (1, 1))),
    "curves_and_lrn": (
        (16, 6, 6), lambda b: silu(b).node("LRN", size=5, alpha=1.0).node("Erf").conv(8, (3, 3)).node("Sigmoid"),
    ),
    "curve_of_vector": ((8, 5, 5), lambda b: b.gemm(200, 21).node("Sigmoid")),
    "reshape_alone": ((8, 6, 6), lambda b: b.node("Reshape", b.constant(np.array([0, 4, 12, 6])))),
    "pad_node": (
        (8, 6, 6),
        lambda b: b.node("Pad", b.constant(np.array([0, 0, 2, 1, 0, 0, 1, 3]))).conv(8, (3, 3)).node("Relu"),
    ),
}
