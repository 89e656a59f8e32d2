"""Networks with local response normalisation on the RTL, every tensor equal to the golden model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from cocodla import zoo
from cocodla.compiler import CompileOptions, compile_model
from cocodla.nets.builder import Builder
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network


def test_alexnet_in_small(tmp_path: Path) -> None:
    """Two normalisations with tables of their own, two images in flight: tables change while others compute."""
    path = tmp_path / "alexnet.onnx"
    onnx.save(zoo.alexnet(67, seed=1, width=1 / 16, classes=10), path)
    pictures = np.random.default_rng(1).integers(0, 256, (6, 3, 67, 67), dtype=np.uint8)
    network = compile_model(path, pictures, CompileOptions(pixel_scale=1.0))
    run = verify_network(network, pictures[:2], np.zeros(2), rtl.Simulation(seed=1))
    assert run.passed, run.first_mismatch or run.failures
    assert [layer.operation for layer in run.layers].count("lrn5") == 2


@pytest.mark.parametrize("asymmetric", [False, True])
def test_neighbouring_layers_with_different_tables(asymmetric: bool, tmp_path: Path) -> None:
    """The second one's tables wait for the first one; 13 channels, a wide picture, a slow memory; beside a Concat."""
    builder = Builder((13, 3, 150), 3).conv(13, (1, 1)).node("Relu")
    builder.node("LRN", size=9, alpha=4.0).node("LRN", size=3, alpha=3.0, beta=1.0)
    first = builder.conv(16, (1, 1)).node("LRN", size=7, alpha=1.0, beta=0.5, bias=2.0).last
    builder.node("Concat", inputs=[first, "t1"], axis=1)
    images = np.abs(np.random.default_rng(1).normal(size=(4, 13, 3, 150))).astype(np.float32)
    options = CompileOptions(asymmetric=asymmetric)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, options)
    memory = rtl.MemoryModel(latency=20, jitter=30, stall=60, reorder=True)
    run = verify_network(network, images[:3], np.zeros(3), rtl.Simulation(seed=2, memory=memory))
    assert run.passed, run.first_mismatch or run.failures
    assert [layer.operation[:3] for layer in run.layers].count("lrn") == 3
