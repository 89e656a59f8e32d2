"""A classifier in two models: together they are what the whole was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.cli.conftest import complaint, invoke

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.errors import UserError
from cocodla.nets.builder import Builder
from cocodla.nets.classifier import split_classifier

PICTURES = 3


def grown() -> Builder:
    """Two convolutions, a flattened 5 x 4 map, three fully connected layers (Gemm behind Flatten, MatMul), Softmax."""
    builder = Builder((3, 10, 8), 3, batch=1).conv(8, (3, 3), pads=[1] * 4).node("Relu")
    builder.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).conv(6, (1, 1)).gemm(6 * 20, 16).node("Relu")
    builder.gemm(16, 12).node("Relu").node("MatMul", builder.constant(builder.floats(12, 5, scale=0.3)))
    return builder.node("Softmax", axis=1).node("Flatten")


def output(model: onnx.ModelProto, values: np.ndarray) -> np.ndarray:
    name = model.graph.output[0].name
    return outputs_of(model, [name], values)[name]


def test_both_models_are_what_the_whole_was() -> None:
    model = grown().model()
    pictures = np.random.default_rng(1).normal(size=(PICTURES, 3, 10, 8)).astype(np.float32)
    features, classifier = split_classifier(model, PICTURES)
    found = output(features, pictures)
    assert found.shape == (PICTURES, 6, 5, 4)
    classes = output(classifier, np.concatenate(list(found), axis=1)[None])
    assert classes.shape == (1, 5, PICTURES, 1)
    np.testing.assert_allclose(classes[0, :, :, 0].T, output(model, pictures), rtol=1e-4, atol=1e-6)
    kept = {tensor.name for part in (features, classifier) for tensor in part.graph.initializer}
    assert sum(numpy_helper.to_array(t).size for p in (features, classifier) for t in p.graph.initializer) == sum(
        numpy_helper.to_array(tensor).size for tensor in model.graph.initializer
    ), kept


def test_the_classifier_runs_on_the_accelerator(tmp_path: Path) -> None:
    _, classifier = split_classifier(grown().model(), 8)
    onnx.save(classifier, tmp_path / "c.onnx")
    features = np.random.default_rng(1).normal(size=(6, 6, 40, 4)).astype(np.float32)
    network = compile_model(tmp_path / "c.onnx", features, CompileOptions(effort="fast"))
    assert [layer.output_shape for layer in network.layers] == [(16, 8, 1), (12, 8, 1), (5, 8, 1)]
    right = network.golden_batch(features).argmax(1) == output(classifier, features[:1])[0].argmax(0)
    assert right[0].mean() > 0.8


@pytest.mark.parametrize(
    ("grow", "told"),
    [
        (lambda b: b.conv(4, (3, 3)).node("GlobalAveragePool"), "does not end in fully connected layers"),
        (lambda b: b.node("Flatten").node("Relu"), "no fully connected layer behind"),
        (lambda b: b.gemm(240, 8).node("LogSoftmax", axis=1), "LogSoftmax 'logsoftmax2' is no fully connected layer"),
        (lambda b: b.gemm(240, 8).node("Add", inputs=["t0", "t1"]), "does not read 't1'"),
    ],
)
def test_other_models_are_refused(grow: object, told: str) -> None:
    builder = Builder((3, 10, 8), 3, batch=1)
    grow(builder)  # type: ignore[operator]
    with pytest.raises(UserError, match=told):
        split_classifier(builder.model(), 8)


def test_scaled_and_transposed_layers_are_refused() -> None:
    builder = Builder((3, 10, 8), 3, batch=1).gemm(240, 8)
    builder.nodes[-1].attribute.append(onnx.helper.make_attribute("alpha", 2.0))
    with pytest.raises(UserError, match="Gemm 'gemm1': alpha must be constant and plain"):
        split_classifier(builder.model(), 8)


def test_the_command_writes_both(tmp_path: Path) -> None:
    path = grown().save(tmp_path / "net.onnx")
    outcome = invoke("split", path, "--pictures", 4, "-o", tmp_path, "--json")
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert found["inputs"] == [[1, 3, 10, 8], [1, 6, 20, 4]]
    assert [Path(name).name for name in found["models"]] == ["net.features.onnx", "net.classifier4.onnx"]
    for name in found["models"]:
        onnx.checker.check_model(onnx.load(name))
    assert "its folder does not exist" in complaint("split", path, "-o", tmp_path / "none")
