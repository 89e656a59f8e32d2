"""Averages on the convolution pipeline: codes of their own, all surfaces in one layer, or part of the layer behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparison import compile_and_compare, floats
from onnx_builder import Builder
from qdq_builder import QdqBuilder

from cocodla import hw
from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.ir import PoolFunction
from cocodla.compiler.passes import averages
from cocodla.compiler.quantisation.averages import average_factors
from cocodla.compiler.stack import Stack, stack_of
from cocodla.runtime.quality import LayerQuality, Study, measure_quality

STRICT = CompileOptions(strict=True)
DATA: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "sparse": lambda random, shape: random.normal(size=shape) * (random.uniform(size=shape) < 0.1) * 3,
    "heavy_tails": lambda random, shape: random.laplace(size=shape) ** 3,
    "few_channels": lambda random, shape: random.normal(size=shape) * np.geomspace(0.01, 1, shape[1])[:, None, None],
    "below_zero": lambda random, shape: -np.abs(random.normal(size=shape)) - 1,
}


def data(kind: str, shape: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    return DATA[kind](np.random.default_rng(seed), (count, *shape)).astype(np.float32)


def mean_of(layers: list[LayerQuality]) -> LayerQuality:
    return [layer for layer in layers if "mean" in layer.operation or "average" in layer.operation][-1]


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("kind", DATA)
def test_a_mean_has_a_scale_of_its_own(
    kind: str, asymmetric: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never costs quality against the codes of what it reads, is rounded ideally, and saturates."""
    shape = (24, 8, 8)
    builder = Builder(shape, seed=5).conv(24, (1, 1)).node("Relu").node("GlobalAveragePool").conv(24, (1, 1))
    path, options = builder.save(tmp_path / "m.onnx"), CompileOptions(strict=True, asymmetric=asymmetric)
    calibration, images = data(kind, shape, 24, 1), data(kind, shape, 48, 2)
    network = compile_and_compare(path, calibration, options)
    assert [layer.operation for layer in network.layers] == ["conv1x1+relu", "mean8x8", "fc24"]
    own = mean_of(measure_quality(Study.of(path, calibration, options), images, impacts=False))
    assert own.distance <= 1 and own.differing <= 0.002 and own.own.sqnr > 36
    loud = measure_quality(Study.of(path, calibration, options), 8 * images, impacts=False)
    assert mean_of(loud).total.saturation > 0.02 and mean_of(loud).distance <= 1  # far beyond the calibration data
    monkeypatch.setattr(averages, "WORTH_ALONE", np.inf)
    shared = mean_of(measure_quality(Study.of(path, calibration, options), images, impacts=False))
    assert shared.operation == "conv1x1+relu+averagepool8x8"
    assert own.total.sqnr > shared.total.sqnr + (0.5 if kind == "below_zero" else 8)  # there it is not much smaller


INNER = {
    # shape, operator and attributes, operations
    "four_by_four": ((16, 16, 16), "AveragePool", {"kernel_shape": [4, 4], "strides": [4, 4]}, ["mean4x4"]),
    "part_of_a_surface": ((20, 9, 9), "AveragePool", {"kernel_shape": [9, 9], "strides": [9, 9]}, ["mean9x9"]),
    "twenty_five": ((12, 25, 5), "AveragePool", {"kernel_shape": [25, 5], "strides": [25, 5]}, ["mean25x5"]),
    "blocks": (
        (12, 32, 48), "AveragePool", {"kernel_shape": [16, 16], "strides": [16, 16]}, ["mean1x16", "mean16x1"]
    ),
    "cropped": ((12, 30, 29), "AveragePool", {"kernel_shape": [9, 9], "strides": [9, 9]}, ["mean1x9", "mean9x1"]),
    "rows": ((24, 40, 6), "ReduceMean", {"axes": [2]}, ["mean40x1"]),
    "columns": ((24, 3, 90), "ReduceMean", {"axes": [3]}, ["mean1x90"]),
    "prime": ((16, 1, 211), "ReduceMean", {"axes": [3]}, ["mean1x211"]),
    "in_blocks": ((16, 1, 1200), "ReduceMean", {"axes": [3]}, ["mean1x40", "mean1x30"]),
    "all_of_a_large_map": ((16, 40, 37), "GlobalAveragePool", {}, ["mean1x37", "mean40x1"]),
    "wider_than_lines": (
        (12, 3, 6), "AveragePool", {"kernel_shape": [3, 14], "strides": [1, 2], "pads": [0, 6, 0, 6]}, ["mean3x14"]
    ),
    "divisors_along_rows": ((24, 6, 12), "AveragePool", {"kernel_shape": [1, 9], "pads": [0, 4, 0, 4]}, ["mean1x9"]),
}  # fmt: skip


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("case", INNER)
def test_all_surfaces_in_one_layer(case: str, asymmetric: bool, tmp_path: Path) -> None:
    shape, kind, attributes, operations = INNER[case]
    builder = Builder(shape, seed=4).conv(shape[0], (1, 1)).node("Relu").node(kind, **attributes).conv(24, (1, 1))
    path, options = builder.save(tmp_path / "m.onnx"), CompileOptions(strict=True, asymmetric=asymmetric)
    network = compile_and_compare(path, floats(shape, 6), options)
    found = [layer for layer in network.layers if layer.operation.startswith("mean")]
    assert [layer.operation for layer in found] == operations
    for quality in measure_quality(Study.of(path, floats(shape, 6), options), floats(shape, 24, seed=9), impacts=False):
        if quality.operation.startswith("mean"):
            assert quality.distance <= 1 and quality.wrong <= max(2, 0.002 * quality.outputs)
            assert quality.own.sqnr > 32


