"""Depthwise layers joined: a hardware layer for each 8 or 16 channels becomes one for all of them.

The compiler cuts a depthwise convolution into layers that do the same to neighbouring surfaces. A batch, whose control
has been followed already, computes them as one; the results are the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from cocodla.golden.config import OperandConfig, StageConfig
from cocodla.golden.config_conv import ConvConfig
from cocodla.golden.memory import Memory
from cocodla.golden.regions import Region
from cocodla.golden.work import SdpWork
from cocodla.hw import ATOM, surfaces

Step = TypeVar("Step")


def join_depthwise(steps: Sequence[Step], memory: Memory) -> list[Step | SdpWork]:
    """The steps with runs of such layers joined. memory: holds the weights."""
    joined: list[Step | SdpWork] = []
    position = 0
    while position < len(steps):
        first = steps[position]
        position += 1
        if not isinstance(first, SdpWork) or not _is_depthwise(first, memory):
            joined.append(first)
            continue
        parts: list[SdpWork] = [first]
        while position < len(steps) and _follows(following := steps[position], parts, memory):
            assert isinstance(following, SdpWork)
            parts.append(following)
            position += 1
        joined.append(_whole(parts))
    return joined


def _is_depthwise(work: SdpWork, memory: Memory) -> bool:
    """Whether a layer is one that may be joined: whole surfaces, nothing kept in CBUF, operands by channel."""
    layer = work.convolution
    if layer is None or work.pool or work.count_saturated:
        return False
    cdma, csc = layer.cdma, layer.csc
    kept = csc.data_reuse or csc.weight_reuse or csc.skip_data_release or csc.skip_weight_release
    if csc.image or cdma.packed_1x1 or kept or csc.release_lines < cdma.height:
        return False
    if csc.channels % ATOM or csc.channels != csc.kernels or any(engine.per_element for engine in _engines(work)):
        return False
    stream = memory.read_common(cdma.weight_address, cdma.weight_bytes)
    return stream.shape[0] == 1 and work.kernels(stream).depthwise


def _follows(work: object, parts: list[SdpWork], memory: Memory) -> bool:
    """Whether a layer does the same to the cube behind those of `parts`, and none of all reads what others write."""
    if not isinstance(work, SdpWork) or not _is_depthwise(work, memory):
        return False
    if _nature(work, 0) != _nature(parts[0], len(parts)):
        return False
    whole = _whole([*parts, work])
    target = Region.cube(whole.config.address, whole.config.destination)
    return not any(target.overlaps(region) for region in _reads(whole))


def _nature(work: SdpWork, index: int) -> tuple[object, ...]:
    """All that layers must have in common to be joined, if their cubes are `index` times their size further.

    Registers without effect may hold anything: what an earlier layer left in them.
    """
    layer, config, rdma = work.convolution, work.config, work.rdma
    assert layer is not None
    count = index * surfaces(config.channels)
    source = layer.cdma.address + count * layer.cdma.surface_stride
    target = config.address + count * config.destination.surface_stride
    return (
        replace(config, address=target, bs=_effective(config.bs), bn=_effective(config.bn)),
        replace(layer.cdma, address=source, weight_address=0),
        layer.csc,
        rdma and replace(rdma, bs=None, bn=None, address=0, line_stride=0, surface_stride=0),  # no main reader
        [replace(engine, address=0, line_stride=0, surface_stride=0) for engine in _engines(work)],
    )


def _effective(stage: StageConfig) -> StageConfig:
    """The stage with its defaults wherever a setting has no effect."""
    idle = StageConfig()
    if stage.bypass:
        return idle
    if stage.alu_bypass or stage.alu_from_memory:
        stage = replace(stage, alu_operand=idle.alu_operand)
    if stage.alu_bypass:
        stage = replace(stage, alu_operation=idle.alu_operation, alu_from_memory=False, alu_shift=idle.alu_shift)
    if stage.mul_bypass or stage.mul_from_memory:
        stage = replace(stage, mul_operand=idle.mul_operand)
    return replace(stage, mul_from_memory=False, prelu=False) if stage.mul_bypass else stage


def _whole(parts: list[SdpWork]) -> SdpWork:
    """One layer for several."""
    first, layer, rdma = parts[0], parts[0].convolution, parts[0].rdma
    if len(parts) == 1 or layer is None:
        return first
    channels = len(parts) * first.config.channels
    entries = layer.cdma.width * surfaces(channels)
    return replace(
        first,
        config=replace(first.config, channels=channels),
        rdma=rdma and replace(rdma, channels=channels),
        convolution=ConvConfig(
            replace(layer.cdma, channels=channels, entries=entries, weight_bytes=len(parts) * layer.cdma.weight_bytes),
            replace(layer.csc, channels=channels, kernels=channels, entries=entries),
        ),
        parts=tuple(parts),
    )


def _reads(whole: SdpWork) -> Iterator[Region]:
    """Memory that layers to be joined read."""
    layer = whole.convolution
    assert layer is not None
    yield Region.cube(layer.cdma.address, layer.cdma.layout)
    for part in whole.parts:
        assert part.convolution is not None
        yield Region(part.convolution.cdma.weight_address, part.convolution.cdma.weight_bytes)
        for engine in _engines(part):
            yield Region(engine.address, surfaces(part.config.channels) * engine.group_bytes)


def _engines(work: SdpWork) -> list[OperandConfig]:
    return [engine for engine in (work.rdma and work.rdma.bs, work.rdma and work.rdma.bn) if engine]
