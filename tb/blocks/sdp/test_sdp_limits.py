"""SDP at its limits: the top of fields, ties at saturation, shapes beside the special ones, single lanes."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from sdp_bench import Bench
from sdp_layers import Layer, random_layer

from cocodla.golden.config import OperandConfig, StageConfig
from cocodla.hw import ATOM
from cocotbext.dla import ICARUS, expect, never, repeats, steps
from cocotbext.dla.pins import number as pin
from postlib import BLOCKED, always, any_stride, apart, around_ties, reset_while_full

WIRE = StageConfig()
BOTH = StageConfig(
    bypass=False, alu_bypass=False, alu_from_memory=True, mul_bypass=False, mul_from_memory=True, mul_shift=4
)
NEUTRAL = {"cvt_offset": 0, "cvt_scale": 1, "cvt_shift": 0}
LOW, HIGH = -(1 << 31), (1 << 31) - 1


def cacc_layer(bench: Bench, values: Any, bs: StageConfig = WIRE, bn: StageConfig = WIRE, **overrides: Any) -> Layer:
    """A layer of one line from CACC to memory that holds all these values (the last atom repeats some)."""
    values = np.asarray(values, np.int64)
    size = (-(-values.size // ATOM), 1, 8)
    mode = {**NEUTRAL, "from_cacc": True, "to_pdp": False, **overrides}
    layer = random_layer(bench.rng, bench.space, size, (bs, bn), **mode)
    return replace(layer, x=np.resize(values, layer.x.shape), perf=True)


# ---------------------------------------------------------------- the top of a field


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 8192)] if ICARUS else [(8192, 1, 8), (1, 8192, 8), (1, 1, 8192)])
async def largest_operands(dut: Any, size: tuple[int, int, int]) -> None:
    """Four beats of operands an element along the longest line, column and row of surfaces; every result clipped."""
    bench = Bench(dut, latency=(8, 8), stalls=False)
    await bench.start()
    layer = random_layer(
        bench.rng, bench.space, size, (BOTH, WIRE), 2, per_element=True,
        cvt_offset=LOW, cvt_scale=0x7FFF, cvt_shift=0, from_cacc=False, to_pdp=False,
    )  # fmt: skip
    layer = replace(layer, perf=True)
    assert layer.expected_saturation() == layer.x.size
    await bench.run([layer])


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 40), (1, 5, 24), (5, 1, 24), (3, 2, 16)])
async def any_strides(dut: Any, size: tuple[int, int, int]) -> None:
    """Strides of all 32 bits for every DMA, base addresses at both ends of memory: addresses wrap, also backwards."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers: list[Layer] = []
    taken: list[tuple[int, int]] = []
    for width in (1, 2) * 4:
        layer = random_layer(bench.rng, bench.space, size, (BOTH, BOTH), width, to_pdp=False, from_cacc=False)
        layers.append(with_any_strides(bench.rng, layer, taken))
    await bench.run(layers)


def with_any_strides(rng: Random, layer: Layer, taken: list[tuple[int, int]]) -> Layer:
    """The same layer, its cubes anywhere with any strides. Keeps off what is `taken` (address, size), adds to it."""

    def places() -> dict[str, int]:
        address = rng.choice([0, 0xFFFFFFF8, rng.getrandbits(29) << 3])
        return {"address": address, "line_stride": any_stride(rng), "surface_stride": any_stride(rng)}

    def moved(operand: OperandConfig | None) -> OperandConfig | None:
        return operand and replace(operand, **places())

    assert layer.rdma is not None
    while True:
        rdma = replace(layer.rdma, **places(), bs=moved(layer.rdma.bs), bn=moved(layer.rdma.bn))
        tried = replace(layer, sdp=replace(layer.sdp, **places()), rdma=rdma)
        blocks = [(address, len(data)) for address, data in tried.input_memory()]
        if apart(taken + blocks):
            taken += blocks
            return tried


