"""ONNX file -> Graph: loading, checks, constant folding, partition into accelerator and host.

The batch axis is bound to 1. Nodes whose inputs are all constant are evaluated here; the others are translated by
the operators package, in order. What cannot be translated runs on the host, with the constraint and the value found
as the reason (an error if the options are strict). Behind host operators the accelerator takes over again only where a
convolution or a fully connected layer follows: everything else stays on the host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from cocodla.compiler import original, qdq
from cocodla.compiler.ir import Affine, Graph, Host, Quantisation, Shape
from cocodla.compiler.operators import TRANSLATORS, Result, Source, Unsupported, chains
from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError

MIN_OPSET, MAX_OPSET = 7, 23
IGNORED = ("Identity", "Dropout")
"""Operators whose first output is their first input at inference."""
WORTHWHILE = ("Conv", "Gemm", "MatMul", "ConvTranspose")
"""Operators for which data goes from the host to the accelerator again."""


@dataclass(frozen=True)
class Placement:
    """A node that the host runs, and why."""

    node: str
    operator: str
    reason: str


@dataclass
class Import:
    """A model split in two: `graph` for the accelerator, `host` for the CPU behind it.

    model: the checked model, batch bound to 1. outputs: the model's own output tensors.
    aliases: tensors that are another tensor under a second name (Identity, Dropout). placements: all nodes of the
    host, also those in the middle of the network (Host nodes of the graph). codes: integer tensors of QuantizeLinear ->
    the real tensor they stand for, and how. steps: real value of one code for each element of quantised constants.
    """

    model: onnx.ModelProto
    graph: Graph
    outputs: list[str]
    host: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    placements: list[Placement] = field(default_factory=list)
    codes: dict[str, tuple[str, Quantisation]] = field(default_factory=dict)
    steps: dict[str, np.ndarray] = field(default_factory=dict)


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


def import_model(
    model: onnx.ModelProto, name: str, options: CompileOptions, forced: Mapping[str, str] | None = None
) -> Import:
    """Translate a checked model. forced: nodes that must run on the host -> why.

    UserError for a model that makes no sense, and with strict options for every node the host would have to run.
    """
    constants = _initializers(model)
    input_name, shape = _bind_input(model, constants, options)
    _check_extents(model)
    outputs = [value.name for value in model.graph.output]
    result = Import(model, Graph(name, input_name, [], {input_name: shape}), outputs, constants=constants)
    partition = _Partition(result, options.strict)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    done: set[int] = set()
    for node in model.graph.node:
        if node.op_type == "Constant":
            _folded(node, result, node.name or node.output[0])
    for index, node in enumerate(model.graph.node):
        label = label_of(node)
        if index in done or _ignored(node, result) or _folded(node, result, label):
            continue
        inputs = [result.aliases.get(tensor, tensor) for tensor in node.input]
        source = Source(node, label, inputs, opset, result.constants, result.graph.shapes, result.steps)
        reason = (forced or {}).get(label)
        if reason is None and node.op_type in qdq.OPERATORS and node.domain in ("", "ai.onnx"):
            reason = partition.requantise(source)
        elif reason is None:
            reason = partition.admit(index, inputs)
            links = _chain(index, source, result) if reason is None else []
            done.update(links)
            if reason is None and not links:
                reason = _translate(source, result)
        if reason is not None:
            if options.strict:
                raise UserError(f"{node.op_type} {label!r}: {reason}")
            partition.place(node, label, inputs, reason)
    partition.cut()
    return result


class _Partition:
    """Which nodes run on the host, and what crosses the border."""

    def __init__(self, result: Import, strict: bool) -> None:
        self.result, self.strict = result, strict
        self.made: dict[str, onnx.NodeProto] = {}
        self.worthwhile = _leading_to_work(result.model)
        self.kinds = _float_shapes(result.model)

    def admit(self, index: int, inputs: Sequence[str]) -> str | None:
        """Why a node cannot run on the accelerator whatever it is; None if it may. Fetches its inputs from the host."""
        graph = self.result.graph
        behind = [tensor for tensor in inputs if tensor in self.made and tensor not in graph.shapes]
        if not behind:
            return None
        integers = [tensor for tensor in behind if tensor in self.result.codes]
        if integers:
            return f"it computes with the integers {integers[0]!r} of QuantizeLinear"
        if index not in self.worthwhile:
            return "it follows host operators and no convolution or fully connected layer follows it"
        for tensor in behind:
            shape = self.kinds.get(tensor)
            if shape is None:
                return f"the host makes its input {tensor!r}, whose type or shape the accelerator cannot take"
        for tensor in behind:
            self._fetch(tensor)
        return None

    def requantise(self, source: Source) -> str | None:
        """QuantizeLinear and DequantizeLinear: fix the codes of a tensor. Why that is not possible, or None.

        The host may need QuantizeLinear's integers later on: then it makes them from the tensor.
        """
        result, tensor = self.result, source.inputs[0]
        try:
            if source.node.op_type == "DequantizeLinear":
                pin = qdq.read_pair(source, result.codes)
                if tensor in result.codes and pin == result.codes[tensor][1]:
                    result.aliases[source.output] = result.codes[tensor][0]
                    return None
                result.graph.pins[source.output] = pin  # in case the accelerator fetches it from the host
                return "its input is not made by a QuantizeLinear of the same scale and zero point"
            pin = qdq.quantisation(source)
            if tensor not in result.graph.shapes:
                return f"the host makes its input {tensor!r}"
            qdq.pin(result.graph, tensor, pin, raw=tensor == source.node.input[0])
        except Unsupported as reason:
            return str(reason)
        result.codes[source.output] = (tensor, pin)
        self.made[source.output] = _renamed(source.node, source.inputs)
        return None

    def place(self, node: onnx.NodeProto, label: str, inputs: Sequence[str], reason: str) -> None:
        """Let the host run a node."""
        self.made.update(dict.fromkeys(filter(None, node.output), _renamed(node, inputs)))
        self.result.placements.append(Placement(label, node.op_type, reason))

    def _fetch(self, tensor: str) -> None:
        """A Host node that makes `tensor` from what the accelerator (or the input) has."""
        graph, (nodes, inputs) = self.result.graph, self._closure([tensor])
        model = _sub_model(self.result, nodes, inputs, [onnx.ValueInfoProto(name=tensor)])
        label = self.made[tensor].name or tensor
        feeds = [(name, graph.shapes[name]) for name in inputs]
        graph.nodes.append(Host(label, list(inputs), tensor, model.SerializeToString(), feeds))
        graph.shapes[tensor] = self.kinds[tensor]

    def _closure(self, tensors: Sequence[str]) -> tuple[list[onnx.NodeProto], list[str]]:
        """The host's nodes that make some tensors, in order, and what they read from the accelerator."""
        wanted, needed, inputs = list(tensors), [], []
        seen: set[str] = set()
        while wanted:
            tensor = wanted.pop()
            if not tensor or tensor in seen or tensor in self.result.constants:
                continue
            seen.add(tensor)
            if tensor in self.made:
                needed.append(id(self.made[tensor]))
                if tensor in self.result.codes:
                    self._report(self.made[tensor])
                wanted += self.made[tensor].input
            else:
                inputs.append(tensor)
        ordered = {id(node): node for node in self.made.values()}
        return [node for key, node in ordered.items() if key in needed], sorted(inputs)

    def _report(self, node: onnx.NodeProto) -> None:
        """Tell that the host runs a QuantizeLinear whose tensor the accelerator makes."""
        placement = Placement(label_of(node), node.op_type, "its integers are read on the host")
        if self.strict:
            raise UserError(f"{placement.operator} {placement.node!r}: {placement.reason}")
        if placement not in self.result.placements:
            self.result.placements.append(placement)

    def _no_work(self) -> str:
        first = next((place for place in self.result.placements if place.operator in WORTHWHILE), None)
        first = first or next(iter(self.result.placements), None)
        reason = f" ({first.operator} {first.node!r}: {first.reason})" if first else ""
        return f"the model has no operator for the accelerator{reason}"

    def cut(self) -> None:
        """Decide which tensors leave the accelerator, and what the host does behind it."""
        result, graph = self.result, self.result.graph
        sources = [result.aliases.get(tensor, tensor) for tensor in result.outputs]
        result.host, wanted = self._closure([tensor for tensor in sources if tensor in self.made])
        if any(tensor in result.constants for tensor in sources):
            raise UserError("an output of the model is constant")
        graph.outputs = list(dict.fromkeys([*wanted, *(tensor for tensor in sources if tensor not in self.made)]))
        if not any(not isinstance(node, Host) for node in graph.nodes):
            raise UserError(self._no_work())
        if graph.input in graph.outputs:
            self._copy_input()
        for node in reversed(list(graph.nodes)):
            if not graph.consumers(node.output) and node.output not in graph.outputs:
                graph.nodes.remove(node)
                del graph.shapes[node.output]
        if not any(not isinstance(node, Host) for node in graph.nodes):
            raise UserError(self._no_work())

    def _copy_input(self) -> None:
        """The input leaves the accelerator too, for the last host operators or as an output: as an int8 copy."""
        result, graph = self.result, self.result.graph
        copy, channels = f"{graph.input}/copy", graph.shapes[graph.input][0]
        result.model.graph.node.append(onnx.helper.make_node("Identity", [graph.input], [copy]))
        graph.nodes.append(Affine(copy, [graph.input], copy, np.ones(channels), np.zeros(channels)))
        graph.shapes[copy] = graph.shapes[graph.input]
        graph.pin_like(copy, graph.input)
        graph.outputs = [copy if tensor == graph.input else tensor for tensor in graph.outputs]
        for node in result.host:
            node.input[:] = [copy if tensor == graph.input else tensor for tensor in node.input]
        for tensor in result.outputs:
            if result.aliases.get(tensor, tensor) == graph.input:
                result.aliases[tensor] = copy


