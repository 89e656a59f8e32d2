"""CDMA against the golden model: what is in CBUF when it says so, in every mode, under every memory."""

from __future__ import annotations

from random import Random
from typing import Any

import cocotb
import numpy as np
from cdma_bench import Bench
from cdma_layers import Layer, LayerMaker, converter, features, pixels, weights
from cocotb.triggers import ClockCycles, FallingEdge

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.registers import MAP
from cocotbext.dla import (
    ICARUS,
    DbbTiming,
    expect,
    expect_beats,
    expect_range,
    repeats,
)
from cocotbext.dla.pins import number as pin


def seeded() -> Random:
    """A generator that repeats with the seed of the run."""
    return Random(cocotb.RANDOM_SEED)


@cocotb.test()
async def test_flush_status(dut: Any) -> None:
    """S_CBUF_FLUSH_STATUS reads 1 soon after reset, and no write to CBUF is made by itself."""
    bench = await Bench.start(dut, seeded())
    expect("CDMA.S_CBUF_FLUSH_STATUS", await bench.bus.read(MAP["CDMA.S_CBUF_FLUSH_STATUS"].address), 1, show=hex)
    await ClockCycles(dut.clk, 50)
    expect("cycle of the last write to CBUF", bench.csc.last_write, 0)


@cocotb.test()
async def test_features(dut: Any) -> None:
    """Feature cubes: partial channels, gaps between lines and surfaces, surplus entries, 1x1 cubes."""
    bench = await Bench.start(dut, seeded())
    layers = [
        features(5, 4, 8),
        features(7, 3, 20),
        features(3, 5, 17, line_gap=24, surface_gap=40),
        features(4, 3, 9, surplus=3),
        features(1, 1, 8),
        features(1, 1, 100),
        features(1, 1, 100, packed=True),
        features(1, 30, 8),
        features(2, 2, 64, address=0x2345),
        features(512, 1, 8),
    ]
    await bench.run(*(weights(layer, 3) for layer in layers))


@cocotb.test()
async def test_packed_addresses(dut: Any) -> None:
    """A 1x1 cube with SURF_PACKED ignores the surface stride; without it the stride counts."""
    bench = await Bench.start(dut, seeded())
    for packed, step in ((True, 8), (False, 64)):
        layer = weights(features(1, 1, 40, address=0x4000, line_gap=56, packed=packed), 1, 0x50000)
        addresses: list[int] = []
        watcher = cocotb.start_soon(watch_addresses(dut, addresses))
        await bench.run(layer)
        watcher.cancel()
        expect_beats("reads (addresses)", addresses, [0x4000 + i * step for i in range(5)])


async def watch_addresses(dut: Any, addresses: list[int]) -> None:
    """Record the byte addresses of the data requests."""
    while True:
        await FallingEdge(dut.clk)
        if dut.dat_rd_req_valid.value == 1 and dut.dat_rd_req_ready.value == 1:
            addresses.append(8 * pin(dut.dat_rd_req_addr))


@cocotb.test()
@cocotb.parametrize(code=sorted(PIXEL_FORMATS)[:: 3 if ICARUS else 1])
async def test_pixels(dut: Any, code: int) -> None:
    """A pixel format: every legal X offset against left paddings 0 to 9 and 31, widths 1 to 17, right padding."""
    rng = seeded()
    bench = await Bench.start(dut, rng, DbbTiming(read_latency=(2, 2)), pace=1.0)
    layers = []
    for x_offset in range(PIXEL_FORMATS[code].max_x_offset + 1):
        for pad_left in [*range(10), 31]:
            layer = pixels(
                code,
                rng.randint(1, 17),
                2,
                pad_left=pad_left,
                pad_right=rng.choice([0, 1, 2, 63]),
                x_offset=x_offset,
                pad_value=0x1A5,
                address=0x1000,
                gaps=(8, 16),
            )
            if rng.random() < 0.5:
                converter(layer, 100, rng.randint(-30000, 30000), 13, tuple(rng.randint(-200, 200) for _ in range(4)))
            layers.append(weights(layer, 1))
    await bench.run(*layers)


