"""What the frontend takes, and how it refuses what it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import Builder, small_network

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.frontend.importer import import_model, load_model
from cocodla.compiler.frontend.partition import host_model
from cocodla.compiler.original import outputs_of
from cocodla.compiler.quantisation.costs import ratio
from cocodla.errors import UserError
from cocodla.runtime.accuracy import clipped_share

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8), dtype=np.uint8)


def refused(path: Path, images: np.ndarray | None = IMAGES, options: CompileOptions | None = None) -> str:
    """The one line with which compile_model refuses."""
    with pytest.raises(UserError) as caught:
        compile_model(path, images, options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.onnx")


def test_folder_instead_of_file(tmp_path: Path) -> None:
    assert "is a directory" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"hello, this is text", b"\x89PNG\r\n"])
def test_not_an_onnx_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert "not a valid ONNX model" in refused(path)


def test_truncated_file(tmp_path: Path) -> None:
    path = small_network().save(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:-40])
    assert "not a valid ONNX model" in refused(path)


REFUSALS: dict[str, tuple[Callable[[Builder], object], list[str]]] = {
    "operator": (lambda b: b.conv(4, (3, 3)).node("LogSoftmax"), ["LogSoftmax", "'logsoftmax1'", "not supported"]),
    "transposed": (
        lambda b: b.node("ConvTranspose", b.constant(b.floats(1, 2, 3, 3)), auto_pad="NEVER"),
        ["ConvTranspose", "'convtranspose0'", "auto_pad", "NEVER"],
    ),
    "quotient": (
        lambda b: b.conv(1, (1, 1)).node("Div", inputs=["t0", "image"]),
        ["Div", "'div1'", "divisor", "computed"],
    ),
    "broadcast_sum": (
        lambda b: b.conv(1, (1, 8)).node("Add", inputs=["t0", "image"]),
        ["Add", "'add1'", "one shape", "(1, 8, 1)", "(1, 8, 8)"],
    ),
    "number_minus_tensor": (
        lambda b: b.conv(1, (8, 8)).node("Sub", inputs=["t0", "image"]),
        ["Sub", "'sub1'", "first operand"],
    ),
    "concat_batch": (lambda b: b.node("Concat", inputs=["image", "image"], axis=0), ["Concat", "axis", "0"]),
    "computed_weight": (
        lambda b: b.node("Conv", "image", inputs=["image", "image"]),
        ["Conv", "'conv0'", "weight", "computed"],
    ),
    "clip_crossed": (
        lambda b: b.node("Clip", b.constant(np.float32(2)), b.constant(np.float32(1))),
        ["Clip", "2", "1"],
    ),
    "pad_value": (
        lambda b: b.node("Pad", b.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])), b.constant(np.float32(-np.inf))),
        ["Pad", "value", "-inf"],
    ),
    "pad_batch": (
        lambda b: b.node("Pad", b.constant(np.array([1, 0, 0, 0, 0, 0, 0, 0]))),
        ["Pad", "batch"],
    ),
    "pad_mode": (
        lambda b: b.node("Pad", b.constant(np.array([0, 1, 1, 1, 0, 0, 1, 1])), mode="edge"),
        ["Pad", "mode", "edge", "[1, 1, 1]"],
    ),
    "zero_among_divisors": (lambda b: b.node("Div", b.constant(np.eye(8, dtype=np.float32))), ["Div", "without zeros"]),
    "dilated_pool": (
        lambda b: b.node("MaxPool", kernel_shape=[2, 2], dilations=[2, 2]),
        ["MaxPool", "dilations", "[2, 2]"],
    ),
    "large_stride": (
        lambda b: b.conv(1, (1, 1), pads=[6] * 4).node("MaxPool", kernel_shape=[1, 1], strides=[17, 17]),
        ["MaxPool", "stride", "17"],
    ),
    "transpose": (lambda b: b.node("Transpose", perm=[0, 1, 3, 2]), ["Transpose", "'transpose0'"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_names_operator_node_and_value(case: str, tmp_path: Path) -> None:
    build, words = REFUSALS[case]
    builder = Builder((1, 8, 8))
    build(builder)
    message = refused(builder.save(tmp_path / "m.onnx"), options=CompileOptions(strict=True))
    for word in words:
        assert word in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(value: float, tmp_path: Path) -> None:
    builder = Builder((1, 8, 8))
    weight = builder.floats(2, 1, 3, 3)
    weight[1, 0, 2, 2] = value
    builder.node("Conv", builder.constant(weight))
    assert "NaN or infinite" in refused(builder.save(tmp_path / "m.onnx"))


def test_an_input_that_nothing_reads_is_left_out(tmp_path: Path) -> None:
    model = small_network().model()
    model.graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, [1, 4]))
    onnx.save(model, tmp_path / "m.onnx")
    images = np.random.default_rng(0).integers(0, 256, (4, 1, 12, 12), dtype=np.uint8)
    assert compile_model(tmp_path / "m.onnx", images).meta["warnings"] == [
        "input 'second' is left out: no operator reads it"
    ]


def test_integer_input(tmp_path: Path) -> None:
    model = small_network().model()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    onnx.save(model, tmp_path / "m.onnx")
    refused(tmp_path / "m.onnx")


def test_new_opset(tmp_path: Path) -> None:
    model = Builder((1, 8, 8), opset=24).node("Relu").model()
    onnx.save(model, tmp_path / "m.onnx")
    assert "opset 24 is not supported" in refused(tmp_path / "m.onnx")


def test_constants_of_an_old_format_need_not_be_inputs(tmp_path: Path) -> None:
    """As onnxruntime's quantisation writes them."""
    model = Builder((1, 8, 8), opset=11).conv(2, (3, 3)).model()
    model.ir_version = 3
    onnx.save(model, tmp_path / "m.onnx")
    assert compile_model(tmp_path / "m.onnx", IMAGES).outputs[0].shape == (2, 6, 6)


