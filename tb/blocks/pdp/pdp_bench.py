"""The PDP bench: agents around pdp_rdma and pdp, a driver that queues layers in both groups, all checks."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from pdp_layers import Layer, Space, Writes, pdp_registers, rdma_registers

from cocodla.hw import ATOM
from cocodla.registers import MAP
from cocotbext.dla import (
    ReadResponder,
    RegisterBus,
    SparseMemory,
    StreamSource,
    Unwritten,
    WriteAcceptor,
    never,
    reset,
    start_clock,
)
from cocotbext.dla.stalls import Stall, some_stalls

IDLE, RUNNING = 0, 1
UNITS = ("PDP", "PDP_RDMA")


class Bench:
    """Clock, reset, agents; `run` executes layers and checks everything they do.

    latency: of the reads, inclusive range. stalls: give every interface its own random stall pattern.
    """

    def __init__(self, dut: Any, latency: tuple[int, int] = (1, 20), stalls: bool = True) -> None:
        self.dut = dut
        self.rng = random.Random(random.getrandbits(64))
        self.space = Space(self.rng)
        self.latency = latency
        self.memory = SparseMemory(Unwritten.ERROR)
        self.output = SparseMemory()
        self.groups = dict.fromkeys(UNITS, 0)
        self.interrupts: list[tuple[int, int]] = []  # (group, writes acknowledged before it)
        self.interrupt_cycles: list[int] = []
        self.stalled = {"rd": 0, "wr": 0}
        self.cycle = 0
        self._stalls = stalls

    def _pattern(self) -> Stall:
        return some_stalls(self.rng) if self._stalls else never

    async def start(self) -> None:
        """Create the agents, start the clock, reset."""
        dut, clk, rst = self.dut, self.dut.clk, self.dut.rst_n
        self.regs = {
            "PDP": RegisterBus(dut, clk, "pdp_reg", rst),
            "PDP_RDMA": RegisterBus(dut, clk, "rdma_reg", rst),
        }
        self.reader = ReadResponder(
            dut, clk, self.memory, "rd", rst, self.latency, self._pattern(), self._pattern(), self.rng
        )
        done_latency = (1, 60) if self._stalls else self.latency
        self.writer = WriteAcceptor(dut, clk, self.output, "wr", rst, done_latency, self._pattern(), self.rng)
        self.sdp = StreamSource(dut, "sdp2pdp", clk, idle=self._pattern())
        start_clock(clk)
        await reset(clk, rst)
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        dut = self.dut
        ports = {"rd": (dut.rd_req_valid, dut.rd_req_ready), "wr": (dut.wr_req_valid, dut.wr_req_ready)}
        while True:
            await FallingEdge(dut.clk)
            self.cycle += 1
            for name, (valid, ready) in ports.items():
                self.stalled[name] += bool(valid.value) and not bool(ready.value)
            pulses = int(dut.pdp_intr.value)
            for group in (0, 1):
                if pulses >> group & 1:
                    self.interrupts.append((group, self.writer.done_count))
                    self.interrupt_cycles.append(self.cycle)

    # ------------------------------------------------------------ registers

    async def read(self, path: str) -> int:
        """Read `UNIT.REGISTER` of the producer group."""
        return await self.regs[path.partition(".")[0]].read(MAP[path].address)

    async def write(self, path: str, value: int) -> None:
        """Write `UNIT.REGISTER` of the producer group."""
        await self.regs[path.partition(".")[0]].write(MAP[path].address, value)

    async def write_all(self, writes: Writes) -> None:
        """Write registers in this order, unit by unit, one a cycle."""
        for unit in UNITS:
            own = [(MAP[path].address, value) for path, value in writes if path.partition(".")[0] == unit]
            await self.regs[unit].write_all(own)

    async def status(self, unit: str, group: int) -> int:
        """Status field of one group."""
        return await self.read(f"{unit}.S_STATUS") >> 16 * group & 3

    # ------------------------------------------------------------ layers

    async def program(self, layer: Layer) -> dict[str, int]:
        """Write all registers of a layer into the next group of each unit it uses; returns unit -> group."""
        units = ["PDP"] if layer.config.from_sdp else list(UNITS)
        used = {}
        for address, data in layer.input_memory():
            self.memory.write(address, data)
        for unit in units:
            used[unit] = group = self.groups[unit]
            while await self.status(unit, group) != IDLE:
                pass
            await self.write(f"{unit}.S_POINTER", group)
            self.groups[unit] ^= 1
        writes = pdp_registers(layer, self.rng) + rdma_registers(layer, self.rng)
        self.rng.shuffle(writes)
        await self.write_all(writes)
        return used

    async def enable(self, layer: Layer, units: list[str]) -> None:
        """Start a programmed layer and feed it where SDP is its source."""
        for unit in units:
            await self.write(f"{unit}.D_OP_ENABLE", 1)
        if layer.config.from_sdp:
            for atom in layer.x.reshape(-1, ATOM):
                self.sdp.append(int.from_bytes(atom.tobytes(), "little"))

    async def run(self, layers: list[Layer], limit: int = 200_000) -> None:
        """Run layers, two queued whenever the groups allow, and check all they did."""
        first = self.groups["PDP"]
        start = len(self.writer.writes), len(self.reader.addresses), len(self.interrupts), self.writer.done_count
        before = dict(self.stalled)
        waiting: deque[dict[str, int]] = deque()
        sums = dict.fromkeys(self.stalled, 0)
        for index, layer in enumerate(layers):
            if len(waiting) == 2:
                await self._wait_interrupts(start[2] + index - 1, limit)
                await self._collect(waiting.popleft(), sums)
            used = await self.program(layer)
            await self.enable(layer, self.rng.sample(list(used), len(used)))
            waiting.append(used)
        await self._wait_interrupts(start[2] + len(layers), limit)
        for used in waiting:
            await self._collect(used, sums)
        compare(self.reader.addresses[start[1] :], [a for layer in layers for a in layer.expected_reads()], layers)
        compare(self.writer.writes[start[0] :], [w for layer in layers for w in layer.expected_writes()], layers)
        expected = [(first ^ (i & 1), start[3] + i + 1) for i in range(len(layers))]
        assert self.interrupts[start[2] :] == expected, f"interrupts {self.interrupts[start[2] :]}, not {expected}"
        if all(layer.perf for layer in layers):
            seen = {name: self.stalled[name] - before[name] for name in sums}
            assert sums == seen, f"stall counters {sums}, stalls seen {seen}"

    async def _wait_interrupts(self, count: int, limit: int) -> None:
        for _ in range(limit):
            if len(self.interrupts) >= count:
                return
            await RisingEdge(self.dut.clk)
        raise AssertionError(f"{len(self.interrupts)} interrupts after {limit} cycles, {count} expected")

    async def _collect(self, used: dict[str, int], sums: dict[str, int]) -> None:
        """Add up the stall counters of a finished layer, from the groups that ran it."""
        for unit, group in used.items():
            assert await self.status(unit, group) == IDLE, f"{unit} group {group} is not idle after the interrupt"
            await self.write(f"{unit}.S_POINTER", group)
        sums["wr"] += await self.read("PDP.D_PERF_WRITE_STALL")
        if "PDP_RDMA" in used:
            sums["rd"] += await self.read("PDP_RDMA.D_PERF_READ_STALL")
        for name in ("INF_INPUT_NUM", "NAN_INPUT_NUM", "NAN_OUTPUT_NUM"):
            assert await self.read(f"PDP.D_{name}") == 0


def compare(got: list[Any], expected: list[Any], layers: list[Layer]) -> None:
    """Fail at the first difference of two lists of transfers."""
    for index, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            raise AssertionError(
                f"transfer {index}: got {one}, expected {other}; layers {[str(layer) for layer in layers]}"
            )
    assert len(got) == len(expected), f"{len(got)} transfers, {len(expected)} expected"