@cocotb.test()
async def test_converter(dut: Any) -> None:
    """All 256 bytes, signed and unsigned, for corner and random offsets, scales and truncations."""
    rng = seeded()
    bench = await Bench.start(dut, rng, DbbTiming(read_latency=(2, 2)), pace=1.0)
    every_byte = bytes(range(256))
    bench.memory.write(0x1000, every_byte)
    bench.image.load(0x1000, every_byte)
    corners = [-32768, -32767, -129, -128, -1, 0, 1, 2, 127, 128, 255, 256, 32767]
    layers = []
    for truncate in range(64):
        for _ in range(3):
            offset = rng.choice([*corners, rng.randint(-300, 300)])
            scale = rng.choice([*corners, 1 << min(truncate, 14), 3 << min(truncate, 12), rng.randint(-32768, 32767)])
            image = pixels(rng.choice([0, 12]), 64, 1, signed=rng.random() < 0.5)
            layer = rng.choice([features(32, 1, 8), image, image])
            means = tuple(rng.choice(corners) for _ in range(4)) if rng.random() < 0.3 else None
            converter(layer, offset, scale, truncate, means)
            layers.append(weights(layer, 1))
    await bench.run(*layers)


@cocotb.test()
async def test_reuse(dut: Any) -> None:
    """Which fetches DATA_REUSE, WEIGHT_REUSE and the SKIP bits suppress, told by the beats on the bus."""
    bench = await Bench.start(dut, seeded())
    # image, reuse data, reuse weights, skip data release, skip weight release, banks -> data and weights fetched
    cases = [
        (0, 1, 1, 1, 1, (3, 2), True, True),  # first layer: nothing to reuse
        (0, 1, 1, 1, 1, (3, 2), False, False),
        (0, 1, 1, 0, 0, (3, 2), False, False),
        (0, 1, 1, 1, 1, (3, 2), True, True),  # the layer before has released
        (0, 0, 0, 1, 1, (3, 2), True, True),
        (1, 1, 1, 1, 1, (3, 2), True, False),  # other engine
        (1, 1, 1, 1, 1, (4, 2), True, True),  # other data banks
        (1, 1, 0, 1, 1, (4, 2), False, True),
        (1, 0, 1, 1, 1, (4, 3), True, True),  # other weight banks only
        (1, 0, 1, 0, 0, (4, 3), True, False),
    ]
    for number, (image, data, weight, skip_data, skip_weight, banks, get_data, get_weights) in enumerate(cases):
        layer = pixels(0, 40, 6, banks=banks) if image else features(5, 6, 8, banks=banks)
        layer.fields["D_MISC_CFG"] |= {
            "DATA_REUSE": data,
            "WEIGHT_REUSE": weight,
            "SKIP_DATA_RLS": skip_data,
            "SKIP_WEIGHT_RLS": skip_weight,
        }
        before = bench.beats(8), bench.beats(9)
        await bench.run(weights(layer, 50))
        beats = bench.beats(8) - before[0], bench.beats(9) - before[1]
        expect(f"case {number}, beats of data and weights", beats, (30 * get_data, 50 * get_weights))


@cocotb.test()
async def test_height_split(dut: Any) -> None:
    """Lines left by RLS_SLICES stay in front of the newly fetched ones; the ring wraps inside lines."""
    bench = await Bench.start(dut, seeded())
    first = weights(features(31, 16, 8, banks=(1, 1)), 5)
    first.release = 14
    second = weights(features(31, 14, 8, address=0x8000, banks=(1, 1)), 5)
    second.fields["D_MISC_CFG"]["DATA_REUSE"] = 1
    second.csc_height, second.release = 16, 16
    await bench.run(first, second, first, second)
    expect("beats of data", bench.beats(8), 2 * 30 * 31)


@cocotb.test()
async def test_bank_change(dut: Any) -> None:
    """Flushes wait for a slow CSC, a change of the weight banks alone keeps the data ring rolling."""
    bench = await Bench.start(dut, seeded(), pace=0.005)
    splits = [(2, 1), (2, 2), (3, 2), (3, 2), (1, 1), (31, 1)]
    await bench.run(*(weights(features(9, 3, 16, banks=banks), 40) for banks in splits))


@cocotb.test()
async def test_prefetch(dut: Any) -> None:
    """With equal banks the next layer is in CBUF before CSC has finished the one before."""
    bench = await Bench.start(dut, seeded(), pace=0.0001)
    layers = [weights(features(8, 4, 8), 20) for _ in range(2)]
    for layer in layers:
        await bench.enable(layer)
    await ClockCycles(dut.clk, 400)
    expect("beats of data and weights", (bench.beats(8), bench.beats(9)), (64, 40))
    expect("layers finished", bench.csc.finished, 0)
    bench.csc.pace = 1.0
    await bench.csc.wait_finished(2)
    bench.check_end()


