"""Shapes that a file declares, rightly and wrongly, and those ONNX's own inference gets wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import Builder

from cocodla.compiler import compile_model
from cocodla.compiler.frontend.importer import load_model, read_model
from cocodla.compiler.original import outputs_of

WINDOWS = [(1, 2, 0, 8), (1, 2, 0, 6), (2, 3, 0, 3), (2, 3, 0, 6), (3, 3, 1, 5), (3, 3, 1, 8), (1, 4, 0, 8)]
"""Kernel, stride, padding, extent: rounded up, one more window would begin behind the input."""
IMAGES = np.random.default_rng(2).normal(size=(4, 3, 8, 8)).astype(np.float32)


def pooled(kind: str, kernel: int, stride: int, pad: int, extent: int, **attributes: int) -> Builder:
    builder = Builder((3, extent, extent)).conv(8, (3, 3), pads=[1, 1, 1, 1])
    builder.node(
        kind, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, ceil_mode=1, **attributes
    )  # fmt: skip
    return builder


def declared(model: onnx.ModelProto, name: str, shape: tuple[int, ...], where: str) -> onnx.ModelProto:
    """The model, of opset 13, declaring the shape of a tensor as an output or in value_info."""
    value = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    if where == "output":
        model.graph.output[0].CopyFrom(value)
    else:
        model.graph.output[0].type.tensor_type.ClearField("shape")
        model.graph.value_info.append(value)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", 13))
    return model


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("where", ["output", "value_info"])
def test_windows_behind_the_input_do_not_count(
    kind: str, window: tuple[int, int, int, int], where: str, tmp_path: Path
) -> None:
    kernel, stride, pad, extent = window
    size = -(-(extent + 2 * pad - kernel) // stride)
    builder = pooled(kind, *window)
    name = builder.last
    if where == "value_info":
        builder.conv(4, (1, 1))
    path = tmp_path / "m.onnx"
    onnx.save(declared(builder.model(), name, (1, 8, size, size), where), path)
    images = IMAGES[:, :, :extent, :extent]
    network = compile_model(path, images)
    assert network.meta["warnings"] == [] and network.meta["host"] == []
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = outputs_of(model, [name], images)[name]
    got = network.golden_batch(images)
    assert got.shape == wanted.shape == (4, *wanted.shape[1:2], size, size)
    assert 10 * np.log10((wanted**2).sum() / ((wanted - got) ** 2).sum()) > 28


@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("stride", [[2, 2], [2, 3]])
def test_dropped_windows_change_no_value(counted: int, stride: list[int], tmp_path: Path) -> None:
    """Also where the other axis goes beyond its padding, which never counts."""
    builder = Builder((2, 8, 8)).node(
        "AveragePool", kernel_shape=[1, 3], strides=stride, pads=[0, 1, 0, 1], ceil_mode=1, count_include_pad=counted
    )
    path = builder.conv(3, (1, 1)).save(tmp_path / "m.onnx")
    images, model = IMAGES[:, :2], onnx.load(path)
    name = model.graph.output[0].name
    np.testing.assert_array_equal(
        outputs_of(load_model(path), [name], images)[name], outputs_of(model, [name], images)[name]
    )


@pytest.mark.parametrize("extent", [5, 6, 8])
@pytest.mark.parametrize("kind", ["Conv", "AveragePool"])
def test_same_padding_below_zero_is_the_runtimes(kind: str, extent: int, tmp_path: Path) -> None:
    """A stride beyond the kernel: with 8 elements onnxruntime leaves the first one out, which ONNX does not tell."""
    builder = Builder((3, extent, extent))
    around = {"strides": [4, 4], "kernel_shape": [1, 1], "auto_pad": "SAME_UPPER"}
    given = [builder.constant(builder.floats(3, 3, 1, 1))] if kind == "Conv" else []
    model = builder.node(kind, *given, **around).conv(4, (1, 1)).model()
    model.opset_import[0].version = 22
    onnx.save(model, tmp_path / "m.onnx")
    images, name = IMAGES[:, :, :extent, :extent], model.graph.output[0].name
    network = compile_model(tmp_path / "m.onnx", images)
    assert [entry["operator"] for entry in network.meta["host"]] == [kind] * (extent == 8)
    assert all("auto_pad SAME_UPPER with a stride" in entry["reason"] for entry in network.meta["host"])
    wanted = outputs_of(model, [name], images)[name]
    got = network.golden_batch(images)
    assert 10 * np.log10((wanted**2).sum() / ((wanted - got) ** 2).sum()) > 28


@pytest.mark.parametrize("where", ["output", "value_info"])
@pytest.mark.parametrize("shape", [(), (1, 4), (1, 4, 6, 7), (1, 4, 6, 6, 1)])
def test_wrongly_declared_shapes_are_told(where: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    builder = Builder((3, 8, 8)).conv(4, (3, 3))
    name = builder.last
    if where == "value_info":
        builder.conv(2, (1, 1))
    path = tmp_path / "m.onnx"
    onnx.save(declared(builder.model(), name, shape, where), path)
    network = compile_model(path, IMAGES)
    (line,) = network.meta["warnings"]
    assert repr(name) in line and str(shape) in line and "('N', 4, 6, 6)" in line
    assert network.golden_batch(IMAGES).shape[2:] == (6, 6)


def test_open_extents_agree_with_any(tmp_path: Path) -> None:
    model = Builder((3, 8, 8)).conv(4, (3, 3)).model()
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("t0", TensorProto.FLOAT, ["n", "c", 6, None]))
    onnx.save(model, tmp_path / "m.onnx")
    assert read_model(tmp_path / "m.onnx")[1] == []
