"""DBB to AXI4: nothing lost, order of each id, bursts, widths, window, errors, resets; and cocotbext-axi's AxiRam."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, Timer
from dbb2axi_bench import READ_BASE, READERS, WRITE_BASE, WRITERS, Bench, seeded, walk

from cocotbext.dla import AxiTiming, expect, expect_range, hang, random_stalls, repeats, require, reset
from cocotbext.dla.axi import DECERR, OKAY, SLVERR
from cocotbext.dla.pins import number


@cocotb.test()
@cocotb.parametrize(run=range(3))
async def traffic(dut: Any, run: int) -> None:
    """Random requests of all clients against a random memory that reorders ids and interleaves their beats."""
    rng = seeded(run)
    timing = AxiTiming.random(rng)
    timing.reorder, timing.interleave = run > 0, run > 1
    bench = Bench(dut, rng, timing)
    await bench.start()
    for _ in range(2):
        bench.ask(repeats(240))
        await bench.settle()
        bench.check()
    expect("status", number(dut.status), 0)


@cocotb.test()
async def a_response_comes_after_its_data(dut: Any) -> None:
    """No DBB response before the AXI response that covers its beat: the interrupt of a layer relies on it."""
    rng = seeded()
    timing = AxiTiming(write_latency=(20, 60), b_gap=random_stalls(rng, 0.3), reorder=True)
    bench = Bench(dut, rng, timing, stalls=False)
    await bench.start()
    for item in walk(rng, WRITERS, WRITE_BASE, 200):
        bench.write(item["id"], item["addr"])
    for _ in range(20_000):
        await FallingEdge(dut.clk)
        for id_ in WRITERS:
            given = bench.b.items.count(id_)
            most = bench.max * bench.axi.committed[id_]
            expect_range(f"responses of id {id_} for those of AXI", given, most=most)
        if len(bench.b.items) == 200:
            break
    await bench.settle()
    bench.check()


@cocotb.test()
async def sequential_requests_become_long_bursts(dut: Any) -> None:
    """A row of beats at full rate: MAX_BEATS in a burst, split at 4 KiB, a beat a cycle in each direction."""
    bench = Bench(dut, seeded(), AxiTiming(read_latency=(20, 20), write_latency=(5, 5)), stalls=False)
    await bench.start()
    beats = 512
    for index in range(beats):  # 16 beats before a border of 4 KiB
        bench.read({"id": 8, "addr": READ_BASE + 4096 - 128 + 8 * index})
        bench.write(1, WRITE_BASE + 4096 - 128 + 8 * index)
    cycles = 0
    while len(bench.r.items) < beats or len(bench.b.items) < beats:
        await FallingEdge(dut.clk)
        cycles += 1
        if cycles >= 20 * beats:
            raise hang(f"{beats} beats take more than {cycles} cycles")
    bench.check()
    for tag in ("ar", "aw"):
        expect(f"bursts on {tag}", bench.bursts(tag), beats // bench.max)
    if bench.width >= 64:
        expect_range("cycles of 512 beats", cycles, beats, beats + 100)
    else:
        expect_range("cycles of 512 beats, 32 bits", cycles, 2 * beats, 2 * beats + 200)


@cocotb.test()
async def one_request_does_not_wait(dut: Any) -> None:
    """A single beat leaves without any other behind it."""
    bench = Bench(dut, seeded(), AxiTiming(), stalls=False)
    await bench.start()
    for id_, address in ((5, READ_BASE + 8), (9, READ_BASE + 0xFF8)):
        bench.read({"id": id_, "addr": address})
        bench.write(2, WRITE_BASE + (address & 0xFFF))
        await bench.settle(60)
    bench.check()


@cocotb.test()
@cocotb.parametrize(kind=["data first", "address first"])
async def slaves_that_wait(dut: Any, kind: str) -> None:
    """One takes an address only with its data there, the other data only behind an address: both may (AXI A3.3)."""
    timing = AxiTiming()
    bench = Bench(dut, seeded(kind), timing, stalls=False)
    if kind == "data first":
        timing.aw_stall = lambda: str(dut.m_axi_wvalid.value) != "1"
    else:
        timing.w_stall = lambda: not bench.axi._addresses
    await bench.start()
    for item in walk(bench.rng, WRITERS, WRITE_BASE, 100):
        bench.write(item["id"], item["addr"])
    await bench.settle()
    bench.check()


@cocotb.test()
async def slow_responses(dut: Any) -> None:
    """Responses stop until no more writes are taken, then come: nothing is lost, reads pass meanwhile."""
    blocked = True
    timing = AxiTiming(b_gap=lambda: blocked)
    bench = Bench(dut, seeded(), timing, stalls=False)
    await bench.start()
    for index in range(200):
        bench.write(WRITERS[index % 3], WRITE_BASE + 8 * index)
    await ClockCycles(dut.clk, 800)
    expect("responses", len(bench.b.items), 0)
    for item in walk(bench.rng, READERS, READ_BASE, 50):
        bench.read(item)
    await ClockCycles(dut.clk, 400)
    expect("read beats", len(bench.r.items), 50)
    blocked = False
    await bench.settle()
    bench.check()


@cocotb.test()
@cocotb.parametrize(run=range(2))
async def window(dut: Any, run: int) -> None:
    """Requests outside go to the first word of the window, and write nothing; they are counted, the first is kept."""
    rng = seeded(run)
    bench = Bench(dut, rng, AxiTiming.random(rng))
    await bench.start()
    low, high = READ_BASE + 0x2000, WRITE_BASE + 0x4FFF
    dut.base.value, dut.limit.value = low >> 12, high >> 12
    bench.axi.window = (low, high + 1)
    untouched = bench.memory.read(low, 8)
    bench.ask(repeats(250))
    outside = [item["addr"] for item in (*bench.reads, *bench.writes) if not low <= item["addr"] <= high]
    assert outside
    await bench.settle()
    bench.check(redirected=low)
    expect(f"memory at {low:#010x}, that nobody may write", bench.memory.read(low, 8), untouched, show=bytes.hex)
    expect("refusals", number(dut.refusals), len(outside))
    refused = (any(r["addr"] < low for r in bench.reads), any(w["addr"] > high for w in bench.writes))
    expect("status", number(dut.status), 16 * refused[0] + 32 * refused[1])
    firsts = [
        next((i["addr"] for i in items if not low <= i["addr"] <= high), None) for items in (bench.reads, bench.writes)
    ]
    told = number(dut.refused_addr)
    require(told in firsts, f"refused_addr: got {told:#010x}, none of the first")
    await clear(dut, status=48, counts=4)
    expect("refusals, status", (number(dut.refusals), number(dut.status)), (0, 0))
    address = high + 1 + 8 * rng.randrange(100)
    bench.write(1, address)
    await bench.settle()
    expect("refused address", number(dut.refused_addr), address)
    expect("refusals, status", (number(dut.refusals), number(dut.status)), (1, 32))


async def clear(dut: Any, status: int = 0, counts: int = 0) -> None:
    """Pulses that clear sticky bits and counters."""
    dut.clear_status.value, dut.clear_counts.value = status, counts
    await ClockCycles(dut.clk, 1)
    dut.clear_status.value = dut.clear_counts.value = 0
    await ClockCycles(dut.clk, 2)
    await FallingEdge(dut.clk)


@cocotb.test()
async def error_responses(dut: Any) -> None:
    """SLVERR and DECERR are counted, sticky until cleared, and stop nothing: every request still has its answer."""
    rng = seeded()
    bad = (SLVERR, DECERR, OKAY, OKAY)  # by the number of the page
    bench = Bench(dut, rng, AxiTiming.random(rng), fault=lambda write, address: bad[address >> 12 & 3])
    await bench.start()
    for bit, (id_, write, address) in enumerate(itertools.product([2], [False, True], [0x10, 0x1010])):
        if write:
            bench.write(id_, WRITE_BASE + address)
        else:
            bench.read({"id": id_, "addr": READ_BASE + address})
        await bench.settle()
        expect("status", number(dut.status), 1 << bit)
        expect("id of the error", number(dut.error_id), id_)
        await clear(dut, status=1 << bit)
        expect("status when cleared", number(dut.status), 0)
    await clear(dut, counts=3)
    before = bench.axi.statistics.copy()
    bench.ask(repeats(300))
    bench.read({"id": 2, "addr": READ_BASE + 0x1010})  # at least one of each, whatever is drawn
    bench.write(2, WRITE_BASE + 0x1010)
    await bench.settle()
    wrong = bench.axi.statistics - before
    for tag, counter in (("r", dut.read_errors), ("b", dut.write_errors)):
        expect(f"errors on {tag}", number(counter), wrong[tag, SLVERR] + wrong[tag, DECERR])
    kinds = [("r", SLVERR), ("r", DECERR), ("b", SLVERR), ("b", DECERR)]
    expect("status", number(dut.status), sum(1 << bit for bit, kind in enumerate(kinds) if wrong[kind]))
    assert wrong["r", DECERR] and wrong["b", DECERR]
    await clear(dut, counts=1)
    expect("read errors when cleared", number(dut.read_errors), 0)


@cocotb.test()
async def side_band(dut: Any) -> None:
    """AxPROT, AxCACHE, AxQOS as the parameters say, no locks, in every request."""
    bench = Bench(dut, seeded(), AxiTiming(), stalls=False)
    await bench.start()
    bench.ask(20)
    seen = set()
    for _ in range(400):
        await FallingEdge(dut.clk)
        for tag in ("m_axi_ar", "m_axi_aw"):
            if str(getattr(dut, f"{tag}valid").value) == "1":
                seen.add(tuple(number(getattr(dut, tag + pin)) for pin in ("prot", "cache", "qos", "lock")))
    expect("prot, cache, qos, lock", seen, {(3, 15, 5, 0)})


@cocotb.test()
async def resets(dut: Any) -> None:
    """A reset of bridge and memory at any time, also in the middle of bursts: what comes next is right."""
    rng = seeded()
    bench = Bench(dut, rng, AxiTiming.random(rng))
    await bench.start()
    for _ in range(repeats(6)):
        bench.ask(100)
        await ClockCycles(dut.clk, rng.randrange(5, 150))
        await Timer(rng.randrange(1, 4_900), unit="ps")
        for source in (bench.ar, bench.aw, bench.w):
            source.clear()
            source.kill()
        for pin in (dut.ar_valid, dut.aw_valid, dut.w_valid):
            pin.value = 0
        await reset(dut.clk, dut.rst_n, cycles=rng.randrange(2, 8))
        fresh = Bench(dut, rng, bench.axi.timing, axi=False)
        fresh.axi, fresh.memory, fresh.max = bench.axi, bench.memory, bench.max
        bench = fresh
        bench.ask(60)
        await bench.settle()
        bench.check()


@cocotb.test()
@cocotb.parametrize(pauses=[0.0, 0.5])
async def axi_ram_of_cocotbext_axi(dut: Any, pauses: float) -> None:
    """The public AXI model takes our bursts: it asserts 4 KiB, widths and wlast on its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cocotbext.axi import AxiBus, AxiRam

        rng = seeded(pauses)
        bench = Bench(dut, rng, AxiTiming(), axi=False)
        ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst_n, reset_active_level=False, size=1 << 32)
        channels = (ram.write_if.aw_channel, ram.write_if.w_channel, ram.write_if.b_channel)
        for channel in (*channels, ram.read_if.ar_channel, ram.read_if.r_channel):
            channel.log.setLevel("WARNING")
            if pauses:
                channel.set_pause_generator(iter(lambda: rng.random() < pauses, None))
        for part in (ram.write_if, ram.read_if):
            part.log.setLevel("WARNING")
        ram.write(READ_BASE, rng.randbytes(1 << 15))
        bench.memory = ram  # type: ignore[assignment]
        await bench.start()
        bench.ask(repeats(150))
        await bench.settle()
        bench.check()


