"""The AXI shell as software sees it: copies, interrupts, errors, window, resets in the middle of bursts."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, Timer

from cocotbext.dla import (
    AxiMemory,
    AxiTiming,
    SparseMemory,
    Unwritten,
    expect,
    hang,
    repeats,
    require,
    start_clock,
    within,
)
from cocotbext.dla.axi import DECERR, OKAY, SLVERR, Fault, faultless
from cocotbext.dla.pins import number

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

COUNT, FROM, TO, DONE, READS, SUM = 0x3010, 0x3014, 0x3018, 0x301C, 0x3020, 0x3028
BRIDGE, SHELL = 0x40000, 0x41000
ID, CONFIG, CONTROL, STATUS, ERROR, MASK, READ_ERRORS, WRITE_ERRORS, REFUSALS, REFUSED, ERROR_ID, BASE, LIMIT = (
    SHELL + 4 * index for index in range(13)
)
SOURCE, TARGET = 0x1000_0000, 0x2000_0FC0


class Board:
    """A host on s_axi and a memory on m_axi."""

    def __init__(self, dut: Any, *more: object, fault: Fault = faultless, timing: AxiTiming | None = None) -> None:
        self.dut, self.rng = dut, Random(f"{cocotb.RANDOM_SEED}-{more}")
        self.memory = SparseMemory(Unwritten.RANDOM, rng=self.rng)
        self.timing = timing or AxiTiming.random(self.rng)
        width, beats = len(dut.m_axi_wdata), 16
        self.axi = AxiMemory(
            dut, dut.m_axi_aclk, self.memory, reset_n=dut.s_axi_aresetn, timing=self.timing, rng=self.rng,
            longest=beats * 64 // width, fault=fault,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bus = AxiLiteBus.from_prefix(dut, "s_axi")
            self.host = AxiLiteMaster(bus, dut.s_axi_aclk, dut.s_axi_aresetn, reset_active_level=False)
        for part in (self.host.write_if, self.host.read_if):
            part.log.setLevel("WARNING")

    async def start(self) -> None:
        """Reset, then clocks of any two rates."""
        self.dut.test_mode.value, self.dut.direct_reset_.value = 0, 1
        self.dut.s_axi_aresetn.value = 0
        await Timer(1, unit="ns")
        start_clock(self.dut.s_axi_aclk, 10)
        start_clock(self.dut.other_clk, self.rng.choice([3.1, 7.7, 10, 23]))
        await ClockCycles(self.dut.s_axi_aclk, 20)
        self.dut.s_axi_aresetn.value = 1
        await ClockCycles(self.dut.s_axi_aclk, 5)

    async def write(self, address: int, data: int, response: AxiResp = AxiResp.OKAY) -> None:
        """Write a register."""
        work = self.host.write(address, data.to_bytes(4, "little"))
        got = await within(self.dut.s_axi_aclk, 10_000, work, f"a write of {address:#x}")
        expect(f"response to a write of {address:#x}", got.resp, response)

    async def read(self, address: int, response: AxiResp = AxiResp.OKAY) -> int:
        """Read a register."""
        got = await within(self.dut.s_axi_aclk, 10_000, self.host.read(address, 4), f"a read of {address:#x}")
        expect(f"response to a read of {address:#x}", got.resp, response)
        return int.from_bytes(got.data, "little")

    async def launch(self, count: int) -> None:
        """Start a copy."""
        await self.write(FROM, SOURCE)
        await self.write(TO, TARGET)
        await self.write(COUNT, count)

    async def copy(self, count: int, check: bool = True) -> None:
        """A copy from start to interrupt; what it read and wrote must be right."""
        await self.launch(count)
        for _ in range(30_000):
            await FallingEdge(self.dut.s_axi_aclk)
            if str(self.dut.irq.value) == "1":
                break
        else:
            raise hang(f"no irq for a copy of {count} words in 30000 cycles")
        if check:
            total = 0
            for index in range(count):
                total ^= int.from_bytes(self.memory.read(SOURCE + 8 * index, 8), "little")
                address = TARGET + 8 * index
                word = int.from_bytes(self.memory.read(address, 8), "little")
                expect(f"word at {address:#x}", word, (~address & 0xFFFFFFFF) << 32 | address, show=hex)
            expect("s_axi, sum of the words read", await self.read(SUM) | await self.read(SUM + 4) << 32, total)
        await self.write(DONE, 0)
        await ClockCycles(self.dut.s_axi_aclk, 40)
        expect("irq when cleared", number(self.dut.irq), 0)

    async def error_line(self) -> int:
        """error_irq, when it has had time to follow."""
        await ClockCycles(self.dut.s_axi_aclk, 20)
        await FallingEdge(self.dut.s_axi_aclk)
        return number(self.dut.error_irq)

    async def until(self, bit: int, value: int) -> None:
        """Until a bit of STATUS has a value."""
        for _ in range(300):
            if await self.read(STATUS) >> bit & 1 == value:
                return
        raise hang(f"bit {bit} of STATUS stays {1 - value}")


@cocotb.test()
async def registers(dut: Any) -> None:
    """Values after reset; what can be written; each space apart from the others."""
    board = Board(dut)
    await board.start()
    expect("s_axi, ID", await board.read(ID), 0x434F4441, show=hex)
    config = await board.read(CONFIG)
    expect("s_axi, CONFIG, bits of the bus", config & 0xFF, len(dut.m_axi_wdata))
    await board.until(0, 1)
    zeros = dict.fromkeys((BASE, CONTROL, ERROR, MASK, BRIDGE, SHELL + 64), 0)
    for address, value in {**zeros, LIMIT: 0xFFFF_FFFF}.items():
        expect(f"s_axi, {address:#x} after reset", await board.read(address), value, show=hex)
    for address, data, value in (
        (FROM, 0x1234_5678, 0x1234_5678), (BASE, 0x1234_5678, 0x1234_5000), (MASK, 0xFFFF_FFFF, 63),
        (LIMIT, 0x8765_4321, 0x8765_4FFF), (BRIDGE + 4, 0xFFFF_FFFF, 15),
    ):  # fmt: skip
        await board.write(address, data)
        expect(f"s_axi, {address:#x}", await board.read(address), value, show=hex)
    await board.read(SHELL + 0x1000, AxiResp.DECERR)
    expect("s_axi, count of accesses to nowhere", await board.read(BRIDGE + 16), 1)


@cocotb.test()
async def test_mode(dut: Any) -> None:
    """Every reset follows direct_reset_, without a clock edge, and nothing else: registers of shell and accelerator
    keep their values when s_axi_aresetn falls, and lose them with a short pulse."""
    board = Board(dut)
    await board.start()
    await board.write(MASK, 5)
    await board.write(TO, TARGET)
    dut.test_mode.value = 1
    await ClockCycles(dut.s_axi_aclk, 5)
    dut.s_axi_aresetn.value = 0
    await ClockCycles(dut.s_axi_aclk, 20)
    dut.s_axi_aresetn.value = 1
    await ClockCycles(dut.s_axi_aclk, 20)
    expect("MASK and TO after s_axi_aresetn in test mode", (await board.read(MASK), await board.read(TO)), (5, TARGET))
    await FallingEdge(dut.s_axi_aclk)
    dut.direct_reset_.value = 0
    await Timer(1, unit="ns")
    dut.direct_reset_.value = 1
    await ClockCycles(dut.s_axi_aclk, 20)
    expect("MASK and TO after direct_reset_", (await board.read(MASK), await board.read(TO)), (0, 0))


@cocotb.test()
@cocotb.parametrize(run=range(2))
async def copies(dut: Any, run: int) -> None:
    """Copies of any length against any memory."""
    board = Board(dut, run)
    await board.start()
    for _ in range(repeats(3)):
        await board.copy(board.rng.choice([1, 2, 17, board.rng.randrange(1, 300)]))
    expect("s_axi, ERROR and error_irq", (await board.read(ERROR), number(dut.error_irq)), (0, 0))


@cocotb.test()
async def resets_in_the_middle_of_bursts(dut: Any) -> None:
    """CONTROL resets the accelerator at any time; the memory is not reset, sees whole bursts, answers all of them."""
    board = Board(dut)
    await board.start()
    for _ in range(repeats(8)):
        await board.launch(400)
        await ClockCycles(dut.s_axi_aclk, board.rng.randrange(5, 400))
        await board.write(CONTROL, 1)
        await board.until(0, 0)
        await board.write(CONTROL, 0)
        await board.until(0, 1)
        require(board.axi.idle, "AXI: bursts are owed when CONTROL says that the reset is over")
        expect("s_axi, READS after a reset", await board.read(READS), 0)
        await board.copy(50)
    expect("s_axi, ERROR", await board.read(ERROR), 0)


@cocotb.test()
async def a_memory_that_hangs(dut: Any) -> None:
    """It takes reads and answers none: the reset waits, STATUS says so, accesses to the accelerator end with SLVERR."""
    hangs = True
    board = Board(dut, timing=AxiTiming(r_gap=lambda: hangs))
    await board.start()
    await board.launch(100)
    await ClockCycles(dut.s_axi_aclk, 300)
    await board.write(CONTROL, 1)
    await board.until(1, 1)
    await board.read(FROM, AxiResp.SLVERR)
    expect("s_axi, count of lost accesses", await board.read(BRIDGE + 20), 1)
    expect("error_irq", await board.error_line(), 1)
    await board.write(BRIDGE, 8)
    expect("error_irq when cleared", await board.error_line(), 0)
    await board.write(CONTROL, 0)
    hangs = False
    await board.until(0, 1)
    await board.copy(20)


@cocotb.test()
async def errors(dut: Any) -> None:
    """SLVERR and DECERR of the memory: error_irq, bits, counters, id; masked, cleared; the copy ends all the same."""
    bad: dict[bool, int] = {False: SLVERR, True: OKAY}
    board = Board(dut, fault=lambda write, address: bad[write])
    await board.start()
    for write, response, bit, counter, id_ in (
        (False, SLVERR, 0, READ_ERRORS, 8), (False, DECERR, 1, READ_ERRORS, 8),
        (True, SLVERR, 2, WRITE_ERRORS, 1), (True, DECERR, 3, WRITE_ERRORS, 1),
    ):  # fmt: skip
        bad[write], bad[not write] = response, OKAY
        before = board.axi.statistics.copy()
        await board.copy(20, check=False)
        wrong = (board.axi.statistics - before)["b" if write else "r", response]
        expect("error_irq", await board.error_line(), 1)
        got = (await board.read(ERROR), await board.read(counter), await board.read(ERROR_ID))
        expect("s_axi, ERROR, counter, id", got, (1 << bit, wrong, id_))
        await board.write(MASK, 1 << bit)
        expect("error_irq, masked", await board.error_line(), 0)
        await board.write(MASK, 0)
        expect("error_irq, not masked", await board.error_line(), 1)
        await board.write(ERROR, 1 << bit)
        await board.write(counter, 0)
        expect("error_irq when cleared", await board.error_line(), 0)
        expect("s_axi, counter when cleared", await board.read(counter), 0)


@cocotb.test()
async def window(dut: Any) -> None:
    """What lies outside of WINDOW_BASE to WINDOW_LIMIT is kept from the memory, counted and told."""
    board = Board(dut)
    await board.start()
    await board.write(BASE, SOURCE)
    await board.write(LIMIT, SOURCE + 0xFFF)
    board.axi.window = (SOURCE, SOURCE + 0x1000)
    first = board.memory.read(SOURCE, 8)
    await board.copy(30, check=False)
    expect("error_irq", await board.error_line(), 1)
    got = (await board.read(ERROR), await board.read(REFUSALS), await board.read(REFUSED))
    expect("s_axi, ERROR, refusals, the first", got, (32, 30, TARGET))
    expect(f"memory at {SOURCE:#010x} behind refused writes", board.memory.read(SOURCE, 8), first, show=bytes.hex)
    await board.write(REFUSALS, 0)
    await board.write(ERROR, 32)
    await board.write(LIMIT, TARGET + 0xFFF)
    board.axi.window = (SOURCE, (TARGET | 0xFFF) + 0x1001)
    await board.copy(30)
    expect("s_axi, ERROR, refusals", (await board.read(ERROR), await board.read(REFUSALS)), (0, 0))
