"""The CDP bench: agents around cdp_rdma and cdp, a driver that queues layers in both groups, all checks."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import cocotb
from cdp_layers import Layer, Space, Writes, layer_registers, lut_registers, random_tables, table_writes
from cocotb.triggers import FallingEdge, RisingEdge

from cocodla.golden.config_cdp import LutConfig, Tables
from cocodla.registers import MAP
from cocotbext.dla import (
    ReadResponder,
    RegisterBus,
    SparseMemory,
    Unwritten,
    WriteAcceptor,
    never,
    reset,
    start_clock,
)
from cocotbext.dla.stalls import Stall, some_stalls

IDLE = 0
UNITS = ("CDP", "CDP_RDMA")
STATISTICS = {"UFLOW": "underflow", "OFLOW": "overflow", "HYBRID": "hybrid", "LE_HIT": "le_hit", "LO_HIT": "lo_hit"}


class Bench:
    """Clock, reset, agents; `load` sets the look-up, `run` executes layers and checks everything they do."""

    def __init__(self, dut: Any, latency: tuple[int, int] = (1, 20), stalls: bool = True) -> None:
        self.dut = dut
        self.rng = random.Random(random.getrandbits(64))
        self.space = Space(self.rng)
        self.latency = latency
        self.memory = SparseMemory(Unwritten.ERROR)
        self.output = SparseMemory()
        self.group = 0
        self.interrupts: list[tuple[int, int]] = []  # (group, writes acknowledged before it)
        self.stalled = {"rd": 0, "wr": 0}
        self.cycle = 0
        self.write_cycles: list[int] = []
        self._stalls = stalls

    def _pattern(self) -> Stall:
        return some_stalls(self.rng) if self._stalls else never

    async def start(self) -> None:
        """Create the agents, start the clock, reset, wait for the tables to be cleared."""
        dut, clk, rst = self.dut, self.dut.clk, self.dut.rst_n
        self.regs = {"CDP": RegisterBus(dut, clk, "cdp_reg", rst), "CDP_RDMA": RegisterBus(dut, clk, "rdma_reg", rst)}
        self.reader = ReadResponder(
            dut, clk, self.memory, "rd", rst, self.latency, self._pattern(), self._pattern(), self.rng
        )
        self.writer = WriteAcceptor(
            dut, clk, self.output, "wr", rst, (1, 30) if self._stalls else (32, 32), self._pattern(), self.rng
        )
        start_clock(clk)
        await reset(clk, rst)
        cocotb.start_soon(self._watch())
        while dut.clearing.value:
            await RisingEdge(clk)

    async def _watch(self) -> None:
        dut = self.dut
        ports = {name: (getattr(dut, f"{name}_req_valid"), getattr(dut, f"{name}_req_ready")) for name in ("rd", "wr")}
        while True:
            await FallingEdge(dut.clk)
            self.cycle += 1
            for name, (valid, ready) in ports.items():
                self.stalled[name] += bool(valid.value) and not bool(ready.value)
            if dut.wr_req_valid.value and dut.wr_req_ready.value:
                self.write_cycles.append(self.cycle)
            pulses = int(dut.cdp_intr.value)
            for group in (0, 1):
                if pulses >> group & 1:
                    self.interrupts.append((group, self.writer.done_count))

    # ------------------------------------------------------------ registers

    async def read(self, path: str) -> int:
        return await self.regs[path.partition(".")[0]].read(MAP[path].address)

    async def write(self, path: str, value: int) -> None:
        await self.regs[path.partition(".")[0]].write(MAP[path].address, value)

    async def write_all(self, writes: Writes) -> None:
        for unit in UNITS:
            own = [(MAP[path].address, value) for path, value in writes if path.partition(".")[0] == unit]
            await self.regs[unit].write_all(own)

    async def load(self, lut: LutConfig, tables: Tables | None = None) -> Tables:
        """Set the look-up; random tables unless given."""
        tables = tables or random_tables(self.rng)
        await self.write_all(lut_registers(lut) + table_writes(tables))
        return tables

    # ------------------------------------------------------------ layers

    async def enqueue(self, layer: Layer) -> int:
        """Put a layer into the next group of both units, enabled; returns the group."""
        group, self.group = self.group, self.group ^ 1
        for address, data in layer.input_memory():
            self.memory.write(address, data)
        for unit in UNITS:
            while await self.read(f"{unit}.S_STATUS") >> 16 * group & 3 != IDLE:
                pass
            await self.write(f"{unit}.S_POINTER", group)
        writes = layer_registers(layer)
        self.rng.shuffle(writes)
        await self.write_all(writes)
        for unit in self.rng.sample(UNITS, 2):
            await self.write(f"{unit}.D_OP_ENABLE", 1)
        return group

    async def run(self, layers: list[Layer], limit: int = 200_000) -> None:
        """Run layers, two queued whenever the groups allow, and check all they did."""
        first_write, first_interrupt, acknowledged = (
            len(self.writer.writes), len(self.interrupts), self.writer.done_count
        )  # fmt: skip
        first_group, before, sums = self.group, dict(self.stalled), {"rd": 0, "wr": 0}
        waiting: deque[tuple[Layer, int]] = deque()
        finished = 0
        for layer in layers:
            if len(waiting) == 2:
                finished += 1
                await self._wait_interrupts(first_interrupt + finished, limit)
                await self._check_status(*waiting.popleft(), sums)
            waiting.append((layer, await self.enqueue(layer)))
        await self._wait_interrupts(first_interrupt + len(layers), limit)
        for layer, group in waiting:
            await self._check_status(layer, group, sums)
        self._check_writes(first_write, layers)
        expected = [(first_group ^ (i & 1), acknowledged + i + 1) for i in range(len(layers))]
        assert self.interrupts[first_interrupt:] == expected, f"interrupts {self.interrupts[first_interrupt:]}"
        if all(layer.perf for layer in layers):
            moved = {name: self.stalled[name] - before[name] for name in sums}
            assert sums == moved, f"stall counters {sums}, stalls seen {moved}"

    async def _wait_interrupts(self, count: int, limit: int) -> None:
        for _ in range(limit):
            if len(self.interrupts) >= count:
                return
            await RisingEdge(self.dut.clk)
        raise AssertionError(f"{len(self.interrupts)} interrupts after {limit} cycles, {count} expected")

    async def _check_status(self, layer: Layer, group: int, sums: dict[str, int]) -> None:
        for unit in UNITS:
            status = await self.read(f"{unit}.S_STATUS") >> 16 * group & 3
            assert status == IDLE, f"{unit} group {group} is not idle after the interrupt"
            await self.write(f"{unit}.S_POINTER", group)
        statistics = layer.expected()[1]
        for name, attribute in STATISTICS.items():
            count = await self.read(f"CDP.D_PERF_LUT_{name}")
            assert count == getattr(statistics, attribute), f"{name}: {count}, expected {statistics}"
        assert await self.read("CDP.D_OUT_SATURATION") == 0
        if layer.perf:
            sums["rd"] += await self.read("CDP_RDMA.D_PERF_READ_STALL")
            sums["wr"] += await self.read("CDP.D_PERF_WRITE_STALL")

    def _check_writes(self, first: int, layers: list[Layer]) -> None:
        got = self.writer.writes[first:]
        index = 0
        for layer in layers:
            for expected in layer.expected_writes():
                assert index < len(got), f"{len(got)} writes only"
                assert got[index] == expected, f"write {index}: got {got[index]}, expected {expected}; {layer}"
                index += 1
        assert index == len(got), f"{len(got)} writes, {index} expected"
