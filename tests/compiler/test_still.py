"""Tensors that never vary: folded where a sum or a product reads them, computed exactly elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.errors import UserError
from cocodla.nets.builder import Builder

FAST = CompileOptions(effort="fast")


def images(count: int = 16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 3, 8, 8)).astype(np.float32)


def dead(net: Builder, kernels: int, value: float = 0.0) -> Builder:
    """A convolution and ReLU whose outputs all are `value`."""
    weight = net.constant(np.zeros((kernels, net.channels, 3, 3), np.float32))
    net.channels = kernels
    return net.node("Conv", weight, net.constant(np.full(kernels, value, np.float32)), pads=[1] * 4).node("Relu")


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("value", [0.0, 0.75])
@pytest.mark.parametrize("first", [False, True])
def test_operands_that_never_vary(kind: str, value: float, first: bool, tmp_path: Path) -> None:
    net = Builder((3, 8, 8)).conv(8, (3, 3), pads=[1] * 4).node("Relu")
    trunk = net.last
    still = dead(net, 8, value).last
    net.node(kind, inputs=[still, trunk] if first else [trunk, still])
    joined = net.last
    net.conv(8, (1, 1))
    net.node("Add", inputs=[net.last, joined if kind != "Mul" or value else trunk])
    network = compile_model(net.save(tmp_path / "net.onnx"), images(), FAST)
    wanted = outputs_of(net.model(), [net.last], images())[net.last]
    got = network.golden_batch(images())
    assert np.square(got - wanted).mean() < 1e-3 * np.square(wanted).mean()
    if kind != "Mul" or value:
        assert any("folded" in line for line in network.meta["warnings"])
        assert not any(layer.name.startswith("conv2") for layer in network.layers)  # the one without effect


@pytest.mark.parametrize("value", [0.0, 0.3, 2.0])
def test_convolutions_of_what_never_varies(value: float, tmp_path: Path) -> None:
    net = Builder((3, 8, 8)).conv(8, (3, 3), pads=[1] * 4).node("Relu")
    trunk = net.last
    dead(net, 8, value).conv(8, (3, 3), pads=[1] * 4)
    net.node("Add", inputs=[trunk, net.last])
    network = compile_model(net.save(tmp_path / "net.onnx"), images(), FAST)
    wanted = outputs_of(net.model(), [net.last], images())[net.last]
    assert np.square(network.golden_batch(images()) - wanted).mean() < 1e-3 * np.square(wanted).mean()
    assert any("never varies" in line for line in network.meta["warnings"])


def test_outputs_that_never_vary_are_refused(tmp_path: Path) -> None:
    net = Builder((3, 8, 8)).conv(8, (3, 3), pads=[1] * 4).node("Relu")
    with pytest.raises(UserError, match="never varies"):
        compile_model(dead(net, 8).save(tmp_path / "net.onnx"), images(), FAST)


def test_data_that_never_vary_are_named(tmp_path: Path) -> None:
    """It is the input that is told of, whatever else stands still because of it."""
    net = Builder((3, 8, 8)).conv(8, (3, 3), pads=[1] * 4).node("Relu").conv(4, (1, 1))
    with pytest.raises(UserError, match=r"the model's input 'image' is 0\.25 for all calibration data"):
        compile_model(net.save(tmp_path / "net.onnx"), np.full((4, 3, 8, 8), 0.25, np.float32), FAST)
