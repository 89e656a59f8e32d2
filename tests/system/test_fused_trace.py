"""A public trace extended: PDP behind it and an operand read from memory must not change the recorded CRC.

programming.md section 2: no public trace has a convolution with SDP_RDMA or with PDP; with these two changes the
layer gives the same bytes at its new destination, measured on the public design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cocodla.formats import CubeLayout
from cocodla.golden import run as run_golden
from cocodla.golden.config import OperandConfig, OperandUse, PdpConfig, Pooling, SdpRdmaConfig
from cocodla.golden.encode import Words, encode_pdp, encode_sdp_rdma, merge, register_writes
from cocodla.program import CheckMemory, FillMemory, Program, compare
from cocodla.program.commands import Command, WaitInterrupt, WriteRegister
from cocodla.program.trace import read_trace
from cocodla.registers import MAP
from cocodla.runtime import rtl

TRACE = Path("traces") / "nv_small" / "dc_8x16x128_3x3x128x32_int8"
CRC = 0xEA88655A
WIDTH, HEIGHT, KERNELS = 7, 17, 32
LAYOUT = CubeLayout(WIDTH, HEIGHT, KERNELS, 0x40, 0x840)
SPAN = LAYOUT.surfaces * LAYOUT.surface_stride  # gaps included: they stay 0
DESTINATION, ZEROS = 0x8002_0000, 0x8003_0000
ENABLE = MAP["SDP.D_OP_ENABLE"].address


def pooling() -> Words:
    """A 1x1 maximum over what SDP sends."""
    return encode_pdp(
        PdpConfig(
            WIDTH, HEIGHT, KERNELS, WIDTH, HEIGHT, Pooling.MAX, 1, 1, 1, 1, from_sdp=True, address=DESTINATION,
            line_stride=LAYOUT.line_stride, surface_stride=LAYOUT.surface_stride,
        )
    )  # fmt: skip


def operand() -> Words:
    """BS adds one byte per kernel, read from memory; all are 0."""
    bias = OperandConfig(OperandUse.ALU, two_bytes=False, per_element=False, address=ZEROS)
    words = encode_sdp_rdma(SdpRdmaConfig(WIDTH, HEIGHT, KERNELS, False, 0, 0, 0, bias, None))
    stage = MAP["SDP.D_DP_BS_CFG"].encode(
        0, BS_BYPASS="NO", BS_ALU_BYPASS="NO", BS_ALU_ALGO="SUM", BS_MUL_BYPASS="YES", BS_RELU_BYPASS="YES"
    )
    alu = MAP["SDP.D_DP_BS_ALU_CFG"].encode(0, BS_ALU_SRC="MEM")
    return merge(words, {"SDP": {"D_DP_BS_CFG": stage, "D_DP_BS_ALU_CFG": alu, "D_DP_BS_MUL_CFG": 0}})


def changed(program: Program, words: Words, before: str, bit: int) -> Iterator[Command]:
    """The trace's commands with more registers written, unit `before` enabled first, and the end at interrupt `bit`."""
    yield FillMemory(DESTINATION, SPAN)
    yield FillMemory(ZEROS, 64)
    for command in program:
        if isinstance(command, WriteRegister) and command.address == ENABLE:
            yield from (WriteRegister(*write) for write in register_writes(words))
            enables = [WriteRegister(MAP[f"{before}.D_OP_ENABLE"].address, 1), command]
            yield from enables if before == "PDP" else reversed(enables)
        elif isinstance(command, WaitInterrupt):
            yield WaitInterrupt(1 << bit)
        elif isinstance(command, CheckMemory):
            assert command.crc == CRC and command.length == SPAN
            yield replace(command, address=DESTINATION)
        else:
            yield command


@pytest.mark.parametrize("addition", ["pooling", "operand"])
def test_the_result_stays_what_the_trace_says(addition: str, shared: Path) -> None:
    trace = read_trace(shared / TRACE)
    if addition == "pooling":
        mode = MAP["SDP.D_FEATURE_MODE_CFG"].encode(1, OUTPUT_DST="PDP")
        commands = changed(trace, merge(pooling(), {"SDP": {"D_FEATURE_MODE_CFG": mode}}), "PDP", 4)
    else:
        address = {"SDP": {"D_DST_BASE_ADDR_LOW": DESTINATION}}
        commands = changed(trace, merge(operand(), address), "SDP_RDMA", 0)
    program = Program(list(commands))
    golden, got = run_golden(program), rtl.run(program, rtl.Simulation(seed=1))
    assert golden.passed and got.passed, golden.failures + got.failures
    assert not compare(program, golden, got)
