"""Clock, reset and length of a block bench."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, First, RisingEdge, Timer
from cocotb.utils import get_sim_time

from cocotbext.dla import moment, watchdog
from cocotbext.dla.pins import high, known

Result = TypeVar("Result")

ICARUS = getattr(cocotb, "SIM_NAME", "").lower().startswith("icarus")  # outside of a simulator there is no name


def repeats(count: int) -> int:
    """How often a test repeats random cases: `count` times, on Icarus, which is slower, a third of that."""
    return -(-count // 3) if ICARUS else count


def start_clock(clock: Any, period_ns: float = 10) -> Clock:
    """Start a free-running clock (the period is rounded to an even number of picoseconds), the first one of a test with
    the watchdog (cocotbext.dla.watchdog).
    """
    driver = Clock(clock, 2 * round(period_ns * 500), unit="ps")
    driver.start()
    moment.start(2 * round(period_ns * 500))
    watchdog.start(2 * round(period_ns * 500))
    return driver


async def within(clock: Any, cycles: int, work: Coroutine[Any, Any, Result], what: str) -> Result:
    """The result of `work`, which may take up to `cycles` of a clock; then Hang tells `what`, and who waits for whom.

    Cycles, not nanoseconds: a limit must hold at any period a test draws.
    """
    task = cocotb.start_soon(work)
    await First(task, ClockCycles(clock, cycles))
    if not task.done():
        task.cancel()
        raise watchdog.hang(f"{what} takes more than {cycles} cycles of {clock._name}")
    return task.result()


async def reset(clock: Any, reset_n: Any, cycles: int = 5) -> None:
    """Hold an active-low reset for `cycles`, release it after a rising edge, and wait two cycles.

    A pin that begins low is high for one step first: simulators reset at the edge of an asynchronous reset, and where
    pins begin at random a register whose clock stands still would never see one.
    """
    if get_sim_time() == 0 and known(reset_n) and not high(reset_n):
        reset_n.value = 1
        await Timer(1, "step")
    reset_n.value = 0
    await ClockCycles(clock, cycles)
    await RisingEdge(clock)
    reset_n.value = 1
    await ClockCycles(clock, 2)
