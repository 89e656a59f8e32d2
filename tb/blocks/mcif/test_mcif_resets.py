"""Resets of the memory interface with requests under way: late answers reach nobody, later requests are answered."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import cocotb
from cocotb.task import Task
from cocotb.triggers import ClockCycles, FallingEdge
from test_mcif import READ_IDS, WRITE_IDS, Bench, check_arbiter, check_dones, random_requests, seeded

from cocotbext.dla import (
    DbbTiming,
    OnReset,
    Stall,
    StreamSource,
    expect,
    expect_beats,
    expect_bytes,
    expect_range,
    never,
    require,
    reset,
    some_stalls,
    start_clock,
)
from cocotbext.dla.pins import number

QUIET = 64
"""Parameter RESET_QUIET of this variant (bench.toml)."""

OUTPUTS = (
    *(f"{client}_rd_rsp_valid" for client in READ_IDS), *(f"{client}_wr_done" for client in WRITE_IDS),
    *(f"dbb_{name}" for name in ("awvalid", "awid", "awaddr", "wvalid", "wdata", "arvalid", "arid", "araddr")),
)  # fmt: skip
"""What is 0 in a reset: all that says that something is there, and every bit of the pins of the chip."""


def silent() -> bool:
    """A stall without end."""
    return True


class ResetBench(Bench):
    """Clients are reset with the interface: their sources are made anew. writing: the writes of the clients."""

    def __init__(self, dut: Any, rng: Random, timing: DbbTiming) -> None:
        super().__init__(dut, rng, timing)
        self.writing: list[Task[None]] = []

    def renew(self, idle: Callable[[], Stall] | None = None) -> None:
        """Clients that ask for nothing yet, and have seen nothing."""
        for source in (*self.readers.values(), *self.writers.values()):
            source.kill()
        stall = idle or (lambda: some_stalls(self.rng))
        self.readers = {c: StreamSource(self.dut, f"{c}_rd_req", self.dut.clk, ("addr",), stall()) for c in READ_IDS}
        fields = ("addr", "data", "last")
        self.writers = {c: StreamSource(self.dut, f"{c}_wr_req", self.dut.clk, fields, stall()) for c in WRITE_IDS}
        for monitor in self.answers.values():
            monitor.clear()
        for task in self.writing:
            task.cancel()
        self.writing.clear()

    def ask(self, count: int) -> dict[str, list[int]]:
        """Requests of every client, up to `count` each. Returns reads."""
        reads, writes = random_requests(self.rng, range(1, count + 1))
        for client, addresses in reads.items():
            for address in addresses:
                self.readers[client].append(address)
        for client, items in writes.items():
            self.writing.append(cocotb.start_soon(self.writers[client].send_all(items)))
        return reads

    async def check_reads(self, reads: dict[str, list[int]]) -> None:
        """Every client gets what it asked for, in order, and nothing else; then nothing is under way."""
        await self.wait(lambda: all(len(self.answers[c].items) >= len(reads[c]) for c in READ_IDS))
        await self.wait(lambda: all(task.done() for task in self.writing), what="the last write taken")
        await FallingEdge(self.dut.clk)  # the last write counts
        await self.wait(lambda: self.outstanding == (0, 0))
        await ClockCycles(self.dut.clk, 5)
        for client, addresses in reads.items():
            expected = [int.from_bytes(self.memory.read(8 * a, 8), "little") for a in addresses]
            answers = self.answers[client]
            expect_beats(f"{client}_rd_rsp", answers.items, expected, answers.times, check=expect_bytes)
        expect("outstanding reads, writes of the interface at the end", self.outstanding, (0, 0))
        require(self.dbb.idle, "DBB: the memory still owes answers")

    @property
    def outstanding(self) -> tuple[int, int]:
        """Reads and writes that the interface counts as under way."""
        return number(self.dut.u_read.outstanding), number(self.dut.u_write.outstanding)

    @property
    def dropped(self) -> tuple[int, int]:
        """Read beats and write responses dropped since the reset."""
        return number(self.dut.u_quiet.rd_dropped), number(self.dut.u_quiet.wr_dropped)


async def begin(dut: Any, rng: Random, timing: DbbTiming, on_reset: OnReset) -> ResetBench:
    """The bench after its first reset, with the memory's behaviour for those to come."""
    bench = ResetBench(dut, rng, timing)
    start_clock(dut.clk)
    await reset(dut.clk, dut.rst_n)
    bench.dbb.on_reset = on_reset
    bench.renew()
    return bench


