"""Rules of checkers: one that was looked at with a broken value and complained is shown, any other is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.sim.bench import read_rules
from cocotbext.dla.checks import RULES_FILE, Rules


def odd(value: int) -> str:
    return f"{value} is odd" if value % 2 else ""


def blind(value: int) -> str:
    """A rule that lets everything pass."""
    return ""


def test_a_rule_is_shown_when_it_complains_of_a_bent_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.txt"
    monkeypatch.setenv(RULES_FILE, str(file))
    told: list[str] = []
    rules = Rules("port", ["even", "blind", "never looked at"], told.append)
    assert rules.hold("even", odd, (2,), (3,)) and rules.hold("blind", blind, (1,), (3,))
    assert told == [] and rules.silent == {"blind", "never looked at"}
    assert not rules.hold("even", odd, (5,), (3,))
    assert told == ["port: 5 is odd"]
    assert read_rules([file]) == {"port: even": True, "port: blind": False, "port: never looked at": False}


def test_rules_of_several_runs_are_one(tmp_path: Path) -> None:
    for number, what in enumerate(("held", "shown")):
        (tmp_path / str(number)).write_text(f"held\tport\teven\n{what}\tport\tother\n")
    assert read_rules(sorted(tmp_path.iterdir())) == {"port: even": False, "port: other": True}
    assert read_rules([tmp_path / "none"]) == {}
