"""CDP and its read DMA against the golden model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
from cdp_bench import Bench
from cdp_layers import layer_registers, random_layer, random_lut, random_tables
from cocotb.triggers import ClockCycles

from cocodla.golden.config_cdp import LE_ENTRIES, LO_ENTRIES, LutConfig, TableConfig, Tables
from cocotbext.dla import ICARUS, expect, expect_range, repeats
from postlib import check_writes

# q (0 .. 9*65536) against tables that cover all of it.
WIDE = LutConfig(
    le=TableConfig(start=0, end=1 << 20, select=14), lo=TableConfig(start=-1, end=(1 << 20) - 1, select=12)
)


@cocotb.test()
async def table_access(dut: Any) -> None:
    """Load and read back of both tables, the address stops at the last entry, reset value 0."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    await bench.write("CDP.S_LUT_ACCESS_CFG", 1 << 16 | 255)
    for _ in range(3):
        expect("CDP.S_LUT_ACCESS_DATA", await bench.read("CDP.S_LUT_ACCESS_DATA"), 0)
    tables = await bench.load(WIDE)
    for number, entries in enumerate((tables.le, tables.lo)):
        await bench.write("CDP.S_LUT_ACCESS_CFG", number << 16)
        for entry in entries:
            expect("CDP.S_LUT_ACCESS_DATA", await bench.read("CDP.S_LUT_ACCESS_DATA"), int(entry) & 0xFFFF, show=hex)
        last = number << 16 | len(entries) - 1
        expect("CDP.S_LUT_ACCESS_CFG", await bench.read("CDP.S_LUT_ACCESS_CFG"), last, show=hex)


@cocotb.test()
@cocotb.parametrize(reach=[1, 2, 3, 4], channels=[1, 4, 8, 9, 17, 40])
async def windows(dut: Any, reach: int, channels: int) -> None:
    """Each window over pixels of one to five surfaces; the sum itself is visible through a linear table."""
    bench = Bench(dut)
    await bench.start()
    tables = Tables(np.arange(LE_ENTRIES) * 400, np.arange(LO_ENTRIES) * 100)
    lut = replace(WIDE, hybrid_lo=True)
    await bench.load(lut, tables)
    settings = {"square_bypass": False, "in_offset": 0, "in_scale": 1, "in_shift": 0, "out_offset": 0, "out_scale": 1}
    layers = []
    for bypass in (True, False):
        settings |= {"reach": reach, "multiply_bypass": bypass, "out_shift": 6 if bypass else 14}
        layers.append(random_layer(bench.rng, bench.space, lut, tables, (3, 2, channels), **settings))
    await bench.run(layers)


@cocotb.test()
@cocotb.parametrize(function=["exponential", "linear"], priorities=range(0, 8, 3 if ICARUS else 1))
async def places(dut: Any, function: str, priorities: int) -> None:
    """All nine pairs of hit, below, above in the two tables, with every priority; statistics."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers, tables = [], random_tables(bench.rng)
    exponential = function == "exponential"
    below = LutConfig(exponential=exponential, underflow_lo=bool(priorities & 1), overflow_lo=bool(priorities & 2),
                      hybrid_lo=bool(priorities & 4))  # fmt: skip
    slopes = {"underflow_scale": 3, "underflow_shift": 1, "overflow_scale": -5, "overflow_shift": -1}
    for le_start in (-400, -20, 120):
        for lo_start in (-400, -20, 120):
            for select in (-3, -1):
                lut = replace(
                    below,
                    offset=2 if select == -1 else -57,
                    le=TableConfig(start=le_start, end=le_start + 64, select=select, **slopes),
                    lo=TableConfig(start=lo_start, end=lo_start + 128, select=select, **slopes),
                )
                await bench.load(lut, tables)
                layer = random_layer(
                    bench.rng, bench.space, lut, tables, (4, 2, 16), square_bypass=True, multiply_bypass=True,
                    in_scale=2, in_shift=0, out_scale=1, out_offset=0, out_shift=8,
                )  # fmt: skip
                await bench.run([layer])
                layers.append(layer)
    found = [layer.expected()[1] for layer in layers]
    for name in ("underflow", "overflow", "hybrid", "le_hit", "lo_hit"):
        assert any(getattr(statistics, name) for statistics in found), f"{name} never happened"


@cocotb.test()
@cocotb.parametrize(exponential=[False, True])
async def selects(dut: Any, exponential: bool) -> None:
    """Every index select -31..31, every offset -64..21."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    tables = random_tables(bench.rng)
    for step in range(-64, 22) if exponential else range(-31, 32):
        select = 0 if exponential else step
        lut = LutConfig(
            le=TableConfig(start=3, end=90, select=select, overflow_scale=7, overflow_shift=5),
            lo=TableConfig(start=-5, end=900, select=max(-31, min(31, step)), underflow_scale=-9, overflow_scale=3),
            exponential=exponential, offset=step if exponential else 0, hybrid_lo=bool(step & 1),
        )  # fmt: skip
        await bench.load(lut, tables)
        layer = random_layer(
            bench.rng, bench.space, lut, tables, (4, 1, 24), square_bypass=False, multiply_bypass=True, in_offset=0,
            in_scale=1, in_shift=0, out_offset=0, out_scale=1, out_shift=8,
        )  # fmt: skip
        await bench.run([layer])


