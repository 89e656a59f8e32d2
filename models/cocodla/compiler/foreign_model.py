"""ONNX models of others: what they hold is checked before anything is computed with them.

Tensors lie in the model, or in files below its folder, and have the bytes that their shapes ask for; loops end; no
operator is of an unknown domain; and inference tells no tensor that would fill the memory.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from cocodla.errors import UserError
from cocodla.files.inputs import FILE_LIMIT_VARIABLE, file_limit, open_input

RUNNABLE = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Domains of operators that onnxruntime has."""
MOST_NODES = 4_000
"""Operators of a model, those in the graphs inside of others included."""
GROWING = ("ConstantOfShape", "EyeLike", "Expand", "Pad", "RandomNormal", "RandomUniform", "Range", "Resize", "Tile")
"""Operators that make vectors of any length of a few numbers."""
LONG = 10_000
"""Elements of a vector that is no shape."""
MOST_LETTERS = 1_000
"""Letters of a name."""
MOST_TURNS = 10_000
"""Turns of all loops around an operator, one inside of the other."""
PACKED = {"INT4": 4, "UINT4": 4, "FLOAT4E2M1": 4, "INT2": 2, "UINT2": 2}
"""Bits of elements of which several are in a byte."""
STEPS_DOWN = 16
"""Graphs inside of graphs."""


def parsed(data: bytes) -> onnx.ModelProto:
    """A model from its bytes; ValueError if they are none, or it has more operators or depth than are taken."""
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own kinds
        raise ValueError(_first_line(error)) from None
    if not model.HasField("graph"):
        raise ValueError("it holds no graph")
    count = sum(1 for _ in all_nodes(model))
    if count > MOST_NODES:
        raise ValueError(f"it has {count:,} operators; at most {MOST_NODES:,} are taken")
    for name in _names(model):
        if not isinstance(name, str):  # protobuf gives what is no UTF-8 as bytes
            raise ValueError(f"{name[:40]!r} in it is no text")
        if len(name) > MOST_LETTERS:
            raise ValueError(f"a name in it has {len(name):,} letters; at most {MOST_LETTERS:,} are taken")
    return model


def memory_limit() -> int:
    """Bytes that onnxruntime's tensors may take at a time."""
    return 2 * file_limit()


