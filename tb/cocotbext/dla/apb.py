"""APB master for the bridge NV_NVDLA_apb2csb."""

from __future__ import annotations

from typing import Any

from cocotb.triggers import FallingEdge, RisingEdge
from cocotb_bus.bus import Bus

from cocotbext.dla.checks import Report, fail
from cocotbext.dla.pins import high, known, number


class ApbDriver:
    """One access at a time: setup phase, access phase until pready."""

    def __init__(self, entity: Any, clock: Any, name: str | None = None, report: Report = fail) -> None:
        signals = ["psel", "penable", "pwrite", "paddr", "pwdata", "prdata", "pready"]
        self.bus = Bus(entity, name, signals, case_insensitive=False)
        self.clock = clock
        self.report = report
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
            if not known(bus.pready):
                self.report("apb: pready is X in an access phase")
            ready = high(bus.pready)
            if ready and data is None and not known(bus.prdata):
                self.report(f"apb: read of {address:#x} gives X")
            value = number(bus.prdata) if ready and data is None and known(bus.prdata) else 0
            await RisingEdge(self.clock)
        bus.psel.value, bus.penable.value = 0, 0
        return value, cycles
