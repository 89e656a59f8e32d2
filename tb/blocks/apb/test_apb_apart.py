"""Bridge and accelerator with resets of their own (dla_apb2csb): no access hangs, none gets the answer of another."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from test_apb import MCIF

from cocodla.registers import MAP
from cocotbext.dla import ApbDriver, expect, expect_range, repeats, require, start_clock, within
from reglib import expect_register

WEIGHT, OTHER = MAP["MCIF.CFG_RD_WEIGHT_0"], MAP["MCIF.CFG_RD_WEIGHT_1"]
STORED = [register for register in MCIF if register.write_mask]
LIMIT = 1_500
"""Cycles that no access may take."""


class Board:
    """A master that notes pslverr, and both resets."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        dut.prstn.value = dut.por_rst_n.value = dut.chip_rstn.value = 0
        dut.csb_busy.value, dut.pstrb.value = 0, 15
        self.apb = ApbDriver(dut, dut.pclk)
        self.error = False
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        dut = self.dut
        while True:
            await FallingEdge(dut.pclk)
            if str(dut.psel.value) == str(dut.penable.value) == "1":
                self.error = str(dut.pslverr.value) == "1"
                if str(dut.pready.value) == "0":  # APB3 recommends it
                    expect("pslverr in a wait state", self.error, False)

    async def start(self, core_period: float = 10) -> None:
        """Clocks and the reset at power-on."""
        start_clock(self.dut.pclk, 10)
        start_clock(self.dut.clk, core_period)
        await ClockCycles(self.dut.pclk, 5)
        self.dut.prstn.value = self.dut.por_rst_n.value = self.dut.chip_rstn.value = 1
        await ClockCycles(self.dut.pclk, 30)

    async def read(self, address: int) -> tuple[int, bool]:
        """The value, and whether it ended with pslverr."""
        value = await within(self.dut.pclk, LIMIT, self.apb.read(address), f"a read of {address:#x}")
        return value, self.error

    async def write(self, address: int, data: int) -> bool:
        """Whether it ended with pslverr."""
        await within(self.dut.pclk, LIMIT, self.apb.write(address, data), f"a write of {address:#x}")
        return self.error


@cocotb.test()
@cocotb.parametrize(core_period=[10, 3.3, 47])
async def apart_resets_of_the_accelerator(dut: Any, core_period: float) -> None:
    """The accelerator alone is reset in the middle of reads: they end, with pslverr and 0 or with a value."""
    board = Board(dut)
    await board.start(core_period)
    lost = 0
    for turn in range(500):
        if turn >= repeats(60) and lost > 3:  # few are lost where the clock is quick
            break
        expect(f"pslverr of a write of {WEIGHT.path}", await board.write(WEIGHT.address, 0x0203_0405), False)
        await ClockCycles(dut.pclk, 30)
        read = cocotb.start_soon(board.read(WEIGHT.address))
        await ClockCycles(dut.pclk, 1 + turn % 14)  # each moment of a read
        await Timer(random.randrange(1, 4_900), unit="ps")
        dut.chip_rstn.value = 0
        await Timer(random.choice([100, 1_000, 60_000, 700_000]), unit="ps")
        dut.chip_rstn.value = 1
        value, error = await read
        lost += error
        allowed = (0,) if error else (0x0203_0405, WEIGHT.reset)
        words = " or ".join(f"{one:#010x}" for one in allowed)
        told = f"{WEIGHT.path}, read over a reset, pslverr {error}: got {value:#010x}, expected {words}"
        require(value in allowed, told)
        value, error = await board.read(OTHER.address)
        expect("pslverr of the next read", error, False)
        expect_register(OTHER.address, value, OTHER.reset)
        value, _ = await board.read(WEIGHT.address)
        expect_register(WEIGHT.address, value, WEIGHT.reset)
    expect_range("reads lost by a reset (pslverr)", lost, 4)


