"""Asynchronous FIFO: nothing lost, doubled or reordered at any clock ratio; full rate; quiet in reset."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from cocotbext.dla import (
    Stall,
    StreamChecker,
    StreamSink,
    StreamSource,
    bursts,
    expect,
    expect_beats,
    expect_range,
    never,
    random_stalls,
    start_clock,
    within,
)
from cocotbext.dla.pins import number

CYCLES_A_WORD = 20
"""Of the slower clock, at most: both sides stall, and with 4 words each waits for the other's pointer."""

DEPTH_OF_WIDTH = {32: 8, 50: 4}  # the variants of bench.toml


class TB:
    """Source on wr_clk, sink on rd_clk."""

    def __init__(self, dut: Any, wr_period: float, rd_period: float, idle: Stall, stall: Stall) -> None:
        self.dut = dut
        dut._log.info(f"write period {wr_period:.2f} ns, read period {rd_period:.2f} ns")
        dut.wr_rst_n.value = 0
        dut.rd_rst_n.value = 0
        start_clock(dut.wr_clk, wr_period)
        start_clock(dut.rd_clk, rd_period)
        self.slower = dut.wr_clk if wr_period > rd_period else dut.rd_clk
        self.source = StreamSource(dut, "in", dut.wr_clk, idle=idle)
        self.sink = StreamSink(dut, "out", dut.rd_clk, reset_n=dut.rd_rst_n, backpressure=stall)
        StreamChecker(dut, "out", dut.rd_clk, reset_n=dut.rd_rst_n)

    async def reset(self) -> None:
        """Both sides, the read side a little later or earlier."""
        dut = self.dut
        await ClockCycles(dut.wr_clk, 3)
        await ClockCycles(dut.rd_clk, 3)
        order = random.sample([(dut.wr_clk, dut.wr_rst_n), (dut.rd_clk, dut.rd_rst_n)], 2)
        for clock, reset_n in order:
            await RisingEdge(clock)
            reset_n.value = 1

    async def pass_words(self, count: int) -> None:
        """Send random words, receive and compare."""
        width = len(self.dut.in_data)
        words = [random.getrandbits(width) for _ in range(count)]
        seen = len(self.sink.items)
        limit = CYCLES_A_WORD * (count + DEPTH_OF_WIDTH[width])
        await within(self.slower, limit, self.source.send_all(words), f"sending {count} words")
        received = await within(self.slower, limit, self.sink.wait_items(seen + count), f"receiving {count} words")
        expect_beats("out", received[seen:], words, self.sink.times[seen:], "word {}".format, partial(expect, show=hex))
        await ClockCycles(self.dut.rd_clk, 20)
        expect("words out", len(self.sink.items), seen + count)


@cocotb.test()
@cocotb.parametrize(pattern=["full", "idle", "stall", "both"], ratio=[1.0, 0.29, 3.7, 1.003, 0.0])
async def any_ratio(dut: Any, pattern: str, ratio: float) -> None:
    """600 words at a clock ratio (0: drawn) with idle cycles and back-pressure."""
    idle = random_stalls(random, 0.4) if pattern in ("idle", "both") else never
    stall = bursts(random) if pattern in ("stall", "both") else never
    tb = TB(dut, 10, 10 * (ratio or random.uniform(0.1, 10)), idle, stall)
    await tb.reset()
    await tb.pass_words(600)


@cocotb.test()
async def full_rate(dut: Any) -> None:
    """With equal clocks and a depth of 8 in_ready never falls; 4 words are too few for that."""
    tb = TB(dut, 10, 10, never, never)
    await tb.reset()
    await ClockCycles(dut.wr_clk, 5)
    refused = 0

    async def watch() -> None:
        nonlocal refused
        while True:
            await FallingEdge(dut.wr_clk)
            refused += number(dut.in_valid) and not number(dut.in_ready)

    watcher = cocotb.start_soon(watch())
    await tb.pass_words(400)
    watcher.cancel()
    full_rate = DEPTH_OF_WIDTH[len(dut.in_data)] >= 8
    expect_range("cycles in which in_ready is 0", refused, *((0, 0) if full_rate else (1,)))


@cocotb.test()
async def holds_its_depth(dut: Any) -> None:
    """With a sink that takes nothing exactly DEPTH words go in; later all come out in order."""
    open_sink = [False]
    tb = TB(dut, 10, 13, never, lambda: not open_sink[0])
    await tb.reset()
    await ClockCycles(dut.wr_clk, 5)
    depth = DEPTH_OF_WIDTH[len(dut.in_data)]
    task = cocotb.start_soon(tb.pass_words(40))
    accepted = 0
    for _ in range(60):
        await FallingEdge(dut.wr_clk)
        accepted += number(dut.in_valid) and number(dut.in_ready)
    expect("words taken in", accepted, depth)
    open_sink[0] = True
    await task


@cocotb.test()
async def offered_before_reset_ends(dut: Any) -> None:
    """Words that are offered from before the reset ends are taken once each, none before the read side can know."""
    tb = TB(dut, 10, 7, never, never)
    task = cocotb.start_soon(tb.pass_words(20))
    await ClockCycles(dut.wr_clk, 2)
    await tb.reset()
    await task


@cocotb.test()
async def nothing_is_taken_in_reset(dut: Any) -> None:
    """in_ready is 0 in reset and out_valid stays 0."""
    tb = TB(dut, 10, 7, never, never)
    dut.in_valid.value = 1
    for _ in range(20):
        await FallingEdge(dut.wr_clk)
        expect("in_ready in reset", number(dut.in_ready), 0)
        expect("out_valid in reset", number(dut.out_valid), 0)
    dut.in_valid.value = 0
    await tb.reset()
    await tb.pass_words(20)


@cocotb.test()
@cocotb.parametrize(rd_period=[3, 10, 31])
async def reset_with_words_inside(dut: Any, rd_period: float) -> None:
    """Words inside when both sides are reset are gone, from the moment it begins; those sent later come whole."""
    open_sink = [False]
    tb = TB(dut, 10, rd_period, never, lambda: not open_sink[0])
    await tb.reset()
    depth = DEPTH_OF_WIDTH[len(dut.in_data)]
    for count in [*range(1, depth + 1), *(random.randrange(1, depth + 1) for _ in range(4))]:
        await tb.source.send_all([random.getrandbits(len(dut.in_data)) for _ in range(count)])
        await ClockCycles(tb.slower, random.randrange(8))
        dut.wr_rst_n.value = dut.rd_rst_n.value = 0
        for _ in range(6):
            await FallingEdge(tb.slower)
            expect("in_ready, out_valid in reset", (int(dut.in_ready.value), int(dut.out_valid.value)), (0, 0))
        open_sink[0] = True
        await tb.reset()
        await tb.pass_words(2 * depth)
        open_sink[0] = False
        await ClockCycles(dut.rd_clk, 2)
