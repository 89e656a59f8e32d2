"""How a simulation begins: assertions at time 0 are no failure, and Python starts without what it does not need."""

from __future__ import annotations

from pathlib import Path

from cocodla.sim import project
from cocodla.sim.build import Design, build
from cocodla.sim.run import _complaint, _complaints, simulate

HEAD = "     0.00ns INFO     cocotb.regression                  running test_x.works (1/1)\n"
EARLY = "[0] %Error: a.v:3: Assertion failed in top.u: a: broken\n"
LATE = "[10000] %Error: a.v:4: Assertion failed in top.u: a: still broken\n"


def test_time_0_is_no_failure(tmp_path: Path) -> None:
    log = tmp_path / "sim.log"
    log.write_text(HEAD + EARLY)
    assert _complaints(log) == {} and _complaint(log) == ""
    log.write_text(HEAD + EARLY + LATE)
    assert _complaints(log) == {"test_x.works": "top.u: a: still broken (a.v:4)"}
    assert "still broken" in _complaint(log)


PLUGINS = """
import sys
import cocotb

@cocotb.test()
async def starts_without_plugins(dut):
    assert not {"xdist", "execnet", "_hypothesis_pytestplugin"} & set(sys.modules)

@cocotb.test()
async def tells_values(dut):
    seven, told = 7, ""
    try:
        assert seven == 8
    except AssertionError as error:
        told = str(error)
    assert "7 == 8" in told
"""


def test_simulations_start_without_plugins_of_pytest(tmp_path: Path) -> None:
    """And still rewrite assertions: a failure tells the values."""
    (tmp_path / "test_begins.py").write_text(PLUGINS)
    fifo = project.root() / "rtl" / "lib" / "dla_fifo.v"
    model = build(Design("begin", "dla_fifo", (fifo,)), "verilator")
    run = simulate(model, ["test_begins"], tmp_path / "run", path=[tmp_path])
    assert [(result.name, result.status) for result in run.results] == [
        ("starts_without_plugins", "passed"),
        ("tells_values", "passed"),
    ]
