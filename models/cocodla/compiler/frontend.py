"""ONNX file -> Graph: loading, checks, constant folding, partition into accelerator and host.

The batch axis is bound to 1. Nodes whose inputs are all constant are evaluated here; the others are translated by
operators.py, in order. Operators that only make sense on the host (Softmax and the like) may form the tail of the
model; anything else that cannot be translated is an error which names operator, node, constraint and value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from cocodla.compiler.ir import Graph, Shape
from cocodla.compiler.operators import TRANSLATORS, Source, Unsupported
from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError

MIN_OPSET, MAX_OPSET = 7, 23
IGNORED = ("Identity", "Dropout")
"""Operators whose first output is their first input at inference."""
HOST_OPERATORS = (
    "Softmax", "LogSoftmax", "Hardmax", "ArgMax", "ArgMin", "TopK", "Sigmoid", "Tanh", "Exp", "Cast", "Squeeze",
    "Unsqueeze",
)  # fmt: skip
"""Operators that may end a model on the host."""


@dataclass
class Import:
    """A model split in two: `graph` for the accelerator, the nodes named in `host` for the CPU behind it.

    model: the checked model, batch bound to 1. outputs: the model's own output tensors.
    aliases: tensors that are another tensor under a second name (Identity, Dropout).
    """

    model: onnx.ModelProto
    graph: Graph
    outputs: list[str]
    host: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


def load_model(path: Path | str) -> onnx.ModelProto:
    """Read and check an ONNX file; UserError when it is missing, unreadable or not a valid ONNX model."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: {'is a directory' if path.is_dir() else 'no such file'}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        model = onnx.load_model_from_string(data)
        if not model.graph.node:
            raise ValueError("it holds no operators")
        _check_opset(path, model)
        onnx.load_external_data_for_model(model, str(path.parent))
        model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        onnx.checker.check_model(model)  # after inference: it wants a shape at every output
    except UserError:
        raise
    except Exception as error:  # protobuf, checker and shape inference each raise their own kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{path}: not a valid ONNX model ({reason})") from error
    return model


def import_model(model: onnx.ModelProto, name: str, options: CompileOptions) -> Import:
    """Translate a checked model; UserError for anything that cannot be done exactly."""
    constants = _initializers(model)
    input_name, shape = _bind_input(model, constants, options)
    outputs = [value.name for value in model.graph.output]
    result = Import(model, Graph(name, input_name, [], {input_name: shape}), outputs, constants=constants)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    on_host: set[str] = set()
    for index, node in enumerate(model.graph.node):
        label = node.name or node.output[0] or f"#{index}"
        if _ignored(node, result) or _folded(node, result, label):
            continue
        inputs = [result.aliases.get(tensor, tensor) for tensor in node.input]
        if any(tensor in on_host for tensor in inputs) or node.op_type in HOST_OPERATORS:
            result.host.append(node)
            on_host.update(node.output)
        else:
            _translate(node, label, inputs, opset, result)
    _cut(result, on_host)
    return result


def host_model(imported: Import) -> onnx.ModelProto | None:
    """The host's part as a model of its own, fed by the accelerator's outputs; None if there is none."""
    if not imported.host:
        return None
    graph = imported.graph
    made = {tensor for node in imported.host for tensor in node.output}
    needed = {tensor for node in imported.host for tensor in node.input if tensor and tensor not in made}
    nodes = []
    for node in imported.host:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [imported.aliases.get(tensor, tensor) for tensor in node.input]
        nodes.append(copy)
    inputs = [
        onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, [1, *graph.shapes[tensor]])
        for tensor in graph.outputs
    ]
    initializers = [
        numpy_helper.from_array(imported.constants[tensor], tensor)
        for tensor in sorted(needed)
        if tensor in imported.constants
    ]
    outputs = [value for value in imported.model.graph.output if value.name in made]
    body = onnx.helper.make_graph(nodes, f"{graph.name}_host", inputs, outputs, initializers)
    return onnx.helper.make_model(body, opset_imports=imported.model.opset_import, ir_version=imported.model.ir_version)


def _check_opset(path: Path, model: onnx.ModelProto) -> None:
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and not MIN_OPSET <= entry.version <= MAX_OPSET:
            raise UserError(f"{path}: opset {entry.version} is not supported (supported: {MIN_OPSET} to {MAX_OPSET})")
    if not any(entry.domain in ("", "ai.onnx") for entry in model.opset_import):
        raise UserError(f"{path}: the model imports no standard ONNX opset")


