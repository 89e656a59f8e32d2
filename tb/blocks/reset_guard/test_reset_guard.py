"""The reset guard: over any reset the memory sees whole requests, and the accelerator only answers of its own."""

from __future__ import annotations

from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer

from cocotbext.dla import (
    DbbMemory,
    DbbTiming,
    Report,
    SparseMemory,
    StreamMonitor,
    StreamSource,
    Unwritten,
    expect,
    expect_beats,
    expect_bytes,
    expect_range,
    fail,
    hang,
    never,
    require,
    reset,
    start_clock,
)
from cocotbext.dla.pins import number as pin

READERS, WRITERS = {"cdma_dat": 8, "sdp": 1}, {"sdp": 1, "pdp": 2}
WRITE_BASE = 0x1000_0000


def silent() -> bool:
    """A stall without end."""
    return True


class Bench:
    """Clients, and a memory that knows the reset at power-on only: it checks the bus over all others."""

    def __init__(self, dut: Any, rng: Random, timing: DbbTiming, report: Report = fail) -> None:
        self.dut, self.rng, self.timing = dut, rng, timing
        self.memory = SparseMemory(Unwritten.RANDOM, rng=rng)
        self.dbb = DbbMemory(
            dut, dut.clk, self.memory, reset_n=dut.por_rst_n, timing=timing, rng=rng, report=report
        )  # fmt: skip
        self.answers = {c: StreamMonitor(dut, f"{c}_rd_rsp", dut.clk, ready=False) for c in READERS}
        self.sources: dict[str, StreamSource] = {}
        dut.reset_req_n.value = dut.r_open.value = dut.b_open.value = 1

    async def start(self) -> None:
        """Clock and power-on; then the clients are out of reset."""
        start_clock(self.dut.clk)
        self.renew()
        await reset(self.dut.clk, self.dut.por_rst_n)
        await self.until_up()

    async def hesitate(self) -> None:
        """The accelerator does not take answers in every cycle. In reset its pins stay as they are, for all of it."""
        while True:
            await RisingEdge(self.dut.clk)
            if self.dut.dla_rst_n.value == 1:
                self.dut.r_open.value = self.rng.random() < 0.6
                self.dut.b_open.value = self.rng.random() < 0.6

    async def until_up(self, limit: int = 20_000) -> None:
        """Until the accelerator is out of reset."""
        for _ in range(limit):
            await FallingEdge(self.dut.clk)
            if self.dut.dla_rst_n.value == 1:
                return
        raise hang("dla_rst_n stays 0: the accelerator stays in reset")

    def renew(self) -> None:
        """Clients that ask for nothing yet, and have seen nothing."""
        for source in self.sources.values():
            source.kill()
        dut = self.dut
        self.sources = {f"{c}_rd": StreamSource(dut, f"{c}_rd_req", dut.clk, ("addr",)) for c in READERS}
        fields = ("addr", "data", "last")
        self.sources |= {f"{c}_wr": StreamSource(dut, f"{c}_wr_req", dut.clk, fields) for c in WRITERS}
        for monitor in self.answers.values():
            monitor.clear()

    def ask(self, count: int) -> tuple[dict[str, list[int]], list[dict[str, int]]]:
        """Up to `count` requests of each client: the addresses of each reader, and all writes."""
        reads = {client: [self.rng.randrange(1 << 20) for _ in range(self.rng.randint(1, count))] for client in READERS}
        for client, addresses in reads.items():
            for address in addresses:
                self.sources[f"{client}_rd"].append(address)
        writes = []
        for number, client in enumerate(WRITERS):
            for i in range(self.rng.randint(1, count)):
                item = {"addr": WRITE_BASE + 4096 * number + i, "data": self.rng.getrandbits(64), "last": i % 8 == 7}
                self.sources[f"{client}_wr"].append(item)
                writes.append(item)
        return reads, writes

    async def check(self, reads: dict[str, list[int]], writes: list[dict[str, int]]) -> None:
        """All answers come and are right, all data are stored."""
        for _ in range(20_000):
            await FallingEdge(self.dut.clk)
            complete = all(len(self.answers[c].items) >= len(reads[c]) for c in READERS)
            if complete and self.dbb.idle and self.stored(writes):
                break
        await ClockCycles(self.dut.clk, 5)
        for client, addresses in reads.items():
            expected = [int.from_bytes(self.memory.read(8 * a, 8), "little") for a in addresses]
            answers = self.answers[client]
            expect_beats(f"{client}_rd_rsp", answers.items, expected, answers.times, check=expect_bytes)
        require(self.stored(writes), "memory: data of the writes since the reset are missing or wrong")

    def stored(self, writes: list[dict[str, int]]) -> bool:
        """Whether the memory holds the data of these writes."""
        return all(self.memory.read(8 * w["addr"], 8) == w["data"].to_bytes(8, "little") for w in writes)

    async def reset(self, low: float) -> None:
        """Ask for a reset of so many ns at any moment; wait for it, and reset the clients, too."""
        await Timer(self.rng.randrange(1, 10_000), unit="ps")
        self.dut.reset_req_n.value = 0
        await Timer(round(low * 1000), unit="ps")
        for _ in range(20_000):
            if self.dut.dla_rst_n.value == 0:
                break
            await FallingEdge(self.dut.clk)
        else:
            raise hang("dla_rst_n stays 1: the accelerator is not reset")
        self.renew()
        self.dut.reset_req_n.value = 1


