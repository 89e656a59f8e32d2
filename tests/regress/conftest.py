"""What the tests of regressions share: plans, items, and a store with results that nobody had to wait for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cocodla import cli
from cocodla.regress.items import Cell, Ended, Item
from cocodla.regress.store import Run, Store


def invoke(*arguments: object) -> Result:
    """Run a command of the project."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def complaint(*arguments: object) -> str:
    """The one line on stderr of a command that must end with status 2."""
    outcome = invoke(*arguments)
    assert outcome.exit_code == 2, outcome.output
    (line,) = outcome.stderr.strip().splitlines()
    assert line.startswith("cocodla: ")
    return str(line)


def network(seed: int, name: str = "") -> Item:
    """A random network on the golden model: a real item that takes a few seconds."""
    cell = Cell("networks", "verilator", ("fuzz", "--count", "1"))
    return Item(name or f"network {seed}", "s", "fuzz", cell, seed, 0, 60.0, 0)


def item(unit: str, seed: int = 1, kind: str = "blocks", again_of: str = "") -> Item:
    """An item of suite `s`."""
    words = {"blocks": ("sim", unit), "nets": ("nets", "--only", unit)}.get(kind, (kind, "--count", "9"))
    cell = Cell(unit, "verilator", (*words, "--sim", "verilator"))
    return Item(f"s/{unit}/verilator/{seed}{again_of and '/again0'}", "s", kind, cell, seed, 0, 60.0, 0, again_of)


def bench_result(*failures: str, tests: int = 3) -> dict[str, Any]:
    """What `cocodla sim --json` says; failures: messages of the tests that failed."""
    names = [f"t{number}/p={number}" for number in range(tests)]
    messages = [*failures, *[""] * (tests - len(failures))]
    told = [
        {"name": name, "result": "failed" if text else "passed", "seconds": 0.1, "message": text}
        for name, text in zip(names, messages, strict=True)
    ]
    run = {"variant": "default", "log": "l", "waves": None, "error": "", "tests": told}
    return {"simulator": "verilator", "runs": [run]}


def ended(result: Any, status: int = 0, seconds: float = 2.0) -> Ended:
    """A command that has printed a result."""
    return Ended("exit", "host", status, seconds, seconds / 2, json.dumps(result))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    found = Store(tmp_path)
    yield found
    found.close()


@pytest.fixture
def run(store: Store) -> Run:
    """A run that has begun."""
    return store.begin("p", '[suites.s]\nkind = "blocks"', 1, {"cocodla": "1"}, "", None)
