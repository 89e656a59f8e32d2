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
