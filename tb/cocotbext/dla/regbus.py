"""The internal register bus (reg_valid, reg_write, reg_addr, reg_wdata, reg_rdata) of a single unit."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import Event, FallingEdge, RisingEdge
from cocotb_bus.drivers import BusDriver

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.pins import bits, high, number
from cocotbext.dla.watchdog import moved

Access = tuple[int, int | None]  # byte address, data to write or None for a read


class RegisterBus(BusDriver):
    """Plays the part of csb towards one unit; checks that rdata is 0 except in the cycle after a read.

    Addresses are byte addresses; only bits 11:2 count, so addresses of the CSB window will do as they are.
    """

    _signals = ("valid", "write", "addr", "wdata", "rdata")

    def __init__(self, entity: Any, clock: Any, name: str = "reg", reset_n: Any = None, report: Report = fail) -> None:
        super().__init__(entity, name, clock, case_insensitive=False)
        self.reset_n = reset_n
        self.rules = Rules(name, ["rdata is known", "rdata is 0 without a read"], report)
        for signal in self._signals[:4]:
            getattr(self.bus, signal).value = 0
        cocotb.start_soon(self._check())

    async def write(self, address: int, data: int) -> None:
        """One write strobe. Successive writes stream at one a cycle when queued with write_all."""
        await self.write_all([(address, data)])

    async def write_all(self, writes: list[tuple[int, int]]) -> None:
        """Write (address, data) pairs, one a cycle; returns after the last strobe."""
        if not writes:
            return
        done = Event()
        for access in writes[:-1]:
            self.append(access)
        self.append(writes[-1], event=done)
        await done.wait()

    async def read(self, address: int) -> int:
        """Read one register."""
        done = Event()
        self.append((address, None), event=done)
        await done.wait()
        # The strobe was sampled at the edge just passed: the answer is on the bus in this cycle.
        await FallingEdge(self.clock)
        data = number(self.bus.rdata)
        moved((address, data))
        return data

    async def _driver_send(self, transaction: Access, sync: bool = True, **kwargs: Any) -> None:
        address, data = transaction
        bus = self.bus
        if sync:
            await RisingEdge(self.clock)
        bus.addr.value = address >> 2 & 0x3FF
        bus.write.value = data is not None
        bus.wdata.value = data or 0
        bus.valid.value = 1
        await RisingEdge(self.clock)
        bus.valid.value = 0

    async def _check(self) -> None:
        bus, was_read = self.bus, False
        while True:
            await FallingEdge(self.clock)
            if not self._in_reset():
                data = bits(bus.rdata)
                self.rules.hold("rdata is known", _unknown, (data,), ("X",))
                if not was_read and data.isdigit():
                    self.rules.hold("rdata is 0 without a read", _unasked, (data,), ("1",))
            was_read = high(bus.valid) and not high(bus.write) and not self._in_reset()

    def _in_reset(self) -> bool:
        return self.reset_n is not None and not high(self.reset_n)


def _unknown(data: str) -> str:
    return "" if data.isdigit() else "rdata holds X"


def _unasked(data: str) -> str:
    return f"rdata is {int(data, 2):#x} without a read in the cycle before" if data.strip("0") else ""
