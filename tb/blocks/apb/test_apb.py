"""APB bridge: accesses through the whole configuration bus, and the pins of the bridge (system.md section 4.4)."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from cocodla.registers import MAP
from cocotbext.dla import ApbDriver, CsbMonitor, expect, expect_beats, hexadecimal, start_clock
from cocotbext.dla.pins import number
from reglib import expect_register

MCIF = MAP.units["MCIF"].registers
in_hex = partial(expect, show=hexadecimal)


async def begin(dut: Any, core_period: float = 10, busy: float = 0.0) -> tuple[ApbDriver, CsbMonitor]:
    """Clocks, reset, a master, a checking monitor on the CSB; `busy`: probability that the CSB is not ready."""
    dut.prstn.value = 0
    dut.csb_busy.value = 0
    start_clock(dut.pclk, 10)
    start_clock(dut.clk, core_period)
    apb = ApbDriver(dut, dut.pclk)
    monitor = CsbMonitor(dut, dut.pclk, reset_n=dut.prstn)
    await ClockCycles(dut.pclk, 5)
    dut.prstn.value = 1
    await ClockCycles(dut.pclk, 5)
    await ClockCycles(dut.clk, 10)
    await ClockCycles(dut.pclk, 5)
    if busy:
        cocotb.start_soon(drive_busy(dut, busy))
    return apb, monitor


async def drive_busy(dut: Any, probability: float) -> None:
    """Random refusal."""
    while True:
        await RisingEdge(dut.pclk)
        dut.csb_busy.value = random.random() < probability


@cocotb.test()
@cocotb.parametrize(core_period=[10, 3.3, 47], busy=[0.0, 0.6])
async def accesses(dut: Any, core_period: float, busy: float) -> None:
    """Random writes and reads; values come back, holes read 0, each access is exactly one CSB request."""
    apb, monitor = await begin(dut, core_period, busy)
    values = {register.address: register.reset for register in MCIF}
    seen: list[tuple[int, bool, bool]] = []
    done: list[tuple[int, bool, bool]] = []
    monitor.add_callback(lambda t: seen.append((t.request.address, t.request.write, t.request.nposted)))
    for _ in range(250):
        address = random.choice([*values, 0x2100, 0x1000, random.randrange(0x3000, 0x40000, 4)])
        upper = random.getrandbits(14) << 18 | random.getrandbits(2)  # bits the bridge does not look at
        if random.random() < 0.5:
            data = random.getrandbits(32)
            await apb.write(upper | address, data)
            if address in values:
                mask = MAP.at(address).write_mask
                values[address] = values[address] & ~mask | data & mask
            done.append((address, True, False))
        else:
            expected = 0x00303031 if address == 0x1000 else values.get(address, 0)
            expect_register(address, await apb.read(upper | address), expected)
            done.append((address, False, False))
        await ClockCycles(dut.pclk, random.choice([0, 0, 1, 5]) + 1)
    await ClockCycles(dut.pclk, 5)
    expect_beats("CSB requests (address, write, nposted)", seen, done, (), "access {}".format, in_hex)


@cocotb.test()
async def write_takes_one_access_cycle(dut: Any) -> None:
    """A write to a ready CSB ends in its first access cycle, with every pin as given."""
    apb, monitor = await begin(dut)
    for register in MCIF[:6]:
        data = random.getrandbits(32)
        expect(f"access cycles of a write to {register.path}", await apb.write(register.address, data), 1)
        await ClockCycles(dut.pclk, 2)
        request = monitor.transactions[-1].request
        expect_register(register.address, request.data, data, ", data of the CSB request")
        pins = (request.address, request.write, request.nposted)
        expect("address, write, nposted of the CSB request", pins, (register.address, True, False))


@cocotb.test()
async def setup_phase_requests_nothing(dut: Any) -> None:
    """Without penable there is no CSB request, and pready is 1."""
    _, monitor = await begin(dut)
    dut.psel.value = 1
    for write in (0, 1):
        dut.pwrite.value = write
        await ClockCycles(dut.pclk, 10)
        await FallingEdge(dut.pclk)
        expect("csb2nvdla_valid without penable", number(dut.csb2nvdla_valid), 0)
        expect("pready without penable", number(dut.pready), 1)
        await RisingEdge(dut.pclk)
    expect("CSB requests without penable", len(monitor.transactions), 0)


@cocotb.test()
async def other_slaves_of_the_bus(dut: Any) -> None:
    """penable belongs to all slaves of a bus: accesses without this psel request nothing and change nothing."""
    apb, monitor = await begin(dut)
    stored = [register for register in MCIF if register.write_mask]
    values = {register.address: random.getrandbits(32) & register.write_mask for register in stored}
    for address, value in values.items():
        await apb.write(address, value)
    await ClockCycles(dut.pclk, 10)
    seen = len(monitor.transactions)
    for address in values:
        for write in (0, 1):
            dut.psel.value, dut.pwrite.value, dut.paddr.value = 0, write, address
            dut.pwdata.value = random.getrandbits(32)
            for enable in (0, 1, 1, 1):
                dut.penable.value = enable
                await FallingEdge(dut.pclk)
                pins = int(dut.csb2nvdla_valid.value), int(dut.pready.value)
                expect("csb2nvdla_valid, pready in an access of another slave", pins, (0, 1))
                await RisingEdge(dut.pclk)
    dut.penable.value = 0
    await ClockCycles(dut.pclk, 30)
    expect("CSB requests for other slaves", len(monitor.transactions) - seen, 0)
    for address, value in values.items():
        expect_register(address, await apb.read(address), value)


@cocotb.test()
async def access_behind_access(dut: Any) -> None:
    """The setup phase of an access in the cycle after the one before has ended: each is requested once, in order."""
    _, monitor = await begin(dut)
    registers = list(MCIF[:5])
    accesses: list[tuple[int, int | None]] = [(register.address, random.getrandbits(32)) for register in registers]
    accesses += [(register.address, None) for register in registers] + [(0x1000, None)]
    found = []
    await RisingEdge(dut.pclk)
    for address, data in accesses:
        dut.psel.value, dut.penable.value, dut.paddr.value = 1, 0, address
        dut.pwrite.value, dut.pwdata.value = data is not None, data or 0
        await RisingEdge(dut.pclk)
        dut.penable.value = 1
        ready = False
        while not ready:
            await FallingEdge(dut.pclk)
            ready, value = bool(dut.pready.value), dut.prdata.value
            await RisingEdge(dut.pclk)
        if data is None:
            found.append(int(value))
    dut.psel.value, dut.penable.value = 0, 0
    written = [data & register.write_mask for register, (_, data) in zip(registers, accesses, strict=False) if data]
    expect_beats("APB reads", found, [*written, 0x00303031], (), "access {}".format, in_hex)
    seen = [(t.request.address, t.request.write) for t in monitor.transactions]
    expect_beats(
        "CSB requests (address, write)", seen, [(a, data is not None) for a, data in accesses], check=in_hex
    )


@cocotb.test()
async def read_is_requested_once(dut: Any) -> None:
    """While the data are under way the request is not repeated and pready stays 0."""
    apb, monitor = await begin(dut, core_period=200)
    task = cocotb.start_soon(apb.read(0x1000))
    requests = ready = 0
    while not task.done():
        await FallingEdge(dut.pclk)
        access = number(dut.psel) and number(dut.penable)
        requests += number(dut.csb2nvdla_valid) and number(dut.csb2nvdla_ready)
        ready += access and number(dut.pready)
    expect_register(0x1000, task.result(), 0x00303031)
    expect("cycles of a request, of pready in the access phase", (requests, ready), (1, 1))
    expect("CSB requests", len(monitor.transactions), 1)
