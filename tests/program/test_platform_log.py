"""Logs of the virtual platform: written from runs of the golden model, read back, and run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray, CubeLayout, Int8Array
from cocodla.golden import Device, run
from cocodla.golden.memory import Memory
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
from cocodla.program.execution import Execution
from cocodla.program.platform_log import read_platform_log
from cocodla.program.program import Program
from cocodla.runtime.scoreboard import Scoreboard
from cocodla.runtime.traces import find_traces
from cocodla.stimulus.program import build_program, random_plan


class Watched(Memory):
    """Memory that writes down what the accelerator does with it, as the platform's adaptor does."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines, self.quiet = lines, False

    def read(self, address: int, length: int) -> ByteArray:
        data = super().read(address, length)
        self._tell(0, address, data)
        return data

    def write(self, address: int, data: ByteArray) -> None:
        super().write(address, data)
        self._tell(1, address, data)

    def write_cube(self, address: int, layout: CubeLayout, atoms: Int8Array) -> None:
        self.quiet = True
        super().write_cube(address, layout, atoms)
        self.quiet = False
        lines = atoms.reshape(1, layout.surfaces, layout.height, -1).view(np.uint8)
        for surface in range(layout.surfaces):
            for y in range(layout.height):
                self._tell(1, address + surface * layout.surface_stride + y * layout.line_stride, lines[:, surface, y])

    def _tell(self, write: int, address: int, data: ByteArray) -> None:
        if self.quiet:
            return
        words = data[0, : data.shape[-1] // 4 * 4].tobytes()
        told = " ".join(f"{int.from_bytes(words[n : n + 4], 'little'):08x}" for n in range(0, len(words), 4))
        if told:
            self.lines.append(
                f"12 ms: Info: nvdla.dbb_adaptor: GP: iswrite={write} addr=0x{address:x} len={len(words)} "
                f"data=0x {told} resp=TLM_OK_RESPONSE"
            )


def csb(write: int, address: int, value: int) -> str:
    head = f"3 ns: Info: nvdla.csb_adaptor: GP: iswrite={write} addr=0x{address:x} len=4"
    return f"{head} data=0x {value:08x} resp=TLM_OK_RESPONSE"


def recorded(program: Program, folder: Path) -> Path:
    """The log of a program that the golden model runs."""
    lines = ["        SystemC 2.3.0-ASI", "Info: something else"]
    device = Device()
    memory = device.memory = Watched(lines)
    for command in program:
        memory.quiet = isinstance(command, LoadMemory | FillMemory | CheckMemory)
        if isinstance(command, WriteRegister):
            lines.append(csb(1, command.address, command.value))
        run(Program([command]), device)
        match command:
            case ReadRegister(address):
                lines.append(csb(0, address, device.read_register(address)))
            case PollRegister(address, _, expected):
                lines.append(csb(0, address, expected))
            case WaitInterrupt(bits):
                lines.append("5 ms: Info: nvdla.irq_adaptor: IRQ: irq_line=176 value=1")
                lines += [csb(0, 0x100C, bits), csb(1, 0x100C, bits), csb(0, 0x100C, 0)]
    (folder / "sc.log").write_text("\n".join(lines) + "\n")
    return folder / "sc.log"


@pytest.mark.parametrize("seed", range(4))
def test_a_log_gives_memory_accesses_and_outputs(tmp_path: Path, seed: int) -> None:
    program = build_program(random_plan(seed, 4, ["pdp", "sdp", "cdp"], 4)).program
    found = read_platform_log(recorded(program, tmp_path))

    def writes(commands: list[Command]) -> list[WriteRegister]:
        return [c for c in commands if isinstance(c, WriteRegister) and c.address != 0x100C]

    assert writes(found.commands) == writes(program.commands)
    board = Scoreboard(found)
    assert board.golden_failures == [] and not board.refused
    tally = board.tallies(Execution("RTL"))["golden"]
    assert tally.outputs and tally.outputs == tally.outputs_equal and tally.interrupts == tally.interrupts_seen > 0
    assert find_traces(tmp_path)[0].read() == found


def test_the_first_read_and_the_last_write_count(tmp_path: Path) -> None:
    def beat(write: int, address: int, *words: int) -> str:
        told = " ".join(f"{word:08x}" for word in words)
        size = 4 * len(words)
        head = f"1 ms: Info: nvdla.dbb_adaptor: GP: iswrite={write} addr=0x{address:x} len={size}"
        return f"{head} data=0x {told} resp=TLM_OK_RESPONSE"

    path = tmp_path / "sc.log"
    lines = [
        csb(1, 0x9038, 1), beat(0, 0x8000_0000, 0x24444F1D, 0x11223344), beat(1, 0x8000_0004, 1, 2),
        beat(0, 0x8000_0000, 0x99999999, 1), beat(0, 0x8000_0FFC, 7, 8), beat(1, 0x8000_0008, 3), csb(0, 0x9000, 5),
        csb(0, 0x100C, 0), "cut off: nvdla.csb_adaptor: GP: iswrite=1 addr=0x90",
    ]  # fmt: skip
    path.write_text("\n".join(lines))
    assert read_platform_log(path).commands == [
        Mark("sc"),
        LoadMemory(0x8000_0000, bytes.fromhex("1d4f442444332211")),
        LoadMemory(0x8000_0FFC, bytes.fromhex("0700000008000000")),
        WriteRegister(0x9038, 1),
        ReadRegister(0x9000, 0xFFFFFFFF, 5),
        CheckMemory(0x8000_0004, 8, "memory at 0x80000004", bytes.fromhex("0100000003000000")),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nothing of it", "no access of a register"),
        (csb(1, 0x5000 + 0xFF0, 1), "sc.log:1: 0x5ff0 is no register of nv_small: unit CMAC_A has none there"),
        (csb(1, 0x10004, 1), "sc.log:1: 0x10004 is no register of nv_small: no unit of nv_small is there"),
        (csb(1, 0x5008, 1).replace("len=4 data=0x", "len=8 data=0x 00000000"), "sc.log:1: 2 words in an access"),
        (csb(1, 0x5008, 1).replace("csb", "sram"), "sc.log:1: an access of the SRAM"),
        (csb(1, 1 << 40, 1).replace("csb", "dbb"), "sc.log:1: bytes .* are outside the 32-bit memory"),
        (csb(1, 0x5008, 1).replace("csb", "dbb").replace("len=4", "len=64"), "sc.log:1: 1 words for a length of 64"),
    ],
)
def test_bad_logs_are_told_in_one_line(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "sc.log").write_text(line + "\n")
    with pytest.raises(UserError, match=reason):
        read_platform_log(tmp_path / "sc.log")


def test_long_runs_of_digits_are_no_access(tmp_path: Path) -> None:
    """A line that nearly fits is given up at once, and digits without a blank between are not two words."""
    digits = "1234567890" * 3000
    line = csb(1, 0x5008, 1)
    (tmp_path / "sc.log").write_text(f"{line}\n{line.replace('00000001', digits)}\n{line[:-1]}{digits}\n")
    program = read_platform_log(tmp_path / "sc.log")
    assert program.commands == [Mark("sc"), WriteRegister(0x5008, 1)] and program.meta["unread"] == 2
