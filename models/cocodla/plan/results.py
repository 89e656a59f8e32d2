"""How tests and coverage of a plan last went: JUnit files and rules kept in build/junit, bins of the last merge."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cocodla.coverage import bins
from cocodla.coverage.waivers import matches
from cocodla.plan.testplan import Point, Testplan
from cocodla.sim import bench
from cocodla.sim.folders import kept_reports, kept_rules
from cocodla.sim.run import read_results

SIMULATORS = ("verilator", "icarus")


@dataclass(frozen=True)
class PointState:
    """How a point stands. tests: name -> the worst of its last runs ("failed", "passed"), "not run" without one.

    unreached: coverage patterns with an item that was not reached, or with none at all; empty where nothing was run,
    for bins also where nothing is merged.
    """

    point: Point
    tests: dict[str, str]
    unreached: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """One word: failed, unreached, partly run, not run, or passed."""
        seen = set(self.tests.values())
        if "failed" in seen:
            return "failed"
        if self.unreached:
            return "unreached"
        if "not run" in seen:
            return "not run" if seen == {"not run"} else "partly run"
        return "passed"


def judge(
    plan: Testplan, simulators: Sequence[str] = SIMULATORS, reached: Mapping[str, bool] | None = None
) -> list[PointState]:
    """Every point of a plan as the newest kept run of each test, variant and simulator has it.

    reached: bins of the last merge and whether one test reached each, None where there is none of this block.
    """
    designs = bench.load_bench(plan.block).designs.values()
    statuses: dict[str, set[str]] = {name: set() for name in plan.names}
    rules = []
    for design in designs:
        for sim in simulators:
            open_names = set(plan.names)
            for report in kept_reports(design.name, sim):
                results = [(r.name.split("/")[0], r.status) for r in read_results(report) if r.status != "skipped"]
                newest = {name for name, _ in results} & open_names
                if newest:
                    rules.append(kept_rules(report))
                for name, status in results:
                    if name in newest:
                        statuses[name].add(status)
                open_names -= newest
                if not open_names:
                    break
    coverage = bench.read_rules(rules)
    return [_judge(plan, point, statuses, coverage, reached or {}) for point in plan.points]


def _judge(
    plan: Testplan, point: Point, statuses: dict[str, set[str]], rules: Mapping[str, bool], reached: Mapping[str, bool]
) -> PointState:
    tests = {name: _worst(statuses[name]) for name in plan.tests(point)}
    unreached = []
    for pattern in point.coverage:
        if bins.is_bin(pattern):
            known, items = reached, [hit for name, hit in reached.items() if matches(name, pattern)]
        else:
            known, items = rules, [shown for name, shown in rules.items() if fnmatch.fnmatchcase(name, pattern)]
        if known and not (items and all(items)):
            unreached.append(pattern)
    return PointState(point, tests, unreached)


def _worst(statuses: set[str]) -> str:
    return next((status for status in ("failed", "passed") if status in statuses), "not run")
