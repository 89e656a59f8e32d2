"""Operators on single elements and shapes in all their forms: limits, operands, gates, reductions, axes of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from comparison import compile_and_compare, floats
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.ir import Quantisation
from cocodla.errors import UserError
from cocodla.runtime.accuracy import golden_tensors
from cocodla.runtime.quality import Study, measure_quality


def limits(builder: Builder, *values: float | None) -> list[str]:
    return ["" if value is None else builder.constant(np.float32(value)) for value in values]


def clipped(builder: Builder, low: float | None, high: float | None) -> Builder:
    return builder.conv(12, (3, 3)).node("Clip", *limits(builder, low, high))


def several(builder: Builder, operation: str, *constants: np.ndarray) -> Builder:
    """An operation on three convolutions and some constants."""
    start, channels, names = builder.last, builder.channels, []
    for _ in range(3):
        builder.last, builder.channels = start, channels
        names.append(builder.conv(9, (3, 3)).last)
    names[1:1] = [builder.constant(np.asarray(value, np.float32)) for value in constants]
    return builder.node(operation, inputs=names)


def padded(builder: Builder, pads: tuple[int, ...], value: float | None = None) -> Builder:
    return builder.node("Pad", builder.constant(np.array(pads)), *([] if value is None else limits(builder, value)))


def constant_first(builder: Builder, operation: str, value: np.ndarray) -> Builder:
    return builder.node(operation, inputs=[builder.constant(value), builder.last])


def excitation(builder: Builder) -> Builder:
    """Squeeze and excitation as exporters write it: mean without axes, fully connected layers, axes put back."""
    start = builder.conv(16, (3, 3)).node("Relu").last
    builder.node("ReduceMean", axes=[2, 3], keepdims=0)
    builder.node("Gemm", builder.constant(builder.floats(16, 8, scale=0.4))).node("Relu")
    builder.node("Gemm", builder.constant(builder.floats(8, 16, scale=0.4))).node("HardSigmoid")
    builder.node("Unsqueeze", builder.constant(np.array([2, 3])))
    return builder.node("Mul", inputs=[start, builder.last])


CASES: dict[str, tuple[tuple[int, ...], Callable[[Builder], object]]] = {
    "clip_above": ((8, 6, 6), lambda b: clipped(b, 0.2, 0.9).conv(5, (2, 2))),
    "clip_around": ((8, 6, 6), lambda b: clipped(b, -0.5, 0.7)),
    "clip_low": ((8, 6, 6), lambda b: clipped(b, -0.5, None).conv(5, (2, 2), pads=[1] * 4)),
    "clip_high": ((8, 6, 6), lambda b: clipped(b, None, 0.4)),
    "sum_of_three": ((8, 6, 6), lambda b: several(b, "Sum").node("Relu")),
    "sum_with_constant": ((8, 6, 6), lambda b: several(b, "Sum", np.array(0.3), b.floats(9, 1, 1))),
    "max_of_three": ((8, 6, 6), lambda b: several(b, "Max")),
    "min_with_constants": ((8, 6, 6), lambda b: several(b, "Min", np.array(0.3), b.floats(1, 9, 1, 1))),
    "max_with_constant": ((8, 6, 6), lambda b: b.conv(9, (3, 3)).node("Max", b.constant(b.floats(9, 1, 1)))),
    "sum_of_one": ((8, 6, 6), lambda b: b.conv(9, (3, 3)).node("Sum")),
    "hard_swish": ((8, 6, 6), lambda b: then(b.conv(16, (3, 3)).node("HardSwish"), 16).conv(5, (1, 1))),
    "abs": ((8, 6, 6), lambda b: b.conv(9, (3, 3)).node("Abs").conv(5, (1, 1))),
    "neg": ((8, 6, 6), lambda b: b.conv(9, (3, 3)).node("Neg").node("Relu")),
    "excitation": ((8, 8, 8), excitation),
    "mean_of_rows": ((12, 5, 6), lambda b: b.conv(12, (1, 1)).node("ReduceMean", axes=[2])),
    "mean_of_columns": ((12, 5, 6), lambda b: b.conv(12, (1, 1)).node("ReduceMean", axes=[-1])),
    "max_of_all": ((12, 5, 6), lambda b: b.node("ReduceMax", axes=[2, 3], keepdims=0).gemm(12, 5)),
    "sum_of_all": ((12, 5, 6), lambda b: b.node("ReduceSum", b.constant(np.array([2, 3])), keepdims=0).gemm(12, 5)),
    "squeeze": (
        (12, 5, 6),
        lambda b: b.node("GlobalMaxPool")
        .node("Squeeze", b.constant(np.array([2, 3])))
        .node("Unsqueeze", b.constant(np.array([2, -1]))).conv(12, (1, 1)),
    ),
    "transpose_of_ones": (
        (12, 5, 6),
        lambda b: b.node("GlobalMaxPool").node("Transpose", perm=[0, 2, 3, 1])
        .node("Reshape", b.constant(np.array([0, 12, 1, 1]))).conv(12, (1, 1)).node("Flatten"),
    ),
    "pad_value": ((12, 5, 6), lambda b: padded(b.conv(12, (1, 1)), (0, 0, 1, 2, 0, 0, 0, 3), 0.7)),
    "pad_value_alone": ((12, 5, 6), lambda b: padded(b, (0, 0, 1, 2, 0, 0, 0, 3), -1.5).node("Relu")),
    "pad_channels": ((12, 5, 6), lambda b: padded(b.conv(12, (1, 1)), (0, 3, 0, 1, 0, 2, 1, 0), 0.0)),
    "pad_all": ((12, 5, 6), lambda b: then(padded(b, (0, 1, 0, 1, 0, 9, 1, 0), 0.3), 22).conv(5, (2, 2))),
    "pad_and_cut": ((24, 5, 6), lambda b: padded(b.conv(24, (1, 1)), (0, -8, -1, 1, 0, 0, 2, -2), 0.0)),
    "pad_many_channels": (
        (48, 9, 8), lambda b: padded(b.node("MaxPool", kernel_shape=[2, 2]), (0, 0, 1, 2, 0, 0, 0, 3)),
    ),
    "clip_to_infinity": ((8, 6, 6), lambda b: clipped(b, 0.1, np.inf)),
    "affine_alone": (
        (20, 5, 6), lambda b: b.node("MaxPool", kernel_shape=[2, 2]).node("Mul", b.constant(b.floats(20, 1, 1)))
        .node("Add", b.constant(b.floats(20, 1, 1, scale=5))).node("Relu"),
    ),
    "leaky_alone": ((20, 5, 6), lambda b: b.node("LeakyRelu", alpha=0.2).node("MaxPool", kernel_shape=[2, 2])),
    "prelu_alone": (
        (20, 5, 6),
        lambda b: b.node("Mul", b.constant(b.floats(20, 1, 1))).node("MaxPool", kernel_shape=[2, 2])
        .node("PRelu", b.constant(b.floats(20, 1, 1))),
    ),
    "clip_alone": ((20, 5, 6), lambda b: b.node("MaxPool", kernel_shape=[2, 2]).node("Clip", *limits(b, 0, 0.5))),
    "sum_by_element": (
        (12, 5, 6), lambda b: b.conv(12, (1, 1)).node("Add", b.constant(b.floats(12, 5, 6, scale=4))).node("Relu"),
    ),
    "sum_by_position": ((12, 5, 6), lambda b: b.conv(12, (1, 1)).node("Sub", b.constant(b.floats(1, 1, 5, 6)))),
    "from_constant": ((12, 5, 6), lambda b: constant_first(b.conv(12, (1, 1)), "Sub", b.floats(5, 1))),
    "product_by_element": ((12, 5, 6), lambda b: b.conv(12, (1, 1)).node("Mul", b.constant(b.floats(12, 5, 6)))),
    "quotient_by_column": (
        (12, 5, 6), lambda b: b.conv(12, (1, 1)).node("Div", b.constant(np.abs(b.floats(6)) + 0.5)).node("Relu"),
    ),
    "sum_of_vectors": (
        (20,),
        lambda b: b.node("Gemm", b.constant(b.floats(20, 20))).node("Add", "image").node("Relu").gemm(20, 4),
    ),
}  # fmt: skip


NEARLY_IDEAL = ("affine_alone", "prelu_alone", "sum_by_element", "product_by_element", "quotient_by_column")


def then(builder: Builder, channels: int) -> Builder:
    builder.channels = channels
    return builder


@pytest.mark.parametrize("case", CASES)
def test_elementwise(case: str, tmp_path: Path) -> None:
    shape, build = CASES[case]
    builder = Builder(shape, seed=6, opset=14)
    build(builder)
    options = CompileOptions(strict=True, asymmetric=len(case) % 2 == 1)
    path = builder.save(tmp_path / "m.onnx")
    compile_and_compare(path, floats(shape), options)
    if case in NEARLY_IDEAL:
        (layer,) = measure_quality(Study.of(path, floats(shape, 40), options), floats(shape, 40, seed=5))[-1:]
        assert layer.distance <= 1 and layer.differing <= 0.002, layer


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda b: clipped(b, 2, 1), "Clip.*limits must rise, they are 2 and 1"),
        (lambda b: clipped(b, np.nan, 1), "Clip.*limits must be numbers, they are nan and 1"),
        (lambda b: b.conv(8, (1, 1)).node("ReduceMean", axes=[1]), "ReduceMean.*axes must be 2 and 3"),
        (lambda b: b.conv(8, (1, 1)).node("ReduceMean", axes=[2], keepdims=0), "ReduceMean.*keepdims = 0"),
        (lambda b: b.conv(8, (1, 1)).node("Transpose", perm=[0, 1, 3, 2]), "Transpose.*perm must keep the order"),
    ],
)
def test_refused(build: Callable[[Builder], object], words: str, tmp_path: Path) -> None:
    builder = Builder((8, 6, 6))
    build(builder)
    with pytest.raises(UserError, match=words):
        compile_model(builder.save(tmp_path / "m.onnx"), floats((8, 6, 6)), CompileOptions(strict=True))


def test_difference_finer_than_the_multiplier(tmp_path: Path) -> None:
    """An operand step is hundreds of output steps: a ratio of 16 bits would be steps off, so the host subtracts."""
    builder, weight = Builder((8, 6, 6)), np.random.default_rng(1).normal(size=(9, 8, 1, 1)).astype(np.float32)
    parts = [
        builder.node("Conv", builder.constant(weight * np.float32(factor)), inputs=["image", f"c{index}"]).last
        for index, factor in enumerate((1, 0.9992))
    ]
    path = builder.node("Sub", inputs=parts).save(tmp_path / "m.onnx")
    images = floats((8, 6, 6))
    network = compile_model(path, images)
    reasons = [placement["reason"] for placement in network.meta["host"]]
    assert len(reasons) == 1 and "with a 16-bit multiplier outputs would be" in reasons[0]
    codes = golden_tensors(network, images)
    meanings = [Quantisation(network.tensors[name].scale, network.tensors[name].zero) for name in parts]
    values = [meaning.dequantise(codes[name]) for name, meaning in zip(parts, meanings, strict=True)]
    np.testing.assert_allclose(network.golden_batch(images), values[0] - values[1], atol=1e-6)
