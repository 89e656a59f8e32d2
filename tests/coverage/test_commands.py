"""The commands: how they end, what they write, and a bench run with coverage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import complaint, invoke

from cocodla.coverage import bins, session, store
from cocodla.coverage.data import Kind
from cocodla.errors import UserError
from cocodla.plan.testplan import read_testplans
from cocodla.report.coverage.page import page
from cocodla.sim import bench, project

OPEN = [1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1]
ALL = [1] * len(OPEN)


def test_check_ends_with_1_below_the_goals(keep: Callable[..., Path]) -> None:
    keep(1, one=OPEN)
    assert invoke("coverage", "merge").exit_code == 0
    result = invoke("coverage", "check", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["complaints"] == [
        "line coverage is 66.67 %, 99 % are asked", "toggle coverage is 33.33 %, 98 % are asked",
        "functional coverage is 50.00 %, 100 % are asked",
        "tb/hdl/coverage/x_cover.sv:1: functional x: wraps: never reached",
    ]  # fmt: skip
    keep(2, two=ALL)
    invoke("coverage", "merge")
    assert invoke("coverage", "check").exit_code == 0


def test_report_writes_what_is_asked_for(keep: Callable[..., Path], tree: Path) -> None:
    keep(1, one=OPEN)
    invoke("coverage", "merge")
    result = invoke("coverage", "report", "--holes", "--lcov", tree / "x.info")
    assert result.exit_code == 0
    assert "rtl/x.v:1: toggle q[1:0] 0->1" in result.stdout and "x: wraps" in result.stdout
    assert (tree / "x.info").read_text().startswith("TN:\nSF:")


def test_wrong_input_is_told_in_one_line(keep: Callable[..., Path], tree: Path, tmp_path: Path) -> None:
    assert "no such file" in complaint("coverage", "report")
    assert "no coverage data" in complaint("coverage", "merge")
    path = keep(1, one=OPEN)
    invoke("coverage", "merge")
    assert "are two files" in complaint("coverage", "report", "--html", tree / "a", "--lcov", tree / "a")
    assert "is read as well" in complaint("coverage", "report", "--data", path, "--lcov", path)
    assert "is read as well" in complaint("coverage", "merge", path, "-o", path)
    assert "no such file" in complaint("coverage", "check", "--waivers", tree / "none.toml")
    (tree / "rtl/x.v").write_text("module x; endmodule\n")
    assert "is coverage of another build" in complaint("coverage", "report")


def test_unknown_blocks_and_other_designs_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "unknown block 'glp' (is it glb?)" in complaint("coverage", "run", "glp")
    assert "under Verilator" in complaint("sim", "glb", "--coverage", "--sim", "icarus")
    assert "without waves" in complaint("sim", "glb", "--coverage", "--waves")
    monkeypatch.setenv("DUT_FILELIST", str(tmp_path / "other.f"))
    assert "(DUT_FILELIST)" in complaint("coverage", "run", "glb")


def test_every_unit_with_bins_exists_and_has_some() -> None:
    modules = {path.stem for path in (project.root() / "rtl").rglob("*.v")}
    assert set(bins.units()) <= modules
    assert all(bins.labels(unit) for unit in bins.units())


def test_a_plan_that_names_an_unknown_bin_is_refused() -> None:
    assert bins.is_bin("glb: all pending") and not bins.is_bin("out: valid waits for ready")
    assert bins.complaint("glb: all pending") == "" and bins.complaint("mcif_ack: *") == ""
    assert bins.complaint("glb: all pendin") == "glb has no bin 'all pendin' (is it 'all pending'?)"
    assert any(bins.is_bin(item) for plan in read_testplans() for point in plan.points for item in point.coverage)


def test_a_bench_keeps_what_each_of_its_tests_reaches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of pingpong, the smallest one."""
    counting = store.Counting()
    outcome = bench.run_bench("pingpong", seed=1, counted=counting.design)
    assert outcome.passed
    monkeypatch.setattr(store, "folder", lambda: tmp_path)
    (file,) = store.collect(outcome, counting, None)
    data = session.merge_all([file])
    assert [test.test for test in data.tests] == sorted(
        f"test_pingpong.{test.name}" for test in outcome.bench.tests
    )
    by = {point.name: {test.test for test in data.reached_by(place)} for place, point in enumerate(data.points)}
    assert by["dla_pingpong: pending group waits"] >= {"test_pingpong.waits_for_its_turn"}
    assert by["dla_pingpong: start and done in one cycle"] == {"test_pingpong.random_walk"}
    assert by["dla_pingpong: ends (producer is 0, consumer is 0)"] >= {"test_pingpong.start_and_done"}
    lines = [place for place, point in enumerate(data.points) if point.kind in (Kind.LINE, Kind.BRANCH)]
    assert lines and all(data.counts[place] for place in lines)
    assert not (outcome.runs["default"].folder / "coverage").exists()
    text = page(data, session.Judged([], {}))
    assert "rtl/csb/dla_pingpong.v" in text and "a group that is not next waits for ever" in text
    with pytest.raises(UserError, match="has no coverage of block glb"):
        session.open_data(file, ["glb"])
