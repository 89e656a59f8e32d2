"""Faults of Python code, and which tests look at them."""

from __future__ import annotations

from random import Random

from cocodla.mutate import accepted, python, python_faults
from cocodla.mutate.mutant import Mutant
from cocodla.mutate.schemata import mutated
from cocodla.sim import project

TEXT = '''"""Text of 1 module."""
SIZE: int = 8


def limit(value: int, low: int, high: int) -> int:
    """At least 1."""
    if value < low and high:
        raise ValueError(f"{value} < {low - 1}")
    return max(value, high) - 3
'''


def test_faults_compile_and_leave_words_alone() -> None:
    found = python_faults.mutants_of(TEXT, "x.py")
    kinds = {item.mutant.kind for item in found}
    assert kinds == {"constant", "condition", "operator", "dropped", "swapped"}
    for item in found:
        compile(mutated(TEXT.encode(), item.mutant), "x.py", "exec")
        assert "raise" not in item.mutant.text
        assert item.function == (0 if item.mutant.line == 2 else 5)
    assert any(item.mutant.new == "max(high, value)" for item in found)
    assert any(item.mutant.change == "value < low -> ((value) <= (low))" for item in found)


def test_only_tests_that_run_the_function_are_chosen() -> None:
    mutant = Mutant("constant", "models/cocodla/golden/sdp.py", 0, 1, 1, "", "1", "2", 0)
    tests = {
        "a": {"seconds": 2.0, "functions": ["golden/sdp.py:7", "golden/pdp.py:7"]},
        "b": {"seconds": 1.0, "functions": ["golden/sdp.py:7"]},
        "c": {"seconds": 0.1, "functions": ["golden/pdp.py:7"]},
    }
    assert list(python._relevant(tests, mutant, 7, Random(1))) == ["b", "a"]
    assert list(python._relevant(tests, mutant, 0, Random(1))) == ["c", "b", "a"]
    assert python._relevant(tests, mutant, 9, Random(1)) == {}


def test_the_time_of_the_tests_of_a_mutant_is_limited() -> None:
    """The quickest ones, and others by chance; one that takes longer than all is taken where there is no other."""
    mutant = Mutant("constant", "models/cocodla/golden/sdp.py", 0, 1, 1, "", "1", "2", 0)
    tests = {f"t{number}": {"seconds": float(number), "functions": []} for number in range(1, 40)}
    some = python._relevant(tests, mutant, 0, Random(1))
    assert list(some)[:6] == ["t1", "t2", "t3", "t4", "t5", "t6"]
    assert python.ENOUGH / 2 < sum(some.values()) <= python.ENOUGH
    assert python._relevant(tests, mutant, 0, Random(1)) == some != python._relevant(tests, mutant, 0, Random(2))
    assert list(python._relevant({"long": {"seconds": 900.0, "functions": []}}, mutant, 0, Random(1))) == ["long"]


def test_what_is_computed_once_is_tried_with_all_tests() -> None:
    """Of a function with a cache only the first test that depends on it is seen to run it."""
    text = "@cache\ndef f(x):\n    return x + 1\n\n\n@property\ndef g(x):\n    return x + 1\n"
    found = {item.mutant.line: item.function for item in python_faults.mutants_of(text, "x.py")}
    assert found == {3: 0, 8: 6}


def test_accepted_mutants_of_python_still_exist() -> None:
    """Each entry has a reason, its line is there, and it is a fault that can be planted."""
    entries = accepted.read_accepted(project.root() / python.ACCEPTED)
    assert accepted.expired(entries) == []
    for name in sorted({entry.file for entry in entries}):
        found = python_faults.mutants_of((project.root() / name).read_text(encoding="utf-8"), name)
        for entry in entries:
            assert entry.file != name or any(entry.covers(item.mutant) for item in found), entry
