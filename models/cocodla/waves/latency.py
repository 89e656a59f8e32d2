"""Time between two points: the n-th transfer of one to the n-th of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.waves.clock import Cycles


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


def latency_between(names: tuple[str, str], cycles: Cycles, sent: Cycles, arrived: Cycles, period: float) -> Latency:
    """cycles: (n,) int64 of the first point; sent, arrived: (n,), (m,) int64 times of both; period: ticks of a cycle.

    UserError: no pairs, or a transfer at the second point that comes before its partner: they do not belong together.
    """
    first, second = names
    count = min(len(sent), len(arrived))
    if not count:
        raise UserError(f"--between {first} {second}: {first if not len(sent) else second} has no transfer")
    taken: NDArray[np.int64] = arrived[:count] - sent[:count]
    early = np.flatnonzero(taken < 0)
    if len(early) or len(arrived) > len(sent):
        number = int(early[0]) if len(early) else count
        raise UserError(
            f"--between {first} {second}: transfer {number} of {second} comes before that of {first}; "
            "points are compared first in, first out"
        )
    in_cycles = taken / period
    return Latency(
        matched=count,
        unmatched=len(sent) - count,
        least=float(in_cycles.min()),
        median=float(np.median(in_cycles)),
        mean=float(in_cycles.mean()),
        p95=float(np.quantile(in_cycles, 0.95, method="inverted_cdf")),
        most=float(in_cycles.max()),
        worst_cycle=int(cycles[int(in_cycles.argmax())]),
    )
