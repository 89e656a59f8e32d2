"""What the user sees of random programs: progress, what was exercised, differences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.report.mismatch.files import told, write
from cocodla.report.progress import progress_bar
from cocodla.report.runs import show_waves
from cocodla.report.screen import Screen
from cocodla.runtime import autowaves, campaign
from cocodla.runtime.campaign import Outcome
from cocodla.runtime.investigate import investigate
from cocodla.runtime.kept import load_kept
from cocodla.sim import project
from cocodla.sim.waves import Waves
from cocodla.stimulus.bins import Coverage

Rerun = Callable[[Path], str]


def show(
    outcomes: Iterable[Outcome],
    total: int,
    console: Screen,
    repeat: Callable[[Outcome], str],
    rerun: Rerun,
    trials: int,
    seconds: float | None = None,
    most: int = 0,
) -> dict[str, Any]:
    """Run cases under a progress bar; shrink and keep what failed; then print a summary.

    total: layers wanted. repeat, rerun: commands that run a case, and the program kept in a folder, again.
    trials, seconds: spent to shrink a case. most: programs that differ, after which no more are run (0: all are). The
    result as plain values, whether all is equal (`passed`) too.
    """
    coverage, kinds = Coverage(), Counter[str]()
    seeds: list[int] = []
    cycles = 0
    failures: list[dict[str, Any]] = []
    with progress_bar(console, "random layers") as progress:
        progress(0, total)
        for outcome in outcomes:
            seeds.append(outcome.case.seed)
            kinds += outcome.kinds
            cycles += outcome.cycles
            coverage.add(outcome.layers)
            progress(min(kinds.total(), total), total)
            if not console.is_terminal and kinds.total() // 1000 > (kinds - outcome.kinds).total() // 1000:
                console.note(f"{kinds.total():,} layers, seed {seeds[-1]}")
            if outcome.differences:
                failures.append(_show_failure(outcome, console, repeat(outcome), rerun, trials, seconds))
                if most and len(failures) == most:
                    console.print(f"stopped: {most} programs differ (--max-failures)", style="red", highlight=False)
                    break
    _show_coverage(coverage, console)
    failed = [failure["seed"] for failure in failures]
    console.print(
        f"{kinds.total():,} layers in {len(seeds)} programs, seeds {seeds[0]} to {seeds[-1]}, {cycles:,} cycles: "
        + (f"{len(failed)} programs differ (seeds {failed})" if failed else "all memory and registers equal"),
        style="red" if failed else "green",
        highlight=False,
    )
    return {"passed": not failed, **_save(seeds, failures, kinds, cycles, coverage)}


def show_rerun(folder: Path, waves: Waves | None, console: Console) -> dict[str, Any]:
    """Run the small program of a failed case again; whether golden model and RTL are equal now (`passed`), and more."""
    program, simulation = load_kept(folder)
    simulation = replace(simulation, waves=waves, run_name="rerun")
    differences, got = campaign.check(program, simulation)
    for line in differences:
        console.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    show_waves(got.waves, console)
    cycles = int(got.counters.get("cycles", 0))
    console.print(
        f"{cycles:,.0f} cycles: " + (f"{len(differences)} differences" if differences else "equal"), highlight=False
    )
    return {"passed": not differences, "differences": differences, "cycles": cycles, "waves": got.waves}


def _show_failure(
    outcome: Outcome, console: Console, repeat: str, rerun: Rerun, trials: int, seconds: float | None
) -> dict[str, Any]:
    """Shrink, keep and tell a failure; its plain values."""
    seed = outcome.case.seed
    console.print(f"seed {seed}: {outcome.differences[0]}", style="red", highlight=False, markup=False, soft_wrap=True)
    small = campaign.run_case(campaign.shrink_case(outcome.case, trials, seconds)) if trials else outcome
    folder = campaign.keep(outcome, small, repeat, rerun)
    text = f"shrunk to {len(small.layers)} of {len(outcome.layers)} layers, see {folder}/report.txt"
    text += f"; again: {rerun(folder)}"
    console.print(text, highlight=False, markup=False, soft_wrap=True)
    kept = {"seed": seed, "text": small.differences[0], "layers": len(small.layers), "folder": str(folder)}
    differences, got = campaign.check(small.program, small.case.simulation)
    if not differences:
        return {**kept, "waves": None}
    found = investigate(small.program, small.case.simulation, got, f"seed {seed}: {differences[0]}")
    console.print(told(found, write(found, folder)), highlight=False, markup=False, soft_wrap=True)
    if found.waves:
        console.print(found.waves, highlight=False, markup=False, soft_wrap=True)
    return {**kept, "waves": autowaves.path_in(found.waves)}


def _show_coverage(coverage: Coverage, console: Console) -> None:
    table = Table("exercised", "bins", "rarest", title="what the layers have exercised")
    table.columns[1].justify = "right"
    for name, hit, total, rarest, count in coverage.rows():
        table.add_row(name, f"{hit}/{total}", f"{rarest} ({count})", style=None if hit == total else "yellow")
    console.print(table)
    holes = list(coverage.holes())
    if holes:
        console.print("not exercised: " + "; ".join(holes), highlight=False, markup=False)


def _save(
    seeds: list[int], failures: list[dict[str, Any]], kinds: Counter[str], cycles: int, coverage: Coverage
) -> dict[str, Any]:
    folder = project.build() / "random"
    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "seeds": [seeds[0], seeds[-1]],
        "failed_seeds": [failure["seed"] for failure in failures],
        "failures": failures,
        "layers": kinds.total(),
        "kinds": dict(sorted(kinds.items())),
        "cycles": cycles,
        "coverage": {name: dict(sorted(counts.items())) for name, counts in coverage.hits.items()},
        "holes": list(coverage.holes()),
    }
    (folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    return result
