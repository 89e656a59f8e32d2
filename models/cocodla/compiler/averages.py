"""The two reciprocals with which PDP divides (spec: pdp.md section 4)."""

from __future__ import annotations

from functools import cache

import numpy as np

from cocodla.compiler.ir import FloatArray


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
