"""Channels in another order: swapped colours, shuffles, selections, in all the ways exporters write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model, compile_whole
from cocodla.compiler.ir import Conv, Slice
from cocodla.compiler.original import outputs_of

PICTURES = np.random.default_rng(8).integers(0, 256, (6, 3, 10, 10)).astype(np.uint8)


def gathered(builder: Builder, *order: int) -> Builder:
    return builder.node("Gather", builder.constant(np.array(order)), axis=1)


def sliced(builder: Builder, begin: int, end: int, step: int) -> Builder:
    return builder.node("Slice", *(builder.constant(np.array([value])) for value in (begin, end, 1, step)))


def split(builder: Builder, count: int, order: list[int]) -> Builder:
    """Split into equal parts that Concat joins in another order."""
    builder.node("Split", axis=1)
    parts = [builder.last, *(f"{builder.last}/{index}" for index in range(1, count))]
    builder.nodes[-1].output.extend(parts[1:])
    return builder.node("Concat", inputs=[parts[index] for index in order], axis=1)


FLIPS: dict[str, Callable[[Builder], Builder]] = {
    "gather": lambda b: gathered(b, 2, 1, 0),
    "negative indices": lambda b: gathered(b, -1, -2, -3),
    "slice": lambda b: sliced(b, -1, -(1 << 60), -1),
    "slice from 2": lambda b: sliced(b, 2, -4, -1),
    "split": lambda b: split(b, 3, [2, 1, 0]),
    "turn": lambda b: gathered(b, 1, 2, 0),
    "scaled before": lambda b: gathered(b.node("Mul", b.constant(np.float32(1 / 255))), 2, 1, 0),
    "scaled behind": lambda b: split(b, 3, [2, 1, 0]).node("Sub", b.constant(b.floats(3, 1, 1) + np.float32(100))),
}


def decibels(path: Path, images: np.ndarray, options: CompileOptions | None = None) -> float:
    network = compile_model(path, images, options or CompileOptions(strict=True))
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = outputs_of(model, [name], images)[name].astype(np.float64)
    error = network.golden_batch(images).reshape(wanted.shape) - wanted
    return float(10 * np.log10((wanted**2).sum() / (error**2).sum()))


@pytest.mark.parametrize("flip", FLIPS)
def test_swapped_colours_are_in_the_weights(flip: str, tmp_path: Path) -> None:
    path = FLIPS[flip](Builder((3, 10, 10))).conv(8, (3, 3)).node("Relu").save(tmp_path / "m.onnx")
    assert decibels(path, PICTURES) > 30
    graph = compile_whole(path, PICTURES).graph
    assert [type(node) for node in graph.nodes] == [Conv]


def test_an_order_behind_a_convolution_is_in_its_weights(tmp_path: Path) -> None:
    builder = Builder((3, 10, 10)).conv(6, (3, 3)).node("Relu")
    path = gathered(builder, 3, 5, 0, 1, 4, 2).node("MaxPool", kernel_shape=[2, 2]).save(tmp_path / "m.onnx")
    assert decibels(path, PICTURES) > 30
    graph = compile_whole(path, PICTURES).graph
    assert len(graph.nodes) <= 2


@pytest.mark.parametrize("order", [[1], [0, 2], [2, 2, 1], [0, 1]])
def test_selections(order: list[int], tmp_path: Path) -> None:
    builder = gathered(Builder((3, 10, 10)), *order)
    builder.channels = len(order)
    path = builder.conv(5, (3, 3)).save(tmp_path / "m.onnx")
    assert decibels(path, PICTURES) > 30


def merged_shuffle(builder: Builder, channels: int, height: int, width: int) -> Builder:
    """The shuffle of ShuffleNetV2 with the batch among the channels, of which both halves go on apart."""
    builder.node("Reshape", builder.constant(np.array([channels // 2, 2, height * width])))
    builder.node("Transpose", perm=[1, 0, 2])
    builder.node("Reshape", builder.constant(np.array([2, -1, channels // 2, height, width])))
    both = builder.last
    builder.node("Gather", builder.constant(np.array(0)), inputs=[both, "zero"], axis=0)
    first = builder.last
    builder.initializers.append(onnx.numpy_helper.from_array(np.array(0), "zero"))
    builder.initializers.append(onnx.numpy_helper.from_array(np.array(1), "one"))
    builder.node("Gather", inputs=[both, "one"], axis=0)
    builder.channels = channels // 2
    builder.conv(channels // 2, (1, 1)).node("Relu")
    return builder.node("Concat", inputs=[first, builder.last], axis=1)


@pytest.mark.parametrize("channels", [16, 24, 48])
def test_a_shuffle_with_the_batch_among_the_channels(channels: int, tmp_path: Path) -> None:
    path = merged_shuffle(Builder((3, 10, 10)).conv(channels, (3, 3)), channels, 8, 8).save(tmp_path / "m.onnx")
    assert decibels(path, PICTURES) > 28


def test_both_halves_of_a_shuffle_come_out_of_one_layer(tmp_path: Path) -> None:
    """The layer before makes its channels as both want them."""
    path = merged_shuffle(Builder((3, 10, 10)).conv(32, (3, 3)), 32, 8, 8).save(tmp_path / "m.onnx")
    graph = compile_whole(path, PICTURES).graph
    assert len([node for node in graph.nodes if isinstance(node, Conv)]) == 2
    assert any(isinstance(node, Slice) for node in graph.nodes)


def test_focus_is_one_layer(tmp_path: Path) -> None:
    """Four Slices with a step, joined: blocks of pixels become channels."""
    builder = Builder((3, 12, 12))
    parts = []
    for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
        values = ([row, column], [1 << 60, 1 << 60], [2, 3], [2, 2])
        builder.node("Slice", inputs=["image", *(builder.constant(np.array(v)) for v in values)])
        parts.append(builder.last)
    builder.node("Concat", inputs=parts, axis=1)
    builder.channels = 12
    path = builder.conv(8, (3, 3)).save(tmp_path / "m.onnx")
    images = np.random.default_rng(3).normal(size=(6, 3, 12, 12)).astype(np.float32)
    assert decibels(path, images) > 28
    graph = compile_whole(path, images).graph
    assert len(graph.nodes) == 2


VECTORS: dict[str, Callable[[Builder], Builder]] = {
    "split": lambda b: joined(b, b.node("Split", b.constant(np.array([8, 4])), axis=1)),
    "split unaligned": lambda b: joined(b, b.node("Split", b.constant(np.array([5, 7])), axis=-1)),
    "slice": lambda b: then(sliced(b, 8, 12, 1), 4),
    "gather": lambda b: then(gathered(b, 3, 4, 5), 3),
}


def joined(builder: Builder, split: Builder) -> Builder:
    """Both parts of a vector in the other order."""
    split.nodes[-1].output.append("rest")
    return then(builder.node("Concat", inputs=["rest", split.last], axis=1), 12)


def then(builder: Builder, features: int) -> Builder:
    return builder.node("Gemm", builder.constant(builder.floats(features, 4)))


@pytest.mark.parametrize("case", VECTORS)
def test_parts_of_vectors(case: str, tmp_path: Path) -> None:
    path = VECTORS[case](Builder((3, 10, 10)).gemm(300, 12).node("Relu")).save(tmp_path / "m.onnx")
    assert decibels(path, PICTURES) > 28
