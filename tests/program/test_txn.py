"""Recorded register logs: a whole network of the public compiler, and bad input."""

import os
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.golden import Device, run
from cocodla.program.commands import FillMemory, LoadMemory, Mark, PollRegister, WaitInterrupt, WriteRegister
from cocodla.program.txn import read_txn

SHARED = Path(os.environ.get("COCODLA_SHARED", Path(__file__).parents[3] / "shared"))


def test_official_lenet_runs_to_the_right_answer() -> None:
    folder = SHARED / "traces/official_lenet"
    if not folder.is_dir():
        pytest.skip("skipped: no ../shared")
    device = Device()
    execution = run(read_txn(folder / "lenet.txn", folder / "memory.txt"), device)
    assert execution.failures == []
    words = (folder / "expected_output.txt").read_text().splitlines()[-1].split()
    assert device.memory.dump(int(words[0], 0), 16).hex() == "".join(words[1:])


def test_reads_of_the_interrupt_status_wait(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\1\2")
    (tmp_path / "m.txt").write_text("mem_fill 0x100 16 0xff\n# comment\nmem_load 0x200 a.bin\n")
    (tmp_path / "l.txn").write_text(
        "write_reg 0x9038 1\nread_reg 0x300c 0xffffffff 1\nread_reg 0x100c 0x3 0x1\nread_reg 0x100c 0x3 0\n"
    )
    commands = read_txn(tmp_path / "l.txn", tmp_path / "m.txt").commands
    assert commands[0] == Mark("l")
    assert commands[1:4] == [FillMemory(0x100, 16, 255), LoadMemory(0x200, b"\1\2"), WriteRegister(0x9038, 1)]
    assert commands[4:6] == [PollRegister(0x300C, 0xFFFFFFFF, 1), WaitInterrupt(1, clear=False)]
    assert type(commands[6]).__name__ == "ReadRegister"


@pytest.mark.parametrize(
    ("log", "memory", "reason"),
    [
        ("write_reg 0x9038\n", "", "l.txn:1: not a register access"),
        ("\nwrite_reg 0x9038 0x1ffffffff\n", "", "l.txn:2: .* is outside"),
        ("write_reg 0x9039 1\n", "", "l.txn:1: .*multiple of 4"),
        ("write_reg xyz 1\n", "", "l.txn:1: 'xyz' is not a number"),
        ("", "mem_fill 0x100000000 1 0\n", "m.txt:1: .* is outside"),
        ("", "mem_load 0x0 missing.bin\n", "m.txt:1: missing.bin"),
        ("", "mem_copy 0 1\n", "m.txt:1: not a memory command"),
        ("", "\nmem_fill 0xfffffff0 32 0\n", "m.txt:2: .* outside the 32-bit memory"),
    ],
)
def test_bad_logs_are_named(tmp_path: Path, log: str, memory: str, reason: str) -> None:
    (tmp_path / "l.txn").write_text(log)
    (tmp_path / "m.txt").write_text(memory)
    with pytest.raises(UserError, match=reason):
        read_txn(tmp_path / "l.txn", tmp_path / "m.txt")
