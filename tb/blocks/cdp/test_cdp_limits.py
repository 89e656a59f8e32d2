"""CDP at its limits: the top of fields, ties at saturation, single lanes and every number of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import cocotb
import numpy as np
from cdp_bench import Bench
from cdp_layers import Layer, random_layer

from cocodla.golden.config_cdp import LE_ENTRIES, LO_ENTRIES, LutConfig, TableConfig, Tables
from cocodla.golden.lut import Lut
from cocodla.hw import ATOM
from cocotbext.dla import ICARUS, expect, repeats, steps
from postlib import BLOCKED, any_stride, apart, reset_while_full

INT8 = np.arange(-128, 128)
IDENTITY = LutConfig(  # LO covers -256 .. 255 in steps of two
    le=TableConfig(start=1 << 20, end=1 << 20, select=0), lo=TableConfig(start=-257, end=255, select=1), hybrid_lo=True
)
IDENTITY_TABLES = Tables(np.zeros(LE_ENTRIES, np.int64), np.arange(LO_ENTRIES) * 2 - 257)
ONES = Tables(np.ones(LE_ENTRIES, np.int64), np.ones(LO_ENTRIES, np.int64))
POINTWISE = {"square_bypass": True, "multiply_bypass": True, "in_offset": 0, "in_scale": 1, "in_shift": 0,
             "out_offset": 0, "out_scale": 1, "out_shift": 0}  # fmt: skip


def sweep(bench: Bench, lut: LutConfig, tables: Tables, **settings: Any) -> Layer:
    """A layer whose input is every int8 once; settings change what lets numbers through unchanged."""
    layer = random_layer(bench.rng, bench.space, lut, tables, (4, 1, 64), **{**POINTWISE, **settings})
    return replace(layer, x=INT8.astype(np.int8).reshape(layer.x.shape))


# ---------------------------------------------------------------- the top of a field


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 8192)] if ICARUS else [(8192, 1, 8), (1, 8192, 8), (1, 1, 8192)])
async def largest_sizes(dut: Any, size: tuple[int, int, int]) -> None:
    """The largest width, height and channel count, one at a time; 65,536 elements of one layer hit."""
    bench = Bench(dut, latency=(8, 8), stalls=False)
    await bench.start()
    await bench.load(IDENTITY, IDENTITY_TABLES)
    layer = random_layer(bench.rng, bench.space, IDENTITY, IDENTITY_TABLES, size, **POINTWISE)
    assert max(vars(layer.expected()[1]).values()) >= layer.x.size - ATOM
    await bench.run([layer])


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 40), (1, 5, 24), (5, 1, 24), (3, 2, 17)])
async def any_strides(dut: Any, size: tuple[int, int, int]) -> None:
    """Strides of all 32 bits, bases at both ends of memory: addresses wrap, also backwards; 1x1 cubes too."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    await bench.load(IDENTITY, IDENTITY_TABLES)
    layers: list[Layer] = []
    taken: list[tuple[int, int]] = []
    while len(layers) < 6:
        layer = with_any_strides(bench.rng, random_layer(bench.rng, bench.space, IDENTITY, IDENTITY_TABLES, size))
        blocks = [(address, len(data)) for address, data in layer.input_memory()]
        if apart(taken + blocks):
            layers.append(layer)
            taken += blocks
    await bench.run(layers)


def with_any_strides(rng: Random, layer: Layer) -> Layer:
    """The same layer with its cubes anywhere, at any strides."""
    ends = [rng.choice([0, 0xFFFFFFF8, rng.getrandbits(29) << 3]) for _ in range(2)]
    source = replace(layer.source, line_stride=any_stride(rng), surface_stride=any_stride(rng))
    config = replace(layer.config, address=ends[0], line_stride=any_stride(rng), surface_stride=any_stride(rng))
    return replace(layer, config=config, source=source, address=ends[1])


