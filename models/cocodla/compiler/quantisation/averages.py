"""Integers that divide: the reciprocals of PDP (spec: pdp.md section 4), and what averages on the convolution pipeline
multiply by: weights, and the multipliers of SDP, by position where divisors differ.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import FloatArray

IntArray = NDArray[np.int64]


@cache
def average_reciprocals(rows: int, columns: int) -> tuple[int, int]:
    """(width, height) reciprocals for windows of so many elements (spec: pdp.md section 4, numerics.md item 6).

    All sums a window can have are tried; the intermediate result must fit 11 bits and the final one 8. Of those that
    are equally good the official driver's are taken.
    """
    count = rows * columns
    sums = np.arange(-128 * count, 127 * count + 1)
    ideal = _round_away(sums / count)
    candidates = {1 << bit for bit in range(17)} | {round(65536 / n) for n in range(1, 9)}
    pairs = [(width, round(2.0**32 / (count * width))) for width in sorted(candidates, reverse=True)]
    best, chosen = np.inf, (0, 0)
    for width, height in (driver_reciprocals(rows, columns), *pairs):
        if count * 128 * width > 1024 << 16 or not 0 < height <= 65536:
            continue
        middle = _round_away(sums * width / 65536)
        final = _round_away(middle * height / 65536)
        if final.max() > 127 or final.min() < -128:
            continue
        wrong = float((final != ideal).mean())
        if wrong < best:
            best, chosen = wrong, (width, height)
    return chosen


def driver_reciprocals(rows: int, columns: int) -> tuple[int, int]:
    """(width, height) reciprocals that the official driver writes (spec: loadable.md section 6.2)."""
    return 65536 // columns, 65536 // rows


def wrong_share(rows: int, columns: int) -> float:
    """Share of the sums of a window whose average the unit rounds differently from the ideal."""
    width, height = average_reciprocals(rows, columns)
    count = rows * columns
    sums = np.arange(-128 * count, 127 * count + 1)
    found = _round_away(_round_away(sums * width / 65536) * height / 65536)
    return float((found != _round_away(sums / count)).mean())


def _round_away(value: FloatArray) -> FloatArray:
    return np.sign(value) * np.floor(np.abs(value) + 0.5)


SUM_BITS, PRODUCT_BITS = 31, 47
"""What the input of SDP's second multiplier, and its product, may take besides the sign."""
WEIGHT_MAX, FACTOR_MAX, MAX_SHIFT = 127, 32767, 48
NEAR = 2.0**-10
"""Output steps that rounded multipliers may move an average by."""
RANGE = 255
"""Largest magnitude of an element's code without its zero point."""


def average_factors(count: int, ratio: float, fraction: int) -> tuple[int, int, int] | None:
    """(weight code, multiplier, right shift): sum * code * multiplier / 2^shift is sum / count * ratio * 2^fraction.

    The code of all taps and BS's multiplier together are as good as 22 bits. None if the sum is worth too much.
    """
    wanted = ratio / count * 2.0**fraction
    shift = min(int(np.floor(np.log2(WEIGHT_MAX * FACTOR_MAX / wanted))), MAX_SHIFT)
    if shift < 0:
        return None
    codes = np.arange(1, WEIGHT_MAX + 1)
    factors = np.clip(np.rint(wanted * 2.0**shift / codes), 1, FACTOR_MAX)
    best = int(np.abs(codes * factors - wanted * 2.0**shift).argmin())
    return int(codes[best]), int(factors[best]), shift


def position_factors(
    divisors: FloatArray, fraction: int, ratio: float = 1.0
) -> tuple[IntArray, IntArray, int] | None:
    """Two 16-bit multipliers (*divisors.shape) each and a right shift: sum * first * second / 2^shift is
    sum / divisor * ratio * 2^fraction, so close that rounding it gives ties exactly where that is possible. None if an
    output could be NEAR off.
    """
    counts = np.unique(divisors).astype(np.int64)
    top = min(30 + int(np.floor(np.log2(counts[0] / ratio))), PRODUCT_BITS - 8)
    least, chosen = NEAR, None
    for bits in range(top, fraction, -1):
        exact = 2.0**bits * ratio / counts
        limits = (1 << SUM_BITS) // (RANGE * counts)
        pairs = np.array([_product_near(value, int(most)) for value, most in zip(exact, limits, strict=True)], np.int64)
        error = float(np.abs(pairs.prod(1) / exact - 1).max()) * RANGE * ratio
        if error < least:
            where = np.searchsorted(counts, divisors)
            least, chosen = error, (pairs[where, 0], pairs[where, 1], bits - fraction)
        if error * 2.0**fraction < 0.5:
            break
    return chosen


def _product_near(wanted: float, most: int) -> tuple[int, int]:
    """Two positive 16-bit integers, the first at most `most`, whose product is nearest to a number."""
    first = np.arange(1, min(most, 32767) + 1)
    second = np.clip(np.rint(wanted / first), 1, 32767)
    best = int(np.abs(first * second - wanted).argmin())
    return int(first[best]), int(second[best])
