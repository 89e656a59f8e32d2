"""Time between two points: the n-th transfer of one to the n-th of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.waves.clock import Clock
from cocodla.waves.traffic import Traffic


@dataclass(frozen=True)
class Latency:
    """Distribution of the time from a transfer to its partner, first in first out, in cycles of the first's clock.

    matched: pairs. unmatched: transfers of the first point without one of the second, in flight at the end.
    worst_cycle: cycle of the first point of the longest.
    """

    matched: int
    unmatched: int
    least: float
    median: float
    mean: float
    p95: float
    most: float
    worst_cycle: int


def latency_between(first: Traffic, second: Traffic, clocks: tuple[Clock, Clock], low: int, high: int) -> Latency:
    """Pair all transfers of a dump and look at those that start in cycles low to high - 1 of the first point's clock.

    UserError: no pairs, or a transfer at the second point that comes before its partner: they do not belong together.
    """
    names = first.interface.name, second.interface.name
    option = f"--between {names[0]} {names[1]}"
    sent, arrived = clocks[0].edges[first.transfers], clocks[1].edges[second.transfers]
    count = min(len(sent), len(arrived))
    if not count:
        raise UserError(f"{option}: {names[0] if not len(sent) else names[1]} has no transfer")
    taken: NDArray[np.int64] = arrived[:count] - sent[:count]
    early = np.flatnonzero(taken < 0)
    if len(early) or len(arrived) > len(sent):
        number = int(early[0]) if len(early) else count
        raise UserError(
            f"{option}: transfer {number} of {names[1]} comes before that of {names[0]}; "
            "points are compared first in, first out"
        )
    begin, end = np.searchsorted(first.transfers, [low, high])
    in_cycles = taken[begin:end] / clocks[0].period()
    if not len(in_cycles):
        raise UserError(f"{option}: {names[0]} has no answered transfer in these cycles")
    return Latency(
        matched=len(in_cycles),
        unmatched=int(end - begin) - len(in_cycles),
        least=float(in_cycles.min()),
        median=float(np.median(in_cycles)),
        mean=float(in_cycles.mean()),
        p95=float(np.quantile(in_cycles, 0.95, method="inverted_cdf")),
        most=float(in_cycles.max()),
        worst_cycle=int(first.transfers[begin + int(in_cycles.argmax())]),
    )
