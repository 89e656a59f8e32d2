"""PDP at its limits: the top of fields, strides of all bits, ties at the edge of the two roundings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge
from pdp_bench import Bench
from pdp_layers import Int8Array, Layer, make_layer, pooling

from cocodla.golden.config import Pooling, Split
from cocodla.hw import ATOM
from cocotbext.dla import ICARUS, expect, repeats, steps
from cocotbext.dla.pins import number
from postlib import BLOCKED, any_stride, apart, around_ties, check_writes, reset_while_full

SCALING = {"reciprocal_width": 0x8000, "reciprocal_height": 0x4000, "pad_values": (5, 10, 15, 20, 25, 30, 35)}

# ---------------------------------------------------------------- the top of a field


@cocotb.test()
@cocotb.parametrize(
    case=[((1, 1, 8192), (1, 1), (1, 1), (0, 0))] if ICARUS else [
        ((1, 1, 8192), (8, 8), (16, 16), (4, 3)),
        ((1, 8192, 8), (1, 2), (1, 1), (0, 0)),
        ((1, 8192, 8), (1, 8), (1, 16), (0, 7)),
        ((1, 8185, 8), (1, 8), (1, 1), (7, 7)),  # 8192 output lines
    ]
)  # fmt: skip
async def largest_sizes(dut: Any, case: Any) -> None:
    """The largest height, channel count and output height, with the largest windows and strides."""
    bench = Bench(dut, latency=(8, 8), stalls=False)
    await bench.start()
    size, kernel, stride, (top, bottom) = case
    pads = (min(kernel[0] - 1, 4), top, min(kernel[0] - 1, 4), bottom)
    config = pooling(size, kernel, stride, pads, method=Pooling.AVERAGE, **SCALING)
    await bench.run([make_layer(bench.rng, bench.space, config)])


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(
    case=[
        (8, 8, Split(8, 1024, 1024, 1024, 128, 128, 128)),
        (8, 8, Split(256, 32, 32, 32, 4, 4, 4)),
        (8, 9, Split(8, 1016, 1017, 1017, 113, 113, 113)),
        (1, 1, None),
    ]
)
async def largest_strips(dut: Any, case: Any) -> None:
    """8192 columns: in strips of 1024, in 256 strips, with a gap, and in one where windows are one row high."""
    bench = Bench(dut, latency=(8, 8), stalls=False)
    await bench.start()
    kernel, stride, split = case
    if split is None:  # no line buffer is needed, so its width is no limit of the unit
        whole = Split(8, 1024, 1024, 1024, 128, 128, 128)
        layer = make_layer(bench.rng, bench.space, pooling((8192, 1, 8), (8, 1), (8, 1), split=whole))
        place = {"address": bench.space.take(1 << 16), "line_stride": 1 << 16, "surface_stride": 1 << 16}
        one = {"kernel_width": 1, "stride_width": 1, "out_width": 8192, "split": None}
        await bench.run([replace(layer, config=replace(layer.config, **one, **place))])
        return
    width = split.first_in + split.mid_in * (split.count - 2) + split.last_in
    await bench.run([make_layer(bench.rng, bench.space, pooling((width, 1, 8), (kernel, 1), (stride, 1), split=split))])


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 40), (1, 5, 24), (5, 1, 24), (6, 3, 17)])
async def any_strides(dut: Any, size: tuple[int, int, int]) -> None:
    """Strides of all 32 bits, bases at both ends of memory: addresses wrap, also backwards; strips too."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng = bench.rng
    split = Split(3, 2, 2, 2, 2, 2, 2) if size[0] == 6 else None
    layers: list[Layer] = []
    taken: list[tuple[int, int]] = []
    while len(layers) < 8:
        layer = make_layer(rng, bench.space, pooling(size, (1, 1), (1, 1), split=split))
        ends = [rng.choice([0, 0xFFFFFFF8, rng.getrandbits(29) << 3]) for _ in range(2)]
        source = replace(layer.source, line_stride=any_stride(rng), surface_stride=any_stride(rng))
        config = replace(layer.config, address=ends[0], line_stride=any_stride(rng), surface_stride=any_stride(rng))
        layer = replace(layer, config=config, source=source, source_address=ends[1])
        reads = [(address, ATOM) for address in layer.expected_reads()]
        if apart(taken + reads):
            layers.append(layer)
            taken += reads
    await bench.run(layers)


