"""Operators on single elements: arithmetic with constants and of two tensors, activation functions."""

from __future__ import annotations

from typing import Literal

import numpy as np

from cocodla.compiler.ir import Activate, ActivationFunction, Add, Affine, FloatArray, Multiply
from cocodla.compiler.operators.source import Result, Source, Unsupported, channel_vector, finite


def arithmetic(source: Source) -> Result:
    """Add, Sub, Mul, Div of a tensor and a constant (one number, or one per channel)."""
    source.attributes()
    operation = source.node.op_type
    if all(name in source.shapes for name in source.inputs):
        return _two_tensors(source)
    constant_first = source.inputs[0] in source.constants
    tensor = 1 if constant_first else 0
    shape = source.shape(tensor)
    value = channel_vector(finite(source.constant(1 - tensor, "an operand"), "the constant operand"), shape)
    one: FloatArray = np.ones(shape[0])
    zero: FloatArray = np.zeros(shape[0])
    scale, shift = one, zero
    if operation == "Add":
        shift = value
    elif operation == "Sub":
        scale, shift = (-one, value) if constant_first else (one, -value)
    elif operation == "Mul":
        scale = value
    else:
        if constant_first or (value == 0).any():
            raise Unsupported("the divisor must be a constant without zeros")
        scale = 1 / value
    return Affine(source.label, [source.tensor(tensor)], source.output, scale, shift), shape


def _two_tensors(source: Source) -> Result:
    """Add, Sub, Mul, Max, Min of two computed tensors: equal shapes, or the one has one value per channel."""
    if source.node.op_type == "Div":
        raise Unsupported("the divisor must be constant, it is computed")
    if len(source.inputs) != 2:
        raise Unsupported(f"two operands are supported, there are {len(source.inputs)}")
    shapes = [source.shape(0, axes=3), source.shape(1, axes=3)]
    inputs = [source.tensor(0), source.tensor(1)]
    if shapes[0] == (shapes[1][0], 1, 1) != shapes[1]:
        shapes.reverse()
        inputs.reverse()
        if source.node.op_type == "Sub":
            raise Unsupported("the first operand of a difference must be the larger one")
    if shapes[1] not in (shapes[0], (shapes[0][0], 1, 1)):
        raise Unsupported(f"operands must have one shape, or one value per channel, they have {shapes[0]}, {shapes[1]}")
    if source.node.op_type == "Mul":
        return Multiply(source.label, inputs, source.output), shapes[0]
    operations: dict[str, Literal["sum", "difference", "max", "min"]] = {
        "Add": "sum", "Sum": "sum", "Sub": "difference", "Max": "max", "Min": "min",
    }  # fmt: skip
    return Add(source.label, inputs, source.output, operations[source.node.op_type]), shapes[0]


def extreme(source: Source) -> Result:
    """Max, Min and Sum of two tensors."""
    source.attributes()
    return _two_tensors(source)


def activation(source: Source) -> Result:
    """Relu, LeakyRelu, PRelu, Clip from 0."""
    operation = source.node.op_type
    if operation == "Relu":
        source.attributes()
        function = ActivationFunction()
    elif operation == "LeakyRelu":
        alpha = float(source.attributes(alpha=0.01)["alpha"])
        function = ActivationFunction(alpha=alpha)
    elif operation == "PRelu":
        source.attributes()
        shape = source.shape(0)
        slopes = channel_vector(finite(source.constant(1, "the slope"), "the slope"), shape)
        function = ActivationFunction(slopes=tuple(float(slope) for slope in slopes))
    else:
        low, high = _clip_limits(source)
        if low != 0 or not high > 0:
            raise Unsupported(f"limits must be 0 and a positive number, they are {low} and {high}")
        function = ActivationFunction(high=None if high > 1e30 else high)
    return Activate(source.label, [source.tensor(0)], source.output, function), source.shape(0)


def _clip_limits(source: Source) -> tuple[float, float]:
    attributes = source.attributes(min=-3.4e38, max=3.4e38)
    low, high = attributes["min"], attributes["max"]
    if source.has(1):
        low = source.constant(1, "min").item()
    if source.has(2):
        high = source.constant(2, "max").item()
    return float(low), float(high)


def hard_sigmoid(source: Source) -> list[Result]:
    """HardSigmoid: an affine map limited to 0 .. 1."""
    attributes = source.attributes(alpha=0.2, beta=0.5)
    shape, middle = source.shape(0), f"{source.output}/affine"
    scale, shift = np.full(shape[0], attributes["alpha"]), np.full(shape[0], attributes["beta"])
    affine = Affine(source.label, [source.tensor(0)], middle, scale, shift)
    return [(affine, shape), (Activate(source.label, [middle], source.output, ActivationFunction(high=1.0)), shape)]
