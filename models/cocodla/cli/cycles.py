"""The command about the cycles of a run: report; and what commands that run the chip do with --report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import command, console, emit
from cocodla.files.outputs import check_target, write_whole

if TYPE_CHECKING:
    from cocodla.runtime.recording import Recorded

REPORT = typer.Option(False, "--report", help="write a page that tells where the cycles went (docs/report.md)")


@command
def report(
    folder: Path = typer.Argument(..., help="folder of a run with --report: build/reports/NAME"),
    against: Path = typer.Option(None, "--against", help="folder of an earlier run of the same layers"),
    output: Path = typer.Option(None, "-o", "--output", help="the page (default: report.html in the folder)"),
) -> None:
    """Write a page that tells where the cycles of a run went; with --json and no -o only print the facts."""
    from cocodla.report.cycles.page import page
    from cocodla.report.cycles.summary import summarize
    from cocodla.runtime.recording import load

    target = output or folder / "report.html"
    wanted = output is not None or not console.quiet
    if wanted and folder.is_dir():
        check_target(target, [folder / "record.json", folder / "activity.npz"])
    run = load(folder)
    other = load(against) if against else None
    if wanted:
        write_whole(target, page(run, other).encode())
        _tell(target)
    emit(lambda: summarize(run, other))


def keep_report(recorded: Recorded | None) -> None:
    """Keep a run that has just ended, and write its page; of None (nothing was counted) only tell."""
    from cocodla.runtime.recording import keep

    if recorded is None:
        console.print("report: nothing was counted in this run", highlight=False)
        return
    write_page(keep(recorded))


def write_page(folder: Path) -> None:
    """The page of a run that was kept, into its folder."""
    from cocodla.report.cycles.page import page
    from cocodla.runtime.recording import load

    write_whole(folder / "report.html", page(load(folder)).encode())
    _tell(folder / "report.html")


def _tell(path: Path) -> None:
    console.print(f"report: {path}", highlight=False, soft_wrap=True)
