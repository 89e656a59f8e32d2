"""A campaign finds a fault, shrinks the program that shows it, and keeps what is needed to run it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.program import Execution, Program
from cocodla.program.commands import WriteRegister
from cocodla.program.execution import Observation
from cocodla.registers import MAP
from cocodla.runtime import campaign, rtl
from cocodla.runtime.kept import load_kept

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
        load_kept(fault)
    Program().save(fault / "program.zip")
    with pytest.raises(UserError, match="not a folder of a failed program"):
        load_kept(fault)
