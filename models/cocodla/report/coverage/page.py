"""The page of coverage, one HTML file that needs nothing else: by block, by testpoint, bins, holes, sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cocodla.coverage.data import Data, Kind, Point, TestRun
from cocodla.coverage.groups import grouped
from cocodla.coverage.session import GOALS, Judged, figures, only
from cocodla.coverage.waivers import matches
from cocodla.plan.testplan import Point as TestPoint
from cocodla.plan.testplan import Testplan, read_testplans
from cocodla.report.coverage import summary
from cocodla.sim import project

_FOLDER = Path(__file__).parent
SHOWN_TESTS = 3
"""Tests that are named of those that reached a line or bin."""


@dataclass(frozen=True)
class Line:
    """A line of a source. state: "" (nothing to reach), good, part, bad, waived. open, waived: names of its points."""

    number: int
    text: str
    state: str = ""
    count: int | None = None
    tests: int = 0
    title: str = ""
    open: str = ""
    waived: str = ""


def page(data: Data, judged: Judged) -> str:
    """The HTML text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(cell=_cell, percent=_percent)
    style = Markup("\n").join(Markup(path.read_text()) for path in (_FOLDER.parent / "page.css", _FOLDER / "page.css"))
    reached_by = np.stack([data.bits(test) for test in data.tests]) if data.tests else np.zeros((0, len(data.points)))
    result = summary(data, judged)
    return environment.get_template("page.html.j2").render(
        style=style, result=result, goals=GOALS, blocks=_blocks(data, judged), plans=_plans(data, reached_by),
        bins=_bins(data, judged, reached_by), sources=_sources(data, judged, reached_by),
        holes=[(file, line, kind.name.lower(), names) for file, line, kind, names in grouped(judged.holes)],
    )  # fmt: skip


def _cell(value: dict[str, Any]) -> str:
    if not value["points"]:
        return ""
    missing = value["points"] - value["reached"]
    return f"{value['percent']:.2f} %" + (f" ({missing:,} open)" if missing else "")


def _percent(reached: int, total: int) -> str:
    return f"{100 * reached / total:.1f} %" if total else ""


def _blocks(data: Data, judged: Judged) -> list[dict[str, Any]]:
    """Each block's own tests alone: what they reach of the sources they run, and how much nobody else reaches."""
    total = np.sum([data.bits(test) for test in data.tests], axis=0)
    rows = []
    for block in sorted({test.block for test in data.tests}):
        own = only(data, [block])
        reached = own.reached()
        holes = [point for point, hit in zip(own.points, reached, strict=True) if not hit]
        seen = Judged(holes, {point: "" for point in holes if point in judged.waived})
        mine = np.sum([data.bits(test) for test in data.tests if test.block == block], axis=0)
        rows.append({
            "block": block, "tests": len(own.tests), "alone": int(((mine > 0) & (mine == total)).sum()),
            "figures": {name: {"reached": a, "points": b, "percent": 100 * a / b if b else None}
                        for name, (a, b) in figures(own.points, seen).items()},
        })  # fmt: skip
    return rows


def _plans(data: Data, reached_by: NDArray[Any]) -> list[dict[str, Any]]:
    """The testpoints of the blocks that were run: what their tests reached, what only they did, their bins."""
    blocks = {test.block for test in data.tests}
    bins = [(place, point.name) for place, point in enumerate(data.points) if point.kind == Kind.FUNCTIONAL]
    total = reached_by.sum(axis=0)
    return [
        {"block": plan.block, "points": [_testpoint(data, plan, one, reached_by, total, bins) for one in plan.points]}
        for plan in read_testplans(sorted(blocks))
    ]


def _testpoint(
    data: Data, plan: Testplan, point: TestPoint, reached_by: NDArray[Any], total: NDArray[Any],
    bins: Sequence[tuple[int, str]],
) -> dict[str, Any]:  # fmt: skip
    names = set(plan.tests(point))
    rows = [
        place for place, test in enumerate(data.tests)
        if test.block == plan.block and test.name in names
    ]  # fmt: skip
    mine = reached_by[rows].sum(axis=0) if rows else np.zeros(len(data.points))
    items = [(place, name) for place, name in bins if any(matches(name, pattern) for pattern in point.coverage)]
    return {
        "proves": point.proves, "runs": len(rows), "reached": int((mine > 0).sum()),
        "alone": int(((mine > 0) & (mine == total)).sum()), "bins": len(items),
        "open": [name for place, name in items if not total[place]],
    }  # fmt: skip


def _named(tests: Sequence[TestRun], rows: NDArray[Any]) -> str:
    found = np.flatnonzero(rows)
    more = f", and {len(found) - SHOWN_TESTS} more" if len(found) > SHOWN_TESTS else ""
    return "; ".join(tests[place].told for place in found[:SHOWN_TESTS]) + more


def _bins(data: Data, judged: Judged, reached_by: NDArray[Any]) -> list[dict[str, Any]]:
    """Bins by unit."""
    units: dict[str, list[dict[str, Any]]] = {}
    for place, point in enumerate(data.points):
        if point.kind == Kind.FUNCTIONAL:
            unit, _, name = point.name.partition(": ")
            rows = reached_by[:, place]
            units.setdefault(unit, []).append(
                {"name": name, "count": data.counts[place], "tests": int(rows.sum()), "title": _named(data.tests, rows)}
            )
    return [
        {"unit": unit, "bins": bins, "open": sum(not item["tests"] for item in bins)} for unit, bins in units.items()
    ]


def _sources(data: Data, judged: Judged, reached_by: NDArray[Any]) -> list[dict[str, Any]]:
    files: dict[str, list[tuple[int, Point]]] = {}
    for place, point in enumerate(data.points):
        if point.kind != Kind.FUNCTIONAL:
            files.setdefault(point.file, []).append((place, point))
    open_ = set(judged.holes)
    return [
        {
            "file": name,
            "figures": {measure: {"reached": a, "points": b, "percent": 100 * a / b if b else None}
                        for measure, (a, b) in figures([point for _, point in points], judged).items()},
            "lines": _lines(name, points, data, judged, open_, reached_by),
        }
        for name, points in files.items()
    ]  # fmt: skip


def _lines(
    name: str, points: Sequence[tuple[int, Point]], data: Data, judged: Judged, open_: set[Point],
    reached_by: NDArray[Any],
) -> list[Line]:  # fmt: skip
    on_line: dict[int, list[tuple[int, Point]]] = {}
    runs: dict[int, list[int]] = {}
    for place, point in points:
        on_line.setdefault(point.line, []).append((place, point))
        if point.kind in (Kind.LINE, Kind.BRANCH):
            for number in point.lines:
                runs.setdefault(number, []).append(place)
    found = []
    for number, text in enumerate((project.root() / name).read_text(encoding="utf-8").splitlines(), 1):
        here = on_line.get(number, [])
        places = runs.get(number) or [place for place, _ in here]
        if not places:
            found.append(Line(number, text))
            continue
        missing = [point for _, point in here if point in open_]
        waived = [point for _, point in here if point in judged.waived]
        rows = np.asarray(reached_by[:, places].any(axis=1))
        state = "good" if not missing and not waived else "waived" if not missing else "part" if rows.any() else "bad"
        count = max(data.counts[place] for place in places)
        told = [", ".join(names for *_, names in grouped(part)) for part in (missing, waived)]
        reasons = "; ".join(dict.fromkeys(judged.waived[point] for point in waived))
        found.append(
            Line(number, text, state, count, int(rows.sum()), _named(data.tests, rows), told[0],
                 f"{told[1]}: {reasons}" if waived else "")
        )  # fmt: skip
    return found
