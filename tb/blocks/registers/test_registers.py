"""Every register of the chip at the pins of NV_nvdla: by CSB and by APB, with one and with two clocks."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from chip import CLOCKS, Chip
from cocotb.triggers import FallingEdge

from cocodla.registers import MAP, Register
from cocotbext.dla import ICARUS, expect, expect_range, require
from cocotbext.dla.pins import number as pin
from reglib import checks

BUSES = ["apb"] if ICARUS else ["csb", "apb"]  # the csb bench has the CSB under Icarus
ONE_OR_TWO = ["one"] if ICARUS else ["one", "slow_csb"]
PART = 20
"""Registers looked at under Icarus, which is slow on the whole chip; the seed chooses them."""


def some(registers: list[Register]) -> list[Register]:
    """All of them, under Icarus a part, still in order."""
    chosen = set(random.sample(range(len(registers)), PART if ICARUS else len(registers)))
    return [register for i, register in enumerate(registers) if i in chosen]


@cocotb.test()
@cocotb.parametrize(bus=BUSES)
async def reset_values(dut: Any, bus: str) -> None:
    """Registers read their reset values in both groups, after power-up and after everything was written."""
    chip = await Chip(dut).start(bus)
    await checks.reset_values(chip.board, some(list(MAP)))
    registers = some([r for r in MAP if r.write_mask and r.name != "D_OP_ENABLE"])
    for register in registers:
        await chip.board.write(register.address, 0xFFFFFFFF)
    await chip.board.settle()
    await chip.reset()
    chip.board.model.__init__()  # type: ignore[misc]
    await checks.reset_values(chip.board, registers)


@cocotb.test()
@cocotb.parametrize(bus=BUSES)
async def storage(dut: Any, bus: str) -> None:
    """Exactly the writable bits store, in both groups, and no two of them are the same cell."""
    chip = await Chip(dut).start(bus)
    rounds = random.sample(range(checks.ROUNDS), 5 if bus == "csb" and not ICARUS else 1)
    await checks.storage(chip.board, some(checks.plain_registers()), rounds)


@cocotb.test()
@cocotb.parametrize(bus=BUSES)
async def undefined_addresses(dut: Any, bus: str) -> None:
    """Addresses without a register read 0, swallow writes and answer."""
    chip = await Chip(dut).start(bus)
    await checks.undefined_addresses(chip.board, 5 if ICARUS else 100, some(checks.plain_registers()))


@cocotb.test()
@cocotb.parametrize(bus=BUSES)
async def pending_layers(dut: Any, bus: str) -> None:
    """In every unit a layer in group 1 waits, its registers closed, while group 0 stays open; only reset ends it."""
    chip = await Chip(dut).start(bus)
    units = random.sample(checks.GROUPED, 3) if ICARUS else checks.GROUPED
    for unit in units:
        await checks.pending_layer(chip.board, unit, full=not ICARUS)
    await chip.reset()
    for unit in units:
        expect(f"{unit}.S_STATUS", await chip.board.host.read(MAP[f"{unit}.S_STATUS"].address), 0, show=hex)
        expect(f"{unit}.S_POINTER", await chip.board.host.read(MAP[f"{unit}.S_POINTER"].address), 0, show=hex)


@cocotb.test()
@cocotb.parametrize(bus=BUSES, clocks=ONE_OR_TWO)
async def interrupts(dut: Any, bus: str, clocks: str) -> None:
    """Set, mask and clear, in the registers and at the pin."""
    chip = await Chip(dut).start(bus, clocks)
    bits = random.sample(range(32), 6) if ICARUS else range(32)
    await checks.interrupts(chip.board, chip.line, 5 if ICARUS else 30, bits)


@cocotb.test(skip=ICARUS)  # over 1,000 accesses; the csb bench does them under Icarus
@cocotb.parametrize(bus=BUSES)
async def tables(dut: Any, bus: str) -> None:
    """Access port of the look-up tables."""
    chip = await Chip(dut).start(bus)
    await checks.tables(chip.board, 150)


@cocotb.test()
@cocotb.parametrize(bus=BUSES)
async def buffer_flush(dut: Any, bus: str) -> None:
    """CDMA tells when the convolution buffer has been cleared after reset, and again after the next reset."""
    chip = await Chip(dut).start(bus)
    await checks.flush_ends(chip.board)
    await chip.reset()
    await checks.flush_ends(chip.board)


@cocotb.test()
@cocotb.parametrize(bus=["csb", "apb"], clocks=["slow_csb"] if ICARUS else list(CLOCKS))
async def random_accesses(dut: Any, bus: str, clocks: str) -> None:
    """Anything anywhere against the model; every access is one request at the pins, of the APB bridge a posted one."""
    chip = await Chip(dut).start(bus, clocks)
    await checks.random_accesses(chip.board, 60 if ICARUS else 600)
    await chip.board.settle()
    expect_range("CSB requests at the pins", len(chip.pins.transactions), (60 if ICARUS else 600) * 0.9)
    require(not chip.pins.pending, "CSB: a request has no answer")
    if bus == "apb":
        nposted = [hex(t.request.address) for t in chip.pins.transactions if t.request.nposted]
        expect("requests of the APB bridge that want an answer to a write", nposted, [])
        for write in (0, 1):
            dut.pwrite.value = write
            await FallingEdge(dut.csb_clk)
            expect(f"pready without an access, pwrite {write}", pin(dut.pready), 1)


@cocotb.test()
@cocotb.parametrize(clocks=list(CLOCKS))
async def completions(dut: Any, clocks: str) -> None:
    """A non-posted write is answered once, in its turn, also where nothing is; a posted write never."""
    chip = await Chip(dut).start("csb", clocks)
    target = MAP["SDP.D_CVT_OFFSET"].address
    pulses = 0

    async def count() -> None:
        nonlocal pulses
        while True:
            await FallingEdge(dut.csb_clk)
            pulses += pin(dut.nvdla2csb_wr_complete)

    counter = cocotb.start_soon(count())
    wanted = 0
    for number in range(20 if ICARUS else 60):
        nposted = random.random() < 0.5
        wanted += nposted
        await chip.board.host.write(random.choice([target, 0x0, 0x10000, 0x4FFC]), number, nposted)
    await chip.board.host.write(target, 0x1234)
    expect("SDP.D_CVT_OFFSET", await chip.board.host.read(target), 0x1234, show=hex)
    await chip.both(200)
    counter.cancel()
    expect("pulses of nvdla2csb_wr_complete", pulses, wanted)
