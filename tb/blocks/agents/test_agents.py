"""Self-test of the agents: they move data correctly under every pattern, and every checker fires."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb_bus.scoreboard import Scoreboard

from cocotbext.dla import (
    CsbDriver,
    DbbMemory,
    DbbTiming,
    InterruptMonitor,
    ReadResponder,
    RegisterBus,
    SparseMemory,
    StreamChecker,
    StreamSink,
    StreamSource,
    Unwritten,
    WriteAcceptor,
    bursts,
    every,
    never,
    random_stalls,
    reset,
    start_clock,
)

STALLS = {
    "full": lambda: never,
    "random": lambda: random_stalls(random, 0.5),
    "third": lambda: every(3),
    "bursts": lambda: bursts(random),
}


async def begin(dut: Any) -> None:
    """All inputs quiet, clock running, reset done."""
    quiet = (
        "e_valid",
        "e_ready",
        "e_data",
        "csb_fault",
        "reg_fault",
        "dbb_fault",
        "start",
        "count",
        "src",
        "dst",
    )
    for name in quiet:
        getattr(dut, name).value = 0
    start_clock(dut.clk)
    await reset(dut.clk, dut.rst_n)


def quiet_ports(dut: Any) -> None:
    """Tie the inputs that a test does not use."""
    for name in (
        "s_valid",
        "m_ready",
        "csb2nvdla_valid",
        "reg_valid",
        "rd_req_ready",
        "rd_rsp_valid",
        "wr_req_ready",
        "wr_done",
        "nvdla_core2dbb_aw_awready",
        "nvdla_core2dbb_w_wready",
        "nvdla_core2dbb_b_bvalid",
        "nvdla_core2dbb_ar_arready",
        "nvdla_core2dbb_r_rvalid",
        "nvdla_core2dbb_r_rid",
    ):
        getattr(dut, name).value = 0


@cocotb.test()
@cocotb.parametrize(idle=list(STALLS), backpressure=list(STALLS))
async def test_stream(dut: Any, idle: str, backpressure: str) -> None:
    """Words pass a buffer unchanged for every pair of idle and back-pressure patterns."""
    quiet_ports(dut)
    source = StreamSource(dut, "s", dut.clk, idle=STALLS[idle]())
    sink = StreamSink(dut, "m", dut.clk, reset_n=dut.rst_n, backpressure=STALLS[backpressure]())
    StreamChecker(dut, "m", dut.clk, reset_n=dut.rst_n)
    expected = [random.getrandbits(16) for _ in range(200)]
    scoreboard = Scoreboard(dut)
    scoreboard.add_interface(sink, list(expected))
    await begin(dut)
    before = cocotb.utils.get_sim_time("ns")
    await source.send_all(expected)
    await sink.wait_items(len(expected))
    assert sink.items == expected
    assert scoreboard.errors == 0
    cycles = (cocotb.utils.get_sim_time("ns") - before) / 10
    if (idle, backpressure) == ("full", "full"):
        assert cycles <= 204, f"full rate took {cycles} cycles for 200 words"


@cocotb.test()
async def test_stream_checker_fires(dut: Any) -> None:
    """A withdrawn valid and a changed payload are reported, a clean stall is not."""
    quiet_ports(dut)
    errors: list[str] = []
    StreamChecker(dut, "e", dut.clk, reset_n=dut.rst_n, report=errors.append)
    await begin(dut)

    async def drive(valid: int, ready: int, data: int) -> None:
        dut.e_valid.value, dut.e_ready.value, dut.e_data.value = valid, ready, data
        await RisingEdge(dut.clk)

    for valid, ready, data in [(1, 0, 5), (1, 0, 5), (1, 1, 5), (1, 1, 6), (0, 0, 0)]:
        await drive(valid, ready, data)
    assert errors == []
    for valid, ready, data in [(1, 0, 5), (0, 0, 5), (0, 0, 0)]:
        await drive(valid, ready, data)
    assert len(errors) == 1 and "withdrawn" in errors[0]
    for valid, ready, data in [(1, 0, 5), (1, 1, 6), (0, 0, 0), (0, 0, 0)]:
        await drive(valid, ready, data)
    assert len(errors) == 2 and "data changed" in errors[1]


@cocotb.test()
@cocotb.parametrize(idle=["full", "random"])
async def test_csb(dut: Any, idle: str) -> None:
    """Registers behind the CSB: posted and non-posted writes, reads, streaming, latency."""
    quiet_ports(dut)
    csb = CsbDriver(dut, dut.clk, reset_n=dut.rst_n, idle=STALLS[idle]())
    await begin(dut)
    model = {}
    for _ in range(100):
        address, data = 4 * random.randrange(16), random.getrandbits(32)
        model[address] = data
        await csb.write(address, data, nposted=random.random() < 0.5)
        address = random.choice(list(model))
        assert await csb.read(address) == model[address]
    answered = [t for t in csb.monitor.transactions if not t.request.write]
    assert len(answered) == 100 and {t.cycles for t in answered} == {4}


@cocotb.test()
async def test_csb_checker_fires(dut: Any) -> None:
    """An answer without a request, and read data for a write, are reported."""
    quiet_ports(dut)
    errors: list[str] = []
    csb = CsbDriver(dut, dut.clk, reset_n=dut.rst_n, report=errors.append)
    await begin(dut)
    dut.csb_fault.value = 1
    await RisingEdge(dut.clk)
    dut.csb_fault.value = 0
    await ClockCycles(dut.clk, 5)
    assert len(errors) == 1 and "without a request" in errors[0]
    cocotb.start_soon(csb.write(0, 1, nposted=True))
    while not csb.monitor.pending:
        await RisingEdge(dut.clk)
    dut.csb_fault.value = 1
    await RisingEdge(dut.clk)
    dut.csb_fault.value = 0
    await ClockCycles(dut.clk, 8)
    assert any("read data answers" in error for error in errors)


@cocotb.test()
async def test_register_bus(dut: Any) -> None:
    """Register bus: streamed writes, reads, and rdata outside a read is reported."""
    quiet_ports(dut)
    errors: list[str] = []
    bus = RegisterBus(dut, dut.clk, reset_n=dut.rst_n, report=errors.append)
    await begin(dut)
    errors.clear()  # rdata is unknown until the first clock
    values = [random.getrandbits(32) for _ in range(16)]
    before = cocotb.utils.get_sim_time("ns")
    await bus.write_all([(0x9000 + 4 * i, value) for i, value in enumerate(values)])
    assert cocotb.utils.get_sim_time("ns") - before <= 180
    for i, value in enumerate(values):
        assert await bus.read(0x9000 + 4 * i) == value
    assert errors == []
    dut.reg_fault.value = 1
    await ClockCycles(dut.clk, 3)
    assert errors and "without a read" in errors[0]


async def copy(dut: Any, memories: list[SparseMemory], atoms: int, source: int, target: int) -> bytes:
    """Start both copy engines over the same ranges and wait for their end; returns the data copied."""
    data = random.randbytes(8 * atoms)
    for memory in memories:
        memory.write(source, data)
    dut.count.value, dut.src.value, dut.dst.value = atoms, source >> 3, target >> 3
    dut.start.value = 1
    await RisingEdge(dut.clk)
    dut.start.value = 0
    await RisingEdge(dut.clk)
    for _ in range(20_000):
        await RisingEdge(dut.clk)
        if dut.busy.value == 0 and int(dut.dbb_acks.value) == atoms and dut.irq.value == 1:
            break
    else:
        raise AssertionError("copy did not end")
    return data


@cocotb.test()
@cocotb.parametrize(number=range(8))
async def test_memory_agents(dut: Any, number: int) -> None:
    """Client port agents and DBB memory copy at full rate and with random stalls and reordering."""
    quiet_ports(dut)
    dma_memory, dbb_memory = SparseMemory(Unwritten.ERROR), SparseMemory(Unwritten.ERROR)
    full = number == 0
    latency = (32, 32) if full else (1, 40)
    stall = never if full else random_stalls(random, 0.3)
    reader = ReadResponder(dut, dut.clk, dma_memory, "rd", dut.rst_n, latency, stall, stall, random)
    writer = WriteAcceptor(dut, dut.clk, dma_memory, "wr", dut.rst_n, (1, 20), stall, random)
    timing = DbbTiming() if full else DbbTiming.random(random)
    dbb = DbbMemory(dut, dut.clk, dbb_memory, reset_n=dut.rst_n, timing=timing, rng=random)
    irq = InterruptMonitor(dut.irq, dut.clk, dut.rst_n)
    await begin(dut)
    data = await copy(dut, [dma_memory, dbb_memory], 300, 0x8000_0FF8, 0x9000_0000)
    assert dma_memory.read(0x9000_0000, 2400) == data
    assert dbb_memory.read(0x9000_0000, 2400) == data
    assert reader.beats == 300 and reader.idle
    assert writer.done_count == 1 and [w[2] for w in writer.writes] == [False] * 299 + [True]
    assert sum(dbb.statistics.reads.values()) == 300 and dbb.statistics.writes == {1: 300}
    assert irq.rises == 1
    dbb.finish()
    assert dbb.idle


@cocotb.test()
@cocotb.parametrize(bit=range(6))
async def test_dbb_checker_fires(dut: Any, bit: int) -> None:
    """Each rule of the memory bus, broken on purpose, is reported."""
    quiet_ports(dut)
    errors: list[str] = []
    dbb = DbbMemory(dut, dut.clk, SparseMemory(), reset_n=dut.rst_n, report=errors.append)
    await begin(dut)
    word = ["arlen", "not a multiple of 8", "no client's id", "wstrb", "wlast", "without address"][bit]
    dut.dbb_fault.value = 1 << bit
    dut.count.value, dut.start.value = 4, 1
    await RisingEdge(dut.clk)
    dut.start.value = 0
    await ClockCycles(dut.clk, 40)
    dbb.finish()
    assert errors and all(word in error for error in errors), errors


@cocotb.test()
async def test_unwritten_read_fires(dut: Any) -> None:
    """Reading memory that nobody wrote is reported where the test asks for it."""
    quiet_ports(dut)
    errors: list[str] = []
    memory = SparseMemory(Unwritten.ERROR, report=errors.append)
    DbbMemory(dut, dut.clk, memory, reset_n=dut.rst_n)
    memory.write(0x1000, bytes(8))
    await begin(dut)
    dut.count.value, dut.start.value, dut.src.value = 2, 1, 0x1000 >> 3
    await RisingEdge(dut.clk)
    dut.start.value = 0
    await ClockCycles(dut.clk, 20)
    assert len(errors) == 1 and "0x00001008" in errors[0]
