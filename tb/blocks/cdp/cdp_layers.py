"""Layers of the CDP bench: what they are, their registers, their data, what they must give.

A Layer holds true values (golden configurations); `Layer.expected` computes the result with the golden model.
`random_layer` and `random_lut` draw from everything nv_small can do legally.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import CubeLayout
from cocodla.golden import cdp as golden
from cocodla.golden.config_cdp import LE_ENTRIES, LO_ENTRIES, CdpConfig, LutConfig, TableConfig, Tables
from cocodla.hw import ATOM
from cocotbext.dla import Cube
from postlib import Space

Writes = list[tuple[str, int]]  # (register path, word)


@dataclass
class Layer:
    """One CDP layer. x: (S, H, W, 8) int8, padding lanes included. noise: seed of fields without effect."""

    config: CdpConfig
    source: CubeLayout
    address: int
    x: NDArray[np.int8]
    lut: LutConfig
    tables: Tables
    perf: bool = True
    noise: int = 0

    def expected(self) -> tuple[NDArray[np.int8], golden.LutStatistics]:
        """Result atoms (S, H, W, 8) and the look-up statistics."""
        return golden.process(self.x, self.source.channels, self.config, self.lut, self.tables)

    def expected_writes(self) -> list[tuple[int, bytes, bool]]:
        """(byte address, atom, last) in the order the unit writes them: line, column, surface."""
        atoms = np.moveaxis(self.expected()[0], 0, 2).reshape(-1, ATOM).view(np.uint8)
        places = list(self._addresses(self.config.address, self.config.destination(self.source)))
        end = len(places) - 1
        return [(place, atom.tobytes(), i == end) for i, (place, atom) in enumerate(zip(places, atoms, strict=True))]

    def output_cube(self) -> Cube:
        """Where the output goes."""
        to = self.config.destination(self.source)
        return Cube(to.width, to.height, to.surfaces, self.config.address, to.line_stride, to.surface_stride)

    def input_memory(self) -> list[tuple[int, bytes]]:
        """(byte address, atom) of the input cube."""
        atoms = np.moveaxis(self.x, 0, 2).reshape(-1, ATOM).view(np.uint8)
        places = self._addresses(self.address, self.source)
        return [(place, atom.tobytes()) for place, atom in zip(places, atoms, strict=True)]

    def _addresses(self, base: int, layout: CubeLayout) -> Iterator[int]:
        for y in range(layout.height):
            for x in range(layout.width):
                for s in range(layout.surfaces):
                    yield (base + s * layout.surface_stride + y * layout.line_stride + x * ATOM) & 0xFFFFFFFF


def layer_registers(layer: Layer) -> Writes:
    """D_ registers of both units, OP_ENABLE excepted. Fields without effect get random values."""
    c, source, rng = layer.config, layer.source, Random(layer.noise)
    junk = rng.getrandbits
    cdp = [
        ("D_FUNC_BYPASS", c.square_bypass | c.multiply_bypass << 1),
        ("D_DST_BASE_ADDR_LOW", c.address | junk(3)),
        ("D_DST_BASE_ADDR_HIGH", junk(32)),
        ("D_DST_LINE_STRIDE", c.line_stride | junk(3)),
        ("D_DST_SURFACE_STRIDE", c.surface_stride | junk(3)),
        ("D_DST_DMA_CFG", 1),
        ("D_DATA_FORMAT", junk(2)),
        ("D_NAN_FLUSH_TO_ZERO", junk(1)),
        ("D_LRN_CFG", c.reach - 1),
        ("D_DATIN_OFFSET", c.in_offset & 0xFF | junk(8) << 8),
        ("D_DATIN_SCALE", c.in_scale & 0xFFFF),
        ("D_DATIN_SHIFTER", c.in_shift),
        ("D_DATOUT_OFFSET", c.out_offset & 0x1FFFFFF | junk(7) << 25),
        ("D_DATOUT_SCALE", c.out_scale & 0xFFFF),
        ("D_DATOUT_SHIFTER", c.out_shift),
        ("D_PERF_ENABLE", layer.perf | junk(1) << 1),
        ("D_CYA", junk(32)),
    ]
    rdma = [
        ("D_DATA_CUBE_WIDTH", source.width - 1),
        ("D_DATA_CUBE_HEIGHT", source.height - 1),
        ("D_DATA_CUBE_CHANNEL", source.channels - 1),
        ("D_SRC_BASE_ADDR_LOW", layer.address | junk(3)),
        ("D_SRC_BASE_ADDR_HIGH", junk(32)),
        ("D_SRC_LINE_STRIDE", source.line_stride | junk(3)),
        ("D_SRC_SURFACE_STRIDE", source.surface_stride | junk(3)),
        ("D_SRC_DMA_CFG", 1),
        ("D_DATA_FORMAT", junk(2)),
        ("D_PERF_ENABLE", layer.perf),
    ]
    return [(f"CDP.{name}", value) for name, value in cdp] + [(f"CDP_RDMA.{name}", value) for name, value in rdma]


def lut_registers(lut: LutConfig, rng: Random) -> Writes:
    """S_ registers of the look-up without tables. INDEX_SELECT has 6 bits that count (cdp.md 4), others are random."""
    le, lo = (table.select & 0x3F | rng.getrandbits(2) << 6 for table in (lut.le, lut.lo))
    writes = [
        (
            "S_LUT_CFG",
            (not lut.exponential) | lut.underflow_lo << 4 | lut.overflow_lo << 5 | lut.hybrid_lo << 6,
        ),
        ("S_LUT_INFO", lut.offset & 0xFF | le << 8 | lo << 16),
    ]
    for name, table in (("LE", lut.le), ("LO", lut.lo)):
        for which, value in (("START", table.start), ("END", table.end)):
            writes.append((f"S_LUT_{name}_{which}_LOW", value & 0xFFFFFFFF))
            writes.append((f"S_LUT_{name}_{which}_HIGH", value >> 32 & 0x3F))
        scales = table.underflow_scale & 0xFFFF | (table.overflow_scale & 0xFFFF) << 16
        shifts = table.underflow_shift & 0x1F | (table.overflow_shift & 0x1F) << 5
        writes += [(f"S_LUT_{name}_SLOPE_SCALE", scales), (f"S_LUT_{name}_SLOPE_SHIFT", shifts)]
    return [(f"CDP.{name}", value) for name, value in writes]


def table_writes(tables: Tables) -> Writes:
    """Load of both tables through the access registers."""
    writes: Writes = []
    for number, entries in enumerate((tables.le, tables.lo)):
        writes.append(("CDP.S_LUT_ACCESS_CFG", 1 << 17 | number << 16))
        writes += [("CDP.S_LUT_ACCESS_DATA", int(entry) & 0xFFFF) for entry in entries]
    return writes


def corner(rng: Random, bits: int) -> int:
    """A signed value of `bits` bits: corner values, powers of two, small ones, any."""
    top = 1 << (bits - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice([0, 1, -1, top - 1, -top, top // 2, -top // 2])
    if kind == 1:
        return rng.randint(-8, 7)
    if kind == 2:
        return (1 << rng.randrange(bits - 1)) * rng.choice([1, -1])
    return rng.randint(-top, top - 1)


def random_tables(rng: Random) -> Tables:
    """Any table contents: corner values, or smooth ones."""
    if rng.random() < 0.3:
        steps = [np.cumsum([rng.randint(-200, 200) for _ in range(n)]) for n in (LE_ENTRIES, LO_ENTRIES)]
        return Tables(*(np.clip(entries, -32768, 32767).astype(np.int64) for entries in steps))
    return Tables(*(np.array([corner(rng, 16) for _ in range(n)], np.int64) for n in (LE_ENTRIES, LO_ENTRIES)))


def random_lut(rng: Random) -> LutConfig:
    """Any legal look-up settings; intervals that the data reach are the rule."""
    exponential = rng.random() < 0.5
    return LutConfig(
        le=_random_table(rng, 64), lo=_random_table(rng, 256), exponential=exponential,
        offset=rng.choice([0, rng.randint(-8, 8), rng.randint(-64, 21)]),
        underflow_lo=rng.random() < 0.5, overflow_lo=rng.random() < 0.5, hybrid_lo=rng.random() < 0.5,
    )  # fmt: skip


def _random_table(rng: Random, entries: int) -> TableConfig:
    start = rng.choice([0, rng.randint(-300, 300), rng.randint(0, 200_000), corner(rng, 23), corner(rng, 38)])
    select = rng.choice([rng.randint(-3, 12), rng.randint(-31, 31)])
    covered = int(entries * 2.0**select)
    end = rng.choice([start + covered, start + covered, corner(rng, 23), corner(rng, 38)])
    shifts = [rng.choice([0, rng.randint(-16, 15), rng.randint(0, 15)]) for _ in range(2)]
    return TableConfig(
        start=start, end=max(-(1 << 37), min((1 << 37) - 1, end)), select=select,
        underflow_scale=rng.choice([0, corner(rng, 4), corner(rng, 16)]), underflow_shift=shifts[0],
        overflow_scale=rng.choice([0, corner(rng, 4), corner(rng, 16)]), overflow_shift=shifts[1],
    )  # fmt: skip


def random_layer(
    rng: Random,
    space: Space,
    lut: LutConfig,
    tables: Tables,
    size: tuple[int, int, int] | None = None,
    **overrides: Any,
) -> Layer:
    """A legal layer. size: (width, height, channels); overrides: fields of CdpConfig."""
    width, height, channels = size or _random_size(rng)
    address, source = space.cube(width, height, channels)
    target, layout = space.cube(width, height, channels)
    in_scale, in_shift = rng.choice([(1, 0), (corner(rng, 16), rng.randrange(32)), (rng.randint(1, 300), 8)])
    config = CdpConfig(
        reach=rng.randint(1, 4), square_bypass=rng.random() < 0.3, multiply_bypass=rng.random() < 0.3,
        in_offset=rng.choice([0, corner(rng, 8)]), in_scale=in_scale, in_shift=in_shift,
        out_offset=rng.choice([0, corner(rng, 8), corner(rng, 25)]), out_scale=rng.choice([1, corner(rng, 16)]),
        out_shift=rng.choice([rng.randrange(24), rng.randrange(64)]),
        address=target, line_stride=layout.line_stride, surface_stride=layout.surface_stride,
    )  # fmt: skip
    shape = source.surfaces, height, width, ATOM
    values = [corner(rng, 8) for _ in range(int(np.prod(shape)))]
    x = np.array(values, np.int64).reshape(shape).astype(np.int8)
    return Layer(replace(config, **overrides), source, address, x, lut, tables, rng.random() < 0.8, rng.getrandbits(32))


def _random_size(rng: Random) -> tuple[int, int, int]:
    if rng.random() < 0.2:
        return rng.randint(1, 4), 1, rng.randint(1, 90)
    return rng.randint(1, 12), rng.randint(1, 4), rng.randint(1, 40)
