"""Layers whose registers are decoded: what they do to memory and CBUF, as often as it is asked for.

Weights and operands are made ready once, and again only when their bytes have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray, CubeLayout
from cocodla.golden import cdma, cdp, pdp, sdp
from cocodla.golden.bounded import Bounded
from cocodla.golden.cbuf import Cbuf
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig, StageConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, Tables
from cocodla.golden.config_conv import ConvConfig
from cocodla.golden.convolution import Kernels, sums
from cocodla.golden.memory import Memory
from cocodla.golden.operands import read_operands, unpack
from cocodla.hw import ATOM, surfaces

BLOCK_ELEMENTS = 1 << 16
"""Elements SDP handles at a time: images of a batch, and their lines, go through in blocks that fit the caches."""

Values = Callable[[slice], Bounded]
"""Input of SDP for a range of images: atoms (images or 1, S, H, W, 8)."""

Counters = Mapping[str, Mapping[str, int]]
"""Status registers by unit: what a layer leaves there."""

T = TypeVar("T")


class Work(Protocol):
    """A layer to be computed."""

    def run(self, memory: Memory, cbuf: Cbuf, counted: bool) -> Counters:
        """Compute it; the counters (none unless `counted`) are those of one image, with more they have no meaning."""


class Remembered(Generic[T]):
    """What was made of some bytes last time."""

    def __init__(self) -> None:
        self._last: tuple[ByteArray, T] | None = None

    def of(self, data: ByteArray, make: Callable[[], T]) -> T:
        """The value `make` gives, which depends on `data` only."""
        last = self._last
        if last is not None and np.array_equal(last[0], data):
            return last[1]
        value = make()
        self._last = data.copy(), value
        return value


@dataclass(eq=False)
class SdpWork:
    """SDP from memory or CACC, to memory or PDP: one pass over the cube."""

    config: SdpConfig
    rdma: SdpRdmaConfig | None
    pool: PdpConfig | None
    convolution: ConvConfig | None
    count_saturated: bool
    _kernels: Remembered[Kernels] = field(default_factory=Remembered)
    _stages: dict[str, Remembered[sdp.Stage]] = field(default_factory=lambda: {"BS": Remembered(), "BN": Remembered()})

    def run(self, memory: Memory, cbuf: Cbuf, counted: bool) -> Counters:
        """See Work."""
        config, rdma = self.config, self.rdma
        count, values = self._sums(memory, cbuf, self.convolution) if self.convolution else self._cube(memory)
        stages = [
            self._stage(memory, "BS", config.bs, rdma.bs if rdma else None),
            self._stage(memory, "BN", config.bn, rdma.bn if rdma else None),
        ]
        count = max(count, *(array.shape[0] for stage in stages for array in stage.arrays), 1)
        y, counters = self._stream(values, stages, count, counted)
        target = self.pool or config
        memory.write_cube(target.address, target.destination, y)
        return {"SDP": counters}

    def _cube(self, memory: Memory) -> tuple[int, Values]:
        """Number of different images, and what the main reader of SDP_RDMA delivers."""
        assert self.rdma is not None
        cube = memory.read_cube(self.rdma.address, self.rdma.source)
        return cube.shape[0], lambda images: Bounded(cube if cube.shape[0] == 1 else cube[images], 128)

    def _sums(self, memory: Memory, cbuf: Cbuf, layer: ConvConfig) -> tuple[int, Values]:
        """Number of different images, and what CACC sends."""
        config = layer.cdma
        lines, stream = cbuf.provide(
            layer,
            lambda: cdma.fetch(memory, config),
            lambda: memory.read_common(config.weight_address, config.weight_bytes),
        )
        cbuf.release(layer, lines, stream)
        values = sums(lines, stream, layer.csc, self._kernels.of)
        return max(lines.shape[0], stream.shape[0]), values

    def _stage(self, memory: Memory, name: str, stage: StageConfig, engine: OperandConfig | None) -> sdp.Stage:
        config = self.config

        def make(raw: ByteArray | None) -> sdp.Stage:
            operands = sdp.StageOperands() if raw is None or engine is None else unpack(raw, engine)
            return sdp.Stage.of(stage, operands).laid_out(config.width, channels_last=config.from_cacc)

        if engine is None:
            return self._stages[name].of(np.empty((1, 0), np.uint8), lambda: make(None))
        raw = read_operands(memory, engine, config.width, config.height, config.channels)
        return make(raw) if engine.per_element else self._stages[name].of(raw, lambda: make(raw))

    def _stream(
        self, values: Values, stages: list[sdp.Stage], count: int, counted: bool
    ) -> tuple[NDArray[np.int8], dict[str, int]]:
        """SDP, and PDP behind it, for `count` different images in blocks: output atoms and SDP's counters."""
        config, pool = self.config, self.pool
        line = surfaces(config.channels) * config.width * ATOM
        block, step = max(1, BLOCK_ELEMENTS // (line * config.height)), max(1, BLOCK_ELEMENTS // line)
        parts = []
        saturated, unequal = 0, False
        for first in range(0, count, block):
            images = slice(first, min(first + block, count))
            x, done = values(images), []
            for top in range(0, config.height, step):
                lines = slice(top, top + step)
                z = Bounded(x.values[:, :, lines], x.bound)
                for stage in stages:
                    z = stage.part(images, lines)(z)
                done.append(sdp.convert(z, config))
                if counted and self.count_saturated:
                    saturated += int(sdp.count_saturation(z, config))
            y = np.concatenate(done, axis=2) if len(done) > 1 else done[0]
            unequal = unequal or (counted and bool(y.any()))
            parts.append(pdp.process(y, pool) if pool else y)
        counters = {"D_STATUS": int(unequal and not pool), "D_PERF_OUT_SATURATION": min(saturated, 0xFFFFFFFF)}
        return np.concatenate(parts) if len(parts) > 1 else parts[0], counters


@dataclass(eq=False)
class PdpWork:
    """PDP from memory to memory."""

    config: PdpConfig
    address: int
    layout: CubeLayout

    def run(self, memory: Memory, cbuf: Cbuf, counted: bool) -> Counters:
        """See Work."""
        y = pdp.process(memory.read_cube(self.address, self.layout), self.config)
        memory.write_cube(self.config.address, self.config.destination, y)
        return {}


@dataclass(eq=False)
class CdpWork:
    """CDP, always from memory to memory. tables: as they are when it runs."""

    config: CdpConfig
    lut: LutConfig
    tables: Tables
    address: int
    layout: CubeLayout
    _alone: list[cdp.Alone] = field(default_factory=list)

    def run(self, memory: Memory, cbuf: Cbuf, counted: bool) -> Counters:
        """See Work."""
        x = memory.read_cube(self.address, self.layout)
        if self.config.square_bypass:
            if not self._alone:
                self._alone.append(cdp.Alone.of(self.config, self.lut, self.tables))
            y = self._alone[0].process(x, self.layout.channels)
            statistics = self._alone[0].statistics(x, self.layout.channels) if counted else None
        else:
            y, statistics = cdp.process(x, self.layout.channels, self.config, self.lut, self.tables)
        memory.write_cube(self.config.address, self.config.destination(self.layout), y)
        return {"CDP": statistics.counters} if statistics else {}


class IdleRdmaWork:
    """SDP_RDMA enabled with nothing to read: it only flips its CONSUMER."""

    def run(self, memory: Memory, cbuf: Cbuf, counted: bool) -> Counters:
        """See Work."""
        return {}
