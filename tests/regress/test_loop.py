"""What is run next, and what follows from an outcome: with workers that only pretend, in no time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from cocodla.errors import UserError
from cocodla.regress import run as module
from cocodla.regress.items import Ended, Item
from cocodla.regress.plan import parse_plan
from cocodla.regress.run import Regression, first_items, matrix_of
from cocodla.regress.store import Store
from cocodla.regress.summary import summarize

from .conftest import bench_result, ended

PLAN = """
[suites.a]\nkind = "blocks"\nblocks = ["glb", "pingpong"]\nseeds = 2\nendless = true
[suites.b]\nkind = "blocks"\nblocks = ["sdp"]\nendless = true
[suites.c]\nkind = "blocks"\nblocks = ["cdp"]
"""
GOOD = ended(bench_result(), seconds=10)


class Farm:
    """Workers that answer as `answer` says; each item takes the seconds it says on a clock of their own."""

    def __init__(self, answer: Callable[[Item], Ended], hosts: int = 1) -> None:
        self.answer, self.hosts, self.ran, self.clock = answer, hosts, list[Item](), 0.0
        self._waiting: list[Item] = []

    @property
    def busy(self) -> int:
        return len(self._waiting)

    def has_room(self) -> bool:
        return len(self._waiting) < 2

    def submit(self, item: Item) -> None:
        self._waiting.append(item)

    def next(self, timeout: float) -> tuple[Item, Ended]:
        item = self._waiting.pop(0)
        self.ran.append(item)
        outcome = self.answer(item)
        self.clock += outcome.seconds
        return item, outcome

    def avoid(self) -> int:
        self.hosts -= 1
        return self.hosts


def execute(
    store: Store, farm: Farm, monkeypatch: pytest.MonkeyPatch, budget: float | None = None
) -> tuple[dict[str, Any], list[str]]:
    """A run of PLAN, and the lines it says."""
    said: list[str] = []
    plan = parse_plan(PLAN, "p", "p")
    matrix, run = matrix_of(plan), store.begin("p", PLAN, 5, {}, "", budget)
    store.add(run.run, first_items(plan, matrix, 5))
    monkeypatch.setattr(module.time, "monotonic", lambda: farm.clock)
    regression = Regression(plan, matrix, store, run, said.append, lambda item, judged: None)
    state = regression.execute(farm)  # type: ignore[arg-type]
    store.finish(run.run, state, regression.spent)
    return summarize(store, store.run(run.run)), said


def test_without_a_budget_each_item_is_run_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    farm = Farm(lambda item: GOOD)
    result, said = execute(store, farm, monkeypatch)
    assert result["items"]["passed"] == len(farm.ran) == 6 and result["passed"] and not said
    assert result["spent"] == 60


def test_a_budget_that_is_too_small_cuts_all_suites_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    farm = Farm(lambda item: GOOD)
    result, _ = execute(store, farm, monkeypatch, 25)
    assert {item.suite for item in farm.ran} == {"a", "b", "c"} and result["items"]["not_run"] == 2


def test_a_budget_is_filled_with_new_seeds_and_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = itertools.count(0, 10_000)
    monkeypatch.setattr("time.time", lambda: next(jumps))  # somebody sets the clock all the time
    execute(store, Farm(lambda item: GOOD), monkeypatch)  # so that it is known how long they take
    farm = Farm(lambda item: GOOD)
    result, _ = execute(store, farm, monkeypatch, 1000)
    assert 980 <= result["spent"] <= 1020
    suites = Counter(item.suite for item in farm.ran)
    assert suites["c"] == 1 and suites["a"] > 30 and suites["b"] > 30
    assert len({item.id for item in farm.ran}) == len(farm.ran)


def test_what_fails_is_run_again_once_for_each_kind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """glb fails always, sdp once; the seeds of both differ, the signatures do not."""

    def answer(item: Item) -> Ended:
        bad = item.cell.unit == "glb" or (item.cell.unit == "sdp" and not item.again_of)
        return ended(bench_result(f"got {item.seed}, expected 4"), 1) if bad else GOOD

    farm = Farm(answer)
    result, said = execute(store, farm, monkeypatch)
    again = [item for item in farm.ran if item.again_of]
    assert sorted(item.cell.unit for item in again) == ["glb", "sdp"], [item.id for item in again]
    assert {group["unit"]: (group["count"], group["again"]) for group in result["groups"]} == {
        "glb": (2, "fails again"), "sdp": (1, "flaky"),
    }  # fmt: skip
    assert result["items"]["failed"] == 3 and not result["passed"]
    assert sum(line.startswith("FAILED") for line in said) == 3
    folder = store.folder / "failures" / "run-0001"
    assert len(list(folder.iterdir())) == 4 and all((path / "again.sh").exists() for path in folder.iterdir())
    group = next(group for group in result["groups"] if group["unit"] == "glb")
    assert "again0" in group["folder"], "that of the run with waves"


def test_an_item_of_a_full_host_goes_to_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([Ended("full", "h", text="h: no space"), *[GOOD] * 6])
    result, _ = execute(store, Farm(lambda item: next(answers), hosts=2), monkeypatch)
    assert result["items"]["passed"] == 6
    with pytest.raises(UserError, match=r"no space; what has been run stays \(--resume\)"):
        execute(store, Farm(lambda item: Ended("full", "h", text="h: no space")), monkeypatch)
    with pytest.raises(UserError, match="sources differ: all workers need the same"):
        execute(store, Farm(lambda item: Ended("differs", "h", text="sources differ")), monkeypatch)
