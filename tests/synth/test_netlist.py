"""Registers of a netlist: how wide they are, by which clock they go, where they stand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cocodla.sim import project
from cocodla.sim.filelist import FileList
from cocodla.synth.netlist import read_design

DESIGN = """
module inner (input clk, input [6:0] d, output reg [6:0] q);
    always @(posedge clk) q <= d;
endmodule
module top (input clk, input go, input [6:0] d, output [6:0] q, output reg [2:0] free);
    wire slow_clk;
    dla_clock_gate u_gate (.clk(clk), .enable(go), .ungated(1'b0), .gated(slow_clk));
    inner u_inner (.clk(slow_clk), .d(d), .q(q));
    always @(posedge clk) free <= d[2:0];
endmodule
"""


@pytest.mark.usefixtures("with_yosys")
def test_flip_flops_by_clock(tmp_path: Path) -> None:
    (tmp_path / "top.v").write_text(DESIGN)
    gate = Path(shutil.copy(project.root() / "rtl" / "lib" / "dla_clock_gate.v", tmp_path))
    found = {item.name: item for item in read_design(FileList([tmp_path / "top.v", gate]), "top").flip_flops}
    assert set(found) == {"u_inner.q", "free"}  # no latch
    assert (found["u_inner.q"].width, found["free"].width) == (7, 3)
    assert {"slow_clk", "u_inner.clk"} <= set(found["u_inner.q"].clocks) and "clk" not in found["u_inner.q"].clocks
    assert "clk" in found["free"].clocks
    assert {item.source.name for item in found.values()} == {"top.v"}
