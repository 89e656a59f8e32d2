"""Resets with configuration accesses under way: what was asked before is never answered, what comes after is."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from test_csb import RATIOS, TB

from cocodla.registers import MAP
from cocotbext.dla import CsbDriver, expect, repeats, require
from cocotbext.dla.pins import number
from reglib import expect_register

STORED = [MAP[f"MCIF.CFG_RD_WEIGHT_{n}"] for n in range(3)] + [MAP["GLB.S_INTR_MASK"], MAP["SDP.D_CVT_OFFSET"]]


@cocotb.test()
@cocotb.parametrize(ratio=list(RATIOS))
async def resets(dut: Any, ratio: str) -> None:
    """Resets of any length at any moment, in step with no clock, in the middle of reads, writes and completions.

    The monitor reports an answer that no request since the reset has asked for, in either clock domain.
    """
    tb = await TB(dut).start(ratio)
    longest = 20 * max(RATIOS[ratio] or (50, 50))
    for _ in range(repeats(60)):
        for _ in range(random.randrange(20)):
            access = random.choice(STORED).address
            if random.random() < 0.5:
                cocotb.start_soon(tb.csb.read(access))
            else:
                cocotb.start_soon(tb.csb.write(access, random.getrandbits(32), nposted=random.random() < 0.5))
        await Timer(random.randrange(1, 1000 * int(longest)), unit="ps")
        dut.dla_reset_rstn.value = 0
        tb.csb.kill()
        tb.csb.monitor.kill()
        await Timer(random.choice([500, 3000, random.randrange(1, 1000 * int(longest))]), unit="ps")
        tb.csb = CsbDriver(dut, dut.csb_clk, reset_n=dut.dla_reset_rstn)
        dut.dla_reset_rstn.value = 1
        await check_alive(tb)


async def check_alive(tb: TB) -> None:
    """Registers hold their reset values and take new ones; each access is answered once, in order."""
    dut, csb = tb.dut, tb.csb
    some = random.sample(STORED, 3)
    for register in some:
        expect_register(register.address, await csb.read(register.address), register.reset)
    values = {register: random.getrandbits(32) & register.write_mask for register in some}
    for register, value in values.items():
        await csb.write(register.address, value, nposted=random.random() < 0.5)
    for register, value in values.items():
        expect_register(register.address, await csb.read(register.address), value)
    await RisingEdge(dut.csb_clk)
    require(not csb.monitor.pending, "CSB: a request has no answer")


@cocotb.test()
@cocotb.parametrize(ratio=["equal", "slow_csb", "fast_csb"])
async def silence_after_reset(dut: Any, ratio: str) -> None:
    """A reset at each cycle between a request and its answer: no pulse comes in it or after it."""
    tb = await TB(dut).start(ratio)
    await tb.csb.read(0)  # past the clearing of the tables
    for write in (False, True):
        for cycles in range(14):
            address = STORED[0].address
            cocotb.start_soon(tb.csb.write(address, 1, nposted=True) if write else tb.csb.read(address))
            while not (dut.csb2nvdla_valid.value == 1 and dut.csb2nvdla_ready.value == 1):
                await RisingEdge(dut.csb_clk)
            await ClockCycles(dut.clk, cycles + 1)
            dut.dla_reset_rstn.value = 0
            tb.csb.kill()
            tb.csb.monitor.kill()
            await Timer(1, unit="ps")
            tb.csb = CsbDriver(dut, dut.csb_clk, reset_n=dut.dla_reset_rstn)
            await Timer(random.randrange(500, 100_000), unit="ps")
            dut.dla_reset_rstn.value = 1
            for _ in range(40):
                await RisingEdge(dut.csb_clk)
                answers = number(dut.nvdla2csb_valid), number(dut.nvdla2csb_wr_complete)
                expect("nvdla2csb_valid, nvdla2csb_wr_complete for a request from before the reset", answers, (0, 0))
            expect_register(address, await tb.csb.read(address), STORED[0].reset)
