"""Compiled programs on the golden Device against an independent integer oracle, tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparison import compile_and_compare, floats, pixels
from onnx_builder import Builder, small_network

from cocodla.compiler import CompileOptions, Network, compile_model, quantise_model
from cocodla.compiler.quantize import QuantisedConv
from cocodla.formats import bytes_to_tensor
from cocodla.nets import oracle


def pooled_average(builder: Builder) -> Builder:
    return builder.node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])


def parallel(builder: Builder, *kernels: int) -> list[str]:
    """Several 1x1 convolutions of the last tensor, each with a ReLU: the names of their outputs."""
    start, channels, names = builder.last, builder.channels, []
    for count in kernels:
        builder.last, builder.channels = start, channels
        builder.conv(count, (1, 1)).node("Relu")
        names.append(builder.last)
    return names


def two_tensors(builder: Builder, operation: str, *activation: str) -> Builder:
    """Operation on two convolutions of very different size."""
    start, channels = builder.last, builder.channels
    builder.conv(11, (3, 3)).node("Mul", builder.constant(np.float32(0.2)))
    first = builder.last
    builder.last, builder.channels = start, channels
    builder.conv(11, (3, 3)).node(operation, inputs=[first, builder.last + "b"])
    builder.nodes[-2].output[0] += "b"
    for kind in activation:
        builder.node(kind)
    return builder


def joined(builder: Builder, kernels: tuple[int, ...], behind: bool = True) -> Builder:
    """Concat of parallel convolutions, read by pooling and a convolution."""
    builder.node("Concat", inputs=parallel(builder, *kernels), axis=1)
    builder.channels = sum(kernels)
    return builder.node("MaxPool", kernel_shape=[2, 2]).conv(5, (1, 1)) if behind else builder


def gated(builder: Builder) -> Builder:
    """Squeeze and excitation: a tensor times one value per channel."""
    start = builder.conv(16, (3, 3)).node("Relu").last
    builder.node("GlobalAveragePool").conv(16, (1, 1)).node("HardSigmoid", alpha=0.3)
    return builder.node("Mul", inputs=[builder.last, start])


def residual(builder: Builder, *activation: str) -> Builder:
    """x + conv(relu(conv(x))), the two summands of very different size."""
    start, channels = builder.last, builder.channels
    builder.conv(16, (3, 3), pads=[1, 1, 1, 1]).node("Relu").node("Mul", builder.constant(np.float32(7)))
    builder.conv(channels, (1, 1))
    builder.node("Add", inputs=[start, builder.last])
    for kind in activation:
        builder.node(kind)
    return builder


CASES: dict[str, tuple[tuple[int, ...], Callable[[Builder], object]]] = {
    "image1_pad": ((1, 13, 11), lambda b: b.conv(5, (5, 3), pads=[2, 1, 2, 1]).node("Relu")),
    "image3_stride": ((3, 12, 17), lambda b: b.conv(9, (3, 3), strides=[2, 3], pads=[1, 1, 1, 1])),
    "image4": ((4, 9, 10), lambda b: b.conv(8, (2, 5)).node("Relu")),
    "image1_asymmetric_pad": ((1, 10, 10), lambda b: b.conv(3, (4, 4), pads=[0, 3, 2, 1])),
    "cube_pad_stride": ((11, 9, 8), lambda b: b.conv(7, (3, 3), pads=[1, 1, 1, 1], strides=[2, 1])),
    "cube_dilation": ((9, 13, 12), lambda b: b.conv(17, (3, 2), dilations=[3, 2], pads=[3, 2, 0, 1])),
    "cube_1x1": ((16, 5, 7), lambda b: b.conv(25, (1, 1), bias=False).node("Relu")),
    "depthwise": ((12, 8, 8), lambda b: b.conv(12, (3, 3), group=12).node("Relu").conv(6, (1, 1))),
    "groups": ((12, 8, 8), lambda b: b.conv(20, (3, 3), group=4)),
    "image_dilation_is_a_cube": ((1, 12, 12), lambda b: b.conv(4, (3, 3), dilations=[2, 2])),
    "groups_of_surfaces": ((32, 9, 9), lambda b: b.conv(48, (3, 3), group=2, pads=[1, 1, 1, 1]).conv(8, (1, 1))),
    "depthwise_layers": (
        (64, 20, 20),
        lambda b: b.conv(64, (1, 1)).conv(64, (3, 3), group=64, pads=[1, 1, 1, 1], strides=[2, 2]).node("Relu"),
    ),
    "row_bands": ((64, 64, 64), lambda b: b.conv(9, (3, 3), pads=[1, 2, 3, 1]).node("Relu")),
    "row_bands_stride_dilation": ((64, 64, 66), lambda b: b.conv(9, (3, 2), strides=[3, 2], dilations=[4, 2])),
    "image_row_bands": ((3, 230, 224), lambda b: b.conv(9, (7, 7), strides=[4, 4], pads=[3, 3, 2, 4])),
    "row_bands_pool": (
        (64, 45, 64),
        lambda b: b.conv(8, (3, 3), pads=[1, 1, 1, 1]).node(
            "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
        ),
    ),
    "column_bands": ((256, 5, 350), lambda b: b.conv(8, (3, 5), pads=[1, 3, 1, 2], strides=[1, 2])),
    "leaky": ((8, 7, 7), lambda b: b.conv(8, (3, 3)).node("LeakyRelu", alpha=0.1)),
    "relu6": (
        (8, 7, 7),
        lambda b: b.conv(8, (3, 3)).node("Clip", b.constant(np.float32(0)), b.constant(np.float32(1))),
    ),
    "max_pool_pad": (
        (8, 11, 11),
        lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    ),
    "max_pool_floor": ((8, 12, 13), lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[3, 3], strides=[3, 3])),
    "max_pool_ceil": (
        (8, 12, 13),
        lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[3, 3], strides=[3, 3], ceil_mode=1),
    ),
    "pool_then_relu": ((8, 8, 8), lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[2, 2]).node("Relu")),
    "average_pool": ((8, 10, 10), lambda b: pooled_average(b.conv(8, (3, 3)).node("Relu"))),
    "average_pool_pad": (
        (8, 10, 10),
        lambda b: b.conv(8, (3, 3)).node(
            "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1
        ),
    ),
    "global_average": ((8, 9, 9), lambda b: b.conv(10, (3, 3)).node("GlobalAveragePool").gemm(10, 4)),
    "pools_alone": (
        (10, 15, 15),
        lambda b: b.node("MaxPool", kernel_shape=[3, 2], strides=[2, 2]).node(
            "AveragePool", kernel_shape=[2, 3], strides=[2, 2]
        ),
    ),
    "wide_pool_off_the_fly": (
        (8, 6, 20),
        lambda b: b.conv(8, (1, 1)).node("MaxPool", kernel_shape=[6, 1], strides=[1, 1]),
    ),
    "three_strips": (
        (9, 7, 45),
        lambda b: b.node("MaxPool", kernel_shape=[5, 3], strides=[1, 1], pads=[2, 1, 2, 1]),
    ),
    "strips_with_gaps": ((4, 5, 300), lambda b: b.node("MaxPool", kernel_shape=[2, 2], strides=[2, 1])),
    "average_4x4": ((16, 12, 12), lambda b: b.node("AveragePool", kernel_shape=[4, 4], strides=[3, 4])),
    "average_global_large": ((24, 13, 14), lambda b: b.conv(24, (1, 1)).node("GlobalAveragePool")),
    "max_13x13": (
        (8, 16, 15),
        lambda b: b.node("MaxPool", kernel_shape=[13, 13], strides=[1, 1], pads=[6, 6, 6, 6]),
    ),
    "max_global_large": ((8, 19, 14), lambda b: b.node("GlobalMaxPool")),
    "max_9x3": ((8, 20, 17), lambda b: b.node("MaxPool", kernel_shape=[9, 3], strides=[3, 2])),
    "reduction_too_large": ((520, 7, 7), lambda b: b.gemm(520 * 49, 12).node("Relu")),
    "fully_connected": ((40,), lambda b: b.gemm(40, 30).node("Relu").gemm(30, 13)),
    "image_fully_connected": ((1, 14, 14), lambda b: b.gemm(196, 24).node("Relu").gemm(24, 10)),
    "flatten_relu_dense": ((8, 4, 4), lambda b: b.conv(9, (3, 3)).node("Flatten").node("Relu").gemm(36, 5)),
    "orphans": ((8, 6, 6), lambda b: b.node("Relu").node("MaxPool", kernel_shape=[2, 2]).node("Relu")),
    "two_relus": ((8, 6, 6), lambda b: b.conv(8, (3, 3)).node("LeakyRelu", alpha=0.25).node("Relu")),
    "residual": ((8, 6, 6), lambda b: residual(b, "Relu")),
    "residual_without_activation": ((8, 6, 6), lambda b: residual(b)),
    "residual_leaky": ((8, 6, 6), lambda b: residual(b, "LeakyRelu")),
    "sum_of_input_and_itself": ((8, 6, 6), lambda b: b.node("Add", "image").node("Relu").conv(9, (2, 2))),
    "sum_of_vectors": ((5, 6, 7), lambda b: residual(b.node("GlobalMaxPool"), "Relu")),
    "concat_in_place": ((8, 6, 6), lambda b: joined(b, (16, 8, 13))),
    "concat_output": ((8, 6, 6), lambda b: joined(b, (8, 8), behind=False)),
    "concat_unaligned": ((8, 6, 6), lambda b: joined(b, (5, 16, 7))),
    "concat_twice": (
        (8, 6, 6),
        lambda b: joined(b, (8, 8), behind=False).node("Concat", inputs=["t4", "t1", "image"], axis=1).node("Relu"),
    ),
    "slice": (
        (32, 6, 6),
        lambda b: b.node("Slice", *(b.constant(np.array([v])) for v in (8, 24, 1))).node("Relu"),
    ),
    "slice_of_one_column": (
        (16, 1, 12),
        lambda b: b.node("Slice", *(b.constant(np.array([v])) for v in (7, 8, 3))).conv(5, (1, 1)),
    ),
    "prelu": ((8, 6, 6), lambda b: b.conv(9, (3, 3)).node("PRelu", b.constant(b.floats(9, 1, 1)))),
    "prelu_alone": (
        (8, 6, 6),
        lambda b: b.node("PRelu", b.constant(b.floats(8, 1, 1))).node("MaxPool", kernel_shape=[2, 2]),
    ),
    "leaky_above_one": ((8, 7, 7), lambda b: b.conv(8, (3, 3)).node("LeakyRelu", alpha=1.5)),
    "product": ((8, 6, 6), lambda b: two_tensors(b, "Mul")),
    "product_relu": ((8, 6, 6), lambda b: two_tensors(b, "Mul", "Relu")),
    "difference": ((8, 6, 6), lambda b: two_tensors(b, "Sub", "Relu")),
    "larger": ((8, 6, 6), lambda b: two_tensors(b, "Max")),
    "smaller": ((8, 6, 6), lambda b: two_tensors(b, "Min")),
    "gate": ((8, 6, 6), gated),
    "space_to_depth": ((5, 6, 8), lambda b: b.node("SpaceToDepth", blocksize=2)),
    "focus": (
        (6, 8, 8),
        lambda b: b.node("Slice", *(b.constant(np.array(v)) for v in ([1, 1], [8, 7], [2, 3], [2, 1]))),
    ),
    "lrn": ((21, 6, 7), lambda b: b.conv(21, (3, 3)).node("Relu").node("LRN", size=5, alpha=0.5)),
    "lrn_of_input": ((8, 5, 9), lambda b: b.node("LRN", size=3, alpha=2.0, beta=0.5, bias=2.0).conv(8, (1, 1))),
    "lrn_few_channels": ((3, 5, 5), lambda b: b.node("LRN", size=9, alpha=20.0)),
    "lrn_twice": (
        (16, 7, 7),
        lambda b: b.node("LRN", size=7, alpha=3.0).node("LRN", size=3, alpha=1.0, beta=1.0).conv(4, (1, 1)),
    ),
    "lrn_in_concat": (
        (16, 6, 6),
        lambda b: b.node("LRN", size=5, alpha=1.0).node("Concat", inputs=["t0", "image"], axis=1),
    ),
    "pad_node": (
        (8, 6, 6),
        lambda b: b.node("Pad", b.constant(np.array([0, 0, 2, 1, 0, 0, 1, 3]))).conv(8, (3, 3)).node("Relu"),
    ),
}


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
    _, quantised = quantise_model(path, images)
    layer = quantised.layers[-1]
    assert isinstance(layer, QuantisedConv) and layer.has_summand
    tensors = oracle.run(quantised, bytes_to_tensor(network.input_bytes(images), network.tensors["image"].layout))
    value, summand = (tensors[name] for name in layer.sources)
    ratio = layer.scales / layer.out.scale
    exact = oracle.accumulate(value, layer) * ratio[:, None, None] + layer.exact_bias[:, None, None]
    exact = exact + quantised.tensors[layer.sources[1]].dequantise(summand).astype(np.float64) / layer.out.scale
    if layer.relu:
        exact = np.maximum(exact, 0)
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
    _, quantised = quantise_model(path, images)
    layer = quantised.layers[0]
    assert isinstance(layer, QuantisedConv)
    source = network.tensors[network.input.tensor]
    codes = images if source.form == "pixels" else bytes_to_tensor(network.input_bytes(images), source.layout)
    difference = np.abs(oracle.convolve(codes, layer) - oracle.ideal(codes, layer))
    assert difference.max() <= 1
    assert (difference != 0).mean() <= 0.002
