"""Models whose input is integer codes (converted from TFLite, QOperator format) as models of a real input.

The input becomes real, with a QuantizeLinear behind it that gives exactly the codes the model takes. What the codes
mean is what the operators that read them say.
"""

from __future__ import annotations

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cocodla.compiler.frontend.qlinear import MOVING, SCALED
from cocodla.compiler.ir import MIDDLE, IntegerCodes, Quantisation
from cocodla.errors import UserError

CODED = {TensorProto.INT8: np.dtype(np.int8), TensorProto.UINT8: np.dtype(np.uint8)}
PROPERTY = "cocodla.input_codes"
"""Metadata of a model whose input was integer: element type, scale and zero point of its codes, as JSON."""


def real_input(model: onnx.ModelProto) -> None:
    """Make an integer input of a model real, in place. UserError if nothing tells what its codes mean."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type not in CODED:
        return
    (value,) = inputs
    name, dtype = value.name, CODED[value.type.tensor_type.elem_type]
    found = _meaning(model, name)
    if found is None or name in {output.name for output in model.graph.output}:
        kind = dtype.name.upper()
        told = "it is an output too" if found else "no operator that reads it tells scale and zero point of its codes"
        raise UserError(f"input {name!r} has element type {kind}, and {told}")
    scale, zero = found
    codes, parameters = f"{name}/codes", [f"{name}/scale", f"{name}/zero"]
    for constant, parameter in zip((np.float32(scale), np.array(zero, dtype)), parameters, strict=True):
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(constant), parameter))
    for node in model.graph.node:
        node.input[:] = [codes if tensor == name else tensor for tensor in node.input]
    model.graph.node.insert(0, helper.make_node("QuantizeLinear", [name, *parameters], [codes], codes))
    value.type.tensor_type.elem_type = TensorProto.FLOAT
    model.metadata_props.add(key=PROPERTY, value=json.dumps([dtype.name, scale, zero]))


def input_codes(model: onnx.ModelProto) -> IntegerCodes | None:
    """The codes that the input of a model was before `real_input`; None if it was real."""
    text = next((entry.value for entry in model.metadata_props if entry.key == PROPERTY), None)
    if text is None:
        return None
    kind, scale, zero = json.loads(text)
    return IntegerCodes(kind, Quantisation(scale, zero - MIDDLE[kind]))


def _meaning(model: onnx.ModelProto, tensor: str) -> tuple[float, int] | None:
    """Scale and zero point of a tensor of codes, as its readers have them."""
    values = {entry.name: entry for entry in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            values[node.output[0]] = node.attribute[0].t
    for node in model.graph.node:
        if tensor not in node.input:
            continue
        if node.op_type in MOVING:
            found = _meaning(model, node.output[0])
            if found is not None:
                return found
        if node.op_type in SCALED:
            place = list(node.input).index(tensor)
            scale, zero = ([*node.input[place + 1 : place + 3], "", ""])[:2]
            if scale in values and (zero in values or not zero):
                numbers = [numpy_helper.to_array(values[key]) if key else np.zeros(1) for key in (scale, zero)]
                if all(number.size == 1 for number in numbers):
                    return float(numbers[0].item()), int(numbers[1].item())
    return None
