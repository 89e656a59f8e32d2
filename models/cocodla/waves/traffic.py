"""What moved on an interface, and what is under way: open requests and their answers, spent credits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cocodla.waves.clock import Cycles
from cocodla.waves.interfaces import Interface
from cocodla.waves.runs import Runs

_NEAR = 1.25  # times the shortest latency: as fast as the answering side can


@dataclass(frozen=True)
class Traffic:
    """An interface in a dump. transfers, returned: (n,) int64, cycles of each transfer and of each returned credit."""

    interface: Interface
    runs: Runs
    transfers: Cycles
    returned: Cycles
    credits: int | None

    def credits_out(self, low: int, high: int) -> Cycles:
        """Credits that are spent and not back, before each cycle from low to high - 1."""
        return _open(self.transfers, self.returned, low, high)

    def rate(self, low: int, high: int) -> float:
        """Transfers per cycle."""
        first, last = np.searchsorted(self.transfers, [low, high])
        return float(last - first) / (high - low)

    @property
    def most_out(self) -> int:
        """The number of credits, or what stands for it where it is not known: the most that were out at a time."""
        if self.credits:
            return self.credits
        level = np.arange(1, len(self.transfers) + 1) - np.searchsorted(self.returned, self.transfers)
        return int(level.max(initial=0))


class Answers:
    """An interface whose transfers answer those of another, in order."""

    def __init__(self, asked: Traffic, answer: Traffic) -> None:
        self._asked, self._answer = asked.transfers, answer.transfers
        self._budget = answer.interface.budget
        count = min(len(self._asked), len(self._answer))
        self._latencies = self._answer[:count] - self._asked[:count]
        self._least = int(self._latencies.min(initial=np.iinfo(np.int64).max))
        level = np.arange(1, len(self._asked) + 1) - np.searchsorted(self._answer, self._asked)
        self._deepest = int(level.max(initial=0))

    def debt(self, low: int, high: int) -> Cycles:
        """Requests without their answer, before each cycle from low to high - 1."""
        return _open(self._asked, self._answer, low, high)

    def limited_by_asker(self, low: int, high: int) -> bool:
        """Whether the asker holds itself up: it mostly has as many requests under way as it ever has, and each is
        answered as fast as any, within the latency it should be able to cover. More of them would help."""
        first, last = np.searchsorted(self._asked[: len(self._latencies)], [low, high])
        if first == last or self._deepest < 2:
            return False
        latency = float(np.median(self._latencies[first:last]))
        if latency > _NEAR * self._least or (self._budget and latency > self._budget):
            return False
        debt = self.debt(low, high)
        return 2 * int((debt >= self._deepest).sum()) >= int((debt > 0).sum())


def answers_of(traffic: Sequence[Traffic]) -> dict[str, Answers]:
    """By the name of the answering interface."""
    by_name = {one.interface.name: one for one in traffic}
    return {
        one.interface.name: Answers(by_name[one.interface.answers], one)
        for one in traffic
        if one.interface.answers in by_name
    }


def _open(begun: Cycles, ended: Cycles, low: int, high: int) -> Cycles:
    cycles = np.arange(low, high)
    found: Cycles = np.searchsorted(begun, cycles) - np.searchsorted(ended, cycles)
    return found
