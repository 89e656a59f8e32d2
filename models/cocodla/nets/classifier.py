"""A classifier in two models: features of a picture, and fully connected layers for several pictures at once.

A fully connected layer uses each weight once, so at one picture the memory is its limit. Features of several pictures
one below the other are an image on which the layer is a convolution whose stride is its kernel: it has a position for
each picture, and its weights are fetched once for all of them.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

from cocodla.errors import UserError

FLATTENS = ("Flatten", "Reshape")
KEPT = ("Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip", "Softmax", "Dropout", "Identity")
"""Operators between and behind fully connected layers; they act on single numbers, or along the channels (axis 1)."""


def split_classifier(model: onnx.ModelProto, pictures: int) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """(features, classifier): the model up to where its image is flattened, and the rest for so many pictures at once.

    classifier takes features (1, C, pictures * H, W), one picture below the other, and gives (1, classes, pictures, 1).
    UserError for a model that does not end in fully connected layers behind one flattened image.
    """
    model = shape_inference.infer_shapes(model)
    place = _flatten(model)
    head, flatten, tail = model.graph.node[:place], model.graph.node[place], model.graph.node[place + 1 :]
    shape = _shape(model, flatten.input[0])
    nodes, constants = _convolutions(model, flatten, list(tail), shape)
    nodes[-1].output[0] = model.graph.output[0].name  # behind the last one there may have been a Flatten
    stacked = (1, shape[0], pictures * shape[1], shape[2])
    features = _model(
        model, list(head), list(model.graph.input), flatten.input[0], list(model.graph.initializer), [1, *shape]
    )
    given = helper.make_tensor_value_info(flatten.input[0], onnx.TensorProto.FLOAT, stacked)
    output = model.graph.output[0].name
    return features, _model(model, nodes, [given], output, constants, None)


def _flatten(model: onnx.ModelProto) -> int:
    """The last node that makes a vector of an image, all nodes behind it in a chain."""
    if len(model.graph.output) != 1:
        raise UserError(f"the model has {len(model.graph.output)} outputs: a classifier has one")
    places = [
        place for place, node in enumerate(model.graph.node)
        if node.op_type in FLATTENS and len(_shape(model, node.input[0])) == 3
    ]  # fmt: skip
    if not places:
        raise UserError("the model does not end in fully connected layers behind a flattened image")
    last = model.graph.node[places[-1]].output[0]
    for node in model.graph.node[places[-1] + 1 :]:
        if node.input[0] != last:
            raise UserError(f"{node.op_type} {node.name!r} does not read {last!r}: behind the image there is no chain")
        last = node.output[0]
    return places[-1]


def _convolutions(
    model: onnx.ModelProto, flatten: onnx.NodeProto, tail: list[onnx.NodeProto], shape: tuple[int, ...]
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes behind the flattened image, fully connected ones as convolutions, and the constants they read."""
    known = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes, constants = list[onnx.NodeProto](), dict[str, onnx.TensorProto]()
    kernel, last = shape, flatten.input[0]
    for node in tail:
        if node.op_type in FLATTENS:  # of what is a vector already
            continue
        made = copy.deepcopy(node)
        made.input[0] = last
        last = made.output[0]
        if node.op_type in ("Gemm", "MatMul"):
            name = f"{node.input[1]}/kernel"
            matrix = _matrix(node, known)
            if matrix.shape[1] != kernel[0] * kernel[1] * kernel[2]:
                raise UserError(f"{node.op_type} {node.name!r} reads {matrix.shape[1]} numbers, not all of {kernel}")
            constants[name] = numpy_helper.from_array(matrix.reshape(len(matrix), *kernel), name)
            made = helper.make_node(
                "Conv", [made.input[0], name, *node.input[2:]], node.output, node.name, strides=kernel[1:]
            )
            kernel = (len(matrix), 1, 1)
        elif node.op_type not in KEPT:
            raise UserError(f"{node.op_type} {node.name!r} is no fully connected layer, nor one of {', '.join(KEPT)}")
        constants.update({name: known[name] for name in made.input if name in known})
        nodes.append(made)
    if kernel == shape:
        raise UserError("the model has no fully connected layer behind the flattened image")
    return nodes, list(constants.values())


def _matrix(node: onnx.NodeProto, known: dict[str, onnx.TensorProto]) -> np.ndarray:
    """Weights (outputs, inputs) of a fully connected layer; UserError where it scales or transposes beside them."""
    plain = {"alpha": 1.0, "beta": 1.0, "transA": 0}
    values = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    wrong = [name for name, value in plain.items() if values.get(name, value) != value]
    if wrong or node.input[1] not in known:
        raise UserError(f"{node.op_type} {node.name!r}: {wrong[0] if wrong else 'weights'} must be constant and plain")
    matrix = numpy_helper.to_array(known[node.input[1]])
    return matrix if values.get("transB", 0) else matrix.T


def _shape(model: onnx.ModelProto, name: str) -> tuple[int, ...]:
    """Shape of a tensor, without the batch."""
    values = [*model.graph.value_info, *model.graph.input, *model.graph.output]
    found = next((value for value in values if value.name == name), None)
    return () if found is None else tuple(dim.dim_value for dim in found.type.tensor_type.shape.dim[1:])


def _model(
    like: onnx.ModelProto, nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], output: str,
    constants: list[onnx.TensorProto], shape: list[int] | None,
) -> onnx.ModelProto:
    """A model of some nodes with one output, and of the constants those that they read."""
    read = {name for node in nodes for name in node.input}
    result = helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, shape)
    used = [tensor for tensor in constants if tensor.name in read]
    graph = helper.make_graph(nodes, like.graph.name, inputs, [result], used)
    made = helper.make_model(graph, opset_imports=list(like.opset_import), ir_version=like.ir_version)
    return shape_inference.infer_shapes(made)
