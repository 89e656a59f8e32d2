"""Mutants of the golden model and of the compiler's integer code, against the tests that run what they change."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cocodla import datasets
from cocodla.errors import UserError
from cocodla.mutate.accepted import expired, read_accepted
from cocodla.mutate.mutant import Mutant, choose
from cocodla.mutate.python_faults import PythonMutant, mutants_of
from cocodla.mutate.schemata import mutated
from cocodla.mutate.verdict import Campaign, Judged, Verdict
from cocodla.runtime.jobs import default_jobs, run_jobs
from cocodla.sim import project, stop

PACKAGE = Path("models", "cocodla")
ACCEPTED = Path("tests", "mutants.toml")
"""Mutants that nobody can see, with reasons, in the form of rtl/mutants.toml."""


@dataclass(frozen=True)
class Unit:
    """Files (globs in the package) and the folder of their tests."""

    files: tuple[str, ...]
    tests: str


INTEGER = ("integers", "rounding", "codes", "factors", "weights", "biases", "pointwise", "sums", "convolutions")
"""Modules of the compiler's quantisation that compute whole numbers."""
UNITS = {
    "golden": Unit(("golden/*.py",), "tests/golden"),
    "compiler": Unit(
        (*(f"compiler/quantisation/{name}.py" for name in INTEGER), "compiler/hardware/*.py"),
        "tests/compiler",
    ),
}  # fmt: skip
NOTHING = 5
"""Status of pytest where it has found no test."""
SLOWER, EXTRA = 4, 60
"""Seconds that the tests of a mutant may take: so many times what they took, and some."""
ENOUGH = 60.0
"""Seconds of tests of a mutant at most: the quickest that run its function for half of it, others by chance."""


def run_campaign(unit: str, count: int, seed: int, jobs: int, progress: Callable[[int, int], None]) -> Campaign:
    """Mutants of Python. UserError outside of a checkout (the tests are in no package), or if a test fails without."""
    begin = time.monotonic()
    root = project.root()
    chosen = UNITS[unit]
    if not (root / chosen.tests).is_dir():
        raise UserError(f"{unit}: {chosen.tests} is not in {root}: mutants of Python need a checkout")
    every: list[PythonMutant] = []
    for path in sorted(path for glob in chosen.files for path in (root / PACKAGE).glob(glob)):
        name = path.relative_to(root).as_posix()
        every += mutants_of(path.read_text(encoding="utf-8"), name)
    functions = {item.mutant: item.function for item in every}
    numbered = dict(enumerate(choose(list(functions), count, seed), 1))
    folder = project.build() / "mutate" / unit
    shutil.rmtree(folder, ignore_errors=True)
    jobs = jobs or default_jobs()
    trees = [_copy(root, folder / f"tree{number}") for number in range(jobs)]
    tests = _traced(trees, chosen.tests, folder)
    accepted = read_accepted(root / ACCEPTED)
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for tree in trees:
        free.put(tree)
    progress(0, len(numbered))

    def work(number: int) -> Verdict:
        mutant = numbered[number]
        if entry := next((entry for entry in accepted if entry.covers(mutant)), None):
            return Verdict("accepted", "list", message=entry.reason)
        tree = free.get()
        try:
            own = _relevant(tests, mutant, functions[mutant], Random(f"{seed}-{number}"))
            return _judge(tree, mutant, own)
        finally:
            free.put(tree)

    numbers = list(numbered)
    verdicts = {}
    for index, verdict in run_jobs(work, numbers, jobs):
        verdicts[numbers[index]] = verdict
        progress(len(verdicts), len(numbered))
    judged = [Judged(number, mutant, verdicts[number]) for number, mutant in numbered.items()]
    for tree in trees:
        shutil.rmtree(tree, ignore_errors=True)
    seconds = time.monotonic() - begin
    return Campaign(unit, "source", seed, len(every), judged, ("tests",), seconds, expired=expired(accepted))