@cocotb.test()
@cocotb.parametrize(core_period=[10, 47])
async def apart_resets_of_apb(dut: Any, core_period: float) -> None:
    """APB alone is reset while data are on their way: they are dropped, later reads have their own."""
    board = Board(dut)
    await board.start(core_period)
    values = {register.address: random.getrandbits(32) & register.write_mask for register in STORED}
    for address, value in values.items():
        expect(f"pslverr of a write of {MAP.at(address).path}", await board.write(address, value), False)
    for _ in range(repeats(60)):
        task = cocotb.start_soon(board.apb.read(random.choice([*values])))
        await ClockCycles(dut.pclk, random.randrange(1, 20))
        await Timer(random.randrange(1, 4_900), unit="ps")
        dut.prstn.value = 0  # and with it the master
        task.cancel()
        dut.psel.value = dut.penable.value = 0
        await Timer(random.choice([100, 20_000, 90_000]), unit="ps")
        dut.prstn.value = 1
        await RisingEdge(dut.pclk)
        for address in random.sample([*values], 2):
            value, error = await board.read(address)
            expect("pslverr", error, False)
            expect_register(address, value, values[address])


@cocotb.test()
async def apart_time_out(dut: Any) -> None:
    """CSB is not ready, or the accelerator stays in reset: pslverr after TIMEOUT cycles; the next access is right."""
    board = Board(dut)
    await board.start()
    for kind in ("busy", "reset"):
        dut.csb_busy.value, dut.chip_rstn.value = kind == "busy", kind != "reset"
        value, error = await board.read(WEIGHT.address)
        expect(f"read, pslverr ({kind})", (value, error), (0, True))
        expect(f"pslverr of a write ({kind})", await board.write(WEIGHT.address, 1), True)
        dut.csb_busy.value, dut.chip_rstn.value = 0, 1
        value, error = await board.read(OTHER.address)
        expect("pslverr of the next read", error, False)
        expect_register(OTHER.address, value, OTHER.reset)


@cocotb.test()
async def apart_refusals(dut: Any) -> None:
    """Parts of words and unaligned addresses: pslverr in the first access cycle, nothing is written."""
    board = Board(dut)
    await board.start()
    for address, strobes in ((WEIGHT.address, 7), (WEIGHT.address, 0), (WEIGHT.address + 1, 15)):
        dut.pstrb.value = strobes
        cycles = await board.apb.write(address, 0x0606_0606)
        expect("cycles, pslverr", (cycles, board.error), (1, True))
    dut.pstrb.value = 15
    value, error = await board.read(WEIGHT.address)
    expect("pslverr", error, False)
    expect_register(WEIGHT.address, value, WEIGHT.reset)
    expect("pslverr of an unaligned read", (await board.read(WEIGHT.address + 2))[1], True)


@cocotb.test()
async def apart_other_slaves_of_the_bus(dut: Any) -> None:
    """penable belongs to all slaves of a bus: what others are asked is neither asked nor refused here."""
    board = Board(dut)
    await board.start()
    expect(f"pslverr of a write of {WEIGHT.path}", await board.write(WEIGHT.address, 0x0203_0405), False)
    await ClockCycles(dut.pclk, 30)
    for address, strobes in ((WEIGHT.address, 15), (WEIGHT.address, 7), (WEIGHT.address + 1, 15)):
        for write in (0, 1):
            dut.psel.value, dut.penable.value, dut.pwrite.value = 0, 1, write
            dut.paddr.value, dut.pstrb.value, dut.pwdata.value = address, strobes, random.getrandbits(32)
            for _ in range(4):
                await FallingEdge(dut.pclk)
                pins = int(dut.csb2nvdla_valid.value), int(dut.pready.value), int(dut.pslverr.value)
                expect("csb2nvdla_valid, pready, pslverr in an access of another slave", pins, (0, 1, 0))
                await RisingEdge(dut.pclk)
    dut.penable.value, dut.pstrb.value = 0, 15
    await ClockCycles(dut.pclk, 30)
    value, error = await board.read(WEIGHT.address)
    expect("pslverr", error, False)
    expect_register(WEIGHT.address, value, 0x0203_0405)
