"""Networks with layers beyond the convolution buffer, and other common shapes of networks, on the golden model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from cocodla import datasets
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.golden.run import run
from cocodla.nets.builder import Builder
from cocodla.nets.styles import mobile, squeeze, vgg
from cocodla.nets.yolo import KERNELS, parameters, tiny_yolo

YOLO = datasets.shared_folder() / "models" / "tiny_yolo_v2_voc"
needs_yolo = pytest.mark.skipif(not YOLO.is_dir(), reason="skipped: no ../shared")


def signal_to_noise(network: Network, path: Path, images: np.ndarray) -> float:
    """dB of the golden outputs against the original model in float; `images` are its inputs."""
    model = onnx.load(path)
    name = model.graph.output[0].name
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    exact = outputs_of(model, [name], images)[name]
    return float(10 * np.log10((exact**2).sum() / ((exact - network.golden_batch(images)) ** 2).sum()))


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


@needs_yolo
@pytest.mark.parametrize("size", [96, 416])
def test_tiny_yolo(size: int, tmp_path: Path) -> None:
    path = tiny_yolo(YOLO, size).save(tmp_path / "yolo.onnx")
    images = np.random.default_rng(1).integers(0, 256, (1, 3, size, size), dtype=np.uint8)
    network = compile_model(path, images, CompileOptions(pixel_scale=1 / 255, strict=True, images_in_flight=1))
    assert network.tensors[network.input.tensor].form == "pixels"
    assert len({layer.target for layer in network.layers}) <= 15
    assert network.outputs[0].shape == (125, size // 32, size // 32)
    assert signal_to_noise(network, path, images / np.float32(255)) > 15


@needs_yolo
def test_tiny_yolo_parameters_are_read_in_their_order() -> None:
    """On a photograph the convolutions have the channel means that are stored beside their weights."""
    picture = np.asarray(Image.open(YOLO / "dog416.png").convert("RGB"), np.float32).transpose(2, 0, 1)[None] / 255
    model = tiny_yolo(YOLO, 416).model()
    names = [node.output[0] for node in model.graph.node if node.op_type == "Conv"][:3]
    found = outputs_of(model, names, picture)
    for number, name in enumerate(names, start=1):
        channels = 3 if number == 1 else KERNELS[number - 2]
        stored = parameters(YOLO, number, (KERNELS[number - 1], channels, 3, 3))["mean"]
        assert np.corrcoef(found[name].mean((0, 2, 3)), stored)[0, 1] > 0.97, name
