"""Networks in N x H x W x C: where their Transposes go, and that nothing they compute changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_builder import Builder
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

from cocodla.compiler import CompileOptions, Network, compile_model, original
from cocodla.compiler.frontend.importer import load_model

FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]
PICTURES = np.random.default_rng(6).integers(0, 256, (6, 12, 10, 3)).astype(np.uint8)


def vector(builder: Builder, *values: float) -> str:
    return builder.constant(np.array(values, np.float32))


def number(builder: Builder, value: float) -> str:
    return builder.constant(np.float32(value))


def last(builder: Builder, channels: int) -> Builder:
    builder.channels = channels
    return builder


def first(builder: Builder, channels: int = 3) -> Builder:
    return last(builder.node("Transpose", perm=FIRST), channels)


def scaled(builder: Builder) -> Builder:
    """Mul 1/255, Sub mean, Div std, all with channels last."""
    builder.node("Mul", number(builder, 1 / 255)).node("Sub", vector(builder, 0.4, 0.5, 0.6))
    return builder.node("Div", vector(builder, 0.2, 0.25, 0.3))


FRONTS: dict[str, Callable[[Builder], Builder]] = {
    "nothing": first,
    "scale": lambda b: first(b.node("Mul", number(b, 1 / 255))),
    "imagenet": lambda b: first(scaled(b)),
    "subtract first": lambda b: first(
        b.node("Sub", vector(b, 120, 110, 100)).node("Mul", b.constant(b.floats(1, 1, 1, 3) + np.float32(2)))
    ),
    "constant first": lambda b: first(b.node("Mul", inputs=[vector(b, 0.01, 0.02, -0.01), b.last])),
    "behind too": lambda b: first(b.node("Mul", number(b, 2 / 255))).node("Sub", number(b, 1.0)),
    "flip": lambda b: first(b.node("Gather", b.constant(np.array([2, 1, 0])), axis=3)).node("Mul", number(b, 0.01)),
    "pad": lambda b: first(b.node("Pad", b.constant(np.array([0, 1, 2, 0, 0, 1, 0, 0])))).node("Mul", number(b, 0.01)),
}


@pytest.mark.parametrize("cast", [False, True])
@pytest.mark.parametrize("front", FRONTS)
def test_what_is_before_the_transpose_moves_behind(front: str, cast: bool, tmp_path: Path) -> None:
    builder = Builder((12, 10, 3))
    if cast:
        builder.input.type.tensor_type.elem_type = TensorProto.UINT8
        builder.node("Cast", to=TensorProto.FLOAT)
    path = FRONTS[front](builder).conv(8, (3, 3)).node("Relu").conv(5, (3, 3)).save(tmp_path / "m.onnx")
    network = compile_model(path, PICTURES, CompileOptions(strict=True))
    assert network.input.shape == (3, 12, 10)
    model = onnx.load(path)
    name = model.graph.output[0].name
    kind = np.uint8 if cast else np.float32
    wanted = np.concatenate([_run(model, name, row[None].astype(kind)) for row in PICTURES])
    taken = original.outputs_of(load_model(path), [name], PICTURES.transpose(0, 3, 1, 2))[name]
    np.testing.assert_allclose(taken, wanted, rtol=1e-4, atol=1e-4)
    for images in (PICTURES, np.ascontiguousarray(PICTURES.transpose(0, 3, 1, 2))):
        assert _decibels(network, images, wanted) > 30
    if front != "pad":
        assert len(network.layers) == 2
        assert network.tensors[network.input.tensor].form == "pixels"


def _run(model: onnx.ModelProto, name: str, image: np.ndarray) -> np.ndarray:
    return original.run(original.session(model), [name], {"image": image})[0]


def _decibels(network: Network, images: np.ndarray, wanted: np.ndarray) -> float:
    error = network.golden_batch(images).reshape(wanted.shape) - wanted
    return float(10 * np.log10((wanted**2).sum() / (error**2).sum()))


def body(builder: Builder) -> Builder:
    """Two convolutions of Keras: each between Transposes, with what belongs to it in channels last."""
    first(builder.node("Mul", number(builder, 1 / 255))).conv(8, (3, 3), bias=False)
    builder.node("Transpose", perm=LAST).node("Add", builder.constant(builder.floats(8))).node("Relu")
    return first(builder, 8).conv(6, (3, 3), bias=False).node("Transpose", perm=LAST)


def block(builder: Builder) -> Builder:
    """A residual block: sum and Concat of tensors with channels last."""
    body(builder)
    start = builder.last
    first(builder, 6).conv(6, (3, 3), pads=[1, 1, 1, 1]).node("Transpose", perm=LAST)
    builder.node("Add", start).node("Concat", start, axis=3)
    return first(builder, 12).conv(4, (1, 1)).node("Transpose", perm=LAST)


def squeeze(builder: Builder) -> Builder:
    """Squeeze and excitation, the mean over rows and columns in the middle."""
    body(builder)
    start = builder.last
    axes = builder.constant(np.array([1, 2]))
    first(builder.node("ReduceMean", axes, keepdims=1), 6).conv(6, (1, 1)).node("Sigmoid")
    builder.node("Transpose", perm=LAST).node("Mul", start)
    return first(builder, 6).conv(4, (3, 3)).node("Transpose", perm=LAST)


def features(builder: Builder) -> Builder:
    axes = builder.constant(np.array([1, 2]))
    weight = builder.floats(6, 4)
    return body(builder).node("ReduceMean", axes, keepdims=0).node("MatMul", builder.constant(weight))


def moved(builder: Builder) -> Builder:
    """Slice, Split, Pad and Resize along the axes that channels last has."""
    body(builder)
    ends = [builder.constant(np.array([value])) for value in (1, 7, 1, 1)]
    builder.node("Slice", *ends).node("Split", builder.constant(np.array([4, 2])), axis=-1)
    builder.nodes[-1].output.append("rest")
    builder.node("Pad", builder.constant(np.array([0, 1, 0, 0, 0, 0, 2, 0])))
    scales = builder.constant(np.array([1, 2, 2, 1], np.float32))
    counted = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    builder.node("Resize", "", scales, mode="nearest", **counted)
    return first(builder, 4).conv(4, (3, 3)).node("Transpose", perm=LAST)


TAILS: dict[str, tuple[Callable[[Builder], Builder], list[str]]] = {
    "image": (body, ["Transpose"]),
    "bias and activation": (lambda b: body(b).node("Add", b.constant(b.floats(6))).node("Relu"), ["Transpose"]),
    "block": (block, ["Transpose"]),
    "squeeze": (squeeze, ["Transpose"]),
    "features": (features, []),
    "moved": (moved, ["Transpose"]),
    "softmax": (lambda b: body(b).node("Softmax", axis=-1), ["Softmax", "Transpose"]),
    "flat": (lambda b: body(b).node("Reshape", b.constant(np.array([0, -1]))), ["Reshape", "Transpose"]),
    "head": (
        lambda b: body(b).node("Reshape", b.constant(np.array([0, -1, 3]))).node("Softmax"),
        ["Reshape", "Softmax", "Transpose"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("tail", TAILS)
def test_tails_of_channels_last(tail: str, tmp_path: Path) -> None:
    """Only what the model itself wants in another order is the host's, once, behind everything."""
    build, hosts = TAILS[tail]
    path = build(Builder((12, 10, 3), opset=18)).save(tmp_path / "m.onnx")
    network = compile_model(path, PICTURES)
    assert sorted(entry["operator"] for entry in network.meta["host"]) == hosts
    assert network.stages == 1
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = np.concatenate([_run(model, name, row[None].astype(np.float32)) for row in PICTURES])
    assert _decibels(network, PICTURES, wanted) > 25


