"""Synthesis reports: weights, cells, memories, sources; one small unit through Yosys where it is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.report import synth as report
from cocodla.sim import project
from cocodla.sim.filelist import read_file_list
from cocodla.synth import yosys
from cocodla.synth.units import UNITS, Cost, Ram, Unit, fpga_cost, gate_equivalents

SOURCES = read_file_list(project.root() / "rtl" / "files.f").sources


def has_yosys() -> bool:
    try:
        yosys.find_yosys()
    except UserError:
        return False
    return True


def test_every_unit_of_the_chip_is_in_the_table() -> None:
    top = (project.root() / "rtl" / "top" / "NV_nvdla.v").read_text()
    for unit in UNITS:
        for module in unit.modules:
            assert len(re.findall(rf"^{module} (?:#\(.*\) )?u_\w+ \($", top, re.MULTILINE)) == unit.count
            names = {path.stem for path in yosys.closure(module, SOURCES)}
            assert module in names
            assert not names & {"dla_ram_1r1w", "dla_regfile_1r1w", "NV_nvdla"}


def test_a_missing_module_is_named() -> None:
    with pytest.raises(UserError, match="no module 'bdma'"):
        yosys.closure("bdma", SOURCES)


def test_gate_equivalents() -> None:
    cells = {
        "$_NAND_": 3,
        "$_NOT_": 2,
        "$_XOR_": 1,
        "$_AOI4_": 1,
        "$_DFFE_PN0P_": 2,
        "$_SDFF_PP0_": 1,
        "dla_ram_1r1w": 9,
    }
    assert gate_equivalents(cells) == pytest.approx(3 + 1.34 + 2.33 + 1.67 + 18)
    with pytest.raises(ValueError, match="_UNKNOWN_"):
        gate_equivalents({"$_UNKNOWN_": 1})


def test_fpga_cells() -> None:
    assert fpga_cost({"LUT6": 3, "LUT1": 1, "FDRE": 4, "FDCE": 2, "FDPE_1": 1, "DSP48E2": 2, "CARRY8": 5}) == (4, 7, 2)


def test_memories_and_sums() -> None:
    block, small = Ram(256, 513, True), Ram(15, 33, False)
    assert (block.half_blocks, block.luts, block.bits) == (16, 0, 256 * 513)
    assert (small.half_blocks, small.luts) == (0, 32)
    one = Cost(luts=5, flip_flops=3, dsps=1, gates=10.5, levels=7, rams=(block, small))
    both = one * 2 + Cost(levels=9)
    assert (both.luts, both.dsps, both.gates, both.levels, both.blocks, both.ram_luts) == (10, 2, 21.0, 9, 16.0, 64)


def test_memories_of_a_dump() -> None:
    dump = """
  cell \\dla_ram_1r1w \\u_a.u_mem
    parameter \\WIDTH 257
    parameter signed \\DEPTH 32'00000000000000000000000000100000
    connect \\clk \\clk
  end
  cell $paramod\\dla_regfile_1r1w\\WIDTH=s32'00000000000000000000000000001000 \\u_b
    connect \\clk \\clk
  end
  cell $add $1
    parameter \\A_WIDTH 8
  end
"""
    wrappers = {name: "parameter WIDTH  = 32, // bits\n parameter DEPTH = 16," for name in yosys.RAM_MODULES}
    assert yosys.read_rams(dump, wrappers) == [Ram(257, 32, True), Ram(8, 16, False)]


def test_code_lines_leave_out_comments(tmp_path: Path) -> None:
    (tmp_path / "gen").mkdir()
    (tmp_path / "a.v").write_text("// head\n\nmodule a; // name\n/* long\ncomment */\nendmodule\n")
    (tmp_path / "gen" / "b.v").write_text("module b;\nendmodule\n\n")
    assert report.code_lines(tmp_path) == {"written": 2, "generated": 2}


def test_table_counts_units_as_often_as_the_chip_has_them() -> None:
    costs = [(Unit("mac", ("mac",), count=2), Cost(luts=1000, gates=1500.0)), (Unit("x", ("x",)), Cost(luts=1))]
    rows = list(report.rows(costs))
    assert rows[0][:2] == ("mac (each of 2)", "1,000")
    assert (rows[-1][0], rows[-1][1], rows[-1][6]) == ("sum", "2,001", "3.0")
    text = report.markdown(costs, {"written": 10, "generated": 5}) if has_yosys() else "| mac (each of 2) |"
    assert "| mac (each of 2) |" in text


@pytest.mark.skipif(not has_yosys(), reason="skipped: no Yosys")
def test_a_unit_is_synthesized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rtl").mkdir()
    sources = {
        "dla_ram_1r1w": (project.root() / "rtl" / "lib" / "dla_ram_1r1w.v").read_text(),
        "dla_regfile_1r1w": (project.root() / "rtl" / "lib" / "dla_regfile_1r1w.v").read_text(),
        "small": """
module small (input wire clk, input wire [4:0] a, input wire [12:0] d, output reg q, output wire [12:0] r);
wire [12:0] word;
dla_regfile_1r1w #(.WIDTH(13), .DEPTH(32)) u_regs
    (.clk(clk), .wr_en(a[0]), .wr_addr(a), .wr_data(d), .rd_addr(a), .rd_data(word));
dla_ram_1r1w #(.WIDTH(13), .DEPTH(32)) u_ram
    (.clk(clk), .wr_en(q), .wr_addr(a), .wr_data(d), .rd_en(1'b1), .rd_addr(a), .rd_data(r));
always @(posedge clk) q <= ^word;
endmodule""",
    }
    for name, text in sources.items():
        (tmp_path / "rtl" / f"{name}.v").write_text(text)
    (tmp_path / "rtl" / "files.f").write_text("\n".join(f"{name}.v" for name in sources))
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    cost = yosys.synthesize("small", {})
    assert (cost.flip_flops, cost.dsps, cost.luts) == (1, 0, 3)
    assert set(cost.rams) == {Ram(13, 32, False), Ram(13, 32, True)}
    assert cost.levels == 3  # register file, and a parity of 13 bits in two levels
    monkeypatch.setattr(yosys, "_run", lambda *_: pytest.fail("synthesized twice"))
    assert yosys.synthesize("small", {}) == cost
