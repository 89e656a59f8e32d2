"""Runs cocotb test modules on a built model and reads their JUnit results."""

from __future__ import annotations

import contextlib
import fcntl
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from cocodla.sim.build import Model
from cocodla.sim.runner import CommandFailed, Echo, make_runner


@dataclass(frozen=True)
class TestResult:
    """One test of a run. message is the first line of the failure, empty where it passed."""

    name: str
    status: str  # "passed", "failed" or "skipped"
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Run:
    """Outcome of one simulator process."""

    folder: Path
    seed: int
    results: list[TestResult] = field(default_factory=list)
    error: str = ""
    """Why the process as a whole failed; empty if it ended by itself with status 0."""

    @property
    def log(self) -> Path:
        """Complete output of the simulator."""
        return self.folder / "sim.log"

    @property
    def waves(self) -> Path | None:
        """The waveform file, where one was recorded."""
        return next((path for path in sorted(self.folder.glob("dump.*")) if path.suffix in (".fst", ".vcd")), None)

    @property
    def passed(self) -> bool:
        return not self.error and bool(self.results) and all(r.status != "failed" for r in self.results)


def new_seed() -> int:
    """A seed for a run that was given none; it is always reported so that the run can be repeated."""
    return secrets.randbelow(2**31)


def simulate(
    model: Model,
    modules: Sequence[str],
    folder: Path,
    *,
    seed: int | None = None,
    test_filter: str | None = None,
    path: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    timeout: float | None = None,
    echo: Echo | None = None,
) -> Run:
    """Run the cocotb `modules` (importable from `path`) on `model`, in `folder`.

    timeout is in seconds of wall time. echo receives the simulator's output line by line.
    Failing tests are a normal outcome, told in the Run; nothing is raised for them.
    """
    seed = new_seed() if seed is None else seed
    folder.mkdir(parents=True, exist_ok=True)
    log, results = folder / "sim.log", folder / "results.xml"
    log.write_text(f"seed {seed}\n", encoding="utf-8")
    for old in [results, *folder.glob("dump.*")]:
        old.unlink(missing_ok=True)
    runner = make_runner(model.sim)
    runner.echo = echo
    runner.timeout = timeout
    runner.extra_path = path
    runner.want_waves = model.waves
    runner.parameters = dict(model.design.parameters)
    error = ""
    # The runner's own verdict (it exits, or raises) is replaced by ours.
    with contextlib.suppress(CommandFailed, SystemExit):
        runner.test(
            test_module=list(modules),
            hdl_toplevel=model.design.top,
            hdl_toplevel_lang="verilog",
            build_dir=model.folder,
            test_dir=folder,
            seed=seed,
            test_filter=test_filter,
            extra_env=dict(env or {}),
            plusargs=list(plusargs),
            results_xml=str(results),
            log_file=log,
            waves=model.waves,
        )
    if runner.timed_out:
        error = f"ended after {timeout:g} s of wall time (log: {log})"
    elif runner.exit_code != 0:
        error = f"simulator ended with status {runner.exit_code}{_complaint(log)} (log: {log})"
    found = read_results(results)
    if not found and not error:
        error = f"no test ran (log: {log})"
    return Run(folder, seed, found, error)


def _complaint(log: Path) -> str:
    """ ": " and the first error the HDL reported itself, an assertion for instance; empty if there is none."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := re.search(r"(?:%Error|ERROR): \S+?:\d+: (.*)", line):
            return f": {found[1].strip()}"
    return ""


def read_results(path: Path) -> list[TestResult]:
    """Results of a JUnit file as cocotb writes it; an empty list if there is none or it is cut off."""
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return []
    return [_test_result(case) for case in tree.iter("testcase")]


def _test_result(case: ElementTree.Element) -> TestResult:
    status, message = "passed", ""
    for child in case:
        if child.tag == "skipped":
            status = "skipped"
        elif child.tag in ("failure", "error"):
            status = "failed"
            message = _first_line(child.get("error_msg") or child.get("message") or child.text or "failed")
    return TestResult(case.get("name", "?"), status, float(case.get("time", "0")), message)


def _first_line(text: str) -> str:
    """What a failure says first; of a traceback the exception, which stands behind the indented frames."""
    _, traceback, frames = text.rpartition("Traceback (most recent call last):")
    lines = [line for line in (frames if traceback else text).strip("\n").splitlines() if line.strip()]
    plain = [line for line in lines if not line.startswith(" ")] if traceback else lines
    return (plain or lines or ["failed"])[0].strip()


@contextlib.contextmanager
def run_folder(base: Path) -> Iterator[Path]:
    """A folder for one run, emptied: `base`, or `base`-2, -3, ... while another process runs in it."""
    base.parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
        with folder.with_name(f"{folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            yield folder
            return
    raise RuntimeError(f"no free run folder near {base}")
