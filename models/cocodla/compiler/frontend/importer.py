"""ONNX file -> Graph: loading, checks, constant folding, partition into accelerator and host.

The batch axis is bound to 1. Nodes whose inputs are all constant are evaluated here; the others are translated by
the operators package, in order. What cannot be translated runs on the host, with the constraint and the value found
as the reason (an error if the options are strict). Behind host operators the accelerator takes over again only where a
convolution or a fully connected layer follows: everything else stays on the host.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import numpy_helper

from cocodla import hw
from cocodla.compiler import foreign_model, original
from cocodla.compiler.frontend import canonical, channels_last, coded, custom, inputs, lines, qdq, qlinear, shapes
from cocodla.compiler.frontend.batch import unbind
from cocodla.compiler.frontend.nodes import RANDOM, STANDARD, label_of, named, prepare, reads
from cocodla.compiler.frontend.operators import TRANSLATORS, Result, Source, Unsupported, chains, curves
from cocodla.compiler.frontend.partition import Import, Partition
from cocodla.compiler.frontend.simplify import simplify
from cocodla.compiler.ir import Graph, Shape, came_from
from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError
from cocodla.files.inputs import read_input
from cocodla.units.registry import Operator

MIN_OPSET, MAX_OPSET = 7, 23
MOST_LAYERS = 1_000
"""Operators for the accelerator, before any are joined."""
VALUELESS = {("Shape", 0), ("Size", 0), ("CastLike", 1)}
"""Operators and inputs of which they do not read the values."""
WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization")
"""Operators whose constants are weights: infinite ones make nothing but infinite results. Others may mean no limit."""
JUDGING = ("Clip", "Pad")
"""Operators that tell of NaN themselves."""
IGNORED = ("Identity", "Dropout")
"""Operators whose first output is their first input at inference."""


def load_model(path: Path | str) -> onnx.ModelProto:
    """Read and check an ONNX file; UserError when it is missing, unreadable or not a valid ONNX model."""
    return read_model(path)[0]


def read_model(path: Path | str) -> tuple[onnx.ModelProto, list[str]]:
    """`load_model`, and what the user should know of the file, a line each."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a directory")
    data = read_input(path)
    try:
        model = foreign_model.parsed(data)
        foreign_model.embed(model, path.parent)
        model = canonical.raise_opset(prepare(model), MIN_OPSET)
        _check_opset(path, model)
        custom.attach(model)
        model, warnings = shapes.infer(model)
        warnings += _drop_unread_inputs(model)
        _check(model)  # after inference: it wants a shape at every output
        inputs.join(model)
        channels_last.move_transposes(model)
        canonical.pictures_first(model)
        coded.real_input(model)
    except UserError:
        raise
    except Exception as error:  # protobuf, checker and shape inference each raise their own kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{path}: not a valid ONNX model ({reason})") from error
    return model, warnings


def _drop_unread_inputs(model: onnx.ModelProto) -> list[str]:
    """Leave out inputs that no operator reads, as long as others are left; a line for each."""
    constants = {tensor.name for tensor in model.graph.initializer}
    read = {name for node in model.graph.node for name in reads(node)} | {value.name for value in model.graph.output}
    given = [value for value in model.graph.input if value.name not in constants]
    unread = [value for value in given if value.name not in read]
    if len(unread) == len(given):
        return []
    for value in unread:
        model.graph.input.remove(value)
    return [f"input {value.name!r} is left out: no operator reads it" for value in unread]


def _check(model: onnx.ModelProto) -> None:
    """ONNX's own check. It wants a shape at every output, also where none can be told."""
    kinds = [value.type.tensor_type for value in model.graph.output if value.type.HasField("tensor_type")]
    open_ones = [kind for kind in kinds if not kind.HasField("shape")]
    for kind in open_ones:
        kind.shape.SetInParent()
    onnx.checker.check_model(model)
    for kind in open_ones:
        kind.ClearField("shape")