def test_near_the_memory_bound(tmp_path: Path) -> None:
    """An atom a cycle, and the weights of a tap for each pixel of the map."""
    shape = (512, 10, 10)
    path = Builder(shape).node("GlobalAveragePool").save(tmp_path / "m.onnx")
    network = compile_model(path, floats(shape, 4), STRICT)
    (layer,) = network.layers
    beats = 64 * 10 * 10
    assert layer.mac_cycles == beats and layer.read_beats < 1.15 * beats and layer.macs == hw.ATOM * beats


def test_part_of_the_layer_behind_where_that_is_cheaper(tmp_path: Path) -> None:
    """One kernel over all pixels rounds nothing in between."""
    for kernels, operations in ((2, ["fc2"]), (64, ["mean8x8", "fc64"])):
        builder = Builder((24, 8, 8), seed=5).conv(24, (1, 1)).node("Relu").node("GlobalAveragePool")
        path = builder.conv(kernels, (1, 1)).save(tmp_path / "m.onnx")
        network = compile_and_compare(path, floats((24, 8, 8), 8), STRICT)
        assert [layer.operation for layer in network.layers] == ["conv1x1+relu", *operations]


def test_not_part_of_a_layer_behind_if_others_read_it(tmp_path: Path) -> None:
    builder = Builder((24, 8, 8), seed=5).conv(24, (1, 1)).node("Relu")
    start = builder.node("GlobalAveragePool").last
    builder.conv(24, (1, 1)).node("Relu").node("Mul", start)
    network = compile_and_compare(builder.save(tmp_path / "m.onnx"), floats((24, 8, 8), 8), STRICT)
    assert "mean8x8" in [layer.operation for layer in network.layers]


def test_of_a_part_of_what_is_transposed(tmp_path: Path) -> None:
    """Surfaces that do not follow one another, lines longer than a kernel."""
    weight = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}
    for rows, columns in ((8, 17), (8, 24)):
        builder = Builder((11, rows, columns), seed=6)
        builder.node("ConvTranspose", builder.constant(builder.floats(11, 11, 3, 3)), **weight)
        path = builder.node("GlobalAveragePool").conv(24, (1, 1)).save(tmp_path / "m.onnx")
        network = compile_and_compare(path, floats((11, rows, columns), 6), STRICT)
        assert any(layer.operation.startswith("mean") for layer in network.layers)


@pytest.mark.parametrize("axis", [2, 3])
def test_of_windows_far_apart_in_a_part(axis: int, tmp_path: Path) -> None:
    """What is averaged, and is a part of a Concat, is copied first."""
    builder = Builder((12, 30, 29), seed=4).conv(12, (1, 1)).node("Relu")
    first = builder.last
    builder.node("AveragePool", kernel_shape=[9, 9], strides=[10, 9]).conv(16, (1, 1))
    second, builder.channels = builder.last, 12
    builder.node("Concat", inputs=[first, first], axis=axis).node("GlobalMaxPool").conv(16, (1, 1))
    path = builder.node("Add", second).save(tmp_path / "m.onnx")
    network = compile_and_compare(path, floats((12, 30, 29), 6), STRICT)
    assert {"copy", "mean1x9", "mean9x1"} <= {layer.operation for layer in network.layers}


