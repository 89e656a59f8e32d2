"""Clock, reset and length of a block bench."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

ICARUS = getattr(cocotb, "SIM_NAME", "").lower().startswith("icarus")  # outside of a simulator there is no name


def repeats(count: int) -> int:
    """How often a test repeats random cases: `count` times, on Icarus, which is slower, a third of that."""
    return -(-count // 3) if ICARUS else count


def start_clock(clock: Any, period_ns: float = 10) -> Clock:
    """Start a free-running clock (the period is rounded to an even number of picoseconds)."""
    driver = Clock(clock, 2 * round(period_ns * 500), unit="ps")
    driver.start()
    return driver


async def reset(clock: Any, reset_n: Any, cycles: int = 5) -> None:
    """Hold an active-low reset for `cycles`, release it after a rising edge, and wait two cycles."""
    reset_n.value = 0
    await ClockCycles(clock, cycles)
    await RisingEdge(clock)
    reset_n.value = 1
    await ClockCycles(clock, 2)