class Rows(CalibrationDataReader):
    """The pictures, one by one, as onnxruntime's quantiser asks for them."""

    def __init__(self) -> None:
        self.rows = iter(PICTURES.astype(np.float32))

    def get_next(self) -> dict[str, np.ndarray] | None:
        row = next(self.rows, None)
        return None if row is None else {"image": row[None]}


@pytest.mark.parametrize("tail", ["image", "bias and activation", "block"])
def test_codes_of_the_model_in_channels_last(tail: str, tmp_path: Path) -> None:
    """Transposes move through roundings, and constants behind DequantizeLinear go along."""
    path = TAILS[tail][0](Builder((12, 10, 3), batch=1, opset=18)).save(tmp_path / "float.onnx")
    quantize_static(path, tmp_path / "m.onnx", Rows(), weight_type=QuantType.QInt8)
    network = compile_model(tmp_path / "m.onnx", PICTURES.astype(np.float32))
    assert network.stages == 1
    assert {entry["operator"] for entry in network.meta["host"]} <= {"Transpose", "QuantizeLinear", "DequantizeLinear"}
    model = onnx.load(tmp_path / "m.onnx")
    name = model.graph.output[0].name
    wanted = np.concatenate([_run(model, name, row[None].astype(np.float32)) for row in PICTURES])
    assert _decibels(network, PICTURES.astype(np.float32), wanted) > 25


