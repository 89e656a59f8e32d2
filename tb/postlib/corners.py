"""Numbers at the corners of what a layer may be: ties around limits of a rounding, strides of every size."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random


def around_ties(limits: Iterable[int], shift: int) -> list[int]:
    """Numbers that a right shift by `shift` rounds to a limit and its neighbours: each tie there, and both sides of it.

    limits: results at which something changes, such as 127 and -128. Without a shift the results themselves.
    """
    if shift == 0:
        return sorted({limit + step for limit in limits for step in range(-2, 3)})
    half = 1 << (shift - 1)
    ties = {(2 * (limit + step) + 1) * half for limit in limits for step in range(-3, 3)}
    return sorted({tie + side for tie in ties for side in (-1, 0, 1)})


def any_stride(rng: Random) -> int:
    """A stride of 32 bits, a multiple of 8: the largest one (a step back), those that carry furthest, any."""
    return rng.choice([0xFFFFFFF8, 0x80000000, 0x7FFFFFF8, 8 << rng.randrange(5, 29), rng.getrandbits(29) << 3])
