"""Integers of sums, differences, maxima and products of two tensors (spec: numerics.md, sdp.md section 3).

SDP computes them from memory to memory: the first tensor is the cube, the second one the operand of a stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cocodla.compiler.ir import Add, Conv, Graph, Multiply, Quantisation
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.biases import INT16_MAX
from cocodla.compiler.quantisation.factors import Factors, factors
from cocodla.compiler.quantisation.layers import QuantisedAdd, QuantisedMultiply
from cocodla.compiler.quantisation.weights import MAX_SHIFT, TOLERATED

SECOND_ZEROS = (-128, 0)
"""Zero points that the second factor of a product may have, the better one last."""
AGAIN: tuple[int | None, ...] = (None, 1, 2, 3, 4, 5, 6, 7)
"""Left shifts with which a sum's first operand is added to itself (None: it is not)."""
MAX_SECOND_SHIFT = 22
"""Of a sum's second operand: 32 bits then hold both operands."""
ENOUGH = 2.0**-12
"""Output steps by which a sum may be off without its first operand being read twice."""


@dataclass(frozen=True)
class Operands:
    """The two operands of a sum, in the order of the hardware: `scaled` is multiplied, `shifted` is only shifted."""

    scaled: str
    shifted: str
    per_channel: bool


@dataclass(frozen=True)
class Weighing:
    """Factors of the two operands: scaled * (1 + 2^again, or 1) * multiplier + shifted * 2^shift.

    moved: output steps by which the ratio of the factors, not quite that of the scales, moves an output at most.
    """

    operands: Operands
    multiplier: int
    again: int | None
    shift: int
    moved: float

    @property
    def factor(self) -> int:
        """Of the operand that is multiplied."""
        return self.multiplier * (1 if self.again is None else 1 + (1 << self.again))


def addition(graph: Graph, node: Add, tensors: Mapping[str, Quantisation], out: Quantisation) -> QuantisedAdd:
    """Integers of a sum, a difference, a maximum or a minimum. Refused if its scales do not allow one."""
    possible = _orders(graph, node, tensors, out)
    operands = possible[0]
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
    exactly = node.output in graph.pins and not graph.official
    weighing = _weighing(node, possible, tensors, out, fixed=exactly)
    operands, sign = weighing.operands, -1 if node.operation == "difference" else 1
    scaled, shifted = tensors[operands.scaled], tensors[operands.shifted]
    unit = shifted.scale / out.scale * 2.0**-weighing.shift
    constant = shifted.zero << weighing.shift
    if weighing.again is not None:
        constant += sign * scaled.zero * weighing.factor
    pair = _factors(graph, node, unit, 256 + 256 * (scaled.scale + shifted.scale) / out.scale)
    gain, scale = int(pair.first[0]), int(pair.second[0])
    return QuantisedAdd(
        name=node.name, sources=(operands.scaled, operands.shifted), target=node.output,
        input_shape=graph.shapes[operands.scaled], first_alu=0 if same else -scaled.zero,
        multiplier=sign * weighing.multiplier, second_shift=weighing.shift, again=weighing.again,
        gain=gain, gain_shift=pair.first_shift,
        offset=round(constant * gain * 2.0**-pair.first_shift - out.zero / float(pair.between[0])),
        scale=scale, scale_shift=pair.second_shift + pair.fraction,
        # With the zero point -128 behind it the ReLU is the saturation, else no operand before it may have one.
        out=out, relu=node.activation is not None and out.zero != -128,
        operation="sum" if node.operation == "difference" else node.operation, per_channel=operands.per_channel,
    )  # fmt: skip


def _orders(graph: Graph, node: Add, tensors: Mapping[str, Quantisation], out: Quantisation) -> list[Operands]:
    """Which operand is multiplied, and which one is only shifted: its step is the unit of the result. The best first.

    Of a sum of two cubes it is better to multiply the one of the finer scale. Of a difference it is the one that is
    subtracted, and where the second operand is one value per channel it is the first.
    """
    first, second = node.inputs
    if graph.shapes[first] != graph.shapes[second]:
        return [Operands(first, second, per_channel=True)]
    if node.operation == "difference":
        return [Operands(second, first, per_channel=False)]
    first, second = sorted(node.inputs, key=lambda tensor: tensors[tensor].scale)
    both = [Operands(first, second, per_channel=False), Operands(second, first, per_channel=False)]
    return sorted(both, key=lambda operands: _exposed(node, tensors[operands.shifted], out))


def _exposed(node: Add, shifted: Quantisation, out: Quantisation) -> bool:
    """True if the operand that is only shifted cannot be this one: its zero point is still there behind the sum.

    With the zero point -128 behind it a ReLU is the saturation of the output converter.
    """
    relu = node.activation is not None and out.zero != -128
    return shifted.zero != 0 and (relu or node.operation in ("max", "min"))


