"""What nextpnr's report tells of a routed chip: frequencies, the critical path, and the slowest path into each unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cocodla.synth.owners import Owners


@dataclass(frozen=True)
class Stretch:
    """A piece of a path inside of one unit. nets: from which to which; logic and wires in ns; steps: cells passed."""

    unit: str
    first: str
    last: str
    steps: int
    logic: float
    wires: float


@dataclass(frozen=True)
class Routed:
    """frequencies: MHz by clock (core, csb). path: the critical one of the core clock. slowest: of each unit the ns of
    the slowest path that ends in it, from a register or memory, setup left out. used: places of the part by kind, and
    how many there are."""

    frequencies: dict[str, float]
    path: list[Stretch]
    slowest: dict[str, float]
    used: dict[str, tuple[int, int]]


def read_routed(report: Mapping[str, Any], owners: Owners) -> Routed:
    """The figures of a report of nextpnr --report --detailed-timing-report."""
    clocks = {name: _clock(name) for name in report["fmax"]}
    frequencies = {clocks[name]: float(entry["achieved"]) for name, entry in report["fmax"].items()}
    used = {kind: (int(entry["used"]), int(entry["available"])) for kind, entry in report["utilization"].items()}
    return Routed(frequencies, _critical(report, owners), _slowest(report, owners), used)


def _clock(name: str) -> str:
    """Our name of a clock net or event: the pin of the harness without _clk."""
    found = re.search(r"(core|csb)_clk", name)
    return found[1] if found else name


def _critical(report: Mapping[str, Any], owners: Owners) -> list[Stretch]:
    """The critical path inside of the core clock, by unit in order."""
    inside = [path for path in report["critical_paths"] if _clock(path["from"]) == _clock(path["to"]) == "core"]
    stretches: list[Stretch] = []
    for step in inside[0]["path"] if inside else ():
        wire = step["type"] == "routing"
        cell = step["to"]["cell"] if wire else step["from"]["cell"]
        unit, delay = owners.of(cell), float(step["delay"])
        logic, wires = (0.0, delay) if wire else (delay, 0.0)
        passed = int(step["type"] == "logic")
        if stretches and stretches[-1].unit == unit:
            last = stretches.pop()
            stretches.append(
                Stretch(unit, last.first, cell, last.steps + passed, last.logic + logic, last.wires + wires)
            )
        else:
            stretches.append(Stretch(unit, cell, cell, passed, logic, wires))
    return stretches


def _slowest(report: Mapping[str, Any], owners: Owners) -> dict[str, float]:
    found: dict[str, float] = {}
    for net in report["detailed_net_timings"]:
        for end in net["endpoints"]:
            if _clock(str(net["event"])) == "core" == _clock(str(end["event"])):
                unit = owners.of(end["cell"])
                found[unit] = max(found.get(unit, 0.0), max(end["delay"]))
    return found
