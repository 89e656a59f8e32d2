"""Operators that leave a tensor as it is: they become Identity, another name of their input."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx
from onnx import helper

from cocodla.compiler.frontend.nodes import STANDARD
from cocodla.compiler.ir import BOUNDLESS


class _Known:
    """A node with what is known of its inputs: constants, and shapes of the other tensors."""

    def __init__(
        self, node: onnx.NodeProto, constants: Mapping[str, np.ndarray], shapes: Mapping[str, np.ndarray],
        kinds: Mapping[str, int],
    ) -> None:  # fmt: skip
        self.node, self.shapes, self.constants = node, shapes, constants
        self.kind = kinds.get(node.input[0])
        self.attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}

    @property
    def shape(self) -> list[int] | None:
        """Shape of the first input."""
        return self.shapes[self.node.input[0]].tolist() if self.node.input[0] in self.shapes else None

    def keeps_shape(self) -> bool:
        """True if the first output is known to have the shape of the first input."""
        return self.shape is not None and self.same(self.node.output[0])

    def same(self, other: str) -> bool:
        return other in self.shapes and self.shapes[other].tolist() == self.shape

    def number(self, index: int, name: str, default: float | None) -> np.ndarray | None:
        """A parameter that is an input, or an attribute in old opsets; None if it is computed."""
        if len(self.node.input) > index and self.node.input[index]:
            return self.constants.get(self.node.input[index])
        value = self.attributes.get(name, default)
        return None if value is None else np.asarray(value)


def _alone(known: _Known) -> bool:
    return len(known.node.input) == 1


def _no_limits(known: _Known) -> bool:
    low, high = known.number(1, "min", -np.inf), known.number(2, "max", np.inf)
    return low is not None and high is not None and bool((low <= -BOUNDLESS).all() and (high >= BOUNDLESS).all())


def _no_pads(known: _Known) -> bool:
    pads = known.number(1, "pads", None)
    return pads is not None and not pads.any()


def _same_kind(known: _Known) -> bool:
    return known.attributes.get("to") == known.kind


def _keeps_order(known: _Known) -> bool:
    order = known.attributes.get("perm")
    return order is not None and list(order) == sorted(order)


def _whole(known: _Known) -> bool:
    """A Slice without a step that leaves all."""
    steps = known.number(4, "steps", 1)
    return known.keeps_shape() and steps is not None and bool((steps == 1).all())


def _of_one(known: _Known) -> bool:
    """A window of one element that moves by one."""
    ones = (*known.attributes.get("kernel_shape", (2,)), *known.attributes.get("strides", ()))
    return set(ones) == {1} and not any(known.attributes.get("pads", ()))


def _neutral(number: float, either: bool) -> Callable[[_Known], bool]:
    """Arithmetic with a constant that changes nothing. either: the constant may be the first operand."""

    def neutral(known: _Known) -> bool:
        first, second = known.node.input[:2]
        if either and first in known.constants:
            first, second = second, first
        value = known.constants.get(second)
        fits = first in known.shapes and known.node.output[0] in known.shapes
        kept = fits and np.array_equal(known.shapes[first], known.shapes[known.node.output[0]])
        return value is not None and kept and bool((value == number).all())

    return neutral


CHECKS: Mapping[str, Callable[[_Known], bool]] = {
    "Concat": _alone, "Sum": _alone, "Max": _alone, "Min": _alone, "Mean": _alone, "Clip": _no_limits,
    "Pad": _no_pads, "Cast": _same_kind, "Transpose": _keeps_order, "Slice": _whole,
    "MaxPool": _of_one, "AveragePool": _of_one, "Expand": _Known.keeps_shape,
    "Add": _neutral(0, True), "Sub": _neutral(0, False), "Mul": _neutral(1, True), "Div": _neutral(1, False),
}  # fmt: skip
"""Operators, and when they leave their input as it is."""


def kept_input(
    node: onnx.NodeProto, constants: Mapping[str, np.ndarray], shapes: Mapping[str, np.ndarray],
    kinds: Mapping[str, int],
) -> str | None:  # fmt: skip
    """The computed input that is the node's only output as well; None if it is none.

    shapes: of all tensors whose extents are known. kinds: ONNX element types.
    """
    check = CHECKS.get(node.op_type) if node.domain in STANDARD else None
    computed = [name for name in node.input if name and name not in constants]
    if check is None or len(computed) != 1 or len(node.output) != 1:
        return None
    return computed[0] if check(_Known(node, constants, shapes, kinds)) else None
