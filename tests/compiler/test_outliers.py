"""Constants far beyond all values: padding that maxima never take, masks, limits that are none."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, Network, compile_model, compile_whole
from cocodla.compiler.ir import Conv, Pool
from cocodla.compiler.original import outputs_of

LOWEST = [-1e4, -65504.0, float(np.finfo(np.float32).min), -np.inf]
IMAGES = np.random.default_rng(4).normal(size=(8, 3, 16, 16)).astype(np.float32)


def padded(value: float, pads: list[int], kernel: int = 3, stride: int = 2, relu: bool = False) -> Builder:
    builder = Builder((3, 16, 16)).conv(8, (3, 3), pads=[1, 1, 1, 1])
    if relu:
        builder.node("Relu")
    top, left, bottom, right = pads
    amounts = builder.constant(np.array([0, 0, top, left, 0, 0, bottom, right]))
    builder.node("Pad", amounts, builder.constant(np.float32(value)))
    return builder.node("MaxPool", kernel_shape=[kernel] * 2, strides=[stride] * 2).conv(5, (3, 3))


def decibels(network: Network, path: Path, images: np.ndarray = IMAGES) -> float:
    model = onnx.load(path)
    name = model.graph.output[0].name
    wanted = outputs_of(model, [name], images)[name].astype(np.float64)
    error = network.golden_batch(images).reshape(wanted.shape) - wanted
    return float(10 * np.log10((wanted**2).sum() / (error**2).sum()))


@pytest.mark.parametrize("value", LOWEST)
@pytest.mark.parametrize("pads", [[1, 1, 1, 1], [0, 0, 1, 1], [2, 1, 0, 2]])
def test_lowest_values_are_the_pooling_s_own_padding(value: float, pads: list[int], tmp_path: Path) -> None:
    path = padded(value, pads).save(tmp_path / "m.onnx")
    network = compile_model(path, IMAGES)
    assert network.meta["host"] == [] and decibels(network, path) > 30
    graph = compile_whole(path, IMAGES).graph
    assert [type(node) for node in graph.nodes if not isinstance(node, Pool)] == [Conv, Conv]


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_zeros_behind_relu_are_padding(value: float, tmp_path: Path) -> None:
    path = padded(value, [1, 1, 1, 1], relu=True).save(tmp_path / "m.onnx")
    graph = compile_whole(path, IMAGES).graph
    assert [type(node) for node in graph.nodes if not isinstance(node, Pool)] == [Conv, Conv]
    assert decibels(compile_model(path, IMAGES), path) > 30


def test_values_that_a_maximum_takes_stay(tmp_path: Path) -> None:
    path = padded(0.0, [1, 1, 1, 1]).save(tmp_path / "m.onnx")
    graph = compile_whole(path, IMAGES).graph
    assert len([node for node in graph.nodes if isinstance(node, Conv)]) == 3
    assert decibels(compile_model(path, IMAGES), path) > 30


@pytest.mark.parametrize("value", LOWEST[2:])
def test_windows_of_padding_alone_are_the_host_s(value: float, tmp_path: Path) -> None:
    """A window of nothing but the value gives the value: no code stands for it. The network's end takes it away."""
    builder = Builder((3, 16, 16)).conv(8, (3, 3), pads=[1, 1, 1, 1])
    amounts = builder.constant(np.array([0, 0, 2, 2, 0, 0, 0, 0]))
    builder.node("Pad", amounts, builder.constant(np.float32(value)))
    builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).node("Relu").conv(5, (3, 3))
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, IMAGES)
    assert "must be finite" in network.meta["host"][0]["reason"] and decibels(network, path) > 25


@pytest.mark.parametrize("value", [*LOWEST, -1e9])
@pytest.mark.parametrize("kind", ["Add", "Sub"])
def test_masks(value: float, kind: str, tmp_path: Path) -> None:
    """Some elements are taken out of sight before a Softmax."""
    builder = Builder((3, 16, 16)).conv(8, (3, 3), pads=[1, 1, 1, 1])
    mask = np.where(np.triu(np.ones((16, 16)), 1) > 0, np.float32(value if kind == "Add" else -value), np.float32(0))
    builder.node(kind, builder.constant(mask[None, None])).node("Softmax", axis=-1)
    path = builder.conv(5, (1, 1)).save(tmp_path / "m.onnx")
    network = compile_model(path, IMAGES)
    assert decibels(network, path) > 25
    assert any(re.search("mask|infin", entry["reason"]) for entry in network.meta["host"])


@pytest.mark.parametrize("low", [None, *LOWEST[2:], 0.0])
@pytest.mark.parametrize("high", [None, np.inf, float(np.finfo(np.float32).max), 1.5])
def test_limits(low: float | None, high: float | None, tmp_path: Path) -> None:
    builder = Builder((3, 16, 16)).conv(8, (3, 3), pads=[1, 1, 1, 1])
    limits = ["" if limit is None else builder.constant(np.float32(limit)) for limit in (low, high)]
    path = builder.node("Clip", *limits).conv(5, (3, 3)).save(tmp_path / "m.onnx")
    network = compile_model(path, IMAGES)
    assert network.meta["host"] == [] and decibels(network, path) > 28
    assert len(network.layers) <= 2 + (low != 0.0 and high == 1.5)


@pytest.mark.parametrize("value", [1e4, 3.3e38, np.inf])
@pytest.mark.parametrize("kind", ["Max", "Min", "Sum", "Mul", "Where"])
def test_no_traceback(kind: str, value: float, tmp_path: Path) -> None:
    """Whatever a huge constant does: a network, or one line."""
    from cocodla.errors import UserError

    builder = Builder((3, 16, 16)).conv(8, (3, 3))
    constant = builder.constant(np.float32(value))
    if kind == "Where":
        mask = builder.constant(np.arange(8).reshape(8, 1, 1) > 3)
        builder.node(kind, inputs=[mask, builder.last, constant])
    else:
        builder.node(kind, constant)
    path = builder.conv(5, (1, 1)).save(tmp_path / "m.onnx")
    try:
        compile_model(path, IMAGES, CompileOptions())
    except UserError as error:
        assert "\n" not in str(error)
