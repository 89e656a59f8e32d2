"""Interrupt and pulse lines."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.pins import high, known
from cocotbext.dla.watchdog import hang


class InterruptMonitor:
    """Watches a line: `rises` counts rising edges, `cycles_high` cycles at 1 (one a pulse)."""

    def __init__(self, signal: Any, clock: Any, reset_n: Any = None, report: Report = fail) -> None:
        self.signal, self.clock, self.reset_n = signal, clock, reset_n
        self.rules = Rules(str(signal._name), ["is known"], report)
        self.rises = 0
        self.cycles_high = 0
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        before = False
        while True:
            await FallingEdge(self.clock)
            if self.reset_n is not None and not high(self.reset_n):
                before = False
                continue
            self.rules.hold("is known", _unknown, (known(self.signal),), (False,))
            now = high(self.signal)
            self.rises += now and not before
            self.cycles_high += now
            before = now

    async def wait(self, limit: int = 1_000_000) -> int:
        """Wait until the line is 1; returns the cycles waited. Hang after `limit` cycles."""
        for cycle in range(limit):
            await FallingEdge(self.clock)
            if high(self.signal):
                return cycle
        raise hang(f"{self.signal._name} did not rise within {limit} cycles")


def _unknown(is_known: bool) -> str:
    return "" if is_known else "is X"
