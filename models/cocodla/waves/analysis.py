"""The whole analysis of a dump: choose interfaces, read their signals once, judge each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cocodla.errors import UserError
from cocodla.waves.against import Difference, Transfers, first_difference
from cocodla.waves.cause import Cause, Seen, Waits
from cocodla.waves.choice import Chosen, choose
from cocodla.waves.clock import Clock, Cycles, Sampled, joined
from cocodla.waves.dump import Changes, Dump, Progress, Variable
from cocodla.waves.interfaces import Description, Interface
from cocodla.waves.latency import Latency, latency_between
from cocodla.waves.runs import TRANSFER, Runs, runs_of
from cocodla.waves.statistics import Statistics, statistics_of
from cocodla.waves.violations import Violation, answer_violations, credit_violations, handshake_violations

IDLE_AFTER = 64
"""Cycles without valid after which a sender is idle instead of late."""

WINDOWS = 8
"""Windows a dump is cut into for root causes, if no length is given."""


POWER_UP = 100
"""Cycles from the start of a dump in which a reset belongs to power-up: what is before it has no meaning."""


@dataclass(frozen=True)
class Options:
    """What is asked. start, end: cycles of the clock most interfaces have. root: None means unless `match` is given."""

    start: int = 0
    end: int | None = None
    match: str = ""
    between: tuple[str, str] | None = None
    clock: str = ""
    idle_after: int = IDLE_AFTER
    root: bool | None = None
    window: int | None = None


@dataclass(frozen=True)
class Result:
    """One interface. most_in_flight: of one with credits. difference: from the good dump, where there is one."""

    interface: Interface
    described: bool
    statistics: Statistics
    violations: tuple[Violation, ...]
    most_in_flight: int | None = None
    difference: Difference | None = None


@dataclass(frozen=True)
class Analysis:
    """Everything found. start, end: the cycles looked at, of `clock`. notes: what could not be looked at, in words."""

    dump: Dump
    clock: Clock
    clocks: Mapping[str, Clock]
    start: int
    end: int
    results: tuple[Result, ...]
    latency: Latency | None
    causes: tuple[Cause, ...]
    whole: Cause | None
    notes: tuple[str, ...]

    def time_of(self, interface: Interface, cycle: int) -> int:
        """Ticks of a cycle of the interface's clock."""
        return int(self.clocks[interface.clock].edges[cycle])

    @property
    def first_difference(self) -> Result | None:
        """Of the interfaces that differ from the good dump the one that does so first."""
        differing = [one for one in self.results if one.difference]

        def time(one: Result) -> int:
            return self.time_of(one.interface, one.difference.cycle) if one.difference else 0

        return min(differing, key=time, default=None)

    @property
    def failed(self) -> bool:
        """Whether a rule is broken, warnings apart, or the good dump has other transfers."""
        return any(
            one.difference or any(not violation.is_warning for violation in one.violations) for one in self.results
        )


