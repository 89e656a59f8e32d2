"""Two dumps of what should be the same run: where the transfers of an interface part ways. Timing is not compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.waves.clock import Cycles, Sampled


@dataclass(frozen=True)
class Transfers:
    """What an interface moved. cycles: (n,) int64. payload: a (n,) int64 row for each signal, coded as in Changes."""

    cycles: Cycles
    payload: dict[str, NDArray[np.int64]]

    @staticmethod
    def of(cycles: Cycles, payload: Mapping[str, Sampled]) -> Transfers:
        return Transfers(cycles, {name: signal.at(cycles) for name, signal in payload.items()})


@dataclass(frozen=True)
class Difference:
    """First transfer that differs. number: from 0. cycle: in this dump, of the last transfer where one is missing."""

    what: str
    number: int
    cycle: int


def first_difference(here: Transfers, good: Transfers) -> Difference | None:
    """None where both moved the same things in the same order."""
    count = min(len(here.cycles), len(good.cycles))
    first, what = count, ""
    for name in here.payload.keys() & good.payload.keys():
        differing = np.flatnonzero(here.payload[name][:count] != good.payload[name][:count])
        if len(differing) and differing[0] < first:
            first, what = int(differing[0]), f"{name} differs"
    if not what and len(here.cycles) == len(good.cycles):
        return None
    if not what:
        what = "a transfer too many" if len(here.cycles) > count else "transfers are missing"
    last = min(first, len(here.cycles) - 1)
    return Difference(what, first, int(here.cycles[last]) if last >= 0 else 0)
