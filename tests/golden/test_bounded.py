"""Chains in float64 against plain Python integers, ties and corners included."""

from typing import Any

import numpy as np
import pytest

from cocodla.golden.bounded import Bounded, Chain, Factor

WORD = 1 << 31


def rha(value: int, shift: int) -> int:
    magnitude = (2 * abs(value) + (1 << shift)) >> (shift + 1)
    return magnitude if value >= 0 else -magnitude


def scaled(values: np.ndarray, factor: int, shift: int) -> Chain:
    chain = Chain.of(Bounded.of(values))
    chain.scale(Factor.of(Bounded.of(np.asarray(factor)), shift))
    return chain


@pytest.mark.parametrize("bits", [8, 17, 20, 24, 31, 32])
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float32, np.float64])
def test_scaling_rounds_ties_away_from_zero(bits: int, kind: type) -> None:
    """Factors of 16 bits, every shift, values of up to 33 bits, as a stage has them; types as far as they go."""
    rng = np.random.default_rng(bits)
    largest: dict[type, int] = {np.int32: (1 << 31) - 1, np.float32: 1 << 24}
    top = min(1 << bits, largest.get(kind, 1 << 32))
    powers = np.minimum(1 << np.arange(bits), top)
    values = np.concatenate([rng.integers(-top, top + 1, 200), [top, -top, 0, 1, -1], powers])
    for shift in range(64):
        for factor in (1, -1, 3, 32767, -32768, 1 << 14, 24447, int(rng.integers(-32768, 32768))):
            got = scaled(values.astype(kind), factor, shift)
            want = [rha(int(value) * factor, shift) for value in values]
            assert got.values.tolist() == want, f"shift {shift} factor {factor}"
            assert max(map(abs, want)) <= got.bound


def test_exact_ties_and_what_is_next_to_them() -> None:
    """Products on the tie of every size, and the products a unit below and above it."""
    for shift in range(1, 48):
        odd = {2 * (1 << n) + 1 for n in range(47 - shift)} | {1, 3, 5, 2 * ((1 << 47 - shift) // 3) + 1}
        ties = [sign * (value << shift - 1) for value in odd if value << shift - 1 < 1 << 47 for sign in (1, -1)]
        products = [tie + step for tie in ties for step in (-1, 0, 1)]
        for factor in (1, 1 << 14, -3, 32767):
            values = np.array([p // factor for p in products if p % factor == 0 and abs(p // factor) <= 1 << 32])
            if len(values):
                want = [rha(int(value) * factor, shift) for value in values]
                assert scaled(values, factor, shift).values.tolist() == want, f"shift {shift} factor {factor}"


@pytest.mark.parametrize("bits", [8, 15, 30, 31])
def test_sums_and_limits(bits: int) -> None:
    """Saturation, ReLU and wrapping keep to the bound and the values of integers."""
    top = (1 << bits) - 1
    a, b = np.array([top, -top, top, 5]), np.array([top, -top, -top, -7])
    y = Bounded.of(b)

    def after(*steps: tuple[Any, ...]) -> list[int]:
        chain = Chain.of(Bounded.of(a))
        for name, *arguments in steps:
            getattr(chain, name)(*arguments)
        assert np.abs(chain.wide).max() <= chain.bound
        return chain.wide.tolist()

    assert after(("plus", y)) == [int(p) + int(q) for p, q in zip(a, b, strict=True)]
    assert after(("maximum", y)) == np.maximum(a, b).tolist()
    assert after(("minimum", y)) == np.minimum(a, b).tolist()
    assert after(("saturate", 8)) == np.clip(a, -128, 127).tolist()
    assert after(("relu",), ("saturate", 8)) == np.clip(a, 0, 127).tolist()
    eighth = Factor.of(Bounded.of(np.asarray(1)), 3)
    assert after(("relu",), ("scale", eighth)) == [rha(max(int(v), 0), 3) for v in a]
    assert after(("wrap", 16)) == a.astype(np.int16).tolist()
    assert after(("plus", y), ("wrap", 32)) == (a + b).astype(np.int32).tolist()
    small = Bounded.of(a >> max(0, bits - 15))
    for shift in (0, 9, 32, 63):
        want = [min(max(int(v) << shift, -WORD), WORD - 1) for v in small.values]
        assert small.shift_left_saturating(shift, 32).values.tolist() == want


def test_a_chain_leaves_its_source_alone() -> None:
    source = np.array([-3, 200, 7], np.int32)
    chain = Chain.of(Bounded.of(source))
    other = chain.copy()
    chain.saturate(8)
    other.replace(np.array([True, False, False]), chain)
    assert source.tolist() == [-3, 200, 7]
    assert other.values.tolist() == [-3, 200, 7]
