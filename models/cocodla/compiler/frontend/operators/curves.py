"""Functions of one number: single operators (Sigmoid, Tanh, ...), and groups of operators that are one together.

Exporters write many activations as several nodes: SiLU as Sigmoid and Mul, GELU with Erf, Mish, HardSwish. Whatever
computes each element of a tensor from the same element of one other tensor and constant numbers is a table for the
accelerator, however many operators it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import onnx

from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Curve, CurveFunction

CURVED = (
    "Sigmoid", "Tanh", "Elu", "Selu", "Celu", "ThresholdedRelu", "Softplus", "Softsign", "Gelu", "Mish", "HardSwish",
    "Shrink", "Exp", "Log", "Sqrt", "Reciprocal", "Pow", "Erf", "Sign", "Floor", "Ceil", "Round", "Sin", "Cos",
    "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh",
)  # fmt: skip
"""Operators that only a table can do."""
JOINING = (
    "Relu", "LeakyRelu", "PRelu", "Clip", "HardSigmoid", "Abs", "Neg", "Identity", "Add", "Sub", "Mul", "Div", "Max",
    "Min", "Sum",
)  # fmt: skip
"""Operators that are cheaper otherwise, unless they are part of a curve."""


def single(source: Source) -> Result:
    """One operator of which a table is made."""
    others = [name for name in source.inputs[1:] if name]
    for index, name in enumerate(others, 1):
        if source.constant(index, "an operand").size != 1:
            raise Unsupported(f"the operand {name!r} must be one number, its shape is {source.constants[name].shape}")
    tensor = source.tensor(0)
    function = _function([source.node], {source.node.input[0]: tensor}, tensor, source.constants, source.opset)
    return Curve(source.label, [tensor], source.output, function), source.shape(0)


def curve_from(
    nodes: Sequence[onnx.NodeProto],
    first: int,
    tensors: Collection[str],
    rank: int,
    apart: Callable[[onnx.NodeProto], bool],
    constants: Mapping[str, np.ndarray],
    outputs: Collection[str],
) -> list[int]:
    """Numbers of the largest group of nodes from node `first` on that is a function of one tensor; [] if none is.

    Nothing but the group reads what it makes, its last result excepted. tensors: all names of that tensor, with `rank`
    axes. apart: tells that a node cannot belong to a group. outputs: tensors that leave the model.
    """
    if nodes[first].op_type not in CURVED + JOINING:
        return []
    made = dict.fromkeys(tensors, -1)
    group: list[int] = []
    for index in range(first, len(nodes)):
        node = nodes[index]
        if node.domain or len(node.output) != 1 or apart(node):
            continue
        if node.op_type in CURVED + JOINING and _of_one(node, made, rank, constants):
            made[node.output[0]] = index
            group.append(index)
        elif index == first:
            return []
    readers: dict[str, list[int]] = {}
    for index, node in enumerate(nodes):
        for name in node.input:
            readers.setdefault(name, []).append(index)
    for last in reversed(group[1:]):
        part = _ancestors(nodes, last, made)
        inner = [nodes[index].output[0] for index in part if index != last]
        closed = all(set(readers[name]) <= part and name not in outputs for name in inner)
        if first in part and closed and any(_bends(nodes[index], made) for index in part):
            return sorted(part)
    return []


def _of_one(
    node: onnx.NodeProto, made: Mapping[str, int], rank: int, constants: Mapping[str, np.ndarray]
) -> bool:
    """True if all inputs are tensors of the group, or numbers."""
    names = [name for name in node.input if name]
    numbers = (constants[name] for name in names if name not in made and name in constants)
    small = all(value.size == 1 and value.ndim <= rank for value in numbers)
    return small and any(name in made for name in names) and all(name in made or name in constants for name in names)


def _ancestors(nodes: Sequence[onnx.NodeProto], last: int, made: Mapping[str, int]) -> set[int]:
    """Nodes of the group that one of them needs, itself included."""
    found, wanted = set(), [last]
    while wanted:
        index = wanted.pop()
        if index not in found:
            found.add(index)
            wanted += [made[name] for name in nodes[index].input if made.get(name, -1) >= 0]
    return found


def _bends(node: onnx.NodeProto, made: Mapping[str, int]) -> bool:
    """True for an operator that only a table can do, or that combines two tensors of the group."""
    return node.op_type in CURVED or sum(name in made for name in node.input) > 1


def translate(
    nodes: Sequence[onnx.NodeProto], label: str, tensor: str, names: Collection[str], source: Source
) -> Result:
    """The node for a group that `curve_from` has found. names: all names of `tensor`."""
    function = _function(nodes, dict.fromkeys(names, tensor), tensor, source.constants, source.opset)
    return Curve(label, [tensor], nodes[-1].output[0], function), source.shapes[tensor]


def _function(
    nodes: Sequence[onnx.NodeProto], renamed: Mapping[str, str], tensor: str, constants: Mapping[str, np.ndarray],
    opset: int,
) -> CurveFunction:
    """An ONNX model of some nodes, for a tensor of any shape."""
    copies = []
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [renamed.get(name, name) for name in node.input]
        copies.append(copy)
    read = sorted({name for node in copies for name in node.input} & set(constants))
    feed = onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None)
    result = onnx.helper.make_tensor_value_info(copies[-1].output[0], onnx.TensorProto.FLOAT, None)
    initializers = [onnx.numpy_helper.from_array(constants[name], name) for name in read]
    graph = onnx.helper.make_graph(copies, "curve", [feed], [result], initializers)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8)
    label = "+".join(node.op_type.lower() for node in copies if node.op_type != "Identity")
    return CurveFunction(label, model.SerializeToString())
