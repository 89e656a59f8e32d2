"""Convolutions beyond the hardware's limits: taps become channels, and results are rounded once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx_builder import Builder

from cocodla import hw
from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.compiler.passes.taps import spread

CASES: dict[str, tuple[tuple[int, ...], int, tuple[int, int], dict[str, Any]]] = {
    "long kernel": ((8, 40, 9), 4, (36, 3), {}),
    "long kernel both ways": ((8, 40, 40), 4, (33, 33), {}),
    "long kernel, uneven pieces": ((8, 70, 3), 4, (65, 1), {"pads": [32, 0, 32, 0]}),
    "long kernel of an image": ((3, 50, 20), 4, (35, 5), {"pads": [17, 2, 17, 2]}),
    "patches of 16": ((3, 64, 48), 12, (16, 16), {"strides": [16, 16]}),
    "patches of 14": ((3, 57, 45), 12, (14, 14), {"strides": [14, 14]}),
    "patches of 11, overlapping": ((3, 60, 60), 5, (13, 13), {"strides": [11, 11], "pads": [1, 1, 1, 1]}),
    "stride of columns alone": ((16, 5, 80), 8, (3, 20), {"strides": [1, 10], "pads": [1, 9, 1, 9]}),
    "stride beyond the kernel": ((8, 40, 40), 8, (3, 3), {"strides": [12, 9]}),
    "stride of one pixel": ((8, 40, 40), 8, (1, 1), {"strides": [10, 10]}),
    "dilation": ((8, 90, 4), 5, (3, 1), {"dilations": [40, 1]}),
    "dilation both ways": ((8, 80, 80), 5, (2, 3), {"dilations": [64, 33], "pads": [0, 33, 0, 33]}),
    "padding before": ((8, 40, 5), 5, (3, 1), {"pads": [40, 0, 0, 0]}),
    "padding behind": ((8, 9, 9), 5, (3, 3), {"pads": [0, 0, 70, 2]}),
    "padding beyond the input": ((8, 5, 5), 5, (3, 3), {"pads": [34, 1, 0, 1]}),
    "groups": ((32, 40, 6), 32, (34, 3), {"group": 32, "pads": [17, 1, 16, 1]}),
    "groups with a stride": ((32, 40, 40), 32, (9, 9), {"group": 4, "strides": [9, 9]}),
    "groups that are no surfaces": ((12, 40, 6), 12, (34, 3), {"group": 12}),
}


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_beyond_the_limits(case: str, relu: bool, tmp_path: Path) -> None:
    shape, kernels, kernel, attributes = CASES[case]
    builder = Builder(shape)
    if shape[0] > 4:
        builder.conv(shape[0], (1, 1)).node("Relu")
    builder.conv(kernels, kernel, **attributes)
    path = (builder.node("Relu") if relu else builder).save(tmp_path / "m.onnx")
    images = np.random.default_rng(3).normal(size=(6, *shape)).astype(np.float32)
    network = compile_model(path, images, CompileOptions(strict=True, asymmetric=relu))
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = outputs_of(model, [name], images)[name].astype(np.float64)
    error = network.golden_batch(images).reshape(wanted.shape) - wanted
    assert 10 * np.log10((wanted**2).sum() / (error**2).sum()) > 29


@pytest.mark.parametrize("dilation", [16, 40, 256])
def test_causal_lines(dilation: int, tmp_path: Path) -> None:
    """Two residual layers of a temporal convolutional network."""
    builder = Builder((8, 300))
    for _ in range(2):
        start = builder.last
        weight = builder.constant(builder.floats(8, builder.channels, 3, scale=0.25))
        builder.node("Pad", builder.constant(np.array([0, 0, 2 * dilation, 0, 0, 0])))
        builder.node("Conv", weight, dilations=[dilation]).node("Relu")
        builder.node("Add", start)
    path = builder.save(tmp_path / "m.onnx")
    lines = np.random.default_rng(3).normal(size=(6, 8, 300)).astype(np.float32)
    network = compile_model(path, lines, CompileOptions(strict=True))
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = outputs_of(model, [name], lines)[name].astype(np.float64)
    error = network.golden_batch(lines).reshape(wanted.shape) - wanted
    assert 10 * np.log10((wanted**2).sum() / (error**2).sum()) > 30


@pytest.mark.parametrize("kernel", [1, 2, 16, 33, 80])
@pytest.mark.parametrize("stride", [1, 4, 8, 9, 16, 22])
@pytest.mark.parametrize("dilation", [1, 3, 33, 64])
def test_every_tap_is_read_where_it_was(kernel: int, stride: int, dilation: int) -> None:
    axis = spread(kernel, stride, dilation)
    assert axis.kernel <= hw.MAX_KERNEL and axis.stride <= hw.MAX_STRIDE and axis.dilation <= hw.MAX_DILATION
    for output in range(5):
        for tap, (view, inner) in enumerate(axis.places):
            place = axis.starts[view] + axis.step * (axis.stride * output + axis.dilation * inner)
            assert place == stride * output + dilation * tap
    assert all(one < other for one, other in pairwise(axis.starts)) and len(set(axis.places)) == kernel
