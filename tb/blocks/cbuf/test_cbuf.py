"""Convolution buffer: every entry, both readers and the writer at once, fixed latency."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocodla.hw import CBUF_BANK_ENTRIES, CBUF_BANKS
from cocotbext.dla import expect, expect_bytes, reset, start_clock
from cocotbext.dla.pins import known, number

ENTRIES = CBUF_BANKS * CBUF_BANK_ENTRIES
LATENCY = 3


class Bench:
    """One cycle at a time: what is written and read, and the check of what comes back."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.contents: dict[int, int] = {}
        self.expected: deque[dict[str, tuple[int, int]]] = deque([{}] * LATENCY)  # port -> entry, content

    @staticmethod
    async def start(dut: Any, data_banks: int = 1) -> Bench:
        """After reset. data_banks: how many of the banks hold data; the others hold weights."""
        bench = Bench(dut)
        bench.split(data_banks)
        names = ("wr_valid", "wr_addr", "wr_data", "dat_rd_en", "dat_rd_addr0", "dat_rd_addr1", "wt_rd_en")
        for name in (*names, "wt_rd_addr"):
            getattr(dut, name).value = 0
        start_clock(dut.clk)
        await reset(dut.clk, dut.rst_n)
        return bench

    def split(self, data_banks: int) -> None:
        """Change the number of banks with data, which voids the contents."""
        self.dut.last_data_bank.value = data_banks - 1
        self.contents.clear()

    async def cycle(
        self,
        write: tuple[int, int] | None = None,
        data0: int | None = None,
        data1: int | None = None,
        weight: int | None = None,
    ) -> None:
        """Drive one cycle; compare the answers of the reads made LATENCY cycles ago."""
        dut = self.dut
        dut.wr_valid.value = write is not None
        if write is not None:
            dut.wr_addr.value, dut.wr_data.value = write
        dut.dat_rd_en.value = (data0 is not None) | (data1 is not None) << 1
        dut.wt_rd_en.value = weight is not None
        reads = {"dat_rd_data0": data0, "dat_rd_data1": data1, "wt_rd_data": weight}
        for port, address in zip(("dat_rd_addr0", "dat_rd_addr1", "wt_rd_addr"), reads.values(), strict=True):
            if address is not None:
                getattr(dut, port).value = address
        if write is not None:
            self.contents[write[0]] = write[1]
        self.expected.append({p: (a, self.contents[a]) for p, a in reads.items() if a is not None})
        await FallingEdge(dut.clk)
        for port, (entry, value) in self.expected.popleft().items():
            where = f"{port}, entry {entry} (bank {entry // CBUF_BANK_ENTRIES})"
            expect(f"{where}, holds X", not known(getattr(dut, port)), False)
            expect_bytes(where, number(getattr(dut, port)), value)
        await RisingEdge(dut.clk)

    async def drain(self) -> None:
        for _ in range(LATENCY):
            await self.cycle()


