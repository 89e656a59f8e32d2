"""Real networks: int8 accuracy on MNIST against float, and that what is compiled is what was meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from cocodla import datasets, zoo
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.golden.run import run

SHARED = datasets.shared_folder()
needs_shared = pytest.mark.skipif(not (SHARED / "data" / "mnist").is_dir(), reason="skipped: no ../shared")

BY_OTHERS = {
    "mnist_cntk": (1.0, ["conv5x5+relu+maxpool2x2", "conv5x5+relu+maxpool3x3", "fc10"]),
    "lenet_caffe": (1 / 256, ["conv5x5+maxpool2x2", "conv5x5+maxpool2x2", "fc500+relu", "fc10"]),
}


def float_outputs(path: Path, pictures: np.ndarray, scale: float) -> np.ndarray:
    """Outputs of the original model, one image at a time (some models have batch 1)."""
    session = onnxruntime.InferenceSession(str(path))
    name = session.get_inputs()[0].name
    rows = [session.run(None, {name: picture[None].astype(np.float32) * np.float32(scale)})[0] for picture in pictures]
    return np.concatenate(rows)


def percent_right(outputs: np.ndarray, labels: np.ndarray) -> float:
    return 100 * float((outputs.argmax(1) == labels).mean())


def assert_as_accurate_as_float(network: Network, path: Path, scale: float, allowed: float) -> float:
    """Accuracy on the 10,000 test pictures; at most `allowed` points below the float model."""
    pictures, labels = datasets.mnist("t10k")
    exact = percent_right(float_outputs(path, pictures, scale), labels)
    ours = percent_right(network.golden_batch(pictures), labels)
    assert ours >= exact - allowed
    return ours


def test_lenet5_layers() -> None:
    network = zoo.lenet5()
    assert [layer.operation for layer in network.layers] == [
        "conv5x5+relu+maxpool2x2", "conv5x5+relu+maxpool2x2", "fc120+relu", "fc84+relu", "fc10",
    ]  # fmt: skip
    assert network.tensors[network.input.tensor].form == "pixels"
    assert sum(layer.macs for layer in network.layers) == 28 * 28 * 25 * 6 + 100 * 25 * 96 + 48000 + 10080 + 840
    assert network.bound <= 16_500
    assert len({layer.registers["CDMA.D_BANK"] for layer in network.layers}) == 1


def test_lenet5_reads_digits_without_mnist() -> None:
    pictures, labels = datasets.sklearn_digits()
    assert percent_right(zoo.lenet5().golden_batch(pictures[500:1000]), labels[500:1000]) > 85


@needs_shared
def test_lenet5_accuracy() -> None:
    path = zoo.FOLDER / "lenet5.onnx"
    assert assert_as_accurate_as_float(zoo.lenet5(), path, 1 / 255, allowed=0.1) >= 98.8


@needs_shared
@pytest.mark.parametrize("name", BY_OTHERS)
def test_networks_of_others(name: str) -> None:
    scale, operations = BY_OTHERS[name]
    path = SHARED / "models" / f"{name}.onnx"
    pictures, _ = datasets.mnist("train")
    options = CompileOptions(pixel_scale=scale)
    network = compile_model(path, pictures[:500], options)
    assert [layer.operation for layer in network.layers] == operations
    assert_as_accurate_as_float(network, path, scale, allowed=0.1)


CIFAR_NETWORKS = {
    "resnet18_cifar10": (np.ones(3), -np.array([125.3, 123.0, 113.9])),
    "resnet20_cifar10": (
        1 / 255 / np.array([0.229, 0.224, 0.225]),
        -np.array([0.485, 0.456, 0.406]) / np.array([0.229, 0.224, 0.225]),
    ),
}


@needs_shared
@pytest.mark.parametrize("name", CIFAR_NETWORKS)
def test_residual_networks(name: str) -> None:
    """RGB input with a mean per channel, BatchNorm as Mul and Add, residual sums, global average pooling."""
    scale, offset = CIFAR_NETWORKS[name]
    data = np.fromfile(SHARED / "data" / "cifar10" / "test_subset.bin", np.uint8).reshape(-1, 3073)
    labels, pictures = data[:, 0], data[:, 1:].reshape(-1, 3, 32, 32)
    path = SHARED / "models" / f"{name}.onnx"
    network = compile_model(path, pictures[:32], CompileOptions(pixel_scale=scale, pixel_offset=offset))
    assert network.tensors[network.input.tensor].form == "pixels"
    inputs = pictures * scale[:, None, None] + offset[:, None, None]
    exact = float_outputs(path, inputs, 1.0).reshape(len(labels), -1)
    ours = network.golden_batch(pictures).reshape(len(labels), -1)
    assert percent_right(ours, labels) >= percent_right(exact, labels) - 1.0
    assert (ours.argmax(1) == exact.argmax(1)).mean() > 0.97


@pytest.mark.parametrize("image_mode", [True, False])
def test_image_fetch_and_cube_fetch_agree(image_mode: bool) -> None:
    """A pixel input and a cube input are two ways to the same result, up to the input's resolution."""
    pictures, _ = datasets.sklearn_digits()
    path = zoo.FOLDER / "lenet5.onnx"
    network = compile_model(path, pictures[:200], CompileOptions(pixel_scale=1 / 255, image_mode=image_mode))
    assert (network.tensors[network.input.tensor].form == "pixels") == image_mode
    exact = float_outputs(path, pictures[:200], 1 / 255)
    error = network.golden_batch(pictures[:200]) - exact
    assert 10 * np.log10((exact**2).sum() / (error**2).sum()) > 30


@needs_shared
def test_single_images_on_the_device_equal_the_batch() -> None:
    network = zoo.lenet5()
    pictures, _ = datasets.mnist("t10k")
    execution = run(network.program(pictures[:20]))
    assert execution.passed
    np.testing.assert_array_equal(network.decode(execution, 20), network.golden_batch(pictures[:20]))
