"""Integer arithmetic against ideal rounding of the exact result, given int8 inputs and weights, on real networks.

Bounds of the project: convolution, fully connected and average pooling at most 0.2 % of the outputs differ, sums of
two tensors 0.8 %, and never by more than 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx_builder import Builder

from cocodla import datasets, zoo
from cocodla.compiler import CompileOptions, compile_model
from cocodla.golden.run import run
from cocodla.runtime.diverge import allowed, search
from cocodla.runtime.quality import LayerQuality, Study, measure_quality

SHARED = datasets.shared_folder()
needs_shared = pytest.mark.skipif(not (SHARED / "models").is_dir(), reason="skipped: no ../shared")

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CIFAR = {
    "resnet18_cifar10": (np.ones(3), -np.array([125.3, 123.0, 113.9])),
    "resnet20_cifar10": (1 / 255 / STD, -MEAN / STD),
}
DIGITS = {"mnist_cntk": 1.0, "lenet_caffe": 1 / 256}


def check(layers: list[LayerQuality]) -> None:
    for layer in layers:
        bound = allowed(layer.operation)
        assert layer.distance <= 1, f"{layer.name}: an output is {layer.distance} codes from ideal rounding"
        assert layer.outputs > 1000 or layer.wrong <= 2, f"{layer.name}: {layer.wrong} of {layer.outputs} differ"
        assert layer.outputs <= 1000 or layer.differing <= bound, f"{layer.name}: {layer.differing:.3%} differ"


def cifar() -> tuple[np.ndarray, np.ndarray]:
    """The 206 pictures (N, 3, 32, 32) and their labels."""
    data = np.fromfile(SHARED / "data" / "cifar10" / "test_subset.bin", np.uint8).reshape(-1, 3073)
    return data[:, 1:].reshape(-1, 3, 32, 32), data[:, 0]


def test_lenet5() -> None:
    pictures, _ = datasets.sklearn_digits()
    study = Study.of(zoo.FOLDER / "lenet5.onnx", pictures[:200], CompileOptions(pixel_scale=1 / 255))
    check(measure_quality(study, pictures[200:500]))


@needs_shared
@pytest.mark.parametrize("name", DIGITS)
def test_digit_networks(name: str) -> None:
    pictures, _ = datasets.mnist("t10k")
    study = Study.of(SHARED / "models" / f"{name}.onnx", pictures[:200], CompileOptions(pixel_scale=DIGITS[name]))
    check(measure_quality(study, pictures[200:400]))


@needs_shared
@pytest.mark.parametrize("name", CIFAR)
def test_residual_networks(name: str) -> None:
    """Also: every stage from ONNX to golden model agrees with the one before it."""
    scale, offset = CIFAR[name]
    pictures, _ = cifar()
    path = SHARED / "models" / f"{name}.onnx"
    study = Study.of(path, pictures[:32], CompileOptions(pixel_scale=scale, pixel_offset=offset))
    found = search(study, path, pictures[32:64], 20.0)
    check([layer for layer, _ in found.layers])
    assert found.first is None, found.first


@needs_shared
@pytest.mark.parametrize("extra", [
    {}, {"calibrator": "entropy"}, {"calibrator": "mse"},
    {"equalise": True, "bias_correction": True, "asymmetric": True},
])  # fmt: skip
@pytest.mark.parametrize("name", CIFAR)
def test_accuracy_of_residual_networks(name: str, extra: dict[str, object]) -> None:
    """At most 1 point below float on 206 pictures, whatever chooses the scales."""
    scale, offset = CIFAR[name]
    pictures, labels = cifar()
    path = SHARED / "models" / f"{name}.onnx"
    options = CompileOptions(pixel_scale=scale, pixel_offset=offset, **extra)  # type: ignore[arg-type]
    network = compile_model(path, pictures[:32], options)
    session = onnxruntime.InferenceSession(str(path))
    inputs = (pictures * scale[:, None, None] + offset[:, None, None]).astype(np.float32)
    exact = session.run(None, {session.get_inputs()[0].name: inputs})[0].reshape(len(labels), -1)
    ours = network.golden_batch(pictures).reshape(len(labels), -1)
    assert 100 * (ours.argmax(1) == labels).mean() >= 100 * (exact.argmax(1) == labels).mean() - 1.0


@pytest.mark.parametrize("asymmetric", [True, False])
@pytest.mark.parametrize("pooled", [True, False])
def test_average_pooling_and_sums(pooled: bool, asymmetric: bool, tmp_path: Path) -> None:
    """Pooling behind a convolution and by itself, a leaky slope, and a sum of two tensors from memory."""
    seed = 2 * asymmetric + pooled
    builder = Builder((8, 16, 16), seed)
    builder.conv(16, (3, 3), pads=[1, 1, 1, 1]).node("LeakyRelu", alpha=0.1)
    left = builder.last
    builder.conv(16, (3, 3), pads=[1, 1, 1, 1]).node("Relu").node("Add", left)
    if pooled:
        builder.conv(16, (3, 3), pads=[1, 1, 1, 1])
    builder.node("AveragePool", kernel_shape=[2, 2], strides=[2, 2]).conv(8, (3, 3))
    images = np.random.default_rng(seed).normal(size=(48, 8, 16, 16)).astype(np.float32)
    study = Study.of(builder.save(tmp_path / "m.onnx"), images[:16], CompileOptions(asymmetric=asymmetric))
    layers = measure_quality(study, images[16:])
    assert any("average" in layer.operation for layer in layers) and any("add" in layer.operation for layer in layers)
    check(layers)


@pytest.mark.parametrize("asymmetric", [True, False])
@pytest.mark.parametrize("shrunk", [3, 1])
def test_biases_of_small_kernels_in_a_sum(shrunk: int, asymmetric: bool, tmp_path: Path) -> None:
    """Kernels that training has switched off keep their biases, and cost those of the others nothing."""
    builder = Builder((8, 6, 6))
    first = builder.conv(8, (3, 3), pads=[1] * 4).node("Relu").last
    weight = builder.floats(8, 8, 3, 3, scale=0.15)
    weight[::shrunk] *= np.float32(2.0**-40)
    builder.node("Conv", builder.constant(weight), builder.constant(builder.floats(8)), pads=[1] * 4)
    path = builder.node("Add", first).save(tmp_path / "m.onnx")
    images = np.random.default_rng(1).normal(size=(16, 8, 6, 6)).astype(np.float32)
    options = CompileOptions(asymmetric=asymmetric, headroom=0, bias_correction=False, adaptive_rounding=False)
    check(measure_quality(Study.of(path, images, options), images, impacts=False))


@pytest.mark.parametrize("asymmetric", [True, False])
@pytest.mark.parametrize("behind", ["Relu", "Add", "Add+Relu"])
def test_biases_of_kernels_of_very_different_scale(behind: str, asymmetric: bool, tmp_path: Path) -> None:
    """As folded batch normalisation makes them: constant channels that a bias takes back, kernels next to dead."""
    builder = Builder((16, 12, 12), 7)
    builder.conv(64, (1, 1)).node("Relu")
    left, kernels = builder.last, 64
    steady = builder.random.random(64) < 0.5
    first = builder.floats(64, 64, 1, 1, scale=0.1) * ~steady[:, None, None, None]
    builder.node("Conv", builder.constant(first), builder.constant(np.float32(5) * steady.astype(np.float32)))
    sizes = 10.0 ** builder.random.uniform(-1, 0, kernels)
    sizes[::5] = 10.0 ** builder.random.uniform(-6, -2, len(sizes[::5]))
    weight = (builder.floats(kernels, 64, 1, 1, scale=0.2) * sizes[:, None, None, None]).astype(np.float32)
    bias = builder.floats(kernels, scale=0.1) - 5 * weight[:, steady].sum((1, 2, 3))
    builder.node("Conv", builder.constant(weight), builder.constant(bias.astype(np.float32)))
    for kind in behind.split("+"):
        builder.node(kind, *([left] if kind == "Add" else []))
    images = np.random.default_rng(7).normal(size=(24, 16, 12, 12)).astype(np.float32)
    study = Study.of(builder.save(tmp_path / "m.onnx"), images[:8], CompileOptions(asymmetric=asymmetric))
    layers = measure_quality(study, images[8:], impacts=False)
    check(layers)
    assert layers[-1].own.sqnr > 28


@pytest.mark.parametrize("behind", ["", "Relu"])
def test_scales_of_very_different_channels(behind: str, tmp_path: Path) -> None:
    """Memory to memory, as a normalisation of channels of very different size: up to 33 output steps for one code."""
    builder = Builder((24, 12, 12), 5)
    factors = np.linspace(0.3, 0.6, 24, dtype=np.float32)
    factors[-2:] = 10
    weight = builder.floats(24, 24, 1, 1, scale=0.2) / factors[:, None, None, None]
    first = builder.node("Conv", builder.constant(weight)).last
    shift = builder.constant(builder.floats(24, 1, 1))
    builder.node("Mul", builder.constant(factors[:, None, None])).node("Add", shift)
    if behind:
        builder.node(behind)
    model = builder.model()
    model.graph.output.append(onnx.helper.make_tensor_value_info(first, onnx.TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "m.onnx")
    images = np.random.default_rng(5).normal(size=(32, 24, 12, 12)).astype(np.float32)
    study = Study.of(tmp_path / "m.onnx", images[:8], CompileOptions())
    layers = measure_quality(study, images[8:], impacts=False)
    check(layers)
    network = study.network
    assert network.layers[-1].operation.startswith("scale+shift")
    execution = run(network.program(images[:2]))
    found = network.decode_all(execution, 2)
    for name, value in network.golden_outputs(images[:2]).items():
        np.testing.assert_array_equal(found[name], value)
