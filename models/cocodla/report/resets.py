"""What the user sees of resets in the middle of random programs: progress, what was cut off, differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console

from cocodla.report.progress import progress_bar
from cocodla.report.runs import show_waves
from cocodla.runtime.resets import Outcome

CUT = {
    "cut_reads": "reads owed",
    "cut_writes": "writes owed",
    "cut_halves": "half writes",
    "cut_waiting": "requests withdrawn",
}
"""Counters of the simulated memory: what was under way at the beginnings of the resets."""


def show(outcomes: Iterable[Outcome], total: int, console: Console, repeat: Callable[[Outcome], str]) -> dict[str, Any]:
    """Run cases under a progress bar, print each that differs with the command that repeats it, then a summary.

    total: resets wanted. The result as plain values, whether all is equal (`passed`) among them.
    """
    sums: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    with progress_bar(console, "resets") as progress:
        progress(0, total)
        for outcome in outcomes:
            sums["asked"] += len(outcome.case.resets)
            for name in ("resets", "cycles", *CUT):
                sums[name] += int(outcome.counters.get(name, 0))
            progress(sums["asked"], total)
            show_waves(outcome.waves, console)
            if outcome.differences:
                count = len(outcome.case.resets)
                failures.append({"seed": outcome.case.seed, "text": outcome.differences[0], "resets": count})
                text = f"seed {outcome.case.seed}: {outcome.differences[0]}; again: {repeat(outcome)}"
                console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    found = ", ".join(f"{sums[name]:,} {text}" for name, text in CUT.items())
    failed = [failure["seed"] for failure in failures]
    console.print(
        f"{sums['resets']:,} resets in {sums['cycles']:,} cycles; under way at their beginnings: {found}: "
        + (f"{len(failed)} simulations differ (seeds {failed})" if failed else "all memory and registers equal"),
        style="red" if failed else "green",
        highlight=False,
    )
    counts = {name: sums[name] for name in ("resets", "cycles", *CUT)}
    return {"passed": not failed, "failed_seeds": failed, "failures": failures, **counts}
