"""AXI4-Lite to CSB with cocotbext-axi's AxiLiteMaster: values, refusals, resets of the accelerator, time-outs."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from csb_slave import Words

from cocotbext.dla import expect, expect_range, hexadecimal, repeats, reset, some_stalls, start_clock, within
from cocotbext.dla.pins import number

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

OWN, SHELL, END = 0x40000, 0x41000, 0x42000
LIMIT = 3_000
"""Cycles that no access may take."""


class Bench:
    """A master, a CSB and the shell's registers."""

    def __init__(self, dut: Any, *more: object, pauses: float = 0.0, stalls: bool = True) -> None:
        self.dut, self.rng = dut, Random(f"{cocotb.RANDOM_SEED}-{more}")
        dut.dla_rstn.value = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.master = AxiLiteMaster(
                AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst_n, reset_active_level=False
            )
        write, read = self.master.write_if, self.master.read_if
        for part in (write, read):
            part.log.setLevel("WARNING")
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            channel.log.setLevel("WARNING")
            if pauses:
                channel.set_pause_generator(iter(lambda: self.rng.random() < pauses, None))
        pattern = some_stalls if stalls else (lambda rng: lambda: False)
        self.csb = Words(dut, "csb", self.rng, 20, pattern(self.rng))
        self.shell = Words(dut, "reg", self.rng, 20, pattern(self.rng))

    async def start(self) -> None:
        """Reset, then the clock: cocotbext-axi looks at the pins from the first edge on."""
        self.dut.rst_n.value = 0
        await Timer(1, unit="ns")
        start_clock(self.dut.clk)
        await reset(self.dut.clk, self.dut.rst_n)
        self.dut.dla_rstn.value = 1
        await ClockCycles(self.dut.clk, 8)

    async def write(self, address: int, data: int, response: AxiResp = AxiResp.OKAY) -> None:
        """Write a word and look at the response."""
        await self.write_bytes(address, data.to_bytes(4, "little"), response)

    async def write_bytes(self, address: int, data: bytes, response: AxiResp = AxiResp.OKAY) -> None:
        """Write some bytes of a word."""
        got = await within(self.dut.clk, LIMIT, self.master.write(address, data), f"a write of {address:#07x}")
        expect(f"response to a write of {len(data)} bytes at {address:#07x}", got.resp, response)

    async def read(self, address: int, response: AxiResp = AxiResp.OKAY, length: int = 4) -> int:
        """Read a word (or, as AXI4-Lite has no sizes, a word around an unaligned byte)."""
        got = await within(self.dut.clk, LIMIT, self.master.read(address, length), f"a read of {address:#07x}")
        expect(f"response to a read of {address:#07x}", got.resp, response)
        return int.from_bytes(got.data, "little")

    async def counts(self) -> list[int]:
        """Parts of words, unaligned, nowhere, lost; read from the bridge."""
        return [await self.read(OWN + 8 + 4 * index) for index in range(4)]


@cocotb.test()
@cocotb.parametrize(pauses=[0.0, 0.5])
async def accesses(dut: Any, pauses: float) -> None:
    """Random reads and writes of both spaces: each is one request behind the bridge, in order, with its value."""
    bench = Bench(dut, pauses, pauses=pauses)
    await bench.start()
    values: dict[int, int] = {}
    expected: dict[str, list[tuple[bool, int, int]]] = {"csb": [], "reg": []}
    for _ in range(repeats(300)):
        csb = bench.rng.random() < 0.7
        index = bench.rng.choice([0, 0xFFFF, bench.rng.randrange(1 << 16)])
        address = 4 * index if csb else SHELL + 4 * (index % 1024)
        write, data = bench.rng.random() < 0.5, bench.rng.getrandbits(32)
        if not write and values and bench.rng.random() < 0.8:
            address = bench.rng.choice([*values])
        space, mask = ("csb", 0xFFFF) if address < OWN else ("reg", 0x3FF)
        expected[space].append((write, address >> 2 & mask, data if write else 0))
        if write:
            await bench.write(address, data)
            values[address] = data
        else:
            expect(f"s_axi, read of {address:#07x}", await bench.read(address), values.get(address, 0), show=hex)
    expect("CSB requests", bench.csb.log, expected["csb"], show=hexadecimal)
    expect("requests to the shell", bench.shell.log, expected["reg"], show=hexadecimal)
    expect("error (the pin)", number(dut.error), 0)
    expect("s_axi, counts (parts, unaligned, nowhere, lost)", await bench.counts(), [0, 0, 0, 0])


