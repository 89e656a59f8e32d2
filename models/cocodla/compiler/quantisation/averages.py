"""Integers that divide: the reciprocals of PDP (spec: pdp.md section 4), and the multipliers of SDP by position."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import FloatArray

IntArray = NDArray[np.int64]


@cache
def average_reciprocals(count: int) -> tuple[int, int]:
    """(width, height) reciprocals for windows of `count` elements (spec: pdp.md section 4, numerics.md item 6).

    All sums a window can have are tried; the intermediate result must fit 11 bits and the final one 8.
    """
    sums = np.arange(-128 * count, 127 * count + 1)
    ideal = _round_away(sums / count)
    candidates = {1 << bit for bit in range(17)} | {round(65536 / n) for n in range(1, 9)}
    best, chosen = np.inf, (0, 0)
    for width in sorted(candidates, reverse=True):
        if count * 128 * width > 1024 << 16:
            continue
        height = round(2.0**32 / (count * width))
        if not 0 < height <= 65536:
            continue
        middle = _round_away(sums * width / 65536)
        final = _round_away(middle * height / 65536)
        if final.max() > 127 or final.min() < -128:
            continue
        wrong = float((final != ideal).mean())
        if wrong < best:
            best, chosen = wrong, (width, height)
    return chosen


def wrong_share(count: int) -> float:
    """Share of the sums of `count` elements whose average the unit rounds differently from the ideal."""
    width, height = average_reciprocals(count)
    sums = np.arange(-128 * count, 127 * count + 1)
    found = _round_away(_round_away(sums * width / 65536) * height / 65536)
    return float((found != _round_away(sums / count)).mean())


def _round_away(value: FloatArray) -> FloatArray:
    return np.sign(value) * np.floor(np.abs(value) + 0.5)


SUM_BITS, PRODUCT_BITS = 31, 47
"""What the input of SDP's second multiplier, and its product, may take besides the sign."""
RANGE = 255
"""Largest magnitude of an element's code without its zero point."""


def position_factors(divisors: FloatArray, fraction: int) -> tuple[IntArray, IntArray, int] | None:
    """Two 16-bit multipliers (*divisors.shape) each and a right shift: sum * first * second / 2^shift is
    sum / divisor * 2^fraction, so close that rounding it gives ties exactly. None if that is not possible.
    """
    counts = np.unique(divisors).astype(np.int64)
    for bits in range(min(30 + int(np.log2(counts[0])), PRODUCT_BITS - 8), fraction, -1):
        pairs = [_product_near(2.0**bits / count, (1 << SUM_BITS) // (RANGE * int(count))) for count in counts]
        errors = [
            abs(first * second * count / 2.0**bits - 1) for (first, second), count in zip(pairs, counts, strict=True)
        ]
        if max(errors) * RANGE * 2.0**fraction < 0.5:
            where = np.searchsorted(counts, divisors)
            table = np.array(pairs, np.int64)
            return table[where, 0], table[where, 1], bits - fraction
    return None


def _product_near(wanted: float, most: int) -> tuple[int, int]:
    """Two positive 16-bit integers, the first at most `most`, whose product is nearest to a number."""
    first = np.arange(1, min(most, 32767) + 1)
    second = np.clip(np.rint(wanted / first), 1, 32767)
    best = int(np.abs(first * second - wanted).argmin())
    return int(first[best]), int(second[best])
