"""Public nv_small traces on the RTL: the bytes must have the CRC their authors recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla import datasets
from cocodla.program.trace import read_trace
from cocodla.runtime import rtl
from cocodla.runtime.traces import run_trace

FOLDER = Path("traces") / "nv_small"
ALL = sorted(path.name for path in (datasets.shared_folder() / FOLDER).glob("*")) or ["all of them"]
ICARUS = [
    "cdp_8x8x64_lrn9_int8",
    "dc_8x8x36_4x4x36x16_dilation_int8_0",
    "pdp_8x8x64_2x2_ave_int8_0",
    "sdp_3x3x33_bn_int8_mem_0",
]
CASES = [(name, "verilator") for name in ALL] + [(name, "icarus") for name in ICARUS]


@pytest.mark.parametrize(("name", "sim"), CASES)
def test_trace(name: str, sim: str, shared: Path) -> None:
    program = read_trace(shared / FOLDER / name)
    run = run_trace(name, program, rtl.Simulation(sim=sim, seed=1))
    assert not run.golden
    assert not run.rtl
    assert run.cycles > 0
