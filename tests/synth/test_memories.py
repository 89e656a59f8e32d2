"""The list of the memories of the chip (docs/memories.md). Skipped: no Yosys."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.errors import UserError
from cocodla.report.memories import count_sizes
from cocodla.sim.filelist import own_list, read_file_list
from cocodla.synth.memories import find_memories

BUSES = {"cdma": "c", "cbuf": "c", "csc": "c", "cmac_a": "ma", "cmac_b": "mb", "cacc": "a", "mcif": "o"}
"""Units without one have p."""


@pytest.mark.usefixtures("with_yosys")
def test_every_memory_of_the_default_chip() -> None:
    memories = find_memories(read_file_list(own_list()), "NV_nvdla", {})
    by_path = {memory.path: memory for memory in memories}
    assert len(by_path) == len(memories) == 81
    for memory in memories:
        assert memory.bus == f"nvdla_pwrbus_ram_{BUSES.get(memory.unit, 'p')}_pd", memory
        assert memory.clock == "dla_core_clk"
    buffer = [memory for memory in memories if memory.unit == "cbuf"]
    assert sum(memory.bits for memory in buffer) == 128 * 1024 * 8 and not any(memory.gate for memory in buffer)
    tables = by_path["u_cdp.g_lane[7].u_lut.u_tables.u_odd"]
    assert (tables.width, tables.depth, tables.gate) == (16, 256, "u_cdp.u_gate")
    assert by_path["u_pdp.u_regs.u_regs.u_ram"].gate == "u_csb_master.u_gate"
    assert dict(count_sizes(memories))[64, 512] == 30


@pytest.mark.usefixtures("with_yosys")
def test_the_command_follows_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUT_PARAMETERS", "PDP_LANES=2 CDP_LANES=1 READ_DEPTH=32 CLOCK_GATES=0")
    done = CliRunner().invoke(cli.app, ["memories", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    sizes = {memory["path"]: (memory["width"], memory["depth"]) for memory in found["memories"]}
    assert sizes["u_pdp.u_vertical.g_bank[0].u_bank.u_ram"] == (28, 64)
    assert sizes["u_cdp_rdma.u_fetch.u_buffer.u_ram"] == (64, 32)
    assert len([path for path in sizes if ".u_lut." in path]) == 2
    assert {memory["gate"] for memory in found["memories"]} == {""}
    assert sum(size["count"] for size in found["sizes"]) == len(sizes)


def test_another_design_has_memories_that_nobody_knows(tmp_path: Path) -> None:
    other = replace(read_file_list(own_list()), sources=[tmp_path / "chip.v"])
    with pytest.raises(UserError, match=r"no dla_ram_1r1w\.v: the memories of another design are not known"):
        find_memories(other, "NV_nvdla", {})


@pytest.mark.usefixtures("with_yosys")
def test_pins_that_come_from_nowhere(tmp_path: Path) -> None:
    """A wrapper between the chip and the memory that leaves its pins open."""
    (tmp_path / "top.v").write_text(
        "module top (input clk, input [31:0] pins, output [7:0] q);\n"
        "dla_ram_1r1w #(.WIDTH(8), .DEPTH(4)) u_ram (.clk(clk), .ram_pd({pins[0], pins[31:1]}), .wr_en(1'b0),\n"
        "  .wr_addr(2'd0), .wr_data(8'd0), .rd_en(1'b1), .rd_addr(2'd0), .rd_data(q));\nendmodule\n"
    )
    files = read_file_list(own_list())
    wrapper = next(path for path in files.sources if path.stem == "dla_ram_1r1w")
    with pytest.raises(UserError, match="ram_pd of u_ram is connected to no input of the chip"):
        find_memories(replace(files, sources=[tmp_path / "top.v", wrapper]), "top", {})
