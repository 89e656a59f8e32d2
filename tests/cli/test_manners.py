"""What all commands have in common: -h, --quiet, --json with the documented keys, completion."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cocodla import cli
from cocodla.sim import project

from .conftest import invoke

TOP = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
COMMANDS = sorted(
    f"{name} {inner}".strip() for name, command in TOP.items() for inner in getattr(command, "commands", [""])
)
PAGE = (project.root() / "docs" / "commands.md").read_text(encoding="utf-8")


def documented(row: str) -> list[str]:
    """Keys of the outermost values in the table of JSON results."""
    line = next(line for line in PAGE.splitlines() if re.match(rf"\| [^|]*`{re.escape(row)}`[^|]* \|", line))
    keys = re.sub(r"(?<=`): list of .*?(?=;|\|$)", "", line.split("|", 3)[3])
    return re.findall(r"`(\w+)`", keys)


def result(*words: object) -> Any:
    """The JSON a command prints, alone on stdout."""
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_common_options(command: str) -> None:
    short, long = invoke(*command.split(), "-h"), invoke(*command.split(), "--help")
    assert short.exit_code == long.exit_code == 0 and short.stdout == long.stdout
    for option in ("--quiet", "--json", "--build"):
        assert option in short.stdout
    assert f"`{command}" in PAGE


def test_json_of_blocks() -> None:
    blocks = result("sim")
    assert [list(entry) for entry in blocks] == [documented("sim")] * len(blocks)
    tests = result("sim", "pingpong", "--list", "--sim", "icarus")
    assert [list(entry) for entry in tests] == [documented("sim BLOCK --list")] * len(tests)
    run = result("sim", "pingpong", "--sim", "icarus", "--test", "START_and", "--seed", 3)
    assert list(run) == documented("sim BLOCK") and run["passed"] and run["seed"] == 3
    (test,) = run["runs"][0]["tests"]
    assert test["name"] == "start_and_done" and test["result"] == "passed"


def test_json_of_networks(compiled: Path, digits: Path) -> None:
    described = result("inspect", compiled)
    assert set(documented("inspect")) <= set(described)
    ran = result("run", compiled, "--input", digits / "png")
    assert list(ran) == documented("run") and len(ran["outputs"][0]["images"]) == 10
    labelled = ("--images", digits / "digits.npy", "--labels", digits / "labels.npy")
    assert list(result("accuracy", compiled, *labelled)) == documented("accuracy")


def test_json_of_campaigns() -> None:
    assert set(result("fuzz", "--count", 1, "--seed", 1)) == set(documented("fuzz"))


def test_quiet_leaves_results_only(compiled: Path) -> None:
    loud, quiet = (invoke("fuzz", "--count", 1, "--seed", 1, *more).stdout for more in ((), ("--quiet",)))
    assert "random networks, seed 1\n" in loud and "random networks, seed 1\n" not in quiet
    assert "1 networks: 1 equal" in quiet
    loud, quiet = (
        invoke("sim", "pingpong", "--sim", "icarus", "--test", "start_and", "--seed", 3, *more).stdout
        for more in ((), ("--quiet",))
    )
    assert "cocotb" in loud and "cocotb" not in quiet and "pingpong on icarus, seed 3: passed" in quiet


def test_errors_leave_stdout_empty() -> None:
    for words in (("sim", "nosuch"), ("sim", "pingpong", "--test", "nosuch"), ("inspect", "nosuch.dla")):
        done = invoke(*words, "--json")
        assert done.exit_code == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_shell_completion() -> None:
    """The shell asks with two variables, and gets the names that fit."""
    env = {"_COCODLA_COMPLETE": "complete_bash", "COMP_WORDS": "cocodla in", "COMP_CWORD": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-m", "cocodla"], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["inspect"], done
