"""Folders of runs: build/runs/NAME-SIM-NUMBER-seedSEED, one for each run, the newest KEEP_RUNS of a name and simulator.
What else is kept of runs, in other places, is numbered and forgotten in the same way.

A run never writes into the folder of another. While a process uses a folder it holds a lock on it, and nobody deletes
it. The numbers of a name and simulator rise with time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from cocodla.sim import project

RULES = "rules.txt"
"""File of a run in which the checkers tell the rules they hold, and those that have shown that they would fire."""
COVERAGE = "coverage"
"""Folder in that of a run with what Verilator counted in each test (cocotbext.dla.coverage)."""
KEEP_RUNS = 20
"""Runs kept of each name and simulator; the oldest go when another begins."""
KEEP_REPORTS = 1000
"""JUnit files kept in build/junit, small ones, named like the folders of their runs."""


def run_folder(name: str, sim: str, seed: int) -> contextlib.AbstractContextManager[Path]:
    """A fresh folder for one run, not deleted by others meanwhile."""
    return fresh_folder(project.build() / "runs", f"{name}-{sim}", f"-seed{seed}")


@contextlib.contextmanager
def fresh_folder(base: Path, start: str, end: str = "") -> Iterator[Path]:
    """A fresh folder START-NUMBER[END] in `base`, not deleted by others meanwhile. end: empty or -seedSEED."""
    base.mkdir(parents=True, exist_ok=True)
    number = max((_number(path, start) for path in base.iterdir()), default=0)
    while True:
        number += 1
        folder = base / f"{start}-{number:04}{end}"
        with contextlib.suppress(FileExistsError), _claimed(base, start, number):
            folder.mkdir()
            break
    with _locked(folder) as mine:
        assert mine, f"{folder} is locked by another process"
        _prune(base, start)
        yield folder


def keep_report(results: Path) -> None:
    """Keep the JUnit file of a run beside those of all others, in build/junit, when its folder is gone; what its
    checkers told (RULES) beside it.
    """
    if not results.is_file():
        return
    target = project.build() / "junit" / f"{results.parent.name}.xml"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(results, target)
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(results.parent / RULES, kept_rules(target))
    reports = sorted(target.parent.glob("*.xml"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in reports[KEEP_REPORTS:]:
        old.unlink(missing_ok=True)
        kept_rules(old).unlink(missing_ok=True)


def kept_reports(name: str, sim: str) -> list[Path]:
    """JUnit files kept of a name and simulator, the newest first."""
    start = f"{name}-{sim}"
    numbers = {path: _number(path.with_suffix(""), start) for path in (project.build() / "junit").glob("*.xml")}
    return sorted((path for path, number in numbers.items() if number), key=lambda path: -numbers[path])


def kept_rules(report: Path) -> Path:
    """Where the rules of the run with this kept JUnit file are."""
    return report.with_suffix(".rules.txt")


def _number(path: Path, start: str) -> int:
    """Number of the folder of a run; 0 for anything else."""
    found = re.fullmatch(re.escape(start) + r"-(\d{4,})(-seed-?\d+)?", path.name)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def _claimed(base: Path, start: str, number: int) -> Iterator[None]:
    """Nobody else takes this number meanwhile; FileExistsError if somebody has it already."""
    with _locked(base, wait=True):
        if any(_number(path, start) == number for path in base.iterdir()):
            raise FileExistsError
        yield


@contextlib.contextmanager
def _locked(folder: Path, wait: bool = False) -> Iterator[bool]:
    """Hold the lock of a folder; gives whether it was to be had."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            held = True
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(handle)


def _prune(base: Path, start: str) -> None:
    """Delete the oldest runs of a name and simulator beyond KEEP_RUNS, but none that is under way."""
    runs = sorted((path for path in base.iterdir() if _number(path, start)), key=lambda path: -_number(path, start))
    for path in runs[KEEP_RUNS:]:
        with contextlib.suppress(FileNotFoundError), _locked(path) as free:
            if free:
                shutil.rmtree(path, ignore_errors=True)
