"""Random convolutions that follow each other and use what CBUF kept: input, lines of it, weights (cdma.md 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.random import Generator

from cocodla.golden.config_conv import ConvConfig
from cocodla.golden.rules import RuleViolation
from cocodla.hw import ATOM, align
from cocodla.stimulus.convolution import Window, feature_window, fit_buffer, image_window, place_convolution
from cocodla.stimulus.convolution import random_convolution as first_layer
from cocodla.stimulus.cubes import Allocator, RandomLayer
from cocodla.stimulus.layers import compute

UNFETCHED = 0xFFFF_F000
"""Address of what must not be fetched: nothing is mapped there."""


def random_reuse(rng: Generator, kind: str, memory: Allocator, size: int = 12) -> list[RandomLayer]:
    """Two to six layers with the same banks, so that the rings of CBUF go on and wrap around. Each keeps or
    releases what the next one may use or fetch anew; some are of another kind and size.

    kind: reuse or image_reuse. No other convolution may come between these layers.
    """
    while True:
        chain = [_keep(rng, first_layer(rng, kind.startswith("image"), size))]
        for _ in range(int(rng.integers(1, 4 if rng.random() < 0.7 else 6))):
            other = rng.random() < 0.3
            chain.append(_keep(rng, _other(rng, chain[-1], size) if other else _next(rng, chain[-1])))
        try:
            fitted = fit_buffer(rng, *chain)
            chain = [_same_banks(layer, fitted) for layer in chain]
            break
        except RuleViolation:
            continue  # too large for CBUF
    return [_layer(rng, kind, *pair, memory) for pair in zip(chain, [None, *chain], strict=False)]


def _keep(rng: Generator, config: ConvConfig) -> ConvConfig:
    """Decide what stays for the next layer; without SKIP_DATA_RLS the lines beyond RLS_SLICES."""
    flags: dict[str, Any] = {"skip_data_release": rng.random() < 0.35, "skip_weight_release": rng.random() < 0.5}
    packed = config.cdma.packed_1x1 and config.cdma.height == 1
    return ConvConfig(replace(config.cdma, packed_1x1=packed, **flags), replace(config.csc, **flags))


def _next(rng: Generator, before: ConvConfig) -> ConvConfig:
    """A layer over the lines that `before` left, over new ones, or both; with its weights or new ones."""
    cdma, csc = before.cdma, before.csc
    kept = csc.height if csc.skip_data_release else csc.height - csc.release_lines
    data_reuse = rng.random() < 0.75
    full = data_reuse and csc.skip_data_release
    # With nothing kept DATA_REUSE=1 fetches everything.
    fetched = cdma.height if full else int(rng.integers(1, 2 * max(1, csc.height - kept) + 1))
    height = csc.height if full else fetched + (kept if data_reuse else 0)
    weight_reuse = rng.random() < 0.5
    if weight_reuse and csc.skip_weight_release:
        window = _move(rng, before, height)
        kernels, weight_bytes = csc.kernels, csc.weight_bytes
    else:
        window = _window(rng, before, height)
        kernels = int(rng.integers(1, 28))
        weight_bytes = align(kernels * window.kernel_bytes, 128 if rng.random() < 0.3 else ATOM)
    shared: dict[str, Any] = {
        "kernels": kernels, "weight_bytes": weight_bytes, "data_reuse": data_reuse, "weight_reuse": weight_reuse,
    }  # fmt: skip
    return ConvConfig(
        replace(cdma, height=fetched, kernel_bytes=window.kernel_bytes, **shared),
        replace(
            csc, height=height, release_lines=int(rng.integers(1, height + 1)),
            clip_truncate=0 if rng.random() < 0.6 else int(rng.integers(32)), **window.__dict__, **shared,
        ),
    )  # fmt: skip


def _other(rng: Generator, before: ConvConfig, size: int) -> ConvConfig:
    """A layer that has nothing to do with `before`. DATA_REUSE is void after a change between feature and image."""
    layer = first_layer(rng, rng.random() < 0.3, size)
    changed = layer.csc.image != before.csc.image
    flags: dict[str, Any] = {
        "data_reuse": changed and rng.random() < 0.3,
        "weight_reuse": not before.csc.skip_weight_release and rng.random() < 0.3,
    }
    return ConvConfig(replace(layer.cdma, grains=1, **flags), replace(layer.csc, **flags))


def _window(rng: Generator, before: ConvConfig, height: int) -> Window:
    """Any kernel on lines like those of `before`."""
    cdma, csc = before.cdma, before.csc
    if csc.image:
        return image_window(rng, csc.pixel_channels, cdma.pad_left + cdma.width + cdma.pad_right, height)
    return feature_window(rng, csc.width, height, csc.channels)


def _move(rng: Generator, before: ConvConfig, height: int) -> Window:
    """The same weights, moved over the lines in another way."""
    csc = before.csc
    reach = (csc.kernel_height - 1) * csc.dilation_y + 1
    top, stride = int(rng.integers(0, min(reach, 31) + 1)), int(rng.integers(1, 4))
    out_height = max(1, (height + top - reach) // stride + 1 + int(rng.integers(-1, 2)))
    return Window(
        csc.channels, csc.kernel_width, csc.kernel_height, csc.out_width, out_height, csc.stride_x, stride,
        csc.dilation_x, csc.dilation_y, csc.pad_left, top, csc.rows_merged,
    )  # fmt: skip


def _same_banks(layer: ConvConfig, fitted: ConvConfig) -> ConvConfig:
    banks: dict[str, Any] = {"data_banks": fitted.csc.data_banks, "weight_banks": fitted.csc.weight_banks}
    result = ConvConfig(replace(layer.cdma, **banks), replace(layer.csc, **banks))
    result.check()
    return result


def _layer(rng: Generator, kind: str, config: ConvConfig, before: ConvConfig | None, memory: Allocator) -> RandomLayer:
    layer = RandomLayer(kind, {}, convolution=config)
    placed = place_convolution(rng, layer, memory)
    same = before is not None and before.csc.image == config.csc.image
    if before and same and before.csc.skip_data_release and config.csc.data_reuse:
        placed = replace(placed, cdma=replace(placed.cdma, address=UNFETCHED, chroma_address=UNFETCHED))
    if before and before.csc.skip_weight_release and config.csc.weight_reuse:
        placed = replace(placed, cdma=replace(placed.cdma, weight_address=UNFETCHED))
    layer.convolution = placed
    compute(rng, layer, memory)
    return layer
