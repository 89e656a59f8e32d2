"""Results of the benchmark: the committed JSON file, comparison with it, reference numbers, geometric means."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cocodla.bench.measure import Case, Measurement
from cocodla.errors import UserError

TOLERANCE = 0.02
"""A case that takes more than this fraction longer than the committed result is a regression."""

Cycles = dict[str, dict[str, int]]
"""Cycles by case and memory."""


@dataclass(frozen=True)
class Reference:
    """The public design: cycles by memory (full8, full32, full64, half32), and the bound with the full memory."""

    cycles: Mapping[str, int]
    bound: int


@dataclass(frozen=True)
class Row:
    """A measurement with what it is compared to. bound: cycles, of this memory; None where unknown."""

    case: Case
    measured: Measurement
    bound: int | None
    reference: int | None
    predicted: int | None = None

    @property
    def efficiency(self) -> float | None:
        """bound / measured."""
        return self.bound / self.measured.cycles if self.bound and self.measured.cycles > 0 else None

    @property
    def speed_up(self) -> float | None:
        """reference / measured."""
        return self.reference / self.measured.cycles if self.reference and self.measured.cycles > 0 else None

    @property
    def error(self) -> float | None:
        """(predicted - measured) / measured."""
        if self.predicted is None or self.measured.cycles <= 0:
            return None
        return self.predicted / self.measured.cycles - 1


@dataclass(frozen=True)
class Goal:
    """A number to reach: `value` is the geometric mean (or the worst) of `count` rows."""

    what: str
    goal: float
    value: float
    count: int
    missed: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        return self.value >= self.goal


def read_references(folder: Path) -> dict[str, Reference]:
    """The public design's numbers, by case; empty where the folder is absent."""
    found: dict[str, Reference] = {}
    layers, traces = folder / "nv_small_layers.json", folder / "nv_small_cycles.json"
    if layers.is_file():
        for entry in json.loads(layers.read_text())["layers"]:
            found[entry["name"]] = Reference(entry["cycles"], entry["bound"])
    if traces.is_file():
        for name, entry in json.loads(traces.read_text())["traces"].items():
            found[name] = Reference({"full32": entry["full"], "half32": entry["half_lat32"]}, entry["bound"])
    return found


def make_row(
    case: Case, measured: Measurement, references: Mapping[str, Reference], predicted: int | None = None
) -> Row:
    """A row; the bound is our own for layers, the reference's for traces."""
    reference = references.get(case.name)
    every = 2 if measured.memory.startswith("half") else 1
    bound = reference.bound if reference else None
    if case.traffic:
        bound = case.traffic.bound(every)
    elif every != 1 and bound is not None:
        bound = max(bound, every * max(measured.read_beats, measured.write_beats))
    cycles = reference.cycles.get(measured.memory) if reference else None
    return Row(case, measured, bound, cycles, predicted)


def geometric_mean(values: Iterable[float]) -> float:
    """Geometric mean; nan of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


# -- the numbers to reach ------------------------------------------------------------------------


def goals(rows: Iterable[Row]) -> list[Goal]:
    """The goals of the project, over the rows that exist (full memory, latency 32, unless said)."""
    every = [row for row in rows if not row.measured.failures]
    rows = [row for row in every if row.measured.memory == "full32"]
    long_traces = [row for row in rows if row.case.trace and (row.reference or 0) > 1000]
    convolutions = [row for row in rows if row.case.kind == "conv" and row.case.layer and (row.bound or 0) > 5000]
    memory_bound = [
        row for row in every
        if row.case.layer and row.case.kind != "conv"
        and row.measured.memory.startswith("full") and (row.bound or 0) > 2000
    ]  # fmt: skip
    found = [
        _worst("never slower than the reference", 1.0, rows, lambda r: r.speed_up),
        _mean("speed-up, sdp/pdp/cdp traces > 1,000", 5.0, [r for r in long_traces if r.case.kind in _STREAMING]),
        _mean("speed-up, dc/img traces > 1,000", 1.2, [r for r in long_traces if r.case.kind in ("dc", "img")]),
        _worst("bound/measured, conv > 5,000", 0.95, [r for r in convolutions if not _narrow(r)], _efficiency),
        _worst("bound/measured, 1x1 with C <= 16 > 5,000", 0.90, [r for r in convolutions if _narrow(r)], _efficiency),
        _worst("bound/measured, memory-bound > 2,000, latency 8, 32, 64", 0.90, memory_bound, _efficiency),
        _mean("speed-up, all layers", 1.75, [r for r in rows if r.case.layer]),
    ]
    return [goal for goal in found if goal.count]


_STREAMING = ("sdp", "pdp", "cdp")


def _efficiency(row: Row) -> float | None:
    return row.efficiency


def _narrow(row: Row) -> bool:
    shape = row.case.layer.shape if row.case.layer else None
    return getattr(shape, "size", 0) == 1 and getattr(shape, "channels", 0) <= 16


def _mean(what: str, goal: float, rows: list[Row]) -> Goal:
    values = [row.speed_up for row in rows if row.speed_up]
    return Goal(f"geometric mean {what}", goal, geometric_mean(values), len(values))


def _worst(what: str, goal: float, rows: list[Row], value: Callable[[Row], float | None]) -> Goal:
    values = [(value(row) or 0.0, row) for row in rows if value(row) is not None]
    missed = [(v, f"{r.case.name} {r.measured.memory} {v:.3f}") for v, r in values if v < goal]
    names = tuple(text for _, text in sorted(missed))
    return Goal(f"worst {what}", goal, min((v for v, _ in values), default=math.nan), len(values), names)


# -- the committed result ------------------------------------------------------------------------


def committed(path: Path) -> Cycles:
    """The last committed version of a result file (the file itself where there is no git); empty if none."""
    command = ["git", "-C", str(path.parent), "show", f"HEAD:./{path.name}"]
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        if not path.is_file():
            return {}
        text = path.read_text(encoding="utf-8")
    return _parse(text, path)


def _parse(text: str, path: Path) -> Cycles:
    try:
        return {str(n): {str(m): int(c) for m, c in e.items()} for n, e in json.loads(text)["cycles"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a result of the benchmark ({error!r})") from None


def regressions(base: Cycles, measurements: Iterable[Measurement]) -> list[str]:
    """One line for each case that has become slower by more than TOLERANCE."""
    lines = []
    for m in measurements:
        before = base.get(m.name, {}).get(m.memory)
        if before and m.cycles > before * (1 + TOLERANCE):
            lines.append(f"{m.name} {m.memory}: {before:,} -> {m.cycles:,} cycles (+{m.cycles / before - 1:.1%})")
    return lines


def save(path: Path, measurements: Iterable[Measurement]) -> None:
    """Write new cycles into the result file; what was not measured stays."""
    cycles = _parse(path.read_text(encoding="utf-8"), path) if path.is_file() else {}
    for m in measurements:
        if not m.failures:
            cycles.setdefault(m.name, {})[m.memory] = m.cycles
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(cycles[name])}" for name in sorted(cycles))
    what = "cycles from the last D_OP_ENABLE to the interrupt, by case and memory; written by make bench"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_text(f'{{\n "what": "{what}",\n "cycles": {{\n{lines}\n }}\n}}\n', encoding="utf-8")
    scratch.replace(path)
