"""The known networks that the ONNX package brings without weights: with seeded ones, for small pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
PASSING = ("Unsqueeze", "Reshape", "Identity")
"""Operators a weight may go through."""


def light_model(name: str, extent: int, seed: int = 0) -> onnx.ModelProto:
    """A network for pictures of 3 x extent x extent. Its weights, all alike in the file, are random ones of usual size.

    Averages of 7 x 7, what is left of a whole picture, become global ones.
    """
    model = onnx.load(FOLDER / f"light_{name}.onnx")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    random = np.random.default_rng(seed)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        if node.op_type == "ConstantOfShape" and node.input[0] in constants:
            kind, index = _reader(nodes, node.output[0])
            weight = _weight(random, kind, index, [int(extent) for extent in constants[node.input[0]]])
            model.graph.initializer.append(numpy_helper.from_array(weight.astype(np.float32), node.output[0]))
            continue
        if node.op_type == "AveragePool" and [7, 7] in [list(entry.ints) for entry in node.attribute]:
            node = onnx.helper.make_node("GlobalAveragePool", node.input, node.output, name=node.name)
        model.graph.node.append(node)
    (picture,) = (value for value in model.graph.input if value.name not in constants)
    for dim in picture.type.tensor_type.shape.dim[2:]:
        dim.dim_value = extent
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    return model


def _reader(nodes: list[onnx.NodeProto], tensor: str) -> tuple[str, int]:
    """The operator that computes with a weight, and as which input."""
    while True:
        node = next(node for node in nodes if tensor in node.input)
        if node.op_type not in PASSING:
            return node.op_type, list(node.input).index(tensor)
        tensor = node.output[0]


def _weight(random: np.random.Generator, kind: str, index: int, shape: list[int]) -> np.ndarray:
    if kind in ("Conv", "Gemm") and index == 1:
        return random.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
    if kind == "BatchNormalization" and index == 4:
        return random.uniform(0.5, 1.5, shape)
    if kind == "Mul" or (kind == "BatchNormalization" and index == 1):
        return random.uniform(0.7, 1.3, shape)
    return random.normal(size=shape) * 0.1
