"""The table of network regressions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.files.outputs import write_whole
from cocodla.nets.regression import NetResult, Rounding
from cocodla.report.mismatch.files import keep, told
from cocodla.report.progress import progress_bar
from cocodla.report.screen import Screen
from cocodla.runtime.diverge import DIFFERING
from cocodla.sim.filelist import is_foreign

HEADINGS = (
    "network", "int8 %", "drop", "SQNR dB", "not ideal", "sums", "LRN", "comp. s", "images/s", "tensors",
    "cycles", "predicted", "verdict",
)  # fmt: skip


def run_nets(
    results: Iterable[NetResult], order: list[str], console: Screen, rerun: Callable[[str], str], folder: Path
) -> tuple[bool, list[dict[str, Any]]]:
    """Run all while a bar shows how far it is, print the table, write result.json. Whether none failed, the figures.

    order: names of the networks as they are to be shown. rerun: command that runs one of them again.
    """
    done: list[NetResult] = []
    with progress_bar(console, "networks") as progress:
        progress(0, len(order))
        for result in results:
            done.append(result)
            progress(len(done), len(order))
            if not console.is_terminal:
                console.note(f"{result.name}: {verdict(result)}")
    done.sort(key=lambda result: order.index(result.name))
    _show(done, console, rerun)
    folder.mkdir(parents=True, exist_ok=True)
    figures = [result.as_json() for result in done]
    write_whole(folder / "result.json", (json.dumps(figures, indent=1) + "\n").encode())
    passed = any(result.passed for result in done) and not any(result.failures for result in done)
    return passed, figures


def _show(done: list[NetResult], console: Console, rerun: Callable[[str], str]) -> None:
    table = Table(title="networks, limits below the figures", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number in (0, len(HEADINGS) - 1) else "right", no_wrap=True)
    for result in done:
        table.add_row(*_row(result))
    console.print(table)
    for result in done:
        for line in result.slow:
            console.print(f"{result.name}: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)
        for failure in result.failures:
            console.print(f"{result.name}: {failure}", style="red", highlight=False, markup=False, soft_wrap=True)
        if result.finding:
            path = keep(result.finding, result.name, "nets")
            console.print(f"{result.name}: {told(result.finding, path)}", highlight=False, markup=False, soft_wrap=True)
        if result.recorded:
            console.print(f"{result.name}: {result.recorded}", highlight=False, markup=False, soft_wrap=True)
        if result.failures:
            console.print(f"again: {rerun(result.name)}", highlight=False, markup=False, soft_wrap=True)
    counts = {word: sum(verdict(result) == word for result in done) for word in ("pass", "FAIL", "skipped")}
    console.print(", ".join(f"{count} {word}" for word, count in counts.items()), highlight=False)


def verdict(result: NetResult) -> str:
    """pass, FAIL or skipped."""
    return "skipped" if result.skipped else "FAIL" if result.failures else "pass"


def _row(result: NetResult) -> tuple[str, ...]:
    limits = result.limits
    if result.skipped:
        return (result.name, *[""] * (len(HEADINGS) - 2), "skipped")
    rate = None if limits.image_seconds is None else f">={1 / limits.image_seconds:.3g}"
    return (
        result.name,
        "" if result.accuracy is None else f"{result.accuracy:.2f}",
        "" if result.drop is None else _under(f"{result.drop:+.2f}", limits.drop),
        _under(f"{min(result.sqnr.values(), default=0):.1f}", f">={limits.sqnr:g}"),
        _rounding(result, "other"),
        _rounding(result, "add"),
        _rounding(result, "lrn"),
        _under(f"{result.compile_seconds:.1f}", limits.compile_seconds),
        _under(_rate(result.images_per_second), rate),
        str(result.tensors),
        _under(f"{result.cycles:,.0f}", limits.cycles),
        "" if is_foreign() else f"{result.predicted:,}",
        verdict(result),
    )


def _rounding(result: NetResult, kind: str) -> str:
    worst = result.rounding.get(kind, Rounding())
    return _under(f"{worst.share:.3%}", f"<={DIFFERING[kind]:.1%}") if kind in result.rounding else ""


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _under(figure: str, limit: float | str | None) -> str:
    """A figure with its limit below it."""
    if limit is None:
        return figure
    return f"{figure}\n{limit if isinstance(limit, str) else f'<={limit:,}'}"
