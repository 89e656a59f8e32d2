"""PDP and its read DMA against the golden model."""

from __future__ import annotations

import dataclasses
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from pdp_bench import Bench
from pdp_layers import make_layer, pooling, random_layer, random_scaling

from cocodla.golden.config import Pooling, Split
from cocotbext.dla import ICARUS, expect, expect_range, repeats
from postlib import IDLE, RUNNING, check_writes

SCALING = {"reciprocal_width": 21845, "reciprocal_height": 21845, "pad_values": (5, 10, 15, 20, 25, 30, 35)}


@cocotb.test()
async def copy(dut: Any) -> None:
    """A 1x1 window copies the cube, whatever the method."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    for method in Pooling:
        one = {"reciprocal_width": 0x10000, "reciprocal_height": 0x10000}
        layer = make_layer(bench.rng, bench.space, pooling((5, 3, 20), (1, 1), (1, 1), method=method, **one))
        assert (layer.expected() == layer.x).all()
        await bench.run([layer])


@cocotb.test()
async def random_layers(dut: Any) -> None:
    """Random layers of every kind, queued in both groups, all interfaces stalling at random."""
    bench = Bench(dut)
    await bench.start()
    for _ in range(repeats(6)):
        await bench.run([random_layer(bench.rng, bench.space) for _ in range(10)])


@cocotb.test()
async def random_layers_full_rate(dut: Any) -> None:
    """The same without any stall, latency 64: nothing waits, so every unit runs into the next layer."""
    bench = Bench(dut, latency=(64, 64), stalls=False)
    await bench.start()
    for _ in range(repeats(4)):
        await bench.run([random_layer(bench.rng, bench.space) for _ in range(10)])


@cocotb.test()
@cocotb.parametrize(method=list(Pooling))
async def paddings(dut: Any, method: Pooling) -> None:
    """Windows that hang over every border, those that need padding columns and rows of their own included."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    cases = [
        ((4, 4, 24), (3, 3), (1, 1), (1, 1, 1, 1)),
        ((4, 4, 24), (3, 3), (1, 1), (2, 2, 2, 2)),
        ((2, 3, 24), (8, 8), (1, 1), (7, 7, 7, 7)),
        ((1, 1, 24), (8, 8), (1, 1), (7, 7, 7, 7)),
        ((1, 1, 24), (8, 8), (3, 2), (7, 7, 7, 7)),
        ((1, 9, 24), (1, 3), (1, 1), (0, 1, 0, 1)),
        ((9, 1, 24), (3, 1), (1, 1), (1, 0, 1, 0)),
        ((1, 7, 40), (1, 1), (1, 1), (0, 0, 0, 0)),
        ((5, 4, 24), (3, 3), (3, 3), (0, 0, 1, 2)),
        ((7, 7, 24), (7, 7), (5, 6), (6, 6, 6, 6)),
    ]
    for size, kernel, stride, pads in cases:
        config = pooling(size, kernel, stride, pads, method=method, **SCALING)
        await bench.run([make_layer(bench.rng, bench.space, config)])


@cocotb.test()
async def line_buffer_limits(dut: Any) -> None:
    """The widest output for every number of open rows, with all rows of the buffer in use."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    for kh, sh, width in [(3, 3, 128), (1, 1, 128), (2, 1, 64), (4, 2, 64), (3, 1, 32), (4, 1, 32), (8, 2, 32),
                          (8, 3, 32), (5, 1, 16), (8, 1, 16), (8, 4, 64), (8, 7, 64)]:  # fmt: skip
        pads = (0, kh - 1, 0, kh - 1)
        config = pooling((width, 9, 16), (1, kh), (1, sh), pads, **random_scaling(bench.rng, (1, kh)))
        assert config.capacity[1] == width
        await bench.run([make_layer(bench.rng, bench.space, config)])
    wide = pooling((1000, 2, 8), (2, 1), (1, 1))
    layer = dataclasses.replace(make_layer(bench.rng, bench.space, pooling((1000, 2, 8), (8, 1), (8, 1))), config=wide)
    config = dataclasses.replace(wide, address=bench.space.take(16000), line_stride=8000, surface_stride=16000)
    await bench.run([dataclasses.replace(layer, config=config)])


@cocotb.test()
async def strips(dut: Any) -> None:
    """Strips with overlap, without, and with a gap; two, three and many."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    cases = [
        (4, 2, (0, 0), Split(3, 4, 12, 2, 1, 6, 1)),
        (2, 2, (0, 0), Split(2, 4, 9, 6, 2, 1, 3)),
        (2, 4, (0, 0), Split(3, 6, 8, 4, 2, 2, 1)),
        (3, 1, (1, 1), Split(20, 4, 2, 1, 3, 2, 2)),
        (1, 1, (0, 0), Split(256, 1, 1, 1, 1, 1, 1)),
    ]
    for kernel, stride, pads, split in cases:
        width = split.first_in + split.mid_in * (split.count - 2) + split.last_in
        config = pooling((width, 5, 16), (kernel, 2), (stride, 1), (pads[0], 0, pads[1], 0), split=split)
        await bench.run([make_layer(bench.rng, bench.space, config)])


@cocotb.test()
async def inexact_on_the_fly(dut: Any) -> None:
    """Rows and columns that belong to no window are taken and dropped; the next layer finds a clean start."""
    bench = Bench(dut)
    await bench.start()
    layers = []
    for size, kernel, stride in [
        ((7, 9, 16), (2, 2), (4, 5)),
        ((16, 16, 8), (2, 3), (16, 16)),
        ((9, 9, 24), (2, 2), (2, 2)),
    ]:
        config = pooling(size, kernel, stride, from_sdp=True)
        layers.append(make_layer(bench.rng, bench.space, config))
    await bench.run(layers * 3)


