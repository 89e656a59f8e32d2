"""Configuration bus and all register files: accesses, groups, field ports, order of answers, two clocks."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from cocodla.registers import MAP, Field, Register
from cocodla.registers.codegen.verilog import is_live, port_name
from cocotbext.dla import (
    CsbDriver,
    Stall,
    expect,
    expect_beats,
    expect_range,
    hang,
    never,
    random_stalls,
    repeats,
    start_clock,
)
from cocotbext.dla.csb import CsbTransaction
from cocotbext.dla.pins import number
from reglib import GLB_PRESENT, Board, RegisterModel, checks, expect_register

UNITS = list(MAP.units)
GROUPED = [name for name, unit in MAP.units.items() if unit.has_groups]
RATIOS = {"equal": (10, 10), "slow_csb": (37, 10), "fast_csb": (3, 10), "near": (10.02, 10), "random": None}


class TB(Board):
    """The bench: two clocks, a driver, and the model that tells what software must see."""

    csb: CsbDriver

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.model = RegisterModel()  # the host comes with start()

    async def start(self, ratio: str = "equal", idle: Stall = never) -> TB:
        """Clocks of a ratio (random: both periods drawn), counters with random values, reset."""
        dut = self.dut
        periods = RATIOS[ratio] or (random.uniform(2, 50), random.uniform(2, 50))
        dut._log.info(f"csb period {periods[0]:.2f} ns, core period {periods[1]:.2f} ns")
        dut.done.value = 0
        dut.intr.value = 0
        words = len(self.model.status)
        self.set_status([random.getrandbits(32) for _ in range(words)])
        dut.dla_reset_rstn.value = 0
        start_clock(dut.csb_clk, periods[0])
        start_clock(dut.clk, periods[1])
        self.csb = CsbDriver(dut, dut.csb_clk, reset_n=dut.dla_reset_rstn, idle=idle)
        super().__init__(self.csb, self.model)
        await self.both(5)
        dut.dla_reset_rstn.value = 1
        await self.both(10)
        return self

    async def both(self, cycles: int) -> None:
        """So many cycles of each clock."""
        await ClockCycles(self.dut.clk, cycles)
        await ClockCycles(self.dut.csb_clk, cycles)

    def set_status(self, words: list[int]) -> None:
        """Values of the counters that the datapaths would bring."""
        self.model.inputs = words
        self.dut.status.value = sum(word << 32 * i for i, word in enumerate(words))

    async def line(self, level: bool) -> None:
        """The interrupt pin has this level once both clock domains have settled."""
        await self.both(10)
        expect("dla_intr", bool(self.dut.dla_intr.value), level)

    async def done(self, unit: str) -> None:
        """The unit ends a layer."""
        await self.settle()
        await RisingEdge(self.dut.clk)
        self.dut.done.value = 1 << UNITS.index(unit)
        await RisingEdge(self.dut.clk)
        self.dut.done.value = 0
        self.model.done(unit)
        await RisingEdge(self.dut.clk)

    def regs(self, unit: str) -> Any:
        """The register file of a unit."""
        return getattr(self.dut, f"u_{unit.lower()}")

    async def check_ports(self, unit: str) -> None:
        """Every field port shows the value of the consumer group."""
        await self.settle()
        await RisingEdge(self.dut.clk)
        groups = self.model.units.get(unit)
        for register, field in live_fields(unit):
            group = groups.consumer if groups and register.group == "dual" else 0
            word = self.model.value(register, group)
            port = port_name("cfg", register, field)
            value = number(getattr(self.regs(unit), port))
            where = f"{register.path}.{field.name} of group {group} at port {port}"
            expect(where, value, word >> field.lsb & ((1 << field.width) - 1), show=hex)


def live_fields(unit: str) -> list[tuple[Register, Field]]:
    """Fields of a unit that have a port."""
    return [(r, f) for r in MAP.units[unit].registers for f in r.fields if is_live(r, f)]


def some_address() -> int:
    """Mostly a register, sometimes a hole in a unit, an absent unit, or the rest of the window."""
    if random.random() < 0.85:
        return random.choice(list(MAP)).address
    return random.choice([random.randrange(0xE000), random.randrange(0xE000, 0x12000), random.randrange(0x40000)]) & ~3


@cocotb.test()
async def from_the_map(dut: Any) -> None:
    """The checks that also run at the pins of the chip: values after reset, undefined addresses, interrupts, tables."""
    tb = await TB(dut).start()
    await checks.reset_values(tb, list(MAP))
    await checks.undefined_addresses(tb, 150, checks.plain_registers())
    await checks.interrupts(tb, tb.line, 40)
    await checks.tables(tb, 300)


@cocotb.test()
async def pending(dut: Any) -> None:
    """A layer in group 1 of a unit that never ran waits; its registers are closed, the others open."""
    tb = await TB(dut).start("near")
    for unit in GROUPED:
        await checks.pending_layer(tb, unit)


@cocotb.test()
async def storage(dut: Any) -> None:
    """Every register keeps exactly its writable bits, each a cell of its own; ports follow the consumer group."""
    tb = await TB(dut).start()
    await checks.storage(tb, checks.plain_registers(), random.sample(range(checks.ROUNDS), 1))
    for register in checks.plain_registers():
        await tb.write(register.address, random.getrandbits(32))
    for unit in UNITS:
        if unit not in ("CFGROM", "GLB"):
            await tb.check_ports(unit)


@cocotb.test()
async def layers(dut: Any) -> None:
    """Start, dropped writes, status, counters and pointers over layers in both groups, in every unit."""
    tb = await TB(dut).start()
    for unit in GROUPED:
        enable = MAP[f"{unit}.D_OP_ENABLE"].address
        await tb.write(enable, 0)
        for queued in (True, False, True, False, False):
            await one_or_two_layers(tb, unit, queued)


@cocotb.test()
async def settings(dut: Any) -> None:
    """Every bit of every setting reaches the running layer, 0 or 1, out of either group, and no other bit does."""
    tb = await TB(dut).start()
    for unit in (name for name in UNITS if name not in ("CFGROM", "GLB")):
        registers = list(dict.fromkeys(register for register, _ in live_fields(unit)))
        striped = [random.choice((0x55555555, 0xAAAAAAAA)) for _ in registers]  # neighbours differ
        anything = [random.getrandbits(32) for _ in registers]
        for words in (striped, anything):
            for flip in (0, 0xFFFFFFFF, 0xFFFFFFFF, 0):  # each group has both, and never what the other one has
                await with_settings(tb, unit, registers, [word ^ flip for word in words])


async def with_settings(tb: TB, unit: str, registers: list[Register], words: list[int]) -> None:
    """Write the registers of a unit; if it has groups, in the one that is next, and run a layer."""
    groups = tb.model.units.get(unit)
    if groups:
        await tb.write(MAP[f"{unit}.S_POINTER"].address, groups.consumer)
    for register, word in zip(registers, words, strict=True):
        await tb.write(register.address, word)
    if groups:
        await tb.write(MAP[f"{unit}.D_OP_ENABLE"].address, 1)
    await tb.check_ports(unit)
    if groups:
        await tb.done(unit)


async def one_or_two_layers(tb: TB, unit: str, queued: bool) -> None:
    """Run a layer in the consumer group, with `queued` a second one waiting behind it."""
    status, pointer = MAP[f"{unit}.S_STATUS"].address, MAP[f"{unit}.S_POINTER"].address
    enable = MAP[f"{unit}.D_OP_ENABLE"].address
    dual = [r for r in MAP.units[unit].registers if r.group == "dual" and r.address != enable]
    group = tb.model.units[unit].consumer
    await tb.write(pointer, group)
    for register in dual:
        await tb.write(register.address, random.getrandbits(32))
    await tb.write(enable, 1)
    for register in dual:  # all dropped
        await tb.write(register.address, random.getrandbits(32), nposted=random.random() < 0.2)
    await tb.write(enable, 0)
    await tb.check(status)
    for register in dual:  # the counters of the layer before are gone, unless they are held
        await tb.check(register.address)
    await tb.check_ports(unit)
    if queued:
        await tb.write(pointer, group ^ 1)
        for register in dual:  # the other group takes them
            await tb.write(register.address, random.getrandbits(32))
        await tb.write(enable, 1)
        await tb.check(status)
    for _ in range(1 + queued):
        expect("op_en", number(tb.dut.op_en), 1 << UNITS.index(unit))
        tb.set_status([random.getrandbits(32) for _ in tb.model.inputs])
        await tb.done(unit)
        consumer = number(tb.dut.consumer) >> UNITS.index(unit) & 1
        expect(f"{unit}.S_POINTER.CONSUMER", consumer, tb.model.units[unit].consumer)
        for producer in (0, 1):
            await tb.write(pointer, producer)
            for register in MAP.units[unit].registers:
                await tb.check(register.address)
        await tb.check_ports(unit)
    expect("op_en", number(tb.dut.op_en), 0)


@cocotb.test()
@cocotb.parametrize(ratio=list(RATIOS))
async def random_accesses(dut: Any, ratio: str) -> None:
    """Random accesses to everything, layers ending in between, against the model."""
    tb = await TB(dut).start(ratio, random_stalls(random, random.choice([0.0, 0.3])))
    for step in range(repeats(1500)):
        action = random.random()
        running = [u for u, g in tb.model.units.items() if g.enabled[g.consumer]]
        if action < 0.5:
            data = random.choice([random.getrandbits(32), 0, 1, 0xFFFFFFFF])
            await tb.write(some_address(), data, nposted=random.random() < 0.3)
        elif action < 0.9:
            await tb.check(some_address())
        elif action < 0.95 and running:
            await tb.done(random.choice(running))
        else:
            await tb.check_ports(random.choice([u for u in UNITS if u not in ("CFGROM", "GLB")]))
        if step % 300 == 299:
            for register in MAP:
                await tb.check(register.address)


@cocotb.test()
@cocotb.parametrize(ratio=list(RATIOS))
async def order(dut: Any, ratio: str) -> None:
    """Mixed requests without waiting for answers: each that wants one gets one, in order, with the right data."""
    tb = await TB(dut).start(ratio)
    expected: list[tuple[int, bool, int]] = []
    seen: list[CsbTransaction] = []
    tb.csb.monitor.add_callback(seen.append)
    tasks = []
    for _ in range(repeats(400)):
        address = random.choice([MAP["MCIF.CFG_RD_WEIGHT_0"].address, MAP["SDP.D_CVT_OFFSET"].address, 0x0, 0x20000])
        if random.random() < 0.6:
            data, nposted = random.getrandbits(32), random.random() < 0.4
            tasks.append(cocotb.start_soon(tb.csb.write(address, data, nposted)))
            tb.model.write(address, data)
            if nposted:
                expected.append((address, True, data))
        else:
            tasks.append(cocotb.start_soon(tb.csb.read(address)))
            expected.append((address, False, tb.model.read(address)))
    for task in tasks:
        await task
    await tb.both(10)
    answered = [(t.request.address, t.request.write, t.data) for t in seen if not t.request.write or t.request.nposted]
    def check(where: str, got: tuple[int, bool, int], wanted: tuple[int, bool, int], at: float) -> None:
        expect(f"{where}, (address, write)", got[:2], wanted[:2], at)
        expect_register(got[0], got[2], wanted[2])

    expect_beats("answers", answered, expected, place="number {}".format, check=check)


@cocotb.test()
@cocotb.parametrize(ratio=list(RATIOS))
async def first_request_after_reset(dut: Any, ratio: str) -> None:
    """A request that is there while reset is released is taken once, when it has an effect (system.md 4.1, trap)."""
    tb = await TB(dut).start(ratio)
    register = MAP["GLB.S_INTR_MASK"]
    for value in (0x15, 0x2A, 0x3F):
        dut.dla_reset_rstn.value = 0
        await tb.both(5)
        dut.csb2nvdla_addr.value, dut.csb2nvdla_wdat.value = register.address >> 2, value
        dut.csb2nvdla_write.value, dut.csb2nvdla_nposted.value, dut.csb2nvdla_valid.value = 1, 0, 1
        await ClockCycles(dut.csb_clk, 2)
        dut.dla_reset_rstn.value = 1
        for _ in range(200):
            await FallingEdge(dut.csb_clk)
            if number(dut.csb2nvdla_ready):
                break
        else:
            raise hang("csb2nvdla_ready stays 0 after reset")
        await RisingEdge(dut.csb_clk)
        dut.csb2nvdla_valid.value = 0
        expect_register(register.address, await tb.csb.read(register.address), value)


@cocotb.test()
async def data_stays(dut: Any) -> None:
    """nvdla2csb_data keeps the last value between answers, also over write completions."""
    tb = await TB(dut).start()
    await tb.csb.read(MAP["GLB.S_NVDLA_HW_VERSION"].address)
    await tb.csb.write(MAP["SDP.D_CVT_OFFSET"].address, 5, nposted=True)
    await tb.both(20)
    expect("nvdla2csb_data", number(dut.nvdla2csb_data), 0x00303031, show=hex)


@cocotb.test()
async def rate_and_latency(dut: Any) -> None:
    """With equal clocks: 300 writes in 300 cycles, a write reaches its unit within 5, a read is answered within 10."""
    tb = await TB(dut).start()
    await tb.csb.read(0)  # past the clearing of the tables
    refused = 0

    async def watch() -> None:
        nonlocal refused
        while True:
            await FallingEdge(dut.csb_clk)
            refused += number(dut.csb2nvdla_valid) & ~number(dut.csb2nvdla_ready) & 1

    watcher = cocotb.start_soon(watch())
    tasks = [cocotb.start_soon(tb.csb.write(MAP["SDP.D_CVT_OFFSET"].address, i)) for i in range(300)]
    for task in tasks:
        await task
    watcher.cancel()
    expect("refused requests", refused, 0)
    expect("SDP.D_CVT_OFFSET", await tb.csb.read(MAP["SDP.D_CVT_OFFSET"].address), 299, show=hex)
    await tb.both(20)
    await tb.csb.write(MAP["SDP.D_CVT_OFFSET"].address, 7)
    cycles = 0  # the edge of acceptance has just passed
    while not number(dut.strobe):
        await FallingEdge(dut.clk)
        cycles += 1
        expect_range("cycles from a write to its strobe", cycles, most=50)
    dut._log.info(f"write: strobe {cycles} cycles after acceptance")
    expect_range("cycles from a write to its strobe", cycles, most=5)
    await tb.both(20)
    await tb.csb.read(0x1000)
    latency = tb.csb.monitor.transactions[-1].cycles
    dut._log.info(f"read: answer {latency} cycles after acceptance")
    expect_range("cycles from a read to its answer", latency, most=10)


@cocotb.test()
async def interrupt_pulses(dut: Any) -> None:
    """Pulses of the units together with set, clear and mask, seen in the registers and at the pin."""
    tb = await TB(dut).start("slow_csb")
    sources = [0, 1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21]  # status bit of each pulse input
    mask, force, status = (MAP[f"GLB.S_INTR_{n}"].address for n in ("MASK", "SET", "STATUS"))
    for _ in range(150):
        action = random.randrange(4)
        if action == 0:
            await tb.settle()
            pulses = random.getrandbits(12) & random.getrandbits(12)
            await RisingEdge(dut.clk)
            dut.intr.value = pulses
            await RisingEdge(dut.clk)
            dut.intr.value = 0
            tb.model.interrupt(sum(1 << bit for i, bit in enumerate(sources) if pulses >> i & 1))
        else:
            data = random.getrandbits(32) & random.getrandbits(32)
            await tb.write((mask, force, status)[action - 1], data)
        await tb.both(4)
        for address in (mask, force, status):
            await tb.check(address)
        await tb.both(6)
        expect("dla_intr", bool(dut.dla_intr.value), tb.model.line())
    await tb.write(force, 0xFFFFFFFF)
    expect_register(status, await tb.csb.read(status), GLB_PRESENT)
