"""Models that bring their own scales (QuantizeLinear, DequantizeLinear): taken as they are, or refused by name.

onnxruntime computes the models with real numbers between the roundings; the golden model must give the same codes,
but for roundings that differ by 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from qdq_builder import QdqBuilder, differences, reference

from cocodla.compiler import CompileOptions, compile_model, old_onnxruntime
from cocodla.compiler.quantisation.layers import QuantisedConv
from cocodla.errors import UserError
from cocodla.golden.run import run
from cocodla.nets import oracle
from cocodla.runtime.accuracy import golden_tensors
from cocodla.runtime.quality import Study, measure_quality


def residual(b: QdqBuilder) -> object:
    left = b.codes(0.0311, 128, np.uint8).qconv(16, 3).node("Relu").codes(0.0217, 0, np.uint8).last
    b.qconv(16, 3).codes(0.0523, 3).node("Add", left).node("Relu").codes(0.0439, -128)
    return b.qconv(8, 1).codes(0.0311, -5)


def concatenation(b: QdqBuilder) -> object:
    source = b.codes(0.0311).last
    left = b.qconv(8, 3).node("Relu").codes(0.0217, -128).last
    b.last, b.channels = source, 8
    b.qconv(16, 1).codes(0.0523, 7)
    b.node("Concat", inputs=[left, b.last, source], axis=1).codes(0.0439, 2)
    b.channels = 32
    return b.qconv(8, 3).codes(0.1013)


CASES: dict[str, Callable[[QdqBuilder], object]] = {
    "convolution": lambda b: b.codes(0.0311).qconv(12, 3).codes(0.0523),
    "unsigned": lambda b: b.codes(0.0311, 120, np.uint8).qconv(12, 3).codes(0.0523, 100, np.uint8),
    "weights_for_all": lambda b: b.codes(0.0311, -3).qconv(12, 3, axis=None).codes(0.0523, 9),
    "unsigned_weights": lambda b: b.codes(0.0311, 4).qconv(12, 3, kind=np.uint8, zero=128).codes(0.0523),
    "wide_weights": lambda b: b.codes(0.0311, 4).qconv(12, 3, kind=np.uint8, zero=90, limit=255).codes(0.0523),
    "wide_weights_from_zero": lambda b: b.codes(0.0311, 4).qconv(12, 3, kind=np.uint8, zero=0, limit=255).codes(0.0523),
    "wide_weights_of_matrices": lambda b: b.codes(0.0311, 4).node("Flatten").node(
        "Gemm", b.weights(10, 8 * 49, kind=np.uint8, zero=150, limit=255), transB=1
    ).codes(0.0523),
    "wide_weights_in_groups": lambda b: b.codes(0.0311).qconv(64, 1).codes(0.0311).qconv(
        64, 5, kind=np.uint8, zero=20, limit=255, group=2
    ).codes(0.0523),
    "wide_weights_by_channel": lambda b: b.codes(0.0311).qconv(24, 1).codes(0.0311, 5).qconv(
        24, 3, kind=np.uint8, zero=90, limit=255, group=24
    ).codes(0.0523),
    "wide_weights_in_a_row": lambda b: b.codes(0.0311, 4).qconv(12, 3, kind=np.uint8, zero=90, limit=255).codes(
        0.0523
    ).qconv(16, 3, kind=np.uint8, zero=170, limit=255).codes(0.0611, 9),
    "depthwise": lambda b: b.codes(0.0311, 4).qconv(8, 3, group=8).codes(0.0523),
    "normalised": lambda b: b.codes(0.0311).qconv(12, 3, bias=False).node(
        "BatchNormalization", *map(b.constant, (b.floats(12), b.floats(12), b.floats(12), np.abs(b.floats(12)) + 1))
    ).node("Relu").codes(0.0311, 0, np.uint8),
    "codes_before_and_behind_relu": lambda b: b.codes(0.0311).qconv(12, 3).codes(0.0523).node("Relu").codes(
        0.0217, -128
    ),
    "leaky": lambda b: b.codes(0.0311).qconv(12, 3).node("LeakyRelu", alpha=0.1).codes(0.0311, -20),
    "relu6": lambda b: b.codes(0.0311).qconv(12, 3).node(
        "Clip", b.constant(np.float32(0)), b.constant(np.float32(6))
    ).codes(6 / 255, -128),
    "maximum_pooling": lambda b: b.codes(0.0311).qconv(12, 3).node("Relu").codes(0.0217, 0, np.uint8).node(
        "MaxPool", kernel_shape=[2, 2], strides=[2, 2]
    ).codes(0.0217, 0, np.uint8),
    "pooling_to_other_codes": lambda b: b.codes(0.0311).qconv(12, 3).codes(0.0523).node(
        "MaxPool", kernel_shape=[2, 2], strides=[2, 2]
    ).codes(0.0311, -40),
    "pooling_before_codes": lambda b: b.codes(0.0311).qconv(12, 3).node(
        "MaxPool", kernel_shape=[2, 2], strides=[2, 2]
    ).codes(0.0439, -40),
    "average_to_other_codes": lambda b: b.codes(0.0311).qconv(12, 3).codes(0.0523).node("GlobalAveragePool").codes(
        0.0113, 5
    ),
    "average_in_one_scale": lambda b: b.codes(0.0311).qconv(12, 3).codes(0.0523, 3).node(
        "AveragePool", kernel_shape=[2, 2], strides=[2, 2]
    ).codes(0.0523, 3),
    "residual": residual,
    "concatenation": concatenation,
    "local_response": lambda b: b.codes(0.0311, 9).node("LRN", size=5, alpha=2.0).codes(0.0217, -3),
    "local_response_unsigned": lambda b: b.codes(0.0311).qconv(12, 3).node("Relu").codes(0.0217, 0, np.uint8).node(
        "LRN", size=3, alpha=0.5, beta=0.5, bias=2.0
    ).codes(0.0117, 7, np.uint8),
    "product": lambda b: b.codes(0.0311, 9).node("Mul", inputs=[b.last, b.qconv(8, 3).codes(0.05).last]).codes(0.1, 7),
    "flatten": lambda b: b.codes(0.0311).node("Flatten").codes(0.0311).node(
        "Gemm", b.weights(10, 8 * 49), b.constant(b.floats(10)), transB=1
    ).codes(0.0671, 3),
    "matrix": lambda b: b.codes(0.0311).qconv(8, 3).codes(0.0439).node("Flatten").node(
        "MatMul", b.weights(8 * 49, 10, axis=1)
    ).node("Add", b.constant(b.floats(10))).codes(0.0671, 3),
}  # fmt: skip


ROUNDED = {"average_in_one_scale": 0.2, "local_response": 0.002, "local_response_unsigned": 0.002}
"""Averages often lie between two codes: the accelerator rounds away from zero, onnxruntime otherwise. Tables err."""


@pytest.mark.parametrize("case", CASES)
def test_codes_are_those_of_the_model(case: str, tmp_path: Path) -> None:
    """Only what lies within float32's noise of a tie differs, by 1; layers behind it may make that more."""
    builder = QdqBuilder((8, 7, 7), seed=len(case))
    CASES[case](builder)
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    images = np.random.default_rng(1).normal(size=(24, 8, 7, 7)).astype(np.float32) * 1.5
    (output,) = network.fetched
    wrong = differences(network, path, images, network.tensors[output].scale)
    layers = sum(not layer.operation.startswith("maxpool") for layer in network.layers)
    assert np.abs(wrong).max() <= (1 if layers == 1 else 2)
    assert (wrong != 0).sum() <= max(2, ROUNDED.get(case, 0.0005 * layers) * wrong.size)


