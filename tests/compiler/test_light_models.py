"""Known networks as Caffe2 exported them: all but the last Softmax on the accelerator, and every layer well rounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from light_models import light_model

from cocodla.compiler import CompileOptions
from cocodla.runtime.diverge import allowed
from cocodla.runtime.quality import Study, measure_quality

NETWORKS = {
    # extent of the pictures, millions of multiplications, least SQNR in front of the Softmax in dB
    "squeezenet": (64, 21, 30),
    "densenet121": (64, 230, 28),
    "inception_v1": (64, 90, 30),
    "inception_v2": (64, 165, 25),
    "resnet50": (64, 335, 27),
}


def pictures(extent: int, count: int) -> np.ndarray:
    """Coloured blocks with noise, as smooth as photographs are."""
    random = np.random.default_rng(5)
    blocks = random.uniform(0, 255, (count, 3, extent // 8, extent // 8)).repeat(8, 2).repeat(8, 3)
    return np.clip(blocks + random.normal(0, 16, blocks.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
def test_light_model(name: str, tmp_path: Path) -> None:
    extent, least, decibels = NETWORKS[name]
    onnx.save(light_model(name, extent), tmp_path / f"{name}.onnx")
    images = pictures(extent, 6)
    study = Study.of(tmp_path / f"{name}.onnx", images[:4], CompileOptions(pixel_scale=1 / 255))
    network = study.network
    assert [entry["operator"] for entry in network.meta["host"]] in ([], ["Softmax"])
    assert network.stages == 1
    assert sum(layer.macs for layer in network.layers) > least * 1e6
    layers = measure_quality(study, images[4:], impacts=False)
    for layer in layers:
        assert layer.distance <= 1, f"{layer.name}: an output is {layer.distance} codes from ideal rounding"
        # of few outputs one more or less says nothing
        bound = allowed(layer.operation) * layer.outputs + 3
        assert layer.wrong <= bound, f"{layer.name}: {layer.wrong} of {layer.outputs} differ"
    (score,) = (layer for layer in layers if layer.tensor in network.fetched)
    assert score.total.sqnr > decibels
