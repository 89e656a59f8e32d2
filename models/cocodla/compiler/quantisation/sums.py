"""Integers of sums, differences, maxima and products of two tensors (spec: numerics.md, sdp.md section 3).

SDP computes them from memory to memory: the first tensor is the cube, the second one the operand of a stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cocodla.compiler.ir import Add, Conv, Graph, Multiply, Quantisation
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.biases import INT16_MAX
from cocodla.compiler.quantisation.layers import QuantisedAdd, QuantisedMultiply
from cocodla.compiler.quantisation.weights import FRACTION, MAX_SHIFT, TOLERATED

SECOND_ZEROS = (-128, 0)
"""Zero points that the second factor of a product may have, the better one last."""


@dataclass(frozen=True)
class Operands:
    """The two operands of a sum, in the order of the hardware: `scaled` is multiplied, `shifted` is only shifted."""

    scaled: str
    shifted: str
    per_channel: bool


def addition(graph: Graph, node: Add, tensors: Mapping[str, Quantisation], out: Quantisation) -> QuantisedAdd:
    """Integers of a sum, a difference, a maximum or a minimum. Refused if its scales do not allow one."""
    operands = _ordered(graph, node, tensors, out)
    if node.operation == "difference" and operands.per_channel:
        raise Refused("Sub", node.name, "a value per channel cannot be subtracted from a tensor")
    scaled, shifted = tensors[operands.scaled], tensors[operands.shifted]
    same = scaled == shifted and node.operation in ("max", "min")
    if _exposed(node, shifted, out) and not same:
        raise Refused(
            type(node).__name__, node.name,
            f"zero point {shifted.zero} of {operands.shifted!r}: there must be none before a ReLU, a maximum or a "
            "minimum",
        )  # fmt: skip
    steps = shifted.scale / out.scale
    multiplier, fraction = _multiplier(node, operands, scaled, shifted, steps)
    scale, shift = rescale(node, steps)
    zero = out.zero * 2.0 ** (shift + fraction) / scale
    return QuantisedAdd(
        name=node.name, sources=(operands.scaled, operands.shifted), target=node.output,
        input_shape=graph.shapes[operands.scaled], first_alu=0 if same else -scaled.zero,
        multiplier=-multiplier if node.operation == "difference" else multiplier, second_shift=fraction,
        offset=(shifted.zero << fraction) - round(zero), scale=scale, scale_shift=shift + fraction,
        # With the zero point -128 behind it the ReLU is the saturation, else no operand before it may have one.
        out=out, relu=node.activation is not None and out.zero != -128,
        operation="sum" if node.operation == "difference" else node.operation, per_channel=operands.per_channel,
    )  # fmt: skip


def _ordered(graph: Graph, node: Add, tensors: Mapping[str, Quantisation], out: Quantisation) -> Operands:
    """Which operand is multiplied, and which one is only shifted: its step is the unit of the result.

    Of a sum of two cubes the one of the finer scale is multiplied. Of a difference it is the one that is subtracted,
    and where the second operand is one value per channel it is the first.
    """
    first, second = node.inputs
    if graph.shapes[first] != graph.shapes[second]:
        return Operands(first, second, per_channel=True)
    if node.operation == "difference":
        return Operands(second, first, per_channel=False)
    first, second = sorted(node.inputs, key=lambda tensor: tensors[tensor].scale)
    if _exposed(node, tensors[second], out):
        first, second = second, first
    return Operands(first, second, per_channel=False)


def _exposed(node: Add, shifted: Quantisation, out: Quantisation) -> bool:
    """True if the operand that is only shifted cannot be this one: its zero point is still there behind the sum.

    With the zero point -128 behind it a ReLU is the saturation of the output converter.
    """
    relu = node.activation is not None and out.zero != -128
    return shifted.zero != 0 and (relu or node.operation in ("max", "min"))


def _multiplier(
    node: Add, operands: Operands, scaled: Quantisation, shifted: Quantisation, steps: float
) -> tuple[int, int]:
    """What one operand is multiplied by, and its fraction bits. steps: of the output, in one of the other operand."""
    ratio = scaled.scale / shifted.scale
    fraction = min(FRACTION, int(np.floor(np.log2(INT16_MAX / ratio))))
    if fraction < 1:
        raise Refused(
            "Add", node.name,
            f"one step of {operands.scaled!r} is {ratio:.3g} steps of {operands.shifted!r}, at most 16384",
        )  # fmt: skip
    multiplier = max(1, round(ratio * 2**fraction))
    moved = (255 if scaled.zero else 128) * abs(multiplier * 2.0**-fraction - ratio) * steps
    if moved > TOLERATED:
        raise Refused(
            "Add", node.name,
            f"one step of {operands.shifted!r} is {steps:.3g} output steps: with a 16-bit multiplier outputs would be "
            f"{moved:.2g} steps off",
        )  # fmt: skip
    return multiplier, fraction


def product(graph: Graph, node: Multiply, tensors: Mapping[str, Quantisation], out: Quantisation) -> QuantisedMultiply:
    """Integers of a product. Refused if its zero points do not allow one.

    The second factor's zero point is none or -128: then BN adds 128 times the first factor. That one may have any:
    its share is a constant of the output converter.
    """
    first, second = node.inputs
    per_channel = graph.shapes[first] != graph.shapes[second]
    if not per_channel:
        order = {zero: place for place, zero in enumerate(SECOND_ZEROS)}
        first, second = sorted(node.inputs, key=lambda tensor: order.get(tensors[tensor].zero, -1))
    zero = tensors[second].zero
    relu = node.activation is not None and out.zero != -128
    if zero not in SECOND_ZEROS or (zero and relu and tensors[first].zero):
        raise Refused(
            "Mul", node.name,
            f"zero points {tensors[first].zero} and {zero} of {first!r} and {second!r}: the second factor has none, or "
            "-128 without a ReLU",
        )  # fmt: skip
    scale, shift = rescale(node, tensors[first].scale * tensors[second].scale / out.scale)
    return QuantisedMultiply(
        name=node.name, sources=(first, second), target=node.output, input_shape=graph.shapes[first],
        first_alu=-tensors[first].zero, offset=-zero * tensors[first].zero - round(out.zero * 2.0**shift / scale),
        scale=scale, scale_shift=shift, out=out, relu=relu, per_channel=per_channel,
        zero_shift=None if not zero else (-zero).bit_length() - 1,
    )  # fmt: skip


def rescale(node: Conv | Add | Multiply, ratio: float) -> tuple[int, int]:
    """Scale and shift of the output converter for a number of output steps per unit."""
    shift = int(np.floor(np.log2(INT16_MAX / ratio)))
    if not 0 <= shift <= MAX_SHIFT:
        raise Refused(
            type(node).__name__, node.name, f"one step of an operand is {ratio:.3g} output steps, which is out of range"
        )
    return round(ratio * 2.0**shift), shift
