"""Random programs: repeatable, legal whatever is drawn, able to reach every bin, and small when they are shrunk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cocodla import golden
from cocodla.golden import run as run_golden
from cocodla.program.commands import FillMemory
from cocodla.stimulus.bins import POINTS, Coverage
from cocodla.stimulus.choices import Choices
from cocodla.stimulus.layers import Allocator, random_layer
from cocodla.stimulus.program import ADDRESSES, PIECES, ROOM, build_program, random_plan, random_program
from cocodla.stimulus.shrink import _Search, minimise


def test_a_seed_repeats_a_layer() -> None:
    first, second = (
        random_layer(np.random.default_rng(5), "image_pdp", Allocator(np.random.default_rng(6))) for _ in "ab"
    )
    assert first == second


def test_replayed_choices_give_the_same_program() -> None:
    plan = random_plan(3, 12)
    made = build_program(plan)
    pieces = tuple(replace(p, choices=tuple(d)) for p, d in zip(plan.pieces, made.draws, strict=True))
    again = build_program(
        replace(plan, pieces=pieces, schedule=replace(plan.schedule, choices=tuple(made.schedule_draws)))
    )
    assert again.program == made.program


def test_any_choices_give_legal_programs() -> None:
    """Whatever shrinking does to the draws, the golden model accepts the program: also the simplest of all."""
    for seed in range(6):
        plan = random_plan(seed, 6, size=8)
        made = build_program(plan)
        for divisor in (2, 5, 1 << 40):
            pieces = tuple(
                replace(p, choices=tuple(n // divisor for n in d)) for p, d in zip(plan.pieces, made.draws, strict=True)
            )
            assert run_golden(build_program(replace(plan, pieces=pieces)).program).passed, f"seed {seed} / {divisor}"


def test_choices_record_and_simplify() -> None:
    rng = Choices((1, 2))
    values = [rng.integers(5, 9), rng.random(), rng.choice("abc"), rng.integers(3)]
    assert Choices((9,), rng.drawn).drawn == []
    replay = Choices((1, 2), rng.drawn)
    assert [replay.integers(5, 9), replay.random(), replay.choice("abc"), replay.integers(3)] == values
    simple = Choices((1, 2), [])
    assert (simple.integers(5, 9), simple.choice("abc"), simple.random() > 0.999) == (5, "a", True)
    assert simple.bytes(9) == Choices((1, 2)).bytes(9)


class _Drawn(_Search):
    """A search in a generator whose first draw says where the one that fails, a 9, is: `place` of it."""

    def __init__(self, draws: list[int], place: Callable[[int], int]) -> None:
        super().__init__(random_plan(0, 1), lambda _: True, 0, None)
        self.draws, self._place = draws, place

    def _draws(self, index: int) -> list[int]:
        return self.draws

    def _try_draws(self, index: int, draws: list[int]) -> bool:
        end = max(place + 1 for place, number in enumerate([1, *draws]) if number) - 1  # zeros at the end are no draws
        fails = draws[self._place(draws[0]) :][:1] == [9]
        self.draws = draws[:end] if fails else self.draws
        return fails


@pytest.mark.parametrize(
    ("draws", "place", "expected"),
    [
        ([3, 5, 6, 7, 9], lambda first: 1 + first, [0, 9]),  # fewer draws behind a 0
        ([2, 9], lambda first: 1 if first else 4, [0, 0, 0, 0, 9]),  # more
        ([3, 5, 6, 7, 9], lambda first: 4 if first else 0, [3, 5, 6, 7, 9]),  # it cannot be 0
    ],
)
def test_realigning_moves_draws_along_with_what_they_choose(
    draws: list[int], place: Callable[[int], int], expected: list[int]
) -> None:
    search = _Drawn(draws, place)
    search.realign(0)
    assert search.draws == expected


def test_minimise_finds_what_is_needed() -> None:
    assert minimise(list(range(50)), lambda some: {7, 31, 32} <= set(some)) == [7, 31, 32]


def test_every_bin_can_be_reached() -> None:
    coverage = Coverage()
    for seed in range(60):
        coverage.add(random_program(seed, 40, size=10).layers)
    assert list(coverage.holes()) == []
    assert {point.name for point in POINTS} == {name for name, *_ in coverage.rows()}
    assert set(PIECES) - {"follow"} == set(POINTS[0].bins)


def test_the_golden_model_does_not_depend_on_what_is_fed_to_it() -> None:
    for source in Path(golden.__file__).parent.glob("*.py"):
        assert "cocodla.stimulus" not in source.read_text(), source.name


def test_programs_lie_anywhere_in_memory_and_carry_into_every_high_bit() -> None:
    """The golden model accepts them; memory over the multiples of 2^16 to 2^31, at the very end, and above 2 GiB."""
    carries: set[int] = set()
    ends, high = 0, 0
    for seed in range(200):
        plan = random_plan(seed, 4, size=6)
        made = build_program(plan)
        fill = next(command for command in made.program if isinstance(command, FillMemory))
        last = fill.address + fill.length - 1
        assert fill.address % 8 == 0 and 0 < fill.length <= ROOM and last < ADDRESSES
        carries.add((fill.address ^ last).bit_length() - 1)
        ends += last == ADDRESSES - 1
        high += fill.address >> 31
        if seed < 12:
            assert run_golden(made.program).passed, f"seed {seed}"
    assert carries >= set(range(16, 32)) and ends > 10 and high > 30
