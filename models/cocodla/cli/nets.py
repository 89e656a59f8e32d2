"""The command that proves the compiler with the networks of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import LATENCY, MEMORY, SEED, SIM, WAVES, command, command_line, console, emit, memory_words
from cocodla.cli.cycles import REPORT, write_page
from cocodla.cli.numbers import whole

if TYPE_CHECKING:
    from cocodla.nets.regression import NetResult
    from cocodla.sim.waves import Waves


@command
def nets(
    only: str = typer.Option("", "--only", help="networks with this text in their name"),
    sim: str = SIM,
    jobs: int = whole("--jobs", None, "networks at a time, or parts of a single one (default: one for each processor)"),
    seed: int = SEED,
    latency: int = LATENCY,
    memory: str = MEMORY,
    waves: Waves | None = WAVES,
    report_cycles: bool = REPORT,
) -> None:
    """Compile known networks; compare float with int8, golden model with RTL tensor by tensor, figures with limits."""
    from cocodla.nets.regression import check_all, chosen
    from cocodla.report.nets import run_nets
    from cocodla.runtime import rtl
    from cocodla.runtime.jobs import default_jobs
    from cocodla.runtime.memories import memory_or_latency
    from cocodla.sim import project
    from cocodla.sim.run import new_seed

    found = chosen(only)
    seed = new_seed() if seed is None else seed
    console.note(f"{len(found)} networks on {sim}, seed {seed}")
    chosen_memory = memory_or_latency(memory, latency)
    simulation = rtl.Simulation(sim=sim, waves=waves, seed=seed, memory=chosen_memory, activity=report_cycles)
    records: list[str] = []

    def rerun(name: str) -> str:
        return command_line("nets", "--only", name, "--sim", sim, "--seed", seed, *memory_words(memory, latency))

    def results() -> Iterator[NetResult]:
        for result in check_all(found, simulation, jobs or default_jobs()):
            records.append(result.record)
            yield result

    passed, figures = run_nets(results(), [net.name for net in found], console, rerun, project.build() / "nets")
    for record in filter(None, records):
        write_page(Path(record))
    emit(lambda: figures)
    if not passed:
        raise typer.Exit(1)
