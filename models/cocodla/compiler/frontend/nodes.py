"""ONNX nodes as the compiler sees them, and what a model must be before anything can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx
from onnx import inliner

from cocodla.compiler.foreign_model import inner_graphs

RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial")
"""Operators whose outputs are never constant."""
STANDARD = ("", "ai.onnx")


def label_of(node: onnx.NodeProto) -> str:
    """How a node is called in messages: its name, or its first output's."""
    return str(node.name or next(filter(None, node.output), node.op_type))


def named(node: onnx.NodeProto) -> str:
    """Operator and name."""
    return f"{node.op_type} {label_of(node)!r}"


def reads(node: onnx.NodeProto) -> list[str]:
    """Tensors a node reads: its inputs, and what the graphs inside of it (If, Loop, Scan) take from outside."""
    outside = (name for graph in inner_graphs(node) for name in _free(graph))
    return list(dict.fromkeys(filter(None, (*node.input, *outside))))


def renamed(node: onnx.NodeProto, inputs: Sequence[str], aliases: Mapping[str, str]) -> onnx.NodeProto:
    """A copy of a node that reads other tensors, also in the graphs inside of it."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = inputs
    for graph in inner_graphs(copy):
        _rename(graph, aliases)
    return copy


def prepare(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its own functions written out and all node names different.

    ValueError for a graph that cannot be run in order; the message names the node.
    """
    if not model.graph.node:
        raise ValueError("it holds no operators")
    if not model.graph.output:
        raise ValueError("it has no outputs")
    for value in (*model.graph.input, *model.graph.output):
        if not value.type.WhichOneof("value"):
            raise ValueError(f"the type of {value.name!r} is missing")
    for value in model.graph.input:
        if value.type.HasField("tensor_type") and not value.type.tensor_type.HasField("shape"):
            raise ValueError(f"input {value.name!r} has no shape")
    if model.functions:
        model = inliner.inline_local_functions(model)  # also of operators that a plug-in has: the model's word counts
    _check_order(model.graph)
    _check_operators(model)
    names: set[str] = set()
    for node in model.graph.node:
        if node.name in names:
            node.name = ""  # messages then name its output
        names.add(node.name)
    return model


def _check_order(graph: onnx.GraphProto) -> None:
    """ValueError unless each tensor is made once, and before it is read."""
    makers: dict[str, onnx.NodeProto] = {}
    for node in graph.node:
        for name in filter(None, node.output):
            if name in makers:
                raise ValueError(f"{named(makers[name])} and {named(node)} both make tensor {name!r}")
            makers[name] = node
    known = {value.name for value in (*graph.input, *graph.initializer)}
    known.update(tensor.values.name for tensor in graph.sparse_initializer)
    for node in graph.node:
        for name in reads(node):
            if name not in known:
                late = f"only {named(makers[name])} behind it makes" if name in makers else "nothing makes"
                raise ValueError(f"{named(node)} reads tensor {name!r}, which {late}")
        known.update(node.output)
    outputs = [value.name for value in graph.output]
    for name in outputs:
        if name not in known:
            raise ValueError(f"nothing makes output {name!r}")
        if outputs.count(name) > 1:
            raise ValueError(f"output {name!r} is listed twice")


def _check_operators(model: onnx.ModelProto) -> None:
    """ValueError for an operator that neither ONNX nor onnxruntime can know; those of plug-ins are looked up later."""
    versions = {entry.domain: entry.version for entry in model.opset_import}
    for node in model.graph.node:
        if node.domain in STANDARD and not onnx.defs.has(node.op_type, domain=""):
            version = max(versions.get(domain, 0) for domain in STANDARD)
            raise ValueError(f"{named(node)}: ONNX has no such operator (opset {version})")


def _own(graph: onnx.GraphProto) -> set[str]:
    """Tensors a graph inside of a node makes itself."""
    values = (value.name for value in (*graph.input, *graph.initializer))
    return {*values, *(name for node in graph.node for name in node.output)}


def _free(graph: onnx.GraphProto) -> list[str]:
    own = _own(graph)
    used = [name for node in graph.node for name in reads(node)] + [value.name for value in graph.output]
    return [name for name in used if name not in own]


def _rename(graph: onnx.GraphProto, aliases: Mapping[str, str]) -> None:
    own = _own(graph)
    outside = {name: other for name, other in aliases.items() if name not in own}
    for node in graph.node:
        node.input[:] = [outside.get(name, name) for name in node.input]
        for inner in inner_graphs(node):
            _rename(inner, outside)
