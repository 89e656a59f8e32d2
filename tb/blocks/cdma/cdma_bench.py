"""The CDMA bench: memory, register bus and CSC around the DUT, and the host that runs layers."""

from __future__ import annotations

from random import Random
from typing import Any

from cdma_layers import Layer, footprint
from cdma_model import Csc
from cocotb.triggers import ClockCycles

from cocodla.golden.memory import Memory
from cocodla.hw import ATOM
from cocodla.registers import MAP
from cocotbext.dla import (
    DbbMemory,
    DbbTiming,
    RegisterBus,
    SparseMemory,
    Unwritten,
    expect,
    hang,
    reset,
    start_clock,
)

LIMIT = 100_000
"""Cycles that no layer of this bench comes near."""

FULL_RATE = DbbTiming(read_latency=(32, 32))


class Bench:
    """Memory, register bus and CSC around the DUT; the host part that runs layers in alternating groups."""

    def __init__(self, dut: Any, rng: Random, timing: DbbTiming, pace: float = 0.3) -> None:
        self.dut, self.rng = dut, rng
        self.image = Memory()
        self.memory = SparseMemory(Unwritten.ERROR)
        self.dbb = DbbMemory(
            dut, dut.clk, self.memory, reset_n=dut.rst_n, timing=timing, rng=rng, ids={8, 9}, writes=False
        )
        self.bus = RegisterBus(dut, dut.clk, reset_n=dut.rst_n)
        self.csc = Csc(dut, self.image, rng, pace)
        self.layers = 0

    @staticmethod
    async def start(dut: Any, rng: Random, timing: DbbTiming = FULL_RATE, pace: float = 0.3) -> Bench:
        bench = Bench(dut, rng, timing, pace)
        start_clock(dut.clk)
        await reset(dut.clk, dut.rst_n)
        return bench

    async def reset(self) -> None:
        """Reset the unit with whatever is under way; CSC and memory forget it."""
        self.csc = self.csc.renewed()
        self.layers = 0
        await reset(self.dut.clk, self.dut.rst_n)

    def load(self, layer: Layer) -> None:
        """Random bytes where the layer reads, written once: layers may share memory."""
        for start, length in footprint(layer):
            for address in range(start, start + length, ATOM):
                if not self.memory.is_written(address, ATOM):
                    data = self.rng.randbytes(ATOM)
                    self.memory.write(address, data)
                    self.image.load(address, data)

    async def enable(self, layer: Layer) -> None:
        """Write the registers of the next group and start it; waits until the group is free."""
        self.load(layer)
        self.csc.add(layer)
        group = self.layers % 2
        self.layers += 1
        start = self.csc.cycle
        while await self.bus.read(MAP["CDMA.S_STATUS"].address) >> (16 * group) & 3:
            await ClockCycles(self.dut.clk, 10)
            if self.csc.cycle - start >= LIMIT:
                raise hang(f"CDMA.S_STATUS of group {group} is not IDLE for {LIMIT} cycles; {self.csc.progress()}")
        writes = [(MAP["CDMA.S_POINTER"].address, group)]
        writes += [(MAP[f"CDMA.{name}"].address, word) for name, word in layer.words().items()]
        await self.bus.write_all([*writes, (MAP["CDMA.D_OP_ENABLE"].address, 1)])

    async def run(self, *layers: Layer) -> None:
        """Enable layers as fast as groups are free, wait until CSC has finished all."""
        target = self.csc.finished + len(layers)
        for layer in layers:
            await self.enable(layer)
        await self.csc.wait_finished(target)
        await ClockCycles(self.dut.clk, 10)
        self.check_end()

    def check_end(self) -> None:
        """Everything fetched was reported, and both interrupts came once for each layer, groups in turn."""
        for ring in (self.csc.data, self.csc.weights):
            expect(f"{ring.what}s reported", ring.arrived, ring.arrived + len(ring.expected))
        for name in ("dat", "wt"):
            groups = [group for source, group in self.csc.interrupts if source == name]
            expect(f"cdma_{name}_intr, groups", groups, [i % 2 for i in range(self.layers)])

    def beats(self, id_: int) -> int:
        """Read beats of a bus id so far: 8 data, 9 weights."""
        return self.dbb.statistics.reads[id_]