def seeded(*more: object) -> Random:
    """A generator that repeats with the seed of the run."""
    return Random(f"{cocotb.RANDOM_SEED}-{more}")


@cocotb.test()
@cocotb.parametrize(run=range(4))
async def random_resets(dut: Any, run: int) -> None:
    """Random traffic, memory and resets; answers are held back for any time before, over and after them.

    In every second run the accelerator hesitates to take answers.
    """
    rng = seeded(run)
    timing = DbbTiming.random(rng)
    bench = Bench(dut, rng, timing)
    await bench.start()
    if run % 2:
        cocotb.start_soon(bench.hesitate())
    gaps = timing.r_gap, timing.b_gap
    for _ in range(12):
        bench.ask(200)
        await ClockCycles(dut.clk, rng.randrange(250))
        timing.r_gap, timing.b_gap = rng.choice([gaps[0], silent]), rng.choice([gaps[1], silent])
        await ClockCycles(dut.clk, rng.randrange(100))
        await bench.reset(rng.randrange(30, 500))
        await ClockCycles(dut.clk, rng.choice([0, 50, 1500]))
        owed = bench.dbb.owed
        silently = (timing.r_gap is silent and owed[0]) or (timing.b_gap is silent and owed[1])
        require(not silently or dut.dla_rst_n.value == 0, f"dla_rst_n rises while {owed} reads, writes are owed")
        timing.r_gap, timing.b_gap = gaps
        await bench.until_up()
        expect("reads, writes owed when dla_rst_n rises", bench.dbb.owed, (0, 0))
        await bench.check(*bench.ask(40))
    bench.dbb.finish()


async def half_write(bench: Bench, first: str) -> None:
    """Take one half of a write, ask for a reset, take the other half if it comes, then write again."""
    timing = bench.timing
    timing.aw_stall, timing.w_stall = (never, silent) if first == "aw" else (silent, never)
    await ClockCycles(bench.dut.clk, 2)
    bench.sources["sdp_wr"].append({"addr": WRITE_BASE + 77, "data": 1, "last": 0})
    await ClockCycles(bench.dut.clk, 10)
    bench.dut.reset_req_n.value = 0
    await ClockCycles(bench.dut.clk, 20)
    timing.aw_stall = timing.w_stall = never
    await ClockCycles(bench.dut.clk, 20)
    bench.renew()
    bench.dut.reset_req_n.value = 1
    await bench.until_up()
    writes = [{"addr": WRITE_BASE + i, "data": 100 + i, "last": i == 7} for i in range(8)]
    for write in writes:
        bench.sources["sdp_wr"].append(write)
    await ClockCycles(bench.dut.clk, 60)
    require(bench.stored(writes[:-1]), "memory: the data of the writes are shifted")
    require(bench.stored(writes), "memory: the last write is missing")


