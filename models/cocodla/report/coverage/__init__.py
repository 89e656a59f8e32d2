"""What the user sees of coverage: tables, holes, and a page (report.coverage.page)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from cocodla.coverage.data import Data
from cocodla.coverage.groups import grouped
from cocodla.coverage.session import GOALS, Judged, figures


def summary(data: Data, judged: Judged | None) -> dict[str, Any]:
    """Plain values: tests, and for each source and all of them together what was reached, waivers left out."""
    if judged is None:
        reached = data.reached()
        judged = Judged([point for point, hit in zip(data.points, reached, strict=True) if not hit], {})
    by_file: dict[str, list[Any]] = {}
    for point in data.points:
        by_file.setdefault(point.file, []).append(point)
    waived = Counter(point.file for point in judged.waived)
    files = [
        {"file": name, "waived": waived[name], **_told(figures(points, judged))} for name, points in by_file.items()
    ]
    return {
        "tests": len(data.tests),
        "blocks": sorted({test.block for test in data.tests}),
        "seeds": sorted({test.seed for test in data.tests}),
        "waived": len(judged.waived),
        "expired": judged.expired,
        **_told(figures(data.points, judged)),
        "files": files,
    }


def _told(found: dict[str, tuple[int, int]]) -> dict[str, Any]:
    return {
        measure: {"reached": reached, "points": total, "percent": 100 * reached / total if total else None}
        for measure, (reached, total) in found.items()
    }


def show(result: dict[str, Any], console: Console) -> None:
    """A line for each source that is not reached whole, and one for all."""
    table = Table(Column("source", no_wrap=True), *GOALS, "waived")
    whole = 0
    for row in result["files"]:
        if all(row[measure]["reached"] == row[measure]["points"] for measure in GOALS):
            whole += 1
        else:
            table.add_row(row["file"], *(_cell(row[measure]) for measure in GOALS), str(row["waived"] or ""))
    if whole:
        table.add_row(f"{whole} more", *("all" for _ in GOALS))
    table.add_row("together", *(_cell(result[measure]) for measure in GOALS), str(result["waived"] or ""), style="bold")
    table.add_row("asked", *(f"{goal:g} %" for goal in GOALS.values()), style="dim")
    console.print(table)
    blocks = len(result["blocks"])
    console.print(f"{result['tests']} tests of {blocks} block{'' if blocks == 1 else 's'}, seeds {_seeds(result)}")


def _cell(value: dict[str, Any]) -> str:
    if not value["points"]:
        return ""
    missing = value["points"] - value["reached"]
    return f"{value['percent']:.2f} %" + (f" ({missing:,} open)" if missing else "")


def _seeds(result: dict[str, Any]) -> str:
    seeds = list(map(str, result["seeds"]))
    return ", ".join(seeds if len(seeds) <= 6 else [*seeds[:5], f"and {len(seeds) - 5} more"])


def show_holes(judged: Judged, console: Console) -> None:
    """A line for each line of a source and kind with points that are open."""
    for file, line, kind, names in grouped(judged.holes):
        told = f"{file}:{line}: {kind.name.lower()} {names}"
        console.print(told, highlight=False, markup=False, soft_wrap=True)
