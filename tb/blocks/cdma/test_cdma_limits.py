"""CDMA at its limits: the top of fields, strides of all bits, ties of the converter, flags beside their shape."""

from __future__ import annotations

from random import Random
from typing import Any

import cocotb
from cdma_bench import Bench
from cdma_layers import Layer, converter, features, footprint, pixels, weights
from cocotb.triggers import ClockCycles, FallingEdge

from cocodla.formats.pixels import PIXEL_FORMATS
from cocotbext.dla import ICARUS, DbbTiming, expect
from cocotbext.dla.pins import number
from postlib import any_stride, apart

GRAY, RGBA, YUV = 0, 12, 28


async def start(dut: Any) -> Bench:
    """A bench whose memory and CSC are quick."""
    return await Bench.start(dut, Random(cocotb.RANDOM_SEED), DbbTiming(read_latency=(2, 2)), pace=1.0)


# ---------------------------------------------------------------- the top of a field


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(size=[(8192, 1, 8), (1, 8192, 1), (1, 1, 8192), (7936, 1, 16)])
async def test_largest_features(dut: Any, size: tuple[int, int, int]) -> None:
    """The largest width, height and channel count; a line of 15,872 entries, the most that a data region holds."""
    bench = await start(dut)
    await bench.run(weights(features(*size, banks=(31, 1)), 3))


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(code=[GRAY, RGBA, YUV])
async def test_largest_images(dut: Any, code: int) -> None:
    """8192 pixels a line with the largest X offset and paddings, and 8192 lines of one pixel."""
    bench = await start(dut)
    offset = PIXEL_FORMATS[code].max_x_offset
    wide = pixels(
        code, 8192, 1, pad_left=31, pad_right=63, x_offset=offset, chroma_address=0x20000, pad_value=0xA5, banks=(31, 1)
    )
    tall = pixels(code, 1, 8192, x_offset=offset, chroma_address=0x40000, gaps=(8, 16), banks=(31, 1))
    await bench.run(weights(wide, 1), *([weights(tall, 1)] if code == GRAY else []))


@cocotb.test(skip=ICARUS)
async def test_largest_weight_region(dut: Any) -> None:
    """31 banks of weights, filled beyond their end, beside one bank of data."""
    bench = await start(dut)
    await bench.run(weights(features(4, 2, 8, banks=(1, 31)), 31 * 512 + 40))


