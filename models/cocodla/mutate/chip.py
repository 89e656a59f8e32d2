"""Mutants that their bench has not found, on the chip: random programs and public traces, against the golden model."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cocodla import datasets
from cocodla.golden import run as run_golden
from cocodla.mutate.schemata import PLUSARG
from cocodla.mutate.verdict import Verdict
from cocodla.program import Execution, Program, compare
from cocodla.runtime import rtl
from cocodla.runtime.campaign import make_case
from cocodla.runtime.jobs import run_jobs
from cocodla.runtime.traces import find_traces
from cocodla.sim.filelist import own_list, read_file_list
from cocodla.stimulus.program import build_program

if TYPE_CHECKING:
    from cocodla.mutate.campaign import Settings

LONGEST = 60_000
"""Cycles of the longest trace that is tried."""
WATCHDOG = 20_000
Work = tuple[str, Program, Execution, rtl.Simulation]
"""A name, a program, what the golden model makes of it, and how the RTL runs it."""


class ChipRunner:
    """Programs on a chip with mutants in it. stage: random or traces."""

    def __init__(self, stage: str, settings: Settings, copies: Mapping[Path, Path], folder: Path) -> None:
        self.stage, self.settings = stage, settings
        self.files = self._file_list(copies, folder / "chip.f")
        self.work: list[Work] | None = None

    @staticmethod
    def _file_list(copies: Mapping[Path, Path], path: Path) -> Path:
        sources = [copies.get(source, source) for source in read_file_list(own_list()).sources]
        path.write_text("".join(f"{source.resolve()}\n" for source in sources), encoding="utf-8")
        return path

    def verdicts(self, numbers: Sequence[int], jobs: int) -> Generator[tuple[int, Verdict | None], None, None]:
        """(number, verdict, None: it was not noticed) as the mutants end. The plain chip is tried first."""
        self.work = list(self._random() if self.stage == "random" else self._traces())
        for work in self.work:  # builds the models, and shows that nothing differs without a fault
            if (found := self._differs(work, 0)) is not None:
                raise RuntimeError(f"{work[0]} fails without a fault: {found.message}")
        with closing(run_jobs(self._verdict, list(numbers), jobs)) as running:
            for index, found in running:
                yield numbers[index], found

    def _random(self) -> Generator[Work, None, None]:
        """Programs of at least so many layers in all, on plain memories with one clock: one model serves all."""
        layers, seed = 0, self.settings.seed
        while layers < self.settings.layers:
            case = make_case(seed, self.settings.sim, assertions=True)
            made = build_program(case.plan)
            simulation = replace(case.simulation, csb_period_ps=0, file_list=self.files)
            yield f"random program {seed}", made.program, run_golden(made.program), simulation
            layers += len(made.layers)
            seed += 1

    def _traces(self) -> Generator[Work, None, None]:
        folder = datasets.shared_folder() / "traces"
        simulation = rtl.Simulation(
            sim=self.settings.sim, seed=self.settings.seed, file_list=self.files, assertions=True, watchdog=WATCHDOG
        )
        for trace in find_traces(folder) if folder.is_dir() else []:
            if not trace.is_log:
                program = trace.read()
                golden = run_golden(program)
                if not golden.failures:
                    yield f"trace {trace.name}", program, golden, simulation

    def _verdict(self, number: int) -> Verdict | None:
        assert self.work is not None
        return next((found for work in self.work if (found := self._differs(work, number)) is not None), None)

    def _differs(self, work: Work, number: int) -> Verdict | None:
        name, program, golden, simulation = work
        got = rtl.run(program, replace(simulation, plusargs=(f"+{PLUSARG}={number}",), run_name="mutants"))
        lines = [*got.failures, *map(str, compare(program, golden, got))]
        if not lines:
            return None
        what = "died" if "killed by" in lines[0] else "failed"
        return Verdict(what, self.stage, name, lines[0])
