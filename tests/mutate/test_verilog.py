"""Faults of Verilog: which there are, that they sit in one text, and that the text without one is what it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.mutate import accepted, bench, equivalent, faults, schemata, verilog
from cocodla.mutate.mutant import KINDS, Mutant, choose
from cocodla.sim import project, tools
from cocodla.sim.bench import load_benches

pytest.importorskip("pyslang")

SOME = 1_000
TEXT = """\
module leaf (input wire [3:0] d, output wire [3:0] q);
assign q = ~d;
endmodule

module unit #(parameter W = 4) (
    input wire clk, input wire rst_n, input wire valid, input wire [3:0] a, input wire signed [3:0] s,
    output reg [3:0] q
);
localparam [1:0] KEPT = 2'd3;
reg [3:0] mem [0:3];
wire take = valid && a != 4'd7;
wire [3:0] inverted;
leaf u_leaf (.d(a + 4'd1), .q(inverted));
always @(posedge clk or negedge rst_n) begin
    if (!rst_n) q <= 4'd0;
    else begin
        if (take) mem[a[1:0]] <= {a[0], s[3:1]};
        case (a)
            4'd2: q <= s >>> 1;
            default: q <= take ? inverted : mem[a[1:0]];
        endcase
    end
end
endmodule
"""


@pytest.fixture
def small(tmp_path: Path) -> verilog.VerilogFile:
    path = tmp_path / "small.v"
    path.write_text(TEXT)
    return verilog.read_sites(path, verilog.input_ports([verilog.parse(path)]))


def test_every_kind_of_fault_is_made(small: verilog.VerilogFile) -> None:
    mutants = faults.mutants_of(small, "small.v", seed=1)
    assert {mutant.kind for mutant in mutants} == set(KINDS)
    for mutant in mutants:
        assert small.data[mutant.start : mutant.end].decode() == mutant.old
        assert TEXT.splitlines()[mutant.line - 1].strip() == mutant.text
        assert mutant.old != mutant.new


def test_what_must_be_constant_is_left_alone(small: verilog.VerilogFile) -> None:
    touched = {mutant.text for mutant in faults.mutants_of(small, "small.v", seed=1)}
    assert not any(word in line for line in touched for word in ("localparam", "reg [3:0] mem", "parameter"))
    assert not any(mutant.old == "4'd2" for mutant in faults.mutants_of(small, "small.v", seed=1))
    assert not any(mutant.old == "inverted" for mutant in faults.mutants_of(small, "small.v", seed=1))


def test_literals_keep_their_width_and_sign() -> None:
    assert list(faults._literal("IntegerVectorExpression", "2'd3")) == [("constant", "2'h0"), ("constant", "2'h2")]
    assert list(faults._literal("IntegerVectorExpression", "1'b0")) == [("constant", "1'h1")]
    assert list(faults._literal("IntegerVectorExpression", "4'sd1")) == [("constant", "4'sh0"), ("constant", "4'sh2")]
    assert list(faults._literal("IntegerVectorExpression", "4'b1x00")) == []
    assert list(faults._literal("IntegerLiteralExpression", "0")) == [("constant", "1")]


def test_one_text_holds_all_mutants_and_compiles(small: verilog.VerilogFile, tmp_path: Path) -> None:
    mutants = faults.mutants_of(small, "small.v", seed=1)
    text = schemata.schema(small, dict(enumerate(mutants, 1)))
    for number in range(1, len(mutants) + 1):
        assert text.count(f"16'd{number})") == 1, mutants[number - 1]
    path = tmp_path / "all.v"
    path.write_text(text)
    assert _lint(path, top="unit") == ""


@pytest.fixture(scope="module")
def files() -> list[verilog.VerilogFile]:
    """The RTL of the project."""
    rtl = sorted(path for path in (project.root() / "rtl").rglob("*.v") if path.parent.name != "formal")
    trees = [verilog.parse(path) for path in rtl]
    inputs = verilog.input_ports(trees)
    return [verilog.read_sites(path, inputs, tree) for path, tree in zip(rtl, trees, strict=True)]


@pytest.fixture(scope="module")
def every(files: list[verilog.VerilogFile]) -> list[Mutant]:
    """All faults of it."""
    root = project.root()
    return [mutant for file in files for mutant in faults.mutants_of(file, faults.relative(file.path, root), seed=1)]


def test_mutants_of_every_module_compile(
    files: list[verilog.VerilogFile], every: list[Mutant], tmp_path: Path
) -> None:
    """1,000 of 15,000 faults in one chip, others when the sources change. scripts/try_mutants.py takes all."""
    assert len(every) > 10_000
    numbered = dict(enumerate(choose(every, SOME, seed=len(every)), 1))
    copies = bench.write_copies(files, numbered, tmp_path)
    assert len(copies) > len(files) / 2
    paths = [copies.get(file.path, file.path) for file in files]
    assert _lint(*paths, top="NV_nvdla") == ""


def _lint(*paths: Path, top: str) -> str:
    """Errors of Verilator."""
    files = [str(path) for path in paths]
    program, env = tools.find_verilator().call({"PATH": "/usr/bin:/bin"})
    words = [program, "--lint-only", "-Wno-lint", "-Wno-style", "-Wno-fatal", "--timing", "--timescale", "1ns/1ps"]
    done = subprocess.run([*words, "--top-module", top, *files], env=env, capture_output=True, text=True, check=False)
    return "\n".join(line for line in done.stderr.splitlines() if line.startswith("%Error"))


def test_the_choice_repeats_and_takes_every_place_first(small: verilog.VerilogFile) -> None:
    mutants = faults.mutants_of(small, "small.v", seed=1)
    assert choose(mutants, 12, 5) == choose(mutants, 12, 5) != choose(mutants, 12, 6)
    places = {(mutant.file, mutant.site) for mutant in mutants}
    assert len({(m.file, m.site) for m in choose(mutants, len(places), 3)}) == len(places)
    assert sorted(choose(mutants, 10_000, 1), key=str) == sorted(mutants, key=str)


def test_every_block_owns_sources() -> None:
    for each in load_benches():
        assert each.own and all(path.is_file() for path in each.own), each.block
        first = next(iter(each.designs.values()))
        assert set(each.own) <= set(first.sources), each.block


def test_accepted_mutants_still_exist(every: list[Mutant]) -> None:
    """Each entry has a reason, its line is there, and it is a fault that can be planted."""
    entries = accepted.read_accepted()
    assert accepted.expired(entries) == []
    lost = [entry for entry in entries if not any(entry.covers(mutant) for mutant in every)]
    assert lost == []


def test_an_entry_ends_when_its_line_changes() -> None:
    entry = accepted.Accepted("rtl/csb/glb.v", "a line that is not there", "for no reason at all", old="x")
    assert accepted.expired([entry]) == ["rtl/csb/glb.v: a line that is not there"]
    mutant = Mutant("constant", "rtl/csb/glb.v", 0, 1, 1, "another line", "x", "y", 0)
    assert not entry.covers(mutant)


@pytest.mark.parametrize(
    ("old", "new", "covered"),
    [("a | b", "(a) ^ (b)", True), ("a | b | c", "(a | b) ^ (c)", True), ("a | b", "(a) & (b)", False),
     ("a | b", "(a) ^ (c)", False), ("a", "~(a)", False)],
)  # fmt: skip
def test_an_entry_of_an_operator_has_any_operands(old: str, new: str, covered: bool) -> None:
    entry = accepted.Accepted("rtl/x.v", "q = a | b | c;", "for no reason at all", operator="| -> ^")
    assert entry.covers(Mutant("operator", "rtl/x.v", 0, 1, 1, "q = a | b | c;", old, new, 0)) == covered
    assert not entry.covers(Mutant("operator", "rtl/x.v", 0, 1, 1, "another line", old, new, 0))


def test_an_entry_of_a_stuck_bit_has_any_number() -> None:
    entry = accepted.Accepted("rtl/x.v", "assign q = a;", "for no reason at all", old="a", new="always 1")
    low, high = (
        Mutant("stuck", "rtl/x.v", 0, 1, 1, "assign q = a;", "a", "(a)", 0, f"bit 7 of q is always {level}")
        for level in (0, 1)
    )
    assert entry.covers(high)
    assert not entry.covers(low)
    assert not entry.covers(Mutant("operator", "rtl/x.v", 0, 1, 1, "assign q = a;", "a", "~(a)", 0))


@pytest.mark.parametrize("what", ["", 'old = "x"\noperator = "| -> ^"', 'operator = "|"'])
def test_an_entry_has_either_a_text_or_an_operator(what: str, tmp_path: Path) -> None:
    path = tmp_path / "mutants.toml"
    path.write_text(f'[[equivalent]]\nfile = "a.v"\nline = "x"\nreason = "for no reason"\n{what}\n', encoding="utf-8")
    with pytest.raises(UserError, match="needs old, or an operator"):
        accepted.read_accepted(path)


@pytest.mark.skipif(not equivalent.available(), reason="no Yosys")
def test_equivalent_mutants_are_proven_and_others_are_not(tmp_path: Path) -> None:
    path = project.root() / "rtl" / "csb" / "dla_pingpong.v"
    file = verilog.read_sites(path, {})
    mutants = faults.mutants_of(file, "rtl/csb/dla_pingpong.v", seed=1)
    wanted = {
        "(enabled & ~({consumer, !consumer} & {2{done}})) | started -> "
        "((enabled & ~({consumer, !consumer} & {2{done}}))) ^ (started)": True,
        "done_d <= 1'b0; -> ;": False,
        "!consumer -> !!(consumer)": False,
    }
    for change, proven in wanted.items():
        mutant = next(mutant for mutant in mutants if mutant.change == change)
        copy = tmp_path / "copy.v"
        copy.write_text(schemata.schema(file, {1: mutant}))
        assert equivalent.is_equivalent(path, copy, 1, tmp_path / "proof") is proven, change