@pytest.mark.parametrize("opset", [10, 12, 13, 19, 21])
def test_opsets(opset: int, tmp_path: Path) -> None:
    builder = QdqBuilder((8, 7, 7), opset=opset)
    builder.codes(0.0311, 128, np.uint8).qconv(12, 3, axis=0 if opset > 12 else None).codes(0.0523)
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    images = builder.floats(4, 8, 7, 7)
    assert np.abs(differences(network, path, images, 0.0523)).max() <= 1


def test_kernels_of_very_different_scales(tmp_path: Path) -> None:
    """Two multipliers are as good as exact, up to a factor of 2000 and more."""
    builder = QdqBuilder((8, 7, 7)).codes(0.0311, 7).qconv(40, 3, spread=2e3).node("Relu").codes(1.07, -128)
    path = builder.save(tmp_path / "m.onnx")
    study = Study.of(path, None, CompileOptions(strict=True))
    (layer,) = study.quantised.layers
    assert isinstance(layer, QuantisedConv) and layer.gains is not None
    images = builder.floats(24, 8, 7, 7, scale=1.5)
    wrong = differences(study.network, path, images, 1.07)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.002
    codes = study.quantised.tensors["image"].quantise(images)
    found = golden_tensors(study.network, images)
    assert (oracle.run(study.quantised, codes)[layer.target] == found[layer.target]).all()


