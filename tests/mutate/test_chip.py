"""What the bench has not found, on the chip: limits of the runs, and what counts as found."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.mutate import chip
from cocodla.mutate.settings import Settings
from cocodla.program import Execution, Program
from cocodla.runtime import rtl

COPIES = {Path("a.v"): Path("mutants/a.v")}


def runner(stage: str, monkeypatch: pytest.MonkeyPatch, found: dict[int, str], cycles: int) -> chip.ChipRunner:
    """One whose chip takes so many cycles, and has these failures with mutants by number; `tried` are the runs."""
    tried: list[rtl.Simulation] = []

    def run(_: Program, simulation: rtl.Simulation) -> Execution:
        tried.append(simulation)
        text = found.get(int(simulation.plusargs[0].split("=")[1]))
        return Execution("rtl", failures=[text] if text else [], counters={"cycles": cycles})

    monkeypatch.setattr(chip.rtl, "run", run)
    made = chip.ChipRunner(stage, Settings(), COPIES)
    simulation = rtl.Simulation(replaced=made.replaced)
    work = [(f"program {number}", Program(), Execution("golden"), simulation) for number in (1, 2)]
    monkeypatch.setattr(made, "_programs", lambda: iter(work))
    made.tried = tried  # type: ignore[attr-defined]
    return made


def test_runs_with_a_fault_are_limited_by_that_without(monkeypatch: pytest.MonkeyPatch) -> None:
    made = runner("random", monkeypatch, {3: "differs", 5: "simulation: simulator was killed by SIGSEGV"}, 1000)
    found = {number: verdict and verdict.what for number, verdict in made.verdicts([3, 4, 5], 1)}
    assert found == {3: "failed", 4: None, 5: "died"}
    plain, tried = made.tried[:2], made.tried[2:]  # type: ignore[attr-defined]
    assert all(simulation.plusargs == ("+dla_mutant=0",) for simulation in plain)
    assert [simulation.plusargs[0][-1] for simulation in tried] == ["3", "4", "4", "5"]
    assert all(simulation.limit == chip.SLOWER * 1000 + chip.WATCHDOG for simulation in tried)
    assert all(dict(simulation.replaced) == COPIES for simulation in tried)


def test_long_traces_are_left_out_long_programs_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    long = chip.LONGEST + 1
    assert list(runner("traces", monkeypatch, {1: "differs"}, long).verdicts([1], 1)) == [(1, None)]
    made = runner("random", monkeypatch, {1: "differs"}, long)
    assert [verdict and verdict.by for _, verdict in made.verdicts([1], 1)] == ["program 1"]


def test_a_chip_that_fails_without_a_fault_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="program 1 fails without a fault: differs"):
        list(runner("random", monkeypatch, {0: "differs"}, 10).verdicts([1], 1))
