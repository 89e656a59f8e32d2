"""Layers whose registers are decoded: what they do to memory and CBUF, as often as it is asked for.

Weights and operands are made ready once, and again only when their bytes have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray, CubeLayout, Int8Array
from cocodla.golden import cdma, cdp, pdp, sdp
from cocodla.golden.bounded import Bounded, Chain
from cocodla.golden.cbuf import Cbuf
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig, StageConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, Tables
from cocodla.golden.config_conv import ConvConfig
from cocodla.golden.convolution import Kernels, block_diagonal, sums, unpack
from cocodla.golden.memory import Memory
from cocodla.golden.operands import read_operands, unpack_operands
from cocodla.hw import ATOM, surfaces

BLOCK_ELEMENTS = 1 << 18
"""Elements the convolution hands to SDP at a time: images of a batch go through in blocks that fit the caches."""

CHAIN_ELEMENTS = 1 << 16
"""Elements SDP handles at a time, of these images and their lines: one buffer of float64 that stays in the cache."""

Values = Callable[[slice], Bounded]
"""Input of SDP for a range of images: atoms (images or 1, S, H, W, 8)."""

Counters = Mapping[str, Mapping[str, int]]
"""Status registers by unit: what a layer leaves there."""

NOTHING = np.empty((1, 0), np.uint8)

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


_KERNELS: WeakValueDictionary[tuple[int | bytes, ...], Kernels] = WeakValueDictionary()
"""Weights made ready by form and digest of their stream: the bands of a large layer share them, not each its own."""

EngineOf = Callable[["SdpWork"], OperandConfig | None]
"""The operand engine of SDP_RDMA for one of the stages."""


ONE = slice(0, 1)
NO_ATOMS = np.empty((0, 0, 0, ATOM), np.int8)


@dataclass
class SdpValues:
    """What a layer of SDP has on its way, of one image. Atoms are (S, H, W, 8).

    lines, stream: what is in CBUF, (1, lines, entries, 8) int8 and (1, bytes); lines_fetched, weights_fetched: what of
    it CDMA fetches for the layer. sums: in the accumulators, before their rounding; x: input of SDP, int64; stages:
    behind BS and BN, int64; operands: from memory, for each; y: behind the converter, int8; result: behind PDP, if it
    takes part.
    """

    lines: Int8Array | None = None
    stream: ByteArray | None = None
    lines_fetched: Int8Array | None = None
    weights_fetched: ByteArray | None = None
    sums: NDArray[np.int64] | None = None
    x: NDArray[Any] = field(default_factory=lambda: NO_ATOMS)
    stages: list[NDArray[Any]] = field(default_factory=list)
    operands: list[sdp.StageOperands] = field(default_factory=list)
    y: NDArray[np.int8] = field(default_factory=lambda: NO_ATOMS)
    result: NDArray[np.int8] = field(default_factory=lambda: NO_ATOMS)


@dataclass(eq=False)
class SdpWork:
    """SDP from memory or CACC, to memory or PDP: one pass over the cube.

    parts: where it stands for several layers on neighbouring channels (fusion.py), these, with weights and operands.
    """

    config: SdpConfig
    rdma: SdpRdmaConfig | None
    pool: PdpConfig | None
    convolution: ConvConfig | None
    count_saturated: bool
    parts: tuple[SdpWork, ...] = ()
    _kernels: Remembered[Kernels] = field(default_factory=Remembered, init=False)
    _bs: Remembered[sdp.Stage] = field(default_factory=Remembered, init=False)
    _bn: Remembered[sdp.Stage] = field(default_factory=Remembered, init=False)

    def run(self, memory: Memory, cbuf: Cbuf, counted: bool) -> Counters:
        """See Work."""
        config = self.config
        count, values = self._sums(memory, cbuf, self.convolution) if self.convolution else self._cube(memory)
        stages = [
            self._stage(memory, config.bs, lambda work: work.rdma.bs if work.rdma else None, self._bs),
            self._stage(memory, config.bn, lambda work: work.rdma.bn if work.rdma else None, self._bn),
        ]
        count = max(count, *(array.shape[0] for stage in stages for array in stage.arrays), 1)
        y, counters = self._stream(values, stages, count, counted)
        target = self.pool or config
        memory.write_cube(target.address, target.destination, y)
        return {"SDP": counters}

    def values(self, memory: Memory, cbuf: Cbuf) -> SdpValues:
        """Every value on the way, of one image; memory and cbuf as they are before the layer, and left so."""
        found, operands = SdpValues(), []
        if self.convolution:
            layer = self.convolution

            def fetch_lines() -> Int8Array:
                found.lines_fetched = cdma.fetch(memory, layer.cdma)
                return found.lines_fetched

            def fetch_weights() -> ByteArray:
                found.weights_fetched = self._weights(memory)
                return found.weights_fetched

            found.lines, found.stream = copy(cbuf).provide(layer, fetch_lines, fetch_weights)
            exact = replace(layer.csc, clip_truncate=0)
            found.sums = sums(found.lines, found.stream, exact, self.kernels)(ONE).values[0].astype(np.int64)
            found.x = sums(found.lines, found.stream, layer.csc, self.kernels)(ONE).values[0].astype(np.int64)
        else:
            found.x = self._cube(memory)[1](ONE).values[0].astype(np.int64)
        z = Chain.of(Bounded.of(found.x[None]))
        engines = (self.rdma.bs, self.rdma.bn) if self.rdma else (None, None)
        for stage, engine in zip((self.config.bs, self.config.bn), engines, strict=True):
            shape = self.config.width, self.config.height, self.config.channels
            read = unpack_operands(read_operands(memory, engine, *shape), engine) if engine else sdp.StageOperands()
            operands.append(read)
            sdp.Stage.of(stage, read)(z)
            found.stages.append(z.wide[0])
        found.operands = operands
        found.y = sdp.convert(z, self.config)[0]
        found.result = pdp.process(found.y[None], self.pool)[0] if self.pool else found.y
        return found

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
            lambda: self._weights(memory),
        )
        cbuf.release(layer, lines, stream)
        return max(lines.shape[0], stream.shape[0]), sums(lines, stream, layer.csc, self.kernels)

    def _weights(self, memory: Memory) -> ByteArray:
        """The weight stream, (1 or batch, bytes); of several layers one behind the other."""
        assert self.convolution is not None
        if self.parts:
            return joined([part._weights(memory) for part in self.parts])
        cdma = self.convolution.cdma
        return memory.read_common(cdma.weight_address, cdma.weight_bytes)

    def kernels(self, stream: ByteArray) -> Kernels:
        """Weights of a stream (1, bytes), made ready."""
        assert self.convolution is not None
        csc, groups = self.convolution.csc, max(len(self.parts), 1)

        def make() -> Kernels:
            return Kernels.of(block_diagonal([unpack(part, csc, groups) for part in np.split(stream[0], groups)]))

        def shared() -> Kernels:
            form = (csc.kernels, csc.channels, csc.kernel_height, csc.kernel_width, csc.rows_merged, groups)
            key = (*form, hashlib.blake2b(stream[0]).digest())
            found = _KERNELS.get(key)
            if found is None:
                found = _KERNELS[key] = make()
            return found

        return self._kernels.of(stream, shared)

    def _stage(self, memory: Memory, stage: StageConfig, engine_of: EngineOf, last: Remembered[sdp.Stage]) -> sdp.Stage:
        config, engine = self.config, engine_of(self)

        def made(operands: sdp.StageOperands) -> sdp.Stage:
            return sdp.Stage.of(stage, operands).laid_out(config.width, channels_last=config.from_cacc)

        if engine is None:
            return last.of(NOTHING, lambda: made(sdp.StageOperands()))
        raw = self._operands(memory, engine_of)
        if engine.per_element:
            return made(unpack_operands(raw, engine))
        return last.of(raw, lambda: made(unpack_operands(raw, engine)))

    def _operands(self, memory: Memory, engine_of: EngineOf) -> ByteArray:
        if self.parts:
            return joined([part._operands(memory, engine_of) for part in self.parts])
        engine = engine_of(self)
        assert engine is not None
        return read_operands(memory, engine, self.config.width, self.config.height, self.config.channels)

    def _stream(
        self, values: Values, stages: list[sdp.Stage], count: int, counted: bool
    ) -> tuple[NDArray[np.int8], dict[str, int]]:
        """SDP, and PDP behind it, for `count` different images in blocks: output atoms and SDP's counters."""
        config, pool = self.config, self.pool
        line = surfaces(config.channels) * config.width * ATOM
        block = max(1, BLOCK_ELEMENTS // (line * config.height))
        converter = sdp.Converter.of(config)
        rooms: dict[tuple[int, ...], NDArray[np.float64]] = {}
        parts = []
        saturated, unequal = 0, False
        for first in range(0, count, block):
            images = range(first, min(first + block, count))
            x = values(slice(images.start, images.stop))
            y = np.empty_like(x.values, np.int8, shape=(len(images), *x.values.shape[1:]))
            for some, lines in _pieces(len(images), config.height, line):
                here = y[some, :, lines]
                room = rooms.get(here.shape)
                if room is None:
                    room = rooms[here.shape] = np.empty_like(here, np.float64)
                z = Chain(room, x.bound)
                room[...] = x.values[some if len(x.values) > 1 else ONE, :, lines]
                for stage in stages:
                    stage.part(slice(first + some.start, first + some.stop), lines)(z)
                if counted and self.count_saturated:
                    saturated += int(sdp.count_saturation(z, config))
                converter(z)
                np.copyto(here, room, casting="unsafe")
            unequal = unequal or (counted and bool(y.any()))
            parts.append(pdp.process(y, pool) if pool else y)
        counters = {"D_STATUS": int(unequal and not pool), "D_PERF_OUT_SATURATION": min(saturated, 0xFFFFFFFF)}
        return np.concatenate(parts) if len(parts) > 1 else parts[0], counters


def _pieces(images: int, height: int, line: int) -> Iterator[tuple[slice, slice]]:
    """Ranges of images and lines of `line` elements each that fit CHAIN_ELEMENTS: several images, or lines of one."""
    many = max(1, CHAIN_ELEMENTS // (line * height))
    step = height if many > 1 else max(1, min(height, CHAIN_ELEMENTS // line))
    for first in range(0, images, many):
        for top in range(0, height, step):
            yield slice(first, min(first + many, images)), slice(top, min(top + step, height))


def joined(parts: Sequence[ByteArray]) -> ByteArray:
    """Bytes (1 or batch, count, ...) one behind the other."""
    images = max(len(part) for part in parts)
    return np.concatenate([np.broadcast_to(part, (images, *part.shape[1:])) for part in parts], axis=1)


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
