"""Networks of several outputs on the command line: all are shown and written, and the host runs once an image."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from cocodla.compiler import Network, original
from cocodla.nets.builder import Builder
from cocodla.runtime.accuracy import run_golden_batches

from .conftest import complaint, invoke

IMAGES = np.random.default_rng(5).normal(size=(3, 2, 6, 6)).astype(np.float32)


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    """A network whose outputs are a tensor of the accelerator and two of the host."""
    builder = Builder((2, 6, 6)).conv(4, (3, 3))
    first = builder.last
    builder.node("Softmax", axis=1)
    builder.node("LpNormalization", inputs=[first])
    model = builder.model()
    for name in (first, "t1"):
        model.graph.output.append(onnx.ValueInfoProto(name=name, type=model.graph.output[0].type))
    onnx.save(model, tmp_path / "heads.onnx")
    np.save(tmp_path / "x.npy", IMAGES)
    calib = ["--calib", tmp_path / "x.npy"]
    assert invoke("compile", tmp_path / "heads.onnx", *calib, "-o", tmp_path / "heads.dla").exit_code == 0
    return tmp_path / "heads.dla"


def test_all_outputs_are_shown_and_written(heads: Path) -> None:
    wanted = run_golden_batches(Network.load(heads), IMAGES)
    assert list(wanted) == ["t2", "t0", "t1"]
    outcome = invoke("run", heads, "--input", heads.parent / "x.npy", "-o", heads.parent / "all.npz")
    assert outcome.exit_code == 0 and all(f"output {name}, " in outcome.output for name in wanted), outcome.output
    with np.load(heads.parent / "all.npz") as archive:
        assert archive.files == list(wanted)
        for name, values in wanted.items():
            np.testing.assert_array_equal(archive[name], values)


def test_outputs_in_files_of_their_own(heads: Path) -> None:
    wanted = run_golden_batches(Network.load(heads), IMAGES)
    assert invoke("run", heads, "--input", heads.parent / "x.npy", "-o", heads.parent / "y.npy").exit_code == 0
    for name, file in {"t2": "y.npy", "t0": "y.t0.npy", "t1": "y.t1.npy"}.items():
        np.testing.assert_array_equal(np.load(heads.parent / file), wanted[name])


def test_the_host_runs_once_for_each_image(heads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    run = original.run

    def counted(runner: object, names: list[str], feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        asked.append(names)
        return run(runner, names, feeds)  # type: ignore[arg-type]

    monkeypatch.setattr(original, "run", counted)
    Network.load(heads).golden_outputs(IMAGES)
    assert asked == [["t2", "t1"]] * len(IMAGES)


def test_several_inputs_come_from_an_archive(tmp_path: Path) -> None:
    builder = Builder((2, 6, 6)).conv(4, (3, 3)).node("GlobalAveragePool").node("Flatten")
    builder.node("Concat", "other", axis=1).node("Gemm", builder.constant(builder.floats(6, 5)))
    model = builder.model()
    model.graph.input.append(onnx.helper.make_tensor_value_info("other", onnx.TensorProto.FLOAT, ["N", 2]))
    onnx.save(model, tmp_path / "m.onnx")
    given = {"image": IMAGES, "other": np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)}
    np.savez(tmp_path / "x.npz", **given)  # type: ignore[arg-type]
    np.savez(tmp_path / "half.npz", image=IMAGES)
    compiling = ["compile", tmp_path / "m.onnx", "-o", tmp_path / "m.dla", "--calib"]
    assert invoke(*compiling, tmp_path / "x.npz").exit_code == 0
    outcome = invoke("run", tmp_path / "m.dla", "--input", tmp_path / "x.npz", "-o", tmp_path / "y.npy")
    assert outcome.exit_code == 0, outcome.output
    wanted = Network.load(tmp_path / "m.dla").golden_batch(given)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), wanted)
    assert "holds no array 'other'" in complaint(*compiling, tmp_path / "half.npz")
    assert "one .npz file with arrays image, other" in complaint(*compiling, tmp_path / "m.onnx")


@pytest.mark.parametrize("kind", ["Greater", "NonZero"])
def test_truth_values_and_nothing_at_all_are_shown(kind: str, tmp_path: Path) -> None:
    """What the host makes need not be real numbers, nor any."""
    builder = Builder((2, 6, 6)).conv(4, (3, 3))
    first = builder.last
    builder.node("Greater", builder.constant(np.float32(1e6)))
    if kind == "NonZero":
        builder.node("Cast", to=onnx.TensorProto.INT64).node("NonZero")
    model = builder.model()
    model.graph.output[0].type.tensor_type.elem_type = (
        onnx.TensorProto.BOOL if kind == "Greater" else onnx.TensorProto.INT64
    )
    model.graph.output.append(helper.make_tensor_value_info(first, onnx.TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", IMAGES[:1])
    assert invoke("compile", tmp_path / "m.onnx", "--calib", tmp_path / "x.npy").exit_code == 0
    outcome = invoke("run", tmp_path / "m.dla", "--input", tmp_path / "x.npy")
    assert outcome.exit_code == 0 and f"output {builder.last}, " in outcome.output, outcome.output


def test_output_to_a_device(compiled: Path, digits: Path, tmp_path: Path) -> None:
    """What is no regular file is written into, not replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert invoke("run", compiled, "--input", digits / "png", "-o", pipe).exit_code == 0
    assert reader.communicate(timeout=60)[0].startswith(b"\x93NUMPY") and pipe.is_fifo()