@cocotb.test()
async def slopes(dut: Any) -> None:
    """Every slope shift with the largest distances: starts and ends of 38 bits, corner scales."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng = bench.rng
    tables = random_tables(rng)
    far = [-(1 << 37), (1 << 37) - 1, 1 << 32, -(1 << 32), (1 << 32) + 5, 1 << 22, -(1 << 22), 1 << 21, 0]
    for shift in range(-16, 16):
        for end in rng.sample(far, 3):
            scales = rng.choices([1, -1, 0, 32767, -32768, 77], k=2)
            table = TableConfig(
                start=rng.choice(far), end=end, select=-9, underflow_scale=scales[0], underflow_shift=shift,
                overflow_scale=scales[1], overflow_shift=shift,
            )  # fmt: skip
            lut = LutConfig(le=table, lo=replace(table, start=rng.choice(far)), underflow_lo=bool(shift & 1))
            await bench.load(lut, tables)
            visible = {"multiply_bypass": True, "out_offset": 0, "out_scale": 1, "out_shift": 8}
            await bench.run([random_layer(rng, bench.space, lut, tables, (2, 1, 16), **visible)])


@cocotb.test()
async def slope_limits(dut: Any) -> None:
    """Changes of 2^15 to 2^17, where a value saturates or just does not: products about 2^31 included."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng = bench.rng
    opposite = Tables(*(np.full(n, rng.choice([-32768, 32767]), np.int64) for n in (LE_ENTRIES, LO_ENTRIES)))
    for bits in (15, 16, 17):
        for shift in (15, 14, 7, 0, -3, -16):
            scale = rng.choice([1, -2, 3, -77, 32767, -32768])
            distance = rng.choice([1, -1]) * (1 << max(0, bits + shift)) // scale
            table = TableConfig(
                start=-300, end=rng.randint(-3, 3) - distance, select=-9, overflow_scale=scale, overflow_shift=shift
            )
            lut = LutConfig(le=table, lo=table, exponential=False)
            await bench.load(lut, opposite)
            visible = {"square_bypass": True, "multiply_bypass": True, "in_scale": 1, "in_shift": 0}
            output = {"out_offset": 0, "out_scale": 1, "out_shift": rng.choice([0, 8])}
            await bench.run([random_layer(rng, bench.space, lut, opposite, (2, 1, 16), **visible, **output)])


@cocotb.test()
async def queued_groups(dut: Any) -> None:
    """Status of both groups while a layer runs and the next is queued; the interrupt follows the acknowledge."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    bench.writer.done_latency = (200, 200)
    tables = await bench.load(WIDE)
    layers = [random_layer(bench.rng, bench.space, WIDE, tables, (8, 4, 16)) for _ in range(2)]
    for layer in layers:
        await bench.enqueue(layer)
    expect("CDP.S_STATUS", await bench.read("CDP.S_STATUS"), 0x00020001, show=hex)
    while await bench.read("CDP.S_STATUS") != 0:
        pass
    expect("interrupts", bench.interrupts, [])
    await ClockCycles(dut.clk, 300)
    expect("groups of the interrupts", [group for group, _ in bench.interrupts], [0, 1])
    check_writes(bench.writer.writes, bench.writer.times, layers)


@cocotb.test()
@cocotb.parametrize(unit=["source", "destination"])
async def wrong_ram_type_waits(dut: Any, unit: str) -> None:
    """RAM type 0: there is no such memory, nothing is requested."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    tables = await bench.load(WIDE)
    await bench.write_all([("CDP_RDMA.D_SRC_DMA_CFG", 1), ("CDP.D_DST_DMA_CFG", 1)])
    layer = random_layer(bench.rng, bench.space, WIDE, tables, (4, 1, 8))
    register = "CDP_RDMA.D_SRC_DMA_CFG" if unit == "source" else "CDP.D_DST_DMA_CFG"
    for address, data in layer.input_memory():
        bench.memory.write(address, data)
    await bench.write_all([*layer_registers(layer), (register, 0)])
    for name in ("CDP", "CDP_RDMA"):
        await bench.write(f"{name}.D_OP_ENABLE", 1)
    await ClockCycles(dut.clk, 200)
    expect("rd_req, whether it asks", bool(bench.readers["rd"].addresses), unit == "destination")
    expect("writes", bench.writer.writes, [])
    expect("CDP.S_STATUS", await bench.read("CDP.S_STATUS"), 1, show=hex)


@cocotb.test()
@cocotb.parametrize(stalls=[True, False])
async def random_layers(dut: Any, stalls: bool) -> None:
    """Random layers under random look-ups, queued in both groups, with stalls and at full rate."""
    bench = Bench(dut, (1, 20) if stalls else (64, 64), stalls)
    await bench.start()
    for _ in range(repeats(15)):
        lut = random_lut(bench.rng)
        tables = await bench.load(lut)
        await bench.run([random_layer(bench.rng, bench.space, lut, tables) for _ in range(4)])


@cocotb.test()
async def counted_stalls(dut: Any) -> None:
    """With the counters enabled in every layer they equal the stalls the bench saw."""
    bench = Bench(dut)
    await bench.start()
    tables = await bench.load(WIDE)
    layers = [random_layer(bench.rng, bench.space, WIDE, tables) for _ in range(8)]
    await bench.run([replace(layer, perf=True) for layer in layers])


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(size=[(16, 8, 32), (13, 13, 32), (64, 8, 8), (1, 64, 40)], reach=[1, 4])
async def throughput(dut: Any, size: tuple[int, int, int], reach: int) -> None:
    """One atom a cycle at a memory latency of 64, whatever the shape and the window."""
    bench = Bench(dut, (64, 64), stalls=False)
    await bench.start()
    tables = await bench.load(WIDE)
    await bench.run([random_layer(bench.rng, bench.space, WIDE, tables, size, reach=reach)])
    cycles = bench.write_cycles
    rate = (len(cycles) - 1) / (cycles[-1] - cycles[0])
    dut._log.info("%s: %.3f atoms a cycle", size, rate)
    expect_range("atoms a cycle", rate, 0.95)
