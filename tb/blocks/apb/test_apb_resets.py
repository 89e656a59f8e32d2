"""Resets of bridge and accelerator together in the middle of an access: it starts again and ends (docs/reset.md)."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, Timer
from test_apb import MCIF, begin

from cocodla.registers import MAP
from cocotbext.dla import expect, require
from reglib import expect_register

WEIGHT = MAP["MCIF.CFG_RD_WEIGHT_0"]
STORED = [register for register in MCIF if register.write_mask]


async def reset_begins(dut: Any, latest: int) -> None:
    """A reset after up to `latest` cycles, in the first half of a cycle: the driver of APB looks in its middle."""
    await ClockCycles(dut.pclk, random.randrange(1, latest))
    await Timer(random.randrange(1, 4_900), unit="ps")
    dut.prstn.value = 0


@cocotb.test()
@cocotb.parametrize(core_period=[10, 3.3, 47], write=[False, True])
async def resets(dut: Any, core_period: float, write: bool) -> None:
    """The master keeps its access over the reset: a read gives the value after it, a write comes after it."""
    apb, monitor = await begin(dut, core_period)
    for _ in range(60):
        await apb.write(WEIGHT.address, 0x0203_0405)
        await ClockCycles(dut.pclk, 20)
        access = cocotb.start_soon(apb.write(WEIGHT.address, 0x0607_0809) if write else apb.read(WEIGHT.address))
        await reset_begins(dut, 25)
        was_done = access.done()
        await Timer(random.randrange(1_000, 100_000), unit="ps")
        before = len(monitor.transactions)
        dut.prstn.value = 1
        result = await access
        await ClockCycles(dut.pclk, 40)
        value = await apb.read(WEIGHT.address)
        if was_done:
            expect_register(WEIGHT.address, value, WEIGHT.reset)
            continue
        requests = len(monitor.transactions) - before
        expect("CSB requests since the reset (the access, a read that checks)", requests, 2)
        expect_register(WEIGHT.address, value, 0x0607_0809 if write else WEIGHT.reset)
        if not write:
            expect_register(WEIGHT.address, result, WEIGHT.reset, ", read over the reset")


@cocotb.test()
async def random_accesses_after_resets(dut: Any) -> None:
    """Nothing of an access before a reset is seen by those after it."""
    apb, _ = await begin(dut, 23)
    for _ in range(40):
        values = {register: random.getrandbits(32) & register.write_mask for register in random.sample(STORED, 3)}
        for register, value in values.items():
            await apb.write(register.address, value)
        for register, value in values.items():
            read = cocotb.start_soon(apb.read(register.address))
            if random.random() < 0.3:
                await reset_begins(dut, 30)
                await Timer(random.randrange(1_000, 50_000), unit="ps")
                dut.prstn.value = 1
                kept = await read
                words = f"{value:#010x} (before it) or {register.reset:#010x}"
                require(
                    kept in (value, register.reset),
                    f"{register.path}, read over a reset: got {kept:#010x}, expected {words}",
                )
                break
            expect_register(register.address, await read, value)
        else:
            continue
        for register in values:
            expect_register(register.address, await apb.read(register.address), register.reset)