@cocotb.test()
@cocotb.parametrize(on_reset=list(OnReset), run=range(3))
async def test_resets(dut: Any, on_reset: OnReset, run: int) -> None:
    """Random resets under random traffic, answers forgotten or kept, given during the reset or after it."""
    rng = seeded(on_reset, run)
    timing = DbbTiming.random(rng)
    timing.read_latency, timing.write_latency = (1, rng.choice([1, 20, 40])), (1, rng.choice([1, 20, 40]))
    bench = await begin(dut, rng, timing, on_reset)
    gaps = timing.r_gap, timing.b_gap
    for _ in range(8):
        bench.ask(150)
        await ClockCycles(dut.clk, rng.randrange(300))
        timing.r_gap = rng.choice([gaps[0], silent])
        timing.b_gap = rng.choice([gaps[1], silent])
        await ClockCycles(dut.clk, rng.randrange(60))
        dut.rst_n.value = 0
        if rng.random() < 0.5:
            timing.r_gap, timing.b_gap = gaps
        await ClockCycles(dut.clk, rng.randrange(1, 40))
        bench.renew()
        await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        reads = bench.ask(20)
        dones = cocotb.start_soon(check_dones(bench))
        await ClockCycles(dut.clk, rng.randrange(QUIET // 2))
        timing.r_gap, timing.b_gap = gaps
        await bench.check_reads(reads)
        dones.cancel()
    bench.dbb.finish()


@cocotb.test()
async def test_resets_with_256_owed(dut: Any) -> None:
    """The memory owes 256 reads and 256 writes, and gives them one by one, with pauses longer than the first wait."""
    timing = DbbTiming()
    bench = await begin(dut, seeded(), timing, OnReset.ANSWER)
    bench.renew(lambda: never)
    timing.r_gap = timing.b_gap = silent
    for client in ("cdma_dat", "sdp"):
        for i in range(200):
            bench.readers[client].append(i)
    for client in ("sdp", "pdp"):
        for i in range(200):
            bench.writers[client].append({"addr": 0x1000_0000 + i, "data": i, "last": i == 63})
    await bench.wait(lambda: bench.dbb.owed == (256, 256))
    dut.rst_n.value = 0
    await ClockCycles(dut.clk, 50)
    bench.renew()
    dut.rst_n.value = 1
    reads = bench.ask(20)
    while sum(bench.dbb.owed):
        await ClockCycles(dut.clk, 2 * QUIET if sum(bench.dbb.owed) == 400 else 3)
        asked = number(dut.dbb_arvalid), number(dut.dbb_awvalid)
        expect("dbb_arvalid, dbb_awvalid while late answers come", asked, (0, 0))
        timing.r_gap, timing.b_gap = one(), one()
    await ClockCycles(dut.clk, 2)
    expect("late read beats, write responses dropped", bench.dropped, (256, 256))
    timing.r_gap = timing.b_gap = never
    await bench.check_reads(reads)
    bench.dbb.finish()


def one() -> Stall:
    """A stall that lets one answer pass."""
    passed = False

    def stall() -> bool:
        nonlocal passed
        stalled, passed = passed, True
        return stalled

    return stall


@cocotb.test()
async def test_resets_quiet_time(dut: Any) -> None:
    """Without late answers the first request leaves RESET_QUIET cycles after the reset; one makes that 4 times."""
    timing = DbbTiming()
    bench = await begin(dut, seeded(), timing, OnReset.ANSWER)
    for late in (False, True):
        bench.renew(lambda: never)
        if late:
            timing.r_gap = silent
            bench.readers["pdp"].append(5)
            await bench.wait(lambda: bench.dbb.owed == (1, 0))
        dut.rst_n.value = 0
        await ClockCycles(dut.clk, 5)
        bench.renew(lambda: never)
        await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        bench.readers["sdp"].append(7)
        timing.r_gap = never
        cycles = await bench.wait(lambda: dut.dbb_arvalid.value == 1)
        wait = 4 * QUIET if late else QUIET
        expect_range("cycles from the reset to the first dbb_arvalid", cycles, wait, wait + 6)
        await bench.wait(lambda: len(bench.answers["sdp"].items) == 1)
        expect("answers of pdp from before the reset", bench.answers["pdp"].items, [])


@cocotb.test()
async def test_resets_answers_of_nobody(dut: Any) -> None:
    """Answers that no client is owed, at any time and with any id, are dropped and counted."""
    bench = await begin(dut, seeded(), DbbTiming(), OnReset.ANSWER)
    await ClockCycles(dut.clk, QUIET + 10)
    bench.dbb.ids = frozenset(range(16))
    for id_ in range(16):
        bench.dbb.answer_unasked(id_)
    await bench.wait(lambda: bench.dbb.idle)
    await ClockCycles(dut.clk, 3)
    expect("read beats, write responses of nobody dropped", bench.dropped, (16, 16))
    expect("outstanding reads, writes of the interface", bench.outstanding, (0, 0))
    given = {client: len(monitor.items) for client, monitor in bench.answers.items() if monitor.items}
    expect("answers that no client has asked for", given, {})
    reads = bench.ask(30)
    await bench.check_reads(reads)


@cocotb.test()
@cocotb.parametrize(last=list(READ_IDS))
async def test_resets_begin_with_the_first_client(dut: Any, last: str) -> None:
    """Whoever was served last: in reset all outputs are 0, and after it the search goes on at the first client."""
    bench = await begin(dut, seeded(last), DbbTiming(), OnReset.ANSWER)
    bench.renew(lambda: never)
    writer = last if last in WRITE_IDS else "sdp"
    bench.readers[last].append(0x1FFF_FFFF)
    bench.writers[writer].append({"addr": 0x1FFF_FFFF, "data": 2**64 - 1, "last": 0})
    await bench.wait(lambda: len(bench.answers[last].items) == 1 and bench.dbb.idle)
    dut.rst_n.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
        for name in OUTPUTS:
            expect(f"{name} in reset", number(getattr(dut, name)), 0, show=hex)
    bench.renew(lambda: never)
    reads = {client: [0x100 + client_id, 0x200 + client_id] for client, client_id in READ_IDS.items()}
    for client, addresses in reads.items():
        for address in addresses:
            bench.readers[client].append(address)
    for client, client_id in WRITE_IDS.items():
        items = [{"addr": 0x1000_0000 + 8 * client_id + i, "data": i, "last": 0} for i in range(2)]
        bench.writing.append(cocotb.start_soon(bench.writers[client].send_all(items)))
    dut.rst_n.value = 1
    checks = [cocotb.start_soon(check_arbiter(bench, ids, kind)) for ids, kind in ((READ_IDS, "rd"), (WRITE_IDS, "wr"))]
    await bench.check_reads(reads)
    for check in checks:
        check.cancel()