@cocotb.test()
async def test_any_strides(dut: Any) -> None:
    """Line, chroma and surface strides of all 32 bits, bases at both ends of memory."""
    bench = await start(dut)
    layers: list[Layer] = []
    taken: list[tuple[int, int]] = []
    kinds = (lambda: features(2, 2, 9), lambda: features(1, 2, 24), lambda: features(2, 1, 16),
             lambda: features(1, 1, 16), lambda: pixels(GRAY, 9, 2), lambda: pixels(RGBA, 5, 2),
             lambda: pixels(YUV, 9, 2))  # fmt: skip
    while len(layers) < 60:
        layer = placed(bench.rng, weights(bench.rng.choice(kinds)(), 2))
        spans = [(address // 8 * 8, size + address % 8) for address, size in footprint(layer)]
        if apart(taken + spans):
            layers.append(layer)
            taken += spans
    await bench.run(*layers)


def placed(rng: Random, layer: Layer) -> Layer:
    """The same layer anywhere in memory, at any strides."""
    fields = layer.fields
    bases = ("D_DAIN_ADDR_LOW_0", "DATAIN_ADDR_LOW_0"), ("D_DAIN_ADDR_LOW_1", "DATAIN_ADDR_LOW_1")
    for register, name in (*bases, ("D_WEIGHT_ADDR_LOW", "WEIGHT_ADDR_LOW")):
        fields[register] = {name: rng.choice([0, rng.getrandbits(29) << 3])}
    fields["D_LINE_STRIDE"] = {"LINE_STRIDE": any_stride(rng)}
    fields["D_LINE_UV_STRIDE"] = {"UV_LINE_STRIDE": any_stride(rng)}
    fields["D_SURF_STRIDE"] = {"SURF_STRIDE": any_stride(rng)}
    return layer


# ---------------------------------------------------------------- ties at the edge of saturation


@cocotb.test()
async def test_converter_ties(dut: Any) -> None:
    """All bytes about the ties at -128.5, -127.5, 126.5 and 127.5: both sides of each, features, images and means."""
    bench = await start(dut)
    every_byte = bytes(range(256))
    bench.memory.write(0x1000, every_byte)
    bench.image.load(0x1000, every_byte)
    layers = []
    for shift in (0, 1, 2, 5, 8):
        for limit in (253, 255, -255, -257):  # twice the tie
            centre = (limit << shift) >> 1
            for more, sign, kind in ((0, 1, 0), (0, -1, 1), (14, 1, 2), (14, -1, 1)):
                # Bytes are 0 .. 255 or -128 .. 127: the tie is met in the middle of them.
                offset = (128 if kind else 0) - sign * centre
                if abs(offset) > 32767:
                    continue
                layer = features(32, 1, 8) if kind == 0 else pixels(GRAY, 256, 1)
                means = (offset, 0, 0, 0) if kind == 2 else None
                converter(layer, 0 if means else offset, sign << more, shift + more, means)
                layers.append(weights(layer, 1))
    await bench.run(*layers)


# ---------------------------------------------------------------- flags beside their shape


@cocotb.test()
@cocotb.parametrize(shape=[(1, 1), (1, 2), (2, 1), (1, 5), (5, 1), (3, 2)])
async def test_packed_flags(dut: Any, shape: tuple[int, int]) -> None:
    """SURF_PACKED and LINE_PACKED in every combination on every shape: only 1x1 cubes of features are packed."""
    bench = await start(dut)
    layers = []
    for surf_packed in (0, 1):
        for line_packed in (0, 1):
            cube = features(*shape, 24, line_gap=16, surface_gap=40)
            image = pixels(GRAY, *shape, gaps=(24, 0))
            for layer in (cube, image):
                layer.fields["D_DAIN_MAP"] = {"LINE_PACKED": line_packed, "SURF_PACKED": surf_packed}
                layer.fields["D_SURF_STRIDE"] = {"SURF_STRIDE": 200}
                layers.append(weights(layer, 1))
    await bench.run(*layers)


# ---------------------------------------------------------------- resets


@cocotb.test()
@cocotb.parametrize(blocked=["csc", "answers", "requests"])
async def test_resets_with_full_buffers(dut: Any, blocked: str) -> None:
    """A reset while both rings are full, all reads that there can be are owed, or none is taken: all comes back."""
    stopped = True
    timing = DbbTiming(read_latency=(2, 2))
    if blocked == "answers":
        timing.r_gap = lambda: stopped
    elif blocked == "requests":
        timing.ar_stall = lambda: stopped
    bench = await Bench.start(dut, Random(cocotb.RANDOM_SEED), timing, pace=1.0)
    for _ in range(2):
        stopped, bench.csc.pace = True, 0.0 if blocked == "csc" else 1.0
        for _ in range(2):
            await bench.enable(weights(features(16, 32, 8, banks=(1, 1)), 700))
        rings = bench.csc.data, bench.csc.weights
        before = bench.beats(8), bench.beats(9)
        arrived = [ring.arrived for ring in rings]
        await ClockCycles(dut.clk, 1500)
        await FallingEdge(dut.clk)
        if blocked == "csc":
            held = [len(ring.held) for ring in rings]
            expect("lines, weight atoms in CBUF with CSC stopped", held, [32, 512])
        elif blocked == "answers":
            expect("lines, weight atoms that came without answers", [ring.arrived for ring in rings], arrived)
        else:
            waits = number(dut.dat_rd_req_valid), number(dut.wt_rd_req_valid)
            expect("dat_rd_req_valid, wt_rd_req_valid while none is taken", waits, (1, 1))
            expect("beats of data, weights while none is taken", (bench.beats(8), bench.beats(9)), before)
        await bench.reset()
        stopped, bench.csc.pace = False, 1.0
        await bench.run(weights(features(16, 32, 8, banks=(1, 1)), 700), weights(pixels(GRAY, 40, 6), 60))
