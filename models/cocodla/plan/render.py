"""Testplans as tables on the screen, as Markdown (without results: docs/testplan.md) and as one HTML page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cocodla.plan.results import PointState
from cocodla.plan.testplan import EVERY, Point, Testplan

Judged = Sequence[tuple[Testplan, Sequence[PointState]]]
COLOURS = {"passed": "green", "failed": "bold red", "unreached": "red", "partly run": "yellow", "not run": "dim"}


def show_plans(judged: Judged, console: Console) -> None:
    """All blocks: a line each, with what did not pass. One block: a line for each point."""
    if len(judged) == 1:
        _show_points(*judged[0], console)
        return
    table = Table("block", "points", "tests", *COLOURS)
    for plan, states in judged:
        counts = Counter(state.state for state in states)
        table.add_row(plan.block, str(len(states)), str(len(plan.names)), *(str(counts[key] or "") for key in COLOURS))
    console.print(table)
    for plan, states in judged:
        for state in states:
            for complaint in complaints(state):
                console.print(f"{plan.file}:{state.point.line}: {complaint}", style="red", markup=False)


def _show_points(plan: Testplan, states: Sequence[PointState], console: Console) -> None:
    table = Table("point", "spec", "tests", "last result")
    for state in states:
        result = Text(state.state, style=COLOURS[state.state])
        for complaint in complaints(state):
            result.append(f"\n{complaint}")
        table.add_row(Text(state.point.proves), Text(state.point.spec), Text(_tests(state.point)), result)
    console.print(table)


def complaints(state: PointState) -> list[str]:
    """What keeps a point from being proven, in words; nothing where it only was not run."""
    failed = [name for name, status in state.tests.items() if status == "failed"]
    return [f"{name} failed" for name in failed] + [f"coverage {text!r} not reached" for text in state.unreached]


def as_json(judged: Judged) -> list[dict[str, Any]]:
    """Blocks with their points as they stand."""
    return [
        {
            "block": plan.block,
            "about": plan.about,
            "points": [
                {
                    "proves": state.point.proves, "spec": state.point.spec, "note": state.point.note,
                    "tests": state.tests, "coverage": list(state.point.coverage), "unreached": state.unreached,
                    "state": state.state,
                }
                for state in states
            ],
        }
        for plan, states in judged
    ]  # fmt: skip


def as_markdown(plans: Sequence[Testplan]) -> str:
    """One document of all plans."""
    parts = [
        "# Test plans\n\nWhat each block bench proves, and by which tests: tb/blocks/*/testplan.toml in one page "
        "(`cocodla plan --markdown docs/testplan.md`).\n`cocodla plan` adds how each last went.\n"
    ]
    for plan in plans:
        about = f"{plan.about}\n\n" if plan.about else ""
        parts.append(f"\n## {plan.block}\n\n{about}| point | spec | tests |\n|---|---|---|\n")
        for point in plan.points:
            note = f" ({point.note})" if point.note else ""
            cells = (point.proves, point.spec, f"{_tests(point)}{note}")
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join(parts)


def as_html(judged: Judged) -> str:
    """One page that needs nothing else."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    counts = [(plan, states, Counter(state.state for state in states)) for plan, states in judged]
    return environment.get_template("plan.html.j2").render(
        blocks=counts, columns=list(COLOURS), tests=_tests, complaints=complaints
    )


def _tests(point: Point) -> str:
    return ", ".join("all tests" if name == EVERY else name for name in point.tests)
