"""Random legal layers, for tests of golden model and RTL alike.

Every choice comes from the numpy Generator passed in, so a seed repeats a layer. Corner values are
more frequent than a uniform choice would make them.
"""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from cocodla.golden.encode import (
    encode_cdp,
    encode_cdp_rdma,
    encode_convolution,
    encode_pdp,
    encode_pdp_rdma,
    lut_writes,
    merge,
)
from cocodla.hw import MAX_EXTENT
from cocodla.program.commands import WriteRegister
from cocodla.stimulus.convolution import place_convolution, random_convolution
from cocodla.stimulus.cubes import Allocator, Cube, RandomLayer, random_layout, random_source
from cocodla.stimulus.pdp import place_output, random_pdp, random_split
from cocodla.stimulus.sdp import finish_sdp
from cocodla.stimulus.values import extent, longest, random_cdp, random_lut

__all__ = ["KINDS", "Allocator", "Cube", "RandomLayer", "compute", "random_layer"]

KINDS = ("convolution", "image", "convolution_pdp", "image_pdp", "sdp", "sdp_pdp", "pdp", "cdp")


def random_layer(
    rng: Generator, kind: str, memory: Allocator, size: int = 12, source: Cube | None = None
) -> RandomLayer:
    """A legal layer of one of KINDS; `size` bounds widths and heights, kernels and channels follow.

    source: a cube in memory that the layer takes as its input instead of a new one (not for images).
    """
    layer = RandomLayer(kind, {}, depends=source is not None)
    if kind == "pdp":
        _memory_pdp(rng, layer, memory, size, source)
    elif kind == "cdp":
        _cdp(rng, layer, memory, size, source)
    elif kind.startswith("sdp"):
        cube = longest(rng) or (extent(rng, size), extent(rng, size), int(rng.integers(1, 30)))
        if source:
            cube = source[1].width, source[1].height, source[1].channels
        elif max(cube) < MAX_EXTENT and rng.random() < 0.05:
            cube = int(rng.integers(1, 40 * size)), 1, cube[2]
        _behind(rng, layer, memory, cube, source)
    else:
        layer.convolution = random_convolution(rng, kind.startswith("image"), size, source)
        layer.convolution = place_convolution(rng, layer, memory, source)
        compute(rng, layer, memory)
    return layer


def compute(rng: Generator, layer: RandomLayer, memory: Allocator) -> None:
    """Give a placed convolution the units behind it and its register words."""
    assert layer.convolution is not None
    csc = layer.convolution.csc
    _behind(rng, layer, memory, (csc.out_width, csc.out_height, csc.kernels), None)
    layer.words = merge(layer.words, encode_convolution(layer.convolution))


def _behind(
    rng: Generator, layer: RandomLayer, memory: Allocator, cube: tuple[int, int, int], source: Cube | None
) -> None:
    """SDP, and PDP behind it where the kind says so and a window fits."""
    if layer.kind.endswith("_pdp"):
        layer.pdp = random_pdp(rng, *cube, from_sdp=True)
    finish_sdp(rng, layer, memory, cube, layer.pdp is not None, source)


def _memory_pdp(rng: Generator, layer: RandomLayer, memory: Allocator, size: int, source: Cube | None) -> None:
    config = None
    while config is None:
        width = extent(rng, 10 * size if rng.random() < 0.1 else 2 * size)
        cube = longest(rng) or (width, extent(rng, size), int(rng.integers(1, 20)))
        if source:
            cube = source[1].width, source[1].height, source[1].channels
        config = random_pdp(rng, *cube, from_sdp=False)
    if rng.random() < 0.4:
        config = random_split(rng, config)
    address, layout = source or random_source(rng, layer, memory, config.width, config.height, config.channels, True)
    layer.source = (address, layout)
    layer.pdp = config = place_output(rng, layer, memory, config)
    layer.words = merge(encode_pdp(config), encode_pdp_rdma(config, address, layout.line_stride, layout.surface_stride))


def _cdp(rng: Generator, layer: RandomLayer, memory: Allocator, size: int, source: Cube | None) -> None:
    cube = longest(rng) or (extent(rng, size), extent(rng, max(1, size // 3)), int(rng.integers(1, 40)))
    address, layout = source or random_source(rng, layer, memory, *cube, True)
    layer.source = (address, layout)
    layer.layout = random_layout(rng, layout.width, layout.height, layout.channels)
    layer.address = memory.take(layer.layout.size)
    layer.cdp = replace(
        random_cdp(rng),
        address=layer.address,
        line_stride=layer.layout.line_stride,
        surface_stride=layer.layout.surface_stride,
    )
    layer.lut, layer.tables = random_lut(rng, layer.cdp)
    layer.setup = [WriteRegister(*write) for write in lut_writes(layer.lut, layer.tables)]
    layer.words = merge(encode_cdp(layer.cdp), encode_cdp_rdma(address, layout))