@cocotb.test()
@cocotb.parametrize(data_banks=[16, 17])
async def test_every_entry(dut: Any, data_banks: int) -> None:
    """Each entry is distinct and can be read on each port, with an even and an odd number of data banks."""
    rng = Random(cocotb.RANDOM_SEED)
    bench = await Bench.start(dut, data_banks)
    for address in range(ENTRIES):
        await bench.cycle(write=(address, rng.getrandbits(64)))
    for address in range(0, ENTRIES, 2):
        weight = (address + ENTRIES // 2) % ENTRIES  # a bank of another pair
        swap = rng.random() < 0.5
        await bench.cycle(data0=address + swap, data1=address + 1 - swap, weight=weight + rng.randrange(2))
    await bench.drain()


@cocotb.test()
async def test_border(dut: Any) -> None:
    """The last bank of data and the first of weights are read at once, even and odd entries, however many banks there
    are for data; and all that was written is where it was while the number stays."""
    rng = Random(cocotb.RANDOM_SEED)
    bench = await Bench.start(dut)
    for data_banks in range(1, CBUF_BANKS):
        bench.split(data_banks)
        border = data_banks * CBUF_BANK_ENTRIES
        last = border - CBUF_BANK_ENTRIES
        away = rng.randrange(border, ENTRIES, 2) if data_banks < CBUF_BANKS - 1 else border
        entries = sorted({*range(last, last + 4), *range(border, border + 4), 0, 1, away, away + 1, ENTRIES - 1})
        for address in entries:
            await bench.cycle(write=(address, rng.getrandbits(64)))
        weights = [address for address in entries if address >= border]
        for weight in weights:
            for data in (last, last + 2, 0):
                await bench.cycle(data0=data, data1=data + 1, weight=weight)
                await bench.cycle(data0=data + 1, data1=data, weight=weight)
        await bench.drain()


@cocotb.test()
@cocotb.parametrize(data_banks=[1, 7, 16, 30, 31])
async def test_random(dut: Any, data_banks: int) -> None:
    """Writes and reads of both regions in every cycle, pairs that wrap, read right after write."""
    rng = Random(cocotb.RANDOM_SEED)
    bench = await Bench.start(dut, data_banks)
    split = data_banks * CBUF_BANK_ENTRIES
    window = [rng.randrange(split) for _ in range(40)] + [rng.randrange(split, ENTRIES) for _ in range(40)]
    pairs = {a: (a ^ 1) if rng.random() < 0.5 else (a + 1 if a % 2 else a - 1) % split for a in window if a < split}
    known = sorted({*window, *pairs.values()})
    for address in known:
        await bench.cycle(write=(address, rng.getrandbits(64)))
    data = sorted(pairs)
    weights = [a for a in known if a >= split]
    written = data[0]
    reading: set[int | None] = set()  # begun in the cycle before: not to be written now
    for _ in range(3000):
        target = rng.choice([address for address in known if address not in reading])
        write = (target, rng.getrandbits(64)) if rng.random() < 0.6 else None
        first = second = None
        if rng.random() < 0.8:
            # read-after-write: what was written in the cycle before, or is written in this very cycle
            first = rng.choice([rng.choice(data), written if written in pairs else data[0]])
            second = pairs[first] if rng.random() < 0.7 else None
            if rng.random() < 0.2:
                first, second = second, first
        weight = rng.choice(weights) if rng.random() < 0.8 else None
        await bench.cycle(write, first, second, weight)
        reading = {first, second, weight}
        written = write[0] if write else written
    await bench.drain()


@cocotb.test()
@cocotb.parametrize(banks=[(2, 1), (1, 2), (16, 17), (17, 16), (3, 31)])
async def test_banks_change_while_reads_end(dut: Any, banks: tuple[int, int]) -> None:
    """Reads of the layer before that begin with the change of the split, or shortly behind, see its words; those of the
    next layer see what is written from then on."""
    rng = Random(cocotb.RANDOM_SEED)
    before, after = banks
    bench = await Bench.start(dut, before)
    for split in (before, after):
        edge = split * CBUF_BANK_ENTRIES
        data, weights = [0, 1, edge - 2, edge - 1], [edge, edge + 1, ENTRIES - 1]
        for address in [*data, *weights]:
            await bench.cycle(write=(address, rng.getrandbits(64)))
        dut.last_data_bank.value = after - 1
        for first, weight in zip(data * 3, weights * 4, strict=True):
            await bench.cycle(data0=first, data1=first ^ 1, weight=weight)
        await bench.drain()


@cocotb.test()
async def test_idle_output_holds(dut: Any) -> None:
    """Outputs keep their value while nothing is read (no toggling, no power)."""
    bench = await Bench.start(dut)
    await bench.cycle(write=(6, 0x1234))
    await bench.cycle(write=(600, 0x5678))
    await bench.cycle(data0=6, weight=600)
    await bench.cycle()
    for value in range(10):
        await bench.cycle(write=(6, value))
    expect("dat_rd_data0 while nothing is read", number(dut.dat_rd_data0), 0x1234, show=hex)
    expect("wt_rd_data while nothing is read", number(dut.wt_rd_data), 0x5678, show=hex)


@cocotb.test()
@cocotb.parametrize(cycles=[0, 1, 2])
async def test_reset_drops_reads(dut: Any, cycles: int) -> None:
    """A read that is under way for so many cycles when reset falls never comes out, neither in reset nor after it."""
    bench = await Bench.start(dut)
    for entry, value in ((6, 0x1234), (7, 0x2345), (600, 0x5678), (8, 0xAAAA), (9, 0xBBBB), (602, 0xCCCC)):
        await bench.cycle(write=(entry, value))
    await bench.cycle(data0=6, data1=7, weight=600)
    await bench.drain()
    await bench.cycle(data0=8, data1=9, weight=602)
    dut.dat_rd_en.value, dut.wt_rd_en.value = 0, 0
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    if cycles == 2:
        bench.contents |= {6: 0xAAAA, 7: 0xBBBB, 600: 0xCCCC}  # too late: it is out
    dut.rst_n.value = 0
    for level in [0] * 4 + [1] * 5:
        await FallingEdge(dut.clk)
        for port, entry in (("dat_rd_data0", 6), ("dat_rd_data1", 7), ("wt_rd_data", 600)):
            expect(f"{port}, rst_n {level}", number(getattr(dut, port)), bench.contents[entry], show=hex)
        await RisingEdge(dut.clk)
        dut.rst_n.value = level
