"""APB master for the bridge NV_NVDLA_apb2csb."""

from __future__ import annotations

from typing import Any

from cocotb.triggers import FallingEdge, RisingEdge
from cocotb_bus.bus import Bus

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.pins import high, known, number
from cocotbext.dla.watchdog import hang, moved

LIMIT = 20_000
"""Cycles after which an access is taken to hang: far more than any clock of the other side takes."""


class ApbDriver:
    """One access at a time: setup phase, access phase until pready."""

    def __init__(self, entity: Any, clock: Any, name: str | None = None, report: Report = fail) -> None:
        signals = ["psel", "penable", "pwrite", "paddr", "pwdata", "prdata", "pready"]
        self.bus = Bus(entity, name, signals, case_insensitive=False)
        self.clock = clock
        self.rules = Rules("apb", ["pready is known", "prdata is known"], report)
        for signal in signals[:5]:
            getattr(self.bus, signal).value = 0

    async def write(self, address: int, data: int) -> int:
        """Write a 32-bit word at a byte address; returns the number of access-phase cycles."""
        return (await self._access(address, data))[1]

    async def read(self, address: int) -> int:
        """Read the 32-bit word at a byte address."""
        return (await self._access(address, None))[0]

    async def _access(self, address: int, data: int | None) -> tuple[int, int]:
        bus = self.bus
        await RisingEdge(self.clock)
        bus.psel.value, bus.penable.value = 1, 0
        bus.pwrite.value = data is not None
        bus.paddr.value = address
        bus.pwdata.value = data or 0
        await RisingEdge(self.clock)
        bus.penable.value = 1
        cycles = 0
        ready = False
        while not ready:
            await FallingEdge(self.clock)
            cycles += 1
            if cycles > LIMIT:
                verb = "read" if data is None else "write"
                raise hang(f"APB {verb} of {address:#x}: no pready in {LIMIT:,} cycles")
            self.rules.hold("pready is known", _unknown_ready, (known(bus.pready),), (False,))
            ready, value = high(bus.pready), 0
            if ready and data is None:
                is_known = known(bus.prdata)
                if self.rules.hold("prdata is known", _unknown_data, (address, is_known), (address, False)):
                    value = number(bus.prdata)
            await RisingEdge(self.clock)
        moved((address, value if data is None else data))
        bus.psel.value, bus.penable.value = 0, 0
        return value, cycles


def _unknown_ready(is_known: bool) -> str:
    return "" if is_known else "pready is X in an access phase"


def _unknown_data(address: int, is_known: bool) -> str:
    return "" if is_known else f"read of {address:#x} gives X"
