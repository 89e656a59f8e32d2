"""Recorded logs: reads that depend on timing are counted apart, all others, interrupts and outputs judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from loadable.networks import chain

from cocodla.golden import Device
from cocodla.golden.run import step
from cocodla.loadable.descriptors import Kind
from cocodla.loadable.network import open_network
from cocodla.program.commands import (
    CheckMemory,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.scoreboard import Scoreboard, Tally
from cocodla.runtime.traces import find_traces, run_trace

STATUS = MAP["GLB.S_INTR_STATUS"].address
Line = list[str]


def driver_program() -> Program:
    """What the driver does for several convolutions with bias; the last operation is SDP behind one."""
    kinds = [Kind.CONVOLUTION, Kind.SDP]
    chains = (found[0] for found in map(chain, range(200)))
    builder = next(
        builder for builder in chains
        if [op.kind for op in builder.ops][-2:] == kinds and [op.kind for op in builder.ops].count(kinds[0]) > 1
    )  # fmt: skip
    return open_network(Path("net.nvdla"), builder.data()).program({})


def recorded(folder: Path, change: Callable[[list[Line]], None] = lambda lines: None) -> Program:
    """The log of a run of the golden model, as a driver would have recorded it, read back."""
    folder.mkdir(exist_ok=True)
    device, result = Device(), Execution("golden")
    lines: list[Line] = []
    memory, outputs = [], []
    for index, command in enumerate(driver_program()):
        match command:
            case ReadRegister(address) if address == STATUS:
                lines.append(["read_reg", hex(address), "0xffffffff", "0"])
            case ReadRegister(address):
                lines.append(["read_reg", hex(address), "0xffffffff", hex(device.read_register(address))])
            case PollRegister(address, mask, expected):
                lines.append(["read_reg", hex(address), hex(mask), hex(expected)])
            case WriteRegister(address, value):
                lines.append(["write_reg", hex(address), hex(value)])
            case WaitInterrupt(bits):
                lines.append(["read_reg", hex(STATUS), "0xffffffff", hex(bits)])
                lines.append(["write_reg", hex(STATUS), hex(bits)])
            case LoadMemory(address, data):
                (folder / f"m{index}.bin").write_bytes(data)
                memory.append(f"mem_load {address:#x} m{index}.bin\n")
            case FillMemory(address, length, value):
                memory.append(f"mem_fill {address:#x} {length} {value}\n")
            case CheckMemory(address, length):
                outputs.append(f"{address:#x} {device.read_memory(address, length)[0].tobytes().hex()}\n")
            case Mark():
                pass
        step(device, command, index, result)
    change(lines)
    (folder / "memory.txt").write_text("".join(memory))
    (folder / "expected_output.txt").write_text("".join(outputs))
    (folder / f"{folder.name}.txn").write_text("".join(" ".join(line) + "\n" for line in lines))
    return find_traces(folder)[0].read()


def tally(program: Program) -> tuple[Tally, list[str]]:
    board = Scoreboard(program)
    return board.tallies(Execution("RTL")).get("golden", Tally()), board.golden_failures


def of(*names: str) -> set[str]:
    return {hex(MAP[name].address) for name in names}


def last_wait(lines: list[Line]) -> int:
    """Place of the last wait for interrupts."""
    return max(n for n, line in enumerate(lines) if line[:2] == ["read_reg", hex(STATUS)] and line[3] != "0")


def group_of(lines: list[Line]) -> int:
    """The group of SDP that was programmed last."""
    pointers = (line for line in reversed(lines) if line[0] == "write_reg" and line[1] in of("SDP.S_POINTER"))
    return int(next(pointers)[2], 0)


def test_all_of_a_log_is_equal_where_it_was_recorded(tmp_path: Path) -> None:
    found, failures = tally(recorded(tmp_path / "log"))
    assert failures == []
    assert found.reads == found.reads_equal > 0 and found.timing == found.timing_equal > 0
    assert found.outputs == found.outputs_equal > 0 and found.interrupts == found.interrupts_seen > 0


def test_values_that_depend_on_timing_do_not_judge(tmp_path: Path) -> None:
    """The pointer of SDP_RDMA while operands wait (another machine reads ahead and has ended), and S_STATUS."""

    def other_machine(lines: list[Line]) -> None:
        enabled = False
        place = last_wait(lines)
        status = hex(MAP["SDP.S_STATUS"].address)
        shift = 16 * group_of(lines[:place])
        lines[place:place] = [["read_reg", status, "0xffffffff", hex(value << shift)] for value in (2, 1)]
        for line in lines:
            if line[:3] == ["write_reg", *of("SDP_RDMA.D_OP_ENABLE"), "0x1"]:
                enabled = True
            if enabled and line[0] == "read_reg" and line[1] in of("SDP_RDMA.S_POINTER"):
                line[3] = hex(int(line[3], 0) ^ 0x10000)
                break

    found, failures = tally(recorded(tmp_path / "log", other_machine))
    assert failures == []
    assert found.reads == found.reads_equal and found.timing > found.timing_equal
    again = run_trace("log", recorded(tmp_path / "log", other_machine), rtl.Simulation(seed=1))
    assert again.passed and again.tallies["RTL"].timing == found.timing


def first(lines: list[Line], *names: str) -> Line:
    return next(line for line in lines if line[0] == "read_reg" and line[1] in of(*names))


@pytest.mark.parametrize(
    ("names", "value"),
    [(("SDP_RDMA.S_POINTER",), "0x10000"), (("CACC.S_POINTER",), "0x1"), (("GLB.S_INTR_MASK",), "0x3")],
)
def test_other_values_judge(tmp_path: Path, names: tuple[str, ...], value: str) -> None:
    """The first reads of these registers: nothing is at work."""

    def wrong(lines: list[Line]) -> None:
        first(lines, *names)[3] = value

    program = recorded(tmp_path / "log", wrong)
    found, failures = tally(program)
    assert found.reads_equal == found.reads - 1
    (line,) = failures
    assert names[0] in line and "log.txn:" in line


def test_an_interrupt_that_never_comes_is_a_failure(tmp_path: Path) -> None:
    def wrong(lines: list[Line]) -> None:
        line = next(line for line in lines if line[1] == hex(STATUS) and line[0] == "read_reg" and line[3] != "0")
        line[3] = hex(int(line[3], 0) | 0x8)

    board = Scoreboard(recorded(tmp_path / "log", wrong))
    assert board.refused and "CDP group 1 cannot come" in board.golden_failures[0]


def test_idle_that_was_waited_for_is_waited_for(tmp_path: Path) -> None:
    """A driver that polls S_STATUS instead of taking the interrupt: the last read of the loop becomes a wait."""
    log = tmp_path / "log"

    def polling(lines: list[Line]) -> None:
        place = last_wait(lines)
        status = hex(MAP["SDP.S_STATUS"].address)
        running = hex(1 << 16 * group_of(lines[:place]))
        lines[place:place] = [["read_reg", status, "0xffffffff", value] for value in (running, running, "0x0")]

    board = Scoreboard(recorded(log, polling))
    assert board.golden_failures == []
    polls = [c for c in board.program if isinstance(c, PollRegister) and c.address == MAP["SDP.S_STATUS"].address]
    assert polls and all(poll.expected == 0 for poll in polls)


def test_wrong_outputs_judge(tmp_path: Path) -> None:
    recorded(tmp_path / "log")
    path = tmp_path / "log" / "expected_output.txt"
    text = path.read_text()
    place = text.index(" ") + 1
    path.write_text(text[:place] + f"{int(text[place : place + 2], 16) ^ 1:02x}" + text[place + 2 :])
    found, failures = tally(find_traces(tmp_path / "log")[0].read())
    assert found.outputs_equal == found.outputs - 1 and "output at" in failures[0]
