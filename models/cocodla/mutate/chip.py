"""Mutants that their bench has not found, on the chip: random programs and public traces, against the golden model."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from cocodla import datasets
from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.mutate.schemata import PLUSARG
from cocodla.mutate.settings import Settings
from cocodla.mutate.verdict import Verdict
from cocodla.program import Execution, Program, compare
from cocodla.runtime import rtl
from cocodla.runtime.campaign import make_case
from cocodla.runtime.jobs import run_jobs
from cocodla.runtime.traces import find_traces
from cocodla.stimulus.program import build_program

LONGEST = 60_000
"""Cycles of the longest trace that is tried."""
WATCHDOG = 20_000
SLOWER = 3
"""A mutant has failed whose command takes more than so many times the cycles of the whole program without it."""
Work = tuple[str, Program, Execution, rtl.Simulation]
"""A name, a program, what the golden model makes of it, and how the RTL runs it."""


def traces_folder() -> Path:
    """Folder of the public traces; UserError where there is none."""
    folder = datasets.shared_folder() / "traces"
    if not folder.is_dir():
        raise UserError("--then traces: there is no ../shared/traces")
    return folder


class ChipRunner:
    """Programs on a chip with mutants in it. stage: random or traces. copies: sources and those with mutants."""

    def __init__(self, stage: str, settings: Settings, copies: Mapping[Path, Path]) -> None:
        self.stage, self.settings = stage, settings
        self.replaced = tuple(copies.items())

    def verdicts(self, numbers: Sequence[int], jobs: int) -> Generator[tuple[int, Verdict | None], None, None]:
        """(number, verdict, None: it was not noticed) as the mutants end. UserError if the chip fails without one."""
        work = [bounded for work in self._programs() if (bounded := self._bounded(work)) is not None]

        def judge(number: int) -> Verdict | None:
            return next((found for item in work if (found := self._differs(item, number)[0]) is not None), None)

        with closing(run_jobs(judge, list(numbers), jobs)) as running:
            for index, found in running:
                yield numbers[index], found

    def _programs(self) -> Iterator[Work]:
        return self._random() if self.stage == "random" else self._traces()

    def _bounded(self, work: Work) -> Work | None:
        """The work with a limit of cycles, after a run without a fault; None for a trace that is too long."""
        found, cycles = self._differs(work, 0)
        if found is not None:
            raise UserError(f"{work[0]} fails without a fault: {found.message}")
        if self.stage == "traces" and cycles > LONGEST:
            return None
        name, program, golden, simulation = work
        return name, program, golden, replace(simulation, limit=SLOWER * cycles + WATCHDOG)

    def _random(self) -> Generator[Work, None, None]:
        """Programs of at least so many layers in all, on plain memories with one clock: one model serves all."""
        layers, seed = 0, self.settings.seed
        while layers < self.settings.layers:
            case = make_case(seed, self.settings.sim, assertions=True, watchdog=WATCHDOG)
            made = build_program(case.plan)
            simulation = replace(case.simulation, csb_period_ps=0, replaced=self.replaced)
            yield f"random program {seed}", made.program, run_golden(made.program), simulation
            layers += len(made.layers)
            seed += 1

    def _traces(self) -> Generator[Work, None, None]:
        simulation = rtl.Simulation(
            sim=self.settings.sim, seed=self.settings.seed, assertions=True, watchdog=WATCHDOG, replaced=self.replaced
        )
        for trace in find_traces(traces_folder()):
            if not trace.is_log:
                program = trace.read()
                golden = run_golden(program)
                if not golden.failures:
                    yield f"trace {trace.name}", program, golden, simulation

    def _differs(self, work: Work, number: int) -> tuple[Verdict | None, int]:
        """What is noticed of a mutant, and the cycles of the run."""
        name, program, golden, simulation = work
        got = rtl.run(program, replace(simulation, plusargs=(f"+{PLUSARG}={number}",), run_name="mutants"))
        lines = [*got.failures, *map(str, compare(program, golden, got))]
        what = "died" if any("killed by" in line for line in lines[:1]) else "failed"
        found = Verdict(what, self.stage, name, lines[0]) if lines else None
        return found, int(got.counters.get("cycles", 0))
