"""Integers with a known bound, and chains of exact arithmetic on them in float64.

All values of SDP and all their sums have at most 34 bits, all products 48: float64 holds them, and one buffer that is
changed in place takes a quarter of the time of integer arrays made anew for every operation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.arithmetic import wrap

_NUDGE = 1 + 2.0**-49


@dataclass(frozen=True)
class Bounded:
    """values: integers of any type, none of a magnitude above `bound`. Never changed in place.

    The type may be float32 or float64 where it holds all integers up to the bound.
    """

    values: NDArray[Any]
    bound: int

    @staticmethod
    def of(values: NDArray[Any]) -> Bounded:
        """Any integers, with the bound they have."""
        values = np.asarray(values)
        return Bounded(values, max(-int(values.min()), int(values.max())) if values.size else 0)

    def shift_left_saturating(self, shift: int, bits: int) -> Bounded:
        """SAT(v * 2^shift, bits) for values of at most 16 bits, in float64: see arithmetic.shift_left_saturating."""
        moved = Chain.of(self)
        moved.values *= 1 << min(shift, bits)
        moved.bound <<= min(shift, bits)
        moved.saturate(bits)
        return Bounded(moved.values, moved.bound)


@dataclass(frozen=True)
class Factor:
    """What a chain is scaled by: integers of at most 16 bits and a shift to the right.

    values: factor / 2^shift in float64, made larger by 2^-49 of itself where there is a shift: that takes ties away
    from zero. No other product comes to the tie next to it, which is 2^-shift or more away: products have less than 48
    bits, and what float64 rounds is below 2^-52 of them.
    """

    values: NDArray[np.float64]
    bound: int
    shift: int

    @staticmethod
    def of(factor: Bounded, shift: int) -> Factor:
        """shift: 0 to 63."""
        values = np.asarray(factor.values, np.float64)
        return Factor(np.ldexp(values * _NUDGE, -shift) if shift else values, factor.bound, shift)


class Chain:
    """Integers in float64 that operations change in place. bound: none has a larger magnitude."""

    def __init__(self, values: NDArray[np.float64], bound: int) -> None:
        self.values, self.bound = values, bound

    @staticmethod
    def of(x: Bounded) -> Chain:
        """A copy of its values."""
        return Chain(x.values.astype(np.float64), x.bound)

    def plus(self, operand: Bounded) -> None:
        self.values += operand.values
        self.bound += operand.bound

    def maximum(self, operand: Bounded) -> None:
        np.maximum(self.values, operand.values, out=self.values)
        self.bound = max(self.bound, operand.bound)

    def minimum(self, operand: Bounded) -> None:
        np.minimum(self.values, operand.values, out=self.values)
        self.bound = max(self.bound, operand.bound)

    def relu(self) -> None:
        np.maximum(self.values, 0.0, out=self.values)

    def scale(self, factor: Factor) -> None:
        """RHA(v * factor, shift), see arithmetic.round_shift. The values have at most 33 bits."""
        self.values *= factor.values
        self.bound *= factor.bound
        if factor.shift:
            np.rint(self.values, out=self.values)
            self.bound = (self.bound + (1 << factor.shift - 1)) >> factor.shift

    def saturate(self, bits: int) -> None:
        """SAT(v, bits)."""
        largest = (1 << (bits - 1)) - 1
        if self.bound > largest:
            np.minimum(self.values, largest, out=self.values)  # np.clip takes as long, and its call longer
            np.maximum(self.values, -largest - 1, out=self.values)
            self.bound = largest + 1

    def wrap(self, bits: int) -> None:
        """sx(v, bits)."""
        largest = (1 << (bits - 1)) - 1
        if self.bound > largest:
            self.values[...] = wrap(self.wide, bits)
            self.bound = largest + 1

    def replace(self, where: NDArray[np.bool_], other: Chain) -> None:
        """Take the values of another chain where the condition holds."""
        np.copyto(self.values, other.values, where=where)
        self.bound = max(self.bound, other.bound)

    def copy(self) -> Chain:
        return Chain(self.values.copy(), self.bound)

    @property
    def wide(self) -> NDArray[np.int64]:
        """A copy as integers."""
        return self.values.astype(np.int64)