def test_a_kernel_of_zeros_costs_the_others_nothing(tmp_path: Path) -> None:
    """Its scale may be anything: quantisers write 1, or what is left of 0."""
    builder = QdqBuilder((8, 7, 7)).codes(0.0311).qconv(12, 3).codes(0.0523)
    path = builder.save(tmp_path / "m.onnx")
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor).copy()
        if value.shape in ((12, 8, 3, 3), (12,)) and value.dtype in (np.int8, np.float32) and tensor.name != "c5":
            value[5] = 1000 if value.dtype == np.float32 else 0
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    onnx.save(model, path)
    network = compile_model(path, None, CompileOptions(strict=True))
    images = builder.floats(16, 8, 7, 7)
    wrong = differences(network, path, images, 0.0523)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.005


def doubled(b: QdqBuilder) -> object:
    first = b.codes(0.0311).qconv(12, 3).last
    left = b.codes(0.0523).last
    b.last = first
    return b.codes(0.0217, 3).node("Add", left).codes(0.0829).qconv(4, 1).codes(0.0523)


REFUSALS: dict[str, tuple[Callable[[QdqBuilder], object], list[str]]] = {
    "wide_codes": (lambda b: b.codes(0.0311).qconv(12, 3).codes(0.001, 0, np.int16).qconv(4, 1), ["int16"]),
    "twice": (doubled, ["Conv", "quantised twice", "0.0523", "0.0217"]),
    "small_kernel": (
        lambda b: b.codes(0.0311).qconv(40, 3, spread=3e3).node("LeakyRelu").codes(0.05).qconv(4, 1).codes(0.0523),
        ["Conv", "scale of kernel"],
    ),
    "zero_points_of_a_maximum": (
        lambda b: b.codes(0.0311).node("Max", b.codes(0.0311, 3).last).codes(0.0439, 5).qconv(4, 1).codes(0.0523),
        ["zero point"],
    ),
    "codes_for_the_host": (
        lambda b: b.codes(0.0311).qconv(4, 1).node("QuantizeLinear", b.constant(np.float32(0.05))).node(
            "DequantizeLinear", b.constant(np.float32(0.0311))
        ),
        ["DequantizeLinear", "same scale"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_taken_as_it_is_runs_on_the_host_by_name(case: str, tmp_path: Path) -> None:
    builder = QdqBuilder((8, 7, 7), seed=3, opset=21)
    build, words = REFUSALS[case]
    build(builder)
    path = builder.save(tmp_path / "m.onnx")
    images = builder.floats(12, 8, 7, 7, scale=1.5)
    with pytest.raises(UserError) as caught:
        compile_model(path, images, CompileOptions(strict=True))
    assert all(word in str(caught.value) for word in words), caught.value
    network = compile_model(path, images)
    assert network.meta["host"]
    wrong = np.abs(network.golden_batch(images).astype(float) - reference(path, images))
    scale = 1 if "int8" in str(network.golden_batch(images).dtype) else max(t.scale for t in network.tensors.values())
    assert wrong.max() <= 2.01 * scale


def integer_chain(builder: QdqBuilder, kind: str) -> QdqBuilder:
    """QuantizeLinear, QLinearConv or ConvInteger, MaxPool of codes; real again at the end."""
    step, zero = builder.constant(np.float32(0.0311)), builder.constant(np.int8(3))
    after, behind = builder.constant(np.float32(0.0523)), builder.constant(np.int8(-20))
    weights = builder.constant(builder.random.integers(-127, 128, (12, 8, 3, 3)).astype(np.int8))
    scales = builder.constant(np.geomspace(1e-3, 3e-3, 12).astype(np.float32))
    zeros = builder.constant(np.zeros(12, np.int8))
    codes = builder.node("QuantizeLinear", step, zero).last
    if kind == "ConvInteger":
        builder.node(kind, inputs=[codes, weights, zero]).node("Cast", to=TensorProto.FLOAT)
        return builder.node("Mul", after).conv(4, (1, 1))
    bias = builder.constant(builder.random.integers(-9000, 9000, 12).astype(np.int32))
    builder.node(kind, inputs=[codes, step, zero, weights, scales, zeros, after, behind, bias])
    return builder.node("MaxPool", kernel_shape=[2, 2]).node("DequantizeLinear", after, behind)


def test_operators_on_integers(tmp_path: Path) -> None:
    path = integer_chain(QdqBuilder((8, 7, 7)), "QLinearConv").save(tmp_path / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    assert [layer.operation for layer in network.layers] == ["conv3x3+maxpool2x2"]
    images = np.random.default_rng(1).normal(size=(24, 8, 7, 7)).astype(np.float32) * 1.5
    wrong = differences(network, path, images, 0.0523)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.005


def test_operators_on_sums_run_on_the_host_by_name(tmp_path: Path) -> None:
    builder = QdqBuilder((8, 7, 7))
    builder.channels = 12
    path = integer_chain(builder, "ConvInteger").save(tmp_path / "m.onnx")
    images = builder.floats(8, 8, 7, 7)
    if old_onnxruntime.NEEDED:  # it has ConvInteger for unsigned inputs only
        with pytest.raises(UserError, match=r"onnxruntime 1\..* implementation for ConvInteger"):
            compile_model(path, images)
        return
    network = compile_model(path, images)
    reasons = {entry["operator"]: entry["reason"] for entry in network.meta["host"]}
    assert "integers" in reasons["ConvInteger"]
    exact = reference(path, images)
    assert np.abs(network.golden_batch(images) - exact).max() < 0.03 * np.abs(exact).max()


def test_a_tensor_without_a_scale_needs_calibration_data(tmp_path: Path) -> None:
    builder = QdqBuilder((8, 7, 7)).codes(0.0311).qconv(12, 3)
    path = builder.qconv(4, 3).codes(0.0523).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match=r"no calibration data: Conv .* has no scale"):
        compile_model(path, None)
    images = builder.floats(12, 8, 7, 7)
    network = compile_model(path, images)
    assert [tensor.scale for tensor in network.tensors.values()][-1] == pytest.approx(0.0523)


@pytest.mark.parametrize("channels", [1, 8])
def test_an_input_without_a_scale_needs_calibration_data(channels: int, tmp_path: Path) -> None:
    """Also where it could be fetched as pixels: nobody has told what they mean."""
    builder = QdqBuilder((channels, 7, 7)).node("AveragePool", kernel_shape=[3, 3]).codes(0.02).qconv(4, 3)
    path = builder.codes(0.05).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match=r"no calibration data: the model's input 'image' has no scale"):
        compile_model(path, None)
    compile_model(path, builder.floats(4, channels, 7, 7))


def test_codes_of_weights_follow_where_elements_move(tmp_path: Path) -> None:
    """DequantizeLinear, Transpose, Gemm: the same codes."""
    builder = QdqBuilder((40,)).codes(0.0311)
    weights, last = builder.weights(10, 40), builder.last
    builder.node("Transpose", inputs=[weights], perm=[1, 0])
    path = builder.node("Gemm", inputs=[last, builder.last]).codes(0.0523).save(tmp_path / "m.onnx")
    (layer,) = Study.of(path, None, CompileOptions()).quantised.layers
    assert isinstance(layer, QuantisedConv)
    stored = onnx.numpy_helper.to_array(onnx.load(path).graph.initializer[2])
    assert (layer.weight.reshape(10, 40) == stored).all()


def test_an_image_is_fetched_as_pixels_only_if_every_byte_becomes_the_models_code(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (8, 3, 7, 7), dtype=np.uint8)
    for scale, zero, form in ((1 / 255, -128, "pixels"), (1 / 100, 0, "pixels"), (1 / 127.5, 0, "cube")):
        path = QdqBuilder((3, 7, 7)).codes(scale, zero).qconv(8, 3).codes(0.0311).save(tmp_path / "m.onnx")
        network = compile_model(path, None, CompileOptions(pixel_scale=1 / 255))
        assert network.tensors["image"].form == form
        inputs = (pictures / 255).astype(np.float32)
        assert np.abs(differences(network, path, inputs, 0.0311)).max() <= 1
        assert (network.golden_batch(pictures) == network.golden_batch(inputs)).all()


def test_scale_zero_is_refused(tmp_path: Path) -> None:
    path = QdqBuilder((8, 7, 7)).codes(0.0).qconv(8, 3).codes(0.0523).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match="scale must be positive"):
        compile_model(path, None, CompileOptions(strict=True))


@pytest.mark.parametrize(("zeros", "relu"), [((3, -128), False), ((-128, 0), True), ((-128, -128), True)])
def test_products_of_tensors_with_zero_points(zeros: tuple[int, int], relu: bool, tmp_path: Path) -> None:
    """A tensor times another one, and times one value per channel, either with a zero point."""
    builder = QdqBuilder((8, 6, 6)).codes(0.0311, 5)
    start = builder.last
    first = builder.qconv(16, 1).codes(0.0523, zeros[0]).last
    builder.last, builder.channels = start, 8
    second = builder.qconv(16, 1).codes(0.0439, zeros[1]).last
    builder.node("Mul", inputs=[first, second])
    product = (builder.node("Relu") if relu else builder).codes(0.1013, -128 if relu else 7).last
    builder.node("GlobalAveragePool").codes(0.02, 0).qconv(16, 1).codes(0.03, 0).node("Sigmoid").codes(1 / 256, -128)
    builder.node("Mul", inputs=[product, builder.last]).codes(0.05, -20)
    path, inputs = builder.save(tmp_path / "m.onnx"), np.random.default_rng(2).normal(size=(8, 8, 6, 6))
    study = Study.of(path, None, CompileOptions(strict=True))
    assert [layer.operation[:8] for layer in study.network.layers].count("multiply") == 2
    for quality in measure_quality(study, inputs.astype(np.float32)):
        assert quality.distance <= 1 and quality.differing <= 0.008, f"{quality.name}: {quality.differing:.2%} differ"
    wrong = differences(study.network, path, inputs.astype(np.float32), 0.05)
    assert np.abs(wrong).max() <= 2 and (wrong != 0).mean() < 0.2
    programs = study.network.programs(inputs[:2].astype(np.float32))
    assert all(run(program).passed for program in programs)


def test_limits_of_codes_that_stand_for_a_relu_hold_for_calibration(tmp_path: Path) -> None:
    """A quantiser drops the ReLU before codes that begin at 0; a tensor without codes behind it has a range."""
    builder = QdqBuilder((8, 6, 6)).codes(0.0311).qconv(16, 3).codes(0.01, -128)
    builder.node("Mul", builder.constant(np.float32(1) + builder.floats(16, 1, 1) / 4)).node("Relu")
    path, inputs = builder.save(tmp_path / "m.onnx"), np.random.default_rng(2).normal(size=(8, 8, 6, 6))
    network = compile_model(path, inputs.astype(np.float32))
    (output,) = network.fetched
    assert network.tensors[output].scale < 0.04  # 255 * 0.01 times less than 2, in 127 steps
