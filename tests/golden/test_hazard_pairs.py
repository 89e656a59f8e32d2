"""A race for every pair of engines that read and layers that write: refused without the interrupt, accepted with it."""

from __future__ import annotations

import pytest
from test_hazards import ADD, CUBE, SIZE, STRIDES, pdp, sdp, sdp_pdp

from cocodla.formats.feature import CubeLayout
from cocodla.golden import RuleViolation, run
from cocodla.golden.config import OperandConfig, OperandUse, SdpConfig, SdpRdmaConfig, StageConfig
from cocodla.golden.config_cdp import CdpConfig
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.encode import (
    Words,
    encode_cdp,
    encode_cdp_rdma,
    encode_convolution,
    encode_sdp,
    encode_sdp_rdma,
    merge,
)
from cocodla.program import Program
from cocodla.program.commands import Command, LoadMemory, WaitInterrupt
from cocodla.stimulus.sequencer import Sequencer

SHARED, OTHER, MORE, OUT = 0x1000, 0x2000, 0x3000, 0x4000
MAIN = {"SDP", "PDP", "CDP"}
"""Units that all data of a layer pass, so that layers follow each other in them."""


def cdp(source: int, target: int) -> Words:
    """Anything by CDP."""
    config = CdpConfig(reach=1, square_bypass=True, multiply_bypass=True, in_offset=0, in_scale=1, in_shift=0,
                       out_offset=0, out_scale=1, out_shift=0, address=target, **STRIDES)  # fmt: skip
    return merge(encode_cdp(config), encode_cdp_rdma(source, CubeLayout.packed(2, 2, 8)))


def bn_sum(source: int, target: int, operand: int) -> Words:
    """A sum of two cubes in BN."""
    engine = OperandConfig(OperandUse.ALU, False, True, operand, **STRIDES)
    return merge(
        encode_sdp(SdpConfig(**SIZE, bn=ADD, address=target, **STRIDES)),
        encode_sdp_rdma(SdpRdmaConfig(**SIZE, main=True, address=source, bs=None, bn=engine, **STRIDES)),
    )


def convolution(source: int, weights: int, target: int, operand: int | None = None) -> Words:
    """A 1x1 convolution to memory, with operands of BS by channel if told."""
    banks = {"entries": 4, "kernels": 8, "data_banks": 1, "weight_banks": 1, "weight_bytes": 64}
    cdma = CdmaConfig(width=2, height=2, channels=8, address=source, kernel_bytes=8, weight_address=weights, **STRIDES,
                      **banks)  # fmt: skip
    csc = CscConfig(width=2, height=2, channels=8, kernel_width=1, kernel_height=1, out_width=2, out_height=2,
                    release_lines=2, **banks)  # fmt: skip
    tail = SdpConfig(**SIZE, from_cacc=True, address=target, bs=StageConfig() if operand is None else ADD, **STRIDES)
    words = merge(encode_convolution(ConvConfig(cdma, csc)), encode_sdp(tail))
    if operand is None:
        return words
    engine = OperandConfig(OperandUse.ALU, False, False, operand, **STRIDES)
    return merge(words, encode_sdp_rdma(SdpRdmaConfig(**SIZE, main=False, address=0, bs=engine, bn=None, **STRIDES)))


READERS: dict[str, Words] = {
    "SDP_RDMA input": sdp(SHARED, OUT),
    "SDP_RDMA operands of BS": sdp(OTHER, OUT, SHARED),
    "SDP_RDMA operands of BN": bn_sum(OTHER, OUT, SHARED),
    "SDP_RDMA operands of a convolution": convolution(OTHER, MORE, OUT, SHARED),
    "PDP_RDMA": pdp(SHARED, OUT),
    "SDP_RDMA for PDP": sdp_pdp(SHARED, OUT),
    "CDP_RDMA": cdp(SHARED, OUT),
    "CDMA data": convolution(SHARED, MORE, OUT),
    "CDMA weights": convolution(OTHER, SHARED, OUT),
}
WRITERS: dict[str, Words] = {
    "SDP": sdp(0x5000, SHARED),
    "SDP behind a convolution": convolution(0x5000, 0x6000, SHARED),
    "PDP": pdp(0x5000, SHARED),
    "PDP behind SDP": sdp_pdp(0x5000, SHARED),
    "CDP": cdp(0x5000, SHARED),
}
LOAD: list[Command] = [LoadMemory(address, bytes(range(64))) for address in (SHARED, OTHER, MORE, 0x5000, 0x6000)]


def outcome(*layers: Words, waits: bool) -> str:
    """What the golden model says of layers enabled in a row, waiting for each or at the end, "" if nothing."""
    sequencer = Sequencer()
    commands, due = list(LOAD), 0
    for words in layers:
        enable, bits = sequencer.enable(words)
        commands += [*enable, *([WaitInterrupt(bits)] if waits else [])]
        due |= bits
    commands += [] if waits else [WaitInterrupt(due)]
    try:
        run(Program(commands))
    except RuleViolation as error:
        return str(error)
    return ""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_written_is_read_after_its_interrupt_only(writer: str, reader: str) -> None:
    first, second = WRITERS[writer], READERS[reader]
    assert "was enabled to" in outcome(first, second, waits=False)
    assert not outcome(first, second, waits=True)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", WRITERS)
def test_what_is_read_is_overwritten_when_the_reader_has_ended(writer: str, reader: str) -> None:
    """Layers that pass the same unit follow each other there: the first has read all when the second writes."""
    first, second = READERS[reader], WRITERS[writer]
    follows = bool(MAIN & set(first) & set(second))
    assert bool(outcome(first, second, waits=False)) == (not follows)
    assert not outcome(first, second, waits=True)


@pytest.mark.parametrize("first", WRITERS)
@pytest.mark.parametrize("second", WRITERS)
def test_two_writers_of_the_same_memory(first: str, second: str) -> None:
    """In order where the unit that writes first is one that the other passes, too."""
    one, other = WRITERS[first], WRITERS[second]
    writes = "PDP" if "PDP" in one else "CDP" if "CDP" in one else "SDP"
    assert bool(outcome(one, other, waits=False)) == (writes not in other)
    assert not outcome(one, other, waits=True)


def test_neighbours_do_not_meet() -> None:
    """A writer whose last byte is the one before the reader's first, and behind its last, is no race."""
    for target in (SHARED - CUBE.size, SHARED + CUBE.size):
        assert not outcome(pdp(SHARED, OUT), sdp(0x5000, target), waits=False)
    for target in (SHARED - CUBE.size + 8, SHARED + CUBE.size - 8):
        assert outcome(pdp(SHARED, OUT), sdp(0x5000, target), waits=False)
