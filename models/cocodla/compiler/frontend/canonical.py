"""What exporters write in other ways than the frontend reads it, in its form: old opsets, pictures as N x H x W x C.

Everything here happens to the ONNX model and leaves what it computes as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper, version_converter

from cocodla.compiler.frontend.channels_last import CHANNELS_FIRST, CHANNELS_LAST, LINES
from cocodla.compiler.frontend.nodes import STANDARD, label_of, named
from cocodla.compiler.ir import Shape

CONVERTED = (
    "Abs", "Add", "AveragePool", "BatchNormalization", "Ceil", "Clip", "Concat", "Div", "Dropout", "Elu", "Exp",
    "Floor", "Gemm", "HardSigmoid", "InstanceNormalization", "LeakyRelu", "Log", "Max", "Mean", "Min", "Mul", "Neg",
    "PRelu", "Reciprocal", "Relu", "Reshape", "Selu", "Sigmoid", "Sqrt", "Sub", "Sum", "Tanh", "Upsample",
)  # fmt: skip
"""Operators that changed before opset 7 and that are converted, or mean the same."""
ARITHMETIC = ("Add", "Sub", "Mul", "Div")
ELEMENTWISE = (*ARITHMETIC, "PRelu", "Max", "Min", "Mean", "Sum", "Clip", "Dropout", "BatchNormalization")
"""Operators whose output then had the shape of their first input."""
LEAST_IR = 4
"""Before, initializers had to be inputs as well. onnxruntime's tools write such models without."""


def raise_opset(model: onnx.ModelProto, least: int) -> onnx.ModelProto:
    """The model in opset `least`, if it is in an older one, and in a format where constants need not be inputs.

    ValueError for an operator that means something else since then and that ONNX's converter leaves as it is.
    """
    model.ir_version = max(model.ir_version, LEAST_IR)
    version = next((entry.version for entry in model.opset_import if entry.domain in STANDARD), least)
    if version >= least:
        return model
    for node in model.graph.node:
        before, behind = (onnx.defs.get_schema(node.op_type, number, "") for number in (version, least))
        if before.since_version != behind.since_version and node.op_type not in CONVERTED:
            raise ValueError(f"{named(node)} of opset {version} cannot be converted to opset {least}")
    try:
        shaped = _with_shapes(model)
        _align(shaped)
        converted = version_converter.convert_version(shaped, least)
    except Exception as error:  # the converter raises what it likes
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"opset {version} cannot be converted to {least}: {reason}") from error
    _slopes_of_channels(converted)
    return converted


def _with_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with shapes of all tensors: the converter needs them, and ONNX does not infer those of old sums."""
    while True:
        model = onnx.shape_inference.infer_shapes(model)
        known = {value.name: value.type for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
        shaped = {name for name, kind in known.items() if kind.tensor_type.HasField("shape")}
        found = [
            onnx.ValueInfoProto(name=node.output[0], type=known[node.input[0]])
            for node in model.graph.node
            if node.op_type in ELEMENTWISE and node.output[0] not in known and node.input[0] in shaped
        ]
        if not found:
            return model
        model.graph.value_info.extend(found)


def _align(model: onnx.ModelProto) -> None:
    """Second operands that begin at an axis of the first get axes of 1 behind, as today's broadcasting wants them.

    ONNX's converter takes one axis too many.
    """
    values = (*model.graph.value_info, *model.graph.input, *model.graph.output)
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in values}
    nodes = []
    for node in model.graph.node:
        axis = next((entry for entry in node.attribute if entry.name == "axis"), None)
        if node.op_type in ARITHMETIC and axis is not None:
            first, second = node.input
            if first not in ranks or second not in ranks:
                raise ValueError(f"{named(node)}: the shapes of its operands must be known")
            behind = ranks[first] - axis.i % ranks[first] - ranks[second]
            node.attribute.remove(axis)
            if behind > 0:
                node.input[1] = f"{label_of(node)}/aligned"
                axes = list(range(ranks[second], ranks[second] + behind))
                nodes.append(onnx.helper.make_node("Unsqueeze", [second], [node.input[1]], axes=axes))
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _slopes_of_channels(model: onnx.ModelProto) -> None:
    """PRelu before opset 7 had one slope for each channel, (C); now slopes broadcast from behind, (C, 1, 1)."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    ranks = {v.name: len(v.type.tensor_type.shape.dim) for v in (*inferred.value_info, *inferred.input)}
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "PRelu":
            continue
        slope, rank = constants.get(node.input[1]), ranks.get(node.input[0], 0)
        if slope is None or not rank:
            raise ValueError(f"{named(node)}: the slope must be constant, and the shape of its input known")
        if len(slope.dims) == 1 and slope.dims[0] > 1:
            name = f"{label_of(node)}/slope"
            value = numpy_helper.to_array(slope).reshape(-1, *(1,) * (rank - 2))
            model.graph.initializer.append(numpy_helper.from_array(value, name))
            model.graph.input.append(onnx.helper.make_tensor_value_info(name, slope.data_type, value.shape))
            node.input[1] = name


