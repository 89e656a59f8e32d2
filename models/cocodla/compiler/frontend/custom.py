"""Operators of plug-ins in ONNX models: nodes of domains of their own, with the plug-in's reference as a function."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from cocodla.compiler import original
from cocodla.compiler.foreign_model import RUNNABLE
from cocodla.compiler.frontend.nodes import STANDARD, named
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Custom, FloatArray
from cocodla.errors import UserError
from cocodla.units.registry import Operator, find

FUNCTIONS_FROM = 10
"""IR version that models with functions get."""


def operator_of(node: onnx.NodeProto) -> Operator | None:
    """The plug-in's operator of a node; None for ONNX's and onnxruntime's own. UserError if no plug-in has it."""
    if node.domain in RUNNABLE:
        return None
    try:
        return find(node.domain, node.op_type)
    except UserError as error:
        raise UserError(f"{named(node)}: {error}") from error


def attach(model: onnx.ModelProto) -> None:
    """Add the references of plug-ins' operators to a model as functions: it then runs anywhere."""
    opset = max(entry.version for entry in model.opset_import if entry.domain in STANDARD)
    imported = {entry.domain for entry in model.opset_import}
    there = {(function.domain, function.name) for function in model.functions}
    for node in model.graph.node:
        operator = operator_of(node)
        if operator is None or operator.key in there:
            continue
        there.add(operator.key)
        model.functions.append(operator.onnx_function(opset))
        if operator.domain not in imported:
            imported.add(operator.domain)
            model.opset_import.append(onnx.helper.make_opsetid(operator.domain, 1))
    if model.functions:
        model.ir_version = max(model.ir_version, FUNCTIONS_FROM)


def translate(source: Source, operator: Operator, model: onnx.ModelProto) -> Result:
    """The node of a plug-in's operator. Unsupported where the accelerator cannot take it."""
    node = source.node
    if len(node.output) != 1:
        raise Unsupported(f"it has {len(node.output)} outputs, operators of plug-ins have one")
    tensors = [name for name in source.inputs if name in source.shapes]
    for name in tensors:
        if len(source.shapes[name]) != 3:
            raise Unsupported(f"input {name!r} must be N x C x H x W, its shape is {source.shapes[name]} without N")
    constants: dict[int, FloatArray] = {
        position: np.asarray(source.constants[name], np.float64)
        for position, name in enumerate(source.inputs)
        if name not in source.shapes and name in source.constants
    }
    reference = _reference(source, tensors, model)
    feeds = {name: np.zeros((1, *source.shapes[name]), np.float32) for name in tensors}
    shape = original.run_host(reference, feeds, node.output[0]).shape[1:]
    if len(shape) != 3:
        raise Unsupported(f"its output must be N x C x H x W, its shape is {shape} without N")
    attributes = {entry.name: _value(entry) for entry in node.attribute}
    made = Custom(source.label, tensors, node.output[0], operator, constants, attributes, reference, shape)
    return made, shape


def _value(entry: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(entry)
    return value.decode() if isinstance(value, bytes) else value


def _reference(source: Source, tensors: list[str], model: onnx.ModelProto) -> bytes:
    """The node alone as a model of batch 1, fed by `tensors`."""
    node = onnx.NodeProto()
    node.CopyFrom(source.node)
    node.input[:] = source.inputs
    feeds = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, *source.shapes[name]])
        for name in dict.fromkeys(tensors)
    ]
    constants = [
        numpy_helper.from_array(source.constants[name], name) for name in dict.fromkeys(source.inputs)
        if name in source.constants and name not in source.shapes
    ]  # fmt: skip
    result = onnx.helper.make_empty_tensor_value_info(node.output[0])
    graph = onnx.helper.make_graph([node], "custom", feeds, [result], constants)
    whole = onnx.helper.make_model(
        graph, opset_imports=model.opset_import, functions=model.functions, ir_version=model.ir_version
    )
    return whole.SerializeToString()
