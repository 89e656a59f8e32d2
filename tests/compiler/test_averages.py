"""Average poolings whose windows have different divisors: parts in place on PDP, or a multiplier by position."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from comparison import compile_and_compare, floats
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.quantisation.averages import position_factors
from cocodla.errors import UserError
from cocodla.runtime.quality import Study, measure_quality

CASES: dict[str, tuple[tuple[int, ...], dict[str, object], set[str]]] = {
    # shape, AveragePool, operations
    "3x3": ((20, 7, 8), {"kernel_shape": [3, 3], "pads": [1] * 4}, {"averagepool3x3", "averagepool2x3"}),
    "3x3/2": ((9, 9, 8), {"kernel_shape": [3, 3], "pads": [1] * 4, "strides": [2, 2]}, {"averagepool3x2"}),
    "3x1": ((9, 9, 8), {"kernel_shape": [3, 1], "pads": [1, 0, 1, 0]}, {"averagepool2x1"}),
    "2x2_behind": ((8, 6, 6), {"kernel_shape": [2, 2], "pads": [0, 0, 1, 1]}, {"averagepool1x1"}),
    "5x5": ((20, 9, 8), {"kernel_shape": [5, 5], "pads": [2] * 4}, {"mean5x5"}),
    "7x7/3": ((24, 12, 13), {"kernel_shape": [7, 7], "pads": [3] * 4, "strides": [3, 2]}, {"mean7x7"}),
    "ceil": (
        (8, 9, 8),
        {"kernel_shape": [3, 3], "strides": [2, 3], "ceil_mode": 1, "pads": [1, 0, 0, 0]},
        {"averagepool2x3"},
    ),
    "ceil_include_pad": (
        (8, 9, 8),
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1] * 4, "count_include_pad": 1},
        {"mean3x3"},
    ),
    "all_in_one": ((16, 3, 3), {"kernel_shape": [5, 5], "pads": [1] * 4}, {"fc5"}),
    "one_position": ((16, 11, 10), {"kernel_shape": [13, 12], "pads": [1] * 4}, {"fc5"}),
    "same": ((8, 9, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, {"averagepool2x3"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_padding_does_not_count(case: str, tmp_path: Path) -> None:
    shape, attributes, operations = CASES[case]
    before = ("Relu", "Clip", "")[list(CASES).index(case) % 3]
    builder = Builder(shape, seed=2).conv(shape[0], (1, 1))
    if before:
        builder.node(before, *(builder.constant(np.float32(v)) for v in (0, 0.8) if before == "Clip"))
    builder.node("AveragePool", **attributes).conv(5, (1, 1))
    options = CompileOptions(strict=True, asymmetric=before == "Relu")
    path = builder.save(tmp_path / "m.onnx")
    network = compile_and_compare(path, floats(shape), options)
    assert operations <= {layer.operation for layer in network.layers}
    assert sum(layer.operation.startswith(("conv1x1", "fc")) for layer in network.layers) == 2
    for layer in measure_quality(Study.of(path, floats(shape), options), floats(shape, 16, seed=9)):
        if "average" in layer.operation or "mean" in layer.operation:
            assert layer.distance <= 1
            assert layer.differing <= 0.002


@pytest.mark.parametrize(
    "window", [{"dilations": [3, 3]}, {"strides": [3, 2]}, {"strides": [9, 1], "dilations": [1, 40]}]
)
def test_one_element_is_read_at_any_stride_and_dilation(window: dict[str, list[int]], tmp_path: Path) -> None:
    """The kernel that also averages has neither, whatever the 1x1 convolution behind the average says."""
    builder = Builder((1, 17, 3)).node("ReduceMean", axes=[2, 3], keepdims=1)
    path = builder.conv(3, (1, 1), **window).save(tmp_path / "m.onnx")
    network = compile_and_compare(path, floats((1, 17, 3)), CompileOptions(strict=True))
    assert [layer.operation for layer in network.layers] == ["fc3"]


def test_a_kernel_too_large_for_any_unit_is_named(tmp_path: Path) -> None:
    builder = Builder((8, 40, 40)).conv(8, (1, 1)).node("AveragePool", kernel_shape=[34, 3], pads=[5, 1, 5, 1])
    with pytest.raises(UserError, match=r"AveragePool.*\(34, 3\)"):
        compile_model(builder.save(tmp_path / "m.onnx"), floats((8, 40, 40)), CompileOptions(strict=True))


LONG = {
    # shape, operator and attributes, size behind it
    "rows_and_columns": ((16, 37, 80), "GlobalAveragePool", {}),
    "columns": ((9, 3, 48), "GlobalAveragePool", {}),
    "kernel": ((8, 40, 6), "AveragePool", {"kernel_shape": [40, 3], "strides": [1, 2]}),
    "one_axis": ((8, 5, 101), "ReduceMean", {"axes": [3]}),
}


@pytest.mark.parametrize("asymmetric", [True, False])
@pytest.mark.parametrize("case", LONG)
def test_averages_of_long_lines(case: str, asymmetric: bool, tmp_path: Path) -> None:
    """Longer than any kernel: in blocks or in two steps, on the accelerator, as good as one."""
    shape, kind, attributes = LONG[case]
    builder = Builder(shape, seed=4).conv(shape[0], (1, 1)).node("Relu").node(kind, **attributes).conv(5, (1, 1))
    options = CompileOptions(strict=True, asymmetric=asymmetric)
    path = builder.save(tmp_path / "m.onnx")
    compile_and_compare(path, floats(shape), options)
    layers = measure_quality(Study.of(path, floats(shape), options), floats(shape, 16, seed=9), impacts=False)
    assert max(layer.distance for layer in layers) <= 1
    average = [layer for layer in layers if layer.operation.startswith("mean")][-1]
    assert average.differing <= 0.002 and average.total.sqnr > 30


@pytest.mark.parametrize("zero", [0, -128])
def test_position_multipliers_are_exact_for_every_sum(zero: int) -> None:
    """All sums that windows of up to 81 elements can have, divided by every count, are rounded as the ideal mean."""

    def rounded(value: np.ndarray, divisor: int) -> np.ndarray:
        return np.sign(value) * ((2 * np.abs(value) + divisor) // (2 * divisor))

    divisors = np.arange(4, 82)
    factors = position_factors(divisors.astype(np.float64), 14)
    assert factors is not None
    for count, first, second in zip(divisors, *factors[:2], strict=True):
        sums = np.arange((-128 - zero) * count, (127 - zero) * count + 1)
        z = rounded(sums * first * second, 1 << factors[2])
        assert np.abs(sums * first).max() < 1 << 31 and max(first, second) < 1 << 15
        np.testing.assert_array_equal(rounded(z + (zero << 14), 1 << 14), rounded(sums + zero * count, count))


def test_divisors_that_differ_too_much() -> None:
    assert position_factors(np.array([1.0, 1021.0]), 14, 3e4) is None
