"""Arithmetic of SDP, value by value: each row of sdp.md section 3, corner values, counters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np
from sdp_bench import Bench
from sdp_layers import Layer, corner, random_layer, random_stage

from cocodla.golden.config import AluOperation, StageConfig

WIRE = StageConfig()
LOW, HIGH = -(1 << 31), (1 << 31) - 1
EDGES = np.array(
    [LOW, LOW + 1, -(1 << 17), -65537, -3, -2, -1, 0, 1, 2, 3, 127, 128, 1 << 17, HIGH - 1, HIGH], np.int64
)


def with_values(layer: Layer, values: np.ndarray) -> Layer:
    """Replace the input atoms, repeating `values` as needed."""
    return replace(layer, x=np.resize(values, layer.x.shape))


def cacc_layer(bench: Bench, bs: StageConfig, bn: StageConfig = WIRE, size: int = 2, **overrides: Any) -> Layer:
    """A layer from CACC to memory, `size` atoms wide, converter neutral unless told otherwise."""
    neutral = {"cvt_offset": 0, "cvt_scale": 1, "cvt_shift": 0, "from_cacc": True, "to_pdp": False}
    return random_layer(bench.rng, bench.space, (size, 1, 8), (bs, bn), **{**neutral, **overrides})


@cocotb.test()
async def rounding_examples(dut: Any) -> None:
    """The worked examples of rounding, ties away from zero, in BS, BN and the converter."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    cases = [(1, {1: 1, -1: -1, 3: 2, -3: -2}), (2, {1: 0, 2: 1, -2: -1, -1: 0, -3: -1, -5: -1, -6: -2})]
    for shift, examples in cases:
        stage = StageConfig(bypass=False, mul_shift=shift)
        given, wanted = np.array(list(examples)), np.array(list(examples.values()))
        kinds = (cacc_layer(bench, stage), cacc_layer(bench, WIRE, stage), cacc_layer(bench, WIRE, cvt_shift=shift))
        for layer in (with_values(kind, given) for kind in kinds):
            assert (layer.expected() == np.resize(wanted, layer.x.shape)).all()
            await bench.run([layer])


@cocotb.test()
async def alu_operand_shift(dut: Any) -> None:
    """Every left shift of the ALU operand, with values on both sides of its saturation."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    operands = np.array([0, 1, -1, 2, -2, 3, 0x7FFF, -0x8000, 0x4000, -0x4000, -0x4001, 255, -256, 129, 1 << 9, -5])
    layers = []
    for shift in range(64):
        stage = StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True, alu_shift=shift)
        visible = max(0, shift - 8) if shift < 32 else 24
        layer = cacc_layer(bench, stage, operand_bytes=2, per_element=True, cvt_shift=visible)
        alu = np.resize(operands, layer.x.shape)
        layer = replace(layer, operands=replace(layer.operands, bs=replace(layer.operands.bs, alu=alu)))
        layers.append(with_values(layer, np.array([0, 0, 1])))
    await bench.run(layers)


@cocotb.test()
@cocotb.parametrize(stage_name=["bs", "bn"])
async def alu_operations(dut: Any, stage_name: str) -> None:
    """MAX, MIN, SUM and bypass on corner values, register operand."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for operation in AluOperation:
        for operand, shift in ((0, 0), (-1, 0), (0x7FFF, 16), (-0x8000, 16), (-0x8000, 40), (3, 2)):
            stage = StageConfig(
                bypass=False, alu_bypass=False, alu_operation=operation, alu_operand=operand, alu_shift=shift
            )
            pair = (stage, WIRE) if stage_name == "bs" else (WIRE, stage)
            for cvt_shift in (0, 25):
                layers.append(with_values(cacc_layer(bench, *pair, cvt_shift=cvt_shift), EDGES))
    await bench.run(layers)


