"""Random numbers with likely corners, and random CDP configurations, for layers."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from cocodla.golden.config_cdp import LE_ENTRIES, LO_ENTRIES, CdpConfig, LutConfig, TableConfig, Tables
from cocodla.hw import MAX_EXTENT


def random_bytes(rng: Generator, size: int) -> bytes:
    """Bytes: uniform, small, or only corner values."""
    style = rng.integers(4)
    if style == 0:
        return rng.choice(np.array([0, 1, 127, 128, 129, 255], np.uint8), size).tobytes()
    if style == 1:
        return rng.integers(-8, 9, size).astype(np.int8).tobytes()
    return rng.bytes(size)


def extent(rng: Generator, limit: int) -> int:
    """A width or height; 1 is frequent, because it has special cases."""
    return 1 if rng.random() < 0.15 else int(rng.integers(1, limit + 1))


def longest(rng: Generator) -> tuple[int, int, int] | None:
    """Now and then a cube of which one size is the largest: (width, height, channels)."""
    if rng.random() >= 0.015:
        return None
    cubes = [(MAX_EXTENT, 1, 8), (1, MAX_EXTENT, 8), (1, 1, MAX_EXTENT)]
    return cubes[int(rng.integers(len(cubes)))]


def value(rng: Generator, bits: int) -> int:
    """A signed number of `bits` bits; all magnitudes and the corners are likely."""
    if rng.random() < 0.15:
        top = 1 << (bits - 1)
        return int(rng.choice([0, 1, -1, top - 1, -top]))
    magnitude = int(rng.integers(1, bits))
    return int(rng.integers(-(1 << magnitude), 1 << magnitude))


def random_cdp(rng: Generator) -> CdpConfig:
    """Window, bypasses and converters; half of them leave the input as it is."""
    plain = rng.random() < 0.5
    return CdpConfig(
        reach=int(rng.integers(1, 5)),
        square_bypass=rng.random() < 0.25,
        multiply_bypass=rng.random() < 0.25,
        in_offset=0 if plain else value(rng, 8),
        in_scale=1 if plain else value(rng, 16),
        in_shift=0 if plain else int(rng.integers(0, 32)),
        out_offset=value(rng, 25),
        out_scale=value(rng, 16),
        out_shift=int(rng.integers(0, 30)) if rng.random() < 0.9 else int(rng.integers(64)),
    )


def random_lut(rng: Generator, config: CdpConfig) -> tuple[LutConfig, Tables]:
    """Tables of random content; intervals near the values that occur, so that all outcomes do."""
    reach = 256 if config.square_bypass else (2 * config.reach + 1) * 16384

    def table(last: int) -> TableConfig:
        wide = rng.random() < 0.15
        start = value(rng, 38) if wide else int(rng.integers(-reach // 4, reach // 2))
        fitting = max(0, (max(reach // last, 1)).bit_length() + int(rng.integers(-3, 2)))
        return TableConfig(
            start=start,
            end=value(rng, 38) if wide else start + int(rng.integers(1, reach)),
            select=int(rng.integers(-31, 32)) if rng.random() < 0.2 else fitting,
            underflow_scale=value(rng, 16),
            underflow_shift=int(rng.integers(-16, 16)),
            overflow_scale=value(rng, 16),
            overflow_shift=int(rng.integers(-16, 16)),
        )

    lut = LutConfig(
        le=table(LE_ENTRIES - 1),
        lo=table(LO_ENTRIES - 1),
        exponential=rng.random() < 0.5,
        offset=int(rng.integers(-64, 22)) if rng.random() < 0.3 else int(rng.integers(-8, 12)),
        underflow_lo=rng.random() < 0.5,
        overflow_lo=rng.random() < 0.5,
        hybrid_lo=rng.random() < 0.5,
    )
    le, lo = (rng.integers(-(1 << 15), 1 << 15, entries) for entries in (LE_ENTRIES, LO_ENTRIES))
    return lut, Tables(le, lo)
