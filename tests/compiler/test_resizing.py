"""Linear Resize as a convolution, Pad with what is in the tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.original import outputs_of


def agrees(builder: Builder, shape: tuple[int, ...], path: Path, least: float = 28) -> Network:
    file = builder.save(path / "m.onnx")
    images = np.random.default_rng(3).normal(size=(6, *shape)).astype(np.float32)
    network = compile_model(file, images, CompileOptions(strict=True))
    model = onnx.load(file)
    name = model.graph.output[0].name
    wanted = outputs_of(model, [name], images)[name].astype(np.float64)
    error = network.golden_batch(images).reshape(wanted.shape) - wanted
    assert 10 * np.log10((wanted**2).sum() / (error**2).sum()) > least
    return network


def resized(shape: tuple[int, ...], size: tuple[int, int], counting: str, mode: str = "linear") -> Builder:
    builder = Builder(shape, opset=18).conv(shape[0], (1, 1)).node("Relu")
    sizes = builder.constant(np.array([1, shape[0], *size]))
    builder.node("Resize", "", "", sizes, mode=mode, coordinate_transformation_mode=counting)
    return builder


@pytest.mark.parametrize("channels", [3, 8, 24])
@pytest.mark.parametrize("counting", ["half_pixel", "asymmetric", "pytorch_half_pixel"])
@pytest.mark.parametrize("factors", [(2, 2), (3, 3), (4, 2), (1, 2)])
def test_up_by_whole_factors(channels: int, counting: str, factors: tuple[int, int], tmp_path: Path) -> None:
    size = (7 * factors[0], 6 * factors[1])
    agrees(resized((channels, 7, 6), size, counting), (channels, 7, 6), tmp_path)


@pytest.mark.parametrize("size", [(13, 11), (19, 6)])
def test_up_between_corners(size: tuple[int, int], tmp_path: Path) -> None:
    agrees(resized((8, 7, 6), size, "align_corners"), (8, 7, 6), tmp_path)


@pytest.mark.parametrize("counting", ["half_pixel", "asymmetric"])
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_down_by_whole_factors(counting: str, factor: int, tmp_path: Path) -> None:
    builder = resized((8, 24, 12), (24 // factor, 12 // factor), counting)
    assert len(agrees(builder, (8, 24, 12), tmp_path).layers) <= 2


def test_other_factors_are_named(tmp_path: Path) -> None:
    builder = resized((8, 7, 6), (10, 9), "half_pixel").conv(4, (1, 1))
    images = np.random.default_rng(3).normal(size=(6, 8, 7, 6)).astype(np.float32)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images)
    assert "7 rows become 10 by no whole factor" in network.meta["host"][0]["reason"]


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
@pytest.mark.parametrize("pads", [[1, 1, 1, 1], [0, 3, 2, 0], [3, 0, 3, 0], [0, 0, 0, 2]])
@pytest.mark.parametrize("channels", [3, 16])
def test_pads_of_the_tensor_itself(mode: str, pads: list[int], channels: int, tmp_path: Path) -> None:
    builder = Builder((channels, 7, 6), opset=19).conv(channels, (1, 1)).node("Relu")
    top, left, bottom, right = pads
    builder.node("Pad", builder.constant(np.array([0, 0, top, left, 0, 0, bottom, right])), mode=mode)
    agrees(builder.conv(5, (3, 3)), (channels, 7, 6), tmp_path)


def test_pads_of_the_input(tmp_path: Path) -> None:
    """The first layer of networks that restore images."""
    builder = Builder((3, 9, 8)).node("Pad", "amounts", mode="reflect")
    builder.initializers.append(onnx.numpy_helper.from_array(np.array([0, 0, 3, 3, 0, 0, 3, 3]), "amounts"))
    agrees(builder.conv(8, (7, 7)), (3, 9, 8), tmp_path)
