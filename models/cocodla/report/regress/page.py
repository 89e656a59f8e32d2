"""The page of a regression: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_FOLDER = Path(__file__).parent
WIDTH, HEIGHT, BOTTOM = 720, 170, 34


def page(result: dict[str, Any], about: str) -> str:
    """The HTML text. result: see cocodla.regress.summary; benches: coverage of these, where it was counted."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(count=_count, span=span, verdict=verdict)
    style = Markup("\n").join(Markup(path.read_text()) for path in (_FOLDER.parent / "page.css", _FOLDER / "page.css"))
    return environment.get_template("page.html.j2").render(
        run={"benches": None} | result, about=about, style=style, chart=chart(result["trends"])
    )


def chart(runs: Sequence[dict[str, Any]]) -> Markup:
    """A bar for each run: items that passed, on top of them those that failed; above it the new signatures."""
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="items of the latest runs">').format(WIDTH, HEIGHT)
    step = min(60.0, WIDTH / max(len(runs), 1))
    top = max([run["passed"] + run["failed"] for run in runs] + [1])
    scale = (HEIGHT - BOTTOM - 20) / top
    base = HEIGHT - BOTTOM
    parts = [Markup('<line class="grid" x1="0" y1="{0}" x2="{1}" y2="{0}"/>').format(base, WIDTH)]
    bar = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>')
    label = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>')
    for number, run in enumerate(runs):
        left, good, bad = number * step + step * 0.15, run["passed"] * scale, run["failed"] * scale
        told = f"run {run['run']}, {run['plan']}, {run['begun'][:16]}: {run['passed']} passed, {run['failed']} failed"
        parts.append(bar.format("good", left, base - good, step * 0.7, good, told))
        parts.append(bar.format("bad", left, base - good - bad, step * 0.7, bad, told))
        middle = number * step + step / 2
        parts.append(label.format(middle, base + 14, run["run"]))
        if run["fresh"]:
            parts.append(label.format(middle, base - good - bad - 4, f"+{run['fresh']}"))
    return head + Markup("\n").join(parts) + Markup("</svg>")


def verdict(cell: dict[str, int] | None) -> tuple[str, str]:
    """(class, text) of a cell of the matrix."""
    if cell is None:
        return "", ""
    ran = cell.get("passed", 0) + cell.get("failed", 0)
    if failed := cell.get("failed", 0):
        return "bad", f"{failed} of {ran} failed"
    if ran:
        return "good", f"{ran}" + (f" (+{cell['not_run']} not run)" if cell.get("not_run") else "")
    return "none", "skipped" if cell.get("skipped") else "not run"


def span(seconds: float | None) -> str:
    """A duration as people say it."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
