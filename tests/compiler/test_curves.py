"""Functions of one number as tables on CDP: exact for every code, whatever operators they are written with."""

from __future__ import annotations

from collections.abc import Callable
from math import erf
from pathlib import Path

import numpy as np
import onnx
import pytest
from comparison import floats
from onnx_builder import Builder
from qdq_builder import QdqBuilder
from test_qdq import reference

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.frontend.importer import import_model, load_model
from cocodla.errors import UserError

SHAPE = (8, 6, 6)
ERF = np.vectorize(erf)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def number(builder: Builder, value: float) -> str:
    return builder.constant(np.float32(value))


def silu(b: Builder) -> Builder:
    x = b.last
    return b.node("Sigmoid").node("Mul", inputs=[x, b.last])


def gelu(b: Builder) -> Builder:
    """As PyTorch exports it, the half last."""
    x = b.last
    b.node("Div", number(b, np.sqrt(2))).node("Erf").node("Add", number(b, 1))
    return b.node("Mul", inputs=[x, b.last]).node("Mul", number(b, 0.5))


def mish(b: Builder) -> Builder:
    x = b.last
    return b.node("Softplus").node("Tanh").node("Mul", inputs=[x, b.last])


def hard_swish(b: Builder) -> Builder:
    """By hand, through another name of the tensor."""
    x = b.last
    b.node("Identity").node("Add", number(b, 3)).node("Clip", number(b, 0), number(b, 6))
    return b.node("Mul", inputs=[b.last, x]).node("Div", number(b, 6))


def leaky(b: Builder) -> Builder:
    """As TensorFlow writes it."""
    x = b.last
    return b.node("Mul", number(b, 0.25)).node("Max", inputs=[b.last, x])


