"""Damaged traces and logs: whatever is wrong with them, the readers say it in one line or read them."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from cocodla.errors import UserError
from cocodla.program.trace import read_trace
from cocodla.program.txn import read_txn
from cocodla.runtime import rtl
from cocodla.runtime.scoreboard import Scoreboard

from .trace_writer import TraceWriter

PIECES = (
    b"", b"\0", b"\xff", b"(", b")", b";", b",", b'"', b"//", b"#", b"{", b"}", b"0x", b"-1", b"99999999999", b"\r",
    b"_", b"NVDLA_", b"intr_notify(x);\n", b"sync_wait(SDP, x);\n", b"0x ", b" ", b"\n", b"read_reg ", b"1e3", b"0b1",
    b"check_file(x, 1, 0, 4, \"in.dat\");\n", b"pri_mem", b"ALL_ZERO", b"\xc3\xa9",
)  # fmt: skip
LOG = b"write_reg 0x9004 1\nread_reg 0x9004 0xffffffff 0x1 # x\nread_reg 0x100c 0x1 0x1\nread_reg 0x300c 1 1\n"
IMAGE = b"# image\nmem_fill 0x100 0x20 255\nmem_load 0x200 a.bin\n"
OUTPUT = b"0x200 0102 03\n"


def damage(rng: Random, text: bytes) -> bytes:
    """Some bytes cut out, put in, doubled or exchanged."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        first = rng.randrange(len(text) + 1)
        last = min(len(text), first + rng.choice([0, 1, 1, 3, 20]))
        part = rng.choice([rng.choice(PIECES), text[first:last] * 2, text[first:last][::-1]])
        text = text[:first] + part + text[last:]
    return text


def attempt(read: object, *arguments: object) -> bool:
    """True if it was read; a complaint must be one line that names a file."""
    try:
        read(*arguments)  # type: ignore[operator]
    except UserError as error:
        text = str(error).lower()
        assert "\n" not in text and any(name in text for name in ("t.cfg", ".dat", ".mem", ".txt", "l.txn"))
        return False
    return True


@pytest.mark.parametrize("seed", range(2))
def test_damaged_traces(seed: int, tmp_path: Path) -> None:
    rng = Random(seed)
    good, bad = tmp_path / "good" / "t", tmp_path / "bad" / "t"
    good.mkdir(parents=True)
    TraceWriter(good, 40 + seed, pieces=1, base=0x8000_0000, size=4).write()
    files = sorted(good.iterdir())
    outcomes = set()
    for _ in range(150):
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(good, bad)
        victim = rng.choice([bad / "t.cfg", bad / rng.choice(files).name])
        victim.write_bytes(damage(rng, victim.read_bytes()))
        outcomes.add(attempt(read_trace, bad))
    assert outcomes == {True, False}


def test_damaged_logs(tmp_path: Path) -> None:
    rng = Random(5)
    (tmp_path / "a.bin").write_bytes(b"123")
    paths = tmp_path / "l.txn", tmp_path / "m.txt", tmp_path / "o.txt"
    outcomes = set()
    for _ in range(400):
        for path, text in zip(paths, (LOG, IMAGE, OUTPUT), strict=True):
            path.write_bytes(text)
        victim = rng.choice(paths)
        victim.write_bytes(damage(rng, victim.read_bytes()))
        outcomes.add(attempt(read_txn, *paths))
    assert outcomes == {True, False}


CHANGES = ("0", "1", "2", "7", "0x10000", "0x80000000", "0xffffffff", "0x1234567")


@pytest.mark.parametrize("seed", range(3))
def test_changed_registers_are_refused_or_agree(seed: int, tmp_path: Path) -> None:
    """The rules of the golden model are complete: what it accepts, the RTL computes alike and does not hang."""
    rng = Random(seed)
    folder = tmp_path / "t"
    folder.mkdir()
    TraceWriter(folder, 60 + seed, pieces=1, base=0x8000_0000, size=5).write()
    script = folder / "t.cfg"
    lines = script.read_text().splitlines()
    writes = [i for i, line in enumerate(lines) if "reg_write" in line.split("//")[0] and "D_OP_ENABLE" not in line]
    accepted = 0
    for _ in range(30):
        changed = list(lines)
        place = rng.choice(writes)
        changed[place] = f"{lines[place][: lines[place].index(',')]}, {rng.choice(CHANGES)});"
        script.write_text("\n".join(changed))
        board = Scoreboard(read_trace(folder))
        if board.refused:
            continue
        execution = rtl.run(board.program, rtl.Simulation(seed=1, watchdog=20_000))
        failures = [line for line in board.rtl_failures(execution) if "CRC-32" not in line]
        assert failures == [], f"{lines[place]} -> {changed[place]}"
        accepted += 1
        if accepted == 4:
            break
    assert accepted