@cocotb.test()
async def every_stride(dut: Any) -> None:
    """Each stride from 1 to 16, across and down, each with another one in the other direction."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    pairs = [(stride, 17 - stride) for stride in range(1, 17)]
    configs = [pooling((2 * across + 1, down + 1, 8), (1, 1), (across, down)) for across, down in pairs]
    await bench.run([make_layer(bench.rng, bench.space, config) for config in configs])


@cocotb.test()
async def reciprocals_of_0(dut: Any) -> None:
    """A reciprocal of 0, the smallest there is, makes every average 0."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    for across, down in ((0, 0x10000), (0x10000, 0), (0, 0)):
        scaling = {"method": Pooling.AVERAGE, "reciprocal_width": across, "reciprocal_height": down}
        layer = make_layer(bench.rng, bench.space, pooling((6, 4, 16), (2, 2), (1, 1), **scaling))
        assert not layer.expected().any()
        await bench.run([layer])


# ---------------------------------------------------------------- layers behind each other


@cocotb.test()
async def layers_ahead_of_their_acknowledges(dut: Any) -> None:
    """Six layers may end before the first is acknowledged; the last write of the seventh waits, and nothing is lost."""
    bench = Bench(dut, latency=(4, 4), stalls=False)
    await bench.start()
    bench.writer.done_latency = (3000, 3000)
    layers = [make_layer(bench.rng, bench.space, pooling((3, 1, 8), (2, 1), (1, 1))) for _ in range(9)]
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            await FallingEdge(dut.clk)
            most = max(most, sum(last for *_, last in bench.writer.writes) - bench.writer.done_count)

    watcher = cocotb.start_soon(watch())
    for layer in layers:
        used = await bench.program(layer)
        await bench.enable(layer, list(used))
    await bench.wait_interrupts(len(layers), 40_000)
    check_writes(bench.writer.writes, bench.writer.times, layers)
    bench.check_interrupts(bench.interrupts, [(i & 1, i + 1) for i in range(len(layers))])
    watcher.cancel()
    expect("most layers at a time that have ended without an acknowledge", most, 6)


@cocotb.test()
async def acknowledges_around_the_end(dut: Any) -> None:
    """The last write is acknowledged at every distance from the end of its layer, in the cycle of the end, too."""
    bench = Bench(dut, latency=(4, 4), stalls=False)
    await bench.start()
    for latency in range(1, 12):
        bench.writer.done_latency = (latency, latency)
        sizes = ((1, 1, 8), (2, 1, 8))
        await bench.run([make_layer(bench.rng, bench.space, pooling(size, (1, 1), (1, 1))) for size in sizes])


@cocotb.test()
async def last_place_of_the_buffer(dut: Any) -> None:
    """The buffer is full, and 1, 2, ... 40 atoms in a row leave it: the last place is taken while one is given back."""
    bench = Bench(dut, latency=(4, 4), stalls=False)
    await bench.start()
    bench.writer.stall = steps()
    config = pooling((41, 10, 16), (1, 1), (1, 1))
    await bench.run([make_layer(bench.rng, bench.space, config) for _ in range(repeats(2))])


# ---------------------------------------------------------------- ties at the edge of a rounding


