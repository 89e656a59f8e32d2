"""The estimate of the longest paths: delays of each kind of cell in small netlists; a small chip through Yosys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cocodla.cli import app
from cocodla.errors import UserError
from cocodla.synth.estimate import Estimate, Slowest, estimate, short
from cocodla.synth.owners import Owners
from cocodla.synth.routed import Stretch

CORE, CSB = 2, 3
ADDER = """
module add (
    input  wire        clk,
    input  wire [15:0] a,
    output reg  [15:0] p
);
always @(posedge clk) p <= p + a;
endmodule
"""
CHIP = """
module NV_nvdla (
    input  wire        dla_core_clk,
    input  wire        dla_csb_clk,
    input  wire [15:0] csb2nvdla_addr,
    output wire [15:0] nvdla2csb_data,
    input  wire [15:0] nvdla_core2dbb_r_rdata,
    output wire [15:0] nvdla_core2dbb_aw_awaddr
);
add u_one (
    .clk (dla_core_clk),
    .a   (nvdla_core2dbb_r_rdata),
    .p   (nvdla_core2dbb_aw_awaddr)
);
reg [15:0] count;
always @(posedge dla_csb_clk) count <= csb2nvdla_addr;
assign nvdla2csb_data = count;
endmodule
"""


@pytest.fixture
def measure(tmp_path: Path) -> Any:
    """Estimates a netlist of cells by name: (type, {port: bits})."""

    def run(cells: Mapping[str, tuple[str, dict[str, list[Any]]]]) -> Estimate:
        ports = {"core_clk": {"bits": [CORE]}, "csb_clk": {"bits": [CSB]}, "core_in": {"bits": [4]}}
        found = {name: {"type": kind, "connections": bits} for name, (kind, bits) in cells.items()}
        file = tmp_path / "netlist.json"
        file.write_text(json.dumps({"modules": {"harness": {"ports": ports, "cells": found}}}))
        return estimate(file, "harness", Owners(CHIP, [ADDER]))

    return run


def ff(d: Any, q: int, clock: int = CORE, **more: list[Any]) -> tuple[str, dict[str, list[Any]]]:
    return "TRELLIS_FF", {"CLK": [clock], "DI": [d], "Q": [q], **more}


A, B = "u_dut.u_one.a_TRELLIS_FF_Q", "u_dut.u_two.b_TRELLIS_FF_Q_1"


def test_a_lut_and_two_wires(measure: Any) -> None:
    lut = ("LUT4", {"A": [10], "B": ["1"], "C": ["x"], "D": [4], "Z": [11]})
    found = measure({A: ff(11, 10), B: ff(11, 12), "u_dut.u_two.b_LUT4_Z": lut})
    path = 0.5 + 0.85 + 0.24 + 0.85
    assert found.slowest["two"] == Slowest(pytest.approx(path), "u_one.a", "u_two.b")
    assert found.slowest["one"] == Slowest(pytest.approx(path), "u_one.a", "u_one.a")
    assert found.frequencies == {"core": pytest.approx(1000 / path)} and found.longest == pytest.approx(path)
    # B ends the critical path: of paths as long as each other the one of the last net and name
    assert found.path == [
        Stretch("one", A, A, 0, 0.5, 0.0), Stretch("two", "u_dut.u_two.b_LUT4_Z", B, 1, 0.24, pytest.approx(1.7))
    ]  # fmt: skip
    assert [cell for cell, _ in found.steps] == [A, "u_dut.u_two.b_LUT4_Z", B]
    assert [ns for _, ns in found.steps] == pytest.approx([0.5, 1.59, 2.44])


def test_enable_and_reset_end_paths_too_and_clocks_do_not(measure: Any) -> None:
    found = measure({A: ff("0", 10), B: ff("0", 12, CE=[10], LSR=["0"])})
    assert found.slowest == {"two": Slowest(pytest.approx(1.35), "u_one.a", "u_two.b")}


def test_a_carry_chain_has_no_wires_inside(measure: Any) -> None:
    first = ("CCU2C", {"A0": [10], "A1": ["0"], "CIN": ["0"], "COUT": [20], "S0": [21], "S1": [22]})
    second = ("CCU2C", {"A0": ["0"], "A1": ["0"], "CIN": [20], "COUT": [23], "S0": [24], "S1": [25]})
    third = ("CCU2C", {"A0": ["0"], "A1": [10], "CIN": [23], "COUT": [26], "S0": [27], "S1": [28]})
    for bit, ns in ((21, 0.45), (24, 0.45 + 0.45), (28, 0.45 + 0.06 + 0.45)):
        found = measure({A: ff(4, 10), B: ff(bit, 12), "x": first, "y": second, "z": third})
        assert found.longest == pytest.approx(0.5 + 0.85 + ns + 0.85), bit
    alone = ("CCU2C", {"A0": ["0"], "A1": [10], "CIN": ["0"], "COUT": [20], "S0": [21], "S1": [22]})
    assert measure({A: ff(4, 10), B: ff(21, 12), "x": alone}).slowest == {}  # a sum does not depend on the bit above


def test_multiplexers_behind_luts(measure: Any) -> None:
    low = ("LUT4", {"A": [10], "Z": [20]})
    mux = ("PFUMX", {"ALUT": [20], "BLUT": ["0"], "C0": ["0"], "Z": [21]})
    wide = ("L6MUX21", {"D0": [21], "D1": ["0"], "SD": ["0"], "Z": [22]})
    found = measure({A: ff(4, 10), B: ff(22, 12), "x": low, "y": mux, "z": wide})
    assert found.longest == pytest.approx(0.5 + 0.85 + 0.24 + 0.17 + 0.17 + 0.85)
    late = ("L6MUX21", {"D0": [21], "D1": ["0"], "SD": [10], "Z": [22]})
    assert measure({A: ff(4, 10), B: ff(22, 12), "z": late}).longest == pytest.approx(0.5 + 0.85 + 0.17 + 0.85)


def test_multipliers_and_memories(measure: Any) -> None:
    product = ("MULT18X18D", {"A0": [10], "B0": ["0"], "P0": [20], "P35": [21]})
    assert measure({A: ff(4, 10), B: ff(21, 12), "x": product}).longest == pytest.approx(0.5 + 0.85 + 3.6 + 0.85)
    block = ("DP16KD", {"CLKA": [CORE], "CLKB": [CORE], "ADA0": [10], "DIA0": ["0"], "DOB3": [20]})
    found = measure({A: ff(4, 10), B: ff(20, 12), "u_dut.u_one.ram.0.0": block})
    assert {unit: path.ns for unit, path in found.slowest.items()} == pytest.approx({"two": 5.15, "one": 1.35})
    small = ("TRELLIS_DPR16X4", {"WCK": [CORE], "RAD": [10, "0"], "DI": [12], "DO": [20]})
    found = measure({A: ff(4, 10), B: ff(20, 12), "u_dut.u_one.ram.0.0": small})
    assert {unit: path.ns for unit, path in found.slowest.items()} == pytest.approx({"two": 2.44, "one": 1.35})


def test_paths_between_clocks_do_not_count(measure: Any) -> None:
    lut = ("LUT4", {"A": [10], "Z": [20]})
    found = measure({A: ff(10, 10), B: ff(20, 12, CSB), "u_dut.u_two.c": ff(12, 13, CSB), "x": lut})
    assert found.frequencies == pytest.approx({"core": 1000 / 1.35, "csb": 1000 / 1.35})
    assert set(found.slowest) == {"one"}


def test_a_loop_of_logic_has_no_estimate(measure: Any) -> None:
    one, two = ("LUT4", {"A": [10], "B": [21], "Z": [20]}), ("LUT4", {"A": [20], "Z": [21]})
    with pytest.raises(UserError, match=r"loop of logic at or before u_two\.b"):
        measure({A: ff(4, 10), B: ff(21, 12), "u_dut.u_two.b_LUT4_Z": one, "u_dut.u_two.b_LUT4_Z_A": two})


def test_names_are_those_of_the_nets() -> None:
    assert short("u_dut.u_cdma.u_cvt.a_data_TRELLIS_FF_Q_3_DI_LUT4_Z_1") == "u_cdma.u_cvt.a_data"
    assert short("u_dut.wt_data_L6MUX21_Z_SD_PFUMX_C0") == "wt_data"
    assert short("core_held_TRELLIS_FF_Q_7") == "core_held"


@pytest.mark.usefixtures("with_yosys")
def test_a_small_chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "add.v").write_text(ADDER)
    (tmp_path / "NV_nvdla.v").write_text(CHIP)
    (tmp_path / "files.f").write_text("add.v\nNV_nvdla.v\n")
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("DUT_FILELIST", str(tmp_path / "files.f"))
    monkeypatch.delenv("DUT_PARAMETERS", raising=False)
    monkeypatch.setattr("cocodla.synth.ecp5.find_nextpnr", lambda: pytest.fail("nextpnr is not needed"))
    ended = CliRunner().invoke(app, ["fpga", "--json", "--estimate"])
    assert ended.exit_code == 0, ended.output
    result = json.loads(ended.stdout)
    # a, 16 bits of carry, p: 0.5 + 0.85 + 0.45 + 6 * 0.06 + 0.45 + 0.85
    assert 3.4 < result["slowest"]["one"]["ns"] < 3.6 and result["slowest"]["one"]["last"] == "u_one.p"
    assert result["frequencies"]["core"] == pytest.approx(1000 / result["slowest"]["one"]["ns"])
    assert result["passed"] and "used" not in result
    printed = CliRunner().invoke(app, ["fpga", "--estimate"])
    assert re.search(r"estimated before placement with 0.85 ns a wire", printed.output)
    monkeypatch.setattr("cocodla.report.fpga.GOAL_ESTIMATED", 3.0)
    assert CliRunner().invoke(app, ["fpga", "--estimate"]).exit_code == 1
