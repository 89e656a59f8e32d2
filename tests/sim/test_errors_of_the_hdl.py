"""A `$error` fails the test that runs, with its text, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.sim import bench
from cocodla.sim.run import read_results

MODULE = """
module watched (input wire clk, input wire bad);
always @(posedge clk) if (bad) $error("watched: bad is 1");
endmodule
"""
TESTS = """
import cocotb
from cocotb.triggers import Timer

async def tick(dut, bad):
    dut.clk.value = 0
    dut.bad.value = bad
    await Timer(1, unit="ns")
    dut.clk.value = 1
    await Timer(1, unit="ns")

@cocotb.test()
async def before(dut):
    await tick(dut, 0)

@cocotb.test()
async def wrong(dut):
    for _ in range(3):
        await tick(dut, 1)

@cocotb.test()
async def behind(dut):
    await tick(dut, 0)

@cocotb.test()
async def both(dut):
    await tick(dut, 1)
    assert False, "its own"
"""


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_an_error_fails_its_test_alone(sim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tb" / "blocks" / "watched"
    folder.mkdir(parents=True)
    (folder / "watched.v").write_text(MODULE)
    (folder / "test_watched.py").write_text(TESTS)
    (folder / "bench.toml").write_text('about = "a"\ntop = "watched"\nsources = ["tb/blocks/watched/watched.v"]\n')
    real = bench.project.root()
    (tmp_path / "tb" / "cocotbext").symlink_to(real / "tb" / "cocotbext")
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    run = bench.run_bench("watched", sim, seed=1).runs["default"]
    told = {result.name: (result.status, result.message) for result in run.results}
    assert told["before"] == told["behind"] == ("passed", "")
    assert told["wrong"][0] == "failed" and "watched: bad is 1" in told["wrong"][1]
    assert told["both"][0] == "failed"
    own, _, hdl = told["both"][1].partition("; before that the HDL said ")
    assert "its own" in own and "watched: bad is 1" in hdl
    assert not run.error and not run.passed
    kept = {result.name: result.status for result in read_results(run.folder / "results.xml")}
    assert kept == {"before": "passed", "wrong": "failed", "behind": "passed", "both": "failed"}
