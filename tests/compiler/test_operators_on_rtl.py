"""Every way of mapping an operator, in small networks on the RTL: each tensor equal to the golden model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparison import floats
from onnx_builder import Builder
from qdq_builder import QdqBuilder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network


def moves(builder: Builder) -> Builder:
    """Up to nearest neighbours, blocks to channels and back, joined with parts of each other along all axes."""
    scales = builder.constant(np.array([1, 1, 2, 2], np.float32))
    start = builder.conv(16, (3, 3), pads=[1] * 4).node("Relu").last
    larger = builder.node("Resize", "", scales).last
    builder.node("SpaceToDepth", blocksize=2, inputs=[start]).node("DepthToSpace", blocksize=4)
    builder.channels = 4
    blocks = builder.conv(16, (1, 1)).last
    builder.node("Concat", inputs=[larger, blocks], axis=1)
    builder.node("Split", axis=3)
    builder.nodes[-1].output.append("right")
    left = builder.last
    builder.node("Concat", inputs=["right", left], axis=2)
    builder.channels = 32
    return builder.conv(5, (3, 3), strides=[2, 2])


def decoder(builder: Builder) -> Builder:
    """Two levels of a U-Net: down, and up again with transposed convolutions of either kind, joined by skips."""
    skip = builder.conv(8, (3, 3), pads=[1] * 4).node("Relu").last
    builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).conv(16, (3, 3), pads=[1] * 4).node("Relu")
    for kernel, pads in ((2, 0), (3, 1)):
        weight = builder.constant(builder.floats(builder.channels, 8, kernel, kernel, scale=0.3))
        builder.node("ConvTranspose", weight, strides=[2, 2], pads=[pads, pads, 0, 0]).node("Relu")
        builder.channels = 8
        if kernel == 2:
            builder.node("Concat", inputs=[skip, builder.last], axis=1)
            builder.channels = 16
    return builder.conv(3, (1, 1))


def averages(builder: Builder) -> Builder:
    """Poolings whose padding does not count: parts on PDP, and multipliers by position, also for a single one."""
    builder.conv(16, (1, 1)).node("Relu")
    builder.node("AveragePool", kernel_shape=[3, 3], pads=[1] * 4)
    builder.node("AveragePool", kernel_shape=[5, 5], pads=[2] * 4)
    return builder.node("AveragePool", kernel_shape=[9, 10], pads=[1, 1, 0, 1])


def stacks(builder: Builder) -> Builder:
    """Averages of all surfaces in one layer: rows of windows, windows of rows, divisors that differ, a single one."""
    builder.conv(20, (1, 1)).node("Relu").node("AveragePool", kernel_shape=[9, 10], strides=[9, 10])
    builder.node("AveragePool", kernel_shape=[1, 9], pads=[0, 4, 0, 4])
    builder.conv(12, (1, 1)).node("Relu").node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    return builder.node("GlobalAveragePool").conv(9, (1, 1))


def long_lines(builder: Builder) -> Builder:
    """Averages longer than a kernel: lines as blocks that overlap, and columns as blocks; then a whole map at once."""
    start = builder.conv(24, (1, 1)).node("Relu").last
    builder.node("ReduceMean", axes=[3]).node("ReduceMean", axes=[2])
    first = builder.last
    builder.node("ReduceMean", inputs=[start], axes=[2]).node("ReduceMean", axes=[3])
    return builder.node("Add", inputs=[first, builder.last]).conv(1, (1, 1))


def pointwise(builder: Builder) -> Builder:
    """Scales, shifts and slopes on their own: operands in registers, by channel, by element, one or both of a stage."""
    builder.node("MaxPool", kernel_shape=[2, 2]).node("Mul", builder.constant(builder.floats(20, 1, 1)))
    builder.node("Add", builder.constant(builder.floats(20, 1, 1, scale=3)))
    builder.node("PRelu", builder.constant(builder.floats(20, 1, 1))).node("MaxPool", kernel_shape=[2, 2])
    builder.node("Mul", builder.constant(builder.floats(20, 4, 5))).node("MaxPool", kernel_shape=[1, 2])
    builder.node("Add", builder.constant(builder.floats(1, 1, 4, 4))).node("LeakyRelu", alpha=0.3)
    return builder.node("MaxPool", kernel_shape=[2, 1]).node("Relu")


def quantised(builder: Builder) -> Builder:
    """Scales and zero points of the model: large biases in two stages, sums, and codes that change between layers."""
    assert isinstance(builder, QdqBuilder)
    left = builder.codes(0.0311, 128, np.uint8).qconv(16, 3).node("Relu").codes(0.0217, 0, np.uint8).last
    builder.qconv(16, 3).codes(0.0523, 3).node("Add", left).node("Relu").codes(0.0439, -128)
    builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).codes(0.0311, -100)
    return builder.qconv(5, 3).node("LeakyRelu", alpha=0.1).codes(0.0311, -20)


def requantised(builder: Builder) -> Builder:
    """Codes that change where channels move, limits inside of codes, wide weights, a sum of which one is read twice."""
    assert isinstance(builder, QdqBuilder)
    start = builder.codes(0.0311, 3).last
    left = builder.qconv(12, 3, kind=np.uint8, zero=90, limit=255).codes(0.0217, -20).last
    builder.last, builder.channels = start, 8
    builder.qconv(4, 1)
    builder.node("Clip", builder.constant(np.float32(0)), builder.constant(np.float32(2))).codes(0.043, -128)
    builder.node("Concat", inputs=[left, builder.last], axis=1).codes(0.0523, 7)
    builder.channels = 16
    left = builder.last
    return builder.qconv(16, 3).codes(0.0443, -9).node("Add", left).codes(0.0611, 5)


def gated(builder: Builder) -> Builder:
    """Products whose factors have zero points: of two tensors, and with one value per channel."""
    assert isinstance(builder, QdqBuilder)
    start = builder.codes(0.0311, 5).qconv(16, 1).codes(0.0523, 3).last
    builder.node("Sigmoid").codes(1 / 256, -128).node("Mul", inputs=[start, builder.last]).codes(0.0439, -20)
    start = builder.last
    builder.node("GlobalAveragePool").codes(0.0217, -20).qconv(16, 1).codes(0.0311).node("Sigmoid")
    return builder.codes(1 / 256, -128).node("Mul", inputs=[start, builder.last]).codes(0.0311, -20)


NETWORKS: dict[str, tuple[tuple[int, ...], Callable[[Builder], Builder]]] = {
    "moves": ((8, 6, 6), moves),
    "decoder": ((5, 6, 8), decoder),
    "averages": ((5, 8, 8), averages),
    "stacks": ((8, 36, 60), stacks),
    "long_lines": ((8, 34, 41), long_lines),
    "pointwise": ((20, 6, 7), pointwise),
    "quantised": ((8, 8, 8), quantised),
    "requantised": ((8, 5, 6), requantised),
    "gated": ((8, 5, 6), gated),
    "lines_nobody_reads": ((16, 16, 16), lambda b: b.conv(8, (1, 1), strides=[4, 4])),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_on_rtl(name: str, tmp_path: Path) -> None:
    shape, build = NETWORKS[name]
    images = floats(shape, 3)
    path = build(QdqBuilder(shape, seed=8)).save(tmp_path / "m.onnx")
    network = compile_model(path, images, CompileOptions(strict=True))
    run = verify_network(network, images, np.zeros(3, int), rtl.Simulation(seed=1))
    assert run.passed, run.first_mismatch or run.failures
    assert run.tensors_compared == 3 * sum(len(layer.completes) for layer in network.layers)
