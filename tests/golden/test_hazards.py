"""What may be at work at a moment, and what the host can know to have ended: races refused, order accepted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cocodla.formats.feature import CubeLayout
from cocodla.golden import Device, RuleViolation, run
from cocodla.golden.config import OperandConfig, OperandUse, PdpConfig, Pooling, SdpConfig, SdpRdmaConfig, StageConfig
from cocodla.golden.encode import (
    Words,
    encode_pdp,
    encode_pdp_rdma,
    encode_sdp,
    encode_sdp_rdma,
    merge,
    register_writes,
)
from cocodla.program import CheckMemory, Program
from cocodla.program.commands import Command, LoadMemory, PollRegister, WaitInterrupt, WriteRegister
from cocodla.registers import MAP

CUBE = CubeLayout.packed(2, 2, 8)
SIZE = {"width": 2, "height": 2, "channels": 8}
STRIDES = {"line_stride": CUBE.line_stride, "surface_stride": CUBE.surface_stride}
A, B, C, D, E, F = (0x1000 + 0x40 * n for n in range(6))
ADD = StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True)
SDP0, SDP1, PDP0, PDP1 = (WaitInterrupt(1 << bit) for bit in (0, 1, 4, 5))


def sdp(source: int, target: int, operand: int | None = None) -> Words:
    """A copy by SDP, or a sum with a second cube."""
    engine = OperandConfig(OperandUse.ALU, False, True, operand, **STRIDES) if operand else None
    stage = ADD if operand else StageConfig()
    return merge(
        encode_sdp(SdpConfig(**SIZE, bs=stage, address=target, **STRIDES)),
        encode_sdp_rdma(SdpRdmaConfig(**SIZE, main=True, address=source, bs=engine, bn=None, **STRIDES)),
    )


def operands_only(operand: int) -> Words:
    """SDP_RDMA of a convolution that adds a cube."""
    engine = OperandConfig(OperandUse.ALU, False, True, operand, **STRIDES)
    return encode_sdp_rdma(SdpRdmaConfig(**SIZE, main=False, address=0, bs=engine, bn=None, **STRIDES))


POOL = PdpConfig(
    **SIZE, out_width=2, out_height=2, method=Pooling.MAX, kernel_width=1, kernel_height=1, stride_width=1,
    stride_height=1,
)  # fmt: skip


def pdp(source: int, target: int) -> Words:
    """A copy by PDP."""
    pool = replace(POOL, address=target, **STRIDES)
    return merge(encode_pdp(pool), encode_pdp_rdma(pool, source, CUBE.line_stride, CUBE.surface_stride))


def sdp_pdp(source: int, target: int) -> Words:
    """A copy by SDP and PDP behind it."""
    pool = replace(POOL, from_sdp=True, address=target, **STRIDES)
    front = merge(encode_sdp(SdpConfig(**SIZE, to_pdp=True)), {})
    reader = encode_sdp_rdma(SdpRdmaConfig(**SIZE, main=True, address=source, bs=None, bn=None, **STRIDES))
    return merge(front, reader, encode_pdp(pool))


def prepare(words: Words, **groups: int) -> list[Command]:
    """Program a layer, in group 0 of each unit unless told otherwise."""
    commands: list[Command] = []
    for unit, part in words.items():
        commands.append(WriteRegister(MAP[f"{unit}.S_POINTER"].address, groups.get(unit, 0)))
        commands += [WriteRegister(address, value) for address, value in register_writes({unit: part})]
    return commands


def enable(*units: str, group: int = 0) -> list[Command]:
    return [
        WriteRegister(MAP[f"{unit}.{name}"].address, value)
        for unit in units
        for name, value in (("S_POINTER", group), ("D_OP_ENABLE", 1))
    ]


def both(words: Words, **groups: int) -> list[Command]:
    """Program and enable."""
    commands = prepare(words, **groups)
    for unit in words:
        commands += enable(unit, group=groups.get(unit, 0))
    return commands


GROUP1 = {"SDP": 1, "SDP_RDMA": 1}
LOAD = [LoadMemory(A, bytes(range(32))), LoadMemory(B, bytes(range(100, 132)))]

LEGAL: dict[str, list[Command]] = {
    "a group behind an idle one reads nothing": [
        *both(pdp(A, C)), *both(sdp(C, D), **GROUP1), PDP0, *both(sdp(B, E)), SDP1,
    ],
    "nor does it keep the host off its memory": [
        *both(sdp(A, D), **GROUP1), LoadMemory(A, bytes(32)), *both(sdp(B, E)), SDP1,
    ],
    "a layer whose reader is pending writes nothing": [
        *prepare(sdp(A, D), SDP_RDMA=1), *enable("SDP"), *enable("SDP_RDMA", group=1), *both(pdp(D, C)), PDP0,
    ],
    "behind a layer that lacks a unit": [
        *prepare(sdp(B, E)), *enable("SDP"), *both(pdp(A, C)), *both(sdp(C, D), **GROUP1), PDP0,
        *enable("SDP_RDMA"), SDP1,
    ],
    "an earlier layer of the same units has ended with the later one": [
        *both(sdp(A, C)), *both(sdp(B, D), **GROUP1), SDP1, *both(pdp(C, E)), PDP0,
    ],
    "inputs may be overwritten by a later layer of the same units": [
        *both(sdp(A, C)), *both(sdp(B, A), **GROUP1), SDP1,
    ],
    "and by one two layers behind": [
        *both(pdp(A, C)), *both(sdp_pdp(B, D), PDP=1), *both(sdp(B, A), **GROUP1), SDP1,
    ],
    "inputs are free when the unit reads idle": [
        *both(sdp(A, C)), PollRegister(MAP["SDP.S_STATUS"].address, 3, 0), LoadMemory(A, bytes(32)), SDP0,
    ],
    "operands hold SDP_RDMA back until the convolution takes them": [
        *prepare(operands_only(B)), *enable("SDP_RDMA"), *both(pdp(A, C)), *both(sdp(C, E), **GROUP1), PDP0,
    ],
    "SDP in front of PDP has read all when its interrupt comes": [*both(sdp_pdp(A, C)), SDP0, LoadMemory(A, bytes(32))],
    "and its groups are free": [*both(sdp_pdp(A, C)), SDP0, *prepare(sdp(B, E)), PDP0],
    "layers ahead in the same units have read all, too": [
        *both(pdp(A, C)), *both(sdp_pdp(B, D), PDP=1), *both(sdp(E, F), **GROUP1), SDP1,
        LoadMemory(A, bytes(32)), LoadMemory(B, bytes(32)), PDP0, PDP1,
    ],
}  # fmt: skip

RACES: dict[str, tuple[list[Command], str]] = {
    "a group that is at work": ([*both(pdp(A, C)), *both(sdp(C, D)), PDP0], "SDP_RDMA group 0 was enabled to read"),
    "a group that can start when the one in front ends": (
        [*both(pdp(A, C)), *both(sdp(B, E)), *both(sdp(C, D), **GROUP1), PDP0], "SDP_RDMA group 1 was enabled to read",
    ),
    "the group in front is enabled before the end was seen": (
        [*both(pdp(A, C)), *both(sdp(C, D), **GROUP1), *both(sdp(B, E)), PDP0], "SDP_RDMA group 1 was enabled to read",
    ),
    "a reader at work before its layer is complete": (
        [*prepare(sdp(C, D)), *enable("SDP_RDMA"), *both(pdp(A, C)), PDP0], "PDP .* to write what SDP_RDMA group 0",
    ),
    "a reader goes on to the group behind": (
        [*prepare(sdp(B, E)), *enable("SDP_RDMA"), *prepare(sdp(C, D), **GROUP1), *enable("SDP_RDMA", group=1),
         *both(pdp(A, C)), PDP0], "PDP .* to write what SDP_RDMA group 1",
    ),
    "also one with operands, unless a convolution takes them": (
        [*prepare(sdp(A, D, B)), *enable("SDP_RDMA"), *prepare(sdp(C, E), **GROUP1), *enable("SDP_RDMA", group=1),
         *both(pdp(A, C)), PDP0], "PDP .* to write what SDP_RDMA group 1",
    ),
    "a layer was not waited for, another was": (
        [*both(sdp(A, C)), *both(pdp(B, D)), PDP0, *both(sdp(C, E), **GROUP1), SDP1], "SDP_RDMA group 1 .* SDP",
    ),
    "nor read by the host then": (
        [*both(sdp(A, C)), *both(pdp(B, D)), PDP0, CheckMemory(C, 8, "early")], "host reads",
    ),
    "an interrupt seen twice proves one layer": (
        [*both(sdp(A, C)), WaitInterrupt(1, clear=False), *both(sdp(B, D), **GROUP1), SDP1,
         *both(sdp(A, E)), WaitInterrupt(1), CheckMemory(E, 8, "early")], "host reads",
    ),
    "idle is no end of writing": (
        [*both(sdp(A, C)), PollRegister(MAP["SDP.S_STATUS"].address, 3, 0), CheckMemory(C, 8, "early")], "host reads",
    ),
    "SDP writes what PDP behind it in the layer before writes": (
        [*both(sdp_pdp(A, C)), *both(sdp(B, C), **GROUP1), SDP1], "SDP .* to write what SDP with PDP",
    ),
    "PDP goes on behind SDP that has ended": ([*both(sdp_pdp(A, C)), SDP0, CheckMemory(C, 8, "early")], "host reads"),
    "so its group is not free": (
        [*both(sdp_pdp(A, C)), SDP0, *prepare(pdp(B, E))], "PDP.* written while SDP with PDP .* may still use",
    ),
    "an interrupt ends the writes of its own unit only": (
        [*both(pdp(A, C)), *both(sdp_pdp(B, D), PDP=1), *both(sdp(E, F), **GROUP1), SDP1, CheckMemory(C, 8, "early")],
        "host reads",
    ),
    "also in the layer in front": (
        [*both(pdp(A, C)), *both(sdp_pdp(B, D), PDP=1), *both(sdp(E, F), **GROUP1), SDP1, CheckMemory(D, 8, "early")],
        "host reads",
    ),
    "an interrupt ends no layer behind its own": (
        [*both(sdp(A, C)), *both(sdp(B, D), **GROUP1), SDP0, CheckMemory(D, 8, "early")], "host reads",
    ),
    "an interrupt of SDP leaves the reads of later layers": (
        [*both(sdp(A, C)), *both(sdp(B, D), **GROUP1), SDP0, LoadMemory(B, bytes(32))], "host writes",
    ),
    "a group used again before its end was seen": (
        [*both(sdp(A, C)), *both(pdp(B, D)), PDP0, *prepare(sdp(B, E))], "written while SDP .* may still use",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_accepted(name: str) -> None:
    run(Program([*LOAD, *LEGAL[name]]))


@pytest.mark.parametrize("name", RACES)
def test_refused(name: str) -> None:
    commands, reason = RACES[name]
    with pytest.raises(RuleViolation, match=reason) as caught:
        run(Program([*LOAD, *commands]))
    assert "\n" not in str(caught.value)


def test_a_pending_group_gives_what_it_reads_in_the_end() -> None:
    device = Device()
    run(
        Program([*LOAD, *LEGAL["a group behind an idle one reads nothing"], CheckMemory(D, 32, "copy of a copy")]),
        device,
    )
    assert device.memory.dump(D, 32) == bytes(range(32))


def test_what_has_run_to_its_end_leaves_nothing_behind() -> None:
    """Device.run_all: groups and memory are free, and an old interrupt proves nothing of a later layer."""
    device = Device()
    run(Program([*LOAD, *both(sdp(A, C))]), device)
    device.run_all()
    clear = WriteRegister(MAP["GLB.S_INTR_STATUS"].address, 1)
    run(Program([LoadMemory(A, bytes(32)), clear, *both(sdp(B, C), **GROUP1)]), device)
    device.run_all()
    again = Program([CheckMemory(C, 32, "copy"), *both(sdp(C, D)), SDP0, CheckMemory(D, 32, "copy of the copy")])
    run(again, device)
    assert device.memory.dump(D, 32) == bytes(range(100, 132))
