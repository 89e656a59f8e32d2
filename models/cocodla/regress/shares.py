"""Who gets the rest of the budget: the suites that find most for their CPU time, and every suite a little.

Each suite has a rate, new signatures an hour of CPU time, of this run and, halved with every run between, of those
before. Where little is known the rate lies near PRIOR_FINDS / PRIOR_HOURS. A suite is due FLOOR of the time (less where
there are many), and of what is left the part that its rate has in the sum of all rates. Next is the suite that is
furthest behind its due; what is under way counts as if it had taken what is expected of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

PRIOR_FINDS = 0.5
PRIOR_HOURS = 0.5
FLOOR = 0.05
"""Share of the time that every suite gets, where there are at most ten."""
HALVED = 0.5
"""What a run before counts, against the one after it."""


@dataclass
class _Suite:
    """finds, seconds: of all runs, older ones less. spent: seconds of this run. waiting: of what is under way."""

    finds: float = 0.0
    seconds: float = 0.0
    spent: float = 0.0
    waiting: float = 0.0

    @property
    def rate(self) -> float:
        """New signatures an hour."""
        return (self.finds + PRIOR_FINDS) / (self.seconds / 3600 + PRIOR_HOURS)


class Shares:
    """The shares of some suites."""

    def __init__(
        self, suites: Sequence[str], seed: int, before: Sequence[Mapping[str, tuple[float, float]]] = ()
    ) -> None:
        """seed: decides between suites that are equally behind. before: (finds, CPU seconds) of each suite in the runs
        before, the latest first.
        """
        self._suites = {name: _Suite() for name in suites}
        self._random = Random(f"shares-{seed}")
        for age, run in enumerate(before, 1):
            for name, (finds, seconds) in run.items():
                if name in self._suites:
                    self._suites[name].finds += finds * HALVED**age
                    self._suites[name].seconds += seconds * HALVED**age

    def due(self) -> dict[str, float]:
        """The share of the time that each suite is due, 1 in all."""
        floor = min(FLOOR, 0.5 / len(self._suites))
        rates = {name: suite.rate for name, suite in self._suites.items()}
        free, total = 1 - floor * len(rates), sum(rates.values())
        return {name: floor + free * rate / total for name, rate in rates.items()}

    def next(self, among: Sequence[str] | None = None) -> str:
        """The suite that is furthest behind, of `among` (default: all)."""
        due = self.due()
        behind = {
            name: (suite.spent + suite.waiting) / due[name]
            for name, suite in self._suites.items()
            if among is None or name in among
        }
        least = min(behind.values())
        return self._random.choice([name for name, value in behind.items() if value == least])

    def begun(self, name: str, expected: float) -> None:
        """An item of a suite has begun, of which so many CPU seconds are expected."""
        if name in self._suites:
            self._suites[name].waiting += expected

    def ended(self, name: str, expected: float, seconds: float, finds: int) -> None:
        """An item has ended: what was expected of it, its CPU seconds and the new signatures that it has found."""
        if suite := self._suites.get(name):
            suite.waiting -= expected
            suite.spent += seconds
            suite.seconds += seconds
            suite.finds += finds
