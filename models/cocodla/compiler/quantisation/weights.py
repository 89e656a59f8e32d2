"""Integers of a convolution's weights: scales, codes, and the multipliers of BS behind the sums (spec: numerics.md).

Weights that are the compiler's to round take the scale that makes the multiplier exact; where the model fixes the
scales, the multiplier is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import Conv, FloatArray
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation import biases
from cocodla.compiler.quantisation.biases import INT16_MAX
from cocodla.compiler.quantisation.factors import factors
from cocodla.errors import UserError

FRACTION = 14
"""Fraction bits carried from BS and BN into the output converter."""
MIN_FRACTION = 8
MAX_SHIFT = 48
TOLERATED = 0.5
"""Output steps that rounded multipliers may move an output by, where they cannot be chosen before the scales."""


@dataclass(frozen=True)
class Weights:
    """Weights of a convolution in integers: codes (K, C / group, R, S), each worth scales (K) times an input code.

    BS multiplies by multiplier (K) and shifts right by `shift`; BN multiplies by gains (K), if there are any, and
    shifts right by gain_shift, which leaves `fraction` bits.
    """

    scales: FloatArray
    codes: NDArray[np.int8]
    multiplier: NDArray[np.int64]
    shift: int
    fraction: int
    gains: NDArray[np.int64] | None = None
    gain_shift: int = 0

    @property
    def unit_of_sum(self) -> FloatArray:
        """Output steps (K) for one unit of the sum."""
        return self.multiplier * 2.0**-self.shift * self.unit_between

    @property
    def unit_between(self) -> FloatArray:
        """Output steps (K) for one unit of what BS makes of a sum."""
        gains = np.ones(len(self.multiplier)) if self.gains is None else self.gains
        return gains * 2.0 ** -(self.gain_shift + self.fraction)


Round = Callable[[FloatArray], NDArray[np.int8]]
"""Makes codes (K, C / group, R, S) of weights in units of codes."""


def nearest(exact: FloatArray) -> NDArray[np.int8]:
    """Each weight as the code next to it."""
    return np.clip(np.rint(exact), -127, 127).astype(np.int8)


def chosen(
    name: str, weight: FloatArray, unit: float, in_sum: FloatArray | None, rounding: Round = nearest
) -> Weights:
    """Integers of a convolution whose weights are the compiler's to round.

    weight: in units of input codes. in_sum (K): bias, where it has to be added to the sums, in front of the multiplier.
    """
    largest = np.abs(weight).reshape(len(weight), -1).max(1)
    uniform = ((weight == 0) | (np.abs(weight) == largest[:, None, None, None])).all((1, 2, 3))
    largest = np.where(largest > 0, largest, largest.max())  # for zeros any scale does, if the bias fits
    multiplier, shift, fraction = _multipliers(name, largest / 127, unit)
    step = 2.0 ** -(fraction + shift)
    if in_sum is not None:
        wanted = biases.least_steps(in_sum / unit, multiplier * step, weight[0].size)
        multiplier = np.minimum(np.ceil(wanted / step), INT16_MAX).astype(np.int64)
    for kernel in np.flatnonzero(uniform & (largest > 0)):
        multiplier[kernel] = _dividing(largest[kernel] / (step * unit), int(multiplier[kernel]))
    scales = multiplier * step * unit
    codes = rounding(weight / scales[:, None, None, None])
    return Weights(scales, codes, multiplier, shift, fraction)


def _dividing(product: float, least: int) -> int:
    """A multiplier, not less than `least`, that a product of multiplier and weight code is nearest to a multiple of.

    A kernel that only moves or averages then has one weight code that is as good as exact.
    """
    multipliers = np.arange(least, min(2 * least, INT16_MAX) + 1)
    off = np.abs(np.rint(product / multipliers) * multipliers / product - 1)
    return int(multipliers[off.argmin()])


def fixed(node: Conv, weight: FloatArray, step: FloatArray, unit: float, plain: bool) -> Weights:
    """Integers of a convolution whose weights the model holds as codes.

    Here the scales are given, and the multipliers are rounded: Refused if that could move an output by TOLERATED.
    plain: BN has a multiplier to spare, which makes them as good as exact. weight: in units of input codes. step: real
    value of one input code (K, C / group).
    """
    assert node.steps is not None
    scales = node.steps * step[:, 0]
    exact = weight / scales[:, None, None, None]
    codes = np.rint(exact)
    if np.abs(exact - codes).max() > 0.01 or codes.min() < -128 or codes.max() > 127:
        raise Refused("Conv", node.name, "its int8 weights do not stay int8 codes with the constants around them")
    alive = codes.any((1, 2, 3))  # the scale of a kernel of zeros does not matter, and must not cost the others bits
    scales = np.where(alive, scales, scales[alive].max() if alive.any() else unit)
    if scales.max() > unit * (INT16_MAX >> MIN_FRACTION):
        raise Refused("Conv", node.name, f"a product of codes is {scales.max() / unit:.3g} output steps, at most 127")
    whole = codes.astype(np.int8)
    if plain:
        pair = factors(scales / unit)
        found = Weights(scales, whole, pair.first, pair.first_shift, pair.fraction, pair.second, pair.second_shift)
    else:
        found = Weights(scales, whole, *_multipliers(node.name, scales, unit, np.rint))
    reach = np.minimum(np.abs(codes).reshape(len(codes), -1).sum(1) * 255 * scales / unit, 255)
    moved = reach * np.abs(found.unit_of_sum * unit / scales - 1)
    if moved.max() > TOLERATED:
        worst = int(moved.argmax())
        raise Refused(
            "Conv", node.name,
            f"the scale of kernel {worst} ({node.steps[worst]:.3g}) is too small beside the largest "
            f"({node.steps[alive].max():.3g}): with 16-bit multipliers outputs would be {moved.max():.2g} steps off",
        )  # fmt: skip
    return found


def _multipliers(
    name: str, scales: FloatArray, out_scale: float, integer: Callable[[FloatArray], FloatArray] = np.ceil
) -> tuple[NDArray[np.int64], int, int]:
    """BS multipliers (K), their right shift, and the fraction bits.

    scales (K): real value of one product of codes. integer: how multipliers become whole numbers (not smaller, unless
    the scales are fixed).
    """
    ratio = scales / out_scale
    top = float(ratio.max())
    if top == 0:
        return np.ones(len(scales), np.int64), 0, FRACTION
    bits = int(np.floor(np.log2(INT16_MAX / top)))
    while top * 2.0**bits > INT16_MAX:
        bits -= 1
    bits = min(bits, FRACTION + MAX_SHIFT)
    fraction = min(FRACTION, bits)
    if fraction < MIN_FRACTION:
        raise UserError(
            f"Conv {name!r}: one step of a product is {top:.0f} output steps, more than {INT16_MAX >> MIN_FRACTION}: "
            "the calibration data do not exercise this layer"
        )
    return np.maximum(integer(ratio * 2.0**bits), 1).astype(np.int64), bits - fraction, fraction