@cocotb.test()
@cocotb.parametrize(queued=[7, 8, 9, 16, 64])
async def test_bank_change_behind_many(dut: Any, queued: int) -> None:
    """However many layers are fetched ahead of CSC, a bank change waits until it has finished all of them."""
    bench = await Bench.start(dut, seeded())
    bench.csc.pace = 0.0
    for _ in range(queued):
        await bench.enable(weights(features(1, 1, 8, banks=(4, 4)), 2))
    await bench.enable(weights(features(3, 2, 8, banks=(2, 5)), 4))
    await ClockCycles(dut.clk, 300)
    expect("layers finished, beats of data", (bench.csc.finished, bench.beats(8)), (0, queued))
    bench.csc.pace = 1.0
    await bench.csc.wait_finished(queued + 1)
    await ClockCycles(dut.clk, 10)
    bench.check_end()


@cocotb.test()
async def test_most_layers_ahead(dut: Any) -> None:
    """At 255 layers ahead of CSC the next one waits: layers that reuse all have no other bound."""
    bench = await Bench.start(dut, seeded())
    bench.csc.pace = 0.0
    keep = dict.fromkeys(("DATA_REUSE", "WEIGHT_REUSE", "SKIP_DATA_RLS", "SKIP_WEIGHT_RLS"), 1)
    layer = weights(features(1, 1, 8), 2)
    layer.fields["D_MISC_CFG"] |= keep
    for _ in range(256):
        await bench.enable(layer)
    await ClockCycles(dut.clk, 300)
    expect("CDMA.S_STATUS", await bench.bus.read(MAP["CDMA.S_STATUS"].address), 1 << 16, show=hex)
    bench.csc.pace = 1.0
    await bench.enable(weights(features(3, 2, 8, banks=(2, 5)), 4))
    await bench.csc.wait_finished(257)
    await ClockCycles(dut.clk, 10)
    bench.check_end()


@cocotb.test()
async def test_full_rings(dut: Any) -> None:
    """More weights than the ring holds, and data that fill their ring to the last entry, with a slow CSC."""
    bench = await Bench.start(dut, seeded(), pace=0.02)
    layers = [weights(features(16, 32, 8, banks=(1, 1)), 1500) for _ in range(3)]
    await bench.run(*layers)


@cocotb.test()
@cocotb.parametrize(which=["D_DAIN_RAM_TYPE", "D_WEIGHT_RAM_TYPE", "D_MISC_CFG"])
async def test_hang(dut: Any, which: str) -> None:
    """RAM type 0 and CONV_MODE 1 never send a request of their engine and never finish."""
    bench = await Bench.start(dut, seeded())
    layer = weights(features(4, 4, 8), 10)
    bench.load(layer)
    field = {"D_DAIN_RAM_TYPE": "DATAIN_RAM_TYPE", "D_WEIGHT_RAM_TYPE": "WEIGHT_RAM_TYPE", "D_MISC_CFG": "CONV_MODE"}
    layer.fields[which][field[which]] = int(which == "D_MISC_CFG")
    words = layer.words()
    await bench.bus.write_all([(MAP[f"CDMA.{name}"].address, word) for name, word in words.items()])
    bench.csc.data_moves.append(layer)
    bench.csc.weight_moves.append(layer)
    free = 9 if which != "D_WEIGHT_RAM_TYPE" else 8
    ring = bench.csc.weights if free == 9 else bench.csc.data
    shape, count = ((1, 8), 10) if free == 9 else ((4, 8), 4)
    ring.expected.extend((np.zeros(shape, np.uint8), np.zeros(shape, bool)) for _ in range(count))
    await bench.bus.write(MAP["CDMA.D_OP_ENABLE"].address, 1)
    await ClockCycles(dut.clk, 600)
    expect("beats of the engine that hangs", bench.beats(17 - free), 0)
    expect("beats of the other engine", bench.beats(free), 10 if free == 9 else 16)
    expect("CDMA.S_STATUS", await bench.bus.read(MAP["CDMA.S_STATUS"].address), 1, show=hex)
    expect("interrupts", bench.csc.interrupts, [("wt" if free == 9 else "dat", 0)])