def test_a_part_of_a_tensor_is_averaged_in_place(tmp_path: Path) -> None:
    """Rows and columns of a Slice lie apart; what is written is a part of a Concat."""
    builder = Builder((24, 14, 14), seed=4).conv(24, (1, 1)).node("Relu")
    start, parts = builder.last, []
    for first in (0, 5):
        ends = [builder.constant(np.array(value)) for value in ([first] * 2, [first + 9] * 2, [2, 3])]
        builder.node("Slice", *ends, inputs=[start, *ends]).node("AveragePool", kernel_shape=[3, 9], strides=[3, 9])
        parts.append(builder.last)
    builder.node("Concat", inputs=parts, axis=2)
    network = compile_and_compare(builder.conv(8, (1, 1)).save(tmp_path / "m.onnx"), floats((24, 14, 14), 6), STRICT)
    assert {"mean3x9"} < {layer.operation for layer in network.layers}


@pytest.mark.parametrize("attributes", [
    {"kernel_shape": [7, 7]}, {"kernel_shape": [3, 3], "strides": [2, 2]}, {"kernel_shape": [3, 3], "pads": [1] * 4},
])  # fmt: skip
def test_codes_of_the_model_on_both_sides(attributes: dict[str, object], tmp_path: Path) -> None:
    """Other scales and zero points behind an average than before it take no layer of their own."""
    builder = QdqBuilder((8, 7, 7)).codes(0.0311).qconv(12, 3).codes(0.0523, 3).node("AveragePool", **attributes)
    path = builder.codes(0.0173, -20).save(tmp_path / "m.onnx")
    study = Study.of(path, None, STRICT)
    assert {layer.operation for layer in study.network.layers[1:]} <= {"mean7x7", "mean3x3"}
    for quality in measure_quality(study, floats((8, 7, 7), 24, seed=3), impacts=False):
        assert quality.distance <= 1 and quality.wrong <= max(2, 0.002 * quality.outputs)


def windows_read(stack: Stack) -> np.ndarray:
    """How often each window of a stack counts each atom: (lines * windows, atoms)."""
    last = (stack.lines - 1) * stack.line + (stack.blocks - 1) * stack.block + stack.width
    found = np.zeros((stack.lines * stack.windows, last), int)
    for line, window, block, column in np.ndindex(stack.lines, stack.windows, stack.blocks, stack.columns):
        x = window * stack.stride - stack.pad + column
        if 0 <= x < stack.width and (column < stack.counted or block == stack.blocks - 1):
            found[line * stack.windows + window, line * stack.line + block * stack.block + x] += 1
    return found


def test_stacks_read_every_element_of_a_window_once() -> None:
    """Random windows over tensors with and without gaps between lines and surfaces."""
    random, stacks = np.random.default_rng(6), 0
    while stacks < 300:
        height, width = (int(n) for n in random.integers(1, 40, 2))
        kernel = tuple(int(random.integers(1, n + 1)) if random.random() < 0.7 else n for n in (height, width))
        stride = tuple(int(random.choice([k, random.integers(1, k + 1)])) for k in kernel)
        pad = int(random.integers(0, kernel[1]))
        if pad and random.random() < 0.5:  # wider than what it sees
            kernel = (kernel[0], min(width + pad, 32))
        size = ((height - kernel[0]) // stride[0] + 1, (width + pad - kernel[1]) // stride[1] + 1)
        function = PoolFunction("average", kernel, stride, (0, pad), size)  # type: ignore[arg-type]
        line = width + int(random.choice([0, 0, 3]))
        surface = height * line + int(random.choice([0, 0, 5]))
        stack = stack_of(function, (24, height, width), line, surface)
        if stack is None:
            continue
        stacks += 1
        found = windows_read(stack)
        wanted = np.zeros_like(found)
        for place, (s, y, x) in enumerate(np.ndindex(3, *size)):
            for row, column in np.ndindex(*kernel):
                at = x * stride[1] - pad + column
                if 0 <= at < width:
                    wanted[place, s * surface + (y * stride[0] + row) * line + at] += 1
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("ratio", [0.013, 1.0, 5.7, 90.0])
@pytest.mark.parametrize("count", [4, 81, 100, 1024])
def test_weight_and_multiplier_are_exact_enough(count: int, ratio: float) -> None:
    found = average_factors(count, ratio, 14)
    assert found is not None
    code, multiplier, shift = found
    assert 0 < code <= 127 and 0 < multiplier < 1 << 15 and 0 <= shift <= 48
    assert abs(code * multiplier / 2.0**shift / (ratio / count * 2**14) - 1) * 255 < 2e-3