FUNCTIONS: dict[str, tuple[Callable[[Builder], Builder], Callable[[np.ndarray], np.ndarray]]] = {
    "sigmoid": (lambda b: b.node("Sigmoid"), sigmoid),
    "tanh": (lambda b: b.node("Tanh"), np.tanh),
    "elu": (lambda b: b.node("Elu", alpha=0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    "exp+reciprocal": (lambda b: b.node("Exp").node("Reciprocal"), lambda x: np.exp(-x)),
    "pow": (lambda b: b.node("Pow", number(b, 2)), np.square),
    "sigmoid+mul": (silu, lambda x: x * sigmoid(x)),
    "div+erf+add+mul+mul": (gelu, lambda x: x * (1 + ERF(x / np.sqrt(2))) / 2),
    "softplus+tanh+mul": (mish, lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    "add+clip+mul+div": (hard_swish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "mul+max": (leaky, lambda x: np.maximum(x, x / 4)),
}  # fmt: skip


def layers_of(builder: Builder, path: Path, options: CompileOptions | None = None) -> Network:
    return compile_model(builder.save(path / "m.onnx"), floats(builder_shape(builder), 16), options)


def builder_shape(builder: Builder) -> tuple[int, ...]:
    return tuple(extent.dim_value for extent in builder.input.type.tensor_type.shape.dim[1:])


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_layer_exact_for_every_code(name: str, asymmetric: bool, tmp_path: Path) -> None:
    build, function = FUNCTIONS[name]
    network = layers_of(build(Builder(SHAPE)), tmp_path, CompileOptions(strict=True, asymmetric=asymmetric))
    assert [layer.operation for layer in network.layers] == [name]
    source, target = network.tensors[network.input.tensor], network.tensors[network.layers[0].target]
    every = (np.arange(-128, 160) % 256 - 128 - source.zero).astype(np.float32) * np.float32(source.scale)
    got = network.golden_batch(every.reshape(1, *SHAPE))
    exact = np.clip(function(every.astype(np.float64)) / target.scale + target.zero, -128, 127)
    codes = got.reshape(-1) / target.scale + target.zero
    assert np.abs(codes - exact).max() < 0.5 + 1e-4


def test_a_tensor_that_others_read_is_a_layer_of_its_own(tmp_path: Path) -> None:
    builder = Builder(SHAPE).node("MaxPool", kernel_shape=[2, 2])
    x = builder.last
    gate = builder.node("Sigmoid").last
    product = builder.node("Mul", inputs=[x, gate]).last
    builder.node("Add", inputs=[product, gate])
    assert [layer.operation for layer in layers_of(builder, tmp_path).layers] == ["maxpool2x2", "sigmoid+mul+add"]
    builder.node("Concat", inputs=[builder.last, gate], axis=1)
    operations = [layer.operation for layer in layers_of(builder, tmp_path).layers]
    assert operations == ["maxpool2x2", "sigmoid", "multiply", "add"]


def test_a_tensor_that_leaves_is_a_layer_of_its_own(tmp_path: Path) -> None:
    model = silu(Builder(SHAPE)).model()
    model.graph.output.append(onnx.helper.make_tensor_value_info("t0", onnx.TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "m.onnx")
    network = compile_model(tmp_path / "m.onnx", floats(SHAPE, 16))
    assert [layer.operation for layer in network.layers] == ["sigmoid", "multiply"]


def test_constants_made_on_the_way_belong_to_the_curve(tmp_path: Path) -> None:
    """Exporters that do not optimise cast each number to the tensor's type first."""
    builder = Builder(SHAPE, opset=18)
    x = builder.last
    three = builder.node("CastLike", inputs=[builder.constant(np.array(3)), x]).last
    builder.node("Mul", inputs=[x, three]).node("Tanh")
    assert [layer.operation for layer in layers_of(builder, tmp_path).layers] == ["mul+tanh"]


def test_numbers_with_axes_leave_the_table_as_it_is(tmp_path: Path) -> None:
    builder = Builder(SHAPE)
    x = builder.last
    builder.node("Mul", builder.constant(np.full((1, 1, 1, 1), 0.5, np.float32))).node("Min", x)
    images = floats(SHAPE, 16)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images)
    assert [layer.operation for layer in network.layers] == ["mul+min"]
    np.testing.assert_allclose(network.golden_batch(images), np.minimum(images / 2, images), atol=0.05)


def test_activations_without_a_bend_stay_with_the_convolution(tmp_path: Path) -> None:
    builder = Builder(SHAPE).conv(8, (1, 1))
    builder.node("Add", number(builder, 0.5)).node("Mul", number(builder, 2)).node("Relu")
    assert [layer.operation for layer in layers_of(builder, tmp_path).layers] == ["conv1x1+relu"]


def test_constants_with_more_axes_than_a_table(tmp_path: Path) -> None:
    """The slope of a PRelu, of shape 1 x 1 x 1, makes three axes of the one that all codes have."""
    builder = Builder((8, 6, 6)).conv(16, (1, 1))
    start = builder.last
    builder.node("PRelu", builder.constant(np.full((1, 1, 1), 1.5, np.float32))).node("Max", start).conv(8, (1, 1))
    network = compile_model(builder.save(tmp_path / "m.onnx"), floats((8, 6, 6)), CompileOptions(strict=True))
    assert np.isfinite(network.golden_batch(floats((8, 6, 6)))).all()
    assert any("max" in layer.operation.lower() or "prelu" in layer.operation.lower() for layer in network.layers)


def test_an_exponent_for_each_channel_is_no_curve(tmp_path: Path) -> None:
    builder = Builder(SHAPE).conv(8, (1, 1)).node("Relu")
    builder.node("Pow", builder.constant(np.full((8, 1, 1), 2, np.float32))).conv(4, (1, 1))
    imported = import_model(load_model(builder.save(tmp_path / "m.onnx")), "m", CompileOptions())
    assert [entry.reason for entry in imported.placements] == [
        "the operand 'c2' must be one number, its shape is (8, 1, 1)"
    ]


@pytest.mark.parametrize("behind", [[], ["MaxPool"], ["MaxPool", "Flatten"]])
def test_behind_all_convolutions_the_host_computes_in_float(behind: list[str], tmp_path: Path) -> None:
    """What only leads to an output is better in float: probabilities, exponentials of a detection head."""
    builder = Builder(SHAPE).conv(8, (1, 1)).node("Elu").conv(6, (1, 1)).node("Exp")
    for kind in behind:
        builder.node(kind, **({"kernel_shape": [2, 2]} if kind == "MaxPool" else {}))
    network = layers_of(builder, tmp_path)
    assert [layer.operation for layer in network.layers] == ["conv1x1", "elu", "conv1x1"]
    hosted = {entry["operator"]: entry["reason"] for entry in network.meta["host"]}
    assert list(hosted) == ["Exp", *behind] and "no convolution or fully connected layer follows" in hosted["Exp"]
    with pytest.raises(UserError, match=r"^Exp 'exp3': no convolution or fully connected layer follows it"):
        layers_of(builder, tmp_path, CompileOptions(strict=True))


def test_what_is_no_number_on_the_calibration_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Log 'log0': its output 't0' takes infinite or NaN values"):
        layers_of(Builder(SHAPE).node("Log"), tmp_path)


def test_codes_of_the_model(tmp_path: Path) -> None:
    """As onnxruntime computes them: every rounding between two operators stays."""
    builder = QdqBuilder(SHAPE).codes(0.05, 3)
    x = builder.last
    builder.node("Sigmoid").codes(1 / 128).node("Mul", inputs=[x, builder.last]).codes(0.03, 20)
    path, images = builder.save(tmp_path / "m.onnx"), floats(SHAPE, 8)
    network = compile_model(path, None)
    assert [layer.operation for layer in network.layers] == ["sigmoid", "multiply"]
    steps = np.rint((network.golden_batch(images) - reference(path, images)) / 0.03)
    assert np.abs(steps).max() <= 1 and (steps != 0).mean() < 0.002


@pytest.mark.parametrize("headroom", [0.0, 1.0])
@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("build", [silu, gelu, hard_swish])
def test_curves_that_a_concat_joins_have_one_scale(
    build: Callable[[Builder], Builder], asymmetric: bool, headroom: float, tmp_path: Path
) -> None:
    """What a curve makes of rounded inputs may be a little more than it was seen to make, but its parts share codes."""
    for seed in range(4):
        builder = Builder((8, 6, 6), seed=seed)
        parts = []
        for _ in range(2):
            builder.last, builder.channels = "image", 8
            parts.append(build(builder.conv(8, (1, 1))).last)
        builder.node("Concat", inputs=parts, axis=1)
        builder.channels = 16
        builder.conv(5, (3, 3))
        images = floats((8, 6, 6), 16)
        options = CompileOptions(strict=True, asymmetric=asymmetric, headroom=headroom, effort="fast")
        network = compile_model(builder.save(tmp_path / "m.onnx"), images, options)
        scales = {network.tensors[layer.target].scale for layer in network.layers if "conv" not in layer.operation}
        assert len(scales) == 1