def label_of(node: onnx.NodeProto) -> str:
    """How a node is called in messages: its name, or its first output's."""
    return str(node.name or next(filter(None, node.output), node.op_type))


def _renamed(node: onnx.NodeProto, inputs: Sequence[str]) -> onnx.NodeProto:
    """A copy of a node that reads other tensors."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = inputs
    return copy


def unquantised(imported: Import) -> onnx.ModelProto:
    """The checked model without the roundings that the graph holds as fixed codes: what passes must not change."""
    model = onnx.ModelProto()
    model.CopyFrom(imported.model)
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] in imported.aliases:
            source = imported.aliases[node.output[0]]
            node.CopyFrom(onnx.helper.make_node("Identity", [source], node.output[:1], name=node.name))
    return model


def rounds_on_host(imported: Import) -> bool:
    """True if the host rounds to codes in the middle of the network: then float noise becomes whole steps."""
    models = (onnx.load_model_from_string(node.model) for node in imported.graph.nodes if isinstance(node, Host))
    return any(node.op_type == "QuantizeLinear" for model in models for node in model.graph.node)


def _leading_to_work(model: onnx.ModelProto) -> set[int]:
    """Numbers of the nodes that are, or lead to, an operator worth the accelerator."""
    found: set[int] = set()
    wanted: set[str] = set()
    for index, node in reversed(list(enumerate(model.graph.node))):
        if node.op_type in WORTHWHILE or wanted.intersection(node.output):
            found.add(index)
            wanted.update(filter(None, node.input))
    return found


def _check_extents(model: onnx.ModelProto) -> None:
    """UserError for a node that makes a tensor without elements: nothing can compute with it."""
    producers = {name: node for node in model.graph.node for name in node.output}
    for value in _inferred(model):
        kind = value.type.tensor_type
        extents = [dim.dim_value if dim.HasField("dim_value") else 1 for dim in kind.shape.dim]
        node = producers.get(value.name)
        if node is not None and kind.elem_type == onnx.TensorProto.FLOAT and len(extents) > 1 and min(extents) < 1:
            raise UserError(f"{node.op_type} {label_of(node)!r}: the output would have shape {tuple(extents[1:])}")


def _inferred(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """All tensors whose shapes can be told."""
    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # a model onnxruntime may run all the same
        return []
    return [*graph.value_info, *graph.output]


def _float_shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Shapes (no batch) of the vectors and images of a model with batch 1, as far as they are known."""
    shapes = {}
    for value in _inferred(model):
        kind = value.type.tensor_type
        extents = tuple(dim.dim_value for dim in kind.shape.dim)
        if kind.elem_type == onnx.TensorProto.FLOAT and len(extents) in (2, 4) and extents[0] == 1 and min(extents) > 0:
            shapes[value.name] = extents[1:]
    return shapes