@cocotb.test()
async def table_addresses_anywhere(dut: Any) -> None:
    """All 10 bits of LUT_ADDR, both tables: past the end nothing is stored, entry 0 is read, the address goes on."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng, lut = bench.rng, Lut()
    for _ in range(1500):
        match rng.randrange(4):
            case 0:
                address = rng.choice([0, 63, 64, 65, 255, 256, 257, 1022, 1023, rng.randrange(1024)])
                value = address | rng.getrandbits(2) << 16
                lut.access("S_LUT_ACCESS_CFG", value)
                await bench.write("CDP.S_LUT_ACCESS_CFG", value)
            case 1:
                value = rng.getrandbits(16)
                lut.access("S_LUT_ACCESS_DATA", value)
                await bench.write("CDP.S_LUT_ACCESS_DATA", value)
            case 2:
                expected = lut.read("S_LUT_ACCESS_DATA")
                expect("CDP.S_LUT_ACCESS_DATA", await bench.read("CDP.S_LUT_ACCESS_DATA"), expected, show=hex)
            case _:
                expected = lut.read("S_LUT_ACCESS_CFG")
                expect("CDP.S_LUT_ACCESS_CFG", await bench.read("CDP.S_LUT_ACCESS_CFG"), expected, show=hex)


# ---------------------------------------------------------------- ties at the edge of saturation


@cocotb.test()
async def input_ties(dut: Any) -> None:
    """The input converter at ties around -256 and 255 (511 = 7 * 73, 513 = 19 * 27 = 3 * 171), both sides of each."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    await bench.load(IDENTITY, IDENTITY_TABLES)
    layers = []
    for scale, more in ((7, 12), (19, 10), (3, 13)):
        for sign in (1, -1):
            for shift in (0, 4, more):
                for in_offset, out_offset in ((-128, 200), (-128, -200), (127, 200), (127, -200)):
                    settings = {"in_scale": sign * scale << shift, "in_shift": shift + 1, "in_offset": in_offset}
                    layers.append(sweep(bench, IDENTITY, IDENTITY_TABLES, out_offset=out_offset, **settings))
    layers.append(sweep(bench, IDENTITY, IDENTITY_TABLES, in_scale=-0x8000, in_shift=31, in_offset=-128))
    layers.append(sweep(bench, IDENTITY, IDENTITY_TABLES, in_scale=-0x8000, in_shift=23, in_offset=-128))
    await bench.run(layers)


@cocotb.test()
async def output_ties(dut: Any) -> None:
    """The output converter at ties around -128 and 127, both sides of each, for shifts 0 to 30 and the top ones."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    await bench.load(IDENTITY, ONES)
    layers = []
    for shift in (0, 1, 2, 5, 10, 16):
        for limit in (253, 255, -255, -257):
            centre = (limit << shift) >> 1
            for more, sign in ((0, 1), (14, 1), (0, -1)):
                settings = {"out_offset": -sign * centre, "out_scale": sign << more, "out_shift": shift + more}
                layers.append(sweep(bench, IDENTITY, ONES, multiply_bypass=False, **settings))
    for out_shift in (40, 41, 42, 63):  # the largest product is 2^40
        for out_offset in (-(1 << 24), (1 << 24) - 1):
            settings = {"out_offset": out_offset, "out_scale": -0x8000, "out_shift": out_shift}
            layers.append(sweep(bench, IDENTITY, ONES, **settings))
    await bench.run(layers)


@cocotb.test()
@cocotb.parametrize(pair=[(32767, 32766), (-32768, -32767), (0, 1), (0, -1), (5, -6), (32767, -32768), (-32768, 32767)])
async def interpolation_ties(dut: Any, pair: tuple[int, int]) -> None:
    """Interpolation half way between two entries and a step beside it, both ways, in both tables and functions."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    for first, second in (pair, pair[::-1]):
        tables = Tables(*(np.resize([first, second], n).astype(np.int64) for n in (LE_ENTRIES, LO_ENTRIES)))
        middle = (first + second) // 2
        half = TableConfig(start=-(1 << 15), end=1 << 30, select=16)
        for lut in (
            LutConfig(le=half, lo=half, hybrid_lo=False),
            LutConfig(le=half, lo=half, hybrid_lo=True),
            LutConfig(le=replace(half, start=-(3 << 14)), lo=half, exponential=True, offset=15),
        ):
            lut = replace(lut, exponential=lut.exponential and lut.offset == 15)
            await bench.load(lut, tables)
            await bench.run([sweep(bench, lut, tables, out_offset=middle)])


