"""Pins of reset (system.md section 3): which one counts when, none needs a clock; those that hold clock gates open."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from chip import CLOCKS, SETTLE, Chip
from cocotb.triggers import FallingEdge, Timer

from cocodla.registers import MAP
from cocotbext.dla import ICARUS, expect
from cocotbext.dla.pins import number

MASK = MAP["GLB.S_INTR_MASK"]
SET = MAP["GLB.S_INTR_SET"]
VALUE = MASK.write_mask & 0x15
"""What is in the register by which a reset is seen; it resets to 0."""


async def pulse(chip: Chip, pin: str) -> None:
    """A pin low for some cycles."""
    getattr(chip.dut, pin).value = 0
    await chip.both(random.randint(5, 20))
    getattr(chip.dut, pin).value = 1
    await chip.both(SETTLE)


@cocotb.test()
@cocotb.parametrize(test_mode=[0, 1], clocks=["one"] if ICARUS else ["one", "slow_csb"])
async def one_pin_counts(dut: Any, test_mode: int, clocks: str) -> None:
    """In function dla_reset_rstn resets and direct_reset_ does nothing; with test_mode it is the other way round."""
    chip = await Chip(dut).start("csb", clocks)
    dut.test_mode.value = test_mode
    await chip.reset()
    counts, idle = ("direct_rst_n", "rst_n") if test_mode else ("rst_n", "direct_rst_n")
    host = chip.board.host
    await host.write(MASK.address, VALUE)
    if not test_mode:  # the agents of the bus take rst_n for their reset
        await pulse(chip, idle)
        expect(f"GLB.S_INTR_MASK after a pulse of {idle}", await host.read(MASK.address), VALUE, show=hex)
    else:
        dut.rst_n.value = 0
        await chip.both(20)
        expect("csb2nvdla_ready with dla_reset_rstn low", number(dut.csb2nvdla_ready), 1)
        dut.rst_n.value = 1
        await chip.both(SETTLE)
        expect("GLB.S_INTR_MASK after a pulse of dla_reset_rstn", await host.read(MASK.address), VALUE, show=hex)
    await pulse(chip, counts)
    expect(f"GLB.S_INTR_MASK after a pulse of {counts}", await host.read(MASK.address), 0, show=hex)


@cocotb.test()
@cocotb.parametrize(pin=["clk_ovr_on", "disable_gating"])
async def gates_held_open(dut: Any, pin: str) -> None:
    """With either pin for clock gating high, and again low, accesses work; that no clock stops, our RTL asserts."""
    chip = await Chip(dut).start("csb", "slow_csb")
    for level in (1, 0):
        getattr(dut, pin).value = level
        await chip.both(SETTLE)
        await chip.board.write(MASK.address, VALUE + level)
        await chip.board.check(MASK.address)


@cocotb.test()
@cocotb.parametrize(test_mode=[0, 1])
async def reset_needs_no_clock(dut: Any, test_mode: int) -> None:
    """A pending interrupt leaves the pin at once when reset falls, between two edges of either clock."""
    chip = await Chip(dut).start("csb")
    dut.test_mode.value = test_mode
    await chip.reset()
    await chip.board.host.write(SET.address, 1)
    await chip.board.host.read(SET.address)  # requests may wait for long after a reset
    await chip.line(True)
    csb_period, core_period = CLOCKS["one"]
    await FallingEdge(dut.core_clk)
    (dut.direct_rst_n if test_mode else dut.rst_n).value = 0
    await Timer(min(csb_period, core_period) / 10, "ns")
    expect("dla_intr as soon as reset is low", number(dut.dla_intr), 0)
