"""Operators on single elements: arithmetic with constants and of two tensors, activation functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported, channel_vector, finite
from cocodla.compiler.ir import (
    BOUNDLESS,
    Activate,
    ActivationFunction,
    Add,
    Affine,
    FloatArray,
    Multiply,
    Pointwise,
    Shape,
)


def arithmetic(source: Source) -> Result:
    """Add, Sub, Mul, Div of a tensor and a constant (one number, or one per channel)."""
    source.attributes()
    operation = source.node.op_type
    if all(name in source.shapes for name in source.inputs):
        return _two_tensors(source)
    constant_first = source.inputs[0] in source.constants
    tensor = 1 if constant_first else 0
    shape = source.shape(tensor)
    constant = _bounded(source.constant(1 - tensor, "an operand"))
    if operation in ("Add", "Sub") and _masks(constant):
        raise Unsupported(
            f"the constant operand is a mask: beside {constant.flat[np.abs(constant).argmax()]:g} in it int8 codes "
            "would leave nothing of other values"
        )
    if len(shape) == 3 and max(constant.shape[-2:], default=1) > 1:
        return _by_position(source, source.tensor(tensor), shape, constant, constant_first)
    value = channel_vector(constant, shape)
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


def _bounded(constant: np.ndarray) -> FloatArray:
    """An operand, if something can be computed with it."""
    value = finite(constant, "the constant operand")
    if np.abs(value).max(initial=0.0) >= BOUNDLESS:
        raise Unsupported(f"the constant operand holds {value.flat[np.abs(value).argmax()]:g}, which means infinity")
    return value


MASKING = 1e4
"""From here on a summand may be a mask's."""


def _masks(constant: FloatArray) -> bool:
    """True for a summand that takes some elements out of sight: huge there, small or nothing elsewhere."""
    sizes = np.abs(constant)
    huge, other = sizes[sizes >= MASKING], sizes[sizes < MASKING]
    return bool(huge.size and other.size and other.max() <= huge.min() / 1000)


def _by_position(source: Source, tensor: str, shape: Shape, constant: FloatArray, first: bool) -> Result:
    """Add, Sub, Mul, Div with a constant that varies over rows and columns. first: it is the first operand."""
    operation = source.node.op_type
    try:
        value = np.broadcast_to(constant, (1, *shape))[0]
    except ValueError as error:
        raise Unsupported(f"the constant operand of shape {constant.shape} does not fit {(1, *shape)}") from error
    one, zero = np.ones((1, 1, 1)), np.zeros((1, 1, 1))
    if operation in ("Add", "Sub"):
        sign = -1.0 if operation == "Sub" else 1.0
        scale, bias = (one * sign, value) if first else (one, value * sign)
    elif operation == "Mul":
        scale, bias = value, zero
    else:
        if first or (value == 0).any():
            raise Unsupported("the divisor must be a constant without zeros")
        scale, bias = 1 / value, zero
    return Pointwise(source.label, [tensor], source.output, scale, bias), shape


def _two_tensors(source: Source) -> Result:
    """Add, Sub, Mul, Max, Min of two computed tensors: equal shapes, or the one has one value per channel."""
    if source.node.op_type == "Div":
        raise Unsupported("the divisor must be constant, it is computed")
    inputs, shape = _pair_of_tensors(source, source.inputs[0], source.inputs[1])
    if source.node.op_type == "Mul":
        return Multiply(source.label, inputs, source.output), shape
    return Add(source.label, inputs, source.output, OPERATIONS[source.node.op_type]), shape


OPERATIONS: dict[str, Literal["sum", "difference", "max", "min"]] = {
    "Add": "sum", "Sum": "sum", "Sub": "difference", "Max": "max", "Min": "min",
}  # fmt: skip


def _pair_of_tensors(source: Source, first: str, second: str) -> tuple[list[str], Shape]:
    """Two operands, the larger one first, and its shape."""
    inputs, shapes = [first, second], [source.shapes[first], source.shapes[second]]
    if shapes[0] == (shapes[1][0], 1, 1) != shapes[1]:
        shapes.reverse()
        inputs.reverse()
        if source.node.op_type == "Sub":
            raise Unsupported("the first operand of a difference must be the larger one")
    if shapes[1] not in (shapes[0], (shapes[0][0], 1, 1)):
        raise Unsupported(f"operands must have one shape, or one value per channel, they have {shapes[0]}, {shapes[1]}")
    return inputs, shapes[0]


