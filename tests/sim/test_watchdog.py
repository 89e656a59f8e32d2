"""A bench in which nothing moves ends after cycles, not minutes, and says who waits for whom; the next test runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.sim import bench

MODULE = """
module stuck (
    input wire clk, input wire in_valid, output wire in_ready, input wire [7:0] in_data,
    output wire out_valid, input wire out_ready, output wire [7:0] out_data, input wire open
);
assign in_ready = out_ready && open, out_valid = in_valid && open, out_data = in_data;
endmodule
"""
TESTS = """
import cocotb
from cocotb.triggers import ClockCycles
from cocotbext.dla import StreamSink, StreamSource, every, start_clock

async def send(dut, open):
    dut.open.value = open
    start_clock(dut.clk)
    source = StreamSource(dut, "in", dut.clk)
    sink = StreamSink(dut, "out", dut.clk, backpressure=every(3))
    await source.send_all([1, 2, 3])
    await sink.wait_items(3)

@cocotb.test()
async def hangs(dut):
    await send(dut, 0)

@cocotb.test()
async def goes(dut):
    await send(dut, 1)
"""


@pytest.mark.parametrize("sim", ["verilator"])
def test_a_hang_is_told(sim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tb" / "blocks" / "stuck"
    folder.mkdir(parents=True)
    (folder / "stuck.v").write_text(MODULE)
    (folder / "test_stuck.py").write_text(TESTS)
    (folder / "bench.toml").write_text('about = "a"\ntop = "stuck"\nsources = ["tb/blocks/stuck/stuck.v"]\n')
    (tmp_path / "tb" / "cocotbext").symlink_to(bench.project.root() / "tb" / "cocotbext")
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    run = bench.run_bench("stuck", sim, seed=1).runs["default"]
    told = {result.name: (result.status, result.message) for result in run.results}
    assert told["goes"] == ("passed", "")
    assert told["hangs"][0] == "failed"
    assert "nothing has moved for 100000 cycles: in: valid waits for ready for 100000 cycles" in told["hangs"][1]