def import_model(
    model: onnx.ModelProto, name: str, options: CompileOptions, forced: Mapping[str, str] | None = None
) -> Import:
    """Translate a checked model. forced: nodes that must run on the host -> why.

    UserError for a model that makes no sense, and with strict options for every node the host would have to run.
    """
    qlinear.expand(model)
    batch = unbind(model)
    input_name, shape = _bind_input(model, options)
    foreign_model.check_bounds(model)
    shapes.drop_windows_behind(model)
    simplify(model)
    foreign_model.check_bounds(model, simplified=True)
    qdq.drop_repeated(model)
    qdq.drop_limits(model)
    lines.expand(model)
    constants = _initializers(model)
    _check_extents(model)
    outputs = [value.name for value in model.graph.output]
    result = Import(model, Graph(name, input_name, [], {input_name: shape}), outputs, constants=constants, batch=batch)
    result.input_codes, result.parts = coded.input_codes(model), inputs.parts_of(model)
    result.graph.operators = {label_of(node): node.op_type for node in model.graph.node}
    result.graph.named = {tensor for node in model.graph.node for tensor in node.output}
    for node in model.graph.node:
        if node.op_type == "Constant":
            _folded(node, result)
    canonical.flatten_channels_first(model, result.constants, shapes.float_shapes(model))
    partition = Partition(result, options.strict, hosted=options.target != "official")
    opset = next(entry.version for entry in model.opset_import if entry.domain in STANDARD)
    done: set[int] = set()
    read = {name for node in model.graph.node for name in reads(node)}
    for index, node in enumerate(model.graph.node):
        label = label_of(node)
        if index in done or _ignored(node, result) or _folded(node, result):
            continue
        sources = [result.aliases.get(tensor, tensor) for tensor in node.input]
        if inputs.takes_apart(label):
            partition.feed(node, sources)
            continue
        leaves = node.output[0] in result.outputs and node.output[0] not in read
        source = Source(node, label, sources, opset, result.constants, result.graph.shapes, result.steps, leaves)
        reason = next((why for owner, why in (forced or {}).items() if came_from(label, owner)), None)
        if reason is None and node.op_type in qdq.OPERATORS and node.domain in STANDARD:
            reason = partition.requantise(source)
        elif reason is None:
            reason = partition.admit(index, sources)
            links = _group(index, source, partition, forced or {}, done) if reason is None else []
            done.update(links)
            if reason is None and index not in links:
                reason = _translate(source, result)
        if reason is not None:
            if options.strict:
                raise UserError(f"{named(node)}: {reason}")
            partition.place(node, label, sources, reason)
    partition.cut()
    if len(result.graph.nodes) > MOST_LAYERS:
        raise UserError(f"{len(result.graph.nodes):,} layers; at most {MOST_LAYERS:,} are taken")
    return result


def _check_extents(model: onnx.ModelProto) -> None:
    """UserError for a node that makes a tensor without elements: nothing can compute with it."""
    producers = {name: node for node in model.graph.node for name in node.output}
    for value in shapes.inferred_values(model):
        kind = value.type.tensor_type
        extents = [dim.dim_value if dim.HasField("dim_value") else 1 for dim in kind.shape.dim]
        node = producers.get(value.name)
        if node is not None and kind.elem_type == onnx.TensorProto.FLOAT and len(extents) > 1 and min(extents) < 1:
            raise UserError(f"{named(node)}: the output would have shape {tuple(extents[1:])}")


def _check_opset(path: Path, model: onnx.ModelProto) -> None:
    for entry in model.opset_import:
        if entry.domain in STANDARD and not MIN_OPSET <= entry.version <= MAX_OPSET:
            raise UserError(f"{path}: opset {entry.version} is not supported (supported: {MIN_OPSET} to {MAX_OPSET})")
    if not any(entry.domain in STANDARD for entry in model.opset_import):
        raise UserError(f"{path}: the model imports no standard ONNX opset")


