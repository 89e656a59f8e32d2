"""The same network as different exporters write it: opsets 7 to 23, and the forms constants have in a file."""

from __future__ import annotations

from random import Random

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PARAMETERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "Clip": (11, ("min", "max")),
    "Pad": (11, ("pads", "value")),
    "ReduceMax": (18, ("axes",)),
    "ReduceMean": (18, ("axes",)),
    "ReduceSum": (13, ("axes",)),
    "Slice": (10, ("starts", "ends", "axes")),
    "Split": (13, ("split",)),
    "Squeeze": (13, ("axes",)),
    "Unsqueeze": (13, ("axes",)),
    "Upsample": (9, ("scales",)),
}
"""Operators whose parameters are inputs from an opset on, and attributes of these names before."""
FIRST = {"HardSwish": 14, "Max": 8, "Min": 8, "Sum": 8}
"""First opset that has an operator, or its broadcasting."""
DEFAULT = 13


def needed(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> int:
    """First opset that has a node in this form."""
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    if node.op_type == "Slice" and len(node.input) > 4 and (constants[node.input[4]] != 1).any():
        return 10
    if attributes.get("ceil_mode"):
        return 10
    if attributes.get("mode") in (b"CRD", b"DCR", b"linear") or attributes.get("axis", 0) < 0:
        return 11
    if node.op_type == "Gemm" and len(node.input) < 3:
        return 11
    floored = (attributes.get("coordinate_transformation_mode"), attributes.get("nearest_mode"))
    if node.op_type == "Resize" and (len(node.input) > 3 or floored != (b"asymmetric", b"floor")):
        return 11
    return FIRST.get(node.op_type, 7)


def export(
    nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], random: Random
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], int]:
    """Nodes and constants in the form of some opset (returned), constants perhaps by nodes of their own.

    nodes: with all parameters as inputs.
    """
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in constants}
    wanted = DEFAULT if random.random() < 0.4 else random.randint(7, 23)
    opset = max([wanted, *(needed(node, values) for node in nodes)])
    written = [_resize(node, opset) for node in nodes]
    written = [_with_attributes(node, opset, values) for node in written]
    # before opset 9 a Constant is a float
    form = random.choice(["initializer"] * 4 + ["Constant", "Identity"])
    read = {name for node in written for name in node.input}
    kept = [tensor for tensor in constants if tensor.name in read]
    if "empty" in read:
        kept.append(numpy_helper.from_array(np.zeros(0, np.float32), "empty"))
    if form == "Constant" and (opset >= 9 or all(tensor.data_type == TensorProto.FLOAT for tensor in kept)):
        made = [helper.make_node(form, [], [tensor.name], value=tensor) for tensor in kept]
        return [*made, *written], [], opset
    if form == "Identity":
        stored = [numpy_helper.from_array(numpy_helper.to_array(tensor), f"{tensor.name}/file") for tensor in kept]
        made = [helper.make_node(form, [f"{tensor.name}/file"], [tensor.name]) for tensor in kept]
        return [*made, *written], stored, opset
    return written, kept, opset


def _resize(node: onnx.NodeProto, opset: int) -> onnx.NodeProto:
    """Resize as of opset 13; in 11 and 12 no input may be left out, before there is no other way than floor."""
    if node.op_type != "Resize" or opset >= 13:
        return node
    if opset >= 11:
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        changed.input[:] = [name or "empty" for name in node.input]
        return changed
    kind = "Resize" if opset == 10 else "Upsample"
    return helper.make_node(kind, [node.input[0], node.input[2]], node.output, node.name, mode="nearest")


def _with_attributes(node: onnx.NodeProto, opset: int, values: dict[str, np.ndarray]) -> onnx.NodeProto:
    """A node with parameters as attributes where its opset wants them so."""
    first, names = PARAMETERS.get(node.op_type, (0, ()))
    if opset >= first:
        return node
    changed = onnx.NodeProto()
    changed.CopyFrom(node)
    changed.input[:] = node.input[:1]
    for name, source in zip(names, node.input[1:], strict=False):
        if source:
            changed.attribute.append(helper.make_attribute(name, values[source].tolist()))
    return changed
