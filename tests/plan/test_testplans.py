"""Testplans: what is wrong in one is told with file and line; how its points last went is read from kept runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import complaint

from cocodla.cli import main
from cocodla.errors import UserError
from cocodla.plan import render
from cocodla.plan.results import PointState, judge
from cocodla.plan.testplan import FILE, read_testplan, read_testplans
from cocodla.sim import bench, project

GOOD = """
about = "a bench"

[[point]]
proves = "it sleeps"
spec = "system.md 1"
tests = ["sleeps"]
coverage = ["port: * waits for ready"]

[[point]]
proves = "it works"
tests = ["*", "works"]
"""
BENCH = 'about = "x"\ntop = "x"\nsources = ["tb/blocks/x/x.v"]\n'
TESTS = "import cocotb\n\n\n@cocotb.test()\nasync def sleeps(dut): ...\n\n\n@cocotb.test()\nasync def works(dut): ...\n"


@pytest.fixture
def write_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A project of one block `x` with tests sleeps and works; the call writes its plan."""
    folder = tmp_path / "tb" / "blocks" / "x"
    folder.mkdir(parents=True)
    for name, text in (("bench.toml", BENCH), ("test_x.py", TESTS), ("x.v", "module x; endmodule\n")):
        (folder / name).write_text(text)
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(project, "build", lambda: tmp_path / "build")

    def write(text: str) -> Path:
        (folder / FILE).write_text(text)
        return folder / FILE

    return write


def test_every_block_has_a_plan_that_fits_its_tests() -> None:
    plans = read_testplans()
    assert [plan.block for plan in plans] == bench.block_names()
    assert Path("docs/testplan.md").read_text() == render.as_markdown(plans)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"sleeps"', '"sleep"', 4, "the bench has no test 'sleep' (is it sleeps?)"),
        ('tests = ["sleeps"]', "", 4, "the point 'it sleeps' has no test"),
        ('tests = ["sleeps"]', "tests = []", 4, "has no test"),
        ('tests = ["sleeps"]', 'tests = "sleeps"', 4, "tests is a list of texts"),
        ('tests = ["sleeps"]', "tests = [1]", 4, "tests is a list of texts"),
        ('proves = "it works"', "proves = 3", 10, "proves is a text"),
        ('proves = "it works"', "", 10, "a point without proves"),
        ('proves = "it works"', 'proof = "it works"', 10, "unknown key 'proof'"),
        ('spec = "system.md 1"', 'coverage = ["a"', None, ""),
        ('"*", "works"', '"*"', None, "no point names the test works"),
        ('about = "a bench"', 'title = "a bench"', None, "unknown key 'title'"),
        (GOOD, "", None, "no [[point]]"),
        (GOOD, "point = 3", None, "no [[point]]"),
    ],
)
def test_a_wrong_plan_is_told_in_one_line(
    write_plan: Callable[[str], Path], old: str, new: str, line: int | None, words: str
) -> None:
    assert old in GOOD
    file = write_plan(GOOD.replace(old, new))
    with pytest.raises(UserError) as error:
        read_testplan("x")
    text = str(error.value)
    assert text.startswith(f"{file}:{line}: " if line else f"{file}: ") and words in text and "\n" not in text


def test_a_block_without_a_plan_and_no_block(write_plan: Callable[[str], Path]) -> None:
    with pytest.raises(UserError, match=r"testplan.toml: no such file"):
        read_testplan("x")
    with pytest.raises(UserError, match="unknown block"):
        read_testplan("y")


def keep(number: int, statuses: dict[str, str], rules: str = "") -> None:
    """A kept run of block x as the runner keeps it."""
    folder = project.build() / "junit"
    folder.mkdir(parents=True, exist_ok=True)
    failure = {"passed": "", "failed": '<failure error_msg="AssertionError: no"/>', "skipped": "<skipped/>"}
    case = '<testcase name="{}" classname="test_x">{}</testcase>'
    cases = [case.format(name, failure[status]) for name, status in statuses.items()]
    report = folder / f"x-verilator-{number:04}-seed7.xml"
    report.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    report.with_suffix(".rules.txt").write_text(rules)


def states(block: str = "x") -> list[PointState]:
    return judge(read_testplan(block))


def test_points_stand_as_the_newest_run_of_each_test(write_plan: Callable[[str], Path]) -> None:
    write_plan(GOOD)
    assert [state.state for state in states()] == ["not run", "not run"]
    keep(1, {"sleeps": "failed", "works/size=3": "passed"})
    assert [state.state for state in states()] == ["failed", "failed"]
    keep(2, {"sleeps": "passed"}, "held\tport\tvalid waits for ready\nshown\tport\tvalid waits for ready\n")
    assert [state.state for state in states()] == ["passed", "passed"]
    assert states()[1].tests == {"sleeps": "passed", "works": "passed"}
    keep(3, {"works/size=3": "passed", "works/size=4": "failed", "sleeps": "skipped"})
    assert [state.state for state in states()] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ("held\tport\tvalid waits for ready\n", "unreached"),
        ("held\tother\tvalid waits for ready\nshown\tother\tvalid waits for ready\n", "unreached"),
        ("held\tport\tvalid waits for ready\nshown\tport\tvalid waits for ready\n", "passed"),
        (
            "held\tport\tvalid waits for ready\nshown\tport\tvalid waits for ready\nheld\tport\tdata waits for ready\n",
            "unreached",
        ),
    ],
)
def test_coverage_is_every_item_of_a_pattern(write_plan: Callable[[str], Path], rules: str, state: str) -> None:
    write_plan(GOOD)
    keep(1, {"sleeps": "passed", "works": "passed"}, rules)
    assert states()[0].state == state


def test_the_command_ends_with_1_where_a_point_is_not_proven(
    write_plan: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    file = write_plan(GOOD.replace("it sleeps", "<b>it sleeps</b>"))
    keep(1, {"sleeps": "failed", "works": "passed"})
    page, document = tmp_path / "plan.html", tmp_path / "plan.md"
    monkeypatch.setattr("sys.argv", ["cocodla", "plan", "--html", str(page), "--markdown", str(document)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "sleeps failed" in capsys.readouterr().out
    assert "&lt;b&gt;it sleeps" in page.read_text() and "<b>it" not in page.read_text()
    assert "system.md 1" in document.read_text()
    file.write_text(GOOD.replace('"sleeps"', '"snores"'))
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2


def test_documents_replace_neither_plans_nor_each_other(write_plan: Callable[[str], Path], tmp_path: Path) -> None:
    file = write_plan(GOOD)
    target = tmp_path / "plan.out"
    assert "is read as well" in complaint("plan", "--markdown", file)
    assert "is read as well" in complaint("plan", "--html", file)
    assert "are two files" in complaint("plan", "--html", target, "--markdown", target)
    assert file.read_text() == GOOD and not target.exists()
