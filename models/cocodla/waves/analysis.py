"""The whole analysis of a dump: choose interfaces, read their signals once, judge each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cocodla.errors import UserError
from cocodla.waves.against import Difference, Transfers, first_difference
from cocodla.waves.cause import Cause, causes_of
from cocodla.waves.choice import Chosen, choose
from cocodla.waves.clock import Clock
from cocodla.waves.dump import Dump, Progress
from cocodla.waves.interfaces import Description, Interface
from cocodla.waves.latency import Latency, latency_between
from cocodla.waves.statistics import Statistics, statistics_of
from cocodla.waves.traffic import Traffic
from cocodla.waves.view import View
from cocodla.waves.violations import Violation, answer_violations, credit_violations, handshake_violations
from cocodla.waves.waits import Waits

IDLE_AFTER = 64
"""Cycles without valid after which a sender is idle instead of late."""

MOST_WINDOWS = 10_000
"""Windows for root causes at most: each is a row of the table."""

WINDOWS = 8
"""Windows a range is cut into for root causes, if no length is given."""


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
    """Everything found. start, end: the cycles looked at, of `clock`. notes: what could not be looked at, in words.

    causes: by window, whole: of all cycles looked at; none where no units are known.
    """

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
    is_described: bool
    """Whether the dump holds interfaces of the description."""

    def time_of(self, interface: Interface, cycle: int) -> int:
        """Ticks of a cycle of the interface's clock."""
        return int(self.clocks[interface.clock].edges[cycle])

    @property
    def first_difference(self) -> Result | None:
        """Of the interfaces that differ from the good dump the one that does so first."""
        differing = [(one.difference, one) for one in self.results if one.difference]
        times = [(self.time_of(one.interface, difference.cycle), n) for n, (difference, one) in enumerate(differing)]
        return differing[min(times)[1]][1] if times else None

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
    """Analyse a dump. description: of the design that may be in it. good: another dump; all transfers of both, also
    those outside the range looked at, are compared.

    UserError: see Dump.read, choose, latency_between; a range outside the dump; a good dump without these interfaces.
    """
    options = options or Options()
    dump = Dump(path)
    chosen = choose(dump, description, options.match, options.between, options.clock, options.root)
    view = View.read(dump, chosen, progress)
    low, high = view.range(options.start, options.end)
    if options.window and high - low > MOST_WINDOWS * options.window:
        raise UserError(f"--window {options.window}: makes more than {MOST_WINDOWS:,} windows of {high - low:,} cycles")
    reference = _Reference.read(good, chosen, description, options, progress) if good else None
    results: list[Result] = []
    traffic: dict[str, Traffic] = {}
    for interface in chosen.interfaces:
        signals = view.signals(interface)
        one = view.traffic(interface, signals)
        if interface in chosen.related or interface in chosen.points:
            traffic[interface.name] = one
        if interface in chosen.shown:
            start, end = view.own_range(interface, low, high)
            runs = view.runs(interface, signals, start, end)
            violations = handshake_violations(runs, signals.ready, signals.payload, start)
            more, most = credit_violations(one.transfers, one.returned, one.credits) if interface.credit else ([], None)
            violations += [violation for violation in more if start <= violation.cycle < end]
            difference = (
                reference.compare(Transfers.of(one.transfers, signals.payload), interface) if reference else None
            )
            counts = statistics_of(runs, options.idle_after)
            described = interface in chosen.described
            results.append(Result(interface, described, counts, tuple(violations), most, difference))
        view.release(interface)
    causes, whole = _causes(view, chosen, traffic, low, high, options.window)
    return Analysis(
        dump, view.base, view.clocks, low, high,
        tuple(_with_answers(view, result, traffic, low, high) for result in results),
        _latency(view, chosen, traffic, low, high), causes, whole, chosen.notes, bool(chosen.described),
    )  # fmt: skip


@dataclass(frozen=True)
class _Reference:
    """The dump of a good run, and its interfaces by name."""

    view: View
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
        return _Reference(View.read(dump, there, progress), interfaces)

    def compare(self, here: Transfers, interface: Interface) -> Difference | None:
        """The first difference from the good run; None also where that has no such interface."""
        same = self.interfaces.get(interface.name)
        if same is None:
            return None
        signals = self.view.signals(same)
        return first_difference(here, Transfers.of(self.view.traffic(same, signals).transfers, signals.payload))


def _with_answers(view: View, result: Result, traffic: Mapping[str, Traffic], low: int, high: int) -> Result:
    """The result with the rule added that every answer has its question, where both interfaces are read."""
    answer, asked = traffic.get(result.interface.name), traffic.get(result.interface.answers)
    if not answer or not asked:
        return result
    start, end = view.own_range(result.interface, low, high)
    broken = answer_violations(asked.transfers, answer.transfers)
    inside = [violation for violation in broken if start <= violation.cycle < end]
    return replace(result, violations=(*result.violations, *inside))


def _causes(
    view: View, chosen: Chosen, traffic: Mapping[str, Traffic], low: int, high: int, window: int | None
) -> tuple[tuple[Cause, ...], Cause | None]:
    """Root causes by window, and of the whole range, among the interfaces on the base clock."""
    related = [traffic[one.name] for one in chosen.interfaces if one in chosen.related and view.is_base(one)]
    if not related:
        return (), None
    waits = Waits(related, chosen.idle_unit, chosen.outside)
    length = window or max(-(-(high - low) // WINDOWS), 1)
    whole = causes_of(waits, low, high, high - low)
    return tuple(causes_of(waits, low, high, length)), whole[0] if whole else None


def _latency(view: View, chosen: Chosen, traffic: Mapping[str, Traffic], low: int, high: int) -> Latency | None:
    if not chosen.points:
        return None
    first, second = chosen.points
    start, end = view.own_range(first, low, high)
    clocks = view.clocks[first.clock], view.clocks[second.clock]
    return latency_between(traffic[first.name], traffic[second.name], clocks, start, end)
