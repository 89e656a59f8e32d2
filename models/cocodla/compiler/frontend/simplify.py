"""What is known before anything runs: shapes, numbers made of them, and which branch of an If is taken.

Exporters compute shapes with operators of their own. With the batch bound to 1 most of that is constant, also behind
operators of which shape inference knew nothing while the batch was open.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper, numpy_helper

from cocodla.compiler import original
from cocodla.compiler.frontend.identities import kept_input
from cocodla.compiler.frontend.nodes import RANDOM, label_of, renamed
from cocodla.compiler.frontend.shapes import inferred_values
from cocodla.errors import UserError

LEFT = ("Constant", "DequantizeLinear", "QuantizeLinear", *RANDOM)
"""Operators that stay: codes of weights must be seen, and chance is no constant."""


REDUCING = ("ReduceMean", "ReduceMax", "ReduceSum")


def simplify(model: onnx.ModelProto) -> None:
    """Replace nodes by constants, Ifs by their branches, what changes nothing by Identity, reductions in turn by one;
    until nothing changes, in place.
    """
    while _round(model):
        pass
    _join_reductions(model)


def _round(model: onnx.ModelProto) -> bool:
    """One pass over all nodes; True if it changed any."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    shapes, kinds = _known(model)
    nodes: list[onnx.NodeProto] = []
    changed = False
    for node in model.graph.node:
        branch = _branch(node, constants)
        value = None if branch is not None else _value(node, constants, shapes, model)
        if branch is not None:
            nodes += _inlined(node, branch, model)
        elif value is not None:
            nodes.append(_constant(node, value))
            constants[node.output[0]] = value
        elif (source := kept_input(node, constants, shapes, kinds)) is not None:
            nodes.append(helper.make_node("Identity", [source], node.output, node.name))
        else:
            nodes.append(node)
            if node.op_type == "Constant":
                constants.update(_constant_value(node))
        changed |= nodes[-1] is not node
    if changed:
        del model.graph.node[:]
        model.graph.node.extend(nodes)
    return changed


def _known(model: onnx.ModelProto) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Shapes of the tensors all of whose extents are known, and element types."""
    shapes, kinds = {}, {}
    for value in (*model.graph.input, *inferred_values(model)):
        kind = value.type.tensor_type
        kinds[value.name] = kind.elem_type
        if kind.HasField("shape") and all(dim.HasField("dim_value") for dim in kind.shape.dim):
            shapes[value.name] = np.array([dim.dim_value for dim in kind.shape.dim], np.int64)
    return shapes, kinds


def _constant_value(node: onnx.NodeProto) -> Iterator[tuple[str, np.ndarray]]:
    """The value of a Constant, by name."""
    for attribute in node.attribute:
        if attribute.name == "value":
            yield node.output[0], numpy_helper.to_array(attribute.t)
        elif attribute.name in ("value_int", "value_ints"):
            yield node.output[0], np.array(helper.get_attribute_value(attribute), np.int64)
        elif attribute.name in ("value_float", "value_floats"):
            yield node.output[0], np.array(helper.get_attribute_value(attribute), np.float32)


def _value(
    node: onnx.NodeProto, constants: dict[str, np.ndarray], shapes: dict[str, np.ndarray], model: onnx.ModelProto
) -> np.ndarray | None:
    """The one output of a node, if it is known."""
    names = [name for name in node.input if name]
    if node.domain or node.op_type in LEFT or len(node.output) != 1 or not names:
        return None
    if node.op_type == "Shape" and names[0] in shapes and not node.attribute:
        return shapes[names[0]]
    if not all(name in constants for name in names) or any(a.HasField("g") for a in node.attribute):
        return None
    try:
        return original.evaluate(node, {name: constants[name] for name in names}, model)[node.output[0]]
    except UserError:  # the importer will tell
        return None


def _constant(node: onnx.NodeProto, value: np.ndarray) -> onnx.NodeProto:
    return helper.make_node("Constant", [], node.output[:1], node.name, value=numpy_helper.from_array(value))


def _branch(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> onnx.GraphProto | None:
    """The branch that a node takes; None if it is no If, or that is open."""
    if node.op_type != "If" or node.domain or node.input[0] not in constants:
        return None
    wanted = "then_branch" if constants[node.input[0]].item() else "else_branch"
    return next(attribute.g for attribute in node.attribute if attribute.name == wanted)


def _inlined(node: onnx.NodeProto, branch: onnx.GraphProto, model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The nodes of a branch in place of the If; names of its own get the If's name in front."""
    made = [name for inner in branch.node for name in inner.output] + [tensor.name for tensor in branch.initializer]
    names = {name: f"{label_of(node)}/{name}" for name in made if name}
    for tensor in branch.initializer:
        copy = model.graph.initializer.add()
        copy.CopyFrom(tensor)
        copy.name = names[tensor.name]
    nodes = []
    for inner in branch.node:
        copy = renamed(inner, [names.get(name, name) for name in inner.input], names)
        copy.output[:] = [names.get(name, name) for name in inner.output]
        nodes.append(copy)
    for result, wanted in zip(branch.output, node.output, strict=True):
        nodes.append(helper.make_node("Identity", [names.get(result.name, result.name)], [wanted]))
    return nodes


def _join_reductions(model: onnx.ModelProto) -> None:
    """Two reductions of one kind in a row that drop their axes, mean(3).mean(2), become one of all these axes."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        constants.update(_constant_value(node) if node.op_type == "Constant" else ())
    shapes = _known(model)[0]
    makers = {name: node for node in model.graph.node for name in node.output}
    read = [name for node in model.graph.node for name in node.input] + [value.name for value in model.graph.output]
    for node in list(model.graph.node):
        first = makers.get(node.input[0]) if node.op_type in REDUCING and not node.domain else None
        if first is None or first.op_type != node.op_type or read.count(node.input[0]) > 1:
            continue
        before, behind = _dropped(first, constants), _dropped(node, constants)
        if not before or not behind or first.input[0] not in shapes:
            continue
        rank = len(shapes[first.input[0]])
        gone = {axis % rank for axis in before}
        left = [axis for axis in range(rank) if axis not in gone]
        axes = sorted(gone | {left[axis % len(left)] for axis in behind})
        node.input[0] = first.input[0]
        model.graph.node.remove(first)
        if len(node.input) > 1:
            node.input[1] = f"{node.output[0]}/axes"
            model.graph.initializer.append(numpy_helper.from_array(np.array(axes, np.int64), node.input[1]))
        else:
            next(attribute for attribute in node.attribute if attribute.name == "axes").ints[:] = axes


def _dropped(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> list[int]:
    """The axes that a reduction drops; [] if it keeps them, or they are open."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if attributes.get("keepdims", 1):
        return []
    if len(node.input) > 1:
        return [int(axis) for axis in constants.get(node.input[1], np.zeros(0)).reshape(-1)]
    return list(attributes.get("axes", []))
