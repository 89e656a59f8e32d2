"""Every kind of layer on the RTL: each tensor equal to the golden model (equal to the integer oracle elsewhere)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import CASES
from comparison import floats, pixels
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network

LONG = ("row_bands", "row_bands_pool", "column_bands", "image_row_bands")
"""Cases of more than 250,000 cycles for two images; `make nets` has bands of all kinds (path_bands, tiny_yolo)."""


@pytest.mark.parametrize("case", [case for case in CASES if case not in LONG])
def test_layer_on_rtl(case: str, tmp_path: Path) -> None:
    """Every second case with zero points."""
    shape, build = CASES[case]
    builder = Builder(shape, seed=3)
    build(builder)
    image = case.startswith("image")
    images = pixels(shape, 2) if image else floats(shape, 2)
    asymmetric = list(CASES).index(case) % 2 == 1
    options = CompileOptions(asymmetric=asymmetric, pixel_scale=1 / 255 if image else None)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, options)
    run = verify_network(network, images, np.full(2, -1), rtl.Simulation(seed=1))
    assert run.passed, run.first_mismatch or run.failures
    assert run.tensors_compared == 2 * sum(len(layer.completes) for layer in network.layers)