def test_output_without_a_shape(tmp_path: Path) -> None:
    model = Builder((1, 8, 8)).conv(2, (3, 3)).model()
    model.graph.output[0].type.tensor_type.ClearField("shape")
    onnx.save(model, tmp_path / "m.onnx")
    assert compile_model(tmp_path / "m.onnx", IMAGES).outputs[0].shape == (2, 6, 6)


def test_open_extent_needs_an_input_shape(tmp_path: Path) -> None:
    model = Builder((1, 8, 8)).conv(2, (3, 3)).model()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    onnx.save(model, tmp_path / "m.onnx")
    assert "height" in refused(tmp_path / "m.onnx")
    network = compile_model(tmp_path / "m.onnx", IMAGES, CompileOptions(input_shape=(1, 8, 8)))
    assert network.layers[0].output_shape == (2, 6, 6)
    assert "axis" in refused(tmp_path / "m.onnx", options=CompileOptions(input_shape=(2, 8, 8)))


def test_calibration_data_must_fit(tmp_path: Path) -> None:
    path = Builder((1, 8, 8)).conv(2, (3, 3)).save(tmp_path / "m.onnx")
    assert "no calibration data" in refused(path, None)
    assert "N x 1x8x8" in refused(path, np.zeros((3, 1, 9, 8), np.uint8))
    assert "empty" in refused(path, np.zeros((0, 1, 8, 8), np.uint8))
    assert "finite" in refused(path, np.full((2, 1, 8, 8), np.nan, np.float32))


def test_tensor_that_never_varies_from_zero(tmp_path: Path) -> None:
    builder = Builder((1, 8, 8))
    builder.node("Conv", builder.constant(-np.ones((1, 1, 3, 3), np.float32))).node("Relu")
    assert "'t1'" in refused(builder.save(tmp_path / "m.onnx"))


def test_weights_as_graph_inputs_identity_dropout_and_constants(tmp_path: Path) -> None:
    """Weights listed among the inputs, a constant Reshape of weights, and operators that do nothing."""
    builder = Builder((1, 8, 8), batch=1)
    flat = builder.constant(builder.floats(3 * 9))
    shape = builder.constant(np.array([3, 1, 3, 3], np.int64))
    builder.node("Reshape", inputs=[flat, shape])
    builder.node("Identity", inputs=["image"]).node("Conv", "t0").node("Dropout").node("Relu")
    model = builder.model()
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    onnx.save(model, tmp_path / "m.onnx")
    network = compile_model(tmp_path / "m.onnx", IMAGES)
    assert [layer.operation for layer in network.layers] == ["conv3x3+relu"]


