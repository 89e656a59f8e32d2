"""The bench of a post-processing unit: agents around it and its read DMA, registers of both groups, what was seen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocodla.registers import MAP
from cocotbext.dla import (
    ReadResponder,
    RegisterBus,
    SparseMemory,
    Unwritten,
    WriteAcceptor,
    expect,
    expect_beats,
    hang,
    never,
    reset,
    start_clock,
)
from cocotbext.dla.moment import now
from cocotbext.dla.pins import high, number
from cocotbext.dla.stalls import Stall, some_stalls
from postlib.space import Space

IDLE, RUNNING, PENDING = 0, 1, 2


def always() -> bool:
    """A Stall that never ends."""
    return True


class PostBench:
    """Clock, reset, agents and registers of one unit (`SDP`, `PDP`, `CDP`) with its read DMA.

    readers: prefixes of the read interfaces. latency: of the reads, inclusive range. stalls: give every
    interface its own random stall pattern.
    """

    def __init__(
        self, dut: Any, unit: str, readers: Sequence[str], latency: tuple[int, int] = (1, 20), stalls: bool = True
    ) -> None:
        self.dut = dut
        self.units = (unit, f"{unit}_RDMA")
        self.rng = random.Random(random.getrandbits(64))
        self.space = Space(self.rng)
        self.latency = latency
        self.memory = SparseMemory(Unwritten.ERROR)
        self.output = SparseMemory()
        self.groups = dict.fromkeys(self.units, 0)
        self.interrupts: list[tuple[int, int]] = []  # (group, writes acknowledged before it)
        self.interrupt_cycles: list[int] = []
        self.write_cycles: list[int] = []
        self.stalled = dict.fromkeys((*readers, "wr"), 0)
        self.cycle = 0
        self._seen: list[tuple[str, int, int, float]] = []  # layer and register, what was read, what it should be, when
        self._stalls = stalls

    def pattern(self) -> Stall:
        """When a source of data is idle."""
        return some_stalls(self.rng) if self._stalls else never

    def pressure(self) -> Stall:
        """When what the unit sends is not taken: often or seldom, but it happens."""
        return some_stalls(self.rng, always=True) if self._stalls else never

    async def start(self) -> None:
        """Create the agents, start the clock, reset."""
        dut, clk, rst = self.dut, self.dut.clk, self.dut.rst_n
        unit, rdma = self.units
        self.regs = {
            unit: RegisterBus(dut, clk, f"{unit.lower()}_reg", rst),
            rdma: RegisterBus(dut, clk, "rdma_reg", rst),
        }
        self.readers = {
            prefix: ReadResponder(
                dut, clk, self.memory, prefix, rst, self.latency, self.pressure(), self.pattern(), self.rng
            )
            for prefix in self.stalled
            if prefix != "wr"
        }
        done_latency = (1, 60) if self._stalls else (32, 32)
        self.writer = WriteAcceptor(dut, clk, self.output, "wr", rst, done_latency, self.pressure(), self.rng)
        self.attach_streams()
        start_clock(clk)
        await reset(clk, rst)
        cocotb.start_soon(self._watch())

    async def reset(self) -> None:
        """Reset the units with whatever is under way; the memory and who sends forget what they were asked."""
        self.renew_sources()
        await reset(self.dut.clk, self.dut.rst_n)
        self.groups = dict.fromkeys(self.units, 0)

    def block(self, what: str) -> None:
        """From now on the memory gives no answers to `reads`, takes no `writes`, or gives no `acknowledges`."""
        if what == "reads":
            for reader in self.readers.values():
                reader.gap = always
        elif what == "writes":
            self.writer.stall = always
        else:
            self.writer.done_latency = (1_000_000, 1_000_000)

    def unblock(self) -> None:
        """The memory answers at once."""
        for reader in self.readers.values():
            reader.gap = never
        self.writer.stall = never
        self.writer.done_latency = (32, 32)

    def attach_streams(self) -> None:
        """Create the agents of the streams from and to other units; overridden by units that have some."""

    def renew_sources(self) -> None:
        """Who sends to the unit has been reset, too; overridden by units with streams."""

    async def _watch(self) -> None:
        dut = self.dut
        ports = {name: (getattr(dut, f"{name}_req_valid"), getattr(dut, f"{name}_req_ready")) for name in self.stalled}
        write_valid, write_ready = ports["wr"]
        interrupt = getattr(dut, f"{self.units[0].lower()}_intr")
        while True:
            await FallingEdge(dut.clk)
            self.cycle += 1
            for name, (valid, ready) in ports.items():
                self.stalled[name] += high(valid) and not high(ready)
            if high(write_valid) and high(write_ready):
                self.write_cycles.append(self.cycle)
            pulses = number(interrupt)
            for group in (0, 1):
                if pulses >> group & 1:
                    self.interrupts.append((group, self.writer.done_count))
                    self.interrupt_cycles.append(self.cycle)

    # ------------------------------------------------------------ registers

    async def read(self, path: str) -> int:
        """Read `UNIT.REGISTER` (of the producer group)."""
        return await self.regs[path.partition(".")[0]].read(MAP[path].address)

    async def write(self, path: str, value: int) -> None:
        """Write `UNIT.REGISTER` (of the producer group)."""
        await self.regs[path.partition(".")[0]].write(MAP[path].address, value)

    async def write_all(self, writes: list[tuple[str, int]]) -> None:
        """Write registers in this order, unit by unit, one a cycle."""
        for unit in self.units:
            own = [(MAP[path].address, value) for path, value in writes if path.partition(".")[0] == unit]
            await self.regs[unit].write_all(own)

    async def status(self, unit: str, group: int) -> int:
        """Status field of one group."""
        return await self.read(f"{unit}.S_STATUS") >> 16 * group & 3

    async def claim(self, units: Sequence[str]) -> dict[str, int]:
        """Wait until the next group of each unit is idle and point the producer at it; returns unit -> group."""
        claimed = {}
        for unit in units:
            claimed[unit] = group = self.groups[unit]
            while await self.status(unit, group) != IDLE:
                pass
            await self.write(f"{unit}.S_POINTER", group)
            self.groups[unit] ^= 1
        return claimed

    async def select_finished(self, used: dict[str, int]) -> None:
        """Point the producer at the groups that ran a layer, which must be idle by now."""
        for unit, group in used.items():
            expect(f"{unit}.S_STATUS of group {group} behind the interrupt", await self.status(unit, group), IDLE)
            await self.write(f"{unit}.S_POINTER", group)

    # ------------------------------------------------------------ checks

    async def wait_interrupts(self, count: int, limit: int) -> None:
        """Wait until there were `count` interrupts in all; fails after `limit` cycles."""
        for _ in range(limit):
            if len(self.interrupts) >= count:
                return
            await RisingEdge(self.dut.clk)
        raise hang(f"interrupt {count} did not come in {limit} cycles, {len(self.interrupts)} did")

    async def see(self, register: str, expected: int, layer: str) -> None:
        """Read `UNIT.REGISTER`; it is checked by `check_seen`, behind the data: these tell more about a fault.

        layer: which one has ended, in words.
        """
        self._seen.append((f"{layer}, {register}", await self.read(register), expected, now()))

    def check_seen(self) -> None:
        """What `see` has read must be as expected."""
        seen, self._seen = self._seen, []
        for place, got, expected, at in seen:
            expect(place, got, expected, at)

    def check_interrupts(self, got: Sequence[tuple[int, int]], expected: Sequence[tuple[int, int]]) -> None:
        """Each interrupt is (group, writes acknowledged before it)."""
        expect_beats("interrupts (group, acknowledged writes)", got, expected, place="number {}".format)

    def check_stall_counters(self, counted: dict[str, int], before: dict[str, int]) -> None:
        """The sums of the stall counters equal the stalls seen on the interfaces since `before`."""
        seen = {name: self.stalled[name] - before[name] for name in counted}
        for name, count in counted.items():
            expect(f"{name}, stall counters of all layers, summed up", count, seen[name])