def host_model(imported: Import) -> onnx.ModelProto | None:
    """The host's last part as a model of its own, fed by the accelerator's outputs; None if there is none."""
    if not imported.host:
        return None
    made = {tensor for node in imported.host for tensor in node.output}
    outputs = [value for value in imported.model.graph.output if value.name in made]
    aliased = [name for name in imported.outputs if name not in made and imported.aliases.get(name) in made]
    nodes = [onnx.helper.make_node("Identity", [imported.aliases[name]], [name]) for name in aliased]
    outputs += [value for value in imported.model.graph.output if value.name in aliased]
    return _sub_model(imported, [*imported.host, *nodes], imported.graph.outputs, outputs)


def _sub_model(
    imported: Import, nodes: list[onnx.NodeProto], inputs: Sequence[str], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """Some nodes of a model as a model of their own, fed by tensors of the accelerator (batch 1)."""
    read = {tensor for node in nodes for tensor in node.input}
    feeds = [
        onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, [1, *imported.graph.shapes[tensor]])
        for tensor in inputs
        if tensor in read
    ]
    initializers = [
        numpy_helper.from_array(imported.constants[tensor], tensor)
        for tensor in sorted(read)
        if tensor in imported.constants
    ]
    body = onnx.helper.make_graph(nodes, f"{imported.graph.name}_host", feeds, outputs, initializers)
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
    if node.op_type not in IGNORED or node.domain or _drops(node, result):
        return False
    source = result.aliases.get(node.input[0], node.input[0])
    if source in result.constants:
        result.constants[node.output[0]] = result.constants[source]
        if source in result.steps:
            result.steps[node.output[0]] = result.steps[source]
    elif source in result.graph.shapes:
        result.aliases[node.output[0]] = source
    else:
        return False
    return True


