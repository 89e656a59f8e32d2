"""What keeps depthwise layers apart (golden/fusion.py): each condition alone, and what must not matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cocodla.formats.feature import CubeLayout
from cocodla.golden.config import (
    AluOperation,
    OperandConfig,
    OperandUse,
    PdpConfig,
    Pooling,
    SdpConfig,
    SdpRdmaConfig,
    StageConfig,
)
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.fusion import join_depthwise
from cocodla.golden.memory import Memory
from cocodla.golden.work import IdleRdmaWork, SdpWork

W, H, PARTS = 4, 3, 3
CUBE = CubeLayout.packed(W, H, 8)
IN, OUT, WEIGHTS, BS, BN = 0x1000, 0x2000, 0x3000, 0x4000, 0x5000
SIZE = {"width": W, "height": H, "channels": 8}
STRIDES = {"line_stride": CUBE.line_stride, "surface_stride": CUBE.surface_stride}
STEP = CUBE.surface_stride
OPERAND = StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True)
Change = Callable[[SdpWork], SdpWork]


def layer(number: int, input_at: int = IN, output_at: int = OUT, weights_at: int = WEIGHTS) -> SdpWork:
    """A 1x1 depthwise convolution of one surface with operands by channel in BS and BN."""
    banks = {"entries": W, "kernels": 8, "data_banks": 1, "weight_banks": 1, "weight_bytes": 64}
    cdma = CdmaConfig(width=W, height=H, channels=8, address=input_at + number * STEP, kernel_bytes=8,
                      weight_address=weights_at + 64 * number, **STRIDES, **banks)  # fmt: skip
    csc = CscConfig(width=W, height=H, channels=8, kernel_width=1, kernel_height=1, out_width=W, out_height=H,
                    release_lines=H, **banks)  # fmt: skip
    bs, bn = (OperandConfig(OperandUse.ALU, False, False, base + 8 * number) for base in (BS, BN))
    config = SdpConfig(**SIZE, bs=OPERAND, bn=OPERAND, from_cacc=True, address=output_at + number * STEP, **STRIDES)
    rdma = SdpRdmaConfig(**SIZE, main=False, address=0, line_stride=0, surface_stride=0, bs=bs, bn=bn)
    return SdpWork(config, rdma, None, ConvConfig(cdma, csc), False)


def memory_of(layers: Sequence[SdpWork]) -> Memory:
    """Memory with diagonal weights for all layers."""
    memory = Memory(2)
    weights = np.diag(np.arange(1, 9)).astype(np.uint8).reshape(1, 64)
    for work in layers:
        assert work.convolution is not None
        memory.write(work.convolution.cdma.weight_address, weights)
    return memory


def sizes(steps: Sequence[Any]) -> list[int]:
    """How many layers each step stands for."""
    return [len(step.parts) or 1 for step in steps]


def changed(part: str, **values: Any) -> Change:
    """Other values in `cdma`, `csc`, `config`, `rdma`, or in the layer itself (`work`)."""

    def change(work: SdpWork) -> SdpWork:
        if part in ("cdma", "csc"):
            assert work.convolution is not None
            return replace(work, convolution=replace(work.convolution, **{part: replace(getattr(work.convolution, part),
                                                                                      **values)}))  # fmt: skip
        if part == "work":
            return replace(work, **values)
        return replace(work, **{part: replace(getattr(work, part), **values)})

    return change


def engine(name: str, **values: Any) -> Change:
    """Other values in the operand engine `bs` or `bn`."""

    def change(work: SdpWork) -> SdpWork:
        return changed("rdma", **{name: replace(getattr(work.rdma, name), **values)})(work)

    return change


POOL = PdpConfig(**SIZE, out_width=W, out_height=H, method=Pooling.MAX, kernel_width=1, kernel_height=1,
                 stride_width=1, stride_height=1, from_sdp=True)  # fmt: skip
NEVER: dict[str, Change] = {
    "from memory": changed("work", convolution=None),
    "pooled": changed("work", pool=POOL),
    "saturation counted": changed("work", count_saturated=True),
    "lines kept before": changed("csc", data_reuse=True),
    "weights kept before": changed("csc", weight_reuse=True),
    "lines kept behind": changed("csc", skip_data_release=True),
    "weights kept behind": changed("csc", skip_weight_release=True),
    "pixels": changed("csc", image=True),
    "1x1 packed": changed("cdma", packed_1x1=True),
    "not all lines released": changed("csc", release_lines=H - 1),
    "half a surface": changed("csc", channels=4, kernels=4),
    "more kernels than channels": changed("csc", kernels=16),
    "operands of BS by element": engine("bs", per_element=True),
    "operands of BN by element": engine("bn", per_element=True),
}
"""Layers that are never joined, although all have this in common."""

OTHER: dict[str, Change] = {
    "converter": changed("config", cvt_shift=1),
    "BS": changed("config", bs=replace(OPERAND, alu_shift=1)),
    "BN": changed("config", bn=replace(OPERAND, relu_bypass=False)),
    "output elsewhere": changed("config", address=OUT + STEP + 8),
    "input elsewhere": changed("cdma", address=IN + STEP + 8),
    "input strides": changed("cdma", line_stride=CUBE.line_stride + 8),
    "output strides": changed("config", line_stride=CUBE.line_stride + 8),
    "convolution": changed("csc", pad_value=1),
    "format of operands of BS": engine("bs", two_bytes=True),
    "use of operands of BN": engine("bn", use=OperandUse.MUL),
    "one engine": changed("rdma", bn=None),
    "size of SDP_RDMA": changed("rdma", width=W + 1),
    "no SDP_RDMA": changed("work", rdma=None),
}
"""What keeps the second of three layers apart from both others."""

IDLE = replace(OPERAND, alu_operand=5, mul_operand=6, mul_from_memory=True, prelu=True)
SAME: dict[str, Change] = {
    "operands of BS and BN lie anywhere": lambda w: engine("bn", address=0x7000)(engine("bs", address=0x6000)(w)),
    "strides of operands by channel": engine("bs", line_stride=8, surface_stride=16),
    "input of SDP_RDMA that is off": changed("rdma", address=8, line_stride=8, surface_stride=8),
    "numbers that operands replace, and MUL that is bypassed": changed("config", bs=IDLE, bn=IDLE),
    "weights lie anywhere": changed("cdma", weight_address=WEIGHTS + 0x800),
}
"""What the second of three layers may have of its own."""


@pytest.mark.parametrize("name", NEVER)
def test_layers_that_are_never_joined(name: str) -> None:
    layers = [NEVER[name](layer(number)) for number in range(PARTS)]
    memory = memory_of([layer(number) for number in range(PARTS)])
    assert join_depthwise(layers, memory) == layers


@pytest.mark.parametrize("name", OTHER)
def test_layers_of_another_nature_stay_apart(name: str) -> None:
    layers = [layer(number) for number in range(PARTS)]
    memory = memory_of(layers)
    assert sizes(join_depthwise(layers, memory)) == [PARTS]
    layers[1] = OTHER[name](layers[1])
    assert join_depthwise(layers, memory) == layers


@pytest.mark.parametrize("name", SAME)
def test_what_has_no_effect_does_not_matter(name: str) -> None:
    layers = [layer(number) for number in range(PARTS)]
    layers[1] = SAME[name](layers[1])
    assert sizes(join_depthwise(layers, memory_of(layers))) == [PARTS]


FROM_BYPASS: list[tuple[StageConfig, StageConfig, bool]] = [
    (StageConfig(alu_operand=3, mul_shift=1, relu_bypass=False), StageConfig(), True),
    (StageConfig(bypass=False, relu_bypass=False), StageConfig(bypass=False), False),
    (StageConfig(bypass=False, alu_shift=3, alu_from_memory=True, alu_operation=AluOperation.MAX),
     StageConfig(bypass=False), True),
    (StageConfig(bypass=False, alu_bypass=False, alu_operand=3), StageConfig(bypass=False, alu_bypass=False), False),
    (StageConfig(bypass=False, mul_operand=3, mul_from_memory=True, prelu=True), StageConfig(bypass=False), True),
    (StageConfig(bypass=False, mul_bypass=False, mul_operand=3), StageConfig(bypass=False, mul_bypass=False), False),
    (StageConfig(bypass=False, mul_bypass=False, prelu=True), StageConfig(bypass=False, mul_bypass=False), False),
    (StageConfig(bypass=False, mul_bypass=False, mul_from_memory=True, mul_operand=4),
     StageConfig(bypass=False, mul_bypass=False, mul_from_memory=True), True),
]  # fmt: skip


@pytest.mark.parametrize("place", ["bs", "bn"])
@pytest.mark.parametrize(("second", "others", "same"), FROM_BYPASS)
def test_settings_of_a_stage_matter_where_they_work(
    place: str, second: StageConfig, others: StageConfig, same: bool
) -> None:
    layers = [changed("config", **{place: others})(layer(number)) for number in range(PARTS)]
    layers[1] = changed("config", **{place: second})(layers[1])
    found = join_depthwise(layers, memory_of(layers))
    assert sizes(found) == ([PARTS] if same else [1] * PARTS)


def test_weights_off_the_diagonal_and_those_of_each_image() -> None:
    layers = [layer(number) for number in range(PARTS)]
    memory = memory_of(layers)
    memory.write(WEIGHTS + 64 + 1, np.ones((1, 1), np.uint8))
    assert join_depthwise(layers, memory) == layers
    memory = memory_of(layers)
    memory.write(WEIGHTS + 64, np.array([[2], [3]], np.uint8))  # two images
    assert join_depthwise(layers, memory) == layers


RUNS = {"012x": [3, 1], "x012": [1, 3], "01x2": [2, 1, 1], "0x12": [1, 1, 2], "x": [1], "0": [1], "102": [1, 1, 1]}
"""Layers by number and other work (x): how many each step stands for."""


@pytest.mark.parametrize("order", RUNS)
def test_only_what_follows_is_joined(order: str) -> None:
    """Other work in front, behind and between, and another order; the last step is a layer or not."""
    layers = [layer(number) for number in range(PARTS)]
    other = IdleRdmaWork()
    steps = [other if item == "x" else layers[int(item)] for item in order]
    found = join_depthwise(steps, memory_of(layers))
    back = [part for step in found for part in (getattr(step, "parts", ()) or (step,))]
    assert back == steps
    assert [len(getattr(step, "parts", ()) or (step,)) for step in found] == RUNS[order]


def test_the_whole_has_the_channels_of_all() -> None:
    layers = [layer(number) for number in range(PARTS)]
    (whole,) = join_depthwise(layers, memory_of(layers))
    assert isinstance(whole, SdpWork) and whole.convolution is not None and whole.rdma is not None
    cdma, csc = whole.convolution.cdma, whole.convolution.csc
    assert (cdma.channels, csc.channels, csc.kernels, whole.config.channels, whole.rdma.channels) == (8 * PARTS,) * 5
    assert (cdma.entries, csc.entries, cdma.weight_bytes) == (W * PARTS, W * PARTS, 64 * PARTS)
    assert (cdma.address, whole.config.address) == (IN, OUT)


END = OUT + PARTS * STEP
"""The byte behind the outputs of all."""
PLACES: dict[str, Callable[[int], list[SdpWork]]] = {
    "inputs": lambda at: [layer(number, input_at=at) for number in range(PARTS)],
    "weights": lambda at: [layer(number, weights_at=at) for number in range(PARTS)],
    "operands of BS": lambda at: [engine("bs", address=at + 8 * n)(layer(n)) for n in range(PARTS)],
    "operands of BN": lambda at: [engine("bn", address=at + 8 * n)(layer(n)) for n in range(PARTS)],
}
LENGTHS = {"inputs": PARTS * STEP, "weights": PARTS * 64, "operands of BS": PARTS * 8, "operands of BN": PARTS * 8}


@pytest.mark.parametrize("what", PLACES)
def test_none_reads_what_others_write(what: str) -> None:
    """Up to the atom: what is read ends where the outputs begin, or begins where they end, and one atom closer."""
    for at, apart in ((END, True), (END - 8, False), (OUT - LENGTHS[what], True), (OUT - LENGTHS[what] + 8, False)):
        layers = PLACES[what](at)
        found = sizes(join_depthwise(layers, memory_of(layers)))
        assert (found == [PARTS]) is apart, (what, hex(at), found)
