"""Place and route: the harness, whose cell is whose, what does not fit, what a report tells; a small chip through the
tools. Skipped: no Yosys, no nextpnr."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla.cli import app
from cocodla.errors import UserError
from cocodla.sim.filelist import own_list, read_file_list
from cocodla.synth import ecp5
from cocodla.synth.harness import Pin, read_pins, write_harness
from cocodla.synth.owners import HARNESS, TOP, Owners
from cocodla.synth.routed import Stretch, read_routed

SOURCES = {path.stem: path.read_text() for path in read_file_list(own_list()).sources}
MULTIPLIER = """
module mul (
    input  wire        clk,
    input  wire [31:0] a,
    output reg  [31:0] p
);
always @(posedge clk) p <= a[31:16] * a[15:0];
endmodule
"""
CHIP = """
module NV_nvdla (
    input  wire        dla_core_clk,
    input  wire        dla_csb_clk,
    input  wire [15:0] csb2nvdla_addr, // a comment, with a comma
    output wire [31:0] nvdla2csb_data,
    input  wire [31:0] nvdla_core2dbb_r_rdata,
    output wire [31:0] nvdla_core2dbb_aw_awaddr
);
wire [31:0] product;
mul u_one (
    .clk (dla_core_clk),
    .a   (nvdla_core2dbb_r_rdata),
    .p   (product)
);
mul u_two (
    .clk (dla_core_clk),
    .a   (product),
    .p   (nvdla_core2dbb_aw_awaddr)
);
reg [31:0] count;
always @(posedge dla_csb_clk) count <= count + csb2nvdla_addr;
assign nvdla2csb_data = count;
endmodule
"""


def found(find: Callable[[], object]) -> bool:
    try:
        find()
    except UserError:
        return False
    return True


needs_nextpnr = pytest.mark.skipif(not found(ecp5.find_nextpnr), reason="no nextpnr-ecp5")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File list of a chip with two multipliers; results go into a folder of the test."""
    (tmp_path / "mul.v").write_text(MULTIPLIER)
    (tmp_path / "NV_nvdla.v").write_text(CHIP)
    (tmp_path / "files.f").write_text("mul.v\nNV_nvdla.v\n")
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("DUT_FILELIST", str(tmp_path / "files.f"))
    monkeypatch.delenv("DUT_PARAMETERS", raising=False)
    return tmp_path / "files.f"


def test_every_pin_of_the_chip_is_behind_a_register_of_its_clock() -> None:
    pins = read_pins(SOURCES["NV_nvdla"])
    by_name = {pin.name: pin for pin in pins}
    assert by_name["csb2nvdla_wdat"] == Pin("csb2nvdla_wdat", True, 32)
    assert by_name["dla_intr"].clock == "csb" and by_name["nvdla_core2dbb_w_wdata"].clock == "core"
    ports = re.findall(r"^    (?:in|out)put +wire", SOURCES["NV_nvdla"], re.MULTILINE)
    assert "dla_core_clk" not in by_name and len(pins) == len(ports) - 2
    text = write_harness(pins, {"SDP_LANES": 2})
    inputs = sum(pin.width for pin in pins if pin.is_input and pin.clock == "core")
    assert f"reg [{inputs - 1}:0] core_shift, core_held;" in text
    assert "NV_nvdla #(.SDP_LANES(2)) u_dut (" in text
    assert all(f".{name}(" in text for name in [*by_name, "dla_core_clk", "dla_csb_clk"])


def test_a_chip_without_its_clock_is_refused() -> None:
    with pytest.raises(UserError, match="NV_nvdla has no pin dla_csb_clk"):
        read_pins(CHIP.replace("dla_csb_clk", "another"))
    with pytest.raises(UserError, match="no pin dla_core_clk"):
        read_pins("module other; endmodule")


def test_a_cell_belongs_to_the_unit_that_drives_its_net() -> None:
    owners = Owners(SOURCES["NV_nvdla"], SOURCES.values())
    assert {"csc", "cmac_a", "cmac_b", "sdp_rdma", "cbuf"} <= set(owners.units)
    assert owners.of("u_dut.u_cmac_b.g_cell[1].u_cell.low_TRELLIS_FF_Q_3") == "cmac_b"
    assert owners.of("u_dut.cacc2sdp_data_LUT4_Z_12") == "cacc"
    assert owners.of("u_dut.wt_data_TRELLIS_FF_Q") == "csc"
    assert owners.of("u_dut.ungated_LUT4_Z") == TOP
    assert owners.of("core_held_TRELLIS_FF_Q_7") == HARNESS


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    cells = {"a": {"LUT4": 20_000, "CCU2C": 2_000}, "b": {"MULT18X18D": 28, "TRELLIS_DPR16X4": 40}}
    chip = ecp5.Netlist(tmp_path, cells)
    assert chip.combinational == 24_240
    ecp5.check_fit(chip, "LFE5UM5G-25F")
    chip.cells["b"] |= {"MULT18X18D": 29, "LUT4": 100}
    with pytest.raises(UserError, match=r"25F: 24,340 LUT4s .* has 24,288; 29 multipliers, it has 28;"):
        ecp5.check_fit(chip, "LFE5UM5G-25F")
    ecp5.check_fit(chip, "LFE5UM5G-45F")


