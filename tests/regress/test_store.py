"""Results outlive everything: nothing is lost, nothing counts twice; what they come to."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cocodla.errors import UserError
from cocodla.regress.judge import judge
from cocodla.regress.store import FILE, Run, Store, locked
from cocodla.regress.summary import summarize
from cocodla.report.regress.junit import junit
from cocodla.report.regress.page import page

from .conftest import bench_result, ended, item

GOOD, BAD, OTHER = bench_result(), bench_result("got 3, expected 4"), bench_result("got 5, expected 6")


def fill(store: Store, run: Run) -> None:
    """Two items that fail alike, one of which is run again and passes; one that passes, one that has not run."""
    store.add(run.run, [item("glb", 1), item("glb", 2), item("sdp", 1), item("cdp", 1)])
    again = item("glb", 1, again_of=item("glb", 1).id)
    assert store.done(run.run, item("glb", 1), ended(BAD, 1), judge(item("glb"), ended(BAD, 1)), "/f", [again], 1) == 1
    assert store.done(run.run, item("glb", 2), ended(OTHER, 1), judge(item("glb"), ended(OTHER, 1)), "", [], 2) == 0
    assert store.done(run.run, item("sdp", 1), ended(GOOD), judge(item("sdp"), ended(GOOD)), "", [], 3) == 0
    store.done(run.run, again, ended(GOOD), judge(again, ended(GOOD)), "", [], 4)


def test_an_item_counts_once(store: Store, run: Run) -> None:
    fill(store, run)
    store.add(run.run, [item("glb", 1)])
    good = judge(item("glb"), ended(GOOD))
    assert store.done(run.run, item("glb", 1), ended(GOOD), good, "", [], 9) == 0
    assert [waiting.id for waiting in store.waiting(run.run)] == [item("cdp").id]
    result = summarize(store, store.run(run.run))
    assert result["items"] == {"passed": 1, "failed": 2, "skipped": 0, "not_run": 1}
    assert result["totals"] == {"seeds": 3, "block_runs": 3, "tests": 9} and not result["passed"]


def test_items_come_back_as_they_were(store: Store, run: Run) -> None:
    store.add(run.run, [item("glb", 2**62)])
    assert store.waiting(run.run) == [item("glb", 2**62)]


@pytest.mark.parametrize(("chosen", "passed"), [("", False), ("HEAD", True)])
def test_nothing_to_run_is_good_where_nothing_has_changed(store: Store, chosen: str, passed: bool) -> None:
    run = store.begin("p", "", 1, {}, chosen, None)
    assert summarize(store, run)["passed"] == passed
    store.add(run.run, [item("glb", 1)])
    assert not summarize(store, run)["passed"], "one was to be run, and was not"


def test_failures_in_groups(store: Store, run: Run) -> None:
    fill(store, run)
    (group,) = summarize(store, run)["groups"]
    assert group["count"] == group["items"] == 2 and group["again"] == "flaky" and group["first_run"] == run.run
    assert group["folder"] == "/f" and "--test" in group["command"] and group["command"].endswith("--seed 1")
    later = store.begin("p", "", 2, {}, "", None)
    store.add(later.run, [item("glb", 5)])
    bad = judge(item("glb"), ended(BAD, 1))
    assert store.done(later.run, item("glb", 5), ended(BAD, 1), bad, "", [], 1) == 0, "no new signature"
    (group,) = summarize(store, later)["groups"]
    assert group["first_run"] == run.run and group["again"] == "not run again"
    assert store.finds_before(later.run) == [{"s": (1, 3.0)}]


def test_networks_are_held_against_the_last_run(store: Store) -> None:
    for number, cycles in enumerate((1000.0, 1100.0)):
        run = store.begin("p", "", number, {}, "", None)
        case = item("lenet5", number, "nets")
        values = [{"name": "lenet5", "skipped": "", "failures": [], "cycles": cycles, "tensors": 2, "recorded": ""}]
        store.add(run.run, [case])
        store.done(run.run, case, ended(values), judge(case, ended(values)), "", [], 1)
    (row,) = summarize(store, run)["networks"]
    assert (row["cycles"], row["before"]) == (1100, 1000)
    assert "+10.00 %" in page({**summarize(store, run), "page": ""}, "")


def test_junit(store: Store, run: Run) -> None:
    fill(store, run)
    root = ElementTree.fromstring(junit(store, run))
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("s", "4", "2", "1")
    messages = [case.find("failure").get("message") for case in suite if case.find("failure") is not None]  # type: ignore[union-attr]
    assert messages == ["t0: got 3, expected 4", "t0: got 5, expected 6"]


def test_text_of_others_breaks_neither_xml_nor_page(store: Store, run: Run) -> None:
    text = "\x00\x1b[31m</failure><script>alert(1)</script>\ud800 ]]> & \uffff"
    bad = bench_result(text)
    store.add(run.run, [item("glb")])
    store.done(run.run, item("glb"), ended(bad, 1), judge(item("glb"), ended(bad, 1)), "", [], 1)
    ElementTree.fromstring(junit(store, run))
    assert "<script>" not in page({**summarize(store, run), "page": ""}, "<b>")


def test_the_page_tells_all_and_needs_nothing(store: Store, run: Run) -> None:
    fill(store, run)
    text = page({**summarize(store, store.run(run.run)), "page": ""}, "about it")
    for part in ("about it", "flaky", "got 3, expected 4", "2 of 2 failed", "not run", "<svg", "--seed 1"):
        assert part in text, part
    assert not re.search(r'(?:src|href)="(?!data:,)', text)


def test_the_page_tells_of_coverage_where_it_was_counted(store: Store, run: Run) -> None:
    fill(store, run)
    result = {**summarize(store, store.run(run.run)), "page": ""}
    assert "Coverage of the block benches" not in page(result, "")
    measure = {"reached": 97, "points": 100, "percent": 97.0}
    measures = dict.fromkeys(("line", "expression", "toggle", "functional"), measure)
    benches = {"tests": 5, "blocks": ["glb"], "waived": 3, "expired": ["one"], **measures}
    text = page({**result, "benches": benches}, "")
    for part in ("Coverage of the block benches", "5 tests of 1 blocks", "97.00 %", "3 points waived, 1 waivers"):
        assert part in text, part


def test_one_regression_in_a_folder(tmp_path: Path) -> None:
    told = pytest.raises(UserError, match="another regression runs in this folder")
    with locked(tmp_path / "r"), told, locked(tmp_path / "r"):
        pass
    with locked(tmp_path / "r"):
        pass


def damaged(folder: Path, *changes: str) -> None:
    """What opening and reading a store that was changed complains of, as UserError."""
    first = Store(folder)
    run = first.begin("p", '[suites.s]\nkind = "blocks"', 1, {"cocodla": "1"}, "", None)
    fill(first, run)
    for change in changes:
        first._db.execute(change)
    first.close()
    again = Store(folder)
    found = again.last()
    assert found is not None
    again.waiting(found.run)
    summarize(again, found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("pragma user_version = 99", "results of layout 99, this version takes 1"),
        ("alter table runs add column more text", "the columns of its table runs are others"),
        ("alter table items drop column facts", "the columns of its table items are others"),
        ("drop table problems", "the columns of its table problems are others"),
        ("update runs set seed = 'many'", "runs.seed is no integer in 1 rows"),
        ("update runs set plan_text = x'ff'", "runs.plan_text is no text"),
        ("update runs set budget = 'long'", "runs.budget is no real"),
        ("update runs set spent = -1", "runs of run 1: .*spent"),
        ("update runs set spent = 9e999", "runs of run 1: .*spent"),
        ("update runs set state = 'asleep'", "'asleep'"),
        ("update runs set version = 'x'", "runs.version of run 1"),
        ("update runs set version = '[1]'", "runs.version of run 1: Expected 'object'"),
        ("update items set seconds = 'zz'", "items.seconds is no real in 5 rows"),
        ("update items set facts = '{'", "items.facts of run 1"),
        ("update items set facts = '[]'", "items.facts of run 1: Expected 'object'"),
        ("""update items set facts = '{"tests": "x"}'""", "items.facts of run 1: Expected 'int"),
        ("update items set item = '{}' where verdict is null", "items.item of run 1: .*'id'"),
        ("""update problems set again = '{"words": 3}'""", "problems.again of run 1"),
    ],
)
def test_a_store_that_is_damaged(tmp_path: Path, change: str, told: str) -> None:
    with pytest.raises(UserError, match=f"{FILE}: .*{told}"):
        damaged(tmp_path, change)


def test_a_store_that_is_not_damaged(tmp_path: Path) -> None:
    damaged(tmp_path, "update items set cpu = null", "update runs set begun = '2999-01-01T00:00:00+00:00'")


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"garbage" * 1000)
    with pytest.raises(UserError, match=r"damaged \(file is not a database"):
        Store(tmp_path)
