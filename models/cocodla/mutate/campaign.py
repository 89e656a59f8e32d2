"""A campaign of mutants of a block: its bench, then random programs and traces on the chip, then proofs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cocodla.mutate import chip, yosys
from cocodla.mutate.accepted import expired, read_accepted
from cocodla.mutate.bench import BenchRunner, Schemata, make_schemata
from cocodla.mutate.equivalent import available, is_equivalent
from cocodla.mutate.settings import STAGES, Settings
from cocodla.mutate.verdict import Campaign, Judged, Verdict
from cocodla.runtime.jobs import default_jobs, run_jobs
from cocodla.sim import project, tools
from cocodla.sim.bench import load_bench

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def campaign_folder(unit: str) -> Path:
    """Where a campaign keeps its files; the one before it is deleted."""
    folder = project.build() / "mutate" / unit
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def run_campaign(block: str, settings: Settings, progress: Progress, say: Say) -> Campaign:
    """Mutants of a block. UserError for an unknown block, one without mutants, missing tools, a bench that fails
    without a fault.
    """
    begin = time.monotonic()
    bench = load_bench(block)
    tools.check_simulator(settings.sim)
    if "traces" in settings.stages:
        chip.traces_folder()
    folder = campaign_folder(block)
    if settings.engine == "yosys":
        schemata = yosys.make_schemata(bench, settings.count, settings.seed, folder / "rtl")
    else:
        schemata = make_schemata(bench, settings.count, settings.seed, folder / "rtl")
    jobs = settings.jobs or default_jobs()
    judge = _Judge(schemata, progress)
    judge.accept()
    runner = BenchRunner(bench, settings.sim, settings.seed, schemata.copies, folder / "runs", say)
    build_seconds = 0.0
    for variant in runner.designs:
        if not judge.left:
            break
        plain = runner.prepare(variant)
        build_seconds += plain.seconds
        for number, verdict in runner.verdicts(plain, judge.left, jobs):
            judge.take(number, verdict)
    if settings.prove and settings.engine == "source":
        judge.prove(folder, jobs)
    for stage in STAGES:
        if stage in settings.stages and judge.left:
            runner_of_chip = chip.ChipRunner(stage, settings, schemata.copies)
            for number, verdict in runner_of_chip.verdicts(judge.left, jobs):
                judge.take(number, verdict)
    judged = [Judged(n, mutant, judge.found.get(n, Verdict("survived"))) for n, mutant in schemata.mutants.items()]
    return Campaign(
        block, settings.engine, settings.seed, schemata.possible, judged, ("block", *settings.stages),
        time.monotonic() - begin, build_seconds, expired(read_accepted()),
    )  # fmt: skip


class _Judge:
    """The verdicts so far. left: numbers of mutants that nothing has found."""

    def __init__(self, schemata: Schemata, progress: Progress) -> None:
        self.schemata, self.progress = schemata, progress
        self.found: dict[int, Verdict] = {}
        progress(0, len(schemata.mutants))

    @property
    def left(self) -> list[int]:
        return [number for number in self.schemata.mutants if number not in self.found]

    def take(self, number: int, verdict: Verdict | None) -> None:
        """A stage has ended with a mutant."""
        if verdict is not None:
            self.found[number] = verdict
            self.progress(len(self.found), len(self.schemata.mutants))

    def accept(self) -> None:
        """Leave out those that are accepted."""
        entries = read_accepted()
        for number, mutant in self.schemata.mutants.items():
            entry = next((entry for entry in entries if entry.covers(mutant)), None)
            self.take(number, Verdict("accepted", "list", message=entry.reason) if entry else None)

    def prove(self, folder: Path, jobs: int) -> None:
        """Prove what is left, where there is a Yosys."""
        numbers: Sequence[int] = self.left
        if not numbers or not available():
            return

        def work(number: int) -> bool:
            file = project.root() / self.schemata.mutants[number].file
            return is_equivalent(file, self.schemata.copies[file], number, folder / f"proof-{number}")

        for index, proven in run_jobs(work, numbers, jobs):
            self.take(numbers[index], Verdict("equivalent", "proof", "induction in Yosys") if proven else None)