def test_lines(tmp_path: Path) -> None:
    """N x L x C of Conv1D as Keras exports it."""
    builder = Builder((40, 3), opset=18)
    builder.node("Mul", vector(builder, 0.5, 1, 2))
    last(builder.node("Transpose", perm=[0, 2, 1]), 3)
    for kernels in (8, 5):
        weight = builder.constant(builder.floats(kernels, builder.channels, 3, scale=0.4))
        builder.node("Conv", weight).node("Transpose", perm=[0, 2, 1])
        builder.node("Add", builder.constant(builder.floats(kernels))).node("Relu")
        last(builder.node("Transpose", perm=[0, 2, 1]), kernels)
    path = builder.node("GlobalAveragePool").save(tmp_path / "m.onnx")
    lines = np.random.default_rng(1).normal(size=(8, 40, 3)).astype(np.float32)
    network = compile_model(path, lines)
    assert not [entry for entry in network.meta["host"] if entry["operator"] == "Transpose"]
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = np.concatenate([_run(model, name, row[None]) for row in lines])
    assert _decibels(network, lines, wanted) > 25


def test_other_readers_keep_their_tensor(tmp_path: Path) -> None:
    """A tensor in channels last that leaves the model, or is read as it is, stays what it was."""
    builder = body(Builder((12, 10, 3)))
    kept = builder.last
    builder.node("Relu")
    second = builder.last
    first(builder, 6).conv(4, (1, 1))
    model = builder.model()
    for name in (kept, second):
        model.graph.output.append(onnx.ValueInfoProto(name=name, type=model.graph.output[0].type))
        model.graph.output[-1].type.tensor_type.ClearField("shape")
    onnx.save(model, tmp_path / "m.onnx")
    names = [value.name for value in model.graph.output]
    network = compile_model(tmp_path / "m.onnx", PICTURES)
    found = network.golden_outputs(PICTURES)
    for name in names:
        wanted = np.concatenate([_run(model, name, row[None].astype(np.float32)) for row in PICTURES])
        assert found[name].shape == wanted.shape
        assert 10 * np.log10((wanted**2).sum() / ((found[name] - wanted) ** 2).sum()) > 25


def test_inputs_whose_order_nobody_can_tell_stay_as_they_are(tmp_path: Path) -> None:
    """Arrays of a square shape are what the model was written for; the host turns them."""
    builder = Builder((8, 8)).node("Transpose", perm=[0, 2, 1])
    weight = builder.constant(builder.floats(5, 8, 3, scale=0.3))
    path = builder.node("Conv", weight).save(tmp_path / "m.onnx")
    lines = np.random.default_rng(1).normal(size=(8, 8, 8)).astype(np.float32)
    network = compile_model(path, lines)
    model = onnx.load(path)
    name = model.graph.output[0].name
    assert _decibels(network, lines, np.concatenate([_run(model, name, row[None]) for row in lines])) > 25