@cocotb.test()
@cocotb.parametrize(first=["aw", "w"])
async def half_written(dut: Any, first: str) -> None:
    """A reset between the two halves of a write: the other half follows, and later writes keep their data."""
    bench = Bench(dut, seeded(), DbbTiming())
    await bench.start()
    await half_write(bench, first)
    bench.dbb.finish()


@cocotb.test()
@cocotb.parametrize(first=["aw", "w"])
async def bare_half_written(dut: Any, first: str) -> None:
    """The same without a guard, and a memory that does nothing about it: withdrawn, and later data are shifted.

    This is why the memory system has a duty (docs/reset.md).
    """
    reports: list[str] = []
    bench = Bench(dut, seeded(), DbbTiming(), reports.append)
    await bench.start()
    shifted = False
    try:
        await half_write(bench, first)
    except AssertionError as error:
        shifted = "shifted" in str(error)
    assert shifted
    assert any("withdrawn" in text for text in reports)


@cocotb.test()
async def nothing_under_way(dut: Any) -> None:
    """The accelerator is reset within a few cycles, for HOLD + 1 cycles, and `waiting` is 1 in the stop only."""
    bench = Bench(dut, seeded(), DbbTiming())
    await bench.start()
    dut.reset_req_n.value = 0
    await ClockCycles(dut.clk, 1)
    dut.reset_req_n.value = 1
    levels = []
    for _ in range(20):
        await FallingEdge(dut.clk)
        levels.append((pin(dut.dla_rst_n), pin(dut.waiting)))
    low = [i for i, (up, _) in enumerate(levels) if not up]
    require(low, "dla_rst_n does not fall in 20 cycles")
    expect_range("cycles until dla_rst_n falls", low[0], most=4)
    expect("cycles of dla_rst_n at 0", len(low), 5)
    expect_range("cycles until dla_rst_n rises", low[-1], most=17)
    expect("cycles of waiting", sum(waiting for _, waiting in levels), 1)


@cocotb.test()
async def power_on(dut: Any) -> None:
    """The accelerator stays in reset for HOLD + 1 cycles behind the reset of the memory system."""
    bench = Bench(dut, seeded(), DbbTiming())
    await bench.start()
    for _ in range(2):
        dut.por_rst_n.value = 0
        await ClockCycles(dut.clk, 10)
        await FallingEdge(dut.clk)
        dut.por_rst_n.value = 1
        cycles = 0
        while not pin(dut.dla_rst_n):
            await FallingEdge(dut.clk)
            cycles += 1
            expect_range("cycles until dla_rst_n rises", cycles, most=20)
        expect("cycles until dla_rst_n rises", cycles, 5)


@cocotb.test()
async def memory_that_hangs(dut: Any) -> None:
    """A memory that never answers keeps the accelerator in reset, which `waiting` tells; its own reset helps."""
    timing = DbbTiming(r_gap=silent)
    bench = Bench(dut, seeded(), timing)
    await bench.start()
    bench.ask(20)
    await ClockCycles(dut.clk, 30)
    await bench.reset(100)
    await ClockCycles(dut.clk, 1000)
    expect("dla_rst_n, waiting", (pin(dut.dla_rst_n), pin(dut.waiting)), (0, 1))
    timing.r_gap = never
    await reset(dut.clk, dut.por_rst_n)
    await bench.until_up()
    expect("waiting", pin(dut.waiting), 0)
    await bench.check(*bench.ask(40))
