"""A regression on the terminal: how far it is, and what it came to."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from cocodla.regress.items import Item, Judgement
from cocodla.report.screen import Screen

MOST_LINES = 40
"""Failures told while it runs; all of them are on the page."""


class LiveView:
    """How far a regression is; on a terminal a line that moves."""

    def __init__(self, console: Screen, waiting: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        hidden = not console.remarks
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=hidden)
        self._console, self._counts, self._told, self._total = console, Counter[str](), 0, waiting
        self._task: TaskID = self._bar.add_task("items", total=waiting)

    def __enter__(self) -> LiveView:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Tell of a failure, up to MOST_LINES of them."""
        self._told += 1
        if self._told <= MOST_LINES:
            self._console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
        elif self._told == MOST_LINES + 1:
            self._console.note("more failures are told on the page only")

    def ended(self, item: Item, judged: Judgement) -> None:
        """An item has ended."""
        self._counts["again" if item.again_of else judged.verdict] += 1
        done = self._counts.total()
        counts = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        self._bar.update(self._task, completed=done, total=max(done, self._total), description=counts)
        if not self._console.is_terminal:
            self._console.note(f"{item.id}: {judged.verdict}{judged.text and ': '}{judged.text}")


def show(result: dict[str, Any], console: Console) -> None:
    """The result: suites, failures by signature with their commands, what was run."""
    table = Table("suite", title=f"run {result['run']}: {result['plan']}")
    for heading in ("passed", "failed", "skipped", "not run", "minutes", "CPU minutes"):
        table.add_column(heading, justify="right")
    for suite in result["suites"]:
        counts = [f"{suite[name]:,}" if suite[name] else "" for name in ("passed", "failed", "skipped", "not_run")]
        minutes = [f"{suite[name] / 60:,.1f}" for name in ("seconds", "cpu_seconds")]
        table.add_row(suite["suite"], *counts, *minutes, style="red" if suite["failed"] else None)
    console.print(table)
    for group in result["groups"]:
        _show_group(group, result["run"], console)
    _print(console, _amounts("run", result["totals"]))
    if result["spent"]:
        _print(console, _amounts(f"in {result['spent'] / 3600:.2f} h; a night of 8 h would be", result["night"]))
    _print(console, f"results {result['store']}")
    _print(console, f"page {result['page']}")
    counts_told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in result["items"].items() if count)
    verdict = "passed" if result["passed"] else "FAILED"
    ending = "" if result["state"] == "done" else f" ({result['state']}: go on with --resume)"
    nothing = f"nothing depends on what differs from {result['chosen']}" if result["chosen"] else "nothing ran"
    told = f"plan {result['plan']}, run {result['run']}, seed {result['seed']}: {counts_told or nothing}: "
    told += verdict + ending
    console.print(told, style="green" if result["passed"] else "red", highlight=False, soft_wrap=True)


def _show_group(group: dict[str, Any], run: int, console: Console) -> None:
    age = "new" if group["first_run"] == run else f"since run {group['first_run']}"
    where = f"{group['unit']}{group['stage'] and ', '}{group['stage']}"
    text = f"{group['count']} x {where}: {group['text']} ({age}, {group['again']})"
    console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    _print(console, f"  again: {group['command']}")
    if group["folder"]:
        _print(console, f"  kept: {group['folder']}")


def _amounts(what: str, amounts: dict[str, int]) -> str:
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in amounts.items())
    return f"{what}: {told or 'nothing'}"


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
