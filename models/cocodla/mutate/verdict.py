"""What came out of a mutant."""

from __future__ import annotations

from dataclasses import dataclass, field

from cocodla.mutate.mutant import Mutant
from cocodla.sim.run import Run

KILLED = ("failed", "stopped", "hang")
"""A test failed; the HDL ended the run (an assertion, a loop that does not settle); the run took far too long."""
EXCLUDED = ("equivalent", "accepted")
"""Proven to change nothing; listed as such, with a reason, by hand."""


@dataclass(frozen=True)
class Verdict:
    """what: one of KILLED or EXCLUDED, `survived`, or `died`: the simulator crashed, which proves nothing.

    stage: what has found it (block, random, traces; proof, list). by: the test, in words. message: what it said.
    """

    what: str
    stage: str = ""
    by: str = ""
    message: str = ""


@dataclass(frozen=True)
class Judged:
    """A mutant with its number in the build, its verdict, and the last test that looked at its file (for survivors)."""

    number: int
    mutant: Mutant
    verdict: Verdict


@dataclass(frozen=True)
class Campaign:
    """All mutants of one run. unit: the block, golden or compiler. possible: mutants there are.

    expired: entries of the list of accepted mutants whose line is gone. seconds: wall time, builds included.
    """

    unit: str
    engine: str
    seed: int
    possible: int
    judged: list[Judged]
    stages: tuple[str, ...]
    seconds: float = 0.0
    build_seconds: float = 0.0
    expired: list[str] = field(default_factory=list)

    def count(self, *what: str) -> int:
        """How many have one of these verdicts."""
        return sum(item.verdict.what in what for item in self.judged)

    def rate(self, *stages: str) -> float:
        """Part of the mutants, those excluded left out, that the stages have killed; all stages without any. 1 of 0."""
        counted = len(self.judged) - self.count(*EXCLUDED)
        killed = [item for item in self.judged if item.verdict.what in KILLED]
        found = sum(not stages or item.verdict.stage in stages for item in killed)
        return found / counted if counted else 1.0

    @property
    def passed(self) -> bool:
        """Whether nothing is left to be explained."""
        return all(item.verdict.what in (*KILLED, *EXCLUDED) for item in self.judged)


def of_run(run: Run, stage: str) -> Verdict | None:
    """What the run of a bench says of a mutant; None: it noticed nothing."""
    for result in run.results:
        if result.status == "failed":
            if result.message.startswith("the simulation ended by itself"):
                return _ended(run, stage, result.name, result.message)
            return Verdict("failed", stage, result.name, result.message)
    return _ended(run, stage, "", run.error) if run.error else None


def _ended(run: Run, stage: str, test: str, message: str) -> Verdict:
    """A run that the simulator has ended: was it an error of the HDL, the limit of time, or a crash?"""
    text = f"{message} {run.error}"
    if "of wall time" in text or "SIGXCPU" in text:
        return Verdict("hang", stage, test, "no end within the limit of time")
    if "killed by" not in run.error and _said_by_hdl(run):
        return Verdict("stopped", stage, test, message)
    return Verdict("died", stage, test, run.error or message)


def _said_by_hdl(run: Run) -> bool:
    """Whether the log has an error or end that the HDL or the simulator's checks have reported."""
    log = run.log.read_text(encoding="utf-8", errors="replace")
    return any(mark in log for mark in ("%Error", "%Fatal", "ERROR: ", "FATAL: "))
