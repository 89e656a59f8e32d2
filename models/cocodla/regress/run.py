"""Runs the items of a regression: those of the plan once, then new seeds as long as the budget lasts."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cocodla.errors import UserError
from cocodla.regress.cells import cells
from cocodla.regress.cluster import Farm
from cocodla.regress.evidence import keep
from cocodla.regress.items import Cell, Ended, Item, Judgement
from cocodla.regress.judge import judge
from cocodla.regress.plan import Plan, Suite
from cocodla.regress.shares import Shares
from cocodla.regress.signature import signature
from cocodla.regress.store import Run, Store

UNKNOWN = 30.0
"""Seconds expected of what has never been run."""
MOST_FULL = 8
"""Items in a row that find their hosts full before the run stops."""
KEPT = 3
"""Items of a signature whose evidence is kept."""

Say = Callable[[str], None]
Matrix = Mapping[str, Sequence[Cell]]
"""The cells of each suite."""


def matrix_of(plan: Plan) -> dict[str, list[Cell]]:
    """The cells of each suite of a plan; UserError for what there is not."""
    return {name: cells(suite, f"{plan.name}: suites.{name}") for name, suite in plan.suites.items()}


def first_items(plan: Plan, matrix: Matrix, seed: int) -> list[Item]:
    """What the plan asks for, each once."""
    return [
        make_item(plan, name, cell, item_seed(seed, name, cell, number) if fixed is None else fixed, 0)
        for name, suite in plan.suites.items()
        for cell in matrix[name]
        for number, fixed in _seeds(suite)
    ]


def _seeds(suite: Suite) -> Iterator[tuple[int, int | None]]:
    """(number, the seed if it is fixed)."""
    if isinstance(suite.seeds, tuple):
        yield from enumerate(suite.seeds)
    else:
        yield from ((number, None) for number in range(suite.seeds))


def item_seed(run_seed: int, suite: str, cell: Cell, number: int) -> int:
    """The seed of an item, of 31 bits: its own for each cell and number, the same for the same seed of the run."""
    text = f"{run_seed}/{suite}/{cell.unit}/{cell.column}/{number}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") >> 1


def make_item(plan: Plan, name: str, cell: Cell, seed: int, round: int) -> Item:
    """An item of a suite."""
    suite = plan.suites[name]
    kind = str(suite.__struct_config__.tag)
    return Item(
        f"{name}/{cell.unit}/{cell.column}/{seed}", name, kind, cell, seed, round, suite.seconds, plan.space
    )


@dataclass
class Regression:
    """One run under way. before: seconds it has taken when it was stopped. say: gets a line for each failure."""

    plan: Plan
    matrix: Matrix
    store: Store
    run: Run
    say: Say
    ended: Callable[[Item, Judgement], None]
    _todo: deque[Item] = field(default_factory=deque)
    _again: deque[Item] = field(default_factory=deque)
    _full: int = 0

    def __post_init__(self) -> None:
        self._begin = time.monotonic()
        self._times = self.store.expected()
        self._shares = Shares(
            [name for name, suite in self.plan.suites.items() if suite.endless and self.matrix[name]] or ["none"],
            self.run.seed,
            self.store.finds_before(self.run.run),
        )
        waiting = self.store.waiting(self.run.run)
        self._again.extend(item for item in waiting if item.again_of)
        self._todo.extend(self._mixed([item for item in waiting if not item.again_of]))
        self._rounds = {name: self._rotation(name) for name, suite in self.plan.suites.items() if suite.endless}

    @property
    def spent(self) -> float:
        """Seconds the run has taken; a clock that is set does not change them."""
        return self.run.spent + time.monotonic() - self._begin

    def execute(self, farm: Farm) -> str:
        """Run all there is to be run; the state to finish with."""
        while True:
            while farm.has_room() and (item := self._next()):
                self._shares.begun(item.suite, self._expected(item)[1])
                farm.submit(item)
            if not farm.busy:
                return "done"
            if (got := farm.next(1.0)) is not None:
                self._take(farm, *got)

    # -- what is next ----------------------------------------------------------------------------

    def _next(self) -> Item | None:
        """Failures again; then what the plan asks for; then new seeds. None if that is all, or the
        budget does not hold another item."""
        if self._again:
            return self._again.popleft()
        left = None if self.run.budget is None else self.run.budget - self.spent
        while self._todo:
            item = self._todo.popleft()
            if left is None or self._fits(item, left):
                return item
        return self._new(left) if left is not None else None

    def _fits(self, item: Item, left: float) -> bool:
        """Whether an item, as long as such ones took, ends within the budget."""
        known = (item.suite, item.cell.unit, item.cell.column) in self._times
        return left > (self._expected(item)[0] if known else 0)

    def _new(self, left: float) -> Item | None:
        """An item with a new seed of the suite that is to have it, if it can end in time."""
        among = [name for name in self._rounds if self.matrix[name]]
        while among and left > 0:
            name = self._shares.next(among)
            for item in itertools.islice(self._rounds[name], len(self.matrix[name])):
                if self._fits(item, left):
                    self.store.add(self.run.run, [item])
                    return item
            among.remove(name)
        return None

    def _rotation(self, name: str) -> Iterator[Item]:
        """All cells of a suite, again and again, with seeds that this run has not had."""
        had = self.store.rows("select coalesce(max(round), 0) n from items where run=? and suite=?", self.run.run, name)
        for round in itertools.count(had[0]["n"] + 1):
            for cell in self.matrix[name]:
                yield make_item(self.plan, name, cell, item_seed(self.run.seed, name, cell, -round), round)

    def _mixed(self, items: Sequence[Item]) -> list[Item]:
        """Items in the order in which they are run: all suites keep pace, so that a budget that is too small cuts
        short each of them; in a suite the longest first.
        """
        suites: dict[str, list[Item]] = {}
        for item in sorted(items, key=lambda item: (item.round, -self._expected(item)[0])):
            suites.setdefault(item.suite, []).append(item)
        placed = [((place + 0.5) / len(found), item) for found in suites.values() for place, item in enumerate(found)]
        return [item for _, item in sorted(placed, key=lambda pair: pair[0])]

    def _expected(self, item: Item) -> tuple[float, float]:
        """(wall seconds, CPU seconds)."""
        return self._times.get((item.suite, item.cell.unit, item.cell.column), (UNKNOWN, UNKNOWN))

    # -- what has ended -----------------------------------------------------------------------------

    def _take(self, farm: Farm, item: Item, ended: Ended) -> None:
        if ended.how == "differs":
            raise UserError(f"{ended.text}: all workers need the same; what has been run stays (--resume)")
        if ended.how == "full":
            self._shares.ended(item.suite, self._expected(item)[1], 0, 0)
            self._again.append(item)
            self._full += 1
            if not farm.avoid() or self._full > MOST_FULL:
                raise UserError(f"{ended.text}; what has been run stays (--resume)")
            return
        self._full = 0
        judged = judge(item, ended)
        more, folder = self._consequences(item, judged), ""
        if judged.problems and (item.again_of or self._sights(judged) < KEPT):
            folder = str(keep(self.store.folder, self.run.run, item, ended, judged))
        finds = self.store.done(self.run.run, item, ended, judged, folder, more, self.spent)
        self._again.extend(more)
        if not item.again_of:
            self._shares.ended(item.suite, self._expected(item)[1], ended.cpu, finds)
        for problem in judged.problems:
            what = "fails again" if item.again_of else "FAILED"
            self.say(f"{what}: {item.id}: {problem.stage}: {problem.text}")
        self.ended(item, judged)

    def _sights(self, judged: Judgement) -> int:
        return min(self.store.sights(self.run.run, signature(problem)) for problem in judged.problems)

    def _consequences(self, item: Item, judged: Judgement) -> list[Item]:
        """Items that run again what has failed in a way that this run has not seen."""
        if item.again_of:
            return []
        more: dict[tuple[str, ...], Item] = {}
        for number, problem in enumerate(judged.problems):
            known = signature(problem)
            if not self.store.sights(self.run.run, known):
                again = Item(
                    f"{item.id}/again{number}", item.suite, item.kind, problem.cell, problem.seed, item.round,
                    item.timeout * 2, item.space, item.id,
                )  # fmt: skip
                more.setdefault(known, again)
        return list(more.values())
