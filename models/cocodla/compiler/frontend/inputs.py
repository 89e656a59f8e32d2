"""Models with several inputs: they become one vector that holds them all, which the host takes apart again.

So everything that takes images takes the inputs of such a model as well, each as long as all of them together.
"""

from __future__ import annotations

import json
import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cocodla.compiler.ir import Shape

JOINED = "all inputs"
"""Name of the vector, and the beginning of the names of the nodes that take it apart."""
KINDS = (
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT8,
    TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
)  # fmt: skip
METADATA = "cocodla.inputs"


def join(model: onnx.ModelProto) -> None:
    """Let a model with several inputs read one vector (N, features) of float32, in place.

    ValueError for an input whose extents are open, or that holds no numbers.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    given = [value for value in model.graph.input if value.name not in constants]
    if len(given) < 2:
        return
    parts: list[tuple[str, Shape]] = []
    nodes: list[onnx.NodeProto] = []
    batch: int | str = "N"
    first = 0
    for value in given:
        kind, dims = value.type.tensor_type, value.type.tensor_type.shape.dim
        batched = len(dims) > 1 and (not dims[0].HasField("dim_value") or dims[0].dim_value <= 1)
        shape = tuple(dim.dim_value for dim in (dims[1:] if batched else dims))
        if kind.elem_type not in KINDS or min(shape, default=1) < 1:
            raise ValueError(
                f"input {value.name!r}: of several inputs each must hold numbers in a fixed shape for one image, "
                f"it has {TensorProto.DataType.Name(kind.elem_type)} {shape}"
            )
        if batched and dims[0].HasField("dim_value"):
            batch = dims[0].dim_value
        nodes += _part(model, value, first, shape, batched)
        parts.append((value.name, shape))
        first += math.prod(shape)
        model.graph.input.remove(value)
        model.graph.value_info.append(value)
    nodes += list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.input.append(helper.make_tensor_value_info(JOINED, TensorProto.FLOAT, [batch, first]))
    model.metadata_props.add(key=METADATA, value=json.dumps(parts))


def _part(
    model: onnx.ModelProto, value: onnx.ValueInfoProto, first: int, shape: Shape, batched: bool
) -> list[onnx.NodeProto]:
    """Nodes that take an input out of the vector."""
    label, kind = f"{JOINED}/{value.name}", value.type.tensor_type.elem_type
    names = (f"{label}/places", f"{label}/shape")
    places, target = np.arange(first, first + math.prod(shape)), [-1, *shape] if batched else list(shape)
    for name, array in zip(names, (places, np.array(target, np.int64)), strict=True):
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    shaped = value.name if kind == TensorProto.FLOAT else f"{label}/shaped"
    nodes = [
        helper.make_node("Gather", [JOINED, names[0]], [f"{label}/flat"], f"{label}/flat", axis=1),
        helper.make_node("Reshape", [f"{label}/flat", names[1]], [shaped], f"{label}/shaped"),
    ]
    if kind != TensorProto.FLOAT:
        nodes.append(helper.make_node("Cast", [shaped], [value.name], f"{label}/cast", to=kind))
    return nodes


def parts_of(model: onnx.ModelProto) -> tuple[tuple[str, Shape], ...]:
    """Names and shapes (for one image) of the inputs of a model with several; () for others."""
    found = (entry.value for entry in model.metadata_props if entry.key == METADATA)
    return tuple((name, tuple(shape)) for text in found for name, shape in json.loads(text))


def takes_apart(label: str) -> bool:
    """True for a node that takes an input out of the vector."""
    return label.startswith(f"{JOINED}/")
