"""Random interleavings: a few layers in little memory, enabled unit by unit in any order, with waits between.

All groups are programmed before the first is enabled, so layers wait behind others that are not enabled yet, and most
cases use memory that others use as well. Some are races, some are not; which is for the tests to find out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.random import Generator

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
from cocodla.golden.config_cdp import CdpConfig, LutConfig, TableConfig, Tables
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.encode import (
    Words,
    encode_cdp,
    encode_cdp_rdma,
    encode_convolution,
    encode_pdp,
    encode_pdp_rdma,
    encode_sdp,
    encode_sdp_rdma,
    lut_writes,
    merge,
    register_writes,
)
from cocodla.hw import align, surfaces
from cocodla.program.commands import CheckMemory, Command, LoadMemory, PollRegister, WaitInterrupt, WriteRegister
from cocodla.registers import MAP
from cocodla.stimulus.sequencer import DONE_BITS, ENABLE_ORDER, Sequencer

KINDS = ("sdp", "sdp_pdp", "pdp", "cdp", "convolution", "convolution_pdp")

ARENA = 0x1800
"""Bytes of memory of a case: layers use up to 1 KiB each."""


@dataclass
class Part:
    """A layer with the group it uses of each unit."""

    words: Words
    groups: dict[str, int]
    enabled: set[str] = field(default_factory=set)
    waited: bool = False

    @property
    def writer(self) -> str:
        return next(unit for unit in ("PDP", "SDP", "CDP") if unit in self.groups)

    @property
    def final_bit(self) -> int:
        return 1 << DONE_BITS[self.writer][0] + self.groups[self.writer]


def random_case(rng: Generator, base: int) -> list[Command]:
    """Commands of one case in ARENA bytes at `base`; all units idle, with their pointers at group 0, before and after.

    Behind the last check every layer runs once more, alone.
    """
    parts = _parts(rng, base)
    commands: list[Command] = [LoadMemory(base, rng.bytes(ARENA)), *_tables(rng)]
    for part in parts:
        commands += _program(part.words, part.groups)
    commands += _interleave(rng, parts, base)
    left = sum(part.final_bit for part in parts if not part.waited)
    commands += [WaitInterrupt(left)] if left else []
    commands += [CheckMemory(base, ARENA, f"memory at {base:#x}"), *_again(parts)]
    return commands


def _parts(rng: Generator, base: int) -> list[Part]:
    """2 to 4 layers that use no unit more than twice, in the order in which each unit has them."""
    used: Counter[str] = Counter()
    parts: list[Part] = []
    count = int(rng.integers(2, 5))
    while len(parts) < count:
        words = _Maker(rng, base).layer(str(rng.choice(KINDS)))
        if all(used[unit] < 2 for unit in words):
            parts.append(Part(words, {unit: used[unit] for unit in words}))
            used.update(words.keys())
        elif rng.random() < 0.1:
            break
    return parts


class _Maker:
    """Makes one layer, whose own regions do not overlap each other."""

    def __init__(self, rng: Generator, base: int) -> None:
        self.rng = rng
        self.base = base
        self.taken: list[tuple[int, int]] = []

    def take(self, size: int) -> int:
        while True:
            address = self.base + 8 * int(self.rng.integers((ARENA - align(size)) // 8 + 1))
            if all(address + size <= first or last <= address for first, last in self.taken):
                self.taken.append((address, address + size))
                return address

    def cube(self, layout: CubeLayout) -> dict[str, Any]:
        """Address and strides of a new cube, as configurations have them."""
        strides = {"line_stride": layout.line_stride, "surface_stride": layout.surface_stride}
        return {"address": self.take(layout.size), **strides}

    def layer(self, kind: str) -> Words:
        """Registers of a layer of a kind: it changes its data a little, so that each byte of the input is seen."""
        rng = self.rng
        width, height = (int(rng.integers(1, 7)) for _ in range(2))
        layout = CubeLayout.packed(width, height, int(rng.integers(1, 25)))
        if kind == "cdp":
            source, config = self.cube(layout), CdpConfig(square_bypass=True, multiply_bypass=True, out_shift=8)
            words = encode_cdp_rdma(source["address"], layout)
            return merge(encode_cdp(replace(config, **self.cube(layout))), words)
        if kind == "pdp":
            source, pool = self.cube(layout), self._pool(layout, from_sdp=False)
            return merge(encode_pdp(pool), encode_pdp_rdma(pool, **source))
        return self._behind_sdp(layout, kind.startswith("convolution"), kind.endswith("pdp"))

    def _pool(self, layout: CubeLayout, from_sdp: bool) -> PdpConfig:
        return PdpConfig(
            width=layout.width, height=layout.height, channels=layout.channels, out_width=layout.width,
            out_height=layout.height, method=Pooling.MAX, kernel_width=1, kernel_height=1, stride_width=1,
            stride_height=1, from_sdp=from_sdp, **self.cube(layout),
        )  # fmt: skip

    def _behind_sdp(self, layout: CubeLayout, from_cacc: bool, to_pdp: bool) -> Words:
        size: dict[str, Any] = {"width": layout.width, "height": layout.height, "channels": layout.channels}
        operands = self.rng.random() < 0.4
        engine = self._operands(layout) if operands else None
        stage = StageConfig(
            bypass=False, alu_bypass=False, alu_operation=AluOperation.SUM, alu_from_memory=operands, alu_operand=3
        )
        sdp = SdpConfig(**size, bs=stage, from_cacc=from_cacc, to_pdp=to_pdp, cvt_shift=7 if from_cacc else 1)
        words: Words = {}
        if not from_cacc or operands:
            source = {"address": 0, "line_stride": 0, "surface_stride": 0} if from_cacc else self.cube(layout)
            words = encode_sdp_rdma(SdpRdmaConfig(**size, main=not from_cacc, bs=engine, bn=None, **source))
        if from_cacc:
            words = merge(words, self._convolution(layout))
        if to_pdp:
            return merge(words, encode_sdp(sdp), encode_pdp(self._pool(layout, from_sdp=True)))
        return merge(words, encode_sdp(replace(sdp, **self.cube(layout))))

    def _operands(self, layout: CubeLayout) -> OperandConfig:
        engine = OperandConfig(OperandUse.ALU, two_bytes=False, per_element=self.rng.random() < 0.5, address=0)
        if not engine.per_element:
            return replace(engine, address=self.take(8 * layout.surfaces))
        return replace(engine, **self.cube(layout))

    def _convolution(self, layout: CubeLayout) -> Words:
        """A 1x1 convolution that gives the cube."""
        rng = self.rng
        source = CubeLayout.packed(layout.width, layout.height, int(rng.integers(1, 25)))
        weight_bytes = align(source.channels * layout.channels)
        shared: dict[str, Any] = {
            "width": source.width, "height": source.height, "channels": source.channels, "kernels": layout.channels,
            "entries": source.width * surfaces(source.channels), "weight_bytes": weight_bytes,
            "data_banks": int(rng.integers(1, 3)), "weight_banks": int(rng.integers(1, 3)),
        }  # fmt: skip
        cdma = CdmaConfig(
            **shared, **self.cube(source), kernel_bytes=source.channels, weight_address=self.take(weight_bytes)
        )
        csc = CscConfig(
            **shared, kernel_width=1, kernel_height=1, out_width=source.width, out_height=source.height,
            release_lines=source.height,
        )  # fmt: skip
        return encode_convolution(ConvConfig(cdma, csc))


def _tables(rng: Generator) -> list[Command]:
    """Tables of CDP with which each value of the input gives a value of its own, most likely."""
    lut = LutConfig(lo=TableConfig(start=-128, end=128), underflow_lo=True, overflow_lo=True, hybrid_lo=True)
    tables = Tables(rng.integers(-(1 << 15), 1 << 15, 65), rng.integers(-(1 << 15), 1 << 15, 257))
    return [WriteRegister(*write) for write in lut_writes(lut, tables)]


def _program(words: Words, groups: dict[str, int]) -> Iterator[Command]:
    for unit, part in words.items():
        yield WriteRegister(MAP[f"{unit}.S_POINTER"].address, groups[unit])
        yield from (WriteRegister(address, value) for address, value in register_writes({unit: part}))


def _interleave(rng: Generator, parts: list[Part], base: int) -> Iterator[Command]:
    """Enables of all units, those of a layer in a legal order, with waits and accesses of the host between them."""
    queues = {number: [unit for unit in ENABLE_ORDER if unit in part.groups] for number, part in enumerate(parts)}
    mixed, current = rng.random() < 0.4, -1
    while queues:
        if mixed or current not in queues:
            current = int(rng.choice(list(queues)))
        unit, part = queues[current].pop(0), parts[current]
        if not queues[current]:
            del queues[current]
        yield WriteRegister(MAP[f"{unit}.S_POINTER"].address, part.groups[unit])
        yield WriteRegister(MAP[f"{unit}.D_OP_ENABLE"].address, 1)
        part.enabled.add(unit)
        while rng.random() < 0.35:
            yield from _wait(rng, parts, base)


def _wait(rng: Generator, parts: list[Part], base: int) -> Iterator[Command]:
    """A wait for a layer that can end, or an access to a few bytes of memory."""
    ready = [part for number, part in enumerate(parts) if not part.waited and _can_end(parts, number)]
    choice = rng.random()
    if choice < 0.1:
        yield CheckMemory(base + 8 * int(rng.integers(ARENA // 8 - 8)), 64, "early")
    elif choice < 0.2:
        yield LoadMemory(base + 8 * int(rng.integers(ARENA // 8 - 8)), rng.bytes(64))
    elif ready:
        part = ready[int(rng.integers(len(ready)))]
        if choice < 0.3:
            status = MAP[f"{part.writer}.S_STATUS"].address
            yield PollRegister(status, 3 << 16 * part.groups[part.writer], 0)
        else:
            part.waited = True
            yield WaitInterrupt(part.final_bit)


def _can_end(parts: list[Part], number: int) -> bool:
    """Whether a layer, and all that are ahead of it in its units, are enabled."""
    part = parts[number]
    ahead = (i for i in range(number) if parts[i].groups.keys() & part.groups.keys())
    return part.enabled == part.groups.keys() and all(_can_end(parts, i) for i in ahead)


def _again(parts: list[Part]) -> Iterator[Command]:
    """Every layer once more, alone and waited for: so each unit has run an even number of times."""
    yield WriteRegister(MAP["GLB.S_INTR_STATUS"].address, 0x3F_03FF)
    sequencer = Sequencer()
    for unit, count in Counter(unit for part in parts for unit in part.groups).items():
        sequencer.group[unit] = count % 2
        sequencer.layers[unit] = 2  # so that it is idle before it is programmed
    for part in parts:
        yield from sequencer.run(part.words)