def all_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Operators of a model, of its functions, and of the graphs inside of them. ValueError if these are too deep."""
    yield from _nodes(model.graph.node, 0)
    for function in model.functions:
        yield from _nodes(function.node, 0)


def inner_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Graphs that are attributes of a node (If, Loop, Scan)."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def embed(model: onnx.ModelProto, folder: Path) -> None:
    """Take the contents of tensors in other files into the model; check those of all tensors.

    ValueError for a file that is not below `folder` (links followed), too small or too large, and for a tensor whose
    shape is not that of its data. UserError for a file that is none.
    """
    tensors, sparse = list(_tensors(model)), list(_sparse(model))
    size = 0
    for tensor in tensors:
        size += _declared(tensor)
        if size > file_limit():
            raise ValueError(f"its tensors have more than {file_limit():,} bytes ({FILE_LIMIT_VARIABLE} changes that)")
    for tensor in tensors:
        if tensor.data_location == TensorProto.EXTERNAL:
            _take(tensor, folder)
        _check_data(tensor)
    for whole in sparse:
        if math.prod(map(float, whole.dims)) > file_limit() or min(whole.dims, default=0) < 0:
            raise ValueError(f"sparse tensor {whole.values.name!r} has shape {tuple(whole.dims)}")


def check_inside(model: onnx.ModelProto) -> None:
    """As `embed`, where no tensor may be in another file."""
    outside = next((tensor for tensor in _tensors(model) if tensor.data_location == TensorProto.EXTERNAL), None)
    if outside is not None:
        raise ValueError(f"tensor {outside.name!r} lies in another file")
    embed(model, Path())


def check_bounds(model: onnx.ModelProto, simplified: bool = False) -> None:
    """UserError for a model that would fill the memory, or (once its constants are known) might never end."""
    try:
        check_memory(model)
        if simplified:
            check_loops(model)
    except ValueError as error:
        raise UserError(str(error)) from None


def check_loops(model: onnx.ModelProto) -> None:
    """ValueError for loops that may turn without end or too often: their count must be constant."""
    constants = _constants(model.graph)
    for node in model.graph.node:
        _check_turns(node, constants, 1)


def inferred(model: onnx.ModelProto, **options: bool) -> onnx.ModelProto:
    """The model with shapes as ONNX infers them, values of shapes followed where that takes little.

    It follows every vector as if it were a shape, and makes an object of each number of it. Raises what it raises.
    """
    growing = any(node.op_type in GROWING for node in model.graph.node)
    follow = not growing or not _has_long_vectors(onnx.shape_inference.infer_shapes(model))
    return onnx.shape_inference.infer_shapes(model, data_prop=follow, **options)


def _has_long_vectors(model: onnx.ModelProto) -> bool:
    extents = (value.type.tensor_type.shape.dim for value in model.graph.value_info)
    return any(len(dims) == 1 and dims[0].dim_value > LONG for dims in extents)


def check_memory(model: onnx.ModelProto) -> None:
    """ValueError if tensors whose shapes can be told need more memory than `memory_limit` at a time.

    What follows from constants alone is computed before anything runs: `folded_limit` is for all of that.
    """
    try:
        graph = inferred(model).graph
    except Exception:  # onnxruntime may know more
        graph = model.graph
    sizes = {value.name: _bytes_of(value) for value in (*graph.input, *graph.value_info, *graph.output)}
    last = {name: index for index, node in enumerate(graph.node) for name in node.input}
    outputs, constants = {value.name for value in graph.output}, {tensor.name for tensor in graph.initializer}
    alive = {value.name: sizes[value.name] for value in graph.input}
    needed, folded = sum(alive.values()), 0
    for index, node in enumerate(graph.node):
        made = {name: sizes.get(name, 0) for name in node.output if name}
        if node.input and constants.issuperset(filter(None, node.input)):
            constants.update(made)
            folded += sum(made.values())
            _check_bytes(node, "constants", folded, folded_limit())
        alive.update(made)
        needed += sum(made.values())
        _check_bytes(node, "tensors at a time", needed, memory_limit())
        gone = {name for name in node.input if last[name] == index} | {name for name in made if name not in last}
        needed -= sum(alive.pop(name, 0) for name in gone - outputs)


def folded_limit() -> int:
    """Bytes of all that is computed of constants."""
    return file_limit() // 2


def _check_bytes(node: onnx.NodeProto, what: str, size: int, limit: int) -> None:
    if size > limit:
        called = node.name or next(iter(node.output), "")
        raise ValueError(
            f"{node.op_type} {called!r}: {size:,} bytes of {what}; at most {limit:,} are taken ({FILE_LIMIT_VARIABLE})"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _nodes(nodes: Iterable[onnx.NodeProto], depth: int) -> Iterator[onnx.NodeProto]:
    if depth > STEPS_DOWN:
        raise ValueError(f"its graphs lie more than {STEPS_DOWN} deep in each other")
    for node in nodes:
        yield node
        for graph in inner_graphs(node):
            yield from _nodes(graph.node, depth + 1)


def _names(model: onnx.ModelProto) -> Iterator[str | bytes]:
    """Names, and texts that are attributes."""
    for node in all_nodes(model):
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for attribute in node.attribute:
            yield attribute.name
            yield from map(_text, (attribute.s, *attribute.strings))
    for graph in _graphs(model):
        for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
            yield value.name


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    yield model.graph
    for node in all_nodes(model):
        yield from inner_graphs(node)


def _sparse(model: onnx.ModelProto) -> Iterator[onnx.SparseTensorProto]:
    for graph in _graphs(model):
        yield from graph.sparse_initializer
    for attribute in _attributes(model):
        if attribute.HasField("sparse_tensor"):
            yield attribute.sparse_tensor
        yield from attribute.sparse_tensors


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor, wherever it is."""
    for graph in _graphs(model):
        yield from graph.initializer
    for attribute in _attributes(model):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
    for whole in _sparse(model):
        yield from (whole.values, whole.indices)
    for training in model.training_info:
        yield from chain(training.initialization.initializer, training.algorithm.initializer)


def _attributes(model: onnx.ModelProto) -> Iterator[onnx.AttributeProto]:
    for node in all_nodes(model):
        yield from node.attribute
    for function in model.functions:
        yield from function.attribute_proto


