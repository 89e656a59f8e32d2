"""compile, inspect, run, accuracy on a network that ships."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image
from typer.testing import CliRunner

from cocodla import cli, datasets
from cocodla.compiler import Network

from .conftest import LENET, complaint, invoke


def test_inspect_tells_memory_layers_and_bounds(compiled: Path) -> None:
    outcome = invoke("inspect", compiled, "--json")
    facts = json.loads(outcome.stdout)
    assert [layer["name"] for layer in facts["layers"]] == ["conv0", "conv3", "fc7", "fc9", "fc11"]
    assert all(layer["bound"] > 0 and sum(layer["banks"]) == 32 for layer in facts["layers"])
    assert facts["bound_cycles"] == sum(layer["bound"] for layer in facts["layers"])
    assert facts["predicted_cycles_one_by_one"] == sum(layer["cycles"] for layer in facts["layers"])
    assert facts["bound_cycles"] <= facts["predicted_cycles"] < facts["predicted_cycles_one_by_one"]
    assert all(layer["cycles"] > layer["read_bytes"] / 8 for layer in facts["layers"])
    spans = sorted((a, a + t["bytes"]) for t in facts["tensors"] for a in t["addresses"])
    assert all(before[1] <= behind[0] for before, behind in itertools.pairwise(spans))
    assert facts["memory"]["base"] + facts["memory"]["constants"] <= spans[0][0]
    assert spans[-1][1] <= facts["memory"]["end"]
    table = invoke("inspect", compiled).stdout
    assert "conv5x5+relu+maxpool2x2" in table and "0x80000000" in table


def test_memory_shared_by_tensors(compiled: Path, digits: Path, tmp_path: Path) -> None:
    """The report tells what it saves; the outputs are the same."""
    options = ["--calib", digits / "digits.npy", "--pixel-scale", 1 / 255, "--reuse-memory"]
    outcome = invoke("compile", LENET, *options, "-o", tmp_path / "shared.dla")
    plain, shared = (json.loads(invoke("inspect", path, "--json").stdout)["memory"]
                     for path in (compiled, tmp_path / "shared.dla"))  # fmt: skip
    assert plain["tensors"] == plain["tensors_used"] == shared["tensors"] > shared["tensors_used"]
    assert f"take {shared['tensors_used']:,} B, {shared['tensors']:,} if none shared memory" in outcome.stdout
    for path in (compiled, tmp_path / "shared.dla"):
        assert invoke("run", path, "--input", digits / "png", "-o", path.with_suffix(".npy")).exit_code == 0
    np.testing.assert_array_equal(np.load(compiled.with_suffix(".npy")), np.load(tmp_path / "shared.npy"))


def test_run_on_golden_gives_the_networks_outputs(compiled: Path, digits: Path, tmp_path: Path) -> None:
    outcome = invoke("run", compiled, "--input", digits / "png", "-o", tmp_path / "scores.npy")
    assert outcome.exit_code == 0, outcome.output
    pictures, _ = datasets.sklearn_digits()
    np.testing.assert_array_equal(np.load(tmp_path / "scores.npy"), Network.load(compiled).golden_batch(pictures[:10]))


def test_run_on_the_rtl_compares_every_tensor(compiled: Path, digits: Path) -> None:
    outcome = invoke("run", compiled, "--input", digits / "png", "--backend", "rtl", "--count", 2, "--seed", 5)
    assert outcome.exit_code == 0, outcome.output
    assert "10 tensors compared, all equal" in outcome.stdout


def test_accuracy_of_int8_and_float(compiled: Path, digits: Path) -> None:
    outcome = invoke(
        "accuracy", compiled, "--images", digits / "digits.npy", "--labels", digits / "labels.npy", "--model", LENET
    )
    assert outcome.exit_code == 0, outcome.output
    pictures, labels = datasets.sklearn_digits()
    session = onnxruntime.InferenceSession(str(LENET))
    exact = session.run(None, {"image": (pictures[:300] / 255).astype(np.float32)})[0].argmax(1) == labels[:300]
    ours = Network.load(compiled).golden_batch(pictures[:300]).reshape(300, -1).argmax(1) == labels[:300]
    assert f"int8 {ours.mean():.2%}" in outcome.stdout and f"float {exact.mean():.2%}" in outcome.stdout


def test_labels_may_be_a_text_file(compiled: Path, digits: Path, tmp_path: Path) -> None:
    labels = np.load(digits / "labels.npy")[:10]
    (tmp_path / "labels.txt").write_text(" ".join(map(str, labels)))
    options = ["--images", digits / "png", "--labels", tmp_path / "labels.txt"]
    assert "10 images" in invoke("accuracy", compiled, *options).stdout


def test_pictures_of_another_size_can_be_scaled(compiled: Path, tmp_path: Path) -> None:
    Image.new("RGB", (50, 40), (200, 10, 10)).save(tmp_path / "big.png")
    assert invoke("run", compiled, "--input", tmp_path / "big.png", "--resize").exit_code == 0


def test_annotated_model_says_where_and_with_which_scale(digits: Path, tmp_path: Path) -> None:
    annotated = tmp_path / "annotated.onnx"
    outcome = invoke(
        "compile", LENET, "--calib", digits / "png", "--pixel-scale", 1 / 255, "-o", tmp_path / "n.dla",
        "--annotated", annotated,
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.output
    model = onnx.load(annotated)
    onnx.checker.check_model(model)
    network = Network.load(tmp_path / "n.dla")
    places = [node.doc_string for node in model.graph.node]
    assert places[0].startswith("accelerator: conv0") and places[2] == places[0]  # Conv and MaxPool in one layer
    scales = {entry.tensor_name for entry in model.graph.quantization_annotation}
    assert scales == {name for name in network.tensors if name != "image"}
    pictures, _ = datasets.sklearn_digits()
    feed = {"image": (pictures[:4] / 255).astype(np.float32)}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    before, behind = (
        onnxruntime.InferenceSession(str(path), options).run(None, feed)[0] for path in (LENET, annotated)
    )
    np.testing.assert_array_equal(before, behind)


def test_every_calibrator_compiles(digits: Path, tmp_path: Path) -> None:
    seen = set()
    for calibrator in ("minmax", "percentile", "entropy", "mse"):
        target = tmp_path / f"{calibrator}.dla"
        arguments = ["compile", LENET, "--calib", digits / "digits.npy", "--calibrator", calibrator, "-o", target]
        extra = ["--pixel-scale", 1 / 255, "--equalise", "--bias-correction", "--percentile", 99]
        outcome = CliRunner().invoke(cli.app, [str(word) for word in arguments + extra])
        assert outcome.exit_code == 0, outcome.output
        seen.add(tuple(tensor.scale for tensor in Network.load(target).tensors.values()))
    assert len(seen) == 4


def test_a_report_of_cycles_goes_with_the_rtl(compiled: Path, digits: Path) -> None:
    """The golden model has none."""
    assert "--backend rtl" in complaint("run", compiled, "--input", digits / "digits.npy", "--report")
