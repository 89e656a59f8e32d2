"""A simulator that dies or does not end names the test that ran; waves and results have names of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.sim import bench
from cocodla.sim.waves import Waves

SOURCE = """
import os, signal
import cocotb
from cocotb.triggers import Timer

@cocotb.test()
async def quiet(dut):
    await Timer(10, "ns")

@cocotb.test()
async def killed(dut):
    await Timer(10, "ns")
    os.kill(os.getpid(), getattr(signal, os.environ["ENDING"]))

@cocotb.test()
async def fatal(dut):
    dut.die.value = 1
    await Timer(10, "ns")

@cocotb.test()
async def stuck(dut):
    while True:
        pass

@cocotb.test()
async def wrong(dut):
    await Timer(35, "ns")
    assert int(dut.die.value) == 1, "line 3"
"""


@pytest.fixture
def block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A block with tests that end in all ways."""
    folder = tmp_path / "tb" / "blocks" / "endings"
    folder.mkdir(parents=True)
    (folder / "test_endings.py").write_text(SOURCE)
    (folder / "endings.v").write_text(
        "module endings (input wire die);\n  always @(posedge die) $fatal(1, \"dead\");\nendmodule\n"
    )
    (folder / "bench.toml").write_text(
        'about = "a"\ntop = "endings"\nsources = ["tb/blocks/endings/endings.v"]\ntimeout = 5\n'
    )
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    return "endings"


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_a_dead_simulator_names_its_test(block: str, sim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def error(test: str) -> str:
        outcome = bench.run_bench(block, sim, test, seed=5)
        assert not outcome.passed
        run = outcome.runs["default"]
        return run.error or next(r.message for r in run.results if r.status == "failed")

    for ending in ("SIGSEGV", "SIGKILL"):
        monkeypatch.setenv("ENDING", ending)
        text = error("quiet|killed")
        assert text.startswith(f"simulator was killed by {ending} in test_endings.killed (log: "), text
    assert "in test_endings.stuck" in error("stuck")
    assert "in test_endings.fatal: " in error("quiet|fatal")


def test_waves_and_results_stay(block: str) -> None:
    """Two runs of one seed: two waveforms, named like their runs, and two JUnit files."""
    runs = [bench.run_bench(block, "icarus", "quiet", seed=5, waves=Waves()).runs["default"] for _ in range(2)]
    names = [f"endings-icarus-000{number}-seed5" for number in (1, 2)]
    assert [run.waves and run.waves.name for run in runs] == [f"{name}.fst" for name in names]
    assert all(run.waves and run.waves.is_file() for run in runs)
    junit = runs[0].folder.parents[1] / "junit"
    assert sorted(path.name for path in junit.iterdir()) == [f"{name}.xml" for name in names]


def test_a_failure_tells_its_time(block: str) -> None:
    (result,) = bench.run_bench(block, "icarus", "wrong", seed=5).runs["default"].results
    assert (result.module, result.status, result.nanoseconds) == ("test_endings", "failed", 35.0)
