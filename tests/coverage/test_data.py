"""Verilator's coverage data are read, kept and merged, and which test reached what is never lost."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.coverage.conftest import KEYS, raw

from cocodla.coverage import lcov, session, store
from cocodla.coverage.data import Kind
from cocodla.coverage.groups import grouped
from cocodla.coverage.verilator import HEADER, Reader, bin_name
from cocodla.errors import UserError

ALL = [1] * len(KEYS)
FIRST = [2, 3, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4]
SECOND = [5, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]


def test_points_of_all_instances_are_one_and_benches_and_checks_are_left_out(tree: Path) -> None:
    (tree / "a.dat").write_text(raw(tree, FIRST))
    reader = Reader(tree)
    counts = reader.read(tree / "a.dat")
    assert [(point.line, point.kind, point.name) for point in reader.points] == [
        (2, Kind.LINE, "2"), (3, Kind.BRANCH, "3 if"), (3, Kind.BRANCH, "else"), (1, Kind.TOGGLE, "q[0]:0->1"),
        (1, Kind.TOGGLE, "q[1]:0->1"), (8, Kind.TOGGLE, "taken:0->1"), (1, Kind.FUNCTIONAL, "x: wraps"),
        (2, Kind.FUNCTIONAL, "x: starts at 0 (lane 3)"),
    ]  # fmt: skip
    assert counts.tolist() == [5, 1, 0, 1, 0, 0, 0, 4]
    (tree / "b.dat").write_text(raw(tree, SECOND))
    assert reader.read(tree / "b.dat").tolist() == [5, 0, 7, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        (lambda text: text.replace(HEADER, "# other"), 1, "is no coverage data of Verilator"),
        (lambda text: "", 1, "is no coverage data of Verilator"),
        (lambda text: text[:-5], 15, "is cut off"),
        (lambda text: text.replace("' 3\n", "' x\n", 1), 3, "is no point of coverage data"),
        (lambda text: text.replace("\x02v_branch", "\x02v_other", 1), 4, "is no point of coverage data"),
        (lambda text: text.replace("\x01l\x022", "\x01l\x02two", 1), 2, "is no point of coverage data"),
        (lambda text: text.replace("\x01n\x02", "\x01m\x02", 1), 2, "is no point of coverage data"),
    ],
)
def test_damaged_data_are_told_with_file_and_line(
    tree: Path, spoil: Callable[[str], str], place: int, words: str
) -> None:
    (tree / "a.dat").write_text(spoil(raw(tree, FIRST)))
    with pytest.raises(UserError) as error:
        Reader(tree).read(tree / "a.dat")
    text = str(error.value)
    assert text.startswith(f"{tree / 'a.dat'}:{place}: ") and words in text and "\n" not in text


def test_data_of_one_model_have_the_same_points(tree: Path) -> None:
    reader = Reader(tree)
    (tree / "a.dat").write_text(raw(tree, FIRST))
    reader.read(tree / "a.dat")
    for cut, line in ((-1, len(KEYS)), (3, 3)):
        lines = raw(tree, SECOND).splitlines()
        del lines[cut]
        (tree / "b.dat").write_text("\n".join(lines) + "\n")
        with pytest.raises(UserError, match=rf"b.dat:{line + (cut > 0)}: has {len(KEYS) - 1} points"):
            reader.read(tree / "b.dat")


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        ("TOP.glb.u_cover.source[3].set_and_clear", "glb: set and clear (source 3)"),
        ("TOP.u.u_cover.a__BRA__0__KET____DOT__b.seen", "glb: seen (a 0, b)"),
        ("TOP.u.u_cover.full", "glb: full"),
    ],
)
def test_bins_are_named_by_unit_label_and_place(instance: str, name: str) -> None:
    assert bin_name("tb/hdl/coverage/glb_cover.sv", instance) == name


def test_a_merge_knows_which_test_reached_what(keep: Callable[..., Path]) -> None:
    keep(1, one=FIRST, two=SECOND)
    keep(2, one=SECOND)
    data = session.merge_all([])
    again = store.load_merged()
    assert again == data
    assert [test.key[2:] for test in data.tests] == [("test_x.one", 1), ("test_x.one", 2), ("test_x.two", 1)]
    names = [point.name for point in data.points]
    by = {name: [test.told for test in data.reached_by(place)] for place, name in enumerate(names)}
    assert by["3 if"] == ["x: one, seed 1"]
    assert by["else"] == ["x: one, seed 2", "x: two, seed 1"]
    assert by["q[1]:0->1"] == []
    counts = dict(zip(names, data.counts, strict=True))
    assert counts["2"] == 5 + 5 + 5 and counts["else"] == 14
    assert store.reached_items(data) == {"x: wraps": True, "x: starts at 0 (lane 3)": True}
    only_first = session.only(data, ["x"])
    assert only_first.reached().tolist() == data.reached().tolist()


@pytest.mark.parametrize("name", ["a.cov", "z.cov"])
def test_the_last_run_of_a_test_counts(keep: Callable[..., Path], name: str) -> None:
    first = keep(1, one=FIRST)
    older = first.rename(first.with_name(name))
    os.utime(older, (1, 1))
    keep(1, one=SECOND)
    data = session.merge_all([])
    assert len(data.tests) == 1
    assert [point.name for point, hit in zip(data.points, data.reached(), strict=True) if hit] == [
        "2", "else", "x: wraps"
    ]  # fmt: skip


def test_data_of_other_sources_are_refused(keep: Callable[..., Path], tree: Path) -> None:
    path = keep(1, one=ALL)
    session.merge_all([])
    source = tree / "rtl/x.v"
    source.write_text(source.read_text() + "\n")
    for file, load in ((path, lambda: session.merge_all([])), (store.merged_file(), store.load_merged)):
        with pytest.raises(UserError) as error:
            load()
        assert str(error.value) == (
            f"{file}: is coverage of another build: rtl/x.v has changed since; run the block again"
        )
    source.unlink()
    with pytest.raises(UserError, match=r"there is no rtl/x.v here"):
        store.load_merged()


@pytest.mark.parametrize("form", ["text", "cut", "inside", "other"])
def test_damaged_files_are_refused_in_one_line(keep: Callable[..., Path], form: str) -> None:
    path = keep(1, one=ALL)
    packed = path.read_bytes()
    damaged = {
        "text": b"hello", "cut": packed[:-20], "inside": gzip.compress(gzip.decompress(packed)[:-9]),
        "other": gzip.compress(b"\x93\x01\x02\x03"),
    }  # fmt: skip
    path.write_bytes(damaged[form])
    with pytest.raises(UserError) as error:
        store.load(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_a_file_that_leads_out_of_the_project_is_refused(keep: Callable[..., Path], tree: Path) -> None:
    data = store.load(keep(1, one=ALL))
    store.save(tree / "evil.cov", store.Data({"rtl/../../etc/passwd": "0"}, data.points, data.counts, data.tests))
    with pytest.raises(UserError, match="is coverage of another build"):
        store.load(tree / "evil.cov")


def test_nothing_to_merge(tree: Path) -> None:
    with pytest.raises(UserError, match="no coverage data"):
        session.merge_all([])
    with pytest.raises(UserError, match="no such file"):
        store.load_merged()


def test_points_of_a_line_are_told_together(keep: Callable[..., Path]) -> None:
    data = store.load(keep(1, one=[0] * len(KEYS)))
    assert [line for *_, line in grouped(data.points)] == [
        "2", "3 if, else", "q[1:0] 0->1", "taken 0->1", "x: wraps", "x: starts at 0 (lane 3)"
    ]  # fmt: skip


def test_lcov_has_lines_and_branches(keep: Callable[..., Path], tree: Path) -> None:
    text = lcov.tracefile(store.load(keep(1, one=FIRST)))
    assert text.splitlines() == [
        "TN:", f"SF:{tree}/rtl/x.v", "BRDA:3,0,0,1", "BRDA:3,0,1,0", "BRF:2", "BRH:1", "DA:2,5", "DA:3,1", "LF:2",
        "LH:2", "end_of_record",
    ]  # fmt: skip


def test_the_page_needs_no_network() -> None:
    """No address of another host in the page's template."""
    folder = Path(__file__).parents[2] / "models/cocodla/report/coverage"
    found = subprocess.run(["grep", "-rn", "http", str(folder)], capture_output=True, text=True)
    assert not [line for line in found.stdout.splitlines() if "http-equiv" not in line and ".pyc" not in line]
