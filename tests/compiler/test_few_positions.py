"""Convolutions of few positions over a large input: reductions are split so that weights are fetched once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.golden.run import run
from cocodla.nets.builder import Builder
from cocodla.report.efficiency import together, uses_of

KERNELS = 16


def stacked(pictures: int, folder: Path, channels: int = 512) -> tuple[Network, Builder, np.ndarray]:
    """A fully connected layer on 7 x 7 features of pictures one below the other, and inputs of it."""
    shape = (channels, 7 * pictures, 7)
    builder = Builder(shape, 9, batch=1).conv(KERNELS, (7, 7), strides=[7, 7]).node("Relu")
    images = np.maximum(np.random.default_rng(1).normal(size=(3, *shape)), 0).astype(np.float32)
    options = CompileOptions(effort="fast", images_in_flight=1, strict=True, adaptive_rounding=False)
    return compile_model(builder.save(folder / "m.onnx"), images[:2], options), builder, images[2:]


@pytest.mark.parametrize("pictures", [1, 8, 16])
def test_weights_are_fetched_once(pictures: int, tmp_path: Path) -> None:
    network, builder, images = stacked(pictures, tmp_path)
    use = together("all", uses_of(network))
    weights = KERNELS * 512 * 49 // 8
    data = 64 * 49 * pictures
    assert weights + data <= use.read_beats < 1.05 * (weights + data)
    assert use.mac_cycles == weights * pictures // 8  # all positions of a weight set at once
    made = network.golden_batch(images)
    exact = outputs_of(builder.model(), [network.outputs[0].name], images)[network.outputs[0].name]
    assert 10 * np.log10((exact**2).sum() / ((exact - made) ** 2).sum()) > 28
    execution = run(network.program(images))
    assert execution.passed
    np.testing.assert_array_equal(network.decode(execution, 1), made)


def test_layers_with_enough_positions_stay_whole(tmp_path: Path) -> None:
    """Bands of a 13 x 13 map keep the multipliers busy, and a single layer is more exact than a sum."""
    builder = Builder((1024, 13, 13), 9, batch=1).conv(16, (3, 3), pads=[1] * 4)
    images = np.random.default_rng(1).normal(size=(2, 1024, 13, 13)).astype(np.float32)
    options = CompileOptions(effort="fast", images_in_flight=1, adaptive_rounding=False)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, options)
    assert len(network.layers) > 1 and not any("/sum" in layer.name for layer in network.layers)