@cocotb.test()
async def average_wraps(dut: Any) -> None:
    """A rounded mean of 127.5 or more becomes negative: the average does not saturate."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    config = pooling(
        (2, 2, 8), (2, 2), (2, 2), method=Pooling.AVERAGE, reciprocal_width=0x8000, reciprocal_height=0x8100
    )
    layer = make_layer(bench.rng, bench.space, config, np.full((1, 2, 2, 8), 127, np.int8))
    layer.x[0, 0, 0, 0] = 126
    assert layer.expected().min() == -128
    await bench.run([layer])


@cocotb.test()
async def output_size_larger_than_input(dut: Any) -> None:
    """Output sizes without any input (a rule broken by software): all atoms are written, nothing hangs."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    for size, out in [((4, 4, 24), (2, 9)), ((4, 4, 24), (9, 2)), ((3, 1, 16), (5, 40))]:
        layer = make_layer(bench.rng, bench.space, pooling(size, (2, 1), (2, 2)))
        config = dataclasses.replace(layer.config, out_width=out[0], out_height=out[1])
        layer = dataclasses.replace(layer, config=config)
        before = len(bench.writer.writes), len(bench.interrupts)
        used = await bench.program(layer)
        await bench.enable(layer, list(used))
        await ClockCycles(dut.clk, 2000)
        expect("interrupts", len(bench.interrupts), before[1] + 1)
        expect("atoms written", len(bench.writer.writes) - before[0], out[0] * out[1] * -(-size[2] // 8))
        good = make_layer(bench.rng, bench.space, pooling((6, 6, 9), (3, 3), (1, 1)))
        await bench.run([good])


@cocotb.test()
@cocotb.parametrize(path=["PDP_RDMA.D_SRC_RAM_CFG", "PDP.D_DST_RAM_CFG"])
async def ram_type_zero(dut: Any, path: str) -> None:
    """RAM type 0 sends no request, so the layer never ends (pdp.md 2)."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layer = make_layer(bench.rng, bench.space, pooling((4, 4, 16), (2, 2), (2, 2)))
    used = await bench.program(layer)
    await bench.write(path, 0)
    await bench.enable(layer, list(used))
    await ClockCycles(dut.clk, 1000)
    expect("interrupts", bench.interrupts, [])
    expect("writes", bench.writer.writes, [])
    expect("rd_req, whether it asks", bool(bench.readers["rd"].addresses), path == "PDP.D_DST_RAM_CFG")
    unit = path.partition(".")[0]
    expect(f"{unit}.S_STATUS, group 0", await bench.status(unit, 0), RUNNING)


@cocotb.test()
async def status_follows_layer(dut: Any) -> None:
    """S_STATUS runs until the last write is accepted; the interrupt waits for its acknowledge."""
    bench = Bench(dut, latency=(200, 200), stalls=False)
    await bench.start()
    layer = make_layer(bench.rng, bench.space, pooling((6, 6, 16), (2, 2), (2, 2)))
    used = await bench.program(layer)
    await bench.enable(layer, list(used))
    expect("PDP.S_STATUS, group 0", await bench.status("PDP", 0), RUNNING)
    while not bench.writer.writes or not bench.writer.writes[-1][2]:
        status = await bench.status("PDP", 0)
        if not bench.writer.writes or not bench.writer.writes[-1][2]:
            expect("PDP.S_STATUS, group 0, before the last write", status, RUNNING)
    await ClockCycles(dut.clk, 4)
    expect("PDP.S_STATUS, group 0", await bench.status("PDP", 0), IDLE)
    expect("interrupts", bench.interrupts, [])
    await ClockCycles(dut.clk, 200)
    expect("interrupts", bench.interrupts, [(0, 1)])


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(
    case=[
        ((32, 32, 32), (2, 2), (2, 2), (0, 0, 0, 0)),
        ((32, 32, 32), (3, 3), (2, 2), (1, 1, 0, 0)),
        ((32, 32, 32), (2, 2), (1, 1), (0, 0, 0, 0)),
        ((28, 28, 40), (3, 3), (1, 1), (1, 1, 1, 1)),
        ((8, 8, 512), (8, 8), (8, 8), (0, 0, 0, 0)),
        ((13, 13, 256), (2, 2), (1, 1), (0, 0, 1, 1)),
    ],
    source=["memory", "sdp"],
)
async def throughput(dut: Any, case: Any, source: str) -> None:
    """At latency 64 a layer takes one cycle for each input atom: at least 0.95 atoms a cycle, start to interrupt."""
    bench = Bench(dut, latency=(64, 64), stalls=False)
    await bench.start()
    layer = make_layer(
        bench.rng, bench.space, pooling(*case, method=Pooling.AVERAGE, from_sdp=source == "sdp", **SCALING)
    )
    used = await bench.program(layer)
    started = bench.cycle
    await bench.enable(layer, list(used))
    while not bench.interrupts:
        await ClockCycles(dut.clk, 10)
    cycles = bench.interrupt_cycles[0] - started
    atoms = layer.x.size // 8
    dut._log.info("%d atoms in %d cycles: %.3f a cycle", atoms, cycles, atoms / cycles)
    expect_range("atoms a cycle", atoms / cycles, 0.95)
    check_writes(bench.writer.writes, bench.writer.times, [layer])
