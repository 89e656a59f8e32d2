"""The table of a trace run."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.errors import one_line
from cocodla.files.outputs import write_whole
from cocodla.report.mismatch.files import told, write
from cocodla.report.progress import progress_bar
from cocodla.report.runs import show_waves
from cocodla.runtime.kept import load_kept
from cocodla.runtime.scoreboard import Tally
from cocodla.runtime.traces import TraceRun, run_trace
from cocodla.sim.waves import Waves

MOST = 100
"""Failures of a trace that are shown; its report has all."""


def collect(runs: Generator[tuple[int, TraceRun], None, None], total: int, console: Console) -> list[TraceRun]:
    """Run all while a bar shows how far it is; the outcomes in the order of the traces."""
    done: dict[int, TraceRun] = {}
    with progress_bar(console, "traces") as progress, closing(runs):
        progress(0, total)
        for index, run in runs:
            done[index] = run
            progress(len(done), total)
    return [done[index] for index in sorted(done)]


def show(runs: list[TraceRun], console: Console) -> int:
    """Print the table and what failed.

    Exit status: 1 if a trace failed or none ran, 2 if one could not be read or breaks a rule, else 0.
    """
    if any(not run.error for run in runs):
        _show_table(runs, console)
    for run in runs:
        failures = [*run.golden[run.refused :], *run.rtl]
        for failure in failures[:MOST]:
            console.print(f"{run.name}: {failure}", style="red", highlight=False, markup=False, soft_wrap=True)
        if len(failures) > MOST:
            console.print(f"{run.name}: {len(failures) - MOST:,} more failures", style="red", highlight=False)
        if run.is_log and run.ran:
            console.print(_summary(run), highlight=False, markup=False, soft_wrap=True)
        if run.kept:
            console.print(f"{run.name}: see {run.kept}/report.txt", highlight=False, markup=False, soft_wrap=True)
        if run.waves:
            console.print(f"{run.name}: waves in {run.waves}", highlight=False, markup=False, soft_wrap=True)
        if run.finding and run.kept:
            text = told(run.finding, write(run.finding, run.kept))
            console.print(f"{run.name}: {text}", highlight=False, markup=False, soft_wrap=True)
        if run.recorded:
            console.print(f"{run.name}: {run.recorded}", highlight=False, markup=False, soft_wrap=True)
    refused = [run.error or run.golden[0] for run in runs if run.error or run.refused]
    for line in refused:
        print(f"cocodla: {one_line(line)}", file=sys.stderr)  # noqa: T201 (rich would wrap the line)
    passed = sum(run.passed for run in runs)
    failed = sum(run.ran and not run.passed and not run.refused for run in runs)
    if passed + failed + len(refused) != 1 or not refused:
        console.print(_count(passed, failed, len(refused), len(runs)), highlight=False)
    if failed or not passed + len(refused):
        return 1
    return 2 if refused else 0


def _count(passed: int, failed: int, refused: int, total: int) -> str:
    parts = [f"{passed} passed", f"{failed} failed"]
    skipped = total - passed - failed - refused
    parts += [f"{number} {what}" for number, what in ((refused, "refused"), (skipped, "skipped")) if number]
    return ", ".join(parts)


def _show_table(runs: list[TraceRun], console: Console) -> None:
    table = Table("trace", "golden", "RTL")
    for heading in ("cycles", "reference", "speed-up"):
        table.add_column(heading, justify="right")
    for run in runs:
        table.add_row(*_row(run))
    console.print(table)


def _row(run: TraceRun) -> tuple[str, ...]:
    reference = run.reference_cycles
    told = f"{reference:,}" if reference else ""
    if run.error:
        return run.name, "bad input", "", "", "", ""
    if run.skipped is not None:
        return run.name, "", f"skipped: {run.skipped:,} cycles", "", told, ""
    golden = "refused" if run.refused else "FAIL" if run.golden else "pass"
    on_rtl = "" if run.absent else "FAIL" if run.rtl else "pass"
    cycles = f"{run.cycles:,}" if run.cycles >= 0 else ""
    ratio = f"{reference / run.cycles:.2f}" if reference and run.cycles > 0 else ""
    return run.name, golden, on_rtl, cycles, told, ratio


def _summary(run: TraceRun) -> str:
    """What was equal in a register log, on each backend, and its cycles."""
    parts = [f"{backend}: {_tally(tally)}" for backend, tally in run.tallies.items()]
    told = [f"{tally.interrupts_seen} of {tally.interrupts} ({backend})" for backend, tally in run.tallies.items()]
    parts.append(f"interrupts {', '.join(told)}")
    if any(tally.timing for tally in run.tallies.values()):
        told = [f"{tally.timing_equal} of {tally.timing} ({backend})" for backend, tally in run.tallies.items()]
        parts.append(f"reads that depend on timing, equal by chance {', '.join(told)}")
    if run.unread:
        parts.append(f"{run.unread:,} lines that look like accesses were not understood")
    if run.cycles >= 0:
        parts.append(f"{run.cycles:,} cycles")
    return f"{run.name}: " + "; ".join(parts)


def _tally(tally: Tally) -> str:
    output = "equal" if tally.outputs_equal == tally.outputs else f"{tally.outputs_equal} of {tally.outputs} equal"
    return f"{tally.reads_equal} of {tally.reads} reads equal, output {output}"


def as_json(runs: list[TraceRun]) -> list[dict[str, Any]]:
    """All outcomes as plain values."""
    return [{**_plain(run), "passed": run.passed} for run in runs]


def _plain(run: TraceRun) -> dict[str, Any]:
    values = asdict(replace(run, finding=None))
    del values["finding"]
    return values


def save(runs: list[TraceRun], path: Path) -> None:
    """Write all outcomes as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(as_json(runs), indent=1, default=str) + "\n").encode())


def show_rerun(folder: Path, waves: Waves | None, console: Console) -> TraceRun:
    """Run the program of a failure again."""
    program, simulation = load_kept(folder)
    simulation = replace(simulation, waves=waves, run_name="rerun")
    run = run_trace(folder.name, program, simulation)
    for line in run.golden:
        console.print(f"golden model: {line}", style="red", highlight=False, markup=False, soft_wrap=True)
    for line in run.rtl:
        console.print(f"RTL: {line}", style="red", highlight=False, markup=False, soft_wrap=True)
    show_waves(run.waves, console)
    console.print(f"{folder.name}: {'passed' if run.passed else 'failed'}, {run.cycles:,} cycles", highlight=False)
    return run
