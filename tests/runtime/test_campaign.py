"""A campaign finds a fault, shrinks the program that shows it, and keeps what is needed to run it again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.golden.bins import POINTS, Coverage
from cocodla.golden.choices import Choices
from cocodla.golden.random_program import PIECES, build_program, random_plan, random_program
from cocodla.golden.shrink import minimise
from cocodla.program import Execution, Program
from cocodla.program.commands import WriteRegister
from cocodla.program.execution import Observation
from cocodla.registers import MAP
from cocodla.runtime import campaign, rtl

KERNEL = MAP["PDP.D_POOLING_KERNEL_CFG"]


def faulty(program: Program, *_: object) -> Execution:
    """The golden model in place of the RTL; a pooling kernel at least 5 wide spoils one byte of all memory."""
    execution = run_golden(program)
    kernels = [c.value for c in program if isinstance(c, WriteRegister) and c.address == KERNEL.address]
    if any(KERNEL.decode(value)["KERNEL_WIDTH"] >= 4 for value in kernels):
        index = next(i for i, o in enumerate(execution.observations) if o.name == "all memory")
        seen = execution.observations[index]
        execution.observations[index] = Observation(seen.index, seen.name, bytes([seen.data[0] ^ 1]) + seen.data[1:])
    return execution


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The faulty DUT, and a build folder of its own."""
    monkeypatch.setattr(rtl, "run", faulty)
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path))
    return tmp_path


def test_a_fault_is_shrunk_to_one_small_layer(fault: Path) -> None:
    case = next(c for c in map(campaign.make_case, range(20)) if campaign.run_case(c).differences)
    small = campaign.run_case(campaign.shrink_case(case, 300))
    assert small.differences
    (layer,) = small.layers
    assert layer.pdp and layer.pdp.kernel_width in (5, 6, 7, 8)
    assert layer.pdp.kernel_height == 1
    assert (layer.pdp.height, layer.pdp.channels) == (1, 1)
    assert small.case.simulation.memory == rtl.MemoryModel()


def test_the_command_keeps_a_failure_and_runs_it_again(fault: Path) -> None:
    arguments = ["random", "--seed", "0", "--count", "1", "--only", "pdp", "--trials", "60"]
    outcome = CliRunner().invoke(cli.app, arguments)
    assert outcome.exit_code == 1
    assert "programs differ (seeds [0])" in outcome.output
    folder = fault / "random" / "seed-0"
    report = (folder / "report.txt").read_text()
    assert "differences of the small program:" in report and "all memory, offset 0x0" in report
    assert "--seed 0 --only pdp" in report
    assert json.loads((fault / "random" / "result.json").read_text())["failed_seeds"] == [0]
    again = CliRunner().invoke(cli.app, ["random", "--rerun", str(folder)])
    assert again.exit_code == 1 and "1 differences" in again.output


def test_wrong_use(fault: Path) -> None:
    for arguments in (["--only", "winograd"], ["--rerun", str(fault)]):
        assert CliRunner().invoke(cli.app, ["random", *arguments]).exit_code == 2
    with pytest.raises(UserError, match=r"program\.zip"):
        campaign.load_kept(fault)
    Program().save(fault / "program.zip")
    with pytest.raises(UserError, match="not a folder of a failed random case"):
        campaign.load_kept(fault)


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


def test_minimise_finds_what_is_needed() -> None:
    assert minimise(list(range(50)), lambda some: {7, 31, 32} <= set(some)) == [7, 31, 32]


def test_every_bin_can_be_reached() -> None:
    coverage = Coverage()
    for seed in range(60):
        coverage.add(random_program(seed, 40, size=10).layers)
    assert list(coverage.holes()) == []
    assert {point.name for point in POINTS} == {name for name, *_ in coverage.rows()}
    assert set(PIECES) - {"follow"} == set(POINTS[0].bins)
