"""What of a plan depends on files that have changed since a commit: --since.

A bench depends on its folder, the Verilog it lists, and the Python that its tests import, directly or not. What runs
the whole chip depends on all of rtl/, tb/hdl and tb/system, and on the Python behind its command. A change of what
builds and runs simulations (BASIS) reaches everything.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from cocodla.errors import UserError
from cocodla.regress.items import Cell
from cocodla.sim import bench, project

BASIS = ("models/cocodla/sim/", "models/cocodla/cli/", "models/cocodla/hw.py", "pyproject.toml", "constraints/")
CHIP = ("rtl/", "tb/hdl/", "tb/system/")
_COMMANDS = {
    "random": ("report/random.py",),
    "resets": ("report/resets.py", "runtime/resets.py"),
    "fuzz": ("fuzz/campaign.py", "report/fuzz.py"),
    "traces": ("runtime/traces.py", "report/traces.py"),
    "nets": ("nets/regression.py", "report/nets.py"),
}
"""Modules of the package behind the commands."""


def only(matrix: Mapping[str, Sequence[Cell]], commit: str) -> dict[str, list[Cell]]:
    """The cells that depend on a changed file; all where `commit` is empty. UserError for what git does not know."""
    if not commit:
        return {name: list(found) for name, found in matrix.items()}
    files = changed(commit)
    return {name: [cell for cell in found if _touched(cell, files)] for name, found in matrix.items()}


def changed(commit: str) -> list[str]:
    """Files that differ from those of a commit, new ones included, as paths from the project's root."""
    if commit.startswith("-"):
        raise UserError(f"--since: {commit[:60]!r} is no commit")
    _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}", what=f"--since: {commit[:60]!r} is no commit here")
    listed = _git("diff", "--name-only", "-z", commit, "--", what="--since: git diff failed")
    fresh = _git("ls-files", "--others", "--exclude-standard", "-z", what="--since: git ls-files failed")
    return [name for name in (listed + fresh).split("\0") if name]


def _git(*words: str, what: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=project.root(), capture_output=True, text=True)
    except OSError as error:
        raise UserError(f"--since: no git ({error.strerror})") from None
    if done.returncode:
        raise UserError(what)
    return done.stdout


def _touched(cell: Cell, files: Iterable[str]) -> bool:
    prefixes, own = _needs(cell.words[0], cell.unit)
    return any(name in own or name.startswith((*BASIS, *prefixes)) for name in files)


@cache
def _needs(command: str, unit: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """(folders, files) a command on a unit depends on."""
    package = project.root() / "models" / "cocodla"
    if command != "sim":
        return CHIP, _names(imported([package / name for name in _COMMANDS[command]]))
    found = bench.load_bench(unit)
    sources = {path for design in found.designs.values() for path in design.sources}
    includes = {folder for design in found.designs.values() for folder in design.includes}
    tests = sorted(found.folder.glob("*.py"))
    folders = [f"{_name(path)}/" for path in (found.folder, *includes)]
    return tuple(folders), _names({*sources, *imported(tests)})


def imported(files: Iterable[Path]) -> set[Path]:
    """These Python files, and all of the project that they import, directly or not."""
    found: set[Path] = set()
    todo = list(files)
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo += _imports(path)
    return found


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of the project that one imports."""
    places = [project.root() / "models", project.root() / "tb", path.parent]
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            steps = name.split(".")
            for place in places:
                parts = [place.joinpath(*steps[: length + 1]) for length in range(len(steps))]
                found |= {part / "__init__.py" for part in parts if (part / "__init__.py").is_file()}
                found |= {part.with_suffix(".py") for part in parts if part.with_suffix(".py").is_file()}
    return tuple(sorted(found))


def _names(paths: Iterable[Path]) -> frozenset[str]:
    return frozenset(_name(path) for path in paths)


def _name(path: Path) -> str:
    """From the project's root, where it lies below."""
    root = project.root()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
