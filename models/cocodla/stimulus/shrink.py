"""Make a failing random program small: fewer pieces, simpler choices, nothing queued."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cocodla.errors import UserError
from cocodla.stimulus.program import LOW, Piece, Plan, build_program

Item = TypeVar("Item")
Fails = Callable[[Plan], bool]


class _Spent(Exception):
    """No trials are left, or no time."""


def shrink(plan: Plan, fails: Fails, trials: int = 200, end: float | None = None) -> Plan:
    """A plan that still fails, as small as `trials` runs of `fails` can make it (deterministic) before the moment `end`
    (of time.monotonic).
    """
    search = _Search(plan, fails, trials, end)
    try:
        search.drop_pieces()
        search.try_plan(replace(search.best, base=LOW))
        search.try_plan(replace(search.best, schedule=replace(plan.schedule, choices=())))
        for index in range(len(search.best.pieces)):
            search.simplify(index)
            search.realign(index)
        search.drop_pieces()
    except _Spent:
        pass
    return search.best


def minimise(items: list[Item], holds: Callable[[list[Item]], bool]) -> list[Item]:
    """A sublist for which `holds` is still true and from which no single element can be left out (delta debugging)."""
    size = max(1, len(items) // 2)
    while True:
        start, changed = 0, False
        while start < len(items):
            fewer = items[:start] + items[start + size :]
            if holds(fewer):
                items, changed = fewer, True
            else:
                start += size
        if size == 1 and not changed:
            return items
        size = max(1, size // 2)


SHIFT = 12
"""By how many places draws are moved at most."""


class _Search:
    """The smallest failing plan so far, and how many trials are left."""

    def __init__(self, plan: Plan, fails: Fails, trials: int, end: float | None) -> None:
        self.best, self._fails, self._left, self._end = plan, fails, trials, end

    def try_plan(self, plan: Plan) -> bool:
        """True, and the best from now on, if `plan` fails, too. A plan that is not legal does not count."""
        if plan == self.best:
            return True
        if self._left == 0 or (self._end is not None and time.monotonic() > self._end):
            raise _Spent
        self._left -= 1
        try:
            failed = self._fails(plan)
        except (UserError, ValueError):
            return False
        if failed:
            self.best = plan
        return failed

    def drop_pieces(self) -> None:
        """Leave out pieces; the last ones first fall away in halves."""
        minimise(
            list(self.best.pieces), lambda fewer: bool(fewer) and self.try_plan(replace(self.best, pieces=tuple(fewer)))
        )

    def simplify(self, index: int) -> None:
        """Set draws of a piece to 0, then halve the others as long as it fails."""
        draws = self._draws(index)

        def only(places: list[int]) -> list[int]:
            return [number if place in places else 0 for place, number in enumerate(draws)]

        kept = minimise(
            [place for place, number in enumerate(draws) if number],
            lambda places: self._try_draws(index, only(places)),
        )
        draws = only(kept)
        for place in kept:
            while draws[place]:
                smaller = [*draws[:place], draws[place] // 2, *draws[place + 1 :]]
                if not self._try_draws(index, smaller):
                    break
                draws = smaller

    def realign(self, index: int) -> None:
        """Set a draw to 0 where the generator then draws fewer or more numbers: those behind it move along."""
        for place in [place for place, number in enumerate(self._draws(index)) if number]:
            for shift in (shift for step in range(1, SHIFT + 1) for shift in (step, -step)):
                draws = self._draws(index)
                behind = draws[place + 1 + shift :] if shift > 0 else [0] * -shift + draws[place + 1 :]
                if self._try_draws(index, [*draws[:place], 0, *behind]):
                    break

    def _draws(self, index: int) -> list[int]:
        return build_program(replace(self.best, pieces=(self.best.pieces[index],))).draws[0]

    def _try_draws(self, index: int, draws: list[int]) -> bool:
        pieces = list(self.best.pieces)
        end = max((place + 1 for place, number in enumerate(draws) if number), default=0)
        pieces[index] = replace(pieces[index], choices=tuple(draws[:end]))
        return self.try_plan(replace(self.best, pieces=tuple(pieces)))


def piece_to_json(piece: Piece) -> dict[str, object]:
    """Plain values of a piece."""
    return {
        "kind": piece.kind,
        "size": piece.size,
        "seed": list(piece.seed),
        "choices": None if piece.choices is None else list(piece.choices),
    }
