"""Arithmetic with bounds against plain Python integers, ties and corners included."""

import numpy as np
import pytest

from cocodla.golden.bounded import Bounded


def rha(value: int, shift: int) -> int:
    magnitude = (2 * abs(value) + (1 << shift)) >> (shift + 1)
    return magnitude if value >= 0 else -magnitude


@pytest.mark.parametrize("bits", [8, 17, 20, 24, 31])
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float64])
def test_scaling_rounds_ties_away_from_zero(bits: int, kind: type) -> None:
    """Factors of 16 bits and every shift; in float64 where products have 36 bits at most, in integers beyond."""
    rng = np.random.default_rng(bits)
    top = (1 << bits) - 1
    values = np.concatenate([rng.integers(-top, top + 1, 200), [top, -top, 0, 1, -1], 1 << np.arange(bits)])
    for shift in (0, 1, 2, 5, 8, 13, 20, 31, 40, 62, 63):
        for factor in (1, -1, 3, 32767, -32768, 1 << 14, 24447, int(rng.integers(-32768, 32768))):
            got = Bounded(values.astype(kind), top).scaled(Bounded.of(np.asarray(factor)), shift)
            want = [0 if shift >= 63 else rha(int(value) * factor, shift) for value in values]
            assert got.values.tolist() == want, f"shift {shift} factor {factor}"
            assert max(map(abs, want)) <= got.bound


def test_exact_ties() -> None:
    """Odd multiples of a half, whose float64 product lies on the tie."""
    odd = np.arange(-2001, 2002, 2)
    for shift in range(1, 20):
        got = Bounded.of(odd).scaled(Bounded.of(np.asarray(1 << 14)), 15).values
        assert got.tolist() == [rha(int(v) << 14, 15) for v in odd]
        shifted = Bounded.of(odd << shift - 1).round_shift(shift).values
        assert shifted.tolist() == [rha(int(v) << shift - 1, shift) for v in odd]


@pytest.mark.parametrize("bits", [8, 15, 30, 31])
def test_sums_products_and_limits(bits: int) -> None:
    """Results that need 64 bits get them; saturation and ReLU keep to the bound."""
    top = (1 << bits) - 1
    a, b = np.array([top, -top, top, 5]), np.array([top, -top, -top, -7])
    x, y = Bounded.of(a), Bounded.of(b)
    assert x.plus(y).values.tolist() == [int(p) + int(q) for p, q in zip(a, b, strict=True)]
    assert x.times(y).values.tolist() == [int(p) * int(q) for p, q in zip(a, b, strict=True)]
    assert x.maximum(y).values.tolist() == np.maximum(a, b).tolist()
    assert x.minimum(y).values.tolist() == np.minimum(a, b).tolist()
    assert x.saturate(8).values.tolist() == np.clip(a, -128, 127).tolist()
    assert x.relu().saturate(8).values.tolist() == np.clip(a, 0, 127).tolist()
    assert x.relu().round_shift(3).values.tolist() == [rha(max(int(v), 0), 3) for v in a]
    assert x.wrap(16).values.tolist() == a.astype(np.int16).tolist()
    assert x.shift_left_saturating(9, 32).values.tolist() == np.clip(a << 9, -(1 << 31), (1 << 31) - 1).tolist()
