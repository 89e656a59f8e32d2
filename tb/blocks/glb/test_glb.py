"""Interrupt unit, cycle by cycle against system.md section 6."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from cocodla.registers import MAP
from cocotbext.dla import expect, reset, start_clock
from cocotbext.dla.pins import number
from reglib import expect_register

MASK, SET, STATUS = (MAP[f"GLB.S_INTR_{name}"] for name in ("MASK", "SET", "STATUS"))
SOURCES = {"sdp": 0, "cdp": 2, "pdp": 4, "cdma_dat": 16, "cdma_wt": 18, "cacc": 20}
PRESENT = sum(3 << bit for bit in SOURCES.values())


class Model:
    """Mask, status and the pulses of the cycle before."""

    def __init__(self) -> None:
        self.mask = self.status = self.pulses = 0

    def clock(self, pulses: int, address: int | None, data: int) -> None:
        """One edge with done pulses (as status bits) and a write, or None."""
        forced = data if address == SET.address else 0
        cleared = data if address == STATUS.address else 0
        if address == MASK.address:
            self.mask = data & MASK.write_mask
        self.status = (self.status & ~cleared | self.pulses | forced) & PRESENT
        self.pulses = pulses

    def read(self, address: int) -> int:
        """Value of a read in this cycle."""
        values = {MASK.address: self.mask, STATUS.address: self.status, 0x1000: 0x00303031}
        return values.get(address, 0)


class TB:
    """Drives pulses and the register bus of one cycle at a time."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.model = Model()

    async def start(self, csb_period: float = 10) -> TB:
        """Two clocks and reset of both sides."""
        dut = self.dut
        for name in SOURCES:
            getattr(dut, f"{name}_intr").value = 0
        dut.reg_valid.value = dut.reg_write.value = dut.reg_addr.value = dut.reg_wdata.value = 0
        dut.csb_rst_n.value = 0
        start_clock(dut.clk)
        start_clock(dut.csb_clk, csb_period)
        await reset(dut.clk, dut.rst_n)
        await ClockCycles(dut.csb_clk, 3)
        dut.csb_rst_n.value = 1
        await RisingEdge(dut.clk)
        return self

    async def cycle(self, pulses: int = 0, write: tuple[int, int] | None = None, read: int | None = None) -> None:
        """One cycle: pulses as status bits, at most one access (byte address); a read is compared."""
        dut = self.dut
        for name, bit in SOURCES.items():
            getattr(dut, f"{name}_intr").value = pulses >> bit & 3
        address = write[0] if write else read
        idle = address is None  # what is not valid must not matter, whatever it looks like
        dut.reg_valid.value = not idle
        dut.reg_write.value = random.getrandbits(1) if idle else write is not None
        dut.reg_addr.value = (random.choice((MASK, SET, STATUS)).address if idle else address) >> 2 & 0x3FF
        dut.reg_wdata.value = write[1] if write else random.getrandbits(32)
        expected = self.model.read(read) if read is not None else 0
        await RisingEdge(dut.clk)
        self.model.clock(pulses, write[0] if write else None, write[1] if write else 0)
        dut.reg_valid.value = 0
        await FallingEdge(dut.clk)
        if read is None:
            expect("reg_rdata without a read", number(dut.reg_rdata), 0, show=hex)
        else:
            expect_register(read, number(dut.reg_rdata), expected)


@cocotb.test()
async def set_wins_over_clear(dut: Any) -> None:
    """A done pulse that takes effect in the cycle of the clear, or a forced set, stays visible."""
    tb = await TB(dut).start()
    for bit in (b for b in range(32) if PRESENT >> b & 1):
        await tb.cycle(pulses=1 << bit)
        await tb.cycle(write=(STATUS.address, 0xFFFFFFFF))  # the pulse arrives one cycle late: now
        await tb.cycle(read=STATUS.address)
        assert tb.model.status == 1 << bit
        await tb.cycle(write=(STATUS.address, ~(1 << bit) & 0xFFFFFFFF))
        await tb.cycle(read=STATUS.address)
        await tb.cycle(write=(STATUS.address, 1 << bit))
        await tb.cycle(read=STATUS.address)
        assert tb.model.status == 0


@cocotb.test()
async def reset_in_the_middle(dut: Any) -> None:
    """Reset clears status, mask, a pulse under way, the data of a read and the pin, and nothing comes back after it."""
    tb = await TB(dut).start()
    for held in (1, 2, 12):
        await tb.cycle(write=(SET.address, PRESENT))
        await ClockCycles(dut.csb_clk, 8)
        await FallingEdge(dut.clk)
        expect("dla_intr", number(dut.dla_intr), 1)
        await tb.cycle(write=(MASK.address, PRESENT & ~1))
        await tb.cycle(pulses=PRESENT, read=STATUS.address)
        dut.rst_n.value = 0
        for name in SOURCES:
            getattr(dut, f"{name}_intr").value = 0
        await FallingEdge(dut.clk)
        expect("reg_rdata in reset", number(dut.reg_rdata), 0, show=hex)
        await ClockCycles(dut.clk, held)
        if held > 8:
            expect("dla_intr in reset", number(dut.dla_intr), 0)
        dut.rst_n.value = 1
        tb.model = Model()
        await FallingEdge(dut.clk)
        expect("reg_rdata after reset", number(dut.reg_rdata), 0, show=hex)
        for register in (STATUS, MASK, STATUS):
            await tb.cycle(read=register.address)
        await ClockCycles(dut.csb_clk, 8)
        expect("dla_intr after reset", number(dut.dla_intr), 0)


@cocotb.test()
async def every_source_has_its_bit(dut: Any) -> None:
    """Each pulse input sets exactly its own bit, each mask bit hides exactly its own source."""
    tb = await TB(dut).start()
    for name, first in SOURCES.items():
        for group in (0, 1):
            bit = 1 << (first + group)
            await tb.cycle(pulses=bit)
            await tb.cycle()
            for mask, level in ((0, 1), (bit, 0), (~bit & 0xFFFFFFFF, 1)):
                await tb.cycle(write=(MASK.address, mask))
                await ClockCycles(dut.csb_clk, 8)
                expect(f"dla_intr for {name}, group {group}, mask {mask:#x}", number(dut.dla_intr), level)
            await tb.cycle(write=(STATUS.address, bit))
            await ClockCycles(dut.csb_clk, 8)
            expect("dla_intr", number(dut.dla_intr), 0)


@cocotb.test()
@cocotb.parametrize(csb_period=[10, 3, 61])
async def random_cycles(dut: Any, csb_period: float) -> None:
    """Pulses, writes and reads at random in every cycle; the pin follows within a few cycles of both clocks."""
    tb = await TB(dut).start(csb_period)
    for _ in range(40):
        for _ in range(100):
            pulses = random.getrandbits(32) & random.getrandbits(32) & random.getrandbits(32) & PRESENT
            hole = 0x1000 + 4 * random.randrange(4, 1024)
            address = random.choice([0x1000, MASK.address, SET.address, STATUS.address, 0x1010, hole])
            action = random.randrange(3)
            data = random.choice([random.getrandbits(32), 0xFFFFFFFF, 0])
            if action == 0:
                await tb.cycle(pulses, write=(address, data))
            else:
                await tb.cycle(pulses, read=address if action == 1 else None)
        await tb.cycle()
        await ClockCycles(dut.clk, 3)
        await ClockCycles(dut.csb_clk, 6)
        await FallingEdge(dut.clk)
        expect("dla_intr", number(dut.dla_intr), bool(tb.model.status & ~tb.model.mask))
        await RisingEdge(dut.clk)