@cocotb.test()
async def test_counters(dut: Any) -> None:
    """Read stalls are counted to the cycle, belong to their group, restart with it, and stop without DMA_EN."""
    rng = seeded()
    timing = DbbTiming(read_latency=(20, 30), ar_stall=lambda: rng.random() < 0.5)
    bench = await Bench.start(dut, rng, timing)
    for round_ in range(4):
        stalls = {"dat": 0, "wt": 0}
        watcher = cocotb.start_soon(count_stalls(dut, stalls))
        layer = weights(features(6, 5, 16), 70)
        enabled = round_ != 2
        layer.fields["D_PERF_ENABLE"]["DMA_EN"] = int(enabled)
        await bench.run(layer)
        watcher.cancel()
        await bench.bus.write(MAP["CDMA.S_POINTER"].address, round_ % 2)
        read = {}
        for name in ("DAT_READ_STALL", "WT_READ_STALL", "DAT_READ_LATENCY", "WT_READ_LATENCY"):
            read[name] = await bench.bus.read(MAP[f"CDMA.D_PERF_{name}"].address)
        expect("CDMA.D_PERF_WT_READ_LATENCY", read["WT_READ_LATENCY"], 0)
        if enabled:
            expect("CDMA.D_PERF_DAT_READ_STALL", read["DAT_READ_STALL"], stalls["dat"])
            expect("CDMA.D_PERF_WT_READ_STALL", read["WT_READ_STALL"], stalls["wt"])
            expect_range("CDMA.D_PERF_DAT_READ_LATENCY", read["DAT_READ_LATENCY"], 80, 600)
            for name, seen in stalls.items():
                expect_range(f"{name}_rd_req, stalls", seen, 11)
        else:
            for name, value in read.items():
                expect(f"CDMA.D_PERF_{name} without DMA_EN", value, 0)


async def count_stalls(dut: Any, stalls: dict[str, int]) -> None:
    """Cycles with a request that is not taken."""
    while True:
        await FallingEdge(dut.clk)
        for name in stalls:
            if getattr(dut, f"{name}_rd_req_valid").value == 1 and getattr(dut, f"{name}_rd_req_ready").value == 0:
                stalls[name] += 1


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(latency=[8, 32, 64])
async def test_throughput(dut: Any, latency: int) -> None:
    """One beat a cycle for features, images of each kind and weights; the sum of both on the bus too."""
    bench = await Bench.start(dut, seeded(), DbbTiming(read_latency=(latency, latency)), pace=1.0)
    cases: list[tuple[str, Layer, int]] = [
        ("features, 4 surfaces", weights(features(16, 16, 32, banks=(8, 4)), 1), 1024),
        ("one atom a line", weights(features(1, 600, 8, banks=(8, 4)), 1), 600),
        ("one surface a column", weights(features(1, 20, 256, banks=(8, 4)), 1), 640),
        ("gray image", weights(pixels(0, 224, 30, banks=(8, 4)), 1), 840),
        ("RGBA image", weights(pixels(12, 100, 20, pad_left=3, pad_right=3, banks=(8, 4)), 1), 1060),
        ("YUV image", weights(pixels(28, 160, 16, pad_left=3, pad_right=3, banks=(8, 4)), 1), 998),
        ("weights", weights(features(1, 1, 8, banks=(8, 4)), 2000), 2000),
        ("both", weights(features(32, 16, 16, banks=(8, 4)), 1000), 2024),
    ]
    for name, layer, entries in cases:
        await bench.enable(layer)
        start = bench.csc.cycle
        await bench.csc.wait_finished(bench.layers)
        cycles = bench.csc.last_write - start - latency
        dut._log.info(f"{name}: {entries} entries in {cycles} cycles at latency {latency}")
        expect_range(f"cycles for {entries} entries to CBUF, {name}", cycles, most=entries * 1.03 + 20)


@cocotb.test()
@cocotb.parametrize(run=range(repeats(8)))
async def test_random(dut: Any, run: int) -> None:
    """Sequences of random layers with reuse, bank changes and nasty memories."""
    rng = Random(f"{cocotb.RANDOM_SEED}-{run}")
    pace = rng.choice([1.0, 0.3, 0.05])
    bench = await Bench.start(dut, rng, DbbTiming.random(rng), pace)
    maker = LayerMaker(rng)
    await bench.run(*(maker.next() for _ in range(20)))
    bench.dbb.finish()


@cocotb.test()
@cocotb.parametrize(run=range(repeats(3)))
async def test_resets(dut: Any, run: int) -> None:
    """Resets at any moment of two queued layers, whatever CSC holds and memory owes: later layers are as ever."""
    rng = Random(f"{cocotb.RANDOM_SEED}-{run}")
    bench = await Bench.start(dut, rng, DbbTiming.random(rng))
    slow = rng.choice([0.3, 0.01])
    for _ in range(5):
        bench.csc.pace = slow
        maker = LayerMaker(rng, most_weights=300)
        for _ in range(2):
            await bench.enable(maker.next())
        await ClockCycles(dut.clk, rng.randrange(1, rng.choice([30, 300, 1500])))
        await bench.reset()
        bench.csc.pace = 0.3
        maker = LayerMaker(rng, size=100, most_weights=300)
        await bench.run(*(maker.next() for _ in range(3)))
        await bench.reset()
    bench.dbb.finish()
