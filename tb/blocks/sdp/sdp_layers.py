"""Layers of the SDP bench: what they are, their registers, their data, what they must give.

A Layer holds true values (golden configurations); `registers` codes them, `Layer.expected` computes the
result with the golden model. `random_layer` draws from everything nv_small can do legally.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.operands import pack_operands
from cocodla.golden import sdp as golden
from cocodla.golden.config import (
    AluOperation,
    OperandConfig,
    OperandUse,
    SdpConfig,
    SdpRdmaConfig,
    StageConfig,
)
from cocodla.hw import ATOM, surfaces
from cocotbext.dla import Cube
from postlib import Space

Writes = list[tuple[str, int]]  # (register path, word)


@dataclass
class Layer:
    """One SDP layer: configurations and data.

    x: (S, H, W, 8), int8 from memory or int32 from CACC. operands: what the two stages take from memory, shape
    (S, 1, 1, 8) or (S, H, W, 8). perf: stall and saturation counters enabled. noise: seed of the values
    written to fields that have no effect.
    """

    sdp: SdpConfig
    rdma: SdpRdmaConfig | None
    x: NDArray[Any]
    operands: golden.SdpOperands = field(default_factory=golden.SdpOperands)
    perf: bool = True
    noise: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        return surfaces(self.sdp.channels), self.sdp.height, self.sdp.width

    def expected(self) -> NDArray[np.int8]:
        """Result atoms (S, H, W, 8)."""
        return golden.process(self.x, self.sdp, self.operands)

    def expected_saturation(self) -> int:
        """D_PERF_OUT_SATURATION."""
        z = golden.accumulate(self.x, self.sdp, self.operands)
        return int(golden.count_saturation(z, self.sdp)) if self.perf else 0

    def expected_writes(self) -> list[tuple[int, bytes, bool]]:
        """(byte address, atom, last) in the order the unit must write them; empty for output to PDP."""
        if self.sdp.to_pdp:
            return []
        atoms = self.expected().reshape(-1, ATOM).view(np.uint8)
        places = list(self._addresses(self.sdp.address, self.sdp.line_stride, self.sdp.surface_stride, ATOM))
        end = len(places) - 1
        return [(place, atom.tobytes(), i == end) for i, (place, atom) in enumerate(zip(places, atoms, strict=True))]

    def output_cube(self) -> Cube:
        """Where the output goes; 1x1 cubes are packed."""
        c, (count, height, width) = self.sdp, self.shape
        surface = ATOM if width == height == 1 else c.surface_stride
        return Cube(width, height, count, c.address, c.line_stride, surface)

    def input_memory(self) -> list[tuple[int, bytes]]:
        """(byte address, bytes) of the input cube and of all operands."""
        if self.rdma is None:
            return []
        blocks = []
        if self.rdma.main:
            atoms = self.x.astype(np.int8).reshape(-1, ATOM).view(np.uint8)
            places = self._addresses(self.rdma.address, self.rdma.line_stride, self.rdma.surface_stride, ATOM)
            blocks += [(place, atom.tobytes()) for place, atom in zip(places, atoms, strict=True)]
        for config, values in ((self.rdma.bs, self.operands.bs), (self.rdma.bn, self.operands.bn)):
            if config is not None:
                blocks += self._operand_memory(config, values)
        return blocks

    def _operand_memory(self, config: OperandConfig, values: golden.StageOperands) -> list[tuple[int, bytes]]:
        packed = pack_operands(values.alu, values.mul, config.two_bytes).reshape(-1, config.group_bytes)
        if config.per_element:
            places = self._addresses(
                config.address, config.line_stride, config.surface_stride, config.group_bytes
            )
        else:
            places = iter(range(config.address, config.address + packed.size, config.group_bytes))
        return [(place, group.tobytes()) for place, group in zip(places, packed, strict=True)]

    def _addresses(self, base: int, line: int, surface: int, step: int) -> Iterator[int]:
        """Addresses of a cube of `step` bytes a pixel: sdp.md sections 4 and 5, 1x1 cubes packed."""
        count, height, width = self.shape
        if width == 1 and height == 1:
            line, surface = 0, step
        for s in range(count):
            for y in range(height):
                for x in range(width):
                    yield (base + s * surface + y * line + x * step) & 0xFFFFFFFF


def sdp_registers(layer: Layer) -> Writes:
    """D_ registers of SDP, OP_ENABLE excepted. Fields without effect get random values."""
    c, rng = layer.sdp, Random(layer.noise)
    junk = rng.getrandbits
    size = [("D_DATA_CUBE_WIDTH", c.width - 1), ("D_DATA_CUBE_HEIGHT", c.height - 1)]
    writes = [
        *size,
        ("D_DATA_CUBE_CHANNEL", c.channels - 1),
        ("D_DST_BASE_ADDR_LOW", c.address | junk(3)),
        ("D_DST_BASE_ADDR_HIGH", junk(32)),
        ("D_DST_LINE_STRIDE", c.line_stride | junk(3)),
        ("D_DST_SURFACE_STRIDE", c.surface_stride | junk(3)),
        ("D_DP_EW_CFG", junk(7)),
        ("D_DP_EW_ALU_CFG", junk(2)),
        ("D_DP_EW_ALU_SRC_VALUE", junk(32)),
        ("D_DP_EW_MUL_CFG", junk(2)),
        ("D_DP_EW_MUL_SRC_VALUE", junk(32)),
        ("D_DP_EW_TRUNCATE_VALUE", junk(10)),
        ("D_FEATURE_MODE_CFG", c.from_cacc | c.to_pdp << 1 | junk(1) << 3),
        ("D_DST_DMA_CFG", 1),
        ("D_DST_BATCH_STRIDE", junk(32)),
        ("D_DATA_FORMAT", 0),
        ("D_CVT_OFFSET", c.cvt_offset & 0xFFFFFFFF),
        ("D_CVT_SCALE", c.cvt_scale & 0xFFFF),
        ("D_CVT_SHIFT", c.cvt_shift),
        ("D_PERF_ENABLE", layer.perf * 0b0101 | junk(1) << 1 | junk(1) << 3),
    ]
    writes += _stage_registers("BS", c.bs, rng) + _stage_registers("BN", c.bn, rng)
    return [(f"SDP.{name}", value) for name, value in writes]


def _stage_registers(name: str, c: StageConfig, rng: Random) -> Writes:
    algorithm = rng.choice([2, 3]) if c.alu_operation is AluOperation.SUM else int(c.alu_operation)
    return [
        (
            f"D_DP_{name}_CFG",
            c.bypass | c.alu_bypass << 1 | algorithm << 2 | c.mul_bypass << 4 | c.prelu << 5 | c.relu_bypass << 6,
        ),
        (f"D_DP_{name}_ALU_CFG", c.alu_from_memory | c.alu_shift << 8),
        (f"D_DP_{name}_ALU_SRC_VALUE", c.alu_operand & 0xFFFF),
        (f"D_DP_{name}_MUL_CFG", c.mul_from_memory | c.mul_shift << 8 | rng.getrandbits(2) << 14),
        (f"D_DP_{name}_MUL_SRC_VALUE", c.mul_operand & 0xFFFF),
    ]


def rdma_registers(layer: Layer) -> Writes:
    """D_ registers of SDP_RDMA, OP_ENABLE excepted. Fields without effect get random values."""
    c, rng = layer.rdma, Random(layer.noise ^ 0x5D9)
    if c is None:
        return []
    junk = rng.getrandbits
    writes = [
        ("D_DATA_CUBE_WIDTH", c.width - 1),
        ("D_DATA_CUBE_HEIGHT", c.height - 1),
        ("D_DATA_CUBE_CHANNEL", c.channels - 1),
        ("D_SRC_BASE_ADDR_LOW", c.address | junk(3)),
        ("D_SRC_BASE_ADDR_HIGH", junk(32)),
        ("D_SRC_LINE_STRIDE", c.line_stride | junk(3)),
        ("D_SRC_SURFACE_STRIDE", c.surface_stride | junk(3)),
        ("D_ERDMA_CFG", junk(6)),
        ("D_EW_BASE_ADDR_LOW", junk(32)),
        ("D_FEATURE_MODE_CFG", not c.main),
        ("D_SRC_DMA_CFG", 1),
        ("D_PERF_ENABLE", layer.perf | junk(1) << 1),
    ]
    for engine, name, operand in (("BRDMA", "BS", c.bs), ("NRDMA", "BN", c.bn)):
        if operand is None:
            writes.append((f"D_{engine}_CFG", 1 | junk(5) << 1))
            continue
        fields = int(operand.use) << 1 | operand.two_bytes << 3 | operand.per_element << 4 | 1 << 5
        writes += [
            (f"D_{engine}_CFG", fields),
            (f"D_{name}_BASE_ADDR_LOW", operand.address | junk(3)),
            (f"D_{name}_BASE_ADDR_HIGH", junk(32)),
            (f"D_{name}_LINE_STRIDE", operand.line_stride | junk(3)),
            (f"D_{name}_SURFACE_STRIDE", operand.surface_stride | junk(3)),
            (f"D_{name}_BATCH_STRIDE", junk(32)),
        ]
    return [(f"SDP_RDMA.{name}", value) for name, value in writes]


def corner(rng: Random, bits: int) -> int:
    """A signed value of `bits` bits: corner values, small ones, any."""
    top = 1 << (bits - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice([0, 1, -1, top - 1, -top, top - 2, 1 - top, top // 2, -top // 2])
    if kind == 1:
        return rng.randint(-8, 7)
    if kind == 2:
        return (1 << rng.randrange(bits - 1)) * rng.choice([1, -1])
    return rng.randint(-top, top - 1)


def corners(rng: Random, shape: tuple[int, ...], bits: int) -> NDArray[np.int64]:
    """An array of corner values; some arrays are plain random."""
    total = int(np.prod(shape))
    values = np.array([corner(rng, bits) for _ in range(total)], np.int64)
    return values.reshape(shape)


def random_stage(rng: Random) -> StageConfig:
    """Any legal stage; extreme shifts are rarer than useful ones so that results are not all 0."""
    mul_shift = rng.choice([0, rng.randrange(8), rng.randrange(24), rng.randrange(64)])
    return StageConfig(
        bypass=rng.random() < 0.15,
        alu_bypass=rng.random() < 0.3,
        alu_operation=AluOperation(rng.randrange(3)),
        alu_from_memory=rng.random() < 0.5,
        alu_operand=corner(rng, 16),
        alu_shift=rng.choice([0, 0, rng.randrange(20), rng.randrange(64)]),
        mul_bypass=rng.random() < 0.3,
        mul_from_memory=rng.random() < 0.5,
        mul_operand=corner(rng, 16),
        mul_shift=mul_shift,
        prelu=rng.random() < 0.3,
        relu_bypass=rng.random() < 0.6,
    )


def random_layer(
    rng: Random,
    space: Space,
    size: tuple[int, int, int] | None = None,
    stages: tuple[StageConfig, StageConfig] | None = None,
    operand_bytes: int | None = None,
    per_element: bool | None = None,
    **overrides: Any,
) -> Layer:
    """A legal layer, random where it is not told.

    size: (width, height, channels). operand_bytes (1 or 2) and per_element: of all operands from memory.
    overrides: fields of SdpConfig.
    """
    width, height, channels = size or _random_size(rng)
    bs, bn = stages or (random_stage(rng), random_stage(rng))
    shape = surfaces(channels), height, width
    address, layout = space.cube(width, height, channels)
    config = SdpConfig(
        width, height, channels, bs, bn,
        cvt_offset=rng.choice([0, corner(rng, 8), corner(rng, 32)]),
        cvt_scale=rng.choice([1, corner(rng, 16)]),
        cvt_shift=rng.choice([0, rng.randrange(16), rng.randrange(36), rng.randrange(64)]),
        from_cacc=rng.random() < 0.4, to_pdp=rng.random() < 0.3,
        address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride,
    )  # fmt: skip
    config = replace(config, **overrides)
    x = corners(rng, (*shape, ATOM), 32 if config.from_cacc else 8)
    formats = [_OperandFormat.draw(rng, operand_bytes, per_element) for _ in range(2)]
    operands = golden.SdpOperands(formats[0].values(rng, bs, shape), formats[1].values(rng, bn, shape))
    rdma = _random_rdma(space, config, formats) if config.needs_rdma else None
    return Layer(config, rdma, x, operands, perf=rng.random() < 0.8, noise=rng.getrandbits(32))


def _random_size(rng: Random) -> tuple[int, int, int]:
    kind = rng.randrange(6)
    if kind == 0:
        return 1, 1, rng.randint(1, 64)
    if kind == 1:
        return rng.randint(1, 40), rng.randint(1, 2), rng.randint(1, 8)
    if kind == 2:
        return 1, rng.randint(1, 12), rng.randint(1, 24)
    return rng.randint(1, 9), rng.randint(1, 5), rng.randint(1, 40)


@dataclass(frozen=True)
class _OperandFormat:
    """How the operands of one stage lie in memory."""

    size: int  # bytes
    per_element: bool

    @staticmethod
    def draw(rng: Random, size: int | None, per_element: bool | None) -> _OperandFormat:
        size = rng.choice([1, 2]) if size is None else size
        return _OperandFormat(size, rng.random() < 0.5 if per_element is None else per_element)

    def values(self, rng: Random, stage: StageConfig, shape: tuple[int, int, int]) -> golden.StageOperands:
        """Random operands of the kinds the stage takes from memory."""
        use = stage.needs
        if use is None:
            return golden.StageOperands()
        full = (*shape, ATOM) if self.per_element else (shape[0], 1, 1, ATOM)
        bits = 8 * self.size
        alu = corners(rng, full, bits) if use is not OperandUse.MUL else None
        mul = corners(rng, full, bits) if use is not OperandUse.ALU else None
        return golden.StageOperands(alu, mul)

    def config(
        self, space: Space, stage: StageConfig, size: tuple[int, int, int]
    ) -> OperandConfig | None:
        """Engine settings and memory for the operands of a cube of this size; None where the stage needs none."""
        if stage.needs is None:
            return None
        config = OperandConfig(stage.needs, self.size == 2, self.per_element, address=0)
        address, layout = space.cube(*size, pixel_bytes=config.group_bytes)
        return replace(
            config, address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride
        )


def _random_rdma(space: Space, config: SdpConfig, formats: list[_OperandFormat]) -> SdpRdmaConfig:
    size = config.width, config.height, config.channels
    address, layout = space.cube(*size)
    return SdpRdmaConfig(
        *size, not config.from_cacc, address, layout.line_stride, layout.surface_stride,
        bs=formats[0].config(space, config.bs, size),
        bn=formats[1].config(space, config.bn, size),
    )  # fmt: skip
