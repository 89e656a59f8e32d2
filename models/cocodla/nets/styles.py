"""Networks in the style of well-known ones, with random weights: each grows on a given builder."""

from __future__ import annotations

import numpy as np

from cocodla.nets.builder import Builder


def normalised(builder: Builder, channels: int) -> Builder:
    """BatchNormalization with random parameters."""
    positive = np.abs(builder.floats(channels, scale=0.2)) + 0.9
    parameters = [positive, builder.floats(channels, scale=0.1), builder.floats(channels, scale=0.1), positive]
    return builder.node("BatchNormalization", *map(builder.constant, parameters))


def vgg(builder: Builder) -> Builder:
    """VGG for CIFAR: pairs of 3x3 convolutions and pooling, two fully connected layers."""
    for channels in (32, 64, 128):
        for _ in range(2):
            normalised(builder.conv(channels, (3, 3), pads=[1, 1, 1, 1]), channels).node("Relu")
        builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return builder.gemm(128 * 16, 128).node("Relu").node("Gemm", builder.constant(builder.floats(128, 10, scale=0.1)))


def vgg16(builder: Builder) -> Builder:
    """VGG-16: thirteen 3x3 convolutions, five poolings, three fully connected layers of 1,000 classes."""
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            builder.conv(channels, (3, 3), pads=[1, 1, 1, 1]).node("Relu")
        builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return builder.gemm(512 * 49, 4096).node("Relu").gemm(4096, 4096).node("Relu").gemm(4096, 1000)


def resnet50(builder: Builder) -> Builder:
    """ResNet-50: bottlenecks of 1x1, 3x3 and 1x1 around shortcuts, global average, 1,000 classes."""
    normalised(builder.conv(64, (7, 7), strides=[2, 2], pads=[3] * 4), 64).node("Relu")
    builder.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if block == 0 and width > 64 else 1
            start, channels = builder.last, builder.channels
            normalised(builder.conv(width, (1, 1)), width).node("Relu")
            normalised(builder.conv(width, (3, 3), strides=[stride] * 2, pads=[1] * 4), width).node("Relu")
            inner = normalised(builder.conv(4 * width, (1, 1)), 4 * width).last
            builder.last, builder.channels = start, channels
            if block == 0:
                normalised(builder.conv(4 * width, (1, 1), strides=[stride] * 2), 4 * width)
            builder.channels = 4 * width
            builder.node("Add", inputs=[inner, builder.last]).node("Relu")
    return builder.node("GlobalAveragePool").gemm(2048, 1000)


def mobile(builder: Builder) -> Builder:
    """MobileNet v2: inverted residuals with depthwise convolutions and ReLU6, global average, classifier."""
    low, high = builder.constant(np.float32(0)), builder.constant(np.float32(6))
    builder.conv(16, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]).node("Clip", low, high)
    for channels, stride in ((16, 1), (24, 2), (24, 1), (32, 2)):
        start, before = builder.last, builder.channels
        builder.conv(4 * before, (1, 1)).node("Clip", low, high)
        builder.conv(4 * before, (3, 3), group=4 * before, strides=[stride] * 2, pads=[1] * 4).node("Clip", low, high)
        builder.conv(channels, (1, 1))
        if before == channels and stride == 1:
            builder.node("Add", inputs=[builder.last, start])
    return builder.conv(64, (1, 1)).node("Relu").node("GlobalAveragePool").gemm(64, 10)


def squeeze(builder: Builder) -> Builder:
    """SqueezeNet: fire modules that concatenate two convolutions."""
    builder.conv(24, (3, 3), strides=[2, 2]).node("Relu").node("MaxPool", kernel_shape=[3, 3], strides=[2, 2])
    for squeezed, expanded in ((8, 16), (8, 24), (16, 20)):
        start = builder.conv(squeezed, (1, 1)).node("Relu").last
        left = builder.conv(expanded, (1, 1)).node("Relu").last
        builder.last, builder.channels = start, squeezed
        right = builder.conv(expanded, (3, 3), pads=[1, 1, 1, 1]).node("Relu").last
        builder.node("Concat", inputs=[left, right], axis=1)
        builder.channels = 2 * expanded
    return builder.conv(10, (1, 1)).node("GlobalAveragePool").node("Flatten")


def silu(builder: Builder) -> Builder:
    """x * sigmoid(x), as exporters write it."""
    start = builder.last
    return builder.node("Sigmoid").node("Mul", inputs=[start, builder.last])


def efficient(builder: Builder) -> Builder:
    """EfficientNet: inverted residuals with SiLU, squeeze and excitation, depthwise 3x3 and 5x5, classifier."""
    silu(builder.conv(16, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    for channels, extent, stride in ((16, 3, 1), (24, 3, 2), (24, 5, 1), (40, 5, 2)):
        start, before = builder.last, builder.channels
        wide = 4 * before
        silu(builder.conv(wide, (1, 1)))
        middle = silu(
            builder.conv(wide, (extent, extent), group=wide, strides=[stride] * 2, pads=[extent // 2] * 4)
        ).last
        silu(builder.node("GlobalAveragePool").conv(max(before // 4, 4), (1, 1)))
        builder.conv(wide, (1, 1)).node("Sigmoid")
        builder.node("Mul", inputs=[middle, builder.last]).conv(channels, (1, 1))
        if before == channels and stride == 1:
            builder.node("Add", inputs=[builder.last, start])
    return silu(builder.conv(96, (1, 1))).node("GlobalAveragePool").gemm(96, 10)


def _split_stage(builder: Builder, channels: int) -> Builder:
    """CSP stage: half of the channels pass a residual bottleneck, all parts are concatenated."""
    silu(builder.conv(channels, (1, 1)))
    builder.node("Split", builder.constant(np.array([channels // 2] * 2)), axis=1)
    builder.nodes[-1].output.append(f"{builder.last}/second")
    first, second = builder.last, f"{builder.last}/second"
    builder.last, builder.channels = second, channels // 2
    for _ in range(2):
        silu(builder.conv(channels // 2, (3, 3), pads=[1, 1, 1, 1]))
    inner = builder.node("Add", inputs=[builder.last, second]).last
    builder.node("Concat", inputs=[first, second, inner], axis=1)
    builder.channels = 3 * (channels // 2)
    return silu(builder.conv(channels, (1, 1)))


def detector(builder: Builder) -> Builder:
    """YOLO of today: CSP stages with SiLU, pooling pyramid, neck with Resize and Concat, one head of scores."""
    silu(builder.conv(16, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    silu(builder.conv(32, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    shallow = _split_stage(builder, 32).last
    silu(builder.conv(48, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    pooled = [silu(builder.conv(24, (1, 1))).last]
    for _ in range(3):
        builder.node("MaxPool", kernel_shape=[5, 5], pads=[2, 2, 2, 2])
        pooled.append(builder.last)
    builder.node("Concat", inputs=pooled, axis=1)
    builder.channels = 4 * 24
    silu(builder.conv(32, (1, 1)))
    scales = builder.constant(np.array([1, 1, 2, 2], np.float32))
    builder.node("Resize", "", scales, coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    builder.node("Concat", inputs=[builder.last, shallow], axis=1)
    builder.channels = 64
    return _split_stage(builder, 32).conv(20, (1, 1)).node("Sigmoid")
