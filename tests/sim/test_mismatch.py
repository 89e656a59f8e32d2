"""Mismatches are told by place, values and time."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace

import pytest

from cocodla.sim import project
from cocotbext.dla import Cube, Mismatch, expect, expect_beats, expect_lanes, expect_range, explained, require
from cocotbext.dla import moment as module


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no simulator: it is always 50 ns."""
    monkeypatch.setattr(module, "get_sim_time", lambda unit: 50.0)


def line(*arguments: object, check: object = expect, **more: object) -> str:
    with pytest.raises(Mismatch) as error:
        check(*arguments, **more)  # type: ignore[operator]
    return str(error.value)


def test_values() -> None:
    expect("x", 3, 3)
    assert line("x", 3, 4) == "x: got 3, expected 4 (at 50 ns)"
    assert line("x", 3, 4, 1234567.5, hex) == "x: got 0x3, expected 0x4 (at 1234567.5 ns)"
    assert line("x", [1, 2, 3], [1, 9], show=hex) == "x, number 1: got 0x2, expected 0x9 (at 50 ns)"
    assert line("x", [1], [1, 9]) == "x, number 1: never came, 1 of 2 did (at 50 ns)"


def test_what_is_no_comparison() -> None:
    require([1], "nothing came")
    assert line([], "nothing came", check=require) == "nothing came (at 50 ns)"
    assert line(0, "late", 7.0, check=require) == "late (at 7 ns)"


def test_the_cycle_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cycles count from the first clock of a test; times that came before keep theirs."""
    monkeypatch.setattr(module._Clock, "mark", SimpleNamespace(done=lambda: False))
    monkeypatch.setattr(module._Clock, "begin", 20.0)
    monkeypatch.setattr(module._Clock, "period", 3.3)
    assert line("x", 3, 4) == "x: got 3, expected 4 (cycle 9, at 50 ns)"
    assert line("x", 3, 4, 23.3) == "x: got 3, expected 4 (cycle 1, at 23.3 ns)"


def test_benches_tell_what_the_design_did_wrong() -> None:
    """An `assert` of a bench is about its stimulus only: of the design it would say no more than `assert 0 == 1`."""
    names = r"bench|core|unit|chip|board"
    about_the_design = re.compile(rf"\bdut\b|\bawait\b|\bself\b|\.items\b|\b({names})\.(?!rng|space|depth)")
    told = [
        f"{path.parent.name}/{path.name}:{node.lineno}: {ast.unparse(node.test)}"
        for path in sorted((project.root() / "tb").glob("*/**/*.py"))
        if path.parent.name != "agents"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert) and about_the_design.search(ast.unparse(node.test))
    ]
    assert not told


def test_ranges() -> None:
    expect_range("rate", 0.95, 0.95, 1)
    assert line("rate", 0.5, 0.95, check=expect_range) == "rate: got 0.5, expected at least 0.95 (at 50 ns)"
    text = line("cycles", 8, check=expect_range, most=5)
    assert text == "cycles: got 8, expected at most 5 (at 50 ns)"


def test_lanes() -> None:
    expect_lanes("x", 0x1234, 0x1234)
    assert line("x", 0x80_00_01, 0x01_00_01, check=expect_lanes) == "x, lane 2: got -128, expected 1 (at 50 ns)"
    text = line("x", 0x0102, 0xFFFF0304, check=expect_lanes, signed=False, lane="byte", at=7.0)
    assert text == "x, byte 0: got 2, expected 4, 4 bytes differ (at 7 ns)"
    assert line("x", 0x7FFFF, 0, 19, check=expect_lanes) == "x, lane 0: got -1, expected 0 (at 50 ns)"


def test_beats() -> None:
    expect_beats("s", [1, 2], [1, 2])
    assert line("s", [1, 5], [1, 2], [10.0, 20.0], check=expect_beats) == "s, beat 1: got 5, expected 2 (at 20 ns)"
    assert line("s", [1], [1, 2, 3], [10.0], check=expect_beats) == "s, beat 1: never came, 1 of 3 did (at 50 ns)"
    text = line("s", [1, 2], [1], [10.0, 20.0], ["first"].__getitem__, check=expect_beats)
    assert text == "s, beat 1: came after the last of 1 (at 20 ns)"
    text = line("s", [0x0100], [0x0200], (), "word {}".format, expect_lanes, check=expect_beats)
    assert text == "s, word 0, lane 1: got 1, expected 2 (at 50 ns)"


def test_places_in_a_cube() -> None:
    cube = Cube(width=3, height=2, surfaces=2, address=0xFFFFFFC0, line_stride=32, surface_stride=128)
    assert cube.cell(0) == "surface 0, line 0, column 0"
    assert cube.cell(10) == "surface 1, line 1, column 1"
    for surface in range(2):
        for row in range(2):
            for column in range(3):
                address = (cube.address + 128 * surface + 32 * row + 8 * column) & 0xFFFFFFFF
                assert cube.at(address) == f"surface {surface}, line {row}, column {column}"
    for outside in (24, 64, 4, 256, -8):
        address = (cube.address + outside) & 0xFFFFFFFF
        assert cube.at(address) == f"address {address:#010x}"
    assert Cube(1, 1, 1).at(0) == "surface 0, line 0, column 0", "no strides are needed where there is one cell"


def test_a_mismatch_is_explained_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with explained(lambda: ["never"]):
        expect("x", 3, 3)
    assert not caplog.records
    with pytest.raises(Mismatch), explained(lambda: ["off by one", "a map"]):
        expect("x", 3, 4)
    assert [record.getMessage() for record in caplog.records] == ["off by one", "a map"]
