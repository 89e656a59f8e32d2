"""How the tests and the coverage of a plan last went, out of the JUnit files and rules kept in build/junit."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field

from cocodla.plan.testplan import Point, Testplan
from cocodla.sim import bench
from cocodla.sim.folders import kept_reports, kept_rules
from cocodla.sim.run import read_results

SIMULATORS = ("verilator", "icarus")


@dataclass(frozen=True)
class PointState:
    """How a point stands. tests: name -> the worst of its last runs ("failed", "passed"), "not run" without one.

    unreached: coverage patterns with an item that was not reached, or with none at all; empty where nothing was run.
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


def judge(plan: Testplan, simulators: Sequence[str] = SIMULATORS) -> list[PointState]:
    """Every point of a plan as the newest kept run of each test, variant and simulator has it."""
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
    return [_judge(plan, point, statuses, coverage) for point in plan.points]


def _judge(plan: Testplan, point: Point, statuses: dict[str, set[str]], coverage: dict[str, bool]) -> PointState:
    tests = {name: _worst(statuses[name]) for name in plan.tests(point)}
    unreached = []
    for pattern in point.coverage if coverage else ():
        items = [shown for name, shown in coverage.items() if fnmatch.fnmatchcase(name, pattern)]
        if not items or not all(items):
            unreached.append(pattern)
    return PointState(point, tests, unreached)


def _worst(statuses: set[str]) -> str:
    return next((status for status in ("failed", "passed") if status in statuses), "not run")
