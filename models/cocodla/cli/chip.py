"""Commands that run the chip: lenet, random, resets, bench."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import (
    LATENCY,
    MEMORY,
    SEED,
    SIM,
    WATCHDOG,
    WAVES,
    command,
    command_line,
    console,
    emit,
    memory_words,
)
from cocodla.cli.cycles import REPORT, keep_report
from cocodla.cli.numbers import CYCLES, SEEDS, whole
from cocodla.errors import UserError
from cocodla.sim import project

if TYPE_CHECKING:
    from cocodla.sim.waves import Waves


def given(option: str, value: object) -> list[object]:
    """An option with its value, nothing where there is none."""
    return [] if value is None else [option, value]


@command
def lenet(
    sim: str = SIM,
    count: int = whole("--count", 10, "how many images"),
    images: list[Path] = typer.Option([], "--images", help="an IDX file (with its labels beside it) or PNG files"),
    seed: int = SEED,
    waves: Waves | None = WAVES,
    latency: int = LATENCY,
    memory: str = MEMORY,
    watchdog: int | None = WATCHDOG,
    report_cycles: bool = REPORT,
    shell: str = typer.Option("", "--shell", help="axi: the chip in its AXI shell, and what that costs in cycles"),
) -> None:
    """Compile LeNet-5, run handwritten digits through the RTL, and prove every layer equal to the golden model."""
    from cocodla import datasets, zoo
    from cocodla.report import network as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime import rtl
    from cocodla.runtime.memories import memory_or_latency
    from cocodla.runtime.recording import Stages
    from cocodla.runtime.verify import verify_network

    if shell and report_cycles:
        raise UserError("--report looks into the units of the bare chip: not with --shell")
    chosen = memory_or_latency(memory, latency)
    digits = datasets.digits(images, count, seed=seed)
    console.note(f"{digits.source}, seed {digits.seed}")
    network = zoo.lenet5()
    bare = rtl.Simulation(
        sim=sim, waves=waves, seed=digits.seed, memory=chosen, watchdog=watchdog, activity=report_cycles
    )
    simulation = replace(bare, shell=shell)
    rtl.check_shell(simulation)
    stages = Stages(simulation)
    with progress_bar(console, f"{network.name} on {sim}") as progress:
        run = verify_network(network, digits.images, digits.labels, simulation, progress, observe=stages.add)
    options = ["--count", count, *memory_words(memory, latency), *given("--watchdog", watchdog)]
    options += given("--shell", shell or None)
    options += [word for path in images for word in ("--images", path)]
    rerun = command_line("lenet", "--sim", sim, "--seed", digits.seed, "--waves", *options)
    report.show(run, console, rerun)
    report.save(run, project.build() / "lenet", rerun)
    if report_cycles:
        keep_report(stages.of_network(network, len(digits.images)))
    result = run.as_json()
    if shell:
        with progress_bar(console, f"{network.name} on {sim}, bare chip") as progress:
            other = verify_network(network, digits.images, digits.labels, replace(bare, waves=None), progress)
        report.show_shell(run, other, console)
        result["bare_cycles_per_image"] = other.cycles_per_image
    emit(lambda: result)
    if not run.passed:
        raise typer.Exit(1)


@command
def random(
    sim: str = SIM,
    count: int = whole("--count", 200, "at least this many layers"),
    seed: int = SEED,
    only: list[str] = typer.Option([], "--only", help="kind of layer or sequence; several times; default all"),
    assertions: bool = typer.Option(True, "--assertions/--no-assertions", help="the RTL's assertions are on"),
    watchdog: int | None = whole(
        "--watchdog", None, "cycles without progress that mean a run hangs (default: 20,000; another DUT: more)",
        100, CYCLES[1],
    ),
    avoid: list[str] = typer.Option(
        [], "--avoid", help="class of layers that no program has (docs/verification.md), or public; several times"
    ),
    ignore: list[str] = typer.Option(
        [], "--ignore", help="UNIT.REGISTER, with * and ?, that is not read back; several times"
    ),
    most: int = whole("--max-failures", 10, "stop after so many programs that differ; 0: never", 0),
    trials: int = whole("--trials", 200, "simulations spent to shrink a failing program", 0),
    memory: str = typer.Option("", "--memory", help="always this memory (docs/memory.md), not random ones"),
    seconds: int = whole("--shrink-seconds", 300, "wall time spent on it at most", 0),
    rerun: Path = typer.Option(None, "--rerun", help="run the kept program of this folder (build/random/seed-N) again"),
    waves: Waves | None = typer.Option(False, "--waves", help="with --rerun: record a waveform"),
) -> None:
    """Run random legal programs on the golden model and on the RTL and compare all memory, registers and interrupts."""
    from cocodla.program.leaving_out import check_patterns
    from cocodla.report import random as report
    from cocodla.runtime import campaign
    from cocodla.runtime.campaign import Outcome
    from cocodla.runtime.memories import memory_of
    from cocodla.sim.run import new_seed
    from cocodla.stimulus.avoid import chosen
    from cocodla.stimulus.program import PIECES

    def again(folder: Path) -> str:
        return command_line("random", "--rerun", folder, "--waves")

    def repeat(outcome: Outcome) -> str:
        kinds = [word for kind in only for word in ("--only", kind)]
        case = outcome.case
        words = given("--watchdog", case.simulation.watchdog)
        words += given("--memory", memory or None)
        words += [word for name in avoid for word in ("--avoid", name)]
        words += [word for name in ignore for word in ("--ignore", name)]
        return command_line("random", "--sim", sim, "--count", 1, "--seed", case.seed, *kinds, *words)

    if rerun:
        result = report.show_rerun(rerun, waves, console)
    else:
        unknown = [kind for kind in only if kind not in PIECES]
        if unknown:
            raise UserError(f"unknown kind {unknown[0]!r}; known: {', '.join(PIECES)}")
        classes = chosen(avoid)
        check_patterns(ignore)
        always = memory_of(memory) if memory else None
        seed = new_seed() if seed is None else seed
        console.note(f"random programs on {sim}, seed {seed}")
        outcomes = campaign.run_cases(seed, count, sim, only or PIECES, assertions, watchdog, classes, ignore, always)
        result = report.show(outcomes, count, console, repeat, again, trials, seconds, most)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)


@command
def resets(
    sim: str = SIM,
    count: int = typer.Option(100, "--count", min=1, help="how many resets"),
    seed: int = SEED,
    guard: bool = typer.Option(False, "--guard", help="dla_reset_guard between accelerator and memory (docs/reset.md)"),
    only: list[str] = typer.Option([], "--only", help="kind of layer or sequence; several times; default all"),
    waves: Waves | None = WAVES,
) -> None:
    """Reset the accelerator in the middle of random programs, with requests under way; what runs next must be right."""
    from cocodla.report import resets as report
    from cocodla.runtime.resets import Outcome, run_cases
    from cocodla.sim.run import new_seed
    from cocodla.stimulus.program import PIECES

    def repeat(outcome: Outcome) -> str:
        case = outcome.case
        words = ["--sim", sim, "--count", len(case.resets), "--seed", case.seed, *(["--guard"] if guard else [])]
        return command_line("resets", *words, *(word for kind in only for word in ("--only", kind)))

    if unknown := [kind for kind in only if kind not in PIECES]:
        raise UserError(f"unknown kind {unknown[0]!r}; known: {', '.join(PIECES)}")
    seed = new_seed() if seed is None else seed
    console.note(f"resets on {sim}, seed {seed}")
    result = report.show(run_cases(seed, count, sim, guard, only or PIECES, waves), count, console, repeat)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)


@command
def bench(
    only: str = typer.Option("", "--only", help="regular expression on the names of layers and traces"),
    memory: list[str] = typer.Option(
        [], "--memory", help="full32, full8, full64, half32 (default: all) or a DRAM (docs/memory.md); several times"
    ),
    check: bool = typer.Option(True, "--check/--no-check", help="compare the results of layers with the golden model"),
    seed: int = whole("--seed", 1, "seed of weights and data", *SEEDS),
    accept: bool = typer.Option(False, "--accept", help="let slower results replace the committed ones"),
    watchdog: int | None = WATCHDOG,
    report_cycles: bool = REPORT,
) -> None:
    """Measure single layers and public traces, and compare with bounds, the public design and the last result."""
    from cocodla import datasets
    from cocodla.report.bench import run_bench
    from cocodla.runtime.memories import MEMORIES

    committed = project.committed("benchmarks/results/cycles.json")
    memories = memory or list(MEMORIES)
    folder = datasets.shared_folder()
    record = keep_report if report_cycles else None
    result = run_bench(console, folder, committed, only, memories, check, seed, accept, watchdog, record)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)