def analyse(
    path: Path,
    description: Description | None,
    options: Options | None = None,
    good: Path | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Analyse a dump. description: of the design that may be in it. good: another dump to compare the transfers with.

    UserError: see Dump.read, choose, latency_between; a range outside the dump; a good dump without these interfaces.
    """
    options = options or Options()
    dump = Dump(path)
    chosen = choose(dump, description, options.match, options.between, options.clock, options.root)
    view = _View.read(dump, chosen, progress)
    low, high = view.range(options.start, options.end)
    reference = _Reference.read(good, chosen, description, options, progress) if good else None
    results, seen = [], []
    for interface in chosen.interfaces:
        one = view.look(interface, low, high)
        if interface in chosen.related:
            seen.append(one.seen)
        if interface in chosen.shown:
            difference = reference.compare(one) if reference else None
            result = one.result(options.idle_after, interface in chosen.described)
            results.append(replace(result, difference=difference))
    causes, whole = _causes(seen, chosen, low, high, view, options.window)
    return Analysis(
        dump, view.base, view.clocks, low, high, tuple(_with_answers(results, seen)),
        _latency(view, chosen, options.between, low, high), causes, whole, chosen.notes,
    )  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """One interface in the range looked at."""

    seen: Seen
    ready: Sampled | None
    payload: dict[str, Sampled]
    low: int

    def result(self, idle_after: int, described: bool) -> Result:
        interface, runs = self.seen.interface, self.seen.runs
        violations = handshake_violations(runs, self.ready, self.payload, self.low)
        most = None
        if interface.credit:
            broken, most = credit_violations(self.seen.transfers, self.seen.returned, self.seen.credits)
            violations += broken
        return Result(interface, described, statistics_of(runs, idle_after), tuple(violations), most)


@dataclass(frozen=True)
class _View:
    """The signals of a dump that were read, and its clocks."""

    dump: Dump
    changes: Mapping[str, Changes]
    clocks: Mapping[str, Clock]
    base: Clock

    @staticmethod
    def read(dump: Dump, chosen: Chosen, progress: Progress | None) -> _View:
        wanted: list[Variable] = [dump.variables[name] for face in chosen.interfaces for name in face.signals]
        changes = dump.read(wanted, progress)
        uses = Counter(interface.clock for interface in chosen.interfaces)
        clocks = {name: Clock.of(name, changes[dump.variables[name].key]) for name in uses}
        base = clocks[max(uses, key=lambda name: (len(clocks[name]) > 0, uses[name]))]
        if not len(base):
            raise UserError(f"{dump.path}: the clock {base.name} never rises; another one can be named with --clock")
        return _View(dump, changes, clocks, base)

    def range(self, start: int, end: int | None) -> tuple[int, int]:
        """Cycles of the base clock. UserError for one outside the dump."""
        count = len(self.base)
        if start >= count:
            raise UserError(f"--from {start}: {self.dump.path} has {count} cycles of {self.base.name}")
        if end is not None and end > count:
            raise UserError(f"--to {end}: {self.dump.path} has {count} cycles of {self.base.name}")
        end = count if end is None else end
        if end <= start:
            raise UserError(f"--to {end}: is not behind --from {start}")
        return start, end

    def sampled(self, clock: Clock, names: Sequence[str]) -> list[Sampled]:
        return [clock.sample(self.changes[self.dump.variables[name].key]) for name in names]

    def look(self, interface: Interface, low: int, high: int) -> _Look:
        """low, high: cycles of the base clock."""
        clock = self.clocks[interface.clock]
        if clock is not self.base:
            last = self.base.edges[high - 1]
            low = int(np.searchsorted(clock.edges, self.base.edges[low]))
            high = int(np.searchsorted(clock.edges, last, side="right"))
        valid = joined(self.sampled(clock, interface.valid)) if len(clock) else _never()
        ready = self.sampled(clock, [interface.ready])[0] if interface.ready else None
        active = self._active(interface, clock, valid)
        runs = runs_of(valid, ready, active, clock.gaps, low, high)
        returned = np.zeros(0, np.int64)
        if interface.credit:
            credit = self.sampled(clock, [interface.credit])[0]
            returned = runs_of(credit, None, active, clock.gaps, low, high).cycles_of(TRANSFER)
        names = [name.rpartition(".")[2] for name in interface.payload]
        payload = dict(zip(names, self.sampled(clock, interface.payload), strict=True))
        seen = Seen(interface, runs, runs.cycles_of(TRANSFER), returned, self._credits(interface))
        return _Look(seen, ready, payload, low)

    def _active(self, interface: Interface, clock: Clock, valid: Sampled) -> Sampled:
        """1 outside of reset. Without a reset signal an interface has a meaning from its first known valid on."""
        if not interface.reset:
            return Sampled(valid.cycles, np.maximum.accumulate((valid.values >= 0).astype(np.int64)))
        reset = self.sampled(clock, [interface.reset])[0]
        active = (reset.values == 1 - interface.reset_level).astype(np.int64)
        early = np.flatnonzero((reset.values == interface.reset_level) & (reset.cycles <= POWER_UP))
        if len(early):
            active[: early[-1]] = 0
        return Sampled(reset.cycles, active)

    def _credits(self, interface: Interface) -> int | None:
        if isinstance(interface.credits, int):
            return interface.credits
        return self.dump.constant(interface.credits) if interface.credits else None


def _never() -> Sampled:
    return Sampled(np.zeros(1, np.int64), np.zeros(1, np.int64))


@dataclass(frozen=True)
class _Reference:
    """The dump of a good run, and its interfaces by name."""

    view: _View
    interfaces: Mapping[str, Interface]

    @staticmethod
    def read(
        path: Path, chosen: Chosen, description: Description | None, options: Options, progress: Progress | None
    ) -> _Reference:
        """UserError: none of the interfaces shown is in it."""
        dump = Dump(path)
        there = choose(dump, description, options.match, None, options.clock, False)
        interfaces = {one.name: one for one in there.interfaces}
        if not any(one.name in interfaces for one in chosen.shown):
            raise UserError(f"{path}: has none of the interfaces to compare")
        return _Reference(_View.read(dump, there, progress), interfaces)

    def compare(self, one: _Look) -> Difference | None:
        """The first difference from the good run; None also where that has no such interface."""
        interface = self.interfaces.get(one.seen.interface.name)
        if interface is None:
            return None
        good = self.view.look(interface, 0, len(self.view.base))
        here = Transfers.of(one.seen.transfers, one.payload)
        return first_difference(here, Transfers.of(good.seen.transfers, good.payload))


def _with_answers(results: Sequence[Result], seen: Sequence[Seen]) -> list[Result]:
    """Results with the rule added that every answer has its question; where both are read from the start."""
    by_name = {one.interface.name: one for one in seen}
    judged = []
    for result in results:
        answer, asked = by_name.get(result.interface.name), by_name.get(result.interface.answers)
        if answer and asked and not int(answer.runs.starts[:1].sum()):
            broken = answer_violations(asked.transfers, answer.transfers)
            result = replace(result, violations=(*result.violations, *broken))
        judged.append(result)
    return judged


def _causes(
    seen: Sequence[Seen], chosen: Chosen, low: int, high: int, view: _View, window: int | None
) -> tuple[tuple[Cause, ...], Cause | None]:
    """Root causes by window, and of the whole range, on the base clock."""
    here = [one for one in seen if view.clocks[one.interface.clock].edges is view.base.edges or _same(one, view)]
    if not here:
        return (), None
    waits = Waits(here, chosen.idle_unit, chosen.outside)
    length = window or max(-(-(high - low) // WINDOWS), 1)
    whole = waits.causes(low, high, high - low)
    return tuple(waits.causes(low, high, length)), whole[0] if whole else None


def _same(one: Seen, view: _View) -> bool:
    """Whether a clock of another name is the base clock all the same."""
    return bool(np.array_equal(view.clocks[one.interface.clock].edges, view.base.edges))


def _latency(view: _View, chosen: Chosen, between: tuple[str, str] | None, low: int, high: int) -> Latency | None:
    if between is None:
        return None
    first, second = (view.look(face, low, high).seen for face in chosen.points)

    def times(one: Seen) -> Cycles:
        found: Cycles = view.clocks[one.interface.clock].edges[one.transfers]
        return found

    period = view.clocks[first.interface.clock].period()
    return latency_between(between, first.transfers, times(first), times(second), period)


def runs_of_interface(path: Path, description: Description | None, name: str) -> Runs:
    """The states of one interface of a dump, cycle by cycle, for other tools. UserError as `analyse`."""
    dump = Dump(path)
    chosen = choose(dump, description, "", (name, name), "", False)
    view = _View.read(dump, replace(chosen, interfaces=chosen.points[:1]), None)
    return view.look(chosen.points[0], 0, len(view.base)).seen.runs
