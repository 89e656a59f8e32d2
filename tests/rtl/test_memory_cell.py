"""A cell in place of the array of dla_ram_1r1w: its pins, and what a read gives that collides with a write."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cocodla.sim import project

WRAPPER = project.root() / "rtl" / "lib" / "dla_ram_1r1w.v"
CELL = project.root() / "tb" / "hdl" / "cells" / "sim_ram_cell.v"
BENCH = """
module bench;
reg clk = 0, wr_en = 1, rd_en = 0;
reg [1:0] wr_addr = 2, rd_addr = 2;
reg [3:0] wr_data = 4'h6;
wire [3:0] rd_data;
dla_ram_1r1w #(.WIDTH(4), .DEPTH(3)) u_ram (.clk(clk), .ram_pd(32'd1), .wr_en(wr_en), .wr_addr(wr_addr),
    .wr_data(wr_data), .rd_en(rd_en), .rd_addr(rd_addr), .rd_data(rd_data));
task tick; begin #1 clk = 1; #1 clk = 0; end endtask
initial begin
    tick;
    wr_en = 0; rd_en = 1; tick; $display("read %h", rd_data);
    wr_en = 1; wr_data = 4'h8; tick; $display("collided %h", rd_data);
    wr_en = 0; rd_en = 0; tick; $display("kept %h", rd_data);
    rd_en = 1; tick; $display("read %h", rd_data);
    wr_en = 1; wr_addr = 1; tick; $display("apart %h", rd_data);
end
endmodule
"""


def run_bench(folder: Path, *options: str) -> list[str]:
    if not shutil.which("iverilog"):
        pytest.skip("no iverilog")
    (folder / "bench.v").write_text(BENCH)
    defines = [word for word in options if word.startswith("-D")]
    model = folder / "bench.vvp"
    sources = [folder / "bench.v", WRAPPER, CELL]
    subprocess.run(["iverilog", "-g2012", *defines, "-o", model, *sources], check=True, capture_output=True)
    plusargs = [word for word in options if word.startswith("+")]
    return subprocess.run(["vvp", model, *plusargs], check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.parametrize("cell", [(), ("-DDLA_RAM_CELL=sim_ram_cell",)])
def test_a_collision_gives_wrong_data_until_the_next_read(cell: tuple[str, ...], tmp_path: Path) -> None:
    """In the simulation with assertions: whatever the cell gives then is not to be relied on."""
    lines = run_bench(tmp_path, *cell, "-DDLA_ASSERT")
    assert lines == ["read 6", "collided 9", "kept 9", "read 8", "apart 8"]


@pytest.mark.parametrize("cell", [(), ("-DDLA_RAM_CELL=sim_ram_cell",)])
def test_without_assertions_the_word_is_the_memorys(cell: tuple[str, ...], tmp_path: Path) -> None:
    assert run_bench(tmp_path, *cell) == ["read 6", "collided 6", "kept 6", "read 8", "apart 8"]


def test_a_defect_is_brought_out_by_the_pins(tmp_path: Path) -> None:
    lines = run_bench(tmp_path, "-DDLA_RAM_CELL=sim_ram_cell", "+stuck_ram=bench.u_ram")
    assert lines == ["read 7", "collided 7", "kept 7", "read 9", "apart 9"]
