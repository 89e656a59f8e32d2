"""A number as the product of two 16-bit multipliers: those of SDP's stages BS and BN (spec: sdp.md section 3).

Where a model fixes the scales, a multiplier of 16 bits is up to 2^-16 off, which moves one output in a thousand to
the next code, and layers behind make that more. Of the many pairs with nearly the same product one is so near that
only the rounding to the output's codes is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import FloatArray

IntArray = NDArray[np.int64]
INT16_MAX = 32767
FRACTION = 20
"""Fraction bits behind both multipliers: the rounding there hardly ever matters, 32 bits hold 2048 output steps."""
REACH = 512.0
"""Output steps that 32 bits hold between the multipliers; what is larger saturates there, and behind as well."""
MAX_SHIFT = 48
LEAST = 1 << 14
"""Smallest multiplier of BN."""


@dataclass(frozen=True)
class Factors:
    """ratio = first * second / 2^(first_shift + second_shift + fraction), first and second of the ratios' shape.

    BS multiplies by first and shifts right by first_shift, then BN likewise; `fraction` bits are left.
    """

    first: IntArray
    second: IntArray
    first_shift: int
    second_shift: int
    fraction: int

    @property
    def between(self) -> FloatArray:
        """Output steps for one unit of what BS makes."""
        return self.second * 2.0 ** -(self.second_shift + self.fraction)

    @property
    def found(self) -> FloatArray:
        """The ratios as they are."""
        return self.first * self.between * 2.0**-self.first_shift


def factors(ratios: FloatArray, reach: float = REACH) -> Factors:
    """Multipliers for positive numbers of output steps per unit of the input.

    reach: output steps between the multipliers that must not saturate.
    """
    between = 31 + 14 - int(np.ceil(np.log2(max(reach, REACH))))  # bits of the fraction, and of the second multiplier
    top = float(ratios.max())
    bits = int(np.floor(np.log2(INT16_MAX**2 / top))) if top else between
    bits = min(bits, between + MAX_SHIFT)
    first_shift = max(0, bits - between)
    fraction = min(FRACTION, bits - first_shift)
    pairs = [_nearest(float(ratio) * 2.0**bits) for ratio in np.ravel(ratios)]
    first, second = (np.array(part, np.int64).reshape(ratios.shape) for part in zip(*pairs, strict=True))
    return Factors(first, second, first_shift, bits - first_shift - fraction, fraction)


_SECOND = np.arange(INT16_MAX, LEAST - 1, -1, dtype=np.float64)


def _nearest(product: float) -> tuple[int, int]:
    """Two 16-bit multipliers whose product is nearest to a number; the second one has all its bits."""
    first = np.clip(np.rint(product / _SECOND), 0, INT16_MAX)
    best = int(np.abs(first * _SECOND - product).argmin())
    return int(first[best]), int(_SECOND[best])