# ---------------------------------------------------------------- ties at the edge of saturation


@cocotb.test()
async def converter_ties(dut: Any) -> None:
    """The converter at ties around -128, 127 and the limits of 17 and 18 bits, both sides, by every useful shift."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for shift in (*range(19), 23):
        wide = (-131072, -65536, 65535, 131071)
        values = around_ties((-128, 127), shift) + [v for v in around_ties(wide, shift) if LOW <= v <= HIGH]
        for scale in (1, -1):
            layers.append(cacc_layer(bench, values, cvt_scale=scale, cvt_shift=shift))
    for shift in (20, 33, 38):  # the tie of a product: scale 2^14
        values = [value >> 14 for value in around_ties((-128, 127), shift) if LOW <= value >> 14 <= HIGH]
        layers.append(cacc_layer(bench, values, cvt_scale=1 << 14, cvt_shift=shift))
    await bench.run(layers)


@cocotb.test()
@cocotb.parametrize(stage_name=["bs", "bn"])
async def stage_ties(dut: Any, stage_name: str) -> None:
    """A stage's shift at ties around the 32-bit limits (2^31 - 0.5, -2^31 - 0.5) and around 0, both sides of each.

    The ties at the limits are products: 2^32 - 1 = 255 * 16843009, 2^32 - 3 = 9241 * 464773, 2^32 + 1 = 641 * 6700417.
    """
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for shift in (1, 2, 7):
        for operand, value in ((255, 16843009), (9241, 464773), (641, 6700417)):
            values = [value + side for side in (-1, 0, 1)] + [-value + side for side in (-1, 0, 1)]
            for sign in (1, -1):
                stage = StageConfig(bypass=False, mul_bypass=False, mul_operand=sign * operand, mul_shift=shift)
                scaled = [number << (shift - 1) for number in values]
                # Limits are seen where the converter takes them to about 0; what is far from them clips.
                for offset in (HIGH - 2, LOW + 2):
                    pair = (stage, WIRE) if stage_name == "bs" else (WIRE, stage)
                    layers.append(cacc_layer(bench, scaled, *pair, cvt_offset=offset))
    for shift in (1, 3, 16, 24):
        stage = StageConfig(bypass=False, mul_shift=shift)
        pair = (stage, WIRE) if stage_name == "bs" else (WIRE, stage)
        layers.append(cacc_layer(bench, around_ties((0, -1), shift), *pair))
    await bench.run(layers)


@cocotb.test()
async def operand_shift_edges(dut: Any) -> None:
    """The ALU's left shift on both sides of 32 bits: the last operand that fits, the first that does not."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for shift in range(15, 32):
        top = 1 << (31 - shift)
        for operand in {min(top - 1, 0x7FFF), min(top, 0x7FFF), max(-top, -0x8000), max(-top - 1, -0x8000)}:
            stage = StageConfig(bypass=False, alu_bypass=False, alu_operand=operand, alu_shift=shift)
            edge = min(max(operand << shift, LOW), HIGH)
            layers.append(cacc_layer(bench, [0, -1, 1], stage, cvt_offset=edge))
    await bench.run(layers)


