"""When something happens: the cycle of a test's first clock, and the time of the simulation.

A test that is repeated by itself begins at another time but fails in the same cycle; a waveform of the whole run is
looked at by time. So both are told: (cycle 123, at 1235 ns). `start_clock` starts counting.
"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import Event
from cocotb.utils import get_sim_time


class _Clock:
    """The first clock of the test that runs. mark: a task that lives as long as the test."""

    period = begin = 0.0
    mark: Any = None


def now() -> float:
    """Time of the simulation in ns."""
    return float(get_sim_time("ns"))


def start(period_ps: int) -> None:
    """A clock of this period starts; only the first one of a test counts."""
    if _counting():
        return
    _Clock.period, _Clock.begin = period_ps / 1000, now()
    _Clock.mark = cocotb.start_soon(_rest())


def cycle(at: float | None = None) -> int | None:
    """The cycle of the first clock at a time in ns, by default now; None before there is a clock."""
    if not _counting():
        return None
    return int(((now() if at is None else at) - _Clock.begin) / _Clock.period + 1e-6)


def when(at: float | None = None) -> str:
    """(cycle 123, at 1235 ns) in words; without a clock the time alone. at: in ns, by default now."""
    number = cycle(at)
    counted = "" if number is None else f"cycle {number}, "
    return f"({counted}at {now() if at is None else at:.12g} ns)"


def _counting() -> bool:
    return _Clock.mark is not None and not _Clock.mark.done()


async def _rest() -> None:
    await Event().wait()