@cocotb.test()
async def both_directions_take_turns(dut: Any) -> None:
    """Reads and writes that always wait: neither starves."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    reads = [cocotb.start_soon(bench.read(4 * index)) for index in range(20)]
    writes = [cocotb.start_soon(bench.write(0x100 + 4 * index, index)) for index in range(20)]
    for task in (*reads, *writes):
        await task
    kinds = [write for write, _, _ in bench.csb.log]
    longest = max(len(run) for kind in "01" for run in "".join("01"[k] for k in kinds[:36]).split("10"[int(kind)]))
    expect_range("accesses of a kind in a row while both ask", longest, most=3)


@cocotb.test()
async def refusals(dut: Any) -> None:
    """Parts of words, unaligned and absent addresses: SLVERR, DECERR, counted, sticky, nothing behind sees them."""
    bench = Bench(dut)
    await bench.start()
    await bench.write(0x1000, 0x11223344)
    seen = len(bench.csb.log)
    counts = [0, 0, 0, 0]
    for _ in range(60):
        kind = bench.rng.randrange(4)
        base = bench.rng.choice([0x1000, SHELL, OWN + 4])
        if kind == 0:
            start = bench.rng.randrange(4)
            length = bench.rng.randrange(1, 5 - start) if start else bench.rng.randrange(1, 4)
            await bench.write_bytes(base + start, bytes(length), AxiResp.SLVERR)
            counts[1 if start else 0] += 1
        elif kind == 1:
            await bench.read(bench.rng.choice([END, 0xFFFFC, END + 4 * bench.rng.randrange(1000)]), AxiResp.DECERR)
            counts[2] += 1
        elif kind == 2:
            await bench.write(bench.rng.choice([END, 0xFFFFC]), 1, AxiResp.DECERR)
            counts[2] += 1
        else:
            await raw_read(bench, base + bench.rng.randrange(1, 4), AxiResp.SLVERR)
            counts[1] += 1
    expect("CSB requests of refused accesses", len(bench.csb.log), seen)
    expect("requests to the shell", bench.shell.log, [])
    expect("s_axi, counts (parts, unaligned, nowhere, lost)", await bench.counts(), counts)
    expect("sticky bits", await bench.read(OWN), 7)
    expect("error (the pin)", number(dut.error), 1)
    await bench.write(OWN + 4, 7)
    expect("error (the pin), masked", number(dut.error), 0)
    await bench.write(OWN + 4, 0)
    for bit in range(3):
        expect("error (the pin)", number(dut.error), 1)
        await bench.write(OWN, 1 << bit)
        await bench.write(OWN + 8 + 4 * bit, 0)
    expect("error (the pin), all cleared", number(dut.error), 0)
    expect("s_axi, counts (parts, unaligned, nowhere, lost), all cleared", await bench.counts(), [0, 0, 0, 0])
    expect("s_axi, the register", await bench.read(0x1000), 0x11223344)


async def raw_read(bench: Bench, address: int, response: AxiResp) -> None:
    """A read whose address is no multiple of 4: AxiLiteMaster aligns its addresses."""
    channel = bench.master.read_if.ar_channel
    item = channel._transaction_obj()
    item.araddr, item.arprot = address, 0
    await channel.send(item)
    answer = await within(bench.dut.clk, LIMIT, bench.master.read_if.r_channel.recv(), f"a read of {address:#07x}")
    expect(f"response to an unaligned read of {address:#07x}", AxiResp(int(answer.rresp)), response)


@cocotb.test()
async def a_write_without_strobes_does_nothing(dut: Any) -> None:
    """Interconnects send such writes: OKAY, no register is written. An unaligned write of a whole word is refused."""
    bench = Bench(dut)
    await bench.start()
    cases = [(0x1000, 0, AxiResp.OKAY), (OWN + 4, 0, AxiResp.OKAY), (0x1001, 15, AxiResp.SLVERR)]
    for address, strobes, response in cases:
        aw, w, b = (getattr(bench.master.write_if, f"{name}_channel") for name in ("aw", "w", "b"))
        request, data = aw._transaction_obj(), w._transaction_obj()
        request.awaddr, request.awprot = address, 0
        data.wdata, data.wstrb = 0xFFFFFFFF, strobes
        await w.send(data)
        await ClockCycles(dut.clk, bench.rng.randrange(10))
        await aw.send(request)
        answer = await within(dut.clk, LIMIT, b.recv(), "a write")
        expect("response", AxiResp(int(answer.bresp)), response)
    expect("CSB requests", bench.csb.log, [])
    expect("mask of the bridge", await bench.read(OWN + 4), 0)
    expect("s_axi, counts (parts, unaligned, nowhere, lost)", await bench.counts(), [0, 1, 0, 0])


@cocotb.test()
async def accelerator_resets(dut: Any) -> None:
    """Resets of the accelerator at any time: each access ends, lost ones with SLVERR, none with a stale answer."""
    bench = Bench(dut, pauses=0.2)
    await bench.start()
    posted = str(dut.nposted.value) == "0"
    stop = False

    async def reset_now_and_then() -> None:
        while not stop:
            await ClockCycles(dut.clk, bench.rng.randrange(5, 120))
            await Timer(bench.rng.randrange(1, 4_900), unit="ps")
            dut.dla_rstn.value = 0
            await Timer(bench.rng.choice([100, 1_000, 60_000, 400_000]), unit="ps")
            dut.dla_rstn.value = 1

    task = cocotb.start_soon(reset_now_and_then())
    lost = fine = 0
    for index in range(repeats(240)):
        address = 4 * (index % 50)
        bench.csb.words[address >> 2] = value = bench.rng.getrandbits(32)
        if bench.rng.random() < 0.5:
            got = await within(dut.clk, LIMIT, bench.master.read(address, 4), "a read")
            if got.resp == AxiResp.OKAY:
                expect(f"s_axi, read of {address:#x}", int.from_bytes(got.data, "little"), value, show=hex)
        else:
            got = await within(dut.clk, LIMIT, bench.master.write(address, value.to_bytes(4, "little")), "a write")
            if posted:
                expect(f"resp of a posted write of {address:#x}", got.resp, AxiResp.OKAY)
        lost, fine = lost + (got.resp == AxiResp.SLVERR), fine + (got.resp == AxiResp.OKAY)
    stop = True
    await task
    assert lost and fine, f"{lost} lost, {fine} done"
    expect("lost accesses that are counted", (await bench.counts())[3], lost)


@cocotb.test()
async def time_outs(dut: Any) -> None:
    """No answer, or never ready: SLVERR after TIMEOUT cycles; the late answer is nobody's, the next one waits."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    bench.csb.words = {1: 0x1111, 2: 0x2222}
    for rounds in range(3):
        bench.csb.silent = True
        await bench.read(4, AxiResp.SLVERR)
        await bench.read(8, AxiResp.SLVERR)  # waits behind the first
        expect("answers owed", bench.csb.owed, 1)
        bench.csb.silent = False
        expect("s_axi, the next read", await bench.read(8), 0x2222)
        bench.csb.refuse = True
        await bench.read(4, AxiResp.SLVERR)
        bench.csb.refuse = False
        expect("s_axi, the next read", await bench.read(8), 0x2222)
        bench.shell.silent = True
        await bench.read(SHELL, AxiResp.SLVERR)
        await bench.write(SHELL + 4, 1, AxiResp.SLVERR)
        bench.shell.silent = False
        bench.shell.words[2] = rounds
        expect("s_axi, the next read of the shell", await bench.read(SHELL + 8), rounds)
        expect("lost", (await bench.counts())[3], 5 * (rounds + 1))
    expect("error (the pin)", number(dut.error), 1)
    await bench.write(OWN, 8)
    expect("error (the pin) when cleared", number(dut.error), 0)


@cocotb.test()
async def resets_of_the_whole(dut: Any) -> None:
    """Bridge, CSB and master together, in the middle of accesses."""
    bench = Bench(dut)
    await bench.start()
    for _ in range(repeats(20)):
        task = cocotb.start_soon(bench.master.read(4 * bench.rng.randrange(100), 4))
        await ClockCycles(dut.clk, bench.rng.randrange(1, 30))
        await Timer(bench.rng.randrange(1, 4_900), unit="ps")
        dut.rst_n.value = dut.dla_rstn.value = 0
        task.cancel()
        await ClockCycles(dut.clk, 4)
        dut.rst_n.value = dut.dla_rstn.value = 1
        await RisingEdge(dut.clk)
        await FallingEdge(dut.clk)
        data = bench.rng.getrandbits(32)
        await bench.write(0x200, data)
        expect("s_axi, read back", await bench.read(0x200), data)
