"""Small networks to prune, and pictures for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cocodla.nets.builder import Builder
from cocodla.prune.floats import FloatModel


def pictures(count: int = 24, shape: tuple[int, int, int] = (3, 8, 8), seed: int = 3) -> np.ndarray:
    """Smooth random pictures, float32: channels that come of them are correlated, as of real ones."""
    coarse = np.random.default_rng(seed).normal(size=(count, shape[0], shape[1] // 2, shape[2] // 2))
    return coarse.repeat(2, 2).repeat(2, 3).astype(np.float32)


def chain(last: int = 6) -> Builder:
    """Two convolutions of 24 and 16 kernels, pooling, fully connected."""
    net = Builder((3, 8, 8), seed=1)
    net.conv(24, (3, 3), pads=[1] * 4).node("Relu")
    net.conv(16, (3, 3), pads=[1] * 4).node("Relu").node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return net.gemm(16 * 16, last)


def residual() -> Builder:
    """A residual block of 16 channels with 24 inside, BatchNorm as factors and summands, the mean of the map."""
    net = Builder((3, 8, 8), seed=2)
    trunk = net.conv(16, (3, 3), pads=[1] * 4).node("Relu").last
    net.conv(24, (3, 3), pads=[1] * 4)
    net.node("Mul", net.constant(net.floats(1, 24, 1, 1) + 2)).node("Add", net.constant(net.floats(24, 1, 1)))
    net.node("Relu").conv(16, (3, 3), pads=[1] * 4)
    net.node("Add", trunk).node("Relu").node("GlobalAveragePool")
    return net.gemm(16, 5)


def branches() -> Builder:
    """Two branches joined by Concat, a depthwise convolution behind them, 1x1 with BatchNormalization."""
    net = Builder((3, 8, 8), seed=4)
    stem = net.conv(16, (3, 3), pads=[1] * 4).node("Relu").last
    one = net.conv(16, (1, 1)).node("Relu").last
    net.last, net.channels = stem, 16
    two = net.conv(24, (3, 3), pads=[1] * 4).node("LeakyRelu", alpha=0.1).last
    net.node("Concat", inputs=[one, two], axis=1)
    net.channels = 40
    net.conv(40, (3, 3), group=40, pads=[1] * 4).conv(16, (1, 1), bias=False)
    norm = [net.floats(16) + 2, net.floats(16), net.floats(16), np.abs(net.floats(16)) + 1]
    net.node("BatchNormalization", *map(net.constant, norm)).node("Relu").node("GlobalAveragePool")
    return net.gemm(16, 4)


def loaded(net: Builder, folder: Path) -> FloatModel:
    """A network as pruning sees it."""
    return FloatModel.load(net.save(folder / "net.onnx"))
