"""Random pooling windows and splits, for layers."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from cocodla.golden.config import PdpConfig, Pooling, Split
from cocodla.golden.rules import RuleViolation
from cocodla.hw import MAX_EXTENT, PDP_MAX_STRIDE
from cocodla.stimulus.cubes import Allocator, RandomLayer, random_layout
from cocodla.stimulus.values import value


def random_pdp(rng: Generator, width: int, height: int, channels: int, from_sdp: bool) -> PdpConfig | None:
    """Pooling of a cube, without addresses; None when a few tries found no window that fits."""
    for _ in range(50):
        kw, kh = int(rng.integers(1, 9)), int(rng.integers(1, 9))
        sw, sh = (int(rng.integers(1, 17 if rng.random() < 0.08 else k + 3)) for k in (kw, kh))
        if rng.random() < 0.05:
            sw = PDP_MAX_STRIDE if rng.random() < 0.5 else sw
            sh = PDP_MAX_STRIDE if rng.random() < 0.5 else sh
        pl, pt, pr, pb = (int(rng.integers(0, k)) for k in (kw, kh, kw, kh))
        ow, rest_w = divmod(width + pl + pr - kw, sw)
        oh, rest_h = divmod(height + pt + pb - kh, sh)
        if ow < 0 or oh < 0 or rest_w or rest_h or max(ow, oh) >= MAX_EXTENT:
            continue
        pad, any_pads = value(rng, 8), rng.random() < 0.2
        config = PdpConfig(
            width=width, height=height, channels=channels, out_width=ow + 1, out_height=oh + 1,
            method=Pooling(int(rng.integers(3))), kernel_width=kw, kernel_height=kh, stride_width=sw,
            stride_height=sh, pad_left=pl, pad_top=pt, pad_right=pr, pad_bottom=pb,
            pad_values=tuple(value(rng, 19) if any_pads else n * pad for n in range(1, 8)),
            reciprocal_width=int(rng.integers(0, 0x10001)) if rng.random() < 0.3 else 0x10000 // kw,
            reciprocal_height=int(rng.integers(0, 0x10001)) if rng.random() < 0.3 else 0x10000 // kh,
            from_sdp=from_sdp,
        )  # fmt: skip
        if _windows_real(config) and config.out_width <= config.capacity[1]:
            return config
    return None


def _windows_real(c: PdpConfig) -> bool:
    """Every window must contain a real element."""
    last_x, last_y = (c.out_width - 1) * c.stride_width - c.pad_left, (c.out_height - 1) * c.stride_height - c.pad_top
    return last_x < c.width and last_y < c.height


def random_split(rng: Generator, config: PdpConfig) -> PdpConfig:
    """The same layer in vertical strips, where one fits."""
    c, overlap = config, config.kernel_width - config.stride_width
    for _ in range(20):
        count = int(rng.integers(2, 5))
        if c.out_width < count:
            continue
        first, middle = (int(rng.integers(1, c.out_width)) for _ in range(2))
        last = c.out_width - first - middle * (count - 2)
        if last < 1:
            continue
        first_in = (first - 1) * c.stride_width + c.kernel_width - c.pad_left
        middle_in = (middle - 1) * c.stride_width + c.kernel_width - overlap
        last_in = c.width - first_in - middle_in * (count - 2)
        limit = max(overlap, 0) + max(-overlap, 0) + 1
        if first_in < limit or middle_in < limit or last_in < limit:
            continue
        split = replace(c, split=Split(count, first_in, middle_in, last_in, first, middle, last))
        try:
            split.check()
        except RuleViolation:
            continue
        return split
    return config


def place_output(rng: Generator, layer: RandomLayer, memory: Allocator, config: PdpConfig) -> PdpConfig:
    """Choose where the layer writes."""
    layout = random_layout(rng, config.out_width, config.out_height, config.channels)
    layer.layout, layer.address = layout, memory.take(layout.size)
    return replace(config, address=layer.address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)
