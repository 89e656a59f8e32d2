"""Memory clients of every kind of layer: one with weight 0 that a layer needs is reported, any other is not missed."""

from __future__ import annotations

import pytest
from test_hazard_pairs import LOAD, MORE, OTHER, OUT, SHARED, bn_sum, cdp, convolution, pdp, sdp, sdp_pdp

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.golden import Device, RuleViolation, run
from cocodla.golden.config_conv import CdmaConfig
from cocodla.golden.device import interrupt_names
from cocodla.golden.encode import Words
from cocodla.golden.regions import Region, _lines
from cocodla.program import Program
from cocodla.program.commands import WaitInterrupt, WriteRegister
from cocodla.registers import MAP
from cocodla.stimulus.sequencer import Sequencer

WEIGHTS = {
    field.name: register
    for register in MAP.units["MCIF"].registers
    for field in register.fields
    if "_WEIGHT_" in field.name
}
CLIENTS: dict[str, tuple[Words, set[str]]] = {
    "SDP": (sdp(SHARED, OUT), {"RD_SDP", "WR_SDP"}),
    "operands of BS": (sdp(OTHER, OUT, SHARED), {"RD_SDP", "RD_SDP_B", "WR_SDP"}),
    "operands of BN": (bn_sum(OTHER, OUT, SHARED), {"RD_SDP", "RD_SDP_N", "WR_SDP"}),
    "convolution": (convolution(OTHER, MORE, OUT), {"RD_CDMA_DAT", "RD_CDMA_WT", "WR_SDP"}),
    "its operands": (convolution(OTHER, MORE, OUT, SHARED), {"RD_CDMA_DAT", "RD_CDMA_WT", "RD_SDP_B", "WR_SDP"}),
    "PDP": (pdp(SHARED, OUT), {"RD_PDP", "WR_PDP"}),
    "PDP behind SDP": (sdp_pdp(SHARED, OUT), {"RD_SDP", "WR_PDP"}),
    "CDP": (cdp(SHARED, OUT), {"RD_CDP", "WR_CDP"}),
}


@pytest.mark.parametrize("kind", CLIENTS)
def test_exactly_the_clients_of_a_layer_need_a_weight(kind: str) -> None:
    words, used = CLIENTS[kind]
    missed = set()
    for name, register in WEIGHTS.items():
        plain = {field.name: 1 for field in register.fields}
        enable, bits = Sequencer().enable(words)
        weight = WriteRegister(register.address, register.encode(**{**plain, name: 0}))
        try:
            run(Program([*LOAD, weight, *enable, WaitInterrupt(bits)]))
        except RuleViolation as error:
            assert f"{name} is 0: the client is never served" in str(error)
            missed.add(name.replace("_WEIGHT", ""))
    assert missed == used


def test_an_interrupt_that_cannot_come_is_named() -> None:
    known = {0: "SDP", 2: "CDP", 4: "PDP", 16: "CDMA data", 18: "CDMA weight", 20: "CACC"}
    for bit in range(32):
        source = known.get(bit & ~1)
        if bit not in range(6, 10):  # units that nv_small lacks have names, too
            assert interrupt_names(1 << bit) == (f"{source} group {bit & 1}" if source else f"bit {bit} (no source)")
    assert interrupt_names(1 << 21 | 1) == "SDP group 0, CACC group 1"


def test_enabling_is_an_event_with_its_place() -> None:
    enable = MAP["SDP.D_OP_ENABLE"].address
    program = Program([WriteRegister(enable, 0), WriteRegister(enable, 1), WriteRegister(enable + 4, 1)])
    assert [(event.index, event.name) for event in run(program, Device()).events] == [(1, "SDP.D_OP_ENABLE")]


@pytest.mark.parametrize(
    ("code", "width", "x_offset", "spans"),
    [(0, 5, 0, [8]), (0, 5, 7, [16]), (0, 2, 6, [8]), (12, 5, 0, [24]), (12, 5, 1, [24]), (12, 6, 1, [32]),
     (28, 13, 0, [16, 32]), (28, 13, 7, [24, 32]), (28, 14, 3, [24, 40])],
)  # fmt: skip
def test_lines_of_pixels_are_read_from_the_first_atom_to_the_last(
    code: int, width: int, x_offset: int, spans: list[int]
) -> None:
    config = CdmaConfig(
        width=width, height=3, channels=1, address=0x1000, line_stride=64, surface_stride=0, entries=8, kernels=1,
        kernel_bytes=8, weight_address=0, weight_bytes=64, data_banks=1, weight_banks=1,
        pixel_format=PIXEL_FORMATS[code], x_offset=x_offset, chroma_address=0x2000, chroma_stride=128,
    )  # fmt: skip
    planes = [Region(0x1000, spans[0], 3, 64), *(Region(0x2000, span, 3, 128) for span in spans[1:])]
    assert list(_lines(config, Device().cbuf.kept)) == planes