@cocotb.test()
async def multiplier_shifts(dut: Any) -> None:
    """Every shift 0..63 with the largest products, multiplier used and bypassed (the shift acts in both)."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for shift in range(64):
        for bypass in (False, True):
            for operand in (-0x8000, 0x7FFF):
                # The sum with the saturated operand reaches -2^32, the product 2^47.
                stage = StageConfig(
                    bypass=False, alu_bypass=False, alu_operand=-0x8000, alu_shift=63,
                    mul_bypass=bypass, mul_operand=operand, mul_shift=shift,
                )  # fmt: skip
                values = np.array([LOW, LOW + 1, 0, 1, HIGH, -1, 1 << 30, -(1 << 30)])
                scale = 24 if shift < 24 else 0
                layers.append(with_values(cacc_layer(bench, stage, cvt_shift=scale), values))
    await bench.run(layers)


@cocotb.test()
async def prelu_wraps(dut: Any) -> None:
    """PReLU passes the low 32 bits of a positive sum: above 2^31-1 it wraps; multiplier bypassed: no PReLU."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for relu_bypass in (True, False):
        for mul_bypass in (False, True):
            stage = StageConfig(
                bypass=False, alu_bypass=False, alu_operand=0x7FFF, alu_shift=16,
                mul_bypass=mul_bypass, mul_operand=-3, mul_shift=5, prelu=True, relu_bypass=relu_bypass,
            )  # fmt: skip
            for pair in ((stage, WIRE), (WIRE, stage)):
                layers.append(with_values(cacc_layer(bench, *pair, cvt_shift=24), EDGES))
    wrapped = with_values(cacc_layer(bench, layers[0].sdp.bs, cvt_shift=16), np.array([HIGH]))
    assert (wrapped.expected() == -1).all(), "0x7fff0000 + 0x7fffffff wraps to 0xfffeffff"
    await bench.run([*layers, wrapped])


@cocotb.test()
async def stage_bypass_wins(dut: Any) -> None:
    """BYPASS makes a stage a wire whatever its other fields say, shift and ReLU included."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    loud = StageConfig(
        bypass=True, alu_bypass=False, alu_operand=-77, mul_bypass=False, mul_operand=-5, mul_shift=3,
        relu_bypass=False, prelu=True,
    )  # fmt: skip
    layers = [with_values(cacc_layer(bench, loud, loud, cvt_shift=shift), EDGES) for shift in (0, 24)]
    await bench.run(layers)


@cocotb.test()
async def converter_saturation(dut: Any) -> None:
    """Results and saturation counter around the 17-bit borders, for every shift, both signs, all roundings."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = []
    for shift in (*range(17), 20, 31, 40, 47, 48, 49, 63):
        unit = 1 << min(shift, 14)
        borders = [
            sign * 65536 * unit + delta
            for sign in (1, -1)
            for delta in (-unit - 1, -unit, -unit // 2, -unit // 2 - 1, -1, 0, 1, unit // 2, unit // 2 + 1, unit)
        ]
        values = np.clip(np.array(borders, np.int64), LOW, HIGH)
        for scale in (1, -1):
            layers.append(
                replace(
                    with_values(
                        cacc_layer(bench, WIRE, size=3, cvt_offset=0, cvt_scale=scale, cvt_shift=shift), values
                    ),
                    perf=True,
                )
            )
    for shift in (30, 47, 48):  # products up to 2^47
        extreme = cacc_layer(bench, WIRE, cvt_offset=HIGH, cvt_scale=-0x8000, cvt_shift=shift)
        layers.append(replace(with_values(extreme, EDGES), perf=True))
    assert sum(layer.expected_saturation() > 0 for layer in layers) > 10
    await bench.run(layers)


@cocotb.test()
@cocotb.parametrize(both=[0, 1])
async def random_values(dut: Any, both: int) -> None:
    """Many atoms of corner values through random settings of both stages, register operands only."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    rng = bench.rng
    layers = []
    for _ in range(40):
        bs, bn = (
            replace(random_stage(rng), bypass=False, alu_from_memory=False, mul_from_memory=False) for _ in range(2)
        )
        converter = {"cvt_offset": corner(rng, 32), "cvt_scale": corner(rng, 16), "cvt_shift": rng.randrange(50)}
        layers.append(cacc_layer(bench, bs, bn if both else WIRE, size=16, **converter))
    await bench.run(layers)
