"""A campaign on a bench, its verdicts, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cocodla.cli import app
from cocodla.mutate.mutant import Mutant
from cocodla.mutate.verdict import Campaign, Judged, Verdict, of_run
from cocodla.report import mutants as report
from cocodla.sim.run import Run
from cocodla.sim.run import TestResult as Result

MUTANT = Mutant("constant", "rtl/x.v", 0, 1, 3, "assign a = 1;", "1", "0", 0)


def run_of(folder: Path, log: str = "", error: str = "", *results: Result) -> Run:
    (folder / "sim.log").write_text(log)
    return Run(folder, 1, list(results), error)


def test_a_run_that_breaks_is_no_kill(tmp_path: Path) -> None:
    """A crash proves nothing; an assertion, a limit of time and a failed test do."""
    failed = Result("t", "failed", 1.0, "a: got 1, expected 2")
    cut_off = Result("t", "failed", 1.0, "the simulation ended by itself")
    cases = {
        "failed": run_of(tmp_path, "", "", failed),
        "hang": run_of(tmp_path, "", "simulator was killed by SIGXCPU (log: x)"),
        "died": run_of(tmp_path, "", "simulator was killed by SIGSEGV (log: x)"),
    }
    for what, run in cases.items():
        found = of_run(run, "block")
        assert found is not None and found.what == what
    stopped = of_run(run_of(tmp_path, "%Error: a.v:3: broken", "simulator ended with status 1", cut_off), "block")
    assert stopped is not None and stopped.what == "stopped"
    died = of_run(run_of(tmp_path, "", "simulator ended with status 1", cut_off), "block")
    assert died is not None and died.what == "died"
    assert of_run(run_of(tmp_path, "", "", Result("t", "passed", 1.0)), "block") is None


def test_rates_leave_out_what_is_equivalent_and_count_crashes_as_not_found() -> None:
    verdicts = [
        Verdict("failed", "block", "t"), Verdict("hang", "random", "program 1"), Verdict("died", "block"),
        Verdict("survived"), Verdict("equivalent", "proof"), Verdict("accepted", "list"),
    ]  # fmt: skip
    judged = [Judged(number, MUTANT, verdict) for number, verdict in enumerate(verdicts, 1)]
    campaign = Campaign("x", "source", 1, 100, judged, ("block", "random"))
    assert campaign.rate("block") == 0.25 and campaign.rate("block", "random") == 0.5
    assert not campaign.passed
    values = report.as_json(campaign)
    assert (values["killed"], values["died"], values["survived"]) == (2, 1, 1)
    assert report.nearest(campaign, judged[3]) in ("t", "program 1")
    page = report.as_html(campaign, lambda test: f"cocodla sim x --test {test}")
    assert "assign a = 1;" in page and "1 -&gt; 0" in page
    console = Console(record=True, width=200)
    report.show(campaign, console)
    assert "survived: rtl/x.v:3 constant: 1 -> 0" in console.export_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nope"], "unknown block"),
        (["glb", "--count", "0"], "whole number"),
        (["glb", "--engine", "magic"], "source, yosys"),
        (["glb", "--then", "luck"], "random, traces"),
        (["golden", "--engine", "yosys"], "neither"),
    ],
)
def test_wrong_input_ends_in_one_line(words: list[str], told: str, capfd: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(app, ["mutate", *words])
    text = capfd.readouterr().err + result.output
    assert result.exit_code == 2 and told in text


def test_missing_yosys_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    from cocodla.errors import UserError
    from cocodla.mutate import yosys

    def missing() -> str:
        raise UserError("no Yosys: install yosys on the system")

    monkeypatch.setattr(yosys, "find_yosys", missing)
    result = CliRunner().invoke(app, ["mutate", "glb", "--engine", "yosys"])
    assert result.exit_code == 2 and "no Yosys" in capfd.readouterr().err + result.output


def test_a_campaign_on_the_smallest_block(capfd: pytest.CaptureFixture[str]) -> None:
    """Five faults of the interrupt unit: one build, all found or proven, the same ones again for the same seed."""
    result = CliRunner().invoke(app, ["mutate", "glb", "--count", "5", "--seed", "3", "--json", "--quiet"])
    values = json.loads(capfd.readouterr().out or result.stdout)
    assert result.exit_code == 0, values
    assert values["mutants"] == 5 and values["died"] == 0
    assert values["killed"] + values["equivalent"] + values["accepted"] == 5
