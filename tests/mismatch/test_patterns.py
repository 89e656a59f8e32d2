"""Patterns in words: made ones are named, and what is said always holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cocodla.mismatch.patterns import describe

Cube = NDArray[np.int8]


@st.composite
def cubes(draw: Any, least: int = 3) -> Cube:
    """A cube of random values away from the limits, of `least` channels or more."""
    shape = tuple(draw(st.integers(low, most)) for low, most in ((least, 40), (3, 12), (8, 40)))
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(-100, 100, shape).astype(np.int8)


def changed(cube: Cube, where: Any) -> Cube:
    """Other values there, by more than one and without any order."""
    got = cube.copy()
    noise = np.random.default_rng(1).choice([0x15, 0x2A, 0x33, 0x4C], cube[where].shape)
    got[where] = cube[where] ^ noise.astype(np.int8)
    return got


@given(cubes())
def test_equal_cubes_have_no_pattern(cube: Cube) -> None:
    assert describe(cube, cube.copy()) == []


@given(cubes(), st.data())
def test_one_element(cube: Cube, data: Any) -> None:
    where = tuple(data.draw(st.integers(0, size - 1)) for size in cube.shape)
    got = cube.copy()
    got[where] ^= 0x15
    assert describe(cube, got)[0] == "a single element differs"


@given(cubes(8), st.integers(2, 4), st.data())
def test_every_nth_column(cube: Cube, step: int, data: Any) -> None:
    first = data.draw(st.integers(0, step - 1))
    if len(range(first, cube.shape[2], step)) < 3:
        return
    text = describe(cube, changed(cube, np.s_[:, :, first::step]))
    assert f"in every {'2nd' if step == 2 else '3rd' if step == 3 else '4th'} column, from {first} on" in text
    assert not any(part.startswith("in every") and "line" in part for part in text)


@given(cubes(), st.data())
def test_from_a_line_on(cube: Cube, data: Any) -> None:
    first = data.draw(st.integers(1, cube.shape[1] - 2))
    assert f"from line {first} on" in describe(cube, changed(cube, np.s_[:, first:]))


@given(cubes(17))
def test_last_channel_block(cube: Cube) -> None:
    count = -(-cube.shape[0] // 8)
    text = describe(cube, changed(cube, np.s_[8 * (count - 1) :]))
    assert f"in one channel block (surface) only: the last of {count}" in text


@given(cubes(17), st.integers(0, 7))
def test_one_lane(cube: Cube, lane: int) -> None:
    if len(range(lane, cube.shape[0], 8)) > 1:
        assert f"in lane {lane} of the atoms only" in describe(cube, changed(cube, np.s_[lane::8]))


@given(cubes(), st.sampled_from([1, -1]), st.integers(0, 2**32 - 1))
def test_off_by_one(cube: Cube, sign: int, seed: int) -> None:
    chosen = np.random.default_rng(seed).random(cube.shape) < 0.3
    if chosen.sum() < 2:
        return
    text = describe(cube, np.where(chosen, cube + sign, cube).astype(np.int8))
    assert f"off by one: one too {'large' if sign > 0 else 'small'}" in text


@given(cubes(), st.integers(0, 2**32 - 1))
def test_ties_of_both_directions(cube: Cube, seed: int) -> None:
    signs = np.random.default_rng(seed).choice([-1, 0, 0, 1], cube.shape)
    if {-1, 1} <= set(signs.reshape(-1).tolist()):
        assert "off by one: rounding?" in describe(cube, (cube + signs).astype(np.int8))


@given(cubes())
def test_zeros_and_signs(cube: Cube) -> None:
    cube = np.where(abs(cube) < 2, 7, cube).astype(np.int8)
    got = cube.copy()
    got[1:] = 0
    assert "zeros instead of values" in describe(cube, got)
    got[1:] = -cube[1:]
    assert "negated" in describe(cube, got)


@given(cubes(), st.integers(0, 2**32 - 1))
def test_stale(cube: Cube, seed: int) -> None:
    before = np.random.default_rng(seed).integers(-100, 100, cube.shape).astype(np.int8)
    got = cube.copy()
    got[:, -1] = before[:, -1]
    if (got != cube).sum() > 1:
        assert "stale: all of them hold what was in memory before, as if never written" in describe(cube, got, before)


@given(cubes(8))
def test_shifted_by_an_atom(cube: Cube) -> None:
    part = cube[:8]
    flat = part.reshape(8, -1)
    got = np.concatenate([flat[:, :1], flat[:, :-1]], axis=1).reshape(part.shape)
    text = [line for line in describe(part, got) if line.startswith("shifted by one atom")]
    assert text and "belongs before them" in text[0]


@given(cubes(8), st.data())
def test_swapped_atoms(cube: Cube, data: Any) -> None:
    part = cube[:8]
    count = part.shape[1] * part.shape[2]
    a, b = sorted(data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True)))
    got = part.reshape(8, -1).copy()
    got[:, [a, b]] = got[:, [b, a]]
    if not np.array_equal(got[:, a], got[:, b]):
        assert f"two atoms are swapped: numbers {a} and {b} of the cube" in describe(part, got.reshape(part.shape))


@settings(max_examples=50)
@given(cubes(), st.integers(0, 2**32 - 1), st.floats(0.001, 1))
def test_noise_is_given_no_order(cube: Cube, seed: int, share: float) -> None:
    """Random differences: the count, and no sentence on values or order."""
    rng = np.random.default_rng(seed)
    chosen = rng.random(cube.shape) < share
    got = np.where(chosen, rng.integers(-128, 128, cube.shape), cube).astype(np.int8)
    if (got != cube).sum() > 50:
        text = describe(cube, got, rng.integers(-128, 128, cube.shape).astype(np.int8))
        orders = ("off", "stale", "shifted", "negated", "zeros", "two atoms")
        assert not [part for part in text if part.startswith(orders)]
