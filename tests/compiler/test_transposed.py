"""Transposed convolutions: phases as convolutions, interleaved by copies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparison import compile_and_compare, floats
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.passes.transposed import merged, phases
from cocodla.errors import UserError


def spread(builder: Builder, kernels: int, kernel: tuple[int, int], group: int = 1, **attributes: object) -> Builder:
    """ConvTranspose with random weights and bias."""
    scale = 0.75 / np.sqrt(builder.channels // group)
    weight = builder.constant(builder.floats(builder.channels, kernels // group, *kernel, scale=scale))
    bias = builder.constant(builder.floats(kernels, scale=0.2))
    builder.channels = kernels
    return builder.node("ConvTranspose", weight, bias, group=group, **attributes)


def limits(builder: Builder) -> list[str]:
    return [builder.constant(np.float32(value)) for value in (0, 0.7)]


CASES: dict[str, tuple[tuple[int, ...], Callable[[Builder], object], int]] = {
    # shape, network, convolutions
    "2x2/2": ((16, 5, 6), lambda b: spread(b.conv(16, (1, 1)), 24, (2, 2), strides=[2, 2]).node("Relu"), 2),
    "3x3/2": (
        (16, 5, 6),
        lambda b: spread(b, 24, (3, 3), strides=[2, 2], pads=[1] * 4, output_padding=[1, 1]).conv(3, (3, 3)),
        2,
    ),
    "odd_size": ((9, 5, 6), lambda b: spread(b, 11, (3, 3), strides=[2, 2], pads=[1] * 4), 1),
    "4x4/2": ((9, 5, 6), lambda b: spread(b, 8, (4, 4), strides=[2, 2], pads=[1] * 4).node("LeakyRelu", alpha=0.1), 1),
    "strides_3_2": ((9, 5, 6), lambda b: spread(b, 8, (5, 4), strides=[3, 2], pads=[0, 1, 2, 1]), 1),
    "phases_without_taps": ((9, 5, 6), lambda b: spread(b, 8, (1, 1), strides=[2, 2], output_padding=[1, 0]), 1),
    "stride_1": ((9, 5, 6), lambda b: spread(b, 11, (3, 3), pads=[1, 0, 1, 2]).node("Relu"), 1),
    "pads_beyond_the_kernel": ((9, 9, 9), lambda b: spread(b, 11, (2, 2), pads=[2] * 4), 1),
    "dilation": ((9, 5, 6), lambda b: spread(b, 8, (3, 3), strides=[2, 4], dilations=[4, 3]), 8),
    "depthwise": ((24, 5, 6), lambda b: spread(b, 24, (4, 4), group=24, strides=[2, 2], pads=[1] * 4), 4),
    "groups": ((12, 5, 6), lambda b: spread(b, 20, (3, 3), group=4, strides=[2, 2]), 4),
    "prelu": (
        (8, 5, 6),
        lambda b: spread(b, 12, (2, 2), strides=[2, 2]).node("PRelu", b.constant(b.floats(12, 1, 1))),
        1,
    ),
    "clip": ((8, 5, 6), lambda b: spread(b, 12, (3, 3), strides=[2, 2]).node("Clip", *limits(b)), 1),
    "same_upper": ((8, 5, 6), lambda b: spread(b, 12, (3, 3), strides=[2, 2], auto_pad="SAME_UPPER"), 1),
    "same_lower": ((8, 5, 6), lambda b: spread(b, 12, (3, 3), strides=[2, 2], auto_pad="SAME_LOWER"), 1),
    "output_shape": ((8, 5, 6), lambda b: spread(b, 12, (3, 3), strides=[2, 2], output_shape=[10, 11]), 1),
}


@pytest.mark.parametrize("case", CASES)
def test_transposed_convolution(case: str, tmp_path: Path) -> None:
    shape, build, convolutions = CASES[case]
    builder = Builder(shape, seed=3)
    build(builder)
    options = CompileOptions(strict=True, asymmetric=len(case) % 2 == 0)
    network = compile_and_compare(builder.save(tmp_path / "m.onnx"), floats(shape), options)
    assert sum("CSC" in layer.units for layer in network.layers) == convolutions


def test_an_output_larger_than_the_kernel_reaches_is_refused(tmp_path: Path) -> None:
    path = spread(Builder((8, 5, 6)), 4, (3, 3), strides=[2, 2], output_shape=[20, 11]).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match="ConvTranspose"):
        compile_model(path, floats((8, 5, 6)), CompileOptions(strict=True))


@pytest.mark.parametrize("seed", range(30))
def test_phases_hold_every_tap_once(seed: int) -> None:
    """Every output's inputs and taps, counted out, are those of its phase; also with the offsets of all phases."""
    random = np.random.default_rng(seed)
    kernel, stride, pad, dilation = (int(random.integers(low, high)) for low, high in ((1, 6), (1, 5), (0, 6), (1, 5)))
    separate = phases(kernel, stride, pad, dilation)
    for taps in (separate, merged(separate)):
        assert all(entry.first <= 0 for entry in taps)
        for output in range(3 * stride):
            position, phase = divmod(output, stride)
            entry = taps[phase]
            found = {
                (element, position + entry.first + index * entry.step)
                for index, element in enumerate(entry.elements)
                if element >= 0
            }
            reached = {(r, (output + pad - r * dilation) / stride) for r in range(kernel)}
            assert found == {(r, i) for r, i in reached if i == int(i)}
