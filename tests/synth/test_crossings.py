"""Ways between the clocks of the chip: those listed and no others; planted ones are found. Skipped: no Yosys."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import FileList, own_list, read_file_list
from cocodla.synth import yosys
from cocodla.synth.crossings import Crossing, Expected, Result, check, read_expected
from cocodla.synth.netlist import read_design

FOLDER = project.root() / "rtl" / "constraints"
LIST = FOLDER / "crossings.toml"


@pytest.mark.usefixtures("with_yosys")
def test_the_chip_has_the_listed_crossings_and_no_others() -> None:
    result = check(read_design(read_file_list(own_list()), "NV_nvdla"), read_expected(LIST))
    assert result.findings == []
    assert all(result.ways.values()) and result.registers["core"] > 1000 > result.registers["csb"] > 5


def of_csb_master() -> Expected:
    """The part of the list that is about csb_master, in its own names."""
    every, prefix = read_expected(LIST), "u_csb_master."

    def plain(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.removeprefix(prefix) for name in names)

    crossings = tuple(
        replace(c, sources=plain(c.sources), targets=plain(c.targets), guard=c.guard.removeprefix(prefix))
        for c in every.crossings if c.sources[0].startswith(prefix)
    )  # fmt: skip
    core = ("reg_rdata", "hold", "settling")
    inputs = (("csb2nvdla_*", "csb"), *((name, "core") for name in core), ("ungated", "static"), ("*rst_n", "static"))
    return Expected({"clk": "core", "csb_clk": "csb"}, inputs, crossings)


def csb_master(tmp_path: Path, *changes: tuple[str, str]) -> Result:
    """What is found in csb_master with some of its text replaced."""
    sources = []
    for path in yosys.closure("csb_master", read_file_list(own_list()).sources):
        text = path.read_text()
        if path.stem == "csb_master":
            for old, new in changes:
                text, count = re.subn(old, new, text, flags=re.DOTALL)
                assert count == 1, old
        (tmp_path / path.name).write_text(text)
        sources.append(tmp_path / path.name)
    return check(read_design(FileList(sources), "csb_master"), of_csb_master())


PLANTED = {
    "no synchroniser": (
        [(r"dla_sync #\([^)]*\), \.STAGES\(2\)\) u_taken.*?\);\n", "assign answer_taken = taken;\n")],
        r"^taken \(csb\) -> \S+ \(core\): not listed", r"answers: it is taken: listed, but the chip has no such way"),
    "logic in front": (
        [(r"\.d     \(answer_sent\)", ".d     (answer_sent ^ answering)")],
        r"^answer_sent \(core\) -> u_sent\.chain\.D \(csb\): answers: one is there: logic between",
        r"answering .* not listed"),
    "data without their guard": (
        [(r"if \(take && !answer_write\) nvdla2csb_data", "nvdla2csb_data")],
        r"^answer_data \(core\) -> nvdla2csb_data\.D \(csb\): answers: the words: does not depend on its guard", ""),
    "a register from the pins of the other clock": (
        [(r"answering   <= strobed;", "answering   <= strobed ^ csb2nvdla_valid;")],
        r"^csb2nvdla_valid \(csb\) -> answering\.D \(core\): not listed", ""),
    "a clock of two": (
        [(r"always @\(posedge csb_clk or negedge csb_rst_n\)",
          "wire both = csb_clk & clk;\nalways @(posedge both or negedge csb_rst_n)")],
        r"^taken: its clock comes from clk, csb_clk, not from one clock pin", ""),
}  # fmt: skip


@pytest.mark.usefixtures("with_yosys")
def test_csb_master_alone(tmp_path: Path) -> None:
    assert csb_master(tmp_path).findings == []


@pytest.mark.usefixtures("with_yosys")
@pytest.mark.parametrize("name", PLANTED)
def test_planted_crossings_are_found(name: str, tmp_path: Path) -> None:
    changes, *wanted = PLANTED[name]
    findings = csb_master(tmp_path, *changes).findings
    for pattern in filter(None, wanted):
        assert any(re.search(pattern, line) for line in findings), findings


@pytest.mark.usefixtures("with_yosys")
def test_first_flops_and_resets_and_inputs(tmp_path: Path) -> None:
    (tmp_path / "t.v").write_text("""
module t (input a, input b, input unknown, input rst_n, output reg q, output early);
reg s;  always @(posedge a) s <= unknown;
reg [1:0] chain;  always @(posedge b) chain <= {chain[0], s};
assign early = chain[0];  // a pin, which no register is: the next line is the fault
reg r;  always @(posedge b) r <= chain[0];
always @(posedge b or negedge s) if (!s) q <= 0; else q <= r;
endmodule
""")
    crossings = (Crossing("level", "sync", ("s",), ("chain",)), Crossing("reset", "reset", ("s",), ("q",)))
    expected = Expected({"a": "a", "b": "b"}, (("rst_n", "static"),), crossings)
    findings = check(read_design(FileList([tmp_path / "t.v"]), "t"), expected).findings
    assert "input unknown: the list does not tell its clock" in findings
    assert any("level: " in line and "ends in no synchroniser" not in line and "also feed" in line for line in findings)
    assert any("s (a) -> q.ARST (b): reset: a reset, but not of a synchroniser" in line for line in findings)


def test_lists_that_are_none(tmp_path: Path) -> None:
    for text, words in (("x = 1", "not a list of crossings"), ("[clocks]\n[inputs]\n[[crossing]]\nabout = 'x'\n"
                        "kind = 'held'\nfrom = []\nto = []\n", "held with a guard")):  # fmt: skip
        (tmp_path / "x.toml").write_text(text)
        with pytest.raises(UserError, match=words):
            read_expected(tmp_path / "x.toml")


@pytest.mark.parametrize("name", ["nvdla.xdc", "nvdla.sdc"])
def test_the_constraints_name_every_crossing(name: str) -> None:
    """Each register and pin that a listed way comes from is the -from of a line, each synchroniser a -to."""
    text = (FOLDER / name).read_text()
    commands = [line for line in text.splitlines() if line and not line.startswith("#")]
    for crossing in read_expected(LIST).crossings:
        for source in crossing.sources:
            path = source.replace(".", "/")
            assert any(path in line for line in commands if "-from" in line or line.startswith("set ")), source
        for target in (t for t in crossing.targets if t.endswith(".chain") and crossing.kind != "reset"):
            assert any(f"{target.replace('.', '/')}" in line for line in commands if "-to" in line), target
    assert "ASYNC_REG" in (project.root() / "rtl" / "lib" / "dla_sync.v").read_text()
