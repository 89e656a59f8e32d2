"""Networks with layers beyond the convolution buffer, and other common shapes of networks, on the golden model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_builder import Builder

from cocodla import datasets
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.golden.run import run

YOLO = datasets.shared_folder() / "models" / "tiny_yolo_v2_voc"
needs_yolo = pytest.mark.skipif(not YOLO.is_dir(), reason="skipped: no ../shared")


def signal_to_noise(network: Network, path: Path, images: np.ndarray) -> float:
    """dB of the golden outputs against the original model in float; `images` are its inputs."""
    model = onnx.load(path)
    name = model.graph.output[0].name
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    exact = outputs_of(model, [name], images)[name]
    return float(10 * np.log10((exact**2).sum() / ((exact - network.golden_batch(images)) ** 2).sum()))


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


NETWORKS = {"vgg": (vgg, 32), "mobile": (mobile, 32), "squeeze": (squeeze, 48)}


@pytest.mark.parametrize("name", NETWORKS)
def test_style(name: str, tmp_path: Path) -> None:
    build, size = NETWORKS[name]
    path = build(Builder((3, size, size), seed=9)).save(tmp_path / "m.onnx")
    images = np.random.default_rng(4).integers(0, 256, (8, 3, size, size), dtype=np.uint8)
    network = compile_model(path, images, CompileOptions(pixel_scale=1 / 128, pixel_offset=-1, strict=True))
    assert signal_to_noise(network, path, images / np.float32(128) - 1) > 12
    execution = run(network.program(images[:2]))
    assert execution.passed
    np.testing.assert_array_equal(network.decode(execution, 2), network.golden_batch(images[:2]))


def yolo_layer(number: int, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Given parameters of a convolution, or seeded random ones where there are none."""
    path = YOLO / f"conv{number}.bin"
    kernels, count = shape[0], int(np.prod(shape))
    random = np.random.default_rng(number)
    if not path.is_file():
        weight = random.normal(size=shape).astype(np.float32) * np.float32(1.5 / np.sqrt(count / kernels))
        return {"weight": weight}
    data = np.fromfile(path, np.float32)
    found = {"weight": data[:count].reshape(shape)}
    if len(data) > count:
        names = ("mean", "variance", "gamma", "beta")
        found.update(zip(names, data[count:].reshape(4, kernels), strict=True))
    return found


def tiny_yolo(size: int) -> Builder:
    """Tiny-YOLOv2 (VOC): nine convolutions, leaky ReLU 0.1, six max poolings, the last with stride 1."""
    builder = Builder((3, size, size), seed=0, batch=1)
    for number, kernels in enumerate((16, 32, 64, 128, 256, 512, 1024, 1024, 125), start=1):
        kernel = 1 if number == 9 else 3
        found = yolo_layer(number, (kernels, builder.channels, kernel, kernel))
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


@needs_yolo
@pytest.mark.parametrize("size", [96, 416])
def test_tiny_yolo(size: int, tmp_path: Path) -> None:
    path = tiny_yolo(size).save(tmp_path / "yolo.onnx")
    images = np.random.default_rng(1).integers(0, 256, (1, 3, size, size), dtype=np.uint8)
    network = compile_model(path, images, CompileOptions(pixel_scale=1 / 255, strict=True, images_in_flight=1))
    assert network.tensors[network.input.tensor].form == "pixels"
    assert len({layer.target for layer in network.layers}) <= 15
    assert network.outputs[0].shape == (125, size // 32, size // 32)
    assert signal_to_noise(network, path, images / np.float32(255)) > 15