def _weighing(
    node: Add, orders: list[Operands], tensors: Mapping[str, Quantisation], out: Quantisation, fixed: bool
) -> Weighing:
    """Factors of the operands. fixed: the model fixes the codes behind the sum, so that each bit counts: then the first
    operand may be read twice.
    """
    relu = node.activation is not None and out.zero != -128
    simple = _weighings(node, orders[0], tensors, out, [None])
    if not simple:
        ratio = tensors[orders[0].scaled].scale / tensors[orders[0].shifted].scale
        raise Refused(
            "Add", node.name,
            f"one step of {orders[0].scaled!r} is {ratio:.3g} steps of {orders[0].shifted!r}, at most 16384",
        )  # fmt: skip
    found = list(simple)
    if fixed and node.operation in ("sum", "difference") and simple[0].moved > ENOUGH:
        for operands in orders:
            if not _exposed(node, tensors[operands.shifted], out):
                again = [None] if relu and tensors[operands.scaled].zero else AGAIN
                found += _weighings(node, operands, tensors, out, again)
    best = min(found, key=lambda weighing: weighing.moved)
    if best.moved > TOLERATED:
        steps = tensors[best.operands.shifted].scale / out.scale
        raise Refused(
            "Add", node.name,
            f"one step of {best.operands.shifted!r} is {steps:.3g} output steps: with a 16-bit multiplier outputs "
            f"would be {best.moved:.2g} steps off",
        )  # fmt: skip
    return best


def _weighings(
    node: Add, operands: Operands, tensors: Mapping[str, Quantisation], out: Quantisation, again: Sequence[int | None]
) -> list[Weighing]:
    """What the factors can be in one order, for several ways to read the first operand."""
    scaled, shifted = tensors[operands.scaled], tensors[operands.shifted]
    ratio, found = scaled.scale / shifted.scale, []
    reach = 255 if scaled.zero else 128
    for second_reading in again:
        times = 1 if second_reading is None else 1 + (1 << second_reading)
        shift = min(MAX_SECOND_SHIFT, int(np.floor(np.log2(INT16_MAX * times / ratio))))
        if shift < 1:
            continue
        multiplier = max(1, round(ratio * 2**shift / times))
        moved = reach * abs(multiplier * times * 2.0**-shift - ratio) * shifted.scale / out.scale
        found.append(Weighing(operands, multiplier, second_reading, shift, moved))
    return found


def product(graph: Graph, node: Multiply, tensors: Mapping[str, Quantisation], out: Quantisation) -> QuantisedMultiply:
    """Integers of a product. Refused if its zero points do not allow one.

    The second factor's zero point is none or -128: then BN adds 128 times the first factor. That one may have any:
    its share is a constant of the output converter. For the official driver, where both take zero points, BS and BN
    would need a register each beside the cubes: it can take one of them.
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
    if graph.official and zero and tensors[first].zero:
        raise Refused(
            "Mul", node.name,
            f"zero points {tensors[first].zero} and {zero} of {first!r} and {second!r}: the official driver has one "
            "source of operands a stage, so that one factor has none",
        )  # fmt: skip
    unit = tensors[first].scale * tensors[second].scale / out.scale
    rescale(node, unit)  # or it is refused
    pair = _factors(graph, node, unit, 2.0**17 * unit)
    gain, constant = int(pair.first[0]), -zero * tensors[first].zero
    return QuantisedMultiply(
        name=node.name, sources=(first, second), target=node.output, input_shape=graph.shapes[first],
        first_alu=-tensors[first].zero, gain=gain, gain_shift=pair.first_shift,
        offset=round(constant * gain * 2.0**-pair.first_shift - out.zero / float(pair.between[0])),
        scale=int(pair.second[0]), scale_shift=pair.second_shift + pair.fraction, out=out, relu=relu,
        per_channel=per_channel, zero_shift=None if not zero else (-zero).bit_length() - 1,
    )  # fmt: skip


def _factors(graph: Graph, node: Add | Multiply, unit: float, reach: float) -> Factors:
    """Multipliers of BN and of the output converter. For the official driver the latter alone: BN's operand comes from
    memory, and so would its multiplier.
    """
    if not graph.official:
        return factors(np.array([unit]), reach)
    scale, shift = rescale(node, unit)
    return Factors(np.array([1]), np.array([scale]), 0, shift, 0)


def rescale(node: Conv | Add | Multiply, ratio: float) -> tuple[int, int]:
    """Scale and shift of the output converter for a number of output steps per unit."""
    shift = int(np.floor(np.log2(INT16_MAX / ratio)))
    if not 0 <= shift <= MAX_SHIFT:
        raise Refused(
            type(node).__name__, node.name, f"one step of an operand is {ratio:.3g} output steps, which is out of range"
        )
    return round(ratio * 2.0**shift), shift
