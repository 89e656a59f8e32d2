"""Single operators on tensors whose axes are in another order: constants, axes and amounts by axis go along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from cocodla.compiler.frontend.nodes import STANDARD, label_of
from cocodla.compiler.frontend.operators import curves

BY_ELEMENT = (
    *curves.CURVED, *curves.JOINING, "Cast", "Dropout", "Mean", "QuantizeLinear", "DequantizeLinear",
)  # fmt: skip
WITH_AXIS = ("Concat", "Split", "Gather")
NORMALISING = ("Softmax", "LogSoftmax", "LpNormalization")
"""They have an axis too, since opset 13 (LpNormalization always)."""
REDUCING = ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd", "ReduceL2")
AMOUNTS = {"Resize": (1, 2, 3), "Upsample": (1,)}
"""Inputs that hold a number for each axis."""


@dataclass
class Constants:
    """The constants of a graph, those behind DequantizeLinear too; new ones are added to it."""

    graph: onnx.GraphProto
    values: dict[str, np.ndarray]

    @staticmethod
    def of(graph: onnx.GraphProto) -> Constants:
        values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        for node in graph.node:
            for attribute in node.attribute:
                if node.op_type == "Constant" and attribute.name == "value":
                    values[node.output[0]] = numpy_helper.to_array(attribute.t)
            if node.op_type == "DequantizeLinear" and all(name in values for name in node.input):
                codes, scale, *zero = (values[name] for name in node.input)
                if scale.size == 1:
                    offset = zero[0].astype(np.int64) if zero else 0
                    values[node.output[0]] = ((codes.astype(np.int64) - offset) * scale.reshape(())).astype(np.float32)
        return Constants(graph, values)

    def add(self, name: str, value: np.ndarray) -> str:
        """A new constant; its name."""
        while name in self.values:
            name += "/moved"
        self.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        self.values[name] = value
        return name


def relaid(
    node: onnx.NodeProto, order: Sequence[int], constants: Constants, ranks: Mapping[str, int], opset: int
) -> onnx.NodeProto | None:
    """A copy of an operator for inputs whose axis a has moved to order[a], and whose outputs have it there too.

    Where a reduction drops axes its output is the same as before. None for operators that cannot be moved this way.
    """
    count = len(order)
    computed = [name for name in node.input if name and name not in constants.values]
    if node.domain not in STANDARD or not computed or any(ranks.get(name) != count for name in computed):
        return None
    if any(attribute.HasField("g") for attribute in node.attribute):
        return None
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    kind = node.op_type
    if kind in BY_ELEMENT:
        return copy if _constants_moved(copy, order, constants) else None
    if kind in WITH_AXIS or (kind in NORMALISING and (opset >= 13 or kind == "LpNormalization")):
        if kind == "Gather" and (node.input[0] not in computed or ranks.get(node.input[1], 1) != 1):
            return None
        if kind == "Concat" and len(computed) != len(node.input):
            return None
        default = {"Concat": 0, "Split": 0, "Gather": 0}.get(kind, -1)
        axis = _attributes(node).get("axis", default)
        _set(copy, "axis", order[axis % count])
        return copy
    if kind in REDUCING:
        return _axes_moved(copy, order, constants, 1)
    if kind == "Slice":
        return _slice(copy, order, constants)
    if kind == "Pad":
        return _pad(copy, order, constants)
    if kind in AMOUNTS:
        return _amounts(copy, order, constants)
    return None


def moved(values: Sequence[Any], order: Sequence[int]) -> list[Any]:
    """Numbers by axis in the new order."""
    result = [None] * len(order)
    for axis, value in enumerate(values):
        result[order[axis]] = value
    return result


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _set(node: onnx.NodeProto, name: str, value: Any) -> None:
    """Give a node another value of an attribute."""
    kept = [entry for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


def _constants_moved(node: onnx.NodeProto, order: Sequence[int], constants: Constants) -> bool:
    """Move the axes of a node's constant operands; False where that is not possible."""
    for index, name in enumerate(node.input):
        value = constants.values.get(name)
        if value is None or value.size == 1:
            continue
        if value.ndim > len(order) or node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            return False  # scales by channel: weights, not tensors
        aligned = value.reshape((1,) * (len(order) - value.ndim) + value.shape)
        back = [list(order).index(axis) for axis in range(len(order))]
        node.input[index] = constants.add(f"{label_of(node)}/{name}", aligned.transpose(back))
    return True


def _axes_moved(
    node: onnx.NodeProto, order: Sequence[int], constants: Constants, index: int
) -> onnx.NodeProto | None:
    """The node with its axes in the new order: an attribute, or input `index`."""
    given = _attributes(node).get("axes")
    if given is not None:
        _set(node, "axes", [order[axis % len(order)] for axis in given])
        return node
    if len(node.input) <= index or node.input[index] not in constants.values:
        return None
    axes = constants.values[node.input[index]].reshape(-1)
    new = np.array([order[int(axis) % len(order)] for axis in axes], axes.dtype)
    node.input[index] = constants.add(f"{label_of(node)}/axes", new)
    return node


def _slice(node: onnx.NodeProto, order: Sequence[int], constants: Constants) -> onnx.NodeProto | None:
    if "axes" in _attributes(node) or (len(node.input) > 3 and node.input[3]):
        return _axes_moved(node, order, constants, 3)
    if len(node.input) < 2:
        _set(node, "axes", list(order[: len(_attributes(node)["starts"])]))
        return node
    if node.input[1] not in constants.values:
        return None
    axes = constants.add(f"{label_of(node)}/axes", np.array(order[: constants.values[node.input[1]].size], np.int64))
    node.input[3:4] = [axes]
    return node


def _pad(node: onnx.NodeProto, order: Sequence[int], constants: Constants) -> onnx.NodeProto | None:
    count = len(order)
    if len(node.input) > 3 and node.input[3]:
        return _axes_moved(node, order, constants, 3)
    pads = _attributes(node).get("pads")
    if pads is not None:
        _set(node, "pads", [*moved(pads[:count], order), *moved(pads[count:], order)])
        return node
    if len(node.input) < 2 or node.input[1] not in constants.values:
        return None
    given = constants.values[node.input[1]]
    new = np.array([*moved(given[:count].tolist(), order), *moved(given[count:].tolist(), order)], given.dtype)
    node.input[1] = constants.add(f"{label_of(node)}/pads", new)
    return node


def _amounts(node: onnx.NodeProto, order: Sequence[int], constants: Constants) -> onnx.NodeProto | None:
    """Resize and Upsample: scales, sizes, and the region as long as nothing reads it."""
    attributes = _attributes(node)
    if "axes" in attributes or attributes.get("coordinate_transformation_mode") == b"tf_crop_and_resize":
        return None
    if "scales" in attributes:
        _set(node, "scales", moved(attributes["scales"], order))
    for index in AMOUNTS[node.op_type]:
        name = node.input[index] if len(node.input) > index else ""
        if not name:
            continue
        value = constants.values.get(name)
        if value is None:
            return None
        if value.size == len(order):
            new = np.array(moved(value.tolist(), order), value.dtype)
            node.input[index] = constants.add(f"{label_of(node)}/amounts{index}", new)
    return node
