"""Self-test of the chip-level environment on the stand-in DUT: player, memory, watchdog, checks, results."""

from __future__ import annotations

import re
import shutil
import zlib
from pathlib import Path
from random import Random

import pytest

from cocodla.errors import UserError
from cocodla.program.commands import (
    CheckMemory,
    Command,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.runtime.player import decode
from cocodla.runtime.rtl import MemoryModel, Simulation, run
from cocodla.sim import project

STANDIN = project.root() / "tb" / "hdl" / "standin" / "files.f"
SIMULATORS = [
    "verilator",
    pytest.param("icarus", marks=pytest.mark.skipif(not shutil.which("iverilog"), reason="no iverilog")),
]
SOURCE, TARGET = 0x8000_0FE0, 0x9000_1008


def copy(atoms: int, source: int = SOURCE, target: int = TARGET, ram_type: int = 1) -> list[Command]:
    """One layer of the stand-in: copy `atoms` atoms."""
    return [
        WriteRegister(MAP["SDP_RDMA.D_SRC_DMA_CFG"].address, ram_type),
        WriteRegister(MAP["SDP_RDMA.D_SRC_BASE_ADDR_LOW"].address, source),
        WriteRegister(MAP["SDP.D_DATA_CUBE_WIDTH"].address, atoms - 1),
        WriteRegister(MAP["SDP.D_DST_BASE_ADDR_LOW"].address, target),
        WriteRegister(MAP["SDP.D_OP_ENABLE"].address, 1),
    ]


def simulation(sim: str, **options: object) -> Simulation:
    return Simulation(sim=sim, file_list=STANDIN, seed=1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("sim", SIMULATORS)
def test_copy(sim: str) -> None:
    """Load, fill, layer, interrupt, check (bytes, CRC, unaligned), reads, polls, marks, and their times."""
    data = Random(3).randbytes(8 * 300)
    status = MAP["GLB.S_INTR_STATUS"].address
    program = Program(
        [
            Mark("start"),
            LoadMemory(SOURCE, data),
            LoadMemory(SOURCE + 3, b"abcdefghijk"),
            FillMemory(TARGET - 5, 8 * 300 + 10, 0xA5),
            *copy(300),
            PollRegister(status, 1, 1),
            WaitInterrupt(1),
            ReadRegister(status, 0xFFFFFFFF, 0),
            ReadRegister(MAP["SDP.D_DATA_CUBE_WIDTH"].address, 0xFFFFFFFF, 299),
            CheckMemory(TARGET - 5, 5, "before", b"\xa5" * 5),
            CheckMemory(TARGET, 2400, "copy", crc=zlib.crc32(data[:3] + b"abcdefghijk" + data[14:])),
            CheckMemory(TARGET + 2400, 5, "after", b"\xa5" * 5),
            Mark("end"),
        ]
    )
    seen: list[tuple[int, int]] = []
    execution = run(program, simulation(sim), progress=lambda done, total: seen.append((done, total)))
    assert execution.failures == []
    assert [o.name for o in execution.observations] == [
        "GLB.S_INTR_STATUS", "SDP.D_DATA_CUBE_WIDTH", "before", "copy", "after",
    ]  # fmt: skip
    assert execution.observations[3].data[:14] == data[:3] + b"abcdefghijk"
    start, enable, wait, end = execution.events
    assert (start.name, enable.name, wait.name, end.name) == ("start", "SDP.D_OP_ENABLE", "interrupt 0x1", "end")
    # 300 beats at full rate, 32 cycles for the first read and the last response, a few in the engine.
    assert 300 + 64 <= wait.cycle - enable.cycle <= 300 + 64 + 40
    assert (enable.read_beats, end.read_beats, end.write_beats) == (0, 300, 300)
    assert execution.counters["read_beats"] == execution.counters["write_beats_id1"] == 300
    assert execution.counters["cpu_seconds"] > 0
    assert seen[-1] == (len(program.commands), len(program.commands))


def test_write_rate() -> None:
    """Register writes stream at one a cycle."""
    writes: list[Command] = [WriteRegister(MAP["SDP.D_DATA_CUBE_WIDTH"].address, i) for i in range(500)]
    execution = run(Program([Mark("a"), *writes, Mark("b")]), simulation("verilator"))
    assert execution.events[1].cycle - execution.events[0].cycle == 500


def test_interrupt_time_is_the_rise() -> None:
    """The cycle of a WaitInterrupt is that of the rise of dla_intr, not of the read that saw it; masked bits work."""
    program = Program([LoadMemory(SOURCE, bytes(80)), FillMemory(TARGET, 80), *copy(10), WaitInterrupt(1)])
    plain = run(program, simulation("verilator"))
    masked = Program([WriteRegister(MAP["GLB.S_INTR_MASK"].address, 1), *program.commands])
    slow = run(masked, simulation("verilator"))
    assert plain.passed and slow.passed
    plain_time = plain.events[1].cycle - plain.events[0].cycle
    assert plain_time < slow.events[1].cycle - slow.events[0].cycle <= plain_time + 300


@pytest.mark.parametrize("number", range(6))
def test_random_memory(number: int) -> None:
    """Any memory timing gives the same bytes, and the same seed the same cycles."""
    rng = Random(number)
    memory = MemoryModel.random(rng)
    program = Program([LoadMemory(SOURCE, rng.randbytes(800)), FillMemory(TARGET, 800), *copy(100), WaitInterrupt(1)])
    program.append(CheckMemory(TARGET, 800, "copy", program.commands[0].data))  # type: ignore[union-attr]
    first = run(program, simulation("verilator", memory=memory))
    again = run(program, simulation("verilator", memory=memory))
    assert first.failures == [], memory
    assert first.events == again.events


@pytest.mark.parametrize("sim", SIMULATORS)
def test_hang_is_diagnosed(sim: str) -> None:
    """RAM type 0 never moves: the run ends and names the enabled unit and the command that waits."""
    program = Program(
        [FillMemory(SOURCE, 80), FillMemory(TARGET, 80), Mark("layer 1"), *copy(10, ram_type=0), WaitInterrupt(1)]
    )
    execution = run(program, simulation(sim, watchdog=2000))
    assert len(execution.failures) == 1
    text = execution.failures[0]
    assert "waits for interrupt status bits 0x1" in text and "'layer 1'" in text
    assert "enabled: SDP group 0 RUNNING (consumer 0) waits for data of SDP_RDMA (IDLE)" in text
    assert "S_INTR_STATUS 0x0" in text
    assert "likely: units, groups or order (programming.md 1 to 3)" in text and "SDP lacks SDP_RDMA" in text


def test_poll_that_never_ends() -> None:
    """A poll that is never met is a hang, too, with no unit enabled."""
    execution = run(
        Program([PollRegister(MAP["GLB.S_INTR_STATUS"].address, 1, 1)]), simulation("verilator", watchdog=2000)
    )
    assert len(execution.failures) == 1
    assert "polls GLB.S_INTR_STATUS" in execution.failures[0] and "no unit" in execution.failures[0]


def test_wild_access() -> None:
    """A read or a write of memory that the program does not name is reported with its address."""
    program = Program([LoadMemory(SOURCE, bytes(80)), *copy(2, target=0xDEAD_0000), WaitInterrupt(1)])
    execution = run(program, simulation("verilator"))
    assert len(execution.failures) == 2
    assert "write to unmapped" in execution.failures[0] and "dead0000" in execution.failures[0]
    program.meta["memory"] = [[0xDEAD_0000, 16]]
    assert run(program, simulation("verilator")).passed


def test_broken_expectations() -> None:
    """Each command whose expectation is not met is one line; the run goes on."""
    program = Program(
        [
            FillMemory(SOURCE, 16, 7),
            CheckMemory(SOURCE, 16, "t", bytes(16)),
            ReadRegister(MAP["SDP.D_OP_ENABLE"].address, 1, 1),
            CheckMemory(SOURCE, 16, "u", crc=1),
        ]
    )
    execution = run(program, simulation("verilator"))
    assert len(execution.failures) == 3
    assert [o.name for o in execution.observations] == ["t", "SDP.D_OP_ENABLE", "u"]


def test_results_that_are_cut_off_or_missing(tmp_path: Path) -> None:
    """Wherever the file ends: one failure, and what was written before."""
    register = MAP["SDP.D_DATA_CUBE_WIDTH"].address
    program = Program([Mark("m"), ReadRegister(register, 0, 0), CheckMemory(SOURCE, 16, "t")])
    text = "E 0 1 2 3\nR 1 123456\nD 2 2\n0000000000000001\n0000000000000002\nC cycles 77\nZ\n"
    path = tmp_path / "results.txt"
    for length in range(len(text)):
        path.write_text(text[:length])
        execution = decode(program, path, "verilator")
        assert execution.failures == ["the simulation ended before the program did"]
        for seen in execution.observations:
            assert seen.data in ((123456).to_bytes(4, "little"), bytes([1, *[0] * 7, 2, *[0] * 7]))
    path.write_text(text)
    execution = decode(program, path, "verilator")
    assert execution.passed and len(execution.observations) == 2 and execution.counters["cycles"] == 77
    path.unlink()
    assert decode(program, path, "verilator").failures == [f"the simulation left no results ({path})"]


def test_user_errors(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong use is one line."""
    with pytest.raises(UserError, match="unknown simulator"):
        run(Program(), Simulation(sim="vcs", file_list=STANDIN))
    with pytest.raises(UserError, match="does not exist"):
        run(Program(), Simulation(file_list=STANDIN.with_name("nothing.f")))


@pytest.mark.parametrize("sim", SIMULATORS)
@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        (r".*dla_intr.*\n", "", r"NV_nvdla.v:\d+: NV_nvdla has no port 'dla_intr'"),
        (r"module NV_nvdla", "module nvdla", r"files.f: no file has module NV_nvdla"),
    ],
)
def test_a_dut_that_does_not_fit(tmp_path: Path, sim: str, pattern: str, replacement: str, reason: str) -> None:
    """One line that names what the DUT lacks."""
    text = re.sub(pattern, replacement, STANDIN.with_name("NV_nvdla.v").read_text())
    (tmp_path / "NV_nvdla.v").write_text(text)
    fifo = project.root() / "rtl" / "lib" / "dla_fifo.v"
    (tmp_path / "files.f").write_text(f"NV_nvdla.v\n{fifo}\n")
    with pytest.raises(UserError, match=reason) as caught:
        run(Program(), Simulation(sim=sim, file_list=tmp_path / "files.f"))
    assert "\n" not in str(caught.value)


def test_a_parameter_the_dut_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUT_PARAMETERS", "ACC_DEPTH=32")
    with pytest.raises(UserError, match=r"NV_nvdla.v:\d+: NV_nvdla has no parameter ACC_DEPTH \(DUT_PARAMETERS\)"):
        run(Program(), Simulation(file_list=STANDIN))


@pytest.mark.parametrize(
    ("fault", "output"), [("dla_intr <= 1'bx;", "dla_intr"), ("nvdla2csb_data <= 32'bx;", "csb data")]
)
def test_x_on_an_output_is_told_icarus(tmp_path: Path, fault: str, output: str) -> None:
    """Icarus knows four states: an output that is X after reset fails the run."""
    text = STANDIN.with_name("NV_nvdla.v").read_text()
    text, count = re.subn(rf"{fault.split()[0]} <= \w.*;", fault, text)
    assert count
    (tmp_path / "NV_nvdla.v").write_text(text)
    fifo = project.root() / "rtl" / "lib" / "dla_fifo.v"
    (tmp_path / "files.f").write_text(f"NV_nvdla.v\n{fifo}\n")
    program = Program([ReadRegister(MAP["SDP.D_DATA_CUBE_WIDTH"].address, 0, 0)])
    execution = run(program, Simulation(sim="icarus", file_list=tmp_path / "files.f", seed=1))
    assert any(f"X on {output}" in line for line in execution.failures), execution.failures


def test_a_file_list_with_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "files.f").write_text("# sources\nnothing.v\n")
    with pytest.raises(UserError, match=r"files.f:2: file nothing.v does not exist"):
        run(Program(), Simulation(file_list=tmp_path / "files.f"))
