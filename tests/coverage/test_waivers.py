"""Waivers hold for lines as they are written; what is wrong with one is told with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cocodla.coverage import session, store
from cocodla.coverage.waivers import FILE, apply, matches, read_waivers
from cocodla.errors import UserError

GOOD = """# those of x

[[waiver]]
file = "rtl/x.v"
lines = ["  if (a) q <= q + 1;  "]
kinds = ["branch"]
points = ["else"]
reason = "a is always 1"

[[waiver]]
file = "rtl/x.v"
points = ["q[1:0]"]
reason = "q never moves"
"""
ONE = [1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
"""Counts that leave open what GOOD waives, and nothing else."""


@pytest.fixture
def write(tree: Path) -> Callable[[str], Path]:
    """Writes the project's file of waivers."""

    def write_waivers(text: str) -> Path:
        (tree / FILE).write_text(text)
        return tree / FILE

    return write_waivers


def test_waivers_excuse_the_points_of_their_lines(keep: Callable[..., Path], write: Callable[[str], Path]) -> None:
    data = store.load(keep(1, one=ONE))
    assert len(session.judge(data, None).holes) == 3
    write(GOOD)
    judged = session.judge(data, None)
    assert not judged.holes and not judged.expired
    assert sorted(judged.waived.values()) == ["a is always 1", "q never moves", "q never moves"]
    assert session.figures(data.points, judged)["toggle"] == (1, 1)
    assert session.complaints(data, judged) == []


def test_a_waiver_expires_with_its_line(
    keep: Callable[..., Path], write: Callable[[str], Path], tree: Path
) -> None:
    file = write(GOOD)
    source = tree / "rtl/x.v"
    source.write_text(source.read_text().replace("if (a) q <= q + 1;", "if (a) q <= q + 2;"))
    data = store.load(keep(1, one=ONE))
    judged = session.judge(data, None)
    assert judged.expired == [
        f"{file}:3: expired: rtl/x.v has no line 'if (a) q <= q + 1;', line 3 is now 'if (a) q <= q + 2;'"
    ]
    assert [point.name for point in judged.holes] == ["else"]
    assert judged.expired[0] in session.complaints(data, judged)


def test_a_waiver_expires_with_its_file(keep: Callable[..., Path], write: Callable[[str], Path]) -> None:
    file = write(GOOD + '\n[[waiver]]\nfile = "rtl/y.v"\npoints = ["*"]\nreason = "gone"\n')
    assert session.judge(store.load(keep(1, one=ONE)), None).expired == [f"{file}:15: expired: there is no rtl/y.v"]


@pytest.mark.parametrize(
    ("old", "new"), [('points = ["else"]', 'points = ["if"]'), ('points = ["q[1:0]"]', 'points = ["r"]')]
)
def test_a_waiver_that_excuses_nothing_is_refused(
    keep: Callable[..., Path], write: Callable[[str], Path], old: str, new: str
) -> None:
    file = write(GOOD.replace(old, new))
    line = 3 if "else" in old else 10
    with pytest.raises(UserError) as error:
        session.judge(store.load(keep(1, one=ONE)), None)
    assert str(error.value).startswith(f"{file}:{line}: waives nothing") and "\n" not in str(error.value)


def test_waivers_of_what_was_not_run_say_nothing(write: Callable[[str], Path]) -> None:
    file = write(GOOD)
    found = apply(read_waivers(file), [], file, whole=False)
    assert not found.reasons and not found.expired


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('reason = "a is always 1"', "", 3, "a waiver without reason"),
        ('reason = "a is always 1"', 'reason = " "', 3, "a waiver without reason"),
        ('file = "rtl/x.v"', "", 3, "a waiver without file"),
        ('kinds = ["branch"]', 'kinds = ["bin"]', 3, "unknown kind 'bin'"),
        ('kinds = ["branch"]', 'kinds = "branch"', 3, "kinds is a list of texts"),
        ('kinds = ["branch"]', "kinds = [1]", 3, "kinds is a list of texts"),
        ('kinds = ["branch"]', 'sort = ["branch"]', 3, "unknown key 'sort'"),
        ('points = ["q[1:0]"]', "", 10, "names lines or points"),
        (GOOD, "waiver = 3", None, "waiver is a list of tables"),
        (GOOD, "[[wavier]]", None, "unknown key 'wavier'"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(
    write: Callable[[str], Path], old: str, new: str, line: int | None, words: str
) -> None:
    assert old in GOOD
    file = write(GOOD.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        read_waivers(file)
    text = str(error.value)
    assert text.startswith(f"{file}:{line}: " if line else f"{file}: ") and words in text and "\n" not in text


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("q[3]:0->1", "q[3:1]", True), ("q[0]:0->1", "q[3:1]", False), ("q[13]:0->1", "q[3:1]", False),
        ("q[3]:0->1", "q[3]", True), ("q[3]:0->1", "q[3]:1->0", False), ("q[3]:1->0", "q[3]:1->0", True),
        ("q[3]:1->0", "q*", True), ("q[3]:1->0", "q", False), ("r:1->0", "r", True), ("r:1->0", "q", False),
        ("q[3]:0->1", "q[3:1]:0->1", True), ("q[3]:1->0", "q[3:1]:0->1", False),
        ("mem[2][7]:0->1", "mem[2][7:4]", True), ("mem[3][7]:0->1", "mem[2][7:4]", False),
        ("a.b[3]:0->1", "*b[3:0]", True), ("(a==1) => 1", "(a==1) => 1", True), ("(a?1) => 1", "(a?1) => 1", True),
    ],
)  # fmt: skip
def test_patterns(name: str, pattern: str, fits: bool) -> None:
    assert matches(name, pattern) == fits
