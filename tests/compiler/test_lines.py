"""Networks of one axis (N x C x L): images of one row for the accelerator, lines for their user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from comparison import floats
from onnx_builder import Builder
from qdq_builder import QdqBuilder
from test_qdq import reference

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.golden.run import run


def line_conv(b: Builder, kernels: int, size: int, **attributes: object) -> Builder:
    weight = b.floats(kernels, b.channels, size, scale=1.5 / np.sqrt(b.channels * size))
    b.channels = kernels
    return b.node("Conv", b.constant(weight), b.constant(b.floats(kernels, scale=0.2)), **attributes)


def line_gemm(b: Builder, inputs: int, outputs: int) -> Builder:
    weight = b.constant(b.floats(outputs, inputs, scale=1.5 / np.sqrt(inputs)))
    return b.node("Gemm", weight, b.constant(b.floats(outputs, scale=0.2)), transB=1)


def classifier(b: Builder) -> Builder:
    line_conv(b, 16, 5, pads=[2, 2], strides=[2]).node("Relu").node("MaxPool", kernel_shape=[3], strides=[2])
    line_conv(b, 24, 3, auto_pad="SAME_UPPER").node("Sigmoid").node("GlobalAveragePool")
    return line_gemm(b.node("Flatten"), 24, 5)


def causal(b: Builder) -> Builder:
    """Padding in front, a residual, a mean over the line without its axis."""
    start = b.last
    b.node("Pad", b.constant(np.array([0, 0, 4, 0, 0, 0])))
    line_conv(b, 8, 3, dilations=[2]).node("Relu").node("Add", inputs=[b.last, start])
    return line_gemm(b.node("ReduceMean", axes=[-1], keepdims=0), 8, 3)


def bottleneck(b: Builder) -> Builder:
    """Down and up again, joined; constants with axes of their own."""
    start = b.node("Mul", b.constant(b.floats(8, 1))).last
    line_conv(b, 16, 4, strides=[2], pads=[1, 1]).node("PRelu", b.constant(b.floats(16, 1)))
    b.node("ConvTranspose", b.constant(b.floats(16, 8, 4, scale=0.2)), strides=[2], pads=[1, 1])
    b.node("Concat", inputs=[b.last, start], axis=1)
    b.channels = 16
    return line_conv(b, 5, 1)


def dense(b: Builder) -> Builder:
    line_conv(b, 8, 3).node("Reshape", b.constant(np.array([0, -1])))
    return line_gemm(b, 8 * 30, 7)


def squeezed(b: Builder) -> Builder:
    line_conv(b, 8, 32).node("AveragePool", kernel_shape=[1])
    b.node("Squeeze", axes=[2]) if b.opset < 13 else b.node("Squeeze", b.constant(np.array([2])))
    return line_gemm(b, 8, 7)


NETWORKS: dict[str, Callable[[Builder], Builder]] = {
    "classifier": classifier, "causal": causal, "bottleneck": bottleneck, "dense": dense, "squeezed": squeezed,
    "input": lambda b: b.node("Tanh"), "all_of_two_axes": lambda b: line_conv(b, 8, 3).node("GlobalMaxPool"),
}  # fmt: skip


def agrees(network: Network, path: Path, images: np.ndarray) -> None:
    wanted, got = reference(path, images), network.golden_batch(images)
    assert got.shape == wanted.shape
    assert 10 * np.log10((wanted**2).sum() / ((got - wanted) ** 2).sum()) > 25


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_whole_network_on_the_accelerator(name: str, opset: int, tmp_path: Path) -> None:
    """axes are attributes, inputs of some, or of all operators."""
    builder = NETWORKS[name](Builder((8, 32), 3, opset=min(opset, 13)))
    path, images = tmp_path / "m.onnx", floats((8, 32), 12)
    onnx.save(onnx.version_converter.convert_version(builder.model(), opset), path)
    network = compile_model(path, images, CompileOptions(strict=True))
    assert network.input.shape == (8, 32)
    agrees(network, path, images)
    assert run(network.program(images[:2])).passed


def test_what_has_no_image_runs_on_the_host(tmp_path: Path) -> None:
    """A transposition in the middle: the convolutions around it are layers all the same."""
    builder = line_conv(Builder((8, 32), 3), 16, 3).node("Relu").node("Transpose", perm=[0, 2, 1])
    builder.channels = 30
    path, images = line_conv(builder, 4, 3).save(tmp_path / "m.onnx"), floats((8, 32), 12)
    network = compile_model(path, images)
    assert [layer.operation for layer in network.layers] == ["conv1x3+relu", "conv1x3"]
    agrees(network, path, images)


def test_lines_inside_of_a_network_of_images(tmp_path: Path) -> None:
    """The gate of efficient channel attention: a convolution over the channels."""
    builder = Builder((8, 6, 6), 3).conv(16, (3, 3)).node("Relu")
    start = builder.last
    builder.node("GlobalAveragePool").node("Squeeze", builder.constant(np.array([3])))
    builder.node("Transpose", perm=[0, 2, 1])
    builder.node("Conv", builder.constant(builder.floats(1, 1, 3)), pads=[1, 1]).node("Transpose", perm=[0, 2, 1])
    builder.node("Unsqueeze", builder.constant(np.array([3]))).node("Sigmoid")
    path, images = builder.node("Mul", inputs=[start, builder.last]).save(tmp_path / "m.onnx"), floats((8, 6, 6), 12)
    agrees(compile_model(path, images), path, images)


def test_codes_of_the_model(tmp_path: Path) -> None:
    builder = QdqBuilder((8, 16), 5).codes(0.04, 128, np.uint8)
    weight = builder.weights(16, 8, 3)
    builder.node("Conv", weight, builder.constant(builder.floats(16, scale=0.3)), pads=[1, 1]).node("Relu")
    builder.codes(0.05, 0, np.uint8).node("MaxPool", kernel_shape=[2], strides=[2]).codes(0.05, 0, np.uint8)
    path, images = builder.save(tmp_path / "m.onnx"), floats((8, 16), 8)
    network = compile_model(path, None, CompileOptions(strict=True))
    steps = np.rint((network.golden_batch(images) - reference(path, images)) / 0.05)
    assert np.abs(steps).max() <= 1 and (steps != 0).mean() < 0.002
