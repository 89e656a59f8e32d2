"""Random SDP passes and their operands, for layers."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from cocodla.golden.config import (
    AluOperation,
    OperandConfig,
    OperandUse,
    SdpConfig,
    SdpRdmaConfig,
    StageConfig,
    cube_layout,
)
from cocodla.golden.encode import encode_pdp, encode_sdp, encode_sdp_rdma, merge
from cocodla.hw import surfaces
from cocodla.program.commands import LoadMemory
from cocodla.registers import MAP
from cocodla.stimulus.cubes import Allocator, Cube, RandomLayer, random_layout, random_source
from cocodla.stimulus.pdp import place_output
from cocodla.stimulus.values import random_bytes, value


def random_stage(rng: Generator) -> StageConfig:
    """Any combination of BS or BN; operands from memory follow from the sources chosen."""
    return StageConfig(
        bypass=rng.random() >= 0.8,
        alu_bypass=rng.random() >= 0.7,
        alu_operation=AluOperation(int(rng.integers(3))),
        alu_from_memory=rng.random() < 0.5,
        alu_operand=value(rng, 16),
        alu_shift=int(rng.integers(0, 64)) if rng.random() < 0.3 else int(rng.integers(0, 12)),
        mul_bypass=rng.random() >= 0.7,
        mul_from_memory=rng.random() < 0.5,
        mul_operand=value(rng, 16),
        mul_shift=int(rng.integers(0, 64)) if rng.random() < 0.3 else int(rng.integers(0, 16)),
        prelu=rng.random() < 0.4,
        relu_bypass=rng.random() >= 0.5,
    )


def random_sdp(rng: Generator, width: int, height: int, channels: int) -> SdpConfig:
    """Both stages and the converter, no addresses."""
    return SdpConfig(
        width=width,
        height=height,
        channels=channels,
        bs=random_stage(rng),
        bn=random_stage(rng),
        cvt_offset=value(rng, int(rng.choice([8, 20, 32]))),
        cvt_scale=1 if rng.random() < 0.3 else value(rng, 16),
        cvt_shift=int(rng.integers(0, 64)) if rng.random() < 0.2 else int(rng.integers(0, 28)),
    )


def finish_sdp(
    rng: Generator, layer: RandomLayer, memory: Allocator, cube: tuple[int, int, int], to_pdp: bool, given: Cube | None
) -> None:
    """SDP and, where needed, SDP_RDMA of a layer: configuration, operand data, destination.

    given: its input cube in memory, else a new one.
    """
    config = replace(random_sdp(rng, *cube), from_cacc=layer.convolution is not None, to_pdp=to_pdp)
    if to_pdp:
        assert layer.pdp is not None
        layer.pdp = place_output(rng, layer, memory, layer.pdp)
        layer.words = merge(layer.words, encode_pdp(layer.pdp))
    else:
        layout = random_layout(rng, *cube)
        layer.layout = cube_layout(*cube, layout.line_stride, layout.surface_stride)
        layer.address = memory.take(layer.layout.size)
        config = replace(
            config, address=layer.address, line_stride=layout.line_stride, surface_stride=layout.surface_stride
        )
    layer.sdp = config
    layer.words = merge(layer.words, encode_sdp(config))
    layer.words["SDP"]["D_PERF_ENABLE"] = MAP["SDP.D_PERF_ENABLE"].encode(0, PERF_SAT_EN=int(rng.random() < 0.5))
    if config.needs_rdma:
        rdma = SdpRdmaConfig(*cube, main=not config.from_cacc, address=0, line_stride=0, surface_stride=0,
                             bs=_operand(rng, layer, memory, config.bs, cube),
                             bn=_operand(rng, layer, memory, config.bn, cube))  # fmt: skip
        if rdma.main:
            address, layout = given or random_source(rng, layer, memory, *cube, True)
            rdma = replace(rdma, address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)
        layer.rdma = rdma
        layer.words = merge(layer.words, encode_sdp_rdma(rdma))


def _operand(
    rng: Generator, layer: RandomLayer, memory: Allocator, stage: StageConfig, cube: tuple[int, int, int]
) -> OperandConfig | None:
    if stage.needs is None:
        return None
    width, height, channels = cube
    config = OperandConfig(OperandUse(stage.needs), rng.random() < 0.5, rng.random() < 0.4, 0)
    line = config.group_bytes * width + 8 * int(rng.integers(2))
    surface = line * height + 8 * int(rng.integers(2))
    size = surface if config.per_element else config.group_bytes
    address = memory.take(size * surfaces(channels))
    layer.loads.append(LoadMemory(address, random_bytes(rng, size * surfaces(channels))))
    return replace(config, address=address, line_stride=line, surface_stride=surface)
