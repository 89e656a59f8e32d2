"""NV_nvdla at its pins: clocks, reset, memory, and a host on the CSB or behind the APB bridge."""

from __future__ import annotations

import random
from random import Random
from typing import Any

from cocotb.triggers import ClockCycles, FallingEdge

from cocodla.sim.complaints import FIRST_RESET
from cocotbext.dla import (
    ApbDriver,
    CsbDriver,
    CsbMonitor,
    DbbMemory,
    DbbTiming,
    SparseMemory,
    Stall,
    Unwritten,
    expect,
    some_stalls,
    start_clock,
)
from cocotbext.dla.pins import number
from reglib import ApbHost, Board

CLOCKS = {"one": (10, 10), "slow_csb": (37, 10), "fast_csb": (3, 10)}
"""Periods of dla_csb_clk and dla_core_clk in ns."""

MEMORY_INPUTS = (
    "nvdla_core2dbb_aw_awready", "nvdla_core2dbb_w_wready", "nvdla_core2dbb_b_bvalid", "nvdla_core2dbb_b_bid",
    "nvdla_core2dbb_ar_arready", "nvdla_core2dbb_r_rvalid", "nvdla_core2dbb_r_rid", "nvdla_core2dbb_r_rlast",
    "nvdla_core2dbb_r_rdata",
)  # fmt: skip

SETTLE = 40
"""Cycles of both clocks after reset before the first access, and for which a level must stay."""

PATIENCE = 400
"""Cycles of both clocks that the interrupt line may take to follow its registers."""


class Chip:
    """The design and what is around it. board: the host with its model. gate: while True, memory takes no request."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.gate = False

    async def start(self, bus: str = "csb", clocks: str = "one", memory: bool = False) -> Chip:
        """Start clocks and agents, and reset as the reference harness does. Without `memory` it takes no request."""
        dut = self.dut
        dut._log.info(f"bus {bus}, clocks {clocks}")
        for name in ("csb2nvdla_valid", "psel", "penable", *MEMORY_INPUTS):
            getattr(dut, name).value = 0
        dut.use_apb.value = bus == "apb"
        for name in ("test_mode", "clk_ovr_on", "disable_gating"):
            getattr(dut, name).value = 0
        self.set_reset(1)
        csb_period, core_period = CLOCKS[clocks]
        start_clock(dut.csb_clk, csb_period)
        start_clock(dut.core_clk, core_period)
        await self.both(20)
        self.set_reset(0)  # only now are the outputs worth looking at
        dut._log.info(FIRST_RESET)
        if memory:
            self.memory = SparseMemory(Unwritten.ERROR)
            rng = Random(random.getrandbits(64))
            timing = DbbTiming((1, 20), (1, 20), *(self._gated(some_stalls(rng, always=True)) for _ in range(3)))
            self.dbb = DbbMemory(dut, dut.core_clk, self.memory, reset_n=dut.rst_n, timing=timing, rng=rng)
        if bus == "csb":
            csb = CsbDriver(dut, dut.csb_clk, reset_n=dut.rst_n)
            self.pins, self.board = csb.monitor, Board(csb)
        else:
            self.pins = CsbMonitor(dut, dut.csb_clk, "pin", reset_n=dut.rst_n)
            self.board = Board(ApbHost(ApbDriver(dut, dut.csb_clk)))
        await self.reset()
        return self

    def _gated(self, stall: Stall) -> Stall:
        """A pattern of stalls, and none else taken while the gate is closed."""
        return lambda: stall() or self.gate

    async def reset(self) -> None:
        """Low for 20 cycles, then high."""
        self.set_reset(0)
        await self.both(20)
        self.set_reset(1)
        await self.both(SETTLE)

    def set_reset(self, level: int) -> None:
        """Both reset pins, as the reference harness does."""
        self.dut.rst_n.value = self.dut.direct_rst_n.value = level

    async def both(self, cycles: int) -> None:
        """So many cycles of each clock."""
        await ClockCycles(self.dut.core_clk, cycles)
        await ClockCycles(self.dut.csb_clk, cycles)

    async def line(self, level: bool) -> None:
        """AssertionError unless dla_intr takes this level within PATIENCE and then keeps it."""
        for _ in range(PATIENCE):
            await FallingEdge(self.dut.csb_clk)
            if number(self.dut.dla_intr) == level:
                break
        else:
            expect(f"dla_intr after {PATIENCE} cycles", not level, level)
        for _ in range(10):
            await FallingEdge(self.dut.csb_clk)
            expect("dla_intr, which must stay", bool(number(self.dut.dla_intr)), level)
