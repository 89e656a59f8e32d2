"""Traces and logs that want too much, or files that are none of theirs: one line, before anything is read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.program import allowance
from cocodla.program.allowance import Limits
from cocodla.program.commands import LoadMemory
from cocodla.program.trace import read_trace
from cocodla.program.txn import read_txn

BLOCK = 1 << 28


def trace(folder: Path, text: str, **surfaces: str) -> Path:
    (folder / "t").mkdir()
    (folder / "t" / "t.cfg").write_text(text)
    for name, content in surfaces.items():
        (folder / "t" / f"{name}.dat").write_text(content)
    return folder / "t"


@pytest.mark.parametrize(("text", "words"), [
    ("reg_write(" + "," * 200_000 + ");", "t.cfg:1: a line of 65,536 characters or more"),
    ("reg_write(" + "," * 65_000 + ");", "t.cfg:1: 65001 arguments, 2 expected"),
    ('reg_write("' + '","' * 20_000 + '");', "t.cfg:1: 20001 arguments"),
    ("x" * 60_000 + "(1);", "unknown command 'x{60}'$"),
    ("".join(f"mem_init(1, {i * BLOCK:#x}, {BLOCK:#x}, RANDOM);\n" for i in range(16)), "536,870,912 bytes are"),
    ("mem_init(1, 0, 0xffffffff, ALL_ZERO);\nmem_reserve(1, 0, 1);\nmem_init(1, 0, 1, X);\n", "t.cfg:3: .*declared"),
    ("mem_init(1, 0, 0xffffffff, X);", "4,294,967,295 bytes are written"),
    ("sync_notify(GLB, a);\ncheck_crc(a, 1, 0, 0x4000001, 0);", "t.cfg:2: 67,108,865 bytes are checked"),
    ("reg_write(NVDLA_SDP.S_POINTER_0, " + "9" * 5000 + ");", "t.cfg:1: '9{40}...' is not a number"),
    ("reg_write(NVDLA_SDP.S_POINTER_0, 0x" + "f" * 5000 + ");", "0xf{38}... is outside"),
    ("reg_write(NVDLA_SDP.S_POINTER_0, -1);", "-1 is outside"),
    ("\n" * 2_000_001, "t.cfg:2000001: more than 2,000,000 lines"),
])  # fmt: skip
def test_too_much_of_a_trace(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        read_trace(trace(tmp_path, text))


@pytest.mark.parametrize(("surface", "words"), [
    ("{offset:0, size:0xffffffff, payload:}", "a.dat:1: 4,294,967,295 bytes are written"),
    ("{offset:0, size:0x10000001, payload:0x1}", "a.dat:1: 268,435,457 bytes are written"),
    ("{offset:0xfffffff0, size:0x20, payload:0x1}", "a.dat:1: .*outside the 32-bit memory"),
    ("{offset:0, size:4, payload:" + "0x00 " * 3_400_000, "a.dat:1: a line of 16,777,216 characters or more"),
])  # fmt: skip
def test_too_much_of_a_surface(surface: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        read_trace(trace(tmp_path, 'mem_load(1, 0, "a.dat");', a=surface))


def test_commands_files_and_runs_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MOST_COMMANDS", 20)
    monkeypatch.setattr(allowance, "MOST_FILES", 5)
    write = "reg_write(NVDLA_SDP.S_POINTER_0, 0);\n"
    runs = "".join(f"{{offset:{8 * i}, size:1, payload:1}}\n" for i in range(20))
    for name, text, words in (
        ("a", write * 21, "t.cfg:21: more than 20 commands"),
        ("b", 'mem_load(1, 0, "a.dat");\n', "a.dat:20: more than 20"),
        ("c", 'mem_load(1, 0, "b.dat");\n' * 6, "t.cfg:6: more than 5 files"),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        with pytest.raises(UserError, match=words):
            read_trace(trace(tmp_path / name, text, a=runs, b=""))
    (tmp_path / "l.txn").write_text("write_reg 0x9004 0\n" * 21)
    with pytest.raises(UserError, match=r"l.txn:21: more than 20 commands"):
        read_txn(tmp_path / "l.txn")


def test_the_memory_limit_is_an_option(tmp_path: Path) -> None:
    folder = trace(tmp_path, "mem_init(1, 0, 100, ALL_ZERO);\nmem_init(1, 200, 100, ONES);")
    assert len(read_trace(folder, Limits(memory=200))) == 3
    with pytest.raises(UserError, match=r"t.cfg:2: 200 bytes of memory are declared up to here; at most 199"):
        read_trace(folder, Limits(memory=199))
    (tmp_path / "m.txt").write_text("mem_fill 0 100 0\nmem_load 0 a.bin\n")
    (tmp_path / "a.bin").write_bytes(bytes(100))
    (tmp_path / "l.txn").write_text("")
    files = tmp_path / "l.txn", tmp_path / "m.txt", None
    assert len(read_txn(*files, Limits(memory=200))) == 3
    with pytest.raises(UserError, match=r"m.txt:2: 200 bytes of memory are declared"):
        read_txn(*files, Limits(memory=199))


def test_sizes_are_judged_before_files_are_read(tmp_path: Path) -> None:
    """A later line is wrong: the surface file before it, which is no text, is not looked at."""
    folder = trace(tmp_path, 'mem_load(1, 0, "a.dat");\nmem_init(1, 0, 0xfffffff0, X);')
    (folder / "a.dat").write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"t.cfg:2: 4,294,967,280 bytes"):
        read_trace(folder)
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / "m.txt").write_text("mem_load 0 big.bin\n")
    (tmp_path / "l.txn").write_text("")
    with pytest.raises(UserError, match=r"m.txt:1: bytes .* are outside the 32-bit memory"):
        read_txn(tmp_path / "l.txn", tmp_path / "m.txt")


def outside(folder: Path) -> None:
    (folder / "t" / "x").symlink_to(folder / "secret.dat")


def deep(folder: Path) -> None:
    (folder / "away").mkdir()
    (folder / "away" / "secret.dat").write_text("{offset:0, size:1, payload:7}")
    (folder / "t" / "below").symlink_to(folder / "away")


@pytest.mark.parametrize(("make", "name"), [
    (lambda folder: None, "../secret.dat"), (lambda folder: None, "{}/secret.dat"), (outside, "x"),
    (deep, "below/secret.dat"),
])  # fmt: skip
@pytest.mark.parametrize("log", [False, True])
def test_files_outside_are_not_read(log: bool, make: Callable[[Path], object], name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.dat").write_text("{offset:0, size:1, payload:7}")
    name = name.format(tmp_path)
    folder = trace(tmp_path, f'mem_load(1, 0, "{name}");')
    (folder / "m.txt").write_text(f"mem_load 0 {name}\n")
    (folder / "l.txn").write_text("")
    make(tmp_path)

    def read(limits: Limits | None = None) -> object:
        program = read_txn(folder / "l.txn", folder / "m.txt", None, limits) if log else read_trace(folder, limits)
        return program.commands[1]

    with pytest.raises(UserError, match=r"(m.txt|t.cfg):1: .* lies outside of .*--allow-outside"):
        read()
    assert isinstance(read(Limits(outside=True)), LoadMemory)


def test_links_inside_are_read(tmp_path: Path) -> None:
    folder = trace(tmp_path, 'mem_load(1, 0, "sub/../b/x.dat");', a="{offset:0, size:1, payload:7}")
    (folder / "sub").mkdir()
    (folder / "b").mkdir()
    (folder / "b" / "x.dat").symlink_to(folder / "a.dat")
    assert read_trace(folder).commands[1] == LoadMemory(0, b"\7")


@pytest.mark.parametrize(("make", "words"), [
    (os.mkfifo, "is no file"), (Path.mkdir, "is no file"), (lambda path: path.symlink_to(path), "cannot be read"),
    (lambda path: path.symlink_to("gone"), "no such file"),
])  # fmt: skip
def test_what_is_no_file(make: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    folder = trace(tmp_path, 'mem_load(1, 0, "x.dat");')
    make(folder / "x.dat")
    (folder / "m.txt").write_text("mem_load 0 x.dat\n")
    (folder / "l.txn").write_text("")
    for read in (lambda: read_trace(folder), lambda: read_txn(folder / "l.txn", folder / "m.txt")):
        with pytest.raises(UserError, match=f":1: .*{words}"):
            read()


@pytest.mark.parametrize("place", range(3))
def test_lists_that_are_no_files(place: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("l.txn", "m.txt", "o.txt"):
        (tmp_path / name).write_text("")
    for odd, words in ((tmp_path / "pipe", "a pipe, not a file"), (Path("/dev/zero"), "a device, not a file")):
        files = [tmp_path / name for name in ("l.txn", "m.txt", "o.txt")]
        files[place] = odd
        with pytest.raises(UserError, match=words):
            read_txn(*files)


@pytest.mark.parametrize("line", [
    "intr_notify(SDP_0, a{0});\nsync_wait(SDP, a{0});\n",
    "reg_write(NVDLA_SDP.D_OP_ENABLE_0, 1);\nintr_notify(a{0});\ncheck_nothing(a{0});\n",
    "sync_wait(SDP, a{0});\nsync_wait(PDP, b{0});\nsync_notify(SDP, b{0});\nsync_notify(PDP, a{1});\n"
    "sync_notify(GLB, a0);\n",
])  # fmt: skip
def test_order_takes_a_time_that_grows_with_the_trace(line: str, tmp_path: Path) -> None:
    """Each wait once walked through all that was left: 60,000 lines took half an hour."""
    count = 60_000 // line.count("\n")
    folder = trace(tmp_path, "".join(line.format(number, number + 1) for number in range(count)))
    started = time.process_time()
    read_trace(folder)
    assert time.process_time() - started < 6
