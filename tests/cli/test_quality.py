"""quantize and diverge: figures of every layer, and that a fault is found where it was put."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cocodla import datasets
from cocodla.compiler import CompileOptions
from cocodla.compiler.ir import Quantisation
from cocodla.compiler.quantisation import biases, codes
from cocodla.nets.builder import Builder
from cocodla.runtime import diverge, quality, rtl
from cocodla.runtime.quality import Study, by_impact, measure_quality

from .conftest import LENET, invoke

OPTIONS = CompileOptions(pixel_scale=1 / 255, effort="fast")


@pytest.fixture(scope="module")
def study() -> Study:
    pictures, _ = datasets.sklearn_digits()
    return Study.of(LENET, pictures[:100], OPTIONS)


def test_figures_of_lenet(study: Study) -> None:
    pictures, _ = datasets.sklearn_digits()
    layers = measure_quality(study, pictures[:100])
    assert [layer.name for layer in layers] == [layer.name for layer in study.network.layers]
    for layer in layers:
        assert 20 < layer.total.sqnr < 60 and layer.own.sqnr >= layer.total.sqnr - 1
        assert layer.total.cosine > 0.99 and 0 < layer.total.largest < 12 * layer.scale
        assert layer.total.saturation < 0.001 and layer.differing <= 0.002 and layer.distance <= 1
    assert by_impact(layers)[0].impact.sqnr == min(layer.impact.sqnr for layer in layers)


def test_figures_do_not_depend_on_batches(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, _ = datasets.sklearn_digits()
    whole = measure_quality(study, pictures[:40])
    monkeypatch.setattr(quality, "BATCH", 11)
    parts = measure_quality(study, pictures[:40])
    for one, other in zip(whole, parts, strict=True):
        assert one.wrong == other.wrong and one.outputs == other.outputs
        np.testing.assert_allclose(one.total.noise, other.total.noise, rtol=1e-4)


def test_saturation_is_counted(study: Study) -> None:
    """Brighter pictures than those of the calibration leave the range of codes."""
    pictures, _ = datasets.sklearn_digits()
    dim = Study.of(LENET, pictures[:100] // 4, OPTIONS)
    assert max(layer.total.saturation for layer in measure_quality(dim, pictures[:40])) > 0.01


def test_quantize_writes_its_figures(digits: Path, tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    outcome = invoke("quantize", LENET, "--calib", digits / "png", "--pixel-scale", 1 / 255, "--report", "-o", target)
    assert outcome.exit_code == 0, outcome.output
    assert "layers that hurt" in outcome.stdout
    figures = json.loads(target.read_text())
    assert [layer["name"] for layer in figures] == ["conv0", "conv3", "fc7", "fc9", "fc11"]


def test_nothing_diverges(digits: Path) -> None:
    outcome = invoke("diverge", LENET, "--calib", digits / "digits.npy", "--pixel-scale", 1 / 255)
    assert outcome.exit_code == 0, outcome.output
    assert "no divergence" in outcome.stdout


def found_by(study: Study, simulation: rtl.Simulation | None = None) -> tuple[str, str] | None:
    """(layer, stage) of the first divergence."""
    pictures, _ = datasets.sklearn_digits()
    first = diverge.search(study, LENET, pictures[:8], 20.0, simulation).first
    return None if first is None else (first[0], first[1].stage)


def test_a_wrong_pass_is_found(study: Study) -> None:
    wrong = Study.of(LENET, datasets.sklearn_digits()[0][:100], OPTIONS)
    wrong.graph.nodes[1].bias = wrong.graph.nodes[1].bias + 0.5  # type: ignore[attr-defined]
    assert found_by(wrong) == ("conv3", "passes")


def test_coarse_scales_are_found(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer whose range is set 100 times too wide has few codes left."""
    genuine = codes.scale_for

    def coarse(extent: tuple[float, float], zeros: codes.Zeros) -> Quantisation:
        meaning = genuine(extent, zeros)
        third = study.quantised.tensors["t8"].scale
        return Quantisation(meaning.scale * 100, meaning.zero) if meaning.scale == third else meaning

    monkeypatch.setattr(codes, "scale_for", coarse)
    assert found_by(Study.of(LENET, datasets.sklearn_digits()[0][:100], OPTIONS)) == ("fc7", "quantisation")


def test_a_wrong_multiplier_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden model runs what was emitted; ideal rounding works on the scales."""
    genuine: Callable[..., Any] = biases.operands

    def wrong(exact: np.ndarray) -> Any:
        bias, shift = genuine(exact)
        return bias + (20000 >> shift if len(bias) == 84 else 0), shift

    monkeypatch.setattr(biases, "operands", wrong)
    assert found_by(Study.of(LENET, datasets.sklearn_digits()[0][:100], OPTIONS)) == ("fc9", "rounding")


def spoil(tensor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the RTL gives another first byte of a tensor, in the program that has it."""
    genuine = rtl.run

    def faulty(*args: object, **kwargs: object) -> object:
        execution = genuine(*args, **kwargs)  # type: ignore[arg-type]
        for place, seen in enumerate(execution.observations):
            if seen.name == tensor:
                data = bytes([seen.data[0] ^ 1]) + seen.data[1:]
                execution.observations[place] = type(seen)(seen.index, seen.name, data)
        return execution

    monkeypatch.setattr(rtl, "run", faulty)


def test_a_fault_of_the_rtl_is_found(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = rtl.Simulation(seed=1)
    assert found_by(study, simulation) is None
    spoil("image1/t5", monkeypatch)
    assert found_by(study, simulation) == ("conv3", "rtl")


def test_divergence_behind_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of two stages: both run on the RTL, and a fault in the second one is found."""
    builder = Builder((3, 8, 8)).conv(8, (3, 3)).node("Softmax").conv(4, (1, 1))
    path, name = builder.save(tmp_path / "m.onnx"), builder.last
    images = np.random.default_rng(0).normal(size=(8, 3, 8, 8)).astype(np.float32)
    study, simulation = Study.of(path, images, CompileOptions()), rtl.Simulation(seed=1)
    assert study.network.stages == 2
    assert diverge.search(study, path, images, 20.0, simulation).first is None
    spoil(f"image0/{name}", monkeypatch)
    first = diverge.search(study, path, images, 20.0, simulation).first
    assert first is not None and first[1].stage == "rtl" and study.layer(name).name == first[0]
