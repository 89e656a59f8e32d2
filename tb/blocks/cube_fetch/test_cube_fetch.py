"""Read DMA of a cube: order of the walk, places of the buffer counted right at every level, full rate, resets."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocotbext.dla import (
    ReadResponder,
    SparseMemory,
    StreamChecker,
    StreamSink,
    Unwritten,
    expect,
    expect_beats,
    expect_range,
    repeats,
    reset,
    some_stalls,
    start_clock,
    within,
)
from cocotbext.dla.pins import high, number

ATOM = 8
LIMIT = 60_000
"""Cycles that no cube of this bench takes."""


@dataclass(frozen=True)
class Walk:
    """A cube in atoms: its first address, strides and sizes of the three loops, innermost first."""

    base: int
    strides: tuple[int, int, int]
    sizes: tuple[int, int, int]

    def addresses(self) -> list[int]:
        """Byte addresses in order; they wrap at 4 GiB."""
        inner, middle, outer = (range(size) for size in self.sizes)
        one, two, three = self.strides
        atoms = [self.base + i * one + j * two + k * three for k in outer for j in middle for i in inner]
        return [ATOM * (atom % (1 << 29)) for atom in atoms]


def random_walk(atoms: int) -> Walk:
    """Any strides, and up to so many atoms in each loop."""
    strides = tuple(random.choice([1, random.getrandbits(29), (1 << 29) - random.randint(1, 9)]) for _ in range(3))
    sizes = tuple(random.randint(1, atoms) for _ in range(3))
    return Walk(random.getrandbits(29), strides, sizes)  # type: ignore[arg-type]


class Fetch:
    """The unit between a memory and a sink. asks, takes: whether requests and beats may pass in the next cycle."""

    def __init__(self, dut: Any, stalls: bool = False) -> None:
        self.dut, self.depth = dut, 1 << (len(dut.used) - 1)
        self.asks = self.takes = not stalls
        for name in ("start", "base", "stride0", "stride1", "stride2", "size0", "size1", "size2"):
            getattr(dut, name).value = 0
        dut.allow.value = 1
        start_clock(dut.clk)
        rng = random.Random(random.getrandbits(64))
        self.memory = SparseMemory(Unwritten.RANDOM, rng)
        stall, pressure = some_stalls(rng, always=True), some_stalls(rng, always=True)
        self.reader = ReadResponder(
            dut, dut.clk, self.memory, "rd", dut.rst_n, (1, 20) if stalls else (1, 1),
            stall if stalls else lambda: not self.asks, some_stalls(rng) if stalls else lambda: False, rng,
        )  # fmt: skip
        self.sink = StreamSink(
            dut, "out", dut.clk, reset_n=dut.rst_n, backpressure=pressure if stalls else lambda: not self.takes
        )
        StreamChecker(dut, "out", dut.clk, reset_n=dut.rst_n)

    async def reset(self) -> None:
        """Also forgets what was asked for and what came."""
        await reset(self.dut.clk, self.dut.rst_n)
        self.reader.addresses.clear()
        self.sink.clear()

    async def start(self, walk: Walk) -> None:
        """One cube begins; waits until the one before has sent its last request."""
        dut = self.dut
        while high(dut.busy):
            await FallingEdge(dut.clk)
        await RisingEdge(dut.clk)
        dut.base.value, dut.start.value = walk.base, 1
        for loop, (stride, size) in enumerate(zip(walk.strides, walk.sizes, strict=True)):
            getattr(dut, f"stride{loop}").value, getattr(dut, f"size{loop}").value = stride, size - 1
        await RisingEdge(dut.clk)
        dut.start.value = 0
        await FallingEdge(dut.clk)

    async def cycle(self, asks: bool, takes: bool, count: int = 1) -> tuple[int, int]:
        """Some cycles in which requests, beats may pass; how many did."""
        dut, passed = self.dut, [0, 0]
        self.asks, self.takes = asks, takes
        for _ in range(count):
            await FallingEdge(dut.clk)
            passed[0] += high(dut.rd_req_valid) and high(dut.rd_req_ready)
            passed[1] += high(dut.out_valid) and high(dut.out_ready)
        return passed[0], passed[1]

    async def fill(self, level: int) -> None:
        """So many places are taken, and all answers are there."""
        await self.cycle(False, False, 2)
        await self.cycle(True, False, level)
        await self.cycle(False, False, 6)
        expect("used, filled up to a level", number(self.dut.used), level)

    async def check(self, walks: list[Walk]) -> None:
        """All requests and beats of these cubes come, and no others."""
        addresses = [address for walk in walks for address in walk.addresses()]
        await within(self.dut.clk, LIMIT, self.sink.wait_items(len(addresses)), f"{len(addresses)} beats out")
        for _ in range(5):
            await FallingEdge(self.dut.clk)
        hexadecimal = partial(expect, show="{:#010x}".format)
        expect_beats("rd_req, addresses", self.reader.addresses, addresses, self.reader.times[-len(addresses) :],
                     check=hexadecimal)  # fmt: skip
        beats = [int.from_bytes(self.memory.read(address, ATOM), "little") for address in addresses]
        expect_beats("out", self.sink.items, beats, self.sink.times, check=partial(expect, show=hex))
        expect("used at the end", number(self.dut.used), 0)


@cocotb.test()
async def places_at_every_level(dut: Any) -> None:
    """A request, a pop, both, neither in one cycle at every level: then exactly the places that are left are taken."""
    fetch = Fetch(dut)
    depth = fetch.depth
    walk = Walk(0x1000, (1, 0, 0), (4 * depth, 1, 1))
    for level in range(depth + 1):
        for asks in (False, True):
            for takes in (False, True):
                where = f"level {level} of {depth}, request {asks:d} and pop {takes:d} in one cycle"
                fetch.asks = fetch.takes = False
                await fetch.reset()
                await fetch.start(walk)
                await fetch.fill(level)
                passed = await fetch.cycle(asks, takes)
                due = int(asks and level < depth), int(takes and level > 0)
                expect(f"requests, beats that passed, {where}", passed, due)
                left = depth - level - passed[0] + passed[1]
                more, _ = await fetch.cycle(True, False, depth + 4)
                expect(f"rd_req, requests until the buffer is full, {where}", more, left)
                fetch.takes = True
                await fetch.check([walk])


@cocotb.test()
async def random_cubes(dut: Any) -> None:
    """Cubes of any sizes and strides behind each other, stalls everywhere."""
    fetch = Fetch(dut, stalls=True)
    for _ in range(repeats(6)):
        await fetch.reset()
        walks = [random_walk(random.choice([1, 2, 4])) for _ in range(12)]
        for walk in walks:
            await fetch.start(walk)
        await fetch.check(walks)


@cocotb.test()
async def one_beat_a_cycle(dut: Any) -> None:
    """A memory that answers in the next cycle: every cycle brings a beat where the buffer is deep enough."""
    fetch = Fetch(dut)
    await fetch.reset()
    walk = Walk(0, (1, 0, 0), (300, 1, 1))
    await fetch.start(walk)
    await fetch.check([walk])
    cycles = (fetch.sink.times[-1] - fetch.sink.times[0]) / 10
    expect_range("cycles from the first to the last of 300 beats", cycles, most=299 if fetch.depth > 5 else 1500)


@cocotb.test()
async def resets_at_every_level(dut: Any) -> None:
    """A reset with so many places taken: all are free again, and the next cube comes whole."""
    fetch = Fetch(dut)
    for level in range(fetch.depth + 1):
        fetch.asks = fetch.takes = False
        await fetch.reset()
        await fetch.start(Walk(0x2000, (1, 0, 0), (2 * fetch.depth, 1, 1)))
        await fetch.fill(level)
        await fetch.reset()
        walk = Walk(0x8000, (1, 0, 0), (3 * fetch.depth, 1, 1))
        await fetch.start(walk)
        more, _ = await fetch.cycle(True, False, fetch.depth + 4)
        expect(f"rd_req, requests until the buffer is full, reset at level {level}", more, fetch.depth)
        fetch.takes = True
        await fetch.check([walk])
