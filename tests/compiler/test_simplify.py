"""Shapes that models compute for themselves, and branches that depend on them, before anything is translated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from comparison import floats
from onnx import TensorProto, helper
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model


def test_a_shape_behind_operators_of_the_host(tmp_path: Path) -> None:
    """Blocks of a tensor of five axes, whose extents are read of that tensor."""
    builder = Builder((8, 6, 6)).conv(16, (3, 3))
    builder.node("Reshape", builder.constant(np.array([0, 2, 8, 4, 4])))
    five = builder.last
    builder.node("ReduceMax", axes=[1]).node("Shape", inputs=[five])
    sizes = builder.node("Gather", builder.constant(np.array([0, 2, 3, 4]))).last
    builder.node("Reshape", inputs=["t2", sizes])
    builder.channels = 8
    builder.conv(4, (1, 1))
    network = compile_model(saved(builder, tmp_path, 4), floats((8, 6, 6)))
    assert [entry["operator"] for entry in network.meta["host"]] == ["Reshape", "ReduceMax", "Reshape"]
    assert [layer.operation for layer in network.layers] == ["conv3x3", "conv1x1"]


def saved(builder: Builder, folder: Path, rank: int) -> Path:
    """The model with an output of so many axes, which inference cannot tell."""
    model = builder.model()
    extents = [None] * rank
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(builder.last, TensorProto.FLOAT, extents))
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"



def branch(kind: str, *inputs: str, **attributes: object) -> onnx.GraphProto:
    node = helper.make_node(kind, list(inputs), ["r"], **attributes)
    return helper.make_graph([node], kind, [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)])


def test_the_branch_of_an_if_that_depends_on_a_shape(tmp_path: Path) -> None:
    """As PyTorch writes squeeze(2): Squeeze if the extent is 1, else Identity; branches share names."""
    builder = Builder((8, 6, 6)).conv(16, (6, 6)).node("Relu")
    for axis in (2, 2):
        data = builder.last
        builder.node("Shape").node("Gather", builder.constant(np.array(axis)))
        builder.node("Equal", builder.constant(np.array(1)))
        squeeze = branch("Squeeze", data, builder.constant(np.array([axis])))
        builder.node("If", inputs=[builder.last], then_branch=squeeze, else_branch=branch("Identity", data))
    weight = builder.constant(builder.floats(16, 5, scale=0.4))
    builder.node("MatMul", weight)
    network = compile_model(saved(builder, tmp_path, 2), floats((8, 6, 6)), CompileOptions(strict=True))
    assert [layer.operation for layer in network.layers] == ["fc16+relu", "fc5"]


def test_weights_of_an_inlined_branch(tmp_path: Path) -> None:
    builder = Builder((8, 6, 6)).conv(16, (3, 3))
    taken = branch("Mul", builder.last, "factor")
    taken.initializer.append(onnx.numpy_helper.from_array(builder.floats(16, 1, 1), "factor"))
    builder.node("If", inputs=[builder.constant(np.array(True))], then_branch=taken, else_branch=branch("Relu", "t0"))
    network = compile_model(saved(builder, tmp_path, 4), floats((8, 6, 6)), CompileOptions(strict=True))
    assert [layer.operation for layer in network.layers] == ["conv3x3"]


@pytest.mark.parametrize("opset", [13, 18])
def test_reductions_in_turn_are_one(opset: int, tmp_path: Path) -> None:
    """The mean of rows, then of what is left, as many networks end."""
    builder = Builder((8, 6, 6), opset=opset).conv(16, (3, 3)).node("Relu")
    for axis in (3, -1):
        if opset < 18:
            builder.node("ReduceMean", axes=[axis], keepdims=0)
        else:
            builder.node("ReduceMean", builder.constant(np.array([axis])), keepdims=0)
    builder.node("MatMul", builder.constant(builder.floats(16, 5, scale=0.4)))
    network = compile_model(saved(builder, tmp_path, 2), floats((8, 6, 6)), CompileOptions(strict=True))
    assert [layer.operation for layer in network.layers] == ["conv3x3+relu", "fc5"]