def test_shape_computed_from_the_input_is_folded(tmp_path: Path) -> None:
    """x.view(x.size(0), -1) as exporters write it."""
    builder = Builder((1, 8, 8)).conv(4, (3, 3))
    features = builder.last
    builder.node("Shape").node("Gather", builder.constant(np.array(0, np.int64)), axis=0)
    builder.node("Unsqueeze", builder.constant(np.array([0], np.int64)))
    batch = builder.last
    builder.node("Concat", inputs=[batch, builder.constant(np.array([-1], np.int64))], axis=0)
    builder.node("Reshape", inputs=[features, builder.last])
    builder.node("Gemm", builder.constant(builder.floats(144, 5)))
    network = compile_model(builder.save(tmp_path / "m.onnx"), IMAGES)
    assert [layer.operation for layer in network.layers] == ["conv3x3", "fc5"]


def test_host_part_ends_the_model(tmp_path: Path) -> None:
    path = small_network().save(tmp_path / "m.onnx")
    imported = import_model(load_model(path), "m", CompileOptions())
    assert [node.op_type for node in imported.host] == ["Softmax"]
    host = host_model(imported)
    assert host is not None and [node.op_type for node in host.graph.node] == ["Softmax"]
    images = np.random.default_rng(0).integers(0, 256, (6, 1, 12, 12), dtype=np.uint8)
    outputs = compile_model(path, images, CompileOptions(pixel_scale=1 / 255)).golden_batch(images)
    np.testing.assert_allclose(outputs.sum(1), 1, atol=1e-5)


def test_operators_behind_the_host_part_stay_on_the_host(tmp_path: Path) -> None:
    builder = Builder((1, 8, 8)).conv(4, (3, 3)).node("LogSoftmax", axis=1)
    builder.node("Mul", builder.constant(np.float32(2)))
    network = compile_model(builder.save(tmp_path / "m.onnx"), IMAGES)
    outputs = network.golden_batch(IMAGES)
    assert outputs.shape == (4, 4, 6, 6)
    np.testing.assert_allclose(np.exp(outputs / 2).sum(1), 1, atol=1e-5)


def test_model_without_work_for_the_accelerator(tmp_path: Path) -> None:
    assert "no operator for the accelerator" in refused(Builder((4,)).node("Softmax").save(tmp_path / "m.onnx"),
                                                        np.zeros((2, 4), np.float32))  # fmt: skip


@pytest.mark.parametrize("behind", [[], ["GlobalMaxPool"]])
def test_tensor_without_elements_is_named(behind: list[str], tmp_path: Path) -> None:
    """Also where only the host computes: onnxruntime answers such models with an error, or dies."""
    builder = Builder((8, 4, 4)).conv(8, (4, 4)).node("LogSoftmax")
    builder.node("AveragePool", kernel_shape=[3, 3], strides=[2, 2], count_include_pad=1)
    for kind in behind:
        builder.node(kind)
    images = np.random.default_rng(1).normal(size=(3, 8, 4, 4)).astype(np.float32)
    with pytest.raises(UserError, match=r"AveragePool 'averagepool2': the output would have shape \(8, 0, 0\)"):
        compile_model(builder.save(tmp_path / "m.onnx"), images)


def test_scales_of_an_input_that_is_read_in_another_shape(tmp_path: Path) -> None:
    """Folded behind a Transpose that only renames axes, they are those of the channels the first layer sees."""
    builder = Builder((1, 8, 12)).node("Transpose", perm=[0, 2, 3, 1])
    builder.node("Mul", builder.constant(np.float32(3))).node("Add", builder.constant(np.float32(0.5)))
    builder.channels = 8
    path = builder.conv(8, (1, 1)).save(tmp_path / "m.onnx")
    images = np.random.default_rng(0).normal(size=(16, 1, 8, 12)).astype(np.float32)
    network = compile_model(path, images, CompileOptions(strict=True))
    assert network.input_codes(images).shape == (16, 8, 12, 1)
    assert clipped_share(network, images) < 0.01
    wanted = outputs_of(load_model(path), [network.outputs[0].name], images)[network.outputs[0].name]
    assert ratio(wanted, network.golden_batch(images)) > 30