def _drops(node: onnx.NodeProto, result: Import) -> bool:
    """True for a Dropout that is not only its input: in training, or with a mask that is read."""
    training = node.input[2] if len(node.input) > 2 else ""
    mask = node.output[1] if len(node.output) > 1 else ""
    readers = (name for other in result.model.graph.node for name in other.input)
    return bool(training and np.any(result.constants.get(training, True))) or mask in {*readers, *result.outputs} - {""}


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
    try:
        values = original.evaluate(node, feeds, result.model)
    except UserError as error:
        raise UserError(f"{node.op_type} {label!r}: constant inputs, but it cannot be evaluated ({error})") from error
    result.constants.update(values)
    steps = qdq.constant_steps(node, feeds, result.steps)
    if steps is not None:
        data = node.input[0]
        moves = node.op_type != "DequantizeLinear"
        moved = original.evaluate(node, {**feeds, data: steps}, result.model) if moves else {node.output[0]: steps}
        result.steps.update(moved)
    return True


def _chain(index: int, first: Source, result: Import) -> list[int]:
    """Add a chain of Reshape and Transpose between two images to the graph: the numbers of its nodes, [] if none is."""
    graph, nodes = result.graph, result.model.graph.node
    label, inputs = first.label, first.inputs
    shape = graph.shapes.get(inputs[0]) if inputs else None
    links = chains.chain_from(nodes, index, result.outputs) if shape is not None and len(shape) == 3 else []
    while shape is not None and len(links) > 1:
        chain = [nodes[link] for link in links]
        numbers = chains.numbers_through(chain, result.constants, first.opset, inputs[0], shape)
        if numbers is not None and np.array_equal(numbers, np.arange(numbers.size).reshape(shape)):
            result.aliases[chain[-1].output[0]] = inputs[0]
            return links
        if numbers is not None:
            last = onnx.NodeProto(op_type="Reshape", name=label, input=[inputs[0]], output=[chain[-1].output[0]])
            source = Source(last, label, inputs[:1], first.opset, result.constants, graph.shapes)
            try:
                _add(chains.translate(source, numbers), graph)
                return links
            except Unsupported:
                pass  # a shorter one may do
        links = links[:-1]
    return []


def _add(results: Sequence[Result], graph: Graph) -> None:
    for part, shape in results:
        graph.nodes.append(part)
        graph.shapes[part.output] = shape


def _translate(source: Source, result: Import) -> str | None:
    """Add a node to the graph; why that is not possible, or None."""
    graph, node, label = result.graph, source.node, source.label
    translator = TRANSLATORS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if node.op_type in IGNORED and not node.domain:
        return "it drops elements (training_mode), or its mask is read"
    if translator is None:
        return "operator is not supported"
    try:
        results = translator(source)
    except Unsupported as reason:
        return str(reason)
    made = results if isinstance(results, list) else [results]
    if any(min(shape) < 1 for _, shape in made):
        raise UserError(f"{node.op_type} {label!r}: the output would have shape {made[0][1]}")
    _add(made, graph)
    return None