@cocotb.test()
@cocotb.parametrize(end=[32767, 32766, -32768, -32767, 0])
async def slope_ties(dut: Any, end: int) -> None:
    """Slopes beyond a table at ties (odd distances, half a step each) that end on a limit of 16 bits, both ways."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    tables = Tables(*(np.full(n, end, np.int64) for n in (LE_ENTRIES, LO_ENTRIES)))
    layers = []
    for shift in (1, 2, 15):
        for sign in (1, -1):
            slope = {"underflow_scale": sign << shift - 1, "underflow_shift": shift,
                     "overflow_scale": sign << shift - 1, "overflow_shift": shift}  # fmt: skip
            for start in (128, -1000, 1 << 20):
                table = TableConfig(start=start, end=0, select=-9, **slope)
                lut = LutConfig(le=table, lo=table, exponential=False)
                await bench.load(lut, tables)
                layer = sweep(bench, lut, tables, out_offset=end)
                await bench.run([layer])
                layers.append(layer)
    found = [layer.expected()[1] for layer in layers]
    assert any(one.underflow for one in found) and any(one.overflow for one in found)


# ---------------------------------------------------------------- lanes


@cocotb.test()
async def every_channel_count(dut: Any) -> None:
    """1 to 17 channels: each number of lanes in the last surface, whose other lanes count for nothing."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    tables = Tables(np.arange(LE_ENTRIES) * 400, np.arange(LO_ENTRIES) * 100)
    wide = LutConfig(
        le=TableConfig(start=0, end=1 << 20, select=14), lo=TableConfig(start=-1, end=(1 << 20) - 1, select=12)
    )
    await bench.load(wide, tables)
    settings = {"square_bypass": False, "in_offset": 0, "in_scale": 2, "in_shift": 0, "out_offset": 0, "out_scale": 1}
    layers = []
    for channels in range(1, 18):
        for reach in (1, 4):
            layer = random_layer(
                bench.rng, bench.space, wide, tables, (2, 1, channels), reach=reach, multiply_bypass=True, out_shift=6,
                **settings,
            )  # fmt: skip
            loud = bench.rng.choice([127, -128])
            layers.append(replace(layer, x=np.full_like(layer.x, loud)))
    await bench.run(layers)


@cocotb.test()
async def single_lanes(dut: Any) -> None:
    """Statistics and data of a layer in which one lane of one atom alone falls elsewhere than all others."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    table = TableConfig(start=-64, end=0, select=0)
    lut = LutConfig(le=table, lo=replace(table, start=-100, end=156), exponential=False)
    tables = Tables(np.arange(LE_ENTRIES) * 3, np.arange(LO_ENTRIES))
    await bench.load(lut, tables)
    for lane in range(ATOM):
        for usual, other in ((-10, -128), (-10, -70), (-10, 50), (-128, -10), (50, -10)):
            layer = random_layer(bench.rng, bench.space, lut, tables, (2, 1, 8), **POINTWISE)
            x = np.full(layer.x.shape, usual, np.int8)
            x[0, 0, lane % 2, lane] = other
            layers.append(replace(layer, x=x))
    await bench.run(layers)


# ---------------------------------------------------------------- the last place


@cocotb.test()
async def last_place_of_the_buffer(dut: Any) -> None:
    """The buffer is full, and 1, 2, ... 40 atoms in a row leave it: the last place is taken while one is given back."""
    bench = Bench(dut, latency=(4, 4), stalls=False)
    await bench.start()
    await bench.load(IDENTITY, IDENTITY_TABLES)
    bench.writer.stall = steps()
    size = (41, 10, 16)
    rng, space = bench.rng, bench.space
    layers = [random_layer(rng, space, IDENTITY, IDENTITY_TABLES, size, **POINTWISE) for _ in range(repeats(2))]
    await bench.run(layers)


# ---------------------------------------------------------------- resets


@cocotb.test()
@cocotb.parametrize(blocked=BLOCKED)
async def resets_with_full_buffers(dut: Any, blocked: str) -> None:
    """A reset while every buffer is as full as it gets gives all places back: later layers run as ever."""
    bench = Bench(dut, stalls=False)
    await bench.start()

    async def enqueue(size: tuple[int, int, int]) -> None:
        await bench.load(IDENTITY, IDENTITY_TABLES)
        await bench.enqueue(random_layer(bench.rng, bench.space, IDENTITY, IDENTITY_TABLES, size))

    await reset_while_full(bench, blocked, enqueue)
    await bench.load(IDENTITY, IDENTITY_TABLES)
    sizes = ((40, 3, 16), (1, 1, 20), (9, 4, 9), (20, 5, 24))
    layers = [random_layer(bench.rng, bench.space, IDENTITY, IDENTITY_TABLES, size) for size in sizes]
    await bench.run(layers, limit=6000)
