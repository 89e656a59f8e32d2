"""Integer arrays with a known bound: exact arithmetic in 32 bits where no result can leave them, else in 64.

The results are those of `arithmetic`, in half the time for most layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.arithmetic import round_shift, rounded_quotient, wrap

_WORD = 1 << 31
_QUICK = _WORD >> 1
"""Bound of products below which int32 is quicker than float64; the numbers are the same."""


@dataclass(frozen=True)
class Bounded:
    """values: integers of any type, none of a magnitude above `bound`, which is below 2^62. Never changed in place.

    The type may be float32 or float64 where it holds all integers up to the bound.

    positive: known to have no negative ones.
    """

    values: NDArray[Any]
    bound: int
    positive: bool = False

    @staticmethod
    def of(values: NDArray[Any]) -> Bounded:
        """Any integers, with the bound they have."""
        values = np.asarray(values)
        bound = max(-int(values.min()), int(values.max())) if values.size else 0
        return _stored(values, bound)

    def plus(self, other: Bounded) -> Bounded:
        bound = self.bound + other.bound
        a, b = self._for(bound), other._for(bound)
        return Bounded(a + b, bound)

    def times(self, other: Bounded) -> Bounded:
        bound = self.bound * other.bound
        a, b = self._for(bound), other._for(bound)
        return Bounded(a * b, bound)

    def shift_left_saturating(self, shift: int, bits: int) -> Bounded:
        """SAT(v * 2^shift, bits) for values of at most 16 bits, see arithmetic.shift_left_saturating."""
        return self.times(Bounded(np.asarray(1 << min(shift, bits)), 1 << min(shift, bits))).saturate(bits)

    def maximum(self, other: Bounded) -> Bounded:
        bound = max(self.bound, other.bound)
        return Bounded(np.maximum(self._for(bound), other._for(bound)), bound)

    def relu(self) -> Bounded:
        return Bounded(np.clip(self.values, 0, self.bound), self.bound, positive=True)  # maximum is slower

    def minimum(self, other: Bounded) -> Bounded:
        bound = max(self.bound, other.bound)
        return Bounded(np.minimum(self._for(bound), other._for(bound)), bound)

    def scaled(self, factor: Bounded, shift: int) -> Bounded:
        """RHA(v * factor, shift) for a factor of at most 16 bits."""
        bound = self.bound * factor.bound
        if not shift or shift >= 63 or bound < _QUICK or bound > 1 << 35 or factor.bound > 1 << 15:
            return self.times(factor).round_shift(shift)
        # A product p / 2^shift in float64, made larger by 2^-36 of itself: that takes ties away from zero, and no other
        # number to the tie next to it, which is 2^-shift or more away. The factor with its 16 + 36 bits is exact.
        nudged = np.ldexp(factor.values * (1 + 2.0**-36), -shift)
        scaled = self.values.astype(np.float64)
        scaled *= nudged
        bound = (bound + (1 << shift - 1)) >> shift
        return _stored(np.rint(scaled, out=scaled), bound)

    def round_shift(self, shift: int) -> Bounded:
        """RHA(v, shift), see arithmetic.round_shift."""
        if shift == 0:
            return self
        half = 1 << min(shift - 1, 62)
        if shift < 63 and self.bound + half < _WORD:
            values = self._for(self.bound)
            bound = (self.bound + half) >> shift
            if self.positive:
                return Bounded((values + half) >> shift, bound, True)
            return Bounded(rounded_quotient(values, shift), bound)
        return _stored(round_shift(self.wide, shift), (self.bound + half) >> shift)

    def saturate(self, bits: int) -> Bounded:
        """SAT(v, bits)."""
        largest = (1 << (bits - 1)) - 1
        if self.bound <= largest:
            return self
        if self.positive:
            return Bounded(np.clip(self.values, 0, largest), largest, True)
        return _stored(np.clip(self.values, -largest - 1, largest), largest + 1)

    def wrap(self, bits: int) -> Bounded:
        """sx(v, bits)."""
        largest = (1 << (bits - 1)) - 1
        return self if self.bound <= largest else Bounded(wrap(self.values, bits), largest + 1)

    def where(self, condition: NDArray[np.bool_], other: Bounded) -> Bounded:
        """These values where the condition holds, the other ones elsewhere."""
        bound = max(self.bound, other.bound)
        return Bounded(np.where(condition, self._for(bound), other._for(bound)), bound)

    @property
    def wide(self) -> NDArray[np.int64]:
        return self.values.astype(np.int64, copy=False)

    def _for(self, bound: int) -> NDArray[Any]:
        """The values in a type that holds results up to `bound`."""
        return self.values.astype(np.int32 if bound < _WORD else np.int64, copy=False)


def _stored(values: NDArray[Any], bound: int) -> Bounded:
    return Bounded(values.astype(np.int32 if bound < _WORD else np.int64, copy=False), bound)
