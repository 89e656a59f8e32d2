"""Networks that onnxruntime's quantiser wrote: codes as they are, each layer ideal rounding, no calibration data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from qdq_builder import differences

from cocodla import datasets, zoo
from cocodla.compiler import CompileOptions
from cocodla.compiler.quantisation.ideal import Codes
from cocodla.compiler.quantisation.layers import QuantisedConv
from cocodla.errors import UserError
from cocodla.fuzz.check import draw_images
from cocodla.fuzz.networks import random_network
from cocodla.runtime.quality import Study, measure_quality


class Inputs(CalibrationDataReader):  # type: ignore[misc]
    """Inputs for onnxruntime's quantiser."""

    def __init__(self, inputs: np.ndarray) -> None:
        self.left = iter(inputs)

    def get_next(self) -> dict[str, np.ndarray] | None:
        value = next(self.left, None)
        return None if value is None else {"image": value[None].astype(np.float32)}


@pytest.mark.parametrize(("form", "activations", "per_channel", "symmetric"), [
    (QuantFormat.QDQ, QuantType.QInt8, False, False), (QuantFormat.QDQ, QuantType.QUInt8, True, False),
    (QuantFormat.QDQ, QuantType.QInt8, True, True), (QuantFormat.QOperator, QuantType.QUInt8, True, False),
])  # fmt: skip
def test_lenet_quantised_by_onnxruntime(
    form: QuantFormat, activations: QuantType, per_channel: bool, symmetric: bool, tmp_path: Path
) -> None:
    pictures, _ = datasets.sklearn_digits()
    path = tmp_path / "quantised.onnx"
    quantize_static(
        zoo.FOLDER / "lenet5.onnx", path, Inputs(pictures[:30] / 255), per_channel=per_channel,
        activation_type=activations, weight_type=QuantType.QInt8, extra_options={"ActivationSymmetric": symmetric},
        quant_format=form, reduce_range=form == QuantFormat.QOperator,  # its sums saturate on processors without VNNI
    )  # fmt: skip
    study = Study.of(path, None, CompileOptions(pixel_scale=1 / 255))
    network, model = study.network, onnx.load(path)
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert network.meta["host"] == []
    layers = [layer for layer in study.quantised.layers if isinstance(layer, QuantisedConv)]
    for layer, number in zip(layers, (0, 3, 7, 9, 11), strict=True):
        codes: Codes = constants[f"l{number}.weight_quantized"]
        assert (layer.weight.reshape(codes.shape) == codes).all()
    images = pictures[100:300]
    for quality in measure_quality(study, images):
        assert quality.distance <= 1 and quality.differing <= 1e-5, f"{quality.name}: {quality.differing:.3%} differ"
    inputs = (images / 255).astype(np.float32)
    (output,) = network.fetched
    wrong = differences(network, path, inputs, network.tensors[output].scale)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.002
    assert (network.golden_batch(images) == network.golden_batch(inputs)).all()


def test_random_networks_quantised_by_onnxruntime(tmp_path: Path) -> None:
    """Scales of the model everywhere, each layer exact but for rounding; networks with tensors without scales are
    refused for want of calibration data, others where they hold nothing for the accelerator.
    """
    compiled = 0
    for seed in range(20):
        model = random_network(seed)
        if model.opset_import[0].version < 11:
            continue  # quantize_static has no scales there
        images, path = draw_images(model, seed), tmp_path / f"{seed}.onnx"
        kind = (QuantType.QInt8, QuantType.QUInt8)[seed // 2 % 2]
        onnx.save(model, tmp_path / "float.onnx")
        try:
            quantize_static(
                tmp_path / "float.onnx", path, Inputs(images), per_channel=seed % 2 == 1, activation_type=kind,
                weight_type=QuantType.QInt8, extra_options={"ActivationSymmetric": seed // 4 % 2 == 1},
            )  # fmt: skip
        except AssertionError:  # the quantiser has no scale for a tensor that takes infinite values
            continue
        try:
            study = Study.of(path, None, CompileOptions())
        except UserError as error:
            reasons = ("no calibration data", "no operator for the accelerator")
            assert any(reason in str(error) for reason in reasons), f"{seed}: {error}"
            continue
        compiled += 1
        graph = onnx.load(path).graph
        stored = {scale.item() for scale in map(onnx.numpy_helper.to_array, graph.initializer) if scale.size == 1}
        rounded = {node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
        assert {codes.scale for name, codes in study.quantised.tensors.items() if name in rounded} <= stored
        for quality in measure_quality(study, images):
            assert quality.distance <= 1, f"{seed}: {quality.name} is {quality.distance} codes off"
    assert compiled >= 6
