"""Runs the mutants of a block on its bench: one build for each variant, one short run for each mutant."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from cocodla.errors import UserError
from cocodla.mutate import faults, verilog
from cocodla.mutate.mutant import Mutant, choose
from cocodla.mutate.schemata import BITS, PLUSARG, schema
from cocodla.mutate.verdict import Verdict, of_run
from cocodla.mutate.verilog import VerilogFile
from cocodla.runtime.jobs import run_jobs
from cocodla.sim import project
from cocodla.sim.bench import Bench, both_patterns, start_values, variants
from cocodla.sim.build import Design, Model, build
from cocodla.sim.complaints import early_complaints
from cocodla.sim.run import ERROR_LIMIT, Run, simulate

MOST = 2**BITS - 1
SLOWER, EXTRA = 3, 8
"""CPU time a mutant may take: so many times that of the plain bench, and some seconds."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Schemata:
    """The chosen mutants of some files, by number, and the files that have them in them.

    copies: source to its copy. possible: mutants that there are.
    """

    mutants: dict[int, Mutant]
    copies: dict[Path, Path]
    possible: int


@dataclass
class Plain:
    """A model with mutants whose plain run has passed. cpu: CPU seconds of that run.

    early: errors that the HDL reports before anything is reset, which are no faults: the one after them ends a mutant.
    """

    variant: str
    model: Model
    cpu: float
    early: int = 0
    seconds: float = field(default=0.0)


def all_mutants(files: Sequence[Path], context: Sequence[Path], seed: int) -> tuple[list[VerilogFile], list[Mutant]]:
    """Every mutant of some files. context: all sources, which tell the inputs of instances.

    UserError for what is no Verilog.
    """
    verilog.require_slang()
    inputs = verilog.input_ports([verilog.parse(path) for path in context])
    read = [verilog.read_sites(path, inputs) for path in files]
    root = project.root()
    return read, [mutant for file in read for mutant in faults.mutants_of(file, faults.relative(file.path, root), seed)]


def make_schemata(bench: Bench, count: int, seed: int, folder: Path) -> Schemata:
    """Choose mutants of a block, and write its files with all of them. UserError where there are none."""
    sources = next(iter(bench.designs.values())).sources
    files, mutants = all_mutants(bench.own, [*sources, *bench.own], seed)
    if not mutants:
        names = ", ".join(path.name for path in bench.own) or "no file"
        raise UserError(f"block {bench.block}: no mutants are possible in {names}")
    numbered = dict(enumerate(choose(mutants, min(count, MOST), seed), 1))
    return Schemata(numbered, write_copies(files, numbered, folder), len(mutants))


def write_copies(files: Sequence[VerilogFile], numbered: Mapping[int, Mutant], folder: Path) -> dict[Path, Path]:
    """The files that have chosen mutants, with these, below a folder; source to copy."""
    copies = {}
    for file in files:
        name = faults.relative(file.path, project.root())
        own = {number: mutant for number, mutant in numbered.items() if mutant.file == name}
        if own:
            copies[file.path] = folder / name
            copies[file.path].parent.mkdir(parents=True, exist_ok=True)
            copies[file.path].write_text(schema(file, own), encoding="utf-8")
    return copies


def with_copies(design: Design, copies: Mapping[Path, Path]) -> Design:
    """The design with the copies in place of their sources."""
    sources = tuple(copies.get(path, path) for path in design.sources)
    return replace(design, name=f"{design.name}-mutants", sources=sources)


class BenchRunner:
    """The default run of a bench, on models that have mutants in them."""

    def __init__(self, bench: Bench, sim: str, seed: int, copies: Mapping[Path, Path], folder: Path, say: Say) -> None:
        self.bench, self.sim, self.seed, self.folder, self.say = bench, sim, seed, folder, say
        self.designs = {name: with_copies(design, copies) for name, design in variants(bench, sim).items()}
        if not self.designs:
            raise UserError(f"block {bench.block}: no variant is for {sim}")

    def prepare(self, variant: str) -> Plain:
        """Build a variant and run it without a fault. UserError if that fails: nothing could be learned then."""
        begin = time.monotonic()
        model = build(self.designs[variant], self.sim)
        built = time.monotonic() - begin
        used = _children_cpu()
        run = self._run(Plain(variant, model, 0.0, early=MOST), 0, None)
        if not run.passed:
            failed = next((f"{r.name}: {r.message}" for r in run.results if r.status == "failed"), run.error)
            what = f"block {self.bench.block} fails without a fault, seed {self.seed}"
            raise UserError(f"{what}: {failed} (log: {run.log})")
        cpu = _children_cpu() - used
        self.say(f"{self.designs[variant].name}: built in {built:.0f} s, runs {cpu:.1f} CPU s without a fault")
        return Plain(variant, model, cpu, early_complaints(run.log), built)

    def verdict(self, plain: Plain, number: int) -> Verdict | None:
        """What the bench says of a mutant; None: nothing."""
        run = self._run(plain, number, round(SLOWER * plain.cpu + EXTRA))
        found = of_run(run, "block")
        if found and found.what == "died":  # once more: the machine may have been out of memory
            found = of_run(self._run(plain, number, round(SLOWER * plain.cpu + EXTRA)), "block")
        if found is None or found.what != "died":
            shutil.rmtree(run.folder, ignore_errors=True)
        return found

    def verdicts(
        self, plain: Plain, numbers: Sequence[int], jobs: int
    ) -> Generator[tuple[int, Verdict | None], None, None]:
        """(number, verdict) as the runs of the mutants end."""
        with closing(run_jobs(lambda number: self.verdict(plain, number), list(numbers), jobs)) as running:
            for index, found in running:
                yield numbers[index], found

    def _run(self, plain: Plain, number: int, cpu_limit: int | None) -> Run:
        own = self.bench.only.get(plain.variant)
        limit = [f"{ERROR_LIMIT}{plain.early + 1}"] if self.sim == "verilator" else []
        return simulate(
            plain.model, self.bench.modules, self.folder / f"{plain.variant}-{number}", seed=self.seed,
            test_filter=both_patterns(own, None), path=[self.bench.folder],
            plusargs=[*start_values(self.sim, self.seed), *limit, f"+{PLUSARG}={number}"],
            env={"COCOTB_MAX_FAILURES": "1"}, timeout=self.bench.timeout, cpu_limit=cpu_limit,
        )  # fmt: skip


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
