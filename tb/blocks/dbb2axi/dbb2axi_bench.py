"""The bench of dla_dbb2axi: a DBB master of all clients, a memory on AXI, and what must have come at the end."""

from __future__ import annotations

from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, Timer

from cocotbext.dla import (
    AxiMemory,
    AxiTiming,
    SparseMemory,
    StreamSink,
    StreamSource,
    Unwritten,
    expect,
    expect_beats,
    expect_bytes,
    hang,
    require,
    reset,
    some_stalls,
    start_clock,
)
from cocotbext.dla.axi import Fault, faultless
from cocotbext.dla.pins import number

READERS, WRITERS = (1, 2, 3, 5, 6, 8, 9), (1, 2, 3)
READ_BASE, WRITE_BASE = 0x4000_0000, 0x8000_0000
SPAN = 1 << 15
"""Bytes that are read, and that are written."""


def seeded(*more: object) -> Random:
    """A generator that repeats with the seed of the run."""
    return Random(f"{cocotb.RANDOM_SEED}-{more}")


def walk(rng: Random, ids: tuple[int, ...], base: int, count: int) -> list[dict[str, int]]:
    """Requests of several ids: rows of beats that follow each other, now and then broken by others."""
    places = {id_: rng.randrange(SPAN // 8) for id_ in ids}
    items: list[dict[str, int]] = []
    while len(items) < count:
        id_ = rng.choice(ids)
        if rng.random() < 0.3:
            places[id_] = rng.choice([rng.randrange(SPAN // 8), 512 * rng.randrange(SPAN >> 12) - rng.randrange(6)])
        for _ in range(rng.choice([1, 1, 2, 3, 15, 16, 17, 40])):
            items.append({"id": id_, "addr": base + 8 * (places[id_] % (SPAN // 8))})
            places[id_] += 1
    return items[:count]


class Bench:
    """Streams on the DBB side, AxiMemory on the other. `asked`, `sent`: all requests so far, by id."""

    def __init__(
        self, dut: Any, rng: Random, timing: AxiTiming, fault: Fault = faultless, stalls: bool = True, axi: bool = True
    ) -> None:
        self.dut, self.rng = dut, rng
        self.max, self.width = 0, len(dut.m_axi_wdata)
        self.memory = SparseMemory(Unwritten.RANDOM, rng=rng)
        if axi:
            self.axi = AxiMemory(dut, dut.clk, self.memory, reset_n=dut.rst_n, timing=timing, rng=rng, fault=fault)
        pattern = some_stalls if stalls else (lambda rng: lambda: False)
        self.ar = StreamSource(dut, "ar", dut.clk, ("id", "addr"), idle=pattern(rng))
        self.aw = StreamSource(dut, "aw", dut.clk, ("id", "addr"), idle=pattern(rng))
        self.w = StreamSource(dut, "w", dut.clk, ("data",), idle=pattern(rng))
        self.r = StreamSink(dut, "r", dut.clk, ("id", "data"), dut.rst_n, backpressure=pattern(rng))
        self.b = StreamSink(dut, "b", dut.clk, ("id",), dut.rst_n, backpressure=pattern(rng))
        self.reads: list[dict[str, int]] = []
        self.writes: list[dict[str, int]] = []
        dut.base.value, dut.limit.value = 0, 0xFFFFF
        dut.clear_status.value = dut.clear_counts.value = 0

    async def start(self) -> None:
        """Reset, then the clock: cocotbext-axi looks at the pins from the first edge on."""
        self.dut.rst_n.value = 0
        await Timer(1, unit="ns")
        self.max = number(self.dut.max_beats)
        if hasattr(self, "axi"):
            self.axi.longest = self.max * (2 if self.width == 32 else 1)
        start_clock(self.dut.clk)
        await reset(self.dut.clk, self.dut.rst_n)

    def ask(self, count: int) -> None:
        """Queue so many reads and writes of random clients."""
        for item in walk(self.rng, READERS, READ_BASE, count):
            self.read(item)
        for item in walk(self.rng, WRITERS, WRITE_BASE, count):
            self.write(item["id"], item["addr"])

    def read(self, item: dict[str, int]) -> None:
        """Queue a read."""
        self.reads.append(item)
        self.ar.append(item)

    def write(self, id_: int, address: int) -> None:
        """Queue a write of random data."""
        data = self.rng.getrandbits(64)
        self.writes.append({"id": id_, "addr": address, "data": data})
        self.aw.append({"id": id_, "addr": address})
        self.w.append(data)

    async def settle(self, limit: int = 30_000) -> None:
        """Until every request has its answer."""
        for _ in range(limit):
            await FallingEdge(self.dut.clk)
            if len(self.r.items) >= len(self.reads) and len(self.b.items) >= len(self.writes):
                break
        else:
            counts = f"{len(self.r.items)} of {len(self.reads)}, {len(self.b.items)} of {len(self.writes)}"
            raise hang(f"no progress, answers {counts}")
        for _ in range(20):
            await FallingEdge(self.dut.clk)
        got = len(self.r.items), len(self.b.items)
        expect("answers to reads, to writes", got, (len(self.reads), len(self.writes)))

    def check(self, redirected: int | None = None) -> None:
        """Each id has its own answers in its order, and memory holds what was written last. redirected: where requests
        outside of the window were sent.
        """
        low, high = number(self.dut.base) << 12, (number(self.dut.limit) + 1) << 12

        def inside(address: int) -> bool:
            return redirected is None or low <= address < high

        for id_ in READERS:
            places = [item["addr"] if inside(item["addr"]) else redirected for item in self.reads if item["id"] == id_]
            expected = [int.from_bytes(self.memory.read(place or 0, 8), "little") for place in places]
            got = [item["data"] for item in self.r.items if isinstance(item, dict) and item["id"] == id_]
            expect_beats(f"read data of id {id_}", got, expected, check=expect_bytes)
        for id_ in WRITERS:
            expect(f"responses of id {id_}", self.b.items.count(id_), sum(w["id"] == id_ for w in self.writes))
        stored = {(w["id"], w["addr"]): w["data"] for w in self.writes if inside(w["addr"])}
        final: dict[int, list[int]] = {w["addr"]: [] for w in self.writes}
        for (_, address), data in stored.items():
            final[address].append(data)
        for address, values in final.items():
            got = int.from_bytes(self.memory.read(address, 8), "little")
            if values:
                require(got in values, f"memory at {address:#010x}: got {got:#018x}, no id's last word")

    def bursts(self, tag: str) -> int:
        """AXI bursts so far on "ar" or "aw"."""
        return sum(count for (channel, _), count in self.axi.statistics.items() if channel == tag)
