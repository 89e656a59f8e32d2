"""Results of commands become problems with a signature, a command that runs them alone, and figures."""

from __future__ import annotations

import json

import pytest

from cocodla.regress.items import Ended, Problem
from cocodla.regress.judge import MOST_PROBLEMS, judge
from cocodla.regress.signature import normalized, signature

from .conftest import bench_result, ended, item


def test_a_block_that_passes() -> None:
    found = judge(item("glb"), ended(bench_result()))
    assert found.verdict == "passed" and found.facts == {"block_runs": 1, "tests": 3} and not found.problems


def test_each_test_that_fails_is_a_problem_that_can_be_run_alone() -> None:
    found = judge(item("glb", 7), ended(bench_result("got 1, expected 2 (at 5 ns)", "hang"), 1))
    first, second = found.problems
    assert found.verdict == "failed" and (first.unit, first.stage) == ("glb", "t0")
    assert first.cell.words == ("sim", "glb", "--sim", "verilator", "--test", r"\.t0/p=0$", "--waves")
    assert first.seed == 7 and second.text == "hang"


def test_many_failures_of_one_item_are_cut() -> None:
    found = judge(item("glb"), ended(bench_result(*["bad"] * 99, tests=99), 1))
    assert len(found.problems) == MOST_PROBLEMS


@pytest.mark.parametrize(
    ("how", "stage", "text"),
    [
        (Ended("timeout", "h", text="ended after 60 s"), "timeout", "ended after 60 s"),
        (Ended("lost", "", text="3 workers died with it"), "lost", "3 workers died"),
        (Ended("exit", "h", 2, stderr="x\ncocodla: no g++\n"), "status 2", "cocodla: no g++"),
        (Ended("exit", "h", 1, stdout="", stderr="cocodla: unexpected error: KeyError"), "no result", "KeyError"),
        (Ended("exit", "h", 0, stdout="{"), "no result", "cannot be read"),
        (Ended("exit", "h", 0, stdout="[]"), "no result", "cannot be read"),
        (Ended("exit", "h", 1, stdout=json.dumps(bench_result())), "status 1", "named nothing"),
    ],
)
def test_what_ends_without_a_result_is_a_failure(how: Ended, stage: str, text: str) -> None:
    (problem,) = judge(item("glb"), how).problems
    assert problem.stage == stage and text in problem.text


def test_random_programs_name_their_layer_and_shrink_when_run_again() -> None:
    case = item("programs", kind="random")
    failure = {"seed": 33, "text": "layer 4 sdp: output 12: expected 4, got 5", "folder": "/f", "waves": None}
    values = {"seeds": [31, 34], "layers": 200, "cycles": 9, "coverage": {}, "failures": [failure]}
    found = judge(case, ended(values, 1))
    (problem,) = found.problems
    assert problem.stage == "layer 4 sdp" and problem.seed == 33 and problem.files == ("/f",)
    assert problem.cell.words == ("random", "--count", "1", "--sim", "verilator")
    assert found.facts["programs"] == 4 and found.facts["layers"] == 200


def test_networks() -> None:
    run = {"name": "lenet5", "skipped": "", "failures": [], "cycles": 50.5, "tensors": 20, "recorded": ""}
    other = run | {"name": "another", "failures": ["x"]}
    assert judge(item("lenet5", kind="nets"), ended([other, run])).facts["cycles_per_image"] == 50.5
    told = "waves of cycles 1 to 2 (wrong by cycle 2): /a/b.fst; open with: gtkwave /a/b.fst"
    bad = run | {"failures": ["RTL differs from the golden model: layer conv0: ..."], "recorded": told}
    (problem,) = judge(item("lenet5", kind="nets"), ended([bad], 1)).problems
    assert problem.stage == "RTL differs from the golden model" and problem.files == ("/a/b.fst",)
    absent = judge(item("lenet5", kind="nets"), ended([run | {"skipped": "model is not here"}], 1))
    assert absent.verdict == "failed", "a status that nothing explains is none to be passed over"


def problem(text: str, stage: str = "t") -> Problem:
    return Problem("sdp", stage, text, item("sdp").cell, 1)


SAME = [
    ("surface 0, line 3, column 7: expected 85, got -19 (at 155 ns)", "surface 2, line 1, column 0: expected 1, got 2"),
    ("GLB.S_INTR_STATUS (0x0100c): got 0x00, expected 0x01", "GLB.S_INTR_STATUS (0x0100c): got 0x3, expected 0x7"),
    ("layer a: t2: expected 1, got 2 (seen after cycle 1,234)", "layer a: t2: expected -8, got 2 (seen after cycle 9)"),
    ("differs at (1, 2, 3)", "differs at (4, 5, 60)"),
    ("got 3, expected 4", "got 123456789, expected 1,000"),
    ("see /a/b/c.log", "see /tmp/x-y/z.log"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_fault_seen_twice_has_one_signature(one: str, other: str) -> None:
    assert signature(problem(one)) == signature(problem(other))


def test_different_faults_have_different_signatures() -> None:
    texts = [one for one, _ in SAME]
    assert normalized("got 3, expected 4") == "got #, expected #"
    assert len({signature(problem(text)) for text in texts}) == len(texts)
    assert signature(problem("x", "t1_stall")) != signature(problem("x", "t1_rate"))
    assert normalized("SDP.D_DST_BASE") != normalized("SDP.D_SRC_BASE")
