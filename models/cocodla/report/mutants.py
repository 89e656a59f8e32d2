"""What the user sees of mutants: a line for each that nothing has found, and how many were found by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from rich.console import Console
from rich.table import Table

from cocodla.mutate.mutant import KINDS
from cocodla.mutate.verdict import EXCLUDED, KILLED, Campaign, Judged

_FOLDER = Path(__file__).parent


def nearest(campaign: Campaign, item: Judged) -> str:
    """The test that has found a fault nearest to this one in its file: where a test of this one may belong."""
    found = [
        other for other in campaign.judged if other.mutant.file == item.mutant.file and other.verdict.what in KILLED
    ]
    near = min(found, key=lambda other: abs(other.mutant.line - item.mutant.line), default=None)
    return near.verdict.by if near else ""


def show(campaign: Campaign, console: Console) -> None:
    """The mutants that are left, and the figures."""
    for item in campaign.judged:
        if item.verdict.what not in (*KILLED, *EXCLUDED):
            why = f" ({item.verdict.message})" if item.verdict.what == "died" else ""
            near = nearest(campaign, item)
            text = f"{item.verdict.what}{why}: {item.mutant}{f' (nearest test: {near})' if near else ''}"
            console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    table = Table("kind", "mutants", "killed", "equivalent", "left")
    for kind, rows in kinds(campaign).items():
        table.add_row(kind, *(str(rows[name]) for name in ("mutants", "killed", "excluded", "left")))
    console.print(table)
    for entry in campaign.expired:
        console.print(f"an accepted mutant whose line is gone: {entry}", style="yellow", highlight=False, markup=False)
    for line in summary(campaign):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def kinds(campaign: Campaign) -> dict[str, Counter[str]]:
    """Figures of each kind of fault."""
    found: dict[str, Counter[str]] = {}
    for item in campaign.judged:
        rows = found.setdefault(item.mutant.kind, Counter())
        what = item.verdict.what
        rows["mutants"] += 1
        rows["killed" if what in KILLED else "excluded" if what in EXCLUDED else "left"] += 1
    return dict(sorted(found.items()))


def summary(campaign: Campaign) -> list[str]:
    """The figures in words."""
    total = len(campaign.judged)
    parts = {
        "a test failed": campaign.count("failed"), "ended by an assertion": campaign.count("stopped"),
        "no end": campaign.count("hang"), "simulator died": campaign.count("died"),
        "proven equivalent": campaign.count("equivalent"), "accepted": campaign.count("accepted"),
        "survived": campaign.count("survived"),
    }  # fmt: skip
    told = ", ".join(f"{name} {count}" for name, count in parts.items() if count)
    stages = [f"{campaign.rate(*campaign.stages[: n + 1]):.1%} by {' + '.join(campaign.stages[: n + 1])}"
              for n in range(len(campaign.stages))]  # fmt: skip
    return [
        f"{campaign.unit}, seed {campaign.seed}: {total} of {campaign.possible:,} mutants ({campaign.engine}): {told}",
        f"killed, equivalents left out: {', '.join(stages)}; {campaign.seconds:.0f} s",
    ]


def as_json(campaign: Campaign) -> dict[str, Any]:
    """Plain values of a campaign."""
    return {
        "unit": campaign.unit,
        "engine": campaign.engine,
        "seed": campaign.seed,
        "passed": campaign.passed,
        "possible": campaign.possible,
        "mutants": len(campaign.judged),
        "killed": campaign.count(*KILLED),
        "equivalent": campaign.count("equivalent"),
        "accepted": campaign.count("accepted"),
        "survived": campaign.count("survived"),
        "died": campaign.count("died"),
        "rates": {stage: campaign.rate(*campaign.stages[: n + 1]) for n, stage in enumerate(campaign.stages)},
        "seconds": campaign.seconds,
        "expired": campaign.expired,
        "verdicts": [
            {
                "place": item.mutant.place, "line": item.mutant.text, "kind": item.mutant.kind,
                "change": item.mutant.change, "verdict": item.verdict.what, "stage": item.verdict.stage,
                "by": item.verdict.by, "message": item.verdict.message, "nearest": nearest(campaign, item),
            }
            for item in campaign.judged
        ],
    }  # fmt: skip


def as_html(campaign: Campaign, again: Callable[[str], str]) -> str:
    """One page: figures, what is left, everything."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("mutants.html.j2").render(
        campaign=campaign, values=as_json(campaign), kinds=kinds(campaign), meanings=KINDS, summary=summary(campaign),
        again=again, style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
    )  # fmt: skip
