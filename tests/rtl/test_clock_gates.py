"""The clock gate alone, and the chip with and without gates: the same cycles and the same bytes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cocodla.program import Program
from cocodla.program.execution import Event, Observation
from cocodla.runtime import rtl
from cocodla.sim import project
from cocodla.stimulus.program import random_program

BENCH = """
module bench;
reg clk, enable, ungated;
wire gated;
integer edges, wanted, n, seed;
dla_clock_gate #(.PRESENT(`PRESENT)) dut (.clk(clk), .enable(enable), .ungated(ungated), .gated(gated));
always @(gated) if (gated) begin
    edges = edges + 1;
    if (!clk) $display("edge without clk");
end
initial begin
    {clk, enable, ungated, edges, wanted, seed} = 0;
    for (n = 0; n < 2000; n = n + 1) begin
        #4 clk = 0;
        #1 enable = $random(seed);          // may change late in the low phase
        if (`OPEN) ungated = (n >= 1000);
        #4 wanted = wanted + (enable || ungated || !`PRESENT);
        #1 clk = 1;
        #1 enable = $random(seed);          // and in the high phase, where it must not matter
        #1 enable = !enable;
    end
    $display("%0d %0d", edges, wanted);
end
endmodule
"""


@pytest.mark.parametrize(("present", "opened"), [(1, 0), (1, 1), (0, 0)])
def test_gate_passes_the_edges_it_is_asked_for(tmp_path: Path, present: int, opened: int) -> None:
    if not shutil.which("iverilog"):
        pytest.skip("no iverilog")
    bench = tmp_path / "bench.v"
    bench.write_text(BENCH)
    gate = project.root() / "rtl" / "lib" / "dla_clock_gate.v"
    macros = [f"-DPRESENT={present}", f"-DOPEN={opened}"]
    subprocess.run(["iverilog", *macros, "-s", "bench", "-o", tmp_path / "bench.vvp", gate, bench], check=True)
    done = subprocess.run(["vvp", tmp_path / "bench.vvp"], capture_output=True, text=True, check=True)
    edges, wanted = map(int, done.stdout.splitlines()[-1].split())
    assert done.stdout.count("without clk") == 0
    assert edges == wanted
    assert present == 0 or 500 < edges < 2000


def test_gates_change_no_cycle_and_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random programs of all units: with gates, with gates held open by the pin, and without any."""
    monkeypatch.delenv("DUT_PARAMETERS", raising=False)
    monkeypatch.delenv("DUT_FILELIST", raising=False)
    for seed in (11, 12, 13):
        program = random_program(seed, 6).program
        gated = _run(program, rtl.Simulation(seed=seed))
        assert _run(program, rtl.Simulation(seed=seed, ungated=True)) == gated
        with monkeypatch.context() as changed:
            changed.setenv("DUT_PARAMETERS", "CLOCK_GATES=0")
            assert _run(program, rtl.Simulation(seed=seed)) == gated


def _run(program: Program, simulation: rtl.Simulation) -> tuple[float, list[Observation], list[Event]]:
    done = rtl.run(program, simulation)
    assert not done.failures
    return done.counters["cycles"], done.observations, done.events