def several(source: Source) -> list[Result]:
    """Max, Min and Sum of any number of tensors and constants (one number, or one per channel)."""
    source.attributes()
    operation = source.node.op_type
    tensors = [name for name in source.inputs if name in source.shapes]
    last, shape = tensors[0], source.shapes[tensors[0]]
    results: list[Result] = []
    for index, name in enumerate(tensors[1:]):
        inputs, shape = _pair_of_tensors(_with(source, last, shape), last, name)
        output = f"{source.output}/operands{index + 2}"
        node = Add(f"{source.label}/operands{index + 2}", inputs, output, OPERATIONS[operation])
        results.append((node, shape))
        last = output
    constants = [source.constant(index, "an operand") for index, n in enumerate(source.inputs) if n not in tensors]
    if vectors := [channel_vector(_bounded(value), shape) for value in constants if operation == "Sum"]:
        results.append((Affine(source.label, [last], source.output, np.ones(shape[0]), np.sum(vectors, 0)), shape))
    limits = [channel_vector(value.astype(np.float64), shape) for value in constants if operation != "Sum"]
    if limits:
        bound = np.max(limits, 0) if operation == "Max" else np.min(limits, 0)
        results += between(source, last, shape, *((bound, None) if operation == "Max" else (None, bound)))
    if not results:
        one, zero = np.ones(shape[0]), np.zeros(shape[0])
        results.append((Affine(source.label, [last], source.output, one, zero), shape))
    results[-1][0].name, results[-1][0].output = source.label, source.output
    return results


def _with(source: Source, tensor: str, shape: Shape) -> Source:
    """The same node, knowing one tensor more."""
    return replace(source, shapes={**source.shapes, tensor: shape})


def between(
    source: Source, tensor: str, shape: Shape, low: FloatArray | None, high: FloatArray | None
) -> list[Result]:
    """A tensor limited to low .. high (numbers by channel; None: no limit): a ReLU between two affine maps."""
    low, high = _limit(low, -1.0), _limit(high, 1.0)
    if low is None and high is None:
        return [(Affine(source.label, [tensor], source.output, np.ones(shape[0]), np.zeros(shape[0])), shape)]
    middle = [f"{source.output}/below", f"{source.output}/limited"]
    names = [f"{source.label}/below", f"{source.label}/limited"]
    sign = 1.0 if low is not None else -1.0
    shift = low if low is not None else high
    assert shift is not None
    reach = None
    if low is not None and high is not None:
        reach = float((high - low)[0])
        if reach <= 0 or np.ptp(high - low):
            raise Unsupported(f"limits must rise, they are {low[0]:g} and {high[0]:g}")
    function = ActivationFunction(high=reach)
    if sign > 0 and not shift.any():
        return [(Activate(source.label, [tensor], source.output, function), shape)]
    factor = np.full(shape[0], sign)
    return [
        (Affine(names[0], [tensor], middle[0], factor, -sign * shift), shape),
        (Activate(names[1], [middle[0]], middle[1], function), shape),
        (Affine(source.label, [middle[1]], source.output, factor, shift), shape),
    ]


def _limit(value: FloatArray | None, sign: float) -> FloatArray | None:
    """A limit by channel; None if it is none. sign: -1 for lower ones, 1 for upper ones."""
    if value is None or (sign * value >= BOUNDLESS).all():
        return None
    if (np.abs(value) >= BOUNDLESS).any():
        raise Unsupported("limits must be finite, or none at all")
    return value


def clip(source: Source) -> list[Result]:
    """Clip with any limits."""
    shape = source.shape(0)
    limits = _clip_limits(source)
    if np.isnan(limits).any():
        raise Unsupported(f"limits must be numbers, they are {limits[0]} and {limits[1]}")
    low, high = (np.full(shape[0], limit) for limit in limits)
    return between(source, source.tensor(0), shape, low, high)


def activation(source: Source) -> Result:
    """Relu, LeakyRelu, PRelu, Abs."""
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
        source.attributes()
        function = ActivationFunction(alpha=-1.0)
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
    shape, line = source.shape(0), f"{source.output}/affine"
    scale, shift = np.full(shape[0], attributes["alpha"]), np.full(shape[0], attributes["beta"])
    affine = Affine(f"{source.label}/affine", [source.tensor(0)], line, scale, shift)
    limits = Activate(f"{source.label}/limits", [line], source.output, ActivationFunction(high=1.0))
    return [(affine, shape), (limits, shape)]


def negation(source: Source) -> Result:
    """Neg."""
    source.attributes()
    shape = source.shape(0)
    return Affine(source.label, [source.tensor(0)], source.output, -np.ones(shape[0]), np.zeros(shape[0])), shape
