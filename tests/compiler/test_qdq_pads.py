"""Pad in models that bring their own scales: with any constant, before maxima, convolutions, at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qdq_builder import QdqBuilder, differences

from cocodla.compiler import CompileOptions, compile_model

CODES, OTHER, UNSIGNED = (0.0311, 9), (0.0443, -20), (0.0217, -128)
LOWEST = (-1e4, float(np.finfo(np.float32).min), -np.inf)
WITHIN = (-2.0, -0.3, 0.5)


def padded(value: float, before: tuple[float, int], channels: tuple[int, int] = (0, 0)) -> QdqBuilder:
    """A convolution with codes, and Pad."""
    b = QdqBuilder((8, 8, 8), seed=3).codes(0.0311, 4).qconv(16, 3)
    (b.node("Relu") if before == UNSIGNED else b).codes(*before)
    pads = b.constant(np.array([0, channels[0], 1, 1, 0, channels[1], 1, 1]))
    b.channels += sum(channels)
    return b.node("Pad", pads, b.constant(np.float32(value)))


def check(b: QdqBuilder, scale: float, layers: int, folder: Path) -> None:
    """Every code is onnxruntime's, but for what lies within float32's noise of a tie."""
    path = b.save(folder / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    assert len(network.layers) == layers, [layer.operation for layer in network.layers]
    images = np.random.default_rng(1).normal(size=(8, 8, 8, 8)).astype(np.float32) * 1.5
    wrong = differences(network, path, images, scale)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.001


@pytest.mark.parametrize("value", [*LOWEST, *WITHIN, 0.0])
@pytest.mark.parametrize("before", [CODES, UNSIGNED])
@pytest.mark.parametrize("between", [True, False])
@pytest.mark.parametrize("behind", [None, OTHER])
def test_pad_before_a_maximum(
    value: float, before: tuple[float, int], between: bool, behind: tuple[float, int] | None, tmp_path: Path
) -> None:
    """Quantised to the lowest code it is the pooling's own padding, of which maxima take nothing."""
    b = padded(value, before)
    if between:
        b.codes(*before)
    b.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2]).codes(*(behind or before))
    own = value in LOWEST or (before == UNSIGNED and value <= 0)
    check(b, (behind or before)[0], 1 + (not own) + (behind is not None and (own or value != 0 or between)), tmp_path)


@pytest.mark.parametrize("value", [-1e4, *WITHIN, 0.0])
@pytest.mark.parametrize("own", [True, False])
def test_pad_before_a_convolution(value: float, own: bool, tmp_path: Path) -> None:
    """It is the convolution's padding if that has none of its own."""
    b = padded(value, CODES).codes(*CODES)
    kernels = b.weights(8, 16, 3, 3)
    b.node("Conv", kernels, pads=[int(own)] * 4).codes(0.05)
    check(b, 0.05, 2 + (own and value != 0), tmp_path)


@pytest.mark.parametrize("channels", [(0, 0), (3, 5), (8, 0)])
@pytest.mark.parametrize("value", [-1e4, *WITHIN, 0.0])
def test_pad_to_other_codes(value: float, channels: tuple[int, int], tmp_path: Path) -> None:
    """Where it has no code before, rounding to those behind comes first. Channels, but of zeros, are a layer's work."""
    layers = 2 + (value != 0)  # channels of zeros are kernels of zeros
    check(padded(value, CODES, channels).codes(*OTHER), OTHER[0], layers, tmp_path)


@pytest.mark.parametrize("value", [*WITHIN, 0.0])
def test_pad_at_the_end(value: float, tmp_path: Path) -> None:
    check(padded(value, CODES), CODES[0], 2, tmp_path)
