"""Faults of Python code, and which tests look at them."""

from __future__ import annotations

from random import Random

from cocodla.mutate import python, python_faults
from cocodla.mutate.mutant import Mutant
from cocodla.mutate.schemata import mutated

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