# ---------------------------------------------------------------- shapes beside the special one


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 24), (1, 2, 24), (2, 1, 24), (1, 5, 24), (5, 1, 24)], per_element=[False, True])
async def shapes_beside_1x1(dut: Any, size: tuple[int, int, int], per_element: bool) -> None:
    """Only 1x1 cubes are packed: all others one wide or one high have their strides, operands of every kind too."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers: list[Layer] = []
    taken: list[tuple[int, int]] = []
    for use in ("alu", "mul", "both"):
        for operand_bytes in (1, 2):
            stage = replace(BOTH, alu_from_memory=use != "mul", mul_from_memory=use != "alu")
            layer = random_layer(
                bench.rng, bench.space, size, (stage, stage), operand_bytes, per_element, **NEUTRAL,
                from_cacc=False, to_pdp=False,
            )  # fmt: skip
            layers.append(with_any_strides(bench.rng, layer, taken))
    await bench.run(layers)


# ---------------------------------------------------------------- single lanes


@cocotb.test()
async def single_lanes(dut: Any) -> None:
    """D_STATUS and the saturation count where one lane of one atom alone is not 0, or alone is clipped."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for lane in range(ATOM):
        for bit in (0, lane, 7):
            x = np.zeros((1, 1, 3, ATOM), np.int64)
            x[0, 0, bit % 3, lane] = 1 << bit if bit < 7 else -128
            layers.append(replace(cacc_layer(bench, x), x=x))
        for value in (HIGH, LOW):
            x = np.zeros((1, 1, 3, ATOM), np.int64)
            x[0, 0, lane % 3, lane] = value
            layer = replace(cacc_layer(bench, x), x=x)
            assert layer.expected_saturation() == 1
            layers.append(layer)
    layers.append(cacc_layer(bench, np.zeros(24)))
    await bench.run(layers)


# ---------------------------------------------------------------- the last place


@cocotb.test()
@cocotb.parametrize(to=["memory", "pdp"])
async def last_place_of_the_buffer(dut: Any, to: str) -> None:
    """The buffer is full, and 1, 2, ... 40 atoms in a row leave it: the last place is taken while one is given back."""
    bench = Bench(dut, latency=(4, 4), stalls=False)
    await bench.start()
    bench.writer.stall, bench.pdp.backpressure = steps(), steps()
    mode = {"from_cacc": False, "to_pdp": to == "pdp"}
    rng, space = bench.rng, bench.space
    await bench.run([random_layer(rng, space, (41, 10, 16), (WIRE, WIRE), **mode) for _ in range(repeats(2))])


# ---------------------------------------------------------------- resets


@cocotb.test()
@cocotb.parametrize(blocked=BLOCKED)
async def resets_with_full_buffers(dut: Any, blocked: str) -> None:
    """A reset while every buffer is as full as it gets gives all places back: later layers run as ever."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng, space = bench.rng, bench.space

    async def enqueue(size: tuple[int, int, int]) -> None:
        await bench.enqueue(random_layer(rng, space, size, (BOTH, BOTH), 1, True, from_cacc=False, to_pdp=False))

    await reset_while_full(bench, blocked, enqueue)
    sizes = ((40, 2, 16), (1, 1, 20), (7, 3, 9))
    layers = [
        random_layer(bench.rng, bench.space, size, (BOTH, BOTH), operand_bytes, to_pdp=False, from_cacc=False)
        for size in sizes
        for operand_bytes in (1, 2)
    ]
    await bench.run(layers, limit=6000)


@cocotb.test()
@cocotb.parametrize(source=["cacc", "memory"])
async def resets_while_pdp_takes_nothing(dut: Any, source: str) -> None:
    """A reset while PDP has stopped and all places of the buffer in front of it are taken: all come back."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng, space, mode = bench.rng, bench.space, {"from_cacc": source == "cacc", "to_pdp": True}
    for _ in range(3):
        bench.pdp.backpressure = always
        for _ in range(2):
            await bench.enqueue(random_layer(rng, space, (40, 6, 16), (WIRE, WIRE), **mode))
        await ClockCycles(dut.clk, 500)
        expect("sdp2pdp, valid while PDP takes nothing", pin(dut.sdp2pdp_valid), 1)
        bench.pdp.backpressure = never
        await bench.reset()
        bench.interrupts.clear()
        bench.pdp.clear()
    sizes = ((40, 3, 16), (1, 1, 20), (7, 3, 9))
    layers = [random_layer(rng, space, size, (WIRE, WIRE), **mode) for size in sizes]
    await bench.run([*layers, random_layer(rng, space, (9, 2, 8), (BOTH, WIRE), from_cacc=False, to_pdp=False)], 6000)
