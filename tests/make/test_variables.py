"""Variables of make are data: they reach the commands as typed, or are refused, and none of them runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import make_targets as targets

ROOT = Path(__file__).resolve().parents[2]
CANARY = "touch CANARY"
LISTS = {"INPUT": "--images", "THEN": "--then", "AVOID": "--avoid", "IGNORE": "--ignore"}
"""Variables that become an option for each of their words."""
HOSTILE = [
    f"$(shell {CANARY})", f"$({CANARY})", f"`{CANARY}`", f"; {CANARY}", f"| {CANARY}", f"& {CANARY}", f"&& {CANARY}",
    f"x\n{CANARY}", f"'; {CANARY}; '", f'"; {CANARY}; "', f"\"$({CANARY})\"", "$$HOME $HOME ${HOME}", "*", "?[a-z]~",
    "--help", "-x", " two  words ", f"$(file >CANARY)$(eval $(shell {CANARY}))", "a\\b\\\\c\\", f"> CANARY # {CANARY}",
    f"${{shell {CANARY}}}", "$(error no)", "%:=,(){}!", "ä\t\x01",
]  # fmt: skip
VARIABLES = sorted({name for target in targets.COMMANDS for name in targets.variables(target)})


@pytest.fixture
def python(tmp_path: Path) -> dict[str, str]:
    """An environment whose python3 writes down the environment and arguments that a recipe gives it."""
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nenv -0 >"$RECORD"\nprintf "%s\\0" "$@" >>"$RECORD"\n')
    fake.chmod(0o755)
    env = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return env | {"PATH": f"{fake.parent}:{env['PATH']}", "RECORD": str(tmp_path / "record")}


def recipe(arguments: list[str], env: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Run make; the environment and the arguments its last recipe saw."""
    work = Path(env["RECORD"]).parent
    run = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), *arguments], cwd=work, env=env, capture_output=True, text=True
    )
    assert run.returncode == 0 and not run.stderr, run.stderr
    parts = Path(env["RECORD"]).read_text().split("\0")[:-1]
    seen = dict(part.split("=", 1) for part in parts if "=" in part)
    assert sorted(path.name for path in work.iterdir()) == ["bin", "record"], "something ran"
    return seen, [part for part in parts if "=" not in part]


@pytest.mark.parametrize("text", HOSTILE)
def test_make_passes_each_variable_as_typed(text: str, python: dict[str, str]) -> None:
    values = {name: text for name in VARIABLES}
    on_line, words = recipe(["sim", *(f"{name}={text}" for name in VARIABLES)], python)
    on_line["SHELL"] = on_line["COCODLA_SHELL"]  # SHELL itself is make's
    stripped = {name: value.lstrip() for name, value in values.items()}  # make itself takes the blanks behind the =
    assert {name: on_line[name] for name in VARIABLES} == stripped
    assert words == ["scripts/make.py", "sim"]
    assert sorted(on_line["COCODLA_GIVEN"].split()) == VARIABLES
    around, words = recipe(["sim"], python | values)
    assert {name: around[name] for name in VARIABLES} == values
    assert words == ["scripts/make.py", "sim"]
    assert around["COCODLA_GIVEN"].split() == []


@pytest.mark.parametrize("name", ["SHELL", "FOO", "as_typed", "COCODLA_GIVEN", "COCODLA_GOALS", "MAKECMDGOALS", "PATH"])
def test_no_other_variable_runs_either(name: str, tmp_path: Path) -> None:
    """Not even those the Makefile itself uses: it refuses them."""
    env = {key: text for key, text in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    canary = tmp_path / "canary"
    setting = f"{name}=$(shell touch {canary})"
    run = subprocess.run(["make", "lint", setting], cwd=ROOT, env=env, capture_output=True, text=True)
    assert run.returncode == 2 and not canary.exists()
    if name != "PATH":  # the recipe finds no Python
        verb = "does not use" if name == "SHELL" else "has no variable"  # lenet has it
        assert f"{verb} {name}" in run.stderr and len(run.stderr.splitlines()) == 2


@pytest.mark.parametrize("target", targets.COMMANDS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_part_of_one_word(target: str, text: str) -> None:
    for command in targets.COMMANDS[target]:
        plain = command.line({})
        for name in command.variables:
            try:
                words = command.line({name: text})
            except targets.WrongVariable as error:
                assert str(error).startswith(f"{name}={text}: ")
                continue
            added = words[len(plain) :]
            assert words[: len(plain)] == plain
            if name == "PYTEST_ARGS":
                assert added == targets.split(name, text)
            elif name in LISTS:
                assert added == [f"{LISTS[name]}={word}" for word in targets.split(name, text)]
            elif name in (command.argument, command.rest):
                assert added == ["--", text]
            else:
                (word,) = added
                assert word.startswith("--") and word.partition("=")[2] == text


def test_switches_are_1_or_0() -> None:
    bench = targets.COMMANDS["bench"][0]
    assert bench.line({"CHECK": "0", "ACCEPT": "1"})[-2:] == ["--no-check", "--accept"]
    assert bench.line({"CHECK": "1", "ACCEPT": "0"}) == bench.line({"CHECK": ""}) == bench.line({})
    with pytest.raises(targets.WrongVariable, match="ACCEPT=yes: takes 1 or 0"):
        bench.line({"ACCEPT": "yes"})


@pytest.mark.parametrize(
    ("given", "goals", "line"),
    [
        ("WAVE", ["sim"], "make sim has no variable WAVE (is it WAVES or "),
        ("IMAGE", ["lenet"], "make lenet does not use IMAGE (is it IMAGES?); it takes"),
        ("sed", ["random"], "make random has no variable sed (is it SEED?)"),
        ("SIM", ["lint"], "make lint does not use SIM; it takes BUILD, UNPINNED"),
        ("WAVES", ["lint", "bench"], "make lint bench does not use WAVES"),
        ("BUILD", ["clean"], "make clean does not use BUILD; it takes no variable"),
    ],
)
def test_unknown_and_unused_variables_are_refused(given: str, goals: list[str], line: str) -> None:
    with pytest.raises(targets.WrongVariable) as error:
        targets.check_names([given], goals)
    assert str(error.value).startswith(line)


def test_a_variable_of_one_goal_will_do() -> None:
    targets.check_names(["SIM", "BUILD"], ["lint", "sim"])


def test_every_target_and_variable_is_in_the_head_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    rule = next(line for line in makefile.splitlines() if line.startswith("bootstrap "))
    assert sorted(rule.rstrip(":").split()) == sorted(targets.COMMANDS)
    head = makefile.partition("\n\n")[0]
    assert [name for name in VARIABLES if name not in head] == []
