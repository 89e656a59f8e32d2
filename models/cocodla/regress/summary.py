"""What a regression came to, as plain values: for the terminal, for --json, for the page."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from cocodla.regress.items import Again, Facts
from cocodla.regress.signature import Signature
from cocodla.regress.store import Run, Store
from cocodla.sim.shell import command_line

Row = dict[str, Any]
NIGHT = 8 * 3600.0
"""Seconds of a night."""
SLOWEST = 15
TRENDS = 30
VERDICTS = ("passed", "failed", "skipped", "not_run")
TOTALS = (
    "block_runs", "tests", "programs", "layers", "resets", "traces", "networks", "random_networks", "tensors", "cycles",
)  # fmt: skip
"""Facts that add up, in the order in which they are told."""


def summarize(store: Store, run: Run) -> dict[str, Any]:
    """All that is known of a run. passed: nothing failed, and something ran or --since left nothing to be run."""
    items = store.rows("select * from items where run = ? and again_of = ''", run.run)
    for item in items:
        item["verdict"] = item["verdict"] or "not_run"
        item["facts"] = _facts(store, item)
    counts = Counter(item["verdict"] for item in items)
    totals = _totals(items)
    return {
        "run": run.run, "plan": run.plan, "seed": run.seed, "state": run.state, "begun": run.begun,
        "passed": not counts["failed"] and (counts["passed"] > 0 or bool(run.chosen and not items)),
        "spent": run.spent, "budget": run.budget, "chosen": run.chosen, "version": run.version,
        "items": {verdict: counts[verdict] for verdict in VERDICTS},
        "suites": _suites(items),
        "groups": _groups(store, run),
        "totals": totals,
        "night": {name: round(value * NIGHT / run.spent) for name, value in totals.items()} if run.spent else {},
        "slowest": _slowest(items),
        "networks": _networks(store, run, items),
        "coverage": _coverage(items),
        "matrix": _matrix(items),
        "trends": trends(store),
        "store": str(store.path),
    }  # fmt: skip


def _facts(store: Store, row: Row) -> Facts:
    return store.decoded(row["facts"] or "{}", Facts, f"items.facts of run {row['run']}")


def _totals(items: list[Row]) -> dict[str, int]:
    """seeds: different seeds with which something was run."""
    sums: Counter[str] = Counter()
    for item in items:
        for name in TOTALS:
            sums[name] += int(item["facts"].get(name, 0))
    ran = [item for item in items if item["verdict"] in ("passed", "failed")]
    seeds = {"seeds": len({(item["suite"], item["unit"], item["place"], item["seed"]) for item in ran})}
    return seeds | {name: sums[name] for name in TOTALS if sums[name]}


def _suites(items: list[Row]) -> list[Row]:
    found: dict[str, list[Row]] = defaultdict(list)
    for item in items:
        found[item["suite"]].append(item)
    return [
        {
            "suite": name,
            "kind": members[0]["kind"],
            **{verdict: sum(item["verdict"] == verdict for item in members) for verdict in VERDICTS},
            "seconds": sum(item["seconds"] or 0 for item in members),
            "cpu_seconds": sum(item["cpu"] or 0 for item in members),
        }
        for name, members in found.items()
    ]


def _groups(store: Store, run: Run) -> list[Row]:
    """Failures with one signature, the most frequent first. again: whether the first of them failed again."""
    query = """
        select p.*, i.suite, i.place, i.seed from problems p join items i on i.run = p.run and i.id = p.item
        where p.run = ? and i.again_of = '' order by i.ended, p.item, p.number"""
    groups: dict[Signature, list[Row]] = defaultdict(list)
    for row in store.rows(query, run.run):
        groups[Signature(row["unit"], row["stage"], row["kind"])].append(row)
    return [_group(store, run, key, rows) for key, rows in sorted(groups.items(), key=lambda pair: -len(pair[1]))]


def _group(store: Store, run: Run, key: Signature, rows: list[Row]) -> Row:
    first = rows[0]
    again = store.rows(
        "select i.verdict, p.text, p.folder from items i left join problems p on p.run = i.run and p.item = i.id"
        " where i.run = ? and i.again_of <> '' and i.id in (select item || '/again' || number from problems"
        " where run = ? and unit = ? and stage = ? and kind = ?) order by p.number limit 1",
        run.run, run.run, *key,
    )  # fmt: skip
    repeated = again[0] if again else {"verdict": None, "text": None, "folder": None}
    told = {"failed": "fails again", "passed": "flaky"}.get(repeated["verdict"] or "", "not run again")
    seen = store.rows("select min(run) n from problems where unit = ? and stage = ? and kind = ?", *key)
    what = store.decoded(first["again"], Again, f"problems.again of run {run.run}")
    words = (*what.words, "--seed", what.seed)
    return {
        "unit": key.unit, "stage": key.stage, "kind": key.kind, "count": len(rows),
        "items": len({row["item"] for row in rows}), "first_run": seen[0]["n"],
        "text": repeated["text"] or first["text"], "item": first["item"], "seed": what.seed, "again": told,
        "folder": repeated["folder"] or first["folder"], "command": command_line(*words, env=dict(what.env)),
    }  # fmt: skip


def _slowest(items: list[Row]) -> list[Row]:
    ran = sorted((item for item in items if item["seconds"]), key=lambda item: -item["seconds"])
    return [{"item": item["id"], "seconds": item["seconds"], "cpu_seconds": item["cpu"]} for item in ran[:SLOWEST]]


def _networks(store: Store, run: Run, items: list[Row]) -> list[Row]:
    """Cycles of networks, and what the last run before with the same network and column took."""
    query = """
        select run, facts from items where kind = 'nets' and unit = ? and place = ? and run < ? and verdict = 'passed'
        order by run desc limit 1"""
    found: dict[tuple[str, str], Row] = {}
    for item in items:
        if cycles := item["facts"].get("cycles_per_image"):
            before = store.rows(query, item["unit"], item["place"], run.run)
            old = _facts(store, before[0]).get("cycles_per_image") if before else None
            row = {"network": item["unit"], "place": item["place"], "cycles": cycles, "before": old}
            found[item["unit"], item["place"]] = row
    return list(found.values())


def _coverage(items: list[Row]) -> list[Row]:
    """Bins of random layers (cocodla.stimulus.bins), all programs together."""
    from cocodla.stimulus.bins import POINTS

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        for point, bins in item["facts"].get("coverage", {}).items():
            counts[point].update(bins)
    return [
        {
            "point": point.name,
            "bins": len(point.bins),
            "hit": sum(counts[point.name][name] > 0 for name in point.bins),
            "holes": [name for name in point.bins if not counts[point.name][name]],
        }
        for point in POINTS
        if counts
    ]


def _matrix(items: list[Row]) -> list[Row]:
    """Of each suite the columns, and rows of a unit and its counts in each column (None: not asked for)."""
    found = []
    for name in dict.fromkeys(item["suite"] for item in items):
        members = [item for item in items if item["suite"] == name]
        columns = list(dict.fromkeys(item["place"] for item in members))
        units = list(dict.fromkeys(item["unit"] for item in members))
        counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for item in members:
            counts[item["unit"], item["place"]][item["verdict"]] += 1
        rows = [{"unit": unit, "cells": [dict(counts[unit, place]) or None for place in columns]} for unit in units]
        found.append({"suite": name, "columns": columns, "rows": rows})
    return found


def trends(store: Store) -> list[Row]:
    """The latest runs, the oldest first: how many items came out how, new signatures, hours."""
    query = """
        select r.run, r.plan, r.begun, r.spent, r.state,
            sum(i.verdict = 'passed') passed, sum(i.verdict = 'failed') failed,
            (select count(*) from problems p where p.run = r.run and p.fresh) fresh
        from runs r left join items i on i.run = r.run and i.again_of = '' group by r.run order by r.run desc limit ?"""
    return [{name: value or 0 for name, value in row.items()} for row in reversed(store.rows(query, TRENDS))]
