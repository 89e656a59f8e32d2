"""The cocotb tests of a bench: what their source tells, the names they run under, and choosing some of them."""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project


@dataclass(frozen=True)
class TestInfo:
    """One cocotb test as its source tells it."""

    module: str
    name: str
    summary: str
    parametrized: bool


def find_tests(path: Path) -> list[TestInfo]:
    """cocotb tests of a module, by reading its syntax only."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.msg}") from None
    tests = []
    for node in tree.body:
        if not isinstance(node, ast.AsyncFunctionDef):
            continue
        decorators = {_decorator_name(decorator) for decorator in node.decorator_list}
        if decorators & {"test", "parametrize"}:
            summary = (ast.get_docstring(node) or "").partition("\n")[0]
            tests.append(TestInfo(path.stem, node.name, summary, "parametrize" in decorators))
    return tests


def _decorator_name(node: ast.expr) -> str:
    """Last name of a decorator: cocotb.test(...) -> test."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def test_names(folder: Path, modules: Sequence[str], sim: str) -> list[str]:
    """module.name of every test as cocotb runs it, one for each set of parameters.

    The modules are imported, in a process of their own, as the simulator would. UserError if one cannot be.
    """
    paths = [str(folder), *(str(path) for path in project.python_paths()), os.environ.get("PYTHONPATH", "")]
    run = subprocess.run(
        [sys.executable, "-c", _LISTING, sim, *modules],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
    )
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"{folder}: its tests cannot be imported: {reason}")
    names: list[str] = json.loads(run.stdout.splitlines()[-1])
    return names


_LISTING = """
import cocotb, importlib, json, sys
cocotb.SIM_NAME = sys.argv[1]
from cocotb.regression import Test, TestGenerator
found = []
for name in sys.argv[2:]:
    for item in vars(importlib.import_module(name)).values():
        tests = item.generate_tests() if isinstance(item, TestGenerator) else [item] if isinstance(item, Test) else []
        found += [test.fullname for test in tests]
print(json.dumps(list(dict.fromkeys(found))))
"""


def compile_filter(name: str, text: str) -> re.Pattern[str]:
    """A pattern for `module.test`, blind to case. UserError, with the `name` of the setting, if it is none."""
    try:
        re.compile(text)
        return re.compile(f"(?i:{text})")
    except re.error as error:
        raise UserError(f"{name}={text!r} is no regular expression: {error}") from None


def choose(block: str, pattern: re.Pattern[str], text: str, names: Sequence[str]) -> list[str]:
    """The names a pattern is found in. UserError with near names where there is none."""
    if found := [name for name in names if pattern.search(name)]:
        return found
    plain = list(dict.fromkeys(name.partition(".")[2] for name in names))
    folded = {name.casefold(): name for name in plain}
    families = {name.partition("/")[0].casefold(): name.partition("/")[0] for name in plain}
    near = difflib.get_close_matches(text.casefold(), [*families, *folded], 3, 0.5)
    hint = " or ".join(dict.fromkeys({**folded, **families}[name] for name in near))
    known = f" (is it {hint}?)" if hint else ""
    raise UserError(f"block {block}: no test matches {text!r}{known}; there are {', '.join(families.values())}")
