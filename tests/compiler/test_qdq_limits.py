"""Clip in models that bring their own scales: limits at the ends of the codes, beyond them and inside of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from qdq_builder import QdqBuilder, differences, reference

from cocodla.compiler import CompileOptions, compile_model


def clip(b: QdqBuilder, low: float | None, high: float | None) -> QdqBuilder:
    limits = ["" if limit is None else b.constant(np.float32(limit)) for limit in (low, high)]
    return b.node("Clip", *limits)


LIMITS = {
    "relu6": (0, 6, 0.043, -128), "relu6 signed": (0, 6, 0.071, 3), "relu6 at the end": (0, 6, 6 / 255, -128),
    "relu6 cut by the codes": (0, 6, 0.0117, -128), "relu2": (0, 2, 0.0311, 0), "hard tanh": (-1, 1, 1 / 127, 0),
    "hard tanh, all codes": (-1, 1, 0.0078, 0),
    "both inside": (-1, 1, 0.0213, 5), "both inside, unsigned": (-0.7, 1.3, 0.0231, -60),
    "positive": (0.5, 3, 0.031, -128),
    "upper only": (None, 1.5, 0.0311, 0), "lower only": (-1.25, None, 0.0311, -20), "beyond": (-100, 100, 0.0311, -20),
}  # fmt: skip
EXACT = (
    "relu6", "relu6 signed", "relu6 at the end", "relu6 cut by the codes", "relu2", "hard tanh, all codes", "beyond",
)  # fmt: skip


@pytest.mark.parametrize("limits", LIMITS)
def test_limits_behind_a_convolution(limits: str, tmp_path: Path) -> None:
    """Where both ends are saturation or ReLU nothing is rounded twice, and the convolution does all."""
    low, high, scale, zero = LIMITS[limits]
    b = QdqBuilder((8, 7, 7)).codes(0.0311, 4).qconv(16, 3)
    path = clip(b, low, high).codes(scale, zero).save(tmp_path / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    images = np.random.default_rng(1).normal(size=(24, 8, 7, 7)).astype(np.float32) * 3
    wrong = differences(network, path, images, scale)
    exact = limits in EXACT
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < (0.0005 if exact else 0.25)
    assert len(network.layers) == (1 if exact else 2)
    if low is not None and high is not None:
        out = network.golden_batch(images)
        assert out.min() >= low - scale and out.max() <= high + scale


Build = Callable[[QdqBuilder], QdqBuilder]


def residual(b: QdqBuilder) -> QdqBuilder:
    source = b.last
    other = b.qconv(16, 1).codes(0.0523, 7).last
    b.last, b.channels = source, 8
    return clip(b.qconv(16, 3).codes(0.0443, -9).node("Add", other), 0, 6).codes(0.043, -128)


def concatenated(b: QdqBuilder) -> QdqBuilder:
    """Codes of a limited tensor that another one, not limited, shares."""
    source = b.last
    other = b.qconv(8, 1).codes(0.043, -128).last
    b.last, b.channels = source, 8
    clip(b.qconv(8, 3), 0, 2).codes(0.043, -128).node("Concat", other, axis=1).codes(0.043, -128)
    b.channels = 16
    return b


NETWORKS: dict[str, Build] = {
    "convolution": lambda b: clip(b.qconv(16, 3), 0, 6).codes(0.043, -128),
    "pooling": lambda b: clip(b.qconv(16, 3), 0, 2).codes(0.043, -128).node(
        "MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]
    ).codes(0.043, -128),
    "pooling before codes": lambda b: clip(b.qconv(16, 3), 0, 2).node("MaxPool", kernel_shape=[2, 2]).codes(0.03, 0),
    "average": lambda b: clip(b.qconv(16, 3), 0, 2).codes(0.043, -128).node("GlobalAveragePool").codes(0.01, -128),
    "depthwise": lambda b: clip(b.qconv(16, 3), 0, 2).codes(0.043, -128).qconv(16, 3, group=16).codes(0.05, 3),
    "residual": residual,
    "concatenated": concatenated,
    "alone": lambda b: clip(b, 0, 1).codes(0.0311, -128),
    "scaled": lambda b: clip(b.qconv(16, 3).node("Mul", b.constant(np.float32(1.5))), 0, 2).codes(0.043, -128),
    "depth to space": lambda b: clip(b.qconv(16, 3), 0, 2).node("DepthToSpace", blocksize=2).codes(0.043, -128),
}  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS)
def test_limits_inside_of_codes_in_networks(network: str, tmp_path: Path) -> None:
    """What reads the codes knows where they are."""
    b = QdqBuilder((8, 6, 6), seed=3).codes(0.0311, 4)
    NETWORKS[network](b)
    images = np.random.default_rng(1).normal(size=(24, 8, 6, 6)).astype(np.float32) * 2
    path = b.save(tmp_path / "m.onnx")
    compiled = compile_model(path, None, CompileOptions(strict=True))
    (output,) = compiled.fetched
    wrong = differences(compiled, path, images, compiled.tensors[output].scale)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < (0.02 if network == "average" else 0.002)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_codes_that_leave_are_the_models(kind: type, tmp_path: Path) -> None:
    """The accelerator's codes of a limited tensor are moved; those the model gives are not."""
    b = QdqBuilder((8, 6, 6)).codes(0.0311)
    zero = -128 if kind is np.int8 else 0
    path = clip(b.qconv(16, 3), 0, 2).codes(0.043, zero, kind).save(tmp_path / "m.onnx")
    model = onnx.load(path)
    model.graph.output[0].name = model.graph.node[-2].output[0]
    model.graph.output[0].type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    del model.graph.node[-1]
    onnx.save(model, path)
    images = np.random.default_rng(1).normal(size=(24, 8, 6, 6)).astype(np.float32) * 2
    network = compile_model(path, None, CompileOptions(strict=True))
    got, wanted = network.golden_batch(images), reference(path, images)
    assert got.dtype == wanted.dtype == kind and got.max() == zero + 47
    assert np.abs(got.astype(int) - wanted).max() <= 1 and (got != wanted).mean() < 0.001