def _copy(root: Path, tree: Path) -> Path:
    """A project of links, with a package and tests of its own."""
    (tree / "models").mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for path in root.iterdir():
        if path.name in ("tests", "models", "build", ".git", ".venv"):
            continue
        (tree / path.name).symlink_to(path)
    shutil.copytree(root / "tests", tree / "tests", ignore=ignored)
    for path in (root / "models").iterdir():
        if path.name == "cocodla":
            shutil.copytree(path, tree / "models" / path.name, ignore=ignored)
        else:
            (tree / "models" / path.name).symlink_to(path)
    return tree


def _pytest(tree: Path, words: Sequence[str], timeout: float | None, **env: str) -> tuple[int | None, str]:
    """Status (None: it was ended by the clock) and output of pytest in a tree."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *words]
    paths = os.pathsep.join(str(tree / name) for name in ("models", "tb", "scripts"))
    shared = str(datasets.shared_folder())
    with subprocess.Popen(
        command, cwd=tree, text=True, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths, "COCODLA_SHARED": shared, **env},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, errors="replace",
    ) as process, stop.watched(process):  # fmt: skip
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            stop.end(process)
            return None, ""
        except BaseException:
            stop.end(process)
            raise
        return process.returncode, output


def _traced(trees: Sequence[Path], tests: str, folder: Path) -> dict[str, dict]:
    """Each test, its seconds and functions; the files are divided among the trees. UserError where a test fails."""
    files = sorted(path.name for path in (trees[0] / tests).glob("test_*.py"))
    shares = [share for number in range(len(trees)) if (share := files[number :: len(trees)])]

    def work(number: int) -> dict[str, dict]:
        told = folder / f"tests{number}.json"
        words = ["-p", "cocodla.mutate.trace_tests", "-k", "not rtl", *(f"{tests}/{name}" for name in shares[number])]
        status, output = _pytest(trees[number], words, None, COCODLA_TRACE=str(told))
        if status not in (0, NOTHING):
            lines = output.splitlines()
            lines = [line for line in lines if line.startswith(("FAILED", "ERROR"))] or lines
            raise UserError(f"{tests} fails without a fault: {lines[-1] if lines else f'status {status}'}")
        return dict(json.loads(told.read_text(encoding="utf-8")))

    found: dict[str, dict] = {}
    for _, part in run_jobs(work, list(range(len(shares))), len(trees)):
        found |= part
    return found


def _relevant(tests: Mapping[str, dict], mutant: Mutant, function: int, random: Random) -> dict[str, float]:
    """Tests that run the function of a mutant, or any where it is in none, and their seconds: quick ones first."""
    place = f"{Path(mutant.file).relative_to(PACKAGE).as_posix()}:{function}"
    left = {name: test["seconds"] for name, test in tests.items() if not function or place in test["functions"]}
    chosen: dict[str, float] = {}
    used = 0.0
    for share, order in ((ENOUGH / 2, sorted), (ENOUGH, lambda names, key: random.sample(names, len(names)))):
        for name in order(list(left), key=lambda name: left[name]):
            if not chosen or used + left[name] <= share:
                used += left[name]
                chosen[name] = left.pop(name)
    return dict(sorted(chosen.items(), key=lambda item: item[1]))


def _judge(tree: Path, mutant: Mutant, tests: Mapping[str, float]) -> Verdict:
    """What the tests say of a mutant."""
    if not tests:
        return Verdict("survived", message="no test runs it")
    path = tree / mutant.file
    plain = path.read_bytes()
    listed = tree / "chosen-tests.txt"
    listed.write_text("".join(f"{name}\n" for name in tests), encoding="utf-8")
    try:
        path.write_text(mutated(plain, mutant), encoding="utf-8")
        limit = SLOWER * sum(tests.values()) + EXTRA
        status, output = _pytest(tree, ["-x", "--no-header", "--tb=no", f"@{listed.name}"], limit)
    finally:
        path.write_bytes(plain)
    if status is None:
        return Verdict("hang", "tests", message="no end within the limit of time")
    if status == 0:
        return Verdict("survived")
    if status < 0:
        return Verdict("died", "tests", message=f"Python was killed by signal {-status}")
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
    last = (output.strip().splitlines() or [""])[-1]
    if failed is None:  # pytest itself could not go on: an import of the tests' own support, or nothing was run
        return Verdict("died", "tests", message=f"pytest ended with status {status}: {last}")
    return Verdict("failed", "tests", failed[1], last)
