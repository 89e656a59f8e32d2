"""The CDP bench: a driver that queues layers in both groups, all checks; `load` sets the look-up."""

from __future__ import annotations

from collections import deque
from typing import Any

from cdp_layers import Layer, layer_registers, lut_registers, random_tables, table_writes
from cocotb.triggers import RisingEdge

from cocodla.golden.config_cdp import LutConfig, Tables
from cocotbext.dla import described
from postlib import PostBench, check_writes

STATISTICS = {"UFLOW": "underflow", "OFLOW": "overflow", "HYBRID": "hybrid", "LE_HIT": "le_hit", "LO_HIT": "lo_hit"}


class Bench(PostBench):
    """`load` sets the look-up, `run` executes layers and checks everything they do."""

    def __init__(self, dut: Any, latency: tuple[int, int] = (1, 20), stalls: bool = True) -> None:
        super().__init__(dut, "CDP", ("rd",), latency, stalls)
        self._loaded: Tables | None = None

    async def start(self) -> None:
        """Create the agents, start the clock, reset, wait for the tables to be cleared."""
        await super().start()
        await self._cleared()

    async def reset(self) -> None:
        """Reset both units; the tables are empty afterwards."""
        await super().reset()
        self._loaded = None
        await self._cleared()

    async def _cleared(self) -> None:
        while self.dut.clearing.value:
            await RisingEdge(self.dut.clk)

    async def load(self, lut: LutConfig, tables: Tables | None = None) -> Tables:
        """Set the look-up; random tables unless given."""
        tables = tables or random_tables(self.rng)
        writes = lut_registers(lut, self.rng)
        if tables is not self._loaded:  # 322 writes
            writes += table_writes(tables)
        await self.write_all(writes)
        self._loaded = tables
        return tables

    # ------------------------------------------------------------ layers

    async def enqueue(self, layer: Layer) -> dict[str, int]:
        """Put a layer into the next group of both units, enabled; returns unit -> group."""
        for address, data in layer.input_memory():
            self.memory.write(address, data)
        used = await self.claim(self.units)
        writes = layer_registers(layer)
        self.rng.shuffle(writes)
        await self.write_all(writes)
        for unit in self.rng.sample(self.units, 2):
            await self.write(f"{unit}.D_OP_ENABLE", 1)
        return used

    async def run(self, layers: list[Layer], limit: int = 200_000) -> None:
        """Run layers, two queued whenever the groups allow, and check all they did."""
        first_write, first_interrupt, acknowledged = (
            len(self.writer.writes), len(self.interrupts), self.writer.done_count
        )  # fmt: skip
        first_group, before, sums = self.groups["CDP"], dict(self.stalled), {"rd": 0, "wr": 0}
        waiting: deque[tuple[str, Layer, dict[str, int]]] = deque()
        finished = 0
        for number, layer in enumerate(layers, 1):
            if len(waiting) == 2:
                finished += 1
                await self.wait_interrupts(first_interrupt + finished, limit)
                await self._check_status(*waiting.popleft(), sums)
            waiting.append((f"layer {number} of {len(layers)}", layer, await self.enqueue(layer)))
        await self.wait_interrupts(first_interrupt + len(layers), limit)
        for place, layer, used in waiting:
            await self._check_status(place, layer, used, sums)
        check_writes(self.writer.writes[first_write:], self.writer.times[first_write:], layers)
        expected = [(first_group ^ (i & 1), acknowledged + i + 1) for i in range(len(layers))]
        with described(layers):
            self.check_seen()
        self.check_interrupts(self.interrupts[first_interrupt:], expected)
        if all(layer.perf for layer in layers):
            self.check_stall_counters(sums, before)

    async def _check_status(self, place: str, layer: Layer, used: dict[str, int], sums: dict[str, int]) -> None:
        """Counters and status of a finished layer, in the groups that ran it."""
        await self.select_finished(used)
        statistics = layer.expected()[1]
        for name, attribute in STATISTICS.items():
            await self.see(f"CDP.D_PERF_LUT_{name}", getattr(statistics, attribute), place)
        await self.see("CDP.D_OUT_SATURATION", 0, place)
        if layer.perf:
            sums["rd"] += await self.read("CDP_RDMA.D_PERF_READ_STALL")
            sums["wr"] += await self.read("CDP.D_PERF_WRITE_STALL")