@cocotb.test()
@cocotb.parametrize(
    case=[
        (0x8000, 0x10000, (1023, -1024, 0), 1),
        (0x4000, 0x10000, (1023, -1024, 0), 2),
        (0x10000, 0x8000, (127, -128, 0), 1),
        (0x10000, 0x4000, (127, -128, 0), 2),
        (0x8000, 0x8000, (127, -128), 2),
    ]
)
async def average_ties(dut: Any, case: Any) -> None:
    """Both roundings at ties around their limits and 0, both sides of each; what is too large wraps."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    across, down, limits, shift = case
    sums = [n for n in around_ties(limits, shift) if abs(n) <= 64 * 127]
    config = pooling((8 * len(sums), 8, 8), (8, 8), (8, 8), method=Pooling.AVERAGE, reciprocal_width=across,
                     reciprocal_height=down)  # fmt: skip
    for top in (config, replace(config, reciprocal_height=0x1FFFF), replace(config, reciprocal_width=0x1FFFF)):
        await bench.run([make_layer(bench.rng, bench.space, top, windows(sums))])


def windows(sums: Sequence[int]) -> Int8Array:
    """A line of 8 x 8 windows with these sums, turned by one window from lane to lane: (1, 8, 8 * windows, 8)."""
    rows = np.array([[total // 64 + (place < total % 64) for place in range(64)] for total in sums])
    lane = rows.reshape(len(sums), 8, 8).transpose(1, 0, 2)  # line, window, column
    lanes = [np.roll(lane, turn, axis=1).reshape(8, -1) for turn in range(ATOM)]
    return np.stack(lanes, axis=-1).astype(np.int8)[np.newaxis]


# ---------------------------------------------------------------- resets


@cocotb.test()
@cocotb.parametrize(blocked=BLOCKED)
async def resets_with_full_buffers(dut: Any, blocked: str) -> None:
    """A reset while every buffer is as full as it gets gives all places back: later layers run as ever."""
    bench = Bench(dut, stalls=False)
    await bench.start()

    async def enqueue(size: tuple[int, int, int]) -> None:
        layer = make_layer(bench.rng, bench.space, pooling(size, (2, 1), (1, 1), (1, 0, 0, 0)))
        used = await bench.program(layer)
        await bench.enable(layer, list(used))

    await reset_while_full(bench, blocked, enqueue, rounds=4)  # six layers without an acknowledge are the most
    sizes = ((40, 5, 16), (1, 1, 20), (9, 7, 9), (20, 8, 24))
    layers = [make_layer(bench.rng, bench.space, pooling(size, (1, 1), (1, 1))) for size in sizes]
    await bench.run([*layers, make_layer(bench.rng, bench.space, pooling((30, 9, 16), (3, 3), (1, 2)))], limit=6000)


@cocotb.test()
@cocotb.parametrize(blocked=["writes", "acknowledges"])
async def resets_while_sdp_waits(dut: Any, blocked: str) -> None:
    """A reset while SDP waits for PDP, whose places are all taken: they come back, and SDP's next layer is whole."""
    bench = Bench(dut, stalls=False)
    await bench.start()

    async def enqueue(size: tuple[int, int, int]) -> None:
        layer = make_layer(bench.rng, bench.space, pooling(size, (2, 1), (1, 1), (1, 0, 0, 0), from_sdp=True))
        await bench.program(layer)
        await bench.enable(layer, ["PDP"])
        await ClockCycles(dut.clk, 400)
        if blocked == "writes":
            waits = number(dut.sdp2pdp_valid), number(dut.sdp2pdp_ready)
            expect("sdp2pdp, valid and ready while no write is taken", waits, (1, 0))

    await reset_while_full(bench, blocked, enqueue, rounds=4)
    sizes = ((40, 5, 16), (1, 1, 20), (9, 7, 9), (20, 8, 24))
    configs = [pooling(size, (1, 1), (1, 1), from_sdp=True) for size in sizes]
    configs.append(pooling((30, 9, 16), (3, 3), (1, 2)))
    await bench.run([make_layer(bench.rng, bench.space, config) for config in configs], limit=6000)
