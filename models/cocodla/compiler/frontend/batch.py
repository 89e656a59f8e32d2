"""Models written for a batch of several images: here they run image by image."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import numpy_helper


@dataclass(frozen=True)
class Written:
    """What a file says of its batch. size: images, 0 for any number. outputs: rank of those that the batch leads."""

    size: int = 0
    outputs: dict[str, int] = field(default_factory=dict)


def unbind(model: onnx.ModelProto) -> Written:
    """Let Reshapes to constant shapes that the file's batch leads keep one image; what the file says of its batch.

    The model has the shapes of shape inference, with the file's batch.
    """
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    known = (*inputs, *model.graph.value_info, *model.graph.output)
    shapes = {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in known}
    size = max((shapes[value.name][0] for value in inputs if shapes[value.name]), default=0)
    if size < 2:
        return Written(size)
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    leading = {name for name, shape in shapes.items() if shape and shape[0] == size}
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[0] in leading and node.input[1] in constants:
            target = numpy_helper.to_array(constants[node.input[1]]).copy()
            if target.size and target[0] == size:
                target[0] = 1
                name = f"{node.output[0]}/shape_of_one"
                model.graph.initializer.append(numpy_helper.from_array(np.asarray(target), name))
                node.input[1] = name
    return Written(size, {value.name: len(shapes[value.name]) for value in model.graph.output if value.name in leading})
