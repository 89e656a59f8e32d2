"""Loadables of small networks, with what plain numpy says of their outputs."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cocodla.loadable.descriptors import Cube, Lut, Slope
from cocodla.loadable.records import Layout
from cocodla.loadable.schema import INPUT, OUTPUT

from .builder import Builder


def convolved(x: np.ndarray, weights: np.ndarray, pad: int) -> np.ndarray:
    """Sums of a convolution (channels, height, width), int64."""
    padded = np.pad(x.astype(np.int64), ((0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(padded, weights.shape[2:], axis=(1, 2))
    return np.einsum("cyxrs,kcrs->kyx", windows, weights.astype(np.int64))


def shifted(x: np.ndarray, shift: int) -> np.ndarray:
    """Codes of a shift to the right that rounds halves away from zero, saturated."""
    half = (1 << shift) >> 1
    return np.clip(np.sign(x) * ((np.abs(x) + half) >> shift), -128, 127)


def pooled(x: np.ndarray, size: int) -> np.ndarray:
    """Maxima of windows."""
    channels, height, width = x.shape
    return x.reshape(channels, height // size, size, width // size, size).max((2, 4))


def table() -> Lut:
    """Look-up tables of CDP: both linear."""
    return Lut(
        tuple(range(0, 65 * 4, 4)), tuple(range(0, 257 * 2, 2)), 4, 0, 4, 0, 0, 1 << 10, 0, 1 << 12,
        Slope(), Slope(1, 2), Slope(), Slope(3, 1), 0, 0, 1, 1,
    )  # fmt: skip


def chain(seed: int, layout: Layout = Layout.NEW, regression: bool = False) -> tuple[Builder, np.ndarray, np.ndarray]:
    """A random network of convolutions, SDP and PDP, fused or not: builder, input, output.

    Where the last operation writes is a tensor of the application, and so is the input.
    """
    random, numbers = Random(seed), np.random.default_rng(seed)
    builder = Builder(layout, regression)
    channels, height, width = random.choice((1, 3, 8, 11)), *random.choice(((8, 8), (6, 10), (12, 4)))
    value = numbers.integers(-128, 128, (channels, height, width)).astype(np.int64)
    given = value.astype(np.int8)
    source, last = builder.cube(*value.shape, INPUT, name="data"), None
    steps = random.randint(1, 5)
    for step in range(steps):
        flags = OUTPUT if step == steps - 1 else 0
        after = [] if last is None else [last]
        kind = random.choice(("convolution", "convolution with pooling", "sdp", "sdp with pooling", "pdp"))
        if value.shape[1] % 2 or value.shape[2] % 2:
            kind = kind.replace(" with pooling", "").replace("pdp", "sdp")
        if kind.startswith("convolution"):
            pad, kernels = random.choice((0, 1)), random.choice((2, 8, 13))
            size = min(3, value.shape[1] + 2 * pad, value.shape[2] + 2 * pad)
            weights = numbers.integers(-128, 128, (kernels, value.shape[0], size, size)).astype(np.int8)
            bias, shift, relu = numbers.integers(-3000, 3000, kernels), random.choice((6, 9)), random.random() < 0.5
            sums = convolved(value, weights, pad) + bias[:, None, None]
            value = shifted(np.maximum(sums, 0) if relu else sums, shift)
            conv = builder.convolution(source, weights, pad, after)
            pool = " " in kind and value.shape[1] % 2 == value.shape[2] % 2 == 0
            if pool:
                sdp = builder.sdp(builder.behind(conv), None, conv, bias, relu, shift)
                value = pooled(value, 2)
                source = builder.cube(*value.shape, flags, name="out")
                last = builder.pdp(builder.behind(sdp), source, 2, sdp)
            else:
                source = builder.cube(*value.shape, flags, name="out")
                last = builder.sdp(builder.behind(conv), source, conv, bias, relu, shift)
        elif kind == "pdp":
            value = pooled(value, 2)
            target = builder.cube(*value.shape, flags, name="out")
            last, source = builder.pdp(source, target, 2, None, after), target
        else:
            relu, shift = random.random() < 0.5, random.choice((0, 1))
            value = shifted(np.maximum(value, 0) if relu else value, shift)
            if " " in kind:
                value = pooled(value, 2)
            target = builder.cube(*value.shape, flags, name="out")
            last = builder.sdp(source, None if " " in kind else target, None, None, relu, shift, after)
            if " " in kind:
                last = builder.pdp(builder.behind(last), target, 2, last)
            source = target
    return builder, given, value.astype(np.int8)


def classifier(layout: Layout = Layout.NEW) -> tuple[Builder, Cube]:
    """A convolution to 10 scores, and a softmax on the CPU: builder, cube of the scores."""
    builder = Builder(layout)
    source = builder.cube(4, 3, 3, INPUT, name="data")
    weights = np.random.default_rng(1).integers(-20, 20, (10, 4, 3, 3)).astype(np.int8)
    conv = builder.convolution(source, weights)
    scores = builder.cube(10, 1, 1)
    builder.sdp(builder.behind(conv), scores, conv, np.zeros(10), False, 7)
    builder.softmax(scores, builder.cube(10, 1, 1, OUTPUT, name="prob"))
    return builder, scores