def pictures_first(model: onnx.ModelProto) -> None:
    """Take the input as what the operators want: Transpose from N x H x W x C and Cast from bytes at the input go.

    The model's input then is N x C x H x W in float32.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1 or inputs[0].name in {value.name for value in model.graph.output}:
        return
    kind = inputs[0].type.tensor_type
    while True:
        readers = [node for node in model.graph.node if inputs[0].name in node.input]
        if len(readers) != 1 or readers[0].output[0] in {value.name for value in model.graph.output}:
            return
        (node,) = readers
        attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
        order = tuple(attributes.get("perm", ()))
        if node.op_type == "Transpose" and order in (CHANNELS_FIRST, LINES) and _told_apart(kind.shape, order):
            dims = [onnx.TensorShapeProto.Dimension.FromString(dim.SerializeToString()) for dim in kind.shape.dim]
            del kind.shape.dim[:]
            kind.shape.dim.extend(dims[axis] for axis in order)
        elif node.op_type == "Cast" and kind.elem_type == TensorProto.UINT8 and attributes["to"] == TensorProto.FLOAT:
            kind.elem_type = TensorProto.FLOAT
        else:
            return
        _drop(model, node)


def _told_apart(shape: onnx.TensorShapeProto, order: tuple[int, ...]) -> bool:
    """True if arrays in either order of axes are known by their shape: users have those the model was written for."""
    extents = [dim.dim_value for dim in shape.dim[1:]]
    if len(shape.dim) != len(order) or (0 not in extents and len(set(extents)) == 1):
        return False
    return len(order) == 4 or 0 not in extents


def flatten_channels_first(
    model: onnx.ModelProto, constants: dict[str, np.ndarray], shapes: Mapping[str, Shape]
) -> None:
    """Transpose to N x H x W x C, flattening, fully connected layer: the layer's weights are reordered instead.

    constants: of the model; gets the new weights. shapes: of images (channels, rows, columns).
    """
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outputs = {value.name for value in model.graph.output}
    for node in list(model.graph.node):
        perm = next((tuple(entry.ints) for entry in node.attribute if entry.name == "perm"), None)
        if node.op_type != "Transpose" or perm != CHANNELS_LAST or len(shapes.get(node.input[0], ())) != 3:
            continue
        flat, shape = readers.get(node.output[0], []), shapes[node.input[0]]
        if len(flat) != 1 or not _flattens(flat[0], constants) or outputs & {node.output[0], flat[0].output[0]}:
            continue
        layers = readers.get(flat[0].output[0], [])
        if layers and all(_features(layer, flat[0].output[0], constants) == np.prod(shape) for layer in layers):
            for layer in layers:
                _reorder(model, layer, constants, shape)
            _drop(model, node)


def _flattens(node: onnx.NodeProto, constants: Mapping[str, np.ndarray]) -> bool:
    """True for Flatten behind the batch, and for a Reshape that does the same."""
    if node.op_type == "Flatten":
        return all(entry.i == 1 for entry in node.attribute if entry.name == "axis")
    if node.op_type != "Reshape" or len(node.input) < 2 or node.input[1] not in constants:
        return False
    return len(constants[node.input[1]].reshape(-1)) == 2 and int(constants[node.input[1]].reshape(-1)[0]) in (0, 1, -1)


def _features(node: onnx.NodeProto, tensor: str, constants: Mapping[str, np.ndarray]) -> int:
    """How many features of `tensor` a fully connected layer with constant weights takes; 0 for any other node."""
    turned = {entry.name for entry in node.attribute if entry.name in ("transA", "transB") and entry.i}
    matrix = constants.get(node.input[1]) if node.op_type in ("MatMul", "Gemm") else None
    if matrix is None or matrix.ndim != 2 or node.input[0] != tensor or "transA" in turned:
        return 0
    return matrix.shape[1 if turned else 0]


def _reorder(model: onnx.ModelProto, node: onnx.NodeProto, constants: dict[str, np.ndarray], shape: Shape) -> None:
    """Let a fully connected layer read channels, rows, columns instead of rows, columns, channels."""
    channels, height, width = shape
    features = np.arange(channels * height * width).reshape(height, width, channels).transpose(2, 0, 1).reshape(-1)
    across = any(entry.i for entry in node.attribute if entry.name == "transB")
    weight = constants[node.input[1]]
    name = f"{label_of(node)}/channels_first"
    constants[name] = weight[:, features] if across else weight[features]
    model.graph.initializer.append(numpy_helper.from_array(constants[name], name))
    node.input[1] = name


def _drop(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    """Remove a node; its readers read its first input."""
    for reader in model.graph.node:
        reader.input[:] = [node.input[0] if name == node.output[0] else name for name in reader.input]
    for value in list(model.graph.value_info):
        if value.name == node.output[0]:
            model.graph.value_info.remove(value)
    model.graph.node.remove(node)
