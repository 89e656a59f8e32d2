"""Compiled programs on the golden Device against an independent integer oracle, tensor by tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import CASES
from comparison import compile_and_compare, floats, pixels
from onnx_builder import Builder, small_network

from cocodla.compiler import CompileOptions, Network, compile_model, compile_whole
from cocodla.compiler.quantisation.layers import QuantisedConv
from cocodla.formats import bytes_to_tensor
from cocodla.nets import oracle


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_single_layers(case: str, asymmetric: bool, tmp_path: Path) -> None:
    shape, build = CASES[case]
    builder = Builder(shape, seed=3)
    build(builder)
    images = pixels(shape) if case.startswith("image") else floats(shape)
    options = CompileOptions(asymmetric=asymmetric, pixel_scale=1 / 255 if case.startswith("image") else None)
    compile_and_compare(builder.save(tmp_path / "m.onnx"), images, options)


@pytest.mark.parametrize("case", ["residual", "residual_without_activation"])
def test_residual_add_is_nearly_ideal(case: str, tmp_path: Path) -> None:
    """Given int8 inputs and weights at most 0.8 % of sums differ from ideal rounding, never by more than 1."""
    shape, build = CASES[case]
    builder = Builder(shape, seed=4)
    build(builder)
    images = floats(shape, 40)
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, images)
    quantised = compile_whole(path, images).quantised
    layer = quantised.layers[-1]
    assert isinstance(layer, QuantisedConv) and layer.has_summand
    tensors = oracle.run(quantised, bytes_to_tensor(network.input_bytes(images), network.tensors["image"].layout))
    value, summand = (tensors[name] for name in layer.sources)
    ratio = layer.scales / layer.out.scale
    exact = oracle.accumulate(value, layer) * ratio[:, None, None] + layer.exact_bias[:, None, None]
    exact = exact + quantised.tensors[layer.sources[1]].dequantise(summand).astype(np.float64) / layer.out.scale
    if layer.relu:
        exact = np.maximum(exact, 0)
    exact = exact + layer.out.zero
    ideal = np.clip(np.sign(exact) * np.floor(np.abs(exact) + 0.5), -128, 127)
    difference = np.abs(tensors[layer.target] - ideal)
    assert difference.max() <= 1
    assert (difference != 0).mean() <= 0.008


@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("in_flight", [1, 2])
def test_small_network(reuse: bool, in_flight: int, tmp_path: Path) -> None:
    path = small_network().save(tmp_path / "m.onnx")
    options = CompileOptions(pixel_scale=1 / 255, reuse_memory=reuse, images_in_flight=in_flight)
    network = compile_and_compare(path, pixels((1, 12, 12), 5), options)
    assert [layer.operation for layer in network.layers] == [
        "conv3x3+relu+maxpool2x2", "conv3x3+relu+maxpool2x2", "fc9+relu", "fc4",
    ]  # fmt: skip


@pytest.mark.parametrize("in_flight", [1, 2])
def test_one_layer_never_overwrites_its_running_input(in_flight: int, tmp_path: Path) -> None:
    path = Builder((1, 8, 8)).conv(3, (3, 3)).save(tmp_path / "m.onnx")
    compile_and_compare(path, pixels((1, 8, 8), 4), CompileOptions(images_in_flight=in_flight))


@pytest.mark.parametrize("means", [(0.0, 0.0, 0.0), (125.3, 123.0, 113.9), (0.0, 60.0, 250.0)])
@pytest.mark.parametrize("padding", [0, 1])
def test_rgb_preprocessing_is_folded_into_the_converter(means: tuple[float, ...], padding: int, tmp_path: Path) -> None:
    """Sub and Div of the image by constants leave one layer, and int8 stays close to float."""
    builder = Builder((3, 10, 10), seed=5)
    builder.node("Sub", builder.constant(np.array(means, np.float32).reshape(1, 3, 1, 1)))
    builder.node("Div", builder.constant(np.array([58.0, 57.0, 59.0], np.float32).reshape(3, 1, 1)))
    path = builder.conv(8, (3, 3), pads=[padding] * 4).save(tmp_path / "m.onnx")
    images = pixels((3, 10, 10), 8)
    network = compile_and_compare(path, images, CompileOptions(pixel_scale=1.0))
    assert len(network.layers) == 1
    assert network.tensors["image"].form == "pixels"
    assert signal_to_noise(network, path, images) > 32


def signal_to_noise(network: Network, path: Path, images: np.ndarray) -> float:
    """dB of the golden outputs against the original model in float."""
    import onnx

    from cocodla.compiler.original import outputs_of

    model = onnx.load(path)
    name = model.graph.output[0].name
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    exact = outputs_of(model, [name], images.astype(np.float32))[name]
    got = network.golden_batch(images)
    return float(10 * np.log10((exact**2).sum() / ((exact - got) ** 2).sum()))


@pytest.mark.parametrize(
    "case", ["image1_pad", "image3_stride", "cube_pad_stride", "cube_1x1", "leaky", "fully_connected"]
)
def test_requantisation_is_nearly_ideal(case: str, tmp_path: Path) -> None:
    """Given int8 inputs and weights, at most 0.2 % of outputs differ from ideal rounding, never by more than 1."""
    shape, build = CASES[case]
    builder = Builder(shape, seed=11)
    build(builder)
    images = pixels(shape, 40) if case.startswith("image") else floats(shape, 40)
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, images)
    quantised = compile_whole(path, images).quantised
    layer = quantised.layers[0]
    assert isinstance(layer, QuantisedConv)
    source = network.tensors[network.input.tensor]
    codes = images if source.form == "pixels" else bytes_to_tensor(network.input_bytes(images), source.layout)
    difference = np.abs(oracle.convolve(codes, layer) - oracle.ideal(codes, layer))
    assert difference.max() <= 1
    assert (difference != 0).mean() <= 0.002
