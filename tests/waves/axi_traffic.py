"""Runs in the simulator: bursts of cocotbext-axi through axi_slice into a memory that takes breaks."""

from __future__ import annotations

import itertools
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiBus, AxiMaster, AxiRam

LENGTHS = (4, 64, 20, 128)
"""Bytes of each write, and of each read."""


@cocotb.test()
async def traffic(dut: Any) -> None:
    cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
    master = AxiMaster(AxiBus.from_prefix(dut, "s_axi"), dut.aclk, dut.aresetn, reset_active_level=False)
    memory = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.aclk, dut.aresetn, reset_active_level=False, size=1 << 16)
    memory.write_if.w_channel.set_pause_generator(itertools.cycle([1, 1, 0]))
    memory.read_if.r_channel.set_pause_generator(itertools.cycle([1, 0]))
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 5)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 5)
    for number, length in enumerate(LENGTHS):
        data = bytes((number + position) % 256 for position in range(length))
        await master.write(0x400 * number, data)
        assert (await master.read(0x400 * number, length)).data == data
    await ClockCycles(dut.aclk, 10)