def _initializers(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    constants = {}
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            wrong = int((~np.isfinite(value)).sum())
            readers = [node for node in model.graph.node if tensor.name in node.input]
            unfit = (node for node in readers if node.op_type in WEIGHTED or np.isnan(value).any())
            owner = next((node for node in unfit if node.op_type not in JUDGING), None)
            if owner is not None:
                told = f"weight {tensor.name!r} holds NaN or infinite values ({wrong} of {value.size})"
                raise UserError(f"{named(owner)}: {told}")
        constants[tensor.name] = value
    return constants


def _bind_input(model: onnx.ModelProto, options: CompileOptions) -> tuple[str, Shape]:
    """Name and shape (no batch) of the one real input; the model's own shape is changed to batch 1."""
    constants = {tensor.name for tensor in model.graph.initializer}
    value = next((value for value in model.graph.input if value.name not in constants), None)
    if value is None:
        raise UserError("the model has no input")
    tensor = value.type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise UserError(f"input {value.name!r} has element type {kind}, only FLOAT, INT8 and UINT8 are supported")
    dims = tensor.shape.dim
    if len(dims) not in (2, 3, 4):
        raise UserError(f"input {value.name!r} has {len(dims)} axes, supported are N x C x H x W, N x C x L and N x F")
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
    if len(dims) == 4 and (largest := max(dim.dim_value for dim in dims)) > hw.MAX_EXTENT:
        raise UserError(f"input {value.name!r}: an extent of {largest:,} is larger than {hw.MAX_EXTENT}")
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
    if not training and not mask:
        return False
    readers = (name for other in result.model.graph.node for name in other.input)
    return bool(training and np.any(result.constants.get(training, True))) or mask in {*readers, *result.outputs} - {""}


def _folded(node: onnx.NodeProto, result: Import) -> bool:
    """Evaluate a node all of whose inputs are known, or of which it takes nothing but a known shape or type."""
    if node.op_type in RANDOM:
        return False
    feeds: dict[str, Any] = {}
    valueless = {name for index, name in enumerate(node.input) if (node.op_type, index) in VALUELESS}
    for tensor in reads(node):
        source = result.aliases.get(tensor, tensor)
        if source in result.constants:
            feeds[tensor] = result.constants[source]
        elif source in result.graph.shapes and tensor in valueless:
            feeds[tensor] = np.zeros((1, *result.graph.shapes[source]), np.float32)
        else:
            return False
    try:
        values = original.evaluate(node, feeds, result.model)
    except UserError as error:
        raise UserError(f"{named(node)}: constant inputs, but it cannot be evaluated ({error})") from error
    result.constants.update(values)
    steps = qdq.constant_steps(node, feeds, result.steps)
    if steps is not None:
        data = node.input[0]
        moves = node.op_type != "DequantizeLinear"
        moved = original.evaluate(node, {**feeds, data: steps}, result.model) if moves else {node.output[0]: steps}
        result.steps.update(moved)
    return True


def _group(
    index: int, first: Source, partition: Partition, forced: Mapping[str, str], done: Collection[int]
) -> list[int]:
    """Add a group of nodes that are one layer together to the graph: the numbers of those that are done by this."""
    links = _moves(index, first, partition.result, forced, done)
    return links if links or partition.at_end(index) else _curve(index, first, partition.result, forced)


def _moves(
    index: int, first: Source, result: Import, forced: Mapping[str, str], done: Collection[int]
) -> list[int]:
    """Add operators that only move elements of one tensor to the graph: the numbers of those nobody needs any more."""
    graph, nodes = result.graph, result.model.graph.node
    tensor = next((name for name in first.inputs if name in graph.shapes), None)
    if tensor is None:
        return []
    names = {name for name, source in result.aliases.items() if source == tensor} | {tensor}
    moves = chains.Moves(
        nodes, index, tensor, names, result.constants, lambda node: _forced(node, forced), result.outputs, done
    )
    numbers = moves.numbers(first.opset, graph.shapes[tensor]) if len(moves.members) > 1 else {}
    accepted, wanted = set[int](), moves.ends() if numbers else []
    while wanted:
        member = wanted.pop()
        if member in accepted or not moves.worthwhile(member):
            continue
        results = _moved(nodes[member], first, tensor, numbers, result)
        if results is None:  # fewer of them may do
            wanted += [before for before in moves.before(member) if before != member]
            continue
        accepted.add(member)
        for name, made in results.items():
            if isinstance(made, str):
                result.aliases[name] = made
            else:
                _add(made, graph)
    return moves.settled(accepted) if accepted else []


def _moved(
    node: onnx.NodeProto, first: Source, tensor: str, numbers: Mapping[str, np.ndarray], result: Import
) -> dict[str, list[Result] | str] | None:
    """What makes all outputs of a node, of `numbers` of a tensor; None if not all can be made."""
    found = {}
    for name in filter(None, node.output):
        copy = onnx.NodeProto(op_type="Reshape", input=[tensor], output=[name])
        label = label_of(node) if len(node.output) == 1 else f"{label_of(node)}:{name}"
        source = Source(copy, label, [tensor], first.opset, result.constants, result.graph.shapes)
        try:
            found[name] = chains.result_of(source, numbers[name])
        except Unsupported:
            return None
    return found


def _forced(node: onnx.NodeProto, forced: Mapping[str, str]) -> bool:
    """True for a node that must run on the host."""
    return any(came_from(label_of(node), owner) for owner in forced)


def _curve(index: int, first: Source, result: Import, forced: Mapping[str, str]) -> list[int]:
    """Add operators that are a function of one tensor together to the graph: their numbers, [] if none are."""
    tensors = {name for name in first.inputs if name in result.graph.shapes}
    if len(tensors) != 1:
        return []
    (tensor,), nodes = tensors, result.model.graph.node

    def apart(node: onnx.NodeProto) -> bool:
        """True for constants, and for what runs on the host."""
        known = node.output[0] in result.constants or _folded(node, result)
        return known or _forced(node, forced)

    rank = 1 + len(result.graph.shapes[tensor])
    aliases = {name for name, source in result.aliases.items() if source == tensor} | {tensor}
    links = curves.curve_from(nodes, index, aliases, rank, apart, result.constants, result.outputs)
    if links:
        group = [nodes[link] for link in links]
        _add([curves.translate(group, label_of(group[-1]), tensor, aliases, first)], result.graph)
    return links


def _add(results: Sequence[Result], graph: Graph) -> None:
    for part, shape in results:
        graph.nodes.append(part)
        graph.shapes[part.output] = shape


def _translate(source: Source, result: Import) -> str | None:
    """Add a node to the graph; why that is not possible, or None."""
    graph, node = result.graph, source.node
    operator = custom.operator_of(node)
    translator = TRANSLATORS.get(node.op_type) if node.domain in STANDARD else None
    if node.op_type in IGNORED and not node.domain:
        return "it drops elements (training_mode), or its mask is read"
    if translator is None and operator is None:
        return "operator is not supported"
    try:
        results = translator(source) if translator else custom.translate(source, cast(Operator, operator), result.model)
    except Unsupported as reason:
        return str(reason)
    made = results if isinstance(results, list) else [results]
    if any(min(shape) < 1 for _, shape in made):
        raise UserError(f"{named(node)}: the output would have shape {made[0][1]}")
    _add(made, graph)
    return None
