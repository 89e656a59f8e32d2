"""How a simulation begins: assertions at time 0 are no failure, and Python starts without what it does not need."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.sim import project
from cocodla.sim.bench import start_values
from cocodla.sim.build import Design, build
from cocodla.sim.complaints import FIRST_RESET, complaints_by_test, early_complaints, first_complaint
from cocodla.sim.run import simulate

HEAD = "     0.00ns INFO     cocotb.regression                  running test_x.works (1/1)\n"
EARLY = "[0] %Error: a.v:3: Assertion failed in top.u: a: broken\n"
LATE = "[10000] %Error: a.v:4: Assertion failed in top.u: a: still broken\n"


def test_time_0_is_no_failure(tmp_path: Path) -> None:
    log = tmp_path / "sim.log"
    log.write_text(HEAD + EARLY)
    assert complaints_by_test(log) == {} and first_complaint(log) == ""
    log.write_text(HEAD + EARLY + LATE)
    assert complaints_by_test(log) == {"test_x.works": "top.u: a: still broken (a.v:4)"}
    assert "still broken" in first_complaint(log)


def test_registers_at_random_before_the_first_reset_are_no_failure(tmp_path: Path) -> None:
    log = tmp_path / "sim.log"
    log.write_text(HEAD + LATE + f"   20.00ns INFO cocotb.top {FIRST_RESET}\n")
    assert complaints_by_test(log) == {} and first_complaint(log) == "" and early_complaints(log) == 1
    log.write_text(HEAD + f"   20.00ns INFO cocotb.top {FIRST_RESET}\n" + LATE + f"   40.00ns INFO top {FIRST_RESET}\n")
    assert complaints_by_test(log) == {"test_x.works": "top.u: a: still broken (a.v:4)"}
    assert not early_complaints(log)
    second = HEAD.replace("works (1/1)", "resets (2/2)")
    log.write_text(HEAD + LATE + second + f"   20.00ns INFO cocotb.top {FIRST_RESET}\n")
    assert complaints_by_test(log) == {"test_x.works": "top.u: a: still broken (a.v:4)"}  # the first one had a reset


PLUGINS = """
import gc
import os
import sys
import cocotb

@cocotb.test()
async def starts_without_plugins(dut):
    assert not {"xdist", "execnet", "_hypothesis_pytestplugin"} & set(sys.modules)

@cocotb.test()
async def collects_what_tests_leave(dut):
    assert gc.isenabled() and gc.get_freeze_count() > 10_000

@cocotb.test()
async def tells_values(dut):
    seven, told = 7, ""
    try:
        assert seven == 8
    except AssertionError as error:
        told = str(error)
    assert "7 == 8" in told

@cocotb.test()
async def sees_what_this_run_was_given(dut):
    assert os.environ["GIVEN"] == "for this run"

@cocotb.test()
async def keeps_bytecode_in_the_build_folder(dut):
    assert not sys.dont_write_bytecode and sys.pycache_prefix.endswith("bytecode")
"""


def test_simulations_start_without_plugins_of_pytest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And still rewrite assertions: a failure tells the values. What the caller exports replaces nothing given."""
    monkeypatch.setenv("GIVEN", "by the caller")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    (tmp_path / "test_begins.py").write_text(PLUGINS)
    fifo = project.root() / "rtl" / "lib" / "dla_fifo.v"
    model = build(Design("begin", "dla_fifo", (fifo,)), "verilator")
    run = simulate(model, ["test_begins"], tmp_path / "run", path=[tmp_path], env={"GIVEN": "for this run"})
    assert [(result.name, result.status) for result in run.results] == [
        ("starts_without_plugins", "passed"),
        ("collects_what_tests_leave", "passed"),
        ("tells_values", "passed"),
        ("sees_what_this_run_was_given", "passed"),
        ("keeps_bytecode_in_the_build_folder", "passed"),
    ]


ASLEEP = """
module asleep (input clk, input rst_n, output reg [31:0] state);
    wire stopped = clk && state[0] && !state[0];
    always @(posedge stopped or negedge rst_n) if (!rst_n) state <= 32'd0;
endmodule
"""
RESET = """
import cocotb
from cocotbext.dla.bench import reset, start_clock

@cocotb.test()
async def is_reset(dut):
    start_clock(dut.clk)
    await reset(dut.clk, dut.rst_n)
    assert dut.state.value == 0
"""


def test_a_register_whose_clock_stands_still_is_reset(tmp_path: Path) -> None:
    """Whatever the pin of the reset begins with."""
    (tmp_path / "asleep.v").write_text(ASLEEP)
    (tmp_path / "test_asleep.py").write_text(RESET)
    model = build(Design("asleep", "asleep", (tmp_path / "asleep.v",)), "verilator")
    for seed in range(6):
        random = start_values("verilator", seed)
        run = simulate(model, ["test_asleep"], tmp_path / str(seed), path=[tmp_path], seed=seed, plusargs=random)
        assert [result.status for result in run.results] == ["passed"], (seed, run.results)