def step(kind: str, source: str, target: str, delay: float) -> dict:
    return {"type": kind, "delay": delay, "from": {"cell": source}, "to": {"cell": target}}


def test_a_report_is_read_by_unit() -> None:
    core, csb = "posedge $glbnet$core_clk$TRELLIS_IO_IN", "posedge $glbnet$csb_clk$TRELLIS_IO_IN"
    a, b, c = "u_dut.u_one.a", "u_dut.u_one.b", "u_dut.u_two.c"
    report = {
        "fmax": {core.removeprefix("posedge "): {"achieved": 51.5}, csb.removeprefix("posedge "): {"achieved": 90}},
        "utilization": {"TRELLIS_FF": {"used": 3, "available": 10}},
        "critical_paths": [
            {"from": core, "to": csb, "path": [step("logic", c, c, 99)]},
            {"from": core, "to": core, "path": [
                step("clk-to-q", a, a, 0.5), step("routing", a, b, 1), step("logic", b, b, 0.25),
                step("routing", b, c, 2), step("setup", c, c, 0.125)]},
        ],
        "detailed_net_timings": [
            {"event": core, "endpoints": [{"cell": c, "delay": [1, 3], "event": core}]},
            {"event": core, "endpoints": [{"cell": c, "delay": [9, 9], "event": csb},
                                          {"cell": a, "delay": [2, 2], "event": core}]},
        ],
    }  # fmt: skip
    routed = read_routed(report, Owners(CHIP, [MULTIPLIER]))
    assert routed.frequencies == {"core": 51.5, "csb": 90.0}
    assert routed.path == [Stretch("one", a, b, 1, 0.75, 1.0), Stretch("two", c, c, 0, 0.125, 2.0)]
    assert routed.slowest == {"two": 3.0, "one": 2.0}
    assert routed.used == {"TRELLIS_FF": (3, 10)}


@pytest.mark.usefixtures("with_yosys")
@needs_nextpnr
def test_a_small_chip_is_routed_and_kept(small: Path) -> None:
    words = ["--json", "fpga", "--part", "LFE5UM5G-25F"]
    first = CliRunner().invoke(app, [words[1], words[0], *words[2:]])
    assert first.exit_code == 0, first.output
    result = json.loads(first.stdout)
    assert result["units"]["one"]["TRELLIS_FF"] == result["units"]["two"]["TRELLIS_FF"] == 32
    assert result["used"]["MULT18X18D"] == [2, 28]
    assert result["frequencies"]["core"] > 100 and result["path"][-1]["unit"] in result["units"]
    again = CliRunner().invoke(app, [words[1], words[0], *words[2:]])
    assert json.loads(again.stdout) == result  # out of the cache: the minutes are the same


@pytest.mark.usefixtures("with_yosys")
def test_a_chip_that_is_too_large_is_refused_before_it_is_placed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ecp5.PARTS, "LFE5UM5G-25F", ecp5.Part("--um5g-25k", "CABGA381", 24_288, 1, 56))
    monkeypatch.setattr(ecp5, "nextpnr_version", lambda: "none")
    ended = CliRunner().invoke(app, ["fpga", "--part", "LFE5UM5G-25F"])
    assert ended.exit_code == 2
    assert "the chip does not fit LFE5UM5G-25F: 2 multipliers, it has 1" in ended.stderr.replace("\n", " ")


@pytest.mark.usefixtures("with_yosys")
def test_what_yosys_does_not_take_is_told_in_a_line(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecp5, "nextpnr_version", lambda: "none")
    (small.parent / "mul.v").write_text("module mul (input clk; endmodule\n")
    ended = CliRunner().invoke(app, ["fpga"])
    assert ended.exit_code == 2 and "Yosys fails:" in ended.stderr and "Traceback" not in ended.stderr
    assert [path.suffix for path in (small.parent / "build" / "fpga").iterdir()] == [".log"]


def test_unknown_words_are_refused() -> None:
    for words in (["--part", "12F"], ["--synthesis", "best"], ["--placer", "hand"], ["--router", "3"]):
        ended = CliRunner().invoke(app, ["fpga", *words])
        assert ended.exit_code == 2 and f"{words[0]} {words[1]}: there are" in ended.stderr.replace("\n", " ")
