"""The command about programs of others: public traces and register logs."""

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
from cocodla.cli.cycles import REPORT, write_page
from cocodla.cli.model_options import OUTSIDE
from cocodla.cli.numbers import CYCLES, size, whole
from cocodla.errors import UserError
from cocodla.files.inputs import MEMORY_LIMIT

if TYPE_CHECKING:
    from cocodla.runtime.traces import Trace
    from cocodla.sim.waves import Waves

LIST = typer.Option(None, "--image", help="memory image of a register log (default: memory.txt beside it)")
OUTPUT = typer.Option(
    None, "--expect", help="bytes a log must leave in memory (default: expected_output.txt beside it)"
)
ALLOWANCE = size("--memory-limit", MEMORY_LIMIT, "memory that one trace may declare in all (default: 4G)", 1 << 44)


@command
def traces(
    place: str = typer.Argument("", help="folder of public traces and register logs, or one of them"),
    sim: str = SIM,
    latency: int = LATENCY,
    memory: str = MEMORY,
    only: str = typer.Option("", "--only", help="run traces with this text in their name"),
    jobs: int = whole("--jobs", None, "traces at a time (default: one for each processor)"),
    max_cycles: int = whole("--max-cycles", None, "skip traces expected to take more cycles", *CYCLES),
    image: Path = LIST,
    expect: Path = OUTPUT,
    outside: bool = OUTSIDE,
    memory_limit: int = ALLOWANCE,
    watchdog: int | None = WATCHDOG,
    seed: int = SEED,
    waves: Waves | None = WAVES,
    report_cycles: bool = REPORT,
    rerun: Path = typer.Option(None, "--rerun", help="run the program of a failure (build/traces/NAME) again"),
) -> None:
    """Run public nv_small traces and recorded register logs on the golden model and on the RTL."""
    from cocodla import datasets
    from cocodla.program.allowance import Limits
    from cocodla.report import traces as report
    from cocodla.runtime import rtl
    from cocodla.runtime.jobs import default_jobs
    from cocodla.runtime.memories import memory_or_latency
    from cocodla.runtime.traces import Settings, reference_cycles, run_traces
    from cocodla.sim import project
    from cocodla.sim.run import new_seed

    if rerun:
        again = report.show_rerun(rerun, waves, console)
        emit(lambda: report.as_json([again]))
        raise typer.Exit(0 if again.passed else 1)
    chosen = memory_or_latency(memory, latency)
    found = _find(place, only, image, expect)
    seed = new_seed() if seed is None else seed
    console.note(f"seed {seed}")
    options = ["--sim", sim, *memory_words(memory, latency)]
    options += [*([] if watchdog is None else ["--watchdog", str(watchdog)]), "--seed", str(seed), "--waves"]
    options += ["--memory-limit", str(memory_limit), *(["--allow-outside"] if outside else [])]

    def repeat(trace: Trace) -> str:
        files = [
            word
            for name, path in (("--image", trace.memory), ("--expect", trace.output))
            if path
            for word in (name, path)
        ]
        return command_line("traces", trace.script.resolve(), *options, *map(str, files))

    simulation = rtl.Simulation(
        sim=sim, waves=waves, seed=seed, memory=chosen, watchdog=watchdog, activity=report_cycles
    )
    settings = Settings(
        simulation,
        reference_cycles(datasets.shared_folder() / "reference" / "nv_small_cycles.json"),
        max_cycles,
        repeat,
        lambda folder: command_line("traces", "--rerun", folder, "--waves"),
        Limits(memory_limit, outside),
    )
    runs = report.collect(run_traces(found, settings, jobs or default_jobs()), len(found), console)
    report.save(runs, project.build() / "traces" / "result.json")
    for run in runs:
        if run.record:
            write_page(run.record)
    status = report.show(runs, console)
    emit(lambda: report.as_json(runs))
    if status:
        raise typer.Exit(status)


def _find(place: str, only: str, image: Path | None, expect: Path | None) -> list[Trace]:
    """The wanted traces, a log with the memory image and output given for it."""
    from cocodla.runtime.traces import find_traces

    if not place:
        raise UserError("no folder of traces given: make traces TRACES=folder")
    found = [trace for trace in find_traces(Path(place)) if only in trace.name]
    if not found:
        raise UserError(f"{place}: no trace has {only!r} in its name")
    if image is None and expect is None:
        return found
    if len(found) != 1 or not found[0].is_log:
        raise UserError(f"{place}: --image and --expect belong to one register log (.txn)")
    return [replace(found[0], memory=image or found[0].memory, output=expect or found[0].output)]
