"""Scale, shift and activation of single elements in integers, by SDP from memory to memory (spec: sdp.md section 3).

BS adds an integer to the code, which takes the zero point back and most of the shift, exactly, and multiplies; BN adds
what is left and applies the activation; the output converter drops the fraction. Each operand is one number for the
layer, one for each channel, or one for each element.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cocodla import hw
from cocodla.compiler.ir import ActivationFunction, FloatArray, Pointwise, Shape
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.factors import Factors, factors
from cocodla.formats import pack_operands
from cocodla.formats.feature import tensor_to_atoms

if TYPE_CHECKING:
    from cocodla.compiler.ir import Quantisation

FRACTION, MIN_FRACTION = 14, 8
INT16_MAX = 32767
MOST_MOVED = 0.5
"""Output steps that the rounding of slopes may move an output by."""
MAX_SHIFT = 48
MAX_EARLY = 1 << 14
"""Largest integer added to a code: with a 16-bit multiplier the product keeps inside of 32 bits."""
IntArray = NDArray[np.int64]


@dataclass
class QuantisedPointwise:
    """z = activation(round((q + early) * multiplier / 2^shift) + late * 2^late_shift),
    output code = clamp8(round((z - offset) / 2^fraction)).

    early, multiplier, late: (C or 1, H or 1, W or 1). slopes (C or 1, 1, 1): leaky ReLU, slopes / 2^slope_shift.
    gains (C or 1, 1, 1): BN multiplies by gains / 2^gain_shift behind what it adds, as two multipliers are as good as
    exact (never with leaky ReLU, nor with factors that vary by position).
    scale, bias: the exact factors and summands in real numbers, of the same shapes as the operands.
    """

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    early: IntArray
    multiplier: IntArray
    shift: int
    late: IntArray
    late_shift: int
    fraction: int
    out: Quantisation
    function: ActivationFunction | None
    slopes: IntArray | None
    slope_shift: int
    scale: FloatArray
    bias: FloatArray
    gains: IntArray | None = None
    gain_shift: int = 0

    @property
    def factors(self) -> IntArray | None:
        """What BN multiplies by."""
        return self.slopes if self.gains is None else self.gains

    @property
    def relu(self) -> bool:
        return self.function is not None and self.function.zero_below

    @property
    def offset(self) -> int:
        """What the output converter takes off."""
        return -self.out.zero * (1 << self.fraction)


def pointwise(node: Pointwise, shape: Shape, source: Quantisation, out: Quantisation) -> QuantisedPointwise:
    """Integers of one node. Refused if a multiplier is out of range."""
    ratio = node.scale * source.scale / out.scale
    top = float(np.abs(ratio).max())
    if top > INT16_MAX >> MIN_FRACTION:
        raise Refused("Mul", node.name, f"one step of its input is {top:.3g} output steps, at most 64 are possible")
    exact = node.bias / out.scale  # in output steps
    early = _early(exact, ratio)
    free = node.activation is None or node.activation.zero_below
    if free and max(ratio.shape[1:]) == 1:
        pair = factors(np.abs(ratio), float((np.abs(ratio) * (256 + np.abs(early))).max()))
        pair = replace(pair, first=np.where(ratio < 0, -pair.first, pair.first))
    else:
        pair = _single(ratio)
    used = pair.found
    left = (exact - early * used) / pair.between
    late_shift = max(0, int(np.ceil(np.log2(max(float(np.abs(left).max()), 1.0) / INT16_MAX))))
    late = np.clip(np.rint(left / 2.0**late_shift), -INT16_MAX, INT16_MAX).astype(np.int64)
    slopes, slope_shift = _slopes(node)
    _check_slopes(node, slopes, slope_shift, ratio)
    return QuantisedPointwise(
        node.name, (node.inputs[0],), node.output, shape, early - source.zero, pair.first, pair.first_shift,
        late, late_shift, pair.fraction, out, node.activation, slopes, slope_shift, node.scale, node.bias,
        pair.second if free and max(ratio.shape[1:]) == 1 else None, pair.second_shift,
    )  # fmt: skip


def _early(exact: FloatArray, ratio: FloatArray) -> IntArray:
    """What is added to codes: the whole part of a summand (output steps) in steps of the input."""
    wanted, used = np.broadcast_arrays(exact, ratio)
    early = np.rint(np.divide(wanted, used, out=np.zeros(wanted.shape), where=used != 0))
    return np.clip(early, -MAX_EARLY, MAX_EARLY).astype(np.int64)


def _single(ratio: FloatArray) -> Factors:
    """BS's multiplier alone, where BN's is taken, or factors vary by position."""
    top = float(np.abs(ratio).max())
    bits = min(int(np.floor(np.log2(INT16_MAX / top))), FRACTION + MAX_SHIFT) if top else FRACTION
    fraction = min(FRACTION, bits)
    multiplier = np.rint(ratio * 2.0**bits).astype(np.int64)
    return Factors(multiplier, np.ones(ratio.shape, np.int64), bits - fraction, 0, fraction)


def _slopes(node: Pointwise) -> tuple[IntArray | None, int]:
    """Slopes below zero (C or 1, 1, 1) as integers, and their right shift."""
    if node.activation is None or node.activation.zero_below:
        return None, 0
    slopes, shift = integer_slopes(node.activation)
    return slopes[:, None, None], shift


def _check_slopes(node: Pointwise, slopes: IntArray | None, shift: int, ratio: FloatArray) -> None:
    """Refused if slopes differ so much that rounding them with one shift moves an output of some by half a step."""
    if slopes is None or node.activation is None:
        return
    exact = np.array(node.activation.slopes or (node.activation.alpha,))[:, None, None]
    reach = np.minimum(255 * np.abs(ratio), 255 / np.maximum(np.abs(exact), 1e-9))  # then the output saturates
    moved = float((np.abs(slopes * 2.0**-shift - exact) * reach).max())
    if moved > MOST_MOVED:
        raise Refused(
            "PRelu", node.name,
            f"its slopes go from {exact.min():.3g} to {exact.max():.3g}: with 16 bits for all of them outputs would be "
            f"{moved:.2g} steps off",
        )  # fmt: skip


def integer_slopes(function: ActivationFunction) -> tuple[IntArray, int]:
    """Slopes below zero of a leaky ReLU (C or 1) as 16-bit integers, and their right shift."""
    slopes = np.array(function.slopes or (function.alpha,))
    shift = int(np.floor(np.log2(INT16_MAX / max(np.abs(slopes).max(), 2.0**-30))))
    return np.rint(slopes * 2.0**shift).astype(np.int64), shift


@dataclass(frozen=True)
class Operands:
    """Operands of a stage: those that are one number for the layer in registers, the others in memory.

    alu, mul: the number, or None for an operand in memory. use: what is fetched, ALU, MUL, BOTH or nothing.
    """

    alu: int | None
    mul: int | None
    use: str
    per_element: bool
    data: bytes

    @property
    def group_bytes(self) -> int:
        """Bytes for an atom."""
        return {"": 0, "ALU": 16, "MUL": 16, "BOTH": 32}[self.use]


def operands(alu: IntArray, mul: IntArray | None, shape: Shape, one_source: bool = False) -> Operands:
    """Operands (C or 1, H or 1, W or 1) of a stage for a cube; `mul` None: the stage does not multiply.

    Where one is fetched for each channel the other one is, too: it costs next to nothing. one_source: always.
    """
    fetched = {"ALU": alu} if np.ptp(alu) else {}
    if mul is not None and np.ptp(mul):
        fetched["MUL"] = mul
    if fetched and (one_source or all(max(array.shape[1:]) == 1 for array in fetched.values())):
        fetched = {"ALU": alu} if alu.any() else {}
        fetched |= {} if mul is None else {"MUL": mul}
    per_element = any(max(array.shape[1:]) > 1 for array in fetched.values())
    whole = shape if per_element else (shape[0], 1, 1)
    atoms = {name: tensor_to_atoms(np.broadcast_to(array, whole)) for name, array in fetched.items()}
    data = pack_operands(atoms.get("ALU"), atoms.get("MUL"), two_bytes=True).tobytes() if atoms else b""
    return Operands(
        None if "ALU" in fetched else int(alu.flat[0]),
        0 if mul is None else None if "MUL" in fetched else int(mul.flat[0]),
        "BOTH" if len(fetched) == 2 else next(iter(fetched), ""), per_element, data,
    )  # fmt: skip


def stages(layer: QuantisedPointwise, one_source: bool = False) -> tuple[Operands, Operands]:
    """Operands of BS and BN. one_source: those of a stage all from memory, or all from registers."""
    shape = layer.input_shape
    before = operands(layer.early, layer.multiplier, shape, one_source)
    return before, operands(layer.late, layer.factors, shape, one_source)


def operand_beats(layer: QuantisedPointwise, one_source: bool = False) -> int:
    """Atoms of operands fetched for the layer."""
    _, height, width = layer.input_shape
    count = 0
    for stage in stages(layer, one_source):
        positions = height * width if stage.per_element else 1
        count += hw.surfaces(layer.input_shape[0]) * positions * stage.group_bytes // hw.ATOM
    return count
