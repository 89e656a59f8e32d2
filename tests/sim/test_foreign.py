"""Another NV_nvdla under the bench: its file list, its delays, its mistakes; the tree of scripts/foreign_tree.py."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from cocodla import remarks
from cocodla.errors import UserError
from cocodla.program.commands import CheckMemory, LoadMemory, WaitInterrupt, WriteRegister
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.campaign import make_case, run_case
from cocodla.sim import bench, project, timing
from cocodla.sim.build import Design, build, cache_key

sys.path.insert(0, str(project.root() / "scripts"))
from foreign_tree import write_tree

STANDIN = project.root() / "tb" / "hdl" / "standin" / "NV_nvdla.v"
FIFO = project.root() / "rtl" / "lib" / "dla_fifo.v"
needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="no iverilog")
SIMULATORS = ["verilator", pytest.param("icarus", marks=needs_icarus)]


@pytest.fixture
def heard() -> list[str]:
    """The remarks that are made."""
    lines: list[str] = []
    remarks._told.clear()
    remarks.hear(lines.append)
    return lines


def small_tree(folder: Path, fifo: str | None = None, top: str = "") -> Path:
    """The stand-in as a tree of its own: the FIFO in a library, its memory written `#1` late; the list of it."""
    (folder / "lib").mkdir(parents=True)
    late = re.sub(r"(mem\[\w+\] <=)", r"\1 #1", FIFO.read_text())
    (folder / "lib" / "dla_fifo.vlib").write_text("`timescale 1ns/10ps\n" + (late if fifo is None else fifo))
    (folder / "NV_nvdla.v").write_text(top or STANDIN.read_text())
    (folder / "files.f").write_text("--top-module NV_nvdla -Wno-fatal NV_nvdla.v\n-y lib +libext+.v+.vlib\n")
    return folder / "files.f"


def copy_program() -> Program:
    data = bytes(range(256))
    values = {"SDP_RDMA.D_SRC_DMA_CFG": 1, "SDP_RDMA.D_SRC_BASE_ADDR_LOW": 0x1000, "SDP.D_DATA_CUBE_WIDTH": 31,
              "SDP.D_DST_BASE_ADDR_LOW": 0x2000, "SDP.D_OP_ENABLE": 1}  # fmt: skip
    writes = [WriteRegister(MAP[name].address, value) for name, value in values.items()]
    return Program([LoadMemory(0x1000, data), *writes, WaitInterrupt(1), CheckMemory(0x2000, 256, "copy", data)])


@pytest.mark.parametrize("sim", SIMULATORS)
def test_a_library_with_delays(sim: str, tmp_path: Path, heard: list[str]) -> None:
    """Found by -y in a .vlib; Verilator passes over its delays, says so once, and needs no scheduler for them."""
    files = small_tree(tmp_path / "tree")
    simulation = rtl.Simulation(sim=sim, file_list=files, seed=1)
    assert rtl.run(copy_program(), simulation).failures == []
    if sim == "verilator":
        assert len(heard) == 1 and re.match(r".*lib/dla_fifo\.vlib:\d+: a delay, passed over", heard[0]), heard
        assert rtl.run(copy_program(), simulation).failures == [] and len(heard) == 1
    else:
        assert heard == []


def test_delays_are_kept_where_they_are_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = rtl.Simulation(file_list=small_tree(tmp_path / "tree"))
    assert not rtl.chip_design(simulation).delays
    monkeypatch.setenv("DUT_DELAYS", "1")
    assert rtl.chip_design(simulation).delays
    monkeypatch.setenv("DUT_DELAYS", "yes")
    with pytest.raises(UserError, match="DUT_DELAYS=yes: takes 1 or 0"):
        rtl.chip_design(simulation)


def test_what_cannot_be_without_time(tmp_path: Path, heard: list[str]) -> None:
    """A process that waits in its middle is simulated with all delays, and this is told."""
    source = tmp_path / "waits.v"
    source.write_text("module waits (input wire clk, output reg q);\ninitial begin\n  q = 0;\n  @(posedge clk);\n"
                      "  q = #1 1;\nend\nendmodule\n")  # fmt: skip
    model = build(Design("waits", "waits", (source,), delays=False))
    assert len(heard) == 1 and re.match(r".*waits\.v:4: Event control statement: needs time", heard[0]), heard
    assert "--timing" in (model.folder / "build.log").read_text()


def test_clock_generators_need_time_and_late_registers_do_not(tmp_path: Path) -> None:
    source = tmp_path / "x.v"
    lines = ("always #5 clk = !clk;", "always begin : g", "  #5 clk = !clk;", "end", "always @(posedge clk) #1 q = d;")
    source.write_text("\n".join(lines))
    for line, column, endless in ((1, 8, True), (3, 3, True), (5, 24, False)):
        log = f"%Warning-STMTDLY: {source}:{line}:{column}: Ignoring delay on this statement due to --no-timing\n"
        assert bool(timing.need(log)) == endless, line
        assert timing.told(log).startswith(f"{source}:{line}: a delay,")


@pytest.mark.parametrize("sim", SIMULATORS)
def test_a_module_that_no_file_has(sim: str, tmp_path: Path) -> None:
    """The file and line that instantiate it are named; where it is the top, the list."""
    line = next(n for n, text in enumerate(STANDIN.read_text().splitlines(), 1) if re.match(r"\s*dla_fifo\b", text))
    files = small_tree(tmp_path / "tree", fifo="module other; endmodule\n")
    with pytest.raises(UserError, match=rf"^\S*NV_nvdla\.v:{line}: no file of .*files\.f has module dla_fifo"):
        rtl.build_model(rtl.Simulation(sim=sim, file_list=files))
    files = small_tree(tmp_path / "other", top="module NV_other; endmodule\n")
    with pytest.raises(UserError, match=r"^\S*files\.f: no file has module NV_nvdla"):
        rtl.build_model(rtl.Simulation(sim=sim, file_list=files))


def test_one_model_serves_every_memory_clock_and_assertion(tmp_path: Path) -> None:
    files = small_tree(tmp_path / "tree")
    runs = [
        rtl.Simulation(file_list=files), rtl.Simulation(file_list=files, csb_period_ps=13_700),
        rtl.Simulation(file_list=files, assertions=True, memory=rtl.MemoryModel(latency=5)),
    ]  # fmt: skip
    assert len({cache_key(rtl.chip_design(run), "icarus", None) for run in runs}) == 1


def test_a_file_of_a_library_belongs_to_the_key(tmp_path: Path) -> None:
    files = small_tree(tmp_path / "tree")
    before = cache_key(rtl.chip_design(rtl.Simulation(file_list=files)), "icarus", None)
    (tmp_path / "tree" / "lib" / "dla_fifo.vlib").write_text("module dla_fifo; endmodule\n")
    assert cache_key(rtl.chip_design(rtl.Simulation(file_list=files)), "icarus", None) != before


@needs_icarus
def test_the_same_complaint_is_told_twice_at_most(tmp_path: Path) -> None:
    """A completion in every cycle: the first, how many, the last."""
    top = re.sub(r"(nvdla2csb_wr_complete <=) write.*", r"\1 1'b1;", STANDIN.read_text())
    assert top != STANDIN.read_text()
    simulation = rtl.Simulation(sim="icarus", file_list=small_tree(tmp_path / "tree", top=top), seed=1)
    lines = [line for line in rtl.run(copy_program(), simulation).failures if "completion" in line]
    assert len(lines) == 2 and re.fullmatch(r"CSB: completion of a posted write \(cycle \d+\)", lines[0])
    found = re.fullmatch(r"CSB: completion of a posted write: (\d+) times in all \(the last in cycle (\d+)\)", lines[1])
    assert found and int(found[1]) > 50 and int(found[2]) >= int(found[1])


@needs_icarus
def test_a_whole_foreign_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our RTL as another one's: names, libraries, headers, late RAMs. scripts/try_foreign.py does the rest."""
    monkeypatch.setenv("FOREIGN_HOME", str(tmp_path))
    monkeypatch.setenv("DUT_FILELIST", str(write_tree(tmp_path)))
    outcome = run_case(make_case(8, "icarus", ["sdp_pdp", "convolution"], pieces=2))
    assert outcome.differences == [] and outcome.cycles > 300


def test_the_registers_bench_takes_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREIGN_HOME", str(tmp_path))
    monkeypatch.setenv("DUT_FILELIST", str(write_tree(tmp_path)))
    design = bench.load_bench("registers").designs["default"]
    assert design.libraries == (tmp_path / "vmod" / "units",) and design.extensions == (".v", ".vlib")
    assert "DLA_ASSERT" not in design.defines and design.defines["FOREIGN_ASIC"] == "1" and not design.delays
    assert not bench.load_bench("csb").designs["default"].libraries
