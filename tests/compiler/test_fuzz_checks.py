"""The checks of random networks: what is wrong is told with layer and place, and what codes explain is no fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions
from cocodla.fuzz.campaign import run_networks
from cocodla.fuzz.check import check, same_infinities, worst_sqnr
from cocodla.fuzz.layers import layer_fault, rounded_outputs
from cocodla.fuzz.networks import random_network
from cocodla.runtime.quality import Study

CLIPPING = CompileOptions(calibrator="percentile", percentile=90.0)


def study_of(
    builder: Builder, images: np.ndarray, folder: Path, options: CompileOptions | None = None
) -> Study:
    return Study.of(builder.save(folder / "m.onnx"), images, options or CompileOptions())


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_fault_of_a_layer_is_placed(tmp_path: Path) -> None:
    """A weight, a bias and a rounding that are wrong by themselves are each told with layer and place."""
    builder = Builder((8, 6, 7)).conv(9, (3, 3), pads=[1, 0, 1, 2]).node("LeakyRelu", alpha=0.1).conv(5, (1, 1))
    images = normal(4, 8, 6, 7)

    def study() -> Study:
        return study_of(builder, images, tmp_path)

    assert layer_fault(study(), images) is None
    wrong = study()
    wrong.graph.nodes[0].weight = np.flip(wrong.graph.nodes[0].weight, 0)
    assert "in float" in str(layer_fault(wrong, images)) and str(layer_fault(wrong, images)).startswith("conv0")
    wrong = study()
    wrong.quantised.layers[1].bias = wrong.quantised.layers[1].bias + 2 * 2**14
    assert "integer oracle" in str(layer_fault(wrong, images)) and str(layer_fault(wrong, images)).startswith("conv2")
    wrong = study()
    wrong.quantised.layers[0].exact_bias = wrong.quantised.layers[0].exact_bias + 3
    assert "ideal rounding" in str(layer_fault(wrong, images))


def test_input_that_is_quantised_wrongly_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = normal(4, 8, 6, 7)
    study = study_of(Builder((8, 6, 7)).conv(9, (3, 3)), images, tmp_path)
    codes = study.network.input_codes(images)
    monkeypatch.setattr(study.network, "input_codes", lambda images: np.clip(codes, -128, 126) + np.int8(1))
    assert str(layer_fault(study, images)).startswith("input: code")


def test_codes_of_an_input_between_two_codes(tmp_path: Path) -> None:
    """Of a value on the border between two codes the check takes the one that the network takes."""
    builder = Builder((20, 4, 5))
    factors = builder.floats(20, 1, 1)
    builder.node("Mul", builder.constant(factors)).node("Add", builder.constant(np.float32(0.3)))
    study = study_of(builder.node("LeakyRelu", alpha=0.5), normal(12, 20, 4, 5), tmp_path)
    borders = np.random.default_rng(2).integers(-100, 100, (12, 20, 4, 5)) + 0.5
    images = (borders * study.quantised.tensors["image"].scale - 0.3) / factors
    assert layer_fault(study, images.astype(np.float32)) is None


def test_clipping_before_an_average(tmp_path: Path) -> None:
    """A calibrator that clips does so before the pooling behind a convolution."""
    builder = Builder((8, 6, 8)).conv(4, (1, 1)).node("AveragePool", kernel_shape=[2, 4], strides=[2, 2])
    images = normal(4, 8, 6, 8)
    assert layer_fault(study_of(builder, images, tmp_path, CLIPPING), images) is None


def test_clipping_of_the_input_counts(tmp_path: Path) -> None:
    """What the scales alone cost includes the input's: of its square they explain all but the rounding."""
    images = normal(8, 1, 7, 4)
    study = study_of(Builder((1, 7, 4)).node("Mul", "image"), images, tmp_path, CLIPPING)
    implied, got = rounded_outputs(study, images)["t0"], study.network.golden_outputs(images)["t0"]
    assert np.abs(implied - got).max() < 1.01 * study.quantised.tensors["t0"].scale
    assert np.abs(images**2 - got).max() > 3


def test_correction_of_biases_counts_on_other_images(tmp_path: Path) -> None:
    """The mean error of rounded weights is taken off where there is none, too: an image of zeros shows all of it."""
    weight = np.full((4, 8, 1, 1), 0.45 / 127, np.float32)  # all but the first round to 0
    weight[:, 0] = 1
    builder = Builder((8, 4, 4))
    images = normal(8, 8, 4, 4) + np.array([0, *[40] * 7], np.float32)[:, None, None]
    path = builder.node("Conv", builder.constant(weight)).save(tmp_path / "m.onnx")
    study = Study.of(path, images, CompileOptions(bias_correction=True))
    assert "in float" in str(layer_fault(study, 0 * images))
    assert layer_fault(study, 0 * images, images) is None


def test_weights_that_are_rounded_explain_noise(tmp_path: Path) -> None:
    """Seed 900226 brings scales of its own, but float weights: a depthwise layer makes much of their rounding."""
    finding = check(900226, tmp_path, 20)
    assert finding.kind == "equal" and finding.sqnr < 20.0, finding.text


def test_nan_and_infinity_are_no_noise() -> None:
    """What is not finite in float, too, is right; what is not finite in one of both only is told."""
    strange = np.array([[np.nan, np.inf, -np.inf, 1.0, 2.0]], np.float32)
    assert same_infinities(strange, strange + np.float32(0.5))
    for index in range(5):
        changed = strange.copy()
        changed[0, index] = np.inf if index != 1 else -np.inf
        assert not same_infinities(strange, changed) and not same_infinities(changed, strange)
    assert worst_sqnr({"t": strange}, {"t": strange}) == np.inf
    assert worst_sqnr({"t": strange}, {"t": strange * np.float32(1.1)}) == pytest.approx(20.0, abs=0.01)


def test_network_of_nan_runs_equal_everywhere(tmp_path: Path) -> None:
    """Seed 90441 has a convolution of minus infinity, which only the host can do: NaN in float, batch and Device."""
    finding = check(90441, tmp_path, 18)
    assert finding.kind == "equal", finding.text


@pytest.mark.parametrize("nodes", range(1, 7))
def test_tensors_without_a_batch_are_no_outputs(nodes: int) -> None:
    """Wherever a network with the batch among its channels ends, it is a valid one (seed 7398 has such outputs)."""
    outputs = {output.name for output in random_network(7398, nodes).graph.output}
    assert outputs and not outputs & {"t2", "t3", "t4"}


def test_seed_without_a_valid_network_does_not_end_a_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cocodla.fuzz.check.random_network", lambda seed, nodes: [][seed])
    (finding,) = run_networks(range(3, 4), tmp_path, 1)
    assert (finding.kind, finding.nodes, finding.good) == ("invalid", 0, False) and "IndexError" in finding.text
