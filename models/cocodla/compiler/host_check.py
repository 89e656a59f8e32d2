"""Whether the host's part of a network is closed, bounded, and made for the network: before onnxruntime sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import onnx
from onnx import TensorProto

from cocodla.compiler.foreign_model import RUNNABLE, all_nodes, check_inside, check_loops, check_memory, parsed
from cocodla.compiler.ir import Shape
from cocodla.compiler.parts import NetworkParts
from cocodla.errors import UserError

NUMBERS = (
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT8,
    TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32, TensorProto.UINT32, TensorProto.INT64, TensorProto.UINT64,
)  # fmt: skip
"""Element types of outputs."""


def check_host(network: NetworkParts) -> None:
    """ValueError for a model of the host that is not what the network describes, or takes too much."""
    given = {network.input.tensor: network.input.shape, **network.fetched}
    if network.host:
        wanted = {output.name: output.shape for output in network.outputs if output.tensor is None}
        _check(network.host, "host.onnx", given, wanted)
    for step in network.steps:
        place, made = f"the model of host step {step.output!r}", {step.output: network.tensors[step.output].shape}
        names = [value.name for value in _check(step.model, place, dict(step.feeds), made).graph.input]
        if set(names) != {name for name, _ in step.feeds}:
            raise ValueError(f"{place} reads {names}, it is fed {[name for name, _ in step.feeds]}")


def _check(data: bytes, place: str, given: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> onnx.ModelProto:
    """The model; ValueError if it is closed or bounded no more, or its inputs and outputs are others."""
    try:
        model = parsed(data)
        if model.functions:
            raise ValueError("it has functions of its own")
        domain = next((node.domain for node in all_nodes(model) if node.domain not in RUNNABLE), None)
        if domain is not None:
            raise ValueError(f"it has an operator of the domain {domain[:80]!r}, which onnxruntime does not have")
        check_inside(model)
        check_loops(model)
        _check_inputs(model, given)
        _check_outputs(model, shapes)
        check_memory(model)
    except (ValueError, UserError) as error:
        raise ValueError(f"{place}: {error}") from None
    return model


def _check_inputs(model: onnx.ModelProto, given: Mapping[str, Shape]) -> None:
    constants = {tensor.name for tensor in model.graph.initializer}
    if not model.graph.input:
        raise ValueError("it has no inputs")
    for value in model.graph.input:
        kind = value.type.tensor_type
        extents = [dim.dim_value for dim in kind.shape.dim]
        if value.name in constants or value.name not in given or kind.elem_type != TensorProto.FLOAT:
            raise ValueError(f"its input {value.name!r} is no float tensor that the network has")
        if math.prod(extents) != math.prod(given[value.name]) or extents[:1] != [1]:
            raise ValueError(f"its input {value.name!r} has shape {extents}, in the network {given[value.name]}")


def _check_outputs(model: onnx.ModelProto, shapes: Mapping[str, Shape]) -> None:
    made = {value.name: value for value in model.graph.output}
    for name, shape in shapes.items():
        if name not in made:
            raise ValueError(f"it has no output {name!r}")
        kind = made[name].type
        if kind.WhichOneof("value") not in (None, "tensor_type") or kind.tensor_type.elem_type not in (0, *NUMBERS):
            raise ValueError(f"its output {name!r} holds no numbers")
        extents = [dim.dim_value for dim in kind.tensor_type.shape.dim]
        known = kind.tensor_type.HasField("shape") and min(extents, default=1) > 0
        if known and math.prod(extents) != math.prod(shape):
            raise ValueError(f"its output {name!r} has shape {extents}, in the network {shape}")
