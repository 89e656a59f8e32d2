"""Public nv_small traces on the RTL: the bytes must have the CRC their authors recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.program.trace import read_trace
from cocodla.runtime import rtl
from cocodla.runtime.traces import run_trace

VERILATOR = [
    "dc_13x15x64_5x3x64x16_int8_0",
    "dc_1x1x8_1x1x8x1_int8_0",
    "dc_24x44x14_5x3x14x41_int8_0",
    "dc_32x26x76_6x3x76x16_int8_0",
    "dc_4x1x8192_1x1x8192x1_int8_0",
    "dc_8192x1x1_2x3x1x41_int8_0",
    "dc_8x16x128_3x3x128x32_int8",
    "dc_8x8x36_4x4x36x16_dilation_int8_0",
    "img_51x96x4_1x10x4x32_R8G8B8A8_int8_0",
    "pdp_12x9x19_8x3_ave_int8_0",
    "pdp_16x6x16_4x2_split_max_int8_0",
    "pdp_1x1x1_3x3_ave_int8_0",
    "pdp_28x28x8_2x2_max_int8_0",
    "pdp_7x9x10_3x3_int8",
    "pdp_8x8x32_1x1_int8_0",
    "pdp_8x8x64_2x2_ave_int8_0",
    "pdp_8x9x19_3x3_ave_int8_0",
    "sdp_1x1x8_pass_through_int8_0",
    "sdp_23x13x42_bs_int8_mem_0",
    "sdp_3x3x33_bn_int8_mem_0",
    "sdp_3x3x33_bn_int8_reg_0",
    "sdp_3x3x33_bn_int8_reg_2",
    "sdp_3x3x33_bs_bn_int8_0",
    "sdp_3x3x33_bs_int8_reg_0",
    "sdp_4x22x42_bypass_int8",
    "sdp_8192x1x1_pass_through_int8_0",
    "sdp_8x8x32_bypass_int8_0",
]
ICARUS = [
    "dc_8x8x36_4x4x36x16_dilation_int8_0",
    "pdp_8x8x64_2x2_ave_int8_0",
    "sdp_3x3x33_bn_int8_mem_0",
]
CASES = [(name, "verilator") for name in VERILATOR] + [(name, "icarus") for name in ICARUS]


@pytest.mark.parametrize(("name", "sim"), CASES)
def test_trace(name: str, sim: str, shared: Path) -> None:
    program = read_trace(shared / "traces" / "nv_small" / name)
    run = run_trace(name, program, rtl.Simulation(sim=sim, seed=1))
    assert not run.golden
    assert not run.rtl
    assert run.cycles > 0