def _initializers(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    constants = {}
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            wrong = int((~np.isfinite(value)).sum())
            reader = next((node for node in model.graph.node if tensor.name in node.input), None)
            owner = f"{reader.op_type} {(reader.name or reader.output[0])!r}: " if reader is not None else ""
            raise UserError(f"{owner}weight {tensor.name!r} holds NaN or infinite values ({wrong} of {value.size})")
        constants[tensor.name] = value
    return constants


def _bind_input(
    model: onnx.ModelProto, constants: Mapping[str, np.ndarray], options: CompileOptions
) -> tuple[str, Shape]:
    """Name and shape (no batch) of the one real input; the model's own shape is changed to batch 1."""
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise UserError(f"the model has {len(inputs)} inputs ({names}), exactly one is supported")
    value = inputs[0]
    tensor = value.type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise UserError(f"input {value.name!r} has element type {kind}, only FLOAT is supported")
    dims = tensor.shape.dim
    if len(dims) not in (2, 4):
        raise UserError(f"input {value.name!r} has {len(dims)} axes, supported are N x C x H x W and N x F")
    given = list(options.input_shape or ())
    if given and len(given) != len(dims) - 1:
        raise UserError(f"input shape {tuple(given)} does not fit input {value.name!r} with {len(dims)} axes")
    dims[0].Clear()
    dims[0].dim_value = 1
    for axis, dim in enumerate(dims[1:]):
        if given and dim.dim_value in (0, given[axis]):
            dim.dim_value = given[axis]
        elif dim.dim_value <= 0 or given:
            raise UserError(
                f"input {value.name!r}: extent of axis {axis + 1} is {dim.dim_value or dim.dim_param or 'open'!r}"
                + (f", not {given[axis]}" if given else "; give an input shape")
            )
    _forget_batch(model)
    return value.name, tuple(dim.dim_value for dim in dims[1:])


def _forget_batch(model: onnx.ModelProto) -> None:
    """Drop shapes written into the file: they may hold another batch size than 1."""
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")


def _ignored(node: onnx.NodeProto, result: Import) -> bool:
    if node.op_type not in IGNORED or node.domain:
        return False
    source = result.aliases.get(node.input[0], node.input[0])
    if source in result.constants:
        result.constants[node.output[0]] = result.constants[source]
    elif source in result.graph.shapes:
        result.aliases[node.output[0]] = source
    else:
        return False
    return True


def _folded(node: onnx.NodeProto, result: Import, label: str) -> bool:
    """Evaluate a node all of whose inputs are known; Shape of a known tensor counts as known."""
    feeds: dict[str, Any] = {}
    for tensor in filter(None, node.input):
        source = result.aliases.get(tensor, tensor)
        if source in result.constants:
            feeds[tensor] = result.constants[source]
        elif node.op_type == "Shape" and source in result.graph.shapes:
            feeds[tensor] = np.zeros((1, *result.graph.shapes[source]), np.float32)
        else:
            return False
    inputs = [onnx.ValueInfoProto(name=name) for name in feeds]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
    body = onnx.GraphProto(name="constant", node=[node], input=inputs, output=outputs)
    single = onnx.ModelProto(graph=body, opset_import=result.model.opset_import, ir_version=result.model.ir_version)
    try:
        values = ReferenceEvaluator(single).run(None, feeds)
    except Exception as error:
        raise UserError(f"{node.op_type} {label!r}: constant inputs, but it cannot be evaluated ({error})") from error
    result.constants.update(zip((value.name for value in outputs), map(np.asarray, values), strict=True))
    return True


def _translate(node: onnx.NodeProto, label: str, inputs: list[str], opset: int, result: Import) -> None:
    graph = result.graph
    translator = TRANSLATORS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if translator is None:
        raise UserError(f"{node.op_type} {label!r}: operator is not supported")
    source = Source(node, label, inputs, opset, result.constants, graph.shapes)
    try:
        results = translator(source)
    except Unsupported as reason:
        raise UserError(f"{node.op_type} {label!r}: {reason}") from reason
    for made, shape in results if isinstance(results, list) else [results]:
        if min(shape) < 1:
            raise UserError(f"{node.op_type} {label!r}: the output would have shape {shape}")
        graph.nodes.append(made)
        graph.shapes[made.output] = shape


def _cut(result: Import, on_host: set[str]) -> None:
    """Decide which tensors leave the accelerator."""
    graph = result.graph
    wanted = [tensor for node in result.host for tensor in node.input] + [
        tensor for tensor in result.outputs if tensor not in on_host
    ]
    for tensor in wanted:
        source = result.aliases.get(tensor, tensor)
        if source in result.constants:
            continue
        if source in graph.shapes and source not in graph.outputs and source not in on_host:
            graph.outputs.append(source)
    if not graph.nodes:
        raise UserError("the model has no operator for the accelerator")
    if graph.input in graph.outputs:
        raise UserError(f"the model's input {graph.input!r} is used by a host operator, which is not supported")
    for node in reversed(list(graph.nodes)):
        if not graph.consumers(node.output) and node.output not in graph.outputs:
            graph.nodes.remove(node)
            del graph.shapes[node.output]
