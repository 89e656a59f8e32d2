"""Tiny-YOLOv2 (VOC) from raw parameters, layer by layer, and YOLOv2 with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cocodla.nets.builder import Builder
from cocodla.nets.styles import normalised

KERNELS = (16, 32, 64, 128, 256, 512, 1024, 1024, 125)
STAGES = ((32,), (64,), (128, 64, 128), (256, 128, 256), (512, 256, 512, 256, 512), (1024, 512, 1024, 512, 1024))
"""Kernels of YOLOv2's convolutions between poolings: every second one is 1x1, the others are 3x3."""
BOXES = 5
"""Boxes of each cell."""
STATISTICS = ("mean", "variance", "gamma", "beta")


def parameters(folder: Path, number: int, shape: tuple[int, int, int, int]) -> dict[str, np.ndarray]:
    """Weights (K, C, R, S) and, where there are any, statistics (K) of a convolution, float32.

    The file conv<number>.bin holds the weights with channels innermost (K, R, S, C), then the statistics. Layers
    without a file get seeded random weights.
    """
    path = folder / f"conv{number}.bin"
    kernels, channels, rows, columns = shape
    if not path.is_file():
        scale = np.float32(1.5 / np.sqrt(channels * rows * columns))
        return {"weight": np.random.default_rng(number).normal(size=shape).astype(np.float32) * scale}
    data = np.fromfile(path, np.float32)
    count = kernels * channels * rows * columns
    found = {"weight": data[:count].reshape(kernels, rows, columns, channels).transpose(0, 3, 1, 2)}
    if len(data) > count:
        found.update(zip(STATISTICS, data[count:].reshape(4, kernels), strict=True))
    return found


def tiny_yolo(folder: Path, size: int) -> Builder:
    """Nine convolutions, leaky ReLU 0.1, six max poolings, the last with stride 1; input RGB / 255, size x size."""
    builder = Builder((3, size, size), batch=1)
    for number, kernels in enumerate(KERNELS, start=1):
        kernel = 1 if number == 9 else 3
        found = parameters(folder, number, (kernels, builder.channels, kernel, kernel))
        builder.node("Conv", builder.constant(found["weight"]), pads=[kernel // 2] * 4, kernel_shape=[kernel] * 2)
        builder.channels = kernels
        if "mean" in found:
            constants = [builder.constant(found[name]) for name in ("gamma", "beta", "mean", "variance")]
            builder.node("BatchNormalization", *constants, epsilon=1e-3)
        if number < 9:
            builder.node("LeakyRelu", alpha=0.1)
        if number < 6:
            builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        elif number == 6:
            builder.node("MaxPool", kernel_shape=[2, 2], strides=[1, 1], auto_pad="SAME_UPPER")
    return builder


def yolo_v2(builder: Builder, classes: int = 80, narrow: int = 1) -> Builder:
    """YOLOv2: 23 convolutions, five max poolings, a route around the last of them through a reorg (space to depth).

    Batch normalisation and leaky ReLU 0.1 behind all convolutions but the last; input RGB / 255, height and width
    multiples of 32. narrow: all but the last layer have so many times fewer kernels.
    """

    def block(kernels: int, kernel: int) -> Builder:
        builder.conv(kernels // narrow, (kernel, kernel), bias=False, pads=[kernel // 2] * 4)
        return normalised(builder, builder.channels).node("LeakyRelu", alpha=0.1)

    route = ("", 0)
    for number, stage in enumerate(STAGES):
        if number:
            builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        for place, kernels in enumerate(stage):
            block(kernels, 1 if place % 2 else 3)
        if number == len(STAGES) - 2:
            route = builder.last, builder.channels
    for _ in range(2):
        block(1024, 3)
    deep, channels = builder.last, builder.channels
    builder.last, builder.channels = route
    block(64, 1).node("SpaceToDepth", blocksize=2)
    builder.node("Concat", inputs=[builder.last, deep], axis=1)
    builder.channels = 4 * builder.channels + channels
    block(1024, 3)
    return builder.conv(BOXES * (5 + classes), (1, 1))