def _bits(kind: int) -> int:
    """Bits of an element in a file. ValueError for a type that ONNX does not know."""
    if kind == TensorProto.STRING:
        return 8
    try:
        name = TensorProto.DataType.Name(kind)
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
    except (KeyError, ValueError, TypeError):
        raise ValueError(f"an element type {kind} is unknown") from None
    return PACKED.get(name, 8 * dtype.itemsize)


def _declared(tensor: onnx.TensorProto) -> int:
    """Bytes of a tensor by its shape and type; ValueError for extents below 0."""
    if min(tensor.dims, default=0) < 0:
        raise ValueError(f"tensor {tensor.name!r} has shape {tuple(tensor.dims)}")
    return -(-math.prod(tensor.dims) * _bits(tensor.data_type) // 8)


def _take(tensor: onnx.TensorProto, folder: Path) -> None:
    """The contents of a tensor from another file."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    named, location = f"tensor {tensor.name!r}", entries.get("location", "")
    try:
        path = (folder / location).resolve()
    except (OSError, ValueError, RuntimeError):  # links in a circle, no name at all
        raise ValueError(f"{named} lies in {location[:80]!r}, which is no file") from None
    if not location or Path(location).is_absolute() or not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{named} lies in {location[:80]!r}, which is not below the model's own folder")
    texts = [entries.get("offset", "0"), entries.get("length", "")]
    if not all(len(text) < 20 and (text.isdecimal() or not text) for text in texts):
        raise ValueError(f"{named}: offset {texts[0][:40]!r} or length {texts[1][:40]!r} is no number")
    offset, wanted = int(texts[0] or 0), _declared(tensor)
    if texts[1] and int(texts[1]) != wanted:
        raise ValueError(f"{named} has {wanted:,} bytes by its shape, {int(texts[1]):,} are declared in {location!r}")
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        if offset + wanted > size:
            raise ValueError(f"{named} ends at byte {offset + wanted:,} of {location!r}, which has {size:,}")
        file.seek(offset)
        data = io.BufferedReader(file).read(wanted)  # type: ignore[type-var]
    tensor.raw_data = data
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]


def _check_data(tensor: onnx.TensorProto) -> None:
    """ValueError unless a tensor's data have the length and the kind that shape and type ask for."""
    wanted = _declared(tensor)
    if tensor.HasField("segment"):
        raise ValueError(f"tensor {tensor.name!r} is a segment of another")
    if tensor.HasField("raw_data") and tensor.data_type == TensorProto.STRING:
        raise ValueError(f"tensor {tensor.name!r} holds strings as raw data")
    if tensor.HasField("raw_data") and len(tensor.raw_data) != wanted:
        raise ValueError(
            f"tensor {tensor.name!r} of shape {tuple(tensor.dims)} has {len(tensor.raw_data):,} bytes, not {wanted:,}"
        )
    try:
        value = numpy_helper.to_array(tensor)
    except Exception as error:  # of many kinds
        raise ValueError(f"tensor {tensor.name!r}: {_first_line(error)}") from None
    if value.shape != tuple(tensor.dims):
        raise ValueError(f"tensor {tensor.name!r} declares shape {tuple(tensor.dims)}, its data have {value.shape}")


def _constants(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    found = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            found.update((node.output[0], entry.t) for entry in node.attribute if entry.name == "value")
    return found


def _check_turns(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], turns: int) -> None:
    called = f"{node.op_type} {node.name or next(iter(node.output), '')!r}"
    if node.op_type == "Loop":
        counted = constants.get(node.input[0]) if node.input else None
        value = numpy_helper.to_array(counted) if counted is not None else np.zeros(0)
        if value.size != 1:
            raise ValueError(f"{called}: how often it turns is not constant, it might never end")
        turns *= max(1, int(value.item()))
        if turns > MOST_TURNS:
            raise ValueError(f"{called}: {turns:,} turns; at most {MOST_TURNS:,} are taken")
    for graph in inner_graphs(node):
        known = {**constants, **_constants(graph)}
        for inner in graph.node:
            _check_turns(inner, known, turns)


def _bytes_of(value: onnx.ValueInfoProto) -> int:
    """Bytes of a tensor whose extents are known; open ones count as 1."""
    kind = value.type.tensor_type
    if not kind.HasField("shape") or kind.elem_type == TensorProto.UNDEFINED:
        return 0
    return math.prod(max(1, dim.dim_value) for dim in kind.shape.dim) * _bits(kind.elem_type) // 8
