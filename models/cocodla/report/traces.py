"""The table of a trace run."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from cocodla.report.progress import progress_bar
from cocodla.runtime.traces import TraceRun


def show(runs: Iterable[TraceRun], total: int, console: Console) -> int:
    """Run all while a bar shows how far it is, then print the table.

    Exit status: 0 if there were traces and all passed, 2 if one breaks a rule, else 1.
    """
    done: list[TraceRun] = []
    with progress_bar(console, "traces") as progress:
        progress(0, total)
        for run in runs:
            done.append(run)
            progress(len(done), total)
    table = Table("trace", "golden", "RTL")
    for heading in ("cycles", "reference", "speed-up"):
        table.add_column(heading, justify="right")
    for run in done:
        table.add_row(*_row(run))
    console.print(table)
    for run in done:
        for failure in (*run.golden, *run.rtl):
            console.print(f"{run.name}: {failure}", style="red", highlight=False, markup=False, soft_wrap=True)
    passed = sum(run.passed for run in done)
    console.print(f"{passed} passed, {len(done) - passed} failed", highlight=False)
    if any(run.refused for run in done):
        return 2
    return 0 if done and passed == len(done) else 1


def _row(run: TraceRun) -> tuple[str, ...]:
    reference = run.reference_cycles
    ratio = f"{reference / run.cycles:.2f}" if reference and run.cycles > 0 else ""
    return (
        run.name,
        "pass" if not run.golden else "FAIL",
        "pass" if not run.rtl else "FAIL",
        f"{run.cycles:,}" if run.cycles >= 0 else "",
        f"{reference:,}" if reference else "",
        ratio,
    )
