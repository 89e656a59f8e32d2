"""Programs that hang: the run ends by itself and tells which unit waits for what, and which rule is broken."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from cocodla.golden.encode import Words
from cocodla.program import FillMemory, Mark, Program
from cocodla.program.commands import Command, PollRegister, WriteRegister
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.stimulus.layers import Allocator, RandomLayer, random_layer
from cocodla.stimulus.sequencer import Sequencer


def find(kind: str, wanted: Callable[[RandomLayer], bool] = lambda layer: True) -> tuple[RandomLayer, Allocator]:
    """A random layer with a property."""
    for seed in count():
        rng = np.random.default_rng(seed)
        memory = Allocator(rng)
        layer = random_layer(rng, kind, memory, 6)
        if wanted(layer):
            return layer, memory
    raise AssertionError


def hang(layer: RandomLayer, memory: Allocator, commands: list[Command]) -> str:
    """The one line that tells of the hang."""
    fill = FillMemory(0x1000, memory.next - 0x1000)
    program = Program([fill, *layer.loads, Mark("broken layer"), *commands])
    execution = rtl.run(program, rtl.Simulation(seed=1, watchdog=3000))
    assert execution.counters["cycles"] < 40_000
    lines = [line for line in execution.failures if line.startswith("no progress")]
    assert len(lines) == 1, execution.failures
    assert "'broken layer'" in lines[0] and "\n" not in lines[0]
    return lines[0]


def only(words: Words, *units: str) -> Words:
    return {unit: part for unit, part in words.items() if unit not in units}


def test_a_reader_that_is_not_enabled() -> None:
    layer, memory = find("pdp")
    text = hang(layer, memory, Sequencer().run(only(layer.words, "PDP_RDMA")))
    assert "PDP group 0 RUNNING (consumer 0) waits for data of PDP_RDMA (IDLE)" in text
    assert "PDP lacks PDP_RDMA" in text and "programming.md" in text


def test_groups_that_do_not_alternate() -> None:
    """The first layer after reset in group 1 stays pending for ever."""
    layer, memory = find("sdp")
    sequencer = Sequencer()
    sequencer.group = dict.fromkeys(sequencer.group, 1)
    text = hang(layer, memory, sequencer.run(layer.words))
    assert "SDP group 1 PENDING (consumer 0) waits for a layer in group 0, which is IDLE: groups must alternate" in text
    assert "(pending behind group 0)" in text


def test_a_line_that_is_not_fetched() -> None:
    def reads_last_line(layer: RandomLayer) -> bool:
        assert layer.convolution
        csc = layer.convolution.csc
        return csc.height > 1 and csc.kernel_height == csc.stride_y == 1 and csc.out_height >= csc.height + csc.pad_top

    layer, memory = find("convolution", reads_last_line)
    size = MAP["CDMA.D_DATAIN_SIZE_0"]
    fields = size.decode(layer.words["CDMA"]["D_DATAIN_SIZE_0"])
    layer.words["CDMA"]["D_DATAIN_SIZE_0"] = size.encode(0, **{**fields, "DATAIN_HEIGHT": fields["DATAIN_HEIGHT"] - 1})
    text = hang(layer, memory, Sequencer().run(layer.words))
    assert "CSC group 0 RUNNING (consumer 0) waits for lines and weights of CDMA (IDLE)" in text
    assert "likely: a rule is broken" in text and "CSC waits for" in text and "cdma.md 7.4" in text


def test_operands_nobody_delivers() -> None:
    layer, memory = find("sdp", lambda x: x.rdma is not None and x.rdma.bs is not None)
    cfg = MAP["SDP_RDMA.D_BRDMA_CFG"]
    layer.words["SDP_RDMA"]["D_BRDMA_CFG"] = cfg.encode(layer.words["SDP_RDMA"]["D_BRDMA_CFG"], BRDMA_DISABLE=1)
    text = hang(layer, memory, Sequencer().run(layer.words))
    assert "SDP group 0 RUNNING" in text
    assert "its SDP_RDMA engine delivers nothing" in text


def test_a_memory_client_without_weight() -> None:
    layer, memory = find("sdp")
    weights = [r for r in MAP.units["MCIF"].registers if any(f.name == "RD_WEIGHT_SDP" for f in r.fields)]
    zero = WriteRegister(weights[0].address, weights[0].encode(weights[0].reset, RD_WEIGHT_SDP=0))
    text = hang(layer, memory, [zero, *Sequencer().run(layer.words)])
    assert "SDP_RDMA group 0 RUNNING (consumer 0) waits for memory" in text
    assert "MCIF.RD_WEIGHT_SDP is 0" in text


def test_a_poll_of_what_never_comes() -> None:
    layer, memory = find("sdp")
    poll = PollRegister(MAP["SDP.S_STATUS"].address, 1, 1)
    text = hang(layer, memory, [poll])
    assert "polls SDP.S_STATUS for 0x1 under 0x1" in text and "enabled: no unit" in text


@pytest.mark.parametrize("kind", ["sdp", "pdp"])
def test_a_legal_program_does_not_hang(kind: str) -> None:
    """The layers above are sound before they are broken."""
    layer, memory = find(kind)
    program = Program([FillMemory(0x1000, memory.next - 0x1000), *layer.loads, *Sequencer().run(layer.words)])
    assert rtl.run(program, rtl.Simulation(seed=1, watchdog=3000)).passed
