"""The program file: lossless, deterministic, and honest about damage."""

import contextlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocodla.errors import UserError
from cocodla.golden.run import run
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
from cocodla.program.program import Program

words = st.integers(0, 2**32 - 1)
registers = st.integers(0, 2**16 - 1).map(lambda n: 4 * n)
places = st.integers(0, 2**31)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
infos = st.dictionaries(st.text(max_size=4), plain, max_size=3)


def checks(address: int, data: bytes, name: str, kind: int) -> CheckMemory:
    return CheckMemory(address, len(data), name, data if kind & 1 else None, 0x12345678 if kind & 2 else None)


commands = st.one_of(
    st.builds(LoadMemory, places, st.binary(max_size=20)),
    st.builds(FillMemory, places, st.integers(0, 1000), st.integers(0, 255)),
    st.builds(WriteRegister, registers, words),
    st.builds(ReadRegister, registers, words, words),
    st.builds(PollRegister, registers, words, words),
    st.builds(WaitInterrupt, words, st.booleans()),
    st.builds(checks, places, st.binary(max_size=20), st.text(max_size=5), st.integers(0, 3)),
    st.builds(Mark, st.text(max_size=5), infos),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(commands, max_size=12), infos)
def test_round_trip_is_lossless_and_deterministic(
    tmp_path_factory: pytest.TempPathFactory, items: list, meta: dict
) -> None:
    folder = tmp_path_factory.mktemp("program")
    program = Program(items, meta)
    program.save(folder / "a")
    again = Program.load(folder / "a")
    assert again == program
    again.save(folder / "b")
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == ["a", "b"]


odd = st.one_of(
    st.sampled_from([None, True, -1, 0, 8, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 70, 1.5, "", "x"]),
    st.integers(), st.just({"tensor": 1}), plain,
)  # fmt: skip
kinds = st.sampled_from(["load", "fill", "write", "read", "poll", "wait", "check", "mark", "jump"])


@settings(max_examples=int(os.environ.get("DAMAGE_EXAMPLES", "100")), deadline=None)
@given(st.lists(st.lists(odd, max_size=6).flatmap(lambda rest: kinds.map(lambda kind: [kind, *rest])), max_size=4), odd)
def test_odd_values_are_refused_or_run(
    tmp_path_factory: pytest.TempPathFactory, items: list[list[object]], meta: object
) -> None:
    """DAMAGE_EXAMPLES: how many are tried."""
    path = tmp_path_factory.mktemp("odd") / "p"
    header = {"format": "cocodla-program", "version": 1, "meta": meta}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("commands.jsonl", "\n".join(map(json.dumps, [header, *items])))
        archive.writestr("data.bin", b"12345678")
    with contextlib.suppress(UserError):
        run(Program.load(path))


def test_equal_blobs_are_stored_once(tmp_path: Path) -> None:
    Program([LoadMemory(8 * i, b"abcdefgh") for i in range(50)]).save(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "p") as archive:
        assert archive.read("data.bin") == b"abcdefgh"


def test_bad_files_give_one_line(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with pytest.raises(UserError, match="cannot read"):
        Program.load(path)
    path.write_bytes(b"no zip")
    with pytest.raises(UserError, match="not a program file"):
        Program.load(path)
    Program([LoadMemory(0, bytes(100_000))]).save(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="not a program file"):
        Program.load(path)
    with pytest.raises(UserError, match="cannot write"):
        Program().save(tmp_path / "missing" / "p")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('["jump", 1]', "line 2: unknown command"),
        ('["write", 4, "x"]', "line 2: unknown command"),
        ('["load", 0, 0, 9]', "line 2: bytes 0..9 are outside"),
        ("[1, 2", "line 2"),
        ('["write", 2, 0]', "not a word"),
        ('["write", 4, 4294967296]', "does not fit 32 bits"),
        ('["fill", 4294967295, 2, 0]', "outside the 32-bit memory"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "p"
    header = {"format": "cocodla-program", "version": 1, "meta": {}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("commands.jsonl", json.dumps(header) + "\n" + line)
        archive.writestr("data.bin", b"12345678")
    with pytest.raises(UserError, match=reason):
        Program.load(path)
