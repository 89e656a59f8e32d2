"""Recorded register logs: a whole network of the public compiler, and bad input."""

import os
from pathlib import Path

import numpy as np
import pytest

from cocodla import zoo
from cocodla.errors import UserError
from cocodla.golden import Device, run
from cocodla.program import Program
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
from cocodla.program.txn import read_txn, write_txn
from cocodla.stimulus.program import PIECES, build_program, random_plan

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


def test_waits_and_polls_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "l.txn").write_text("poll_reg 0x9000 0x3 0\nwait_intr 0x3 # both\nwait_intr 16 keep\n")
    commands = read_txn(tmp_path / "l.txn").commands
    assert commands[1:] == [PollRegister(0x9000, 3, 0), WaitInterrupt(3), WaitInterrupt(16, clear=False)]


def test_every_program_can_be_written_without_loss(tmp_path: Path) -> None:
    """Random programs, a compiled network, and names that would be comments or several words."""
    programs = [build_program(random_plan(seed, 6, list(PIECES), 8)).program for seed in range(4)]
    programs.append(zoo.lenet5().program(np.zeros((2, 1, 28, 28), np.uint8)))
    odd = Program(meta={"name": "a # b // c", "note": ["é", None, 1.5]})
    odd.append(Mark("// layer # 1 ä\n", {"layer": "x y", "image": 0}), ReadRegister(0x100C, 3, 1), LoadMemory(5, b""))
    odd.append(ReadRegister(0x300C, 1, 1), PollRegister(0x9000, 3, 0), WaitInterrupt(1), WaitInterrupt(2, clear=False))
    odd.append(CheckMemory(8, 3, "a b", b"abc"), CheckMemory(8, 3, "#", crc=7), CheckMemory(9, 1, "/"))
    odd.append(LoadMemory(64, b"abc"), FillMemory(0, 16, 3))
    for number, program in enumerate([*programs, odd]):
        path = tmp_path / f"a b {number}.txn"
        write_txn(program, path)
        found = read_txn(path)
        assert found.commands == program.commands
        meta = {key: value for key, value in found.meta.items() if key not in ("files", "lines")}
        assert meta == {key: value for key, value in program.meta.items() if key not in ("files", "lines")}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("write_reg 0x10004 1", "0x10004 is no register of nv_small: no unit of nv_small is there"),
        ("read_reg 0x9ff0 0 0", "0x9ff0 is no register of nv_small: unit SDP has none there"),
        ("poll_reg 0x9000 3", "not a register access"),
        ("wait_intr 1 perhaps", "not a register access"),
        ("mark x {}", "Expecting value"),
        ('check_mem 0 8 "x" crc', "not a check"),
        ("mem_load 0 nosuch.bin 0 4", "no such file"),
        ("mem_load 0 l.txn 0 4000", "bytes 0..4000 are not in"),
        ("mem_load 0 ../l.txn 0 4", "outside|no such file"),
    ],
)
def test_bad_lines_of_written_logs(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "l.txn").write_text(f"{line}\n")
    with pytest.raises(UserError, match=f"l.txn:1: .*({reason})"):
        read_txn(tmp_path / "l.txn")


@pytest.mark.parametrize("word", ["read_reg", "poll_reg"])
def test_expected_bits_outside_of_the_mask_do_not_count(tmp_path: Path, word: str) -> None:
    """As the RTL's player has it, for reads and polls alike."""
    (tmp_path / "l.txn").write_text(f"program {{}}\n{word} 0x9000 0x3 0xfffffffc\n{word} 0x9000 0 1\n")
    assert run(read_txn(tmp_path / "l.txn"), Device()).passed
    (tmp_path / "l.txn").write_text("program {}\npoll_reg 0x9000 0x3 0xfffffffd\n")
    with pytest.raises(UserError, match="for 0xfffffffd under 0x3 never ends"):
        run(read_txn(tmp_path / "l.txn"), Device())
