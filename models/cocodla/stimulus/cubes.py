"""Where random layers lie in memory: allocation, layouts with gaps, and the layer record itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from numpy.random import Generator

from cocodla.formats.feature import CubeLayout
from cocodla.golden.config import PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, Tables
from cocodla.golden.config_conv import ConvConfig
from cocodla.golden.encode import Words
from cocodla.hw import ATOM, align
from cocodla.program.commands import LoadMemory, WriteRegister
from cocodla.stimulus.values import random_bytes

Cube = tuple[int, CubeLayout]
"""Address and layout of a feature cube."""


@dataclass
class Allocator:
    """Hands out memory upwards, with gaps, aligned to 8 bytes only."""

    rng: Generator
    next: int = 0x1000

    def take(self, size: int) -> int:
        address = self.next + 8 * int(self.rng.integers(4))
        self.next = align(address + size)
        return address


@dataclass
class RandomLayer:
    """A layer with its data. Its output cube is `layout` at `address`; nothing else may be written."""

    kind: str
    words: Words
    loads: list[LoadMemory] = field(default_factory=list)
    address: int = 0
    layout: CubeLayout = field(default_factory=lambda: CubeLayout.packed(1, 1, 1))
    convolution: ConvConfig | None = None
    sdp: SdpConfig | None = None
    rdma: SdpRdmaConfig | None = None
    pdp: PdpConfig | None = None
    cdp: CdpConfig | None = None
    lut: LutConfig | None = None
    tables: Tables | None = None
    source: Cube | None = None
    """Input cube of PDP or CDP from memory."""
    depends: bool = False
    """It reads what the layer before it writes."""
    setup: list[WriteRegister] = field(default_factory=list)
    """Register writes that need the unit idle, before the layer: tables of CDP."""


def random_source(
    rng: Generator, layer: RandomLayer, memory: Allocator, width: int, height: int, channels: int, gaps: bool
) -> Cube:
    """An input cube with random content and, if allowed, gaps between lines and surfaces."""
    layout = random_layout(rng, width, height, channels, gaps)
    address = memory.take(layout.size)
    layer.loads.append(LoadMemory(address, random_bytes(rng, layout.size)))
    return address, layout


def random_layout(rng: Generator, width: int, height: int, channels: int, gaps: bool = True) -> CubeLayout:
    """A cube packed or with gaps behind its lines and surfaces."""
    line = ATOM * width + (8 * int(rng.integers(1, 4)) if gaps and rng.random() < 0.4 else 0)
    surface = line * height + (8 * int(rng.integers(1, 6)) if gaps and rng.random() < 0.4 else 0)
    return CubeLayout(width, height, channels, line, surface)
