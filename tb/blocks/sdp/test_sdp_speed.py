"""Throughput of SDP: one atom a cycle in every mode the buses allow, at a memory latency of 64."""

from __future__ import annotations

from typing import Any

import cocotb
from sdp_bench import Bench
from sdp_layers import random_layer

from cocodla.golden.config import StageConfig
from cocotbext.dla import expect_range
from cocotbext.dla.stalls import Stall

NEUTRAL = {"cvt_offset": 0, "cvt_scale": 1, "cvt_shift": 24}
BOTH = StageConfig(
    bypass=False, alu_bypass=False, alu_from_memory=True, mul_bypass=False, mul_from_memory=True, mul_shift=4
)
ADD = StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True)
OFF = StageConfig()
RATE = "atoms a cycle, of what the buses allow"


def slots(first: int, count: int, period: int) -> Stall:
    """A share of a bus: free in `count` of `period` cycles, from cycle `first`."""
    cycle = -1

    def stall() -> bool:
        nonlocal cycle
        cycle += 1
        return not first <= cycle % period < first + count

    return stall


async def measure(
    dut: Any, size: tuple[int, int, int], stages: tuple[StageConfig, StageConfig], beats: int = 0, **kwargs: Any
) -> float:
    """Atoms a cycle between the first and the last write of one layer.

    beats: operand beats of each stage per atom; the three readers then share one bus of a beat a cycle.
    """
    bench = Bench(dut, latency=(64, 64), stalls=False)
    await bench.start()
    if beats:
        period = 1 + 2 * beats
        for name, first, count in (("sdp_rd", 0, 1), ("sdp_b_rd", 1, beats), ("sdp_n_rd", 1 + beats, beats)):
            bench.readers[name].stall = slots(first, count, period)
    layer = random_layer(bench.rng, bench.space, size, stages, **NEUTRAL, to_pdp=False, **kwargs)
    await bench.run([layer])
    cycles = bench.write_cycles
    rate = (len(cycles) - 1) / (cycles[-1] - cycles[0])
    dut._log.info("%s: %.3f atoms a cycle", size, rate)
    return rate


@cocotb.test()
@cocotb.parametrize(size=[(32, 8, 32), (1, 64, 64), (7, 9, 64), (1, 1, 4096)], from_cacc=[False, True])
async def plain(dut: Any, size: tuple[int, int, int], from_cacc: bool) -> None:
    """Copy from memory and from CACC, lines and surfaces of any length."""
    expect_range(RATE, await measure(dut, size, (OFF, OFF), from_cacc=from_cacc), 0.95)


@cocotb.test()
@cocotb.parametrize(operand_bytes=[1, 2], from_cacc=[False, True])
async def per_channel(dut: Any, operand_bytes: int, from_cacc: bool) -> None:
    """Both stages with both operands per channel: the next surface's operands are there in time."""
    rate = await measure(
        dut, (4, 4, 256), (BOTH, BOTH), operand_bytes=operand_bytes, per_element=False, from_cacc=from_cacc
    )
    expect_range(RATE, rate, 0.95)


@cocotb.test()
@cocotb.parametrize(
    (("stage", "operand_bytes", "beats"), [(ADD, 1, 1), (ADD, 2, 2), (BOTH, 1, 2), (BOTH, 2, 4)])
)
async def per_element(dut: Any, stage: StageConfig, operand_bytes: int, beats: int) -> None:
    """Operands per element for both stages: the read bus is the limit, and it is never idle."""
    rate = await measure(
        dut, (16, 8, 32), (stage, stage), beats, operand_bytes=operand_bytes, per_element=True, from_cacc=False
    )
    expect_range(RATE, rate * (1 + 2 * beats), 0.95)


@cocotb.test()
async def single_pixel_channels(dut: Any) -> None:
    """1x1 cubes with 1-byte operands: each atom is a surface with operands of its own."""
    expect_range(RATE, await measure(dut, (1, 1, 2048), (ADD, ADD), 1, operand_bytes=1, from_cacc=False) * 3, 0.95)


@cocotb.test()
@cocotb.parametrize(
    (
        ("stages", "operand_bytes", "per_element"),
        [
            ((OFF, OFF), 1, False),
            ((ADD, OFF), 1, False),
            ((BOTH, ADD), 2, False),
            ((ADD, OFF), 1, True),
            ((OFF, ADD), 2, True),
            ((ADD, BOTH), 1, True),
            ((BOTH, BOTH), 2, True),
        ],
    )
)
async def between_layers(
    dut: Any, stages: tuple[StageConfig, StageConfig], operand_bytes: int, per_element: bool
) -> None:
    """Two queued layers: the gap between their writes is the pipeline and a transfer, not the memory latency."""
    bench = Bench(dut, latency=(64, 64), stalls=False)
    await bench.start()
    layers = [
        random_layer(
            bench.rng, bench.space, (16, 8, 8), stages, operand_bytes, per_element,
            from_cacc=False, to_pdp=False, **NEUTRAL,
        )
        for _ in range(2)
    ]  # fmt: skip
    await bench.run(layers)
    gap = bench.write_cycles[128] - bench.write_cycles[127]
    dut._log.info("gap between two layers: %d cycles", gap)
    expect_range("cycles between the writes of two layers", gap, most=22)
