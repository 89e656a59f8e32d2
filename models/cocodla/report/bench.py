"""The tables of a benchmark run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.bench import results
from cocodla.bench.measure import (
    Case,
    Measurement,
    Record,
    check_memories,
    layer_cases,
    measure_all,
    predicted_cycles,
    trace_cases,
)
from cocodla.errors import UserError
from cocodla.report.progress import progress_bar
from cocodla.report.screen import Screen
from cocodla.sim.filelist import is_foreign
from cocodla.sim.parameters import is_default_chip


def select(cases: Sequence[Case], pattern: str) -> list[Case]:
    """Cases whose name matches a regular expression; UserError where it is none or matches nothing."""
    try:
        found = [case for case in cases if re.search(pattern, case.name)]
    except re.error as error:
        raise UserError(f"{pattern!r} is not a regular expression: {error}") from None
    if not found:
        raise UserError(f"no case of the benchmark matches {pattern!r}")
    return found


def run_bench(
    console: Screen,
    shared: Path,
    result: Path,
    pattern: str = "",
    memories: Sequence[str] = (),
    check: bool = True,
    seed: int = 1,
    accept: bool = False,
    watchdog: int | None = None,
    record: Record | None = None,
) -> dict[str, Any]:
    """Measure, print, compare with the committed `result` and update it. The result as plain values, whether it
    `passed` among them.

    accept: slower results replace the committed ones. Those of another chip are only printed; another DUT is held
    against the bounds only, its speed shown beside that of this project's RTL. record: see measure_all.
    """
    console.note(f"seed {seed}")
    traces = trace_cases(shared / "traces" / "nv_small")
    if not traces:
        console.note("traces skipped: no ../shared")
    cases = select([*layer_cases(seed), *traces], pattern)
    names = check_memories(memories)
    with progress_bar(console, "benchmark") as progress:
        progress(0, len(cases) * len(names))
        references = results.read_references(shared / "reference")
        by_name = {case.name: case for case in cases}
        rows = []
        for m in measure_all(cases, names, check, progress, watchdog, record):
            case = by_name[m.name]
            rows.append(results.make_row(case, m, references, predicted_cycles(case, m.memory)))
    measured = [row.measured for row in rows]
    ours = results.committed(result) if is_foreign() else None
    for memory in names:
        _show(console, memory, [row for row in rows if row.measured.memory == memory], ours)
    goals = [] if is_foreign() else results.goals(rows)
    if goals:
        _show_goals(console, goals)
    passed = _conclude(console, result, measured, accept)
    return {
        "passed": passed,
        "seed": seed,
        "measurements": [_row_json(row) for row in rows],
        "goals": [{"what": g.what, "goal": g.goal, "reached": g.value, "cases": g.count} for g in goals],
    }


def _row_json(row: results.Row) -> dict[str, Any]:
    return {
        "case": row.measured.name, "memory": row.measured.memory, "cycles": row.measured.cycles, "bound": row.bound,
        "reference": row.reference, "predicted": row.predicted, "failures": list(row.measured.failures),
    }  # fmt: skip


def _conclude(console: Console, result: Path, measured: list[Measurement], accept: bool) -> bool:
    failures = [f"{m.name} {m.memory}: {line}" for m in measured for line in m.failures]
    own = is_default_chip()
    slower = [] if not own else results.regressions(results.committed(result), measured)
    for line in (*failures, *slower):
        console.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    if slower and not accept:
        console.print(f"{len(slower)} regressions over {results.TOLERANCE:.0%}: {result} is left as it was")
        return False
    if own:
        results.save(result, [m for m in measured if ":" not in m.memory])
    else:
        text = f"not the default chip (DUT_FILELIST, DUT_PARAMETERS): {result} is left as it was"
        console.print(text, highlight=False, soft_wrap=True)
    console.print(f"{len(measured)} measurements, {len(failures)} failures", highlight=False)
    return not failures


def _show(console: Console, memory: str, rows: list[results.Row], ours: results.Cycles | None) -> None:
    """The table of a memory. ours: committed cycles of this project's RTL, where the DUT is another one."""
    table = Table("case", title=f"memory {memory}", title_justify="left")
    last = ("predicted", "error") if ours is None else ("this project's RTL", "times slower")
    for heading in ("bound", "cycles", "bound/cycles", "reference", "speed-up", *last):
        table.add_column(heading, justify="right")
    for row in rows:
        cycles = "FAIL" if row.measured.failures else f"{row.measured.cycles:,}"
        table.add_row(
            row.case.name, _count(row.bound), cycles, _ratio(row.efficiency), _count(row.reference),
            _ratio(row.speed_up), *(_predicted(row) if ours is None else _beside(row, ours)),
        )  # fmt: skip
    console.print(table)
    errors = {row.case.name: abs(row.error) for row in rows if row.error is not None}
    if errors and ours is None:
        worst = max(errors, key=errors.__getitem__)
        text = (
            f"latency model: mean error {sum(errors.values()) / len(errors):.2%}, worst {errors[worst]:.2%} ({worst})"
        )
        console.print(text, highlight=False)


def _predicted(row: results.Row) -> tuple[str, str]:
    return _count(row.predicted), "" if row.error is None else f"{row.error:+.2%}"


def _beside(row: results.Row, ours: results.Cycles) -> tuple[str, str]:
    known = ours.get(row.case.name, {}).get(row.measured.memory)
    return _count(known), _ratio(row.measured.cycles / known) if known and row.measured.cycles > 0 else ""


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _show_goals(console: Console, goals: Sequence[results.Goal]) -> None:
    table = Table("goal", title="numbers to reach", title_justify="left")
    for heading in ("at least", "reached", "cases", ""):
        table.add_column(heading, justify="right")
    for goal in goals:
        verdict = "yes" if goal.reached else f"NO ({len(goal.missed)})" if goal.missed else "NO"
        table.add_row(goal.what, f"{goal.goal:.2f}", f"{goal.value:.3f}", str(goal.count), verdict)
    console.print(table)
    for goal in goals:
        for line in goal.missed:
            console.print(f"  {goal.what} ({goal.goal}): {line}", highlight=False, soft_wrap=True)
