"""Integer primitives shared by all units, exact on scalars' arrays of int64 (spec: sdp.md section 0).

Every function takes and returns int64 arrays (or anything numpy turns into them) and never rounds
differently from the hardware. Values must stay below 2^62 in magnitude, which every operand of
nv_small does (the widest intermediate result has 49 bits).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]


def sign_extend(value: int, bits: int) -> int:
    """Low `bits` bits of a Python integer as a signed number: sx(v, n) of the spec."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def wrap(values: ArrayLike, bits: int) -> IntArray:
    """Low `bits` bits of each element as a signed number: sx(v, n) on arrays."""
    shift = 64 - bits
    return (np.asarray(values, np.int64) << shift) >> shift


def saturate(values: ArrayLike, bits: int) -> IntArray:
    """Clamp to the range of a signed number of `bits` bits: SAT(v, n)."""
    return np.clip(np.asarray(values, np.int64), -(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def round_shift(values: ArrayLike, shift: int) -> IntArray:
    """Divide by 2^shift, round to nearest, ties away from zero: RHA(v, s).

    shift >= 63 is wider than any operand: the result is 0.
    """
    v = np.asarray(values, np.int64)
    if shift == 0:
        return v
    if shift >= 63:
        return np.zeros_like(v)
    return rounded_quotient(v, shift)


def rounded_quotient(v: NDArray[Any], shift: int) -> NDArray[Any]:
    """round_shift in the array's own type, which must hold |v| + 2^(shift-1); shift > 0."""
    # adding half - 1 instead of half turns the tie of a negative number away from zero
    rounded = v >> (8 * v.itemsize - 1)
    rounded += v
    rounded += 1 << (shift - 1)
    rounded >>= shift
    return rounded


def shift_left_saturating(values: ArrayLike, shift: int, bits: int) -> IntArray:
    """SAT(v * 2^shift, bits) for operands of at most 16 bits and any shift of 0..63."""
    return saturate(np.asarray(values, np.int64) << min(shift, bits), bits)


def clip_int8(values: NDArray[Any]) -> NDArray[np.int8]:
    """Clamp to -128..127 and store as int8."""
    return np.clip(values, -128, 127).astype(np.int8)
