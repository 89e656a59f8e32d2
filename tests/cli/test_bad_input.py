"""Whatever the user gets wrong ends in one line that names it, with status 2, and leaves no half-written file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cocodla.compiler import Network
from cocodla.errors import UserError

from .conftest import LENET, complaint, invoke


def model(
    path: Path, change: Callable[[onnx.ModelProto], object] | None = None, node: str = "Relu", **attrs: object
) -> Path:
    """Conv 'first', then one node 'second', on an input 1 x 8 x 8."""
    weight = np.random.default_rng(0).normal(size=(4, 1, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "w"], ["a"], "first"),
            helper.make_node(node, ["a"], ["b"], "second", **attrs),  # type: ignore[arg-type]
        ],
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if change is not None:
        change(made)
    onnx.save(made, path)
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(1).normal(size=(8, 1, 8, 8)).astype(np.float32))
    return path


def weights(value: float) -> Callable[[onnx.ModelProto], None]:
    def change(made: onnx.ModelProto) -> None:
        values = numpy_helper.to_array(made.graph.initializer[0]).copy()
        values[1, 0, 2, 2] = value
        made.graph.initializer[0].CopyFrom(numpy_helper.from_array(values, "w"))

    return change


def all_weights_zero(made: onnx.ModelProto) -> None:
    made.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((4, 1, 3, 3), np.float32), "w"))


def unbound(made: onnx.ModelProto) -> None:
    made.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"


def opset(made: onnx.ModelProto) -> None:
    made.opset_import[0].version = 99


@pytest.mark.parametrize(("change", "words"), [
    (weights(np.nan), ["Conv 'first'", "1 of 36", "weight", "NaN"]),
    (weights(np.inf), ["'first'", "infinite"]),
    (all_weights_zero, ["'first'", "never varies"]),
    (unbound, ["height"]),
    (opset, ["opset", "99"]),
])  # fmt: skip
def test_bad_models_name_the_node(
    change: Callable[[onnx.ModelProto], None], words: list[str], tmp_path: Path, images: Path
) -> None:
    line = complaint("compile", model(tmp_path / "m.onnx", change), "--calib", images, "-o", tmp_path / "m.dla")
    assert all(word in line for word in words), line
    assert not list(tmp_path.glob("*.dla*")) and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("data", [b"", b"not a model", bytes(1000)])
def test_files_that_are_no_model(data: bytes, tmp_path: Path, images: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(data)
    assert "m.onnx: not a valid ONNX model" in complaint("compile", tmp_path / "m.onnx", "--calib", images)


def test_missing_files(tmp_path: Path, images: Path, digits: Path, compiled: Path) -> None:
    assert "no.onnx: no such file" in complaint("compile", tmp_path / "no.onnx", "--calib", images)
    found = model(tmp_path / "m.onnx")
    assert "no.npy: no such file" in complaint("compile", found, "--calib", tmp_path / "no.npy")
    assert "no.dla: no such file" in complaint("inspect", tmp_path / "no.dla")
    assert "no.npy: no such file" in complaint("run", compiled, "--input", tmp_path / "no.npy")
    pictures = ["--images", digits / "png"]
    assert "no.txt: no such file" in complaint("accuracy", compiled, *pictures, "--labels", tmp_path / "no.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files(tmp_path: Path, images: Path) -> None:
    found = model(tmp_path / "m.onnx")
    found.chmod(0)
    assert "cannot be read" in complaint("compile", found, "--calib", images)


@pytest.mark.parametrize(("values", "words"), [
    (np.zeros((4, 1, 9, 9), np.uint8), ["4 x 1 x 9 x 9", "N x 1 x 8 x 8"]),
    (np.zeros((0, 1, 8, 8), np.uint8), ["no images"]),
    (np.full((4, 1, 8, 8), np.nan, np.float32), ["not finite"]), (np.full((4, 1, 8, 8), 1e39), ["not finite"]),
    (np.zeros((4, 1, 8, 8), np.uint8), ["input 'image'", "never varies"]),
    (np.full((4, 1, 8, 8), 7, np.uint8), ["input 'image'", "never varies"]),
    (np.full((4, 1, 8, 8), 1j, np.complex64), ["type complex64"]),
])  # fmt: skip
def test_bad_calibration_data(values: np.ndarray, words: list[str], tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", values)
    line = complaint("compile", model(tmp_path / "m.onnx"), "--calib", tmp_path / "c.npy")
    assert all(word in line for word in words), line


def test_calibration_data_beyond_what_pixels_mean(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.random.default_rng(0).uniform(0, 255, (4, 1, 8, 8)).astype(np.float32))
    found = model(tmp_path / "m.onnx")
    line = complaint("compile", found, "--calib", tmp_path / "c.npy", "--pixel-scale", 1 / 255)
    assert "pixels mean 0 to 1" in line


def test_empty_and_broken_picture_folders(tmp_path: Path, compiled: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no images in this folder" in complaint("compile", LENET, "--calib", tmp_path / "empty")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert "broken.png" in complaint("run", compiled, "--input", tmp_path / "broken.png")
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00")
    assert "cut.npy" in complaint("run", compiled, "--input", tmp_path / "cut.npy")


def test_wrong_picture_size(tmp_path: Path, compiled: Path) -> None:
    from PIL import Image

    Image.new("L", (30, 28)).save(tmp_path / "wide.png")
    assert "must be 28 x 28, this is 30 x 28" in complaint("run", compiled, "--input", tmp_path / "wide.png")


def test_no_calibration_data(tmp_path: Path) -> None:
    assert "no calibration data" in complaint("compile", model(tmp_path / "m.onnx"))


def test_memory_beyond_32_bits(tmp_path: Path, images: Path) -> None:
    found = model(tmp_path / "m.onnx")
    line = complaint("compile", found, "--calib", images, "--base-address", "0xFFFFFC00")
    assert "32-bit address space" in line and "'first'" in line
    assert "'0xQQ'" in complaint("compile", found, "--calib", images, "--base-address", "0xQQ")


def test_scales_of_the_model(tmp_path: Path, images: Path) -> None:
    """A model that brings its own scales needs no calibration data, unless a tensor has none."""
    def quantised(last: bool) -> Callable[[onnx.ModelProto], None]:
        def change(made: onnx.ModelProto) -> None:
            made.graph.initializer.append(numpy_helper.from_array(np.float32(0.03), "scale"))
            made.graph.initializer.append(numpy_helper.from_array(np.int8(3), "zero"))
            pairs = [("image", 0), ("b", 4)] if last else [("image", 0)]
            for tensor, place in pairs:
                for index, kind in enumerate(("QuantizeLinear", "DequantizeLinear")):
                    names = [tensor, f"{tensor}_codes", f"{tensor}_real"][index:]
                    node = helper.make_node(kind, [names[0], "scale", "zero"], [names[1]], f"{kind} {tensor}")
                    made.graph.node.insert(place + index, node)
            made.graph.node[2].input[0] = "image_real"
            made.graph.output[0].name = "b_real" if last else "b"
        return change

    target = tmp_path / "m.dla"
    assert invoke("compile", model(tmp_path / "m.onnx", quantised(True)), "-o", target).exit_code == 0
    assert invoke("run", target, "--input", images).exit_code == 0
    line = complaint("compile", model(tmp_path / "n.onnx", quantised(False)), "-o", target)
    assert "'first'" in line and "no scale" in line


def test_unsupported_attribute_is_named(tmp_path: Path, images: Path) -> None:
    found = model(tmp_path / "m.onnx", None, "MaxPool", kernel_shape=[2, 2], dilations=[2, 2], strides=[3, 3])
    assert "dilation" in invoke("compile", found, "--calib", images).stdout  # the host runs it
    outcome = invoke("compile", found, "--calib", images, "--strict")
    assert outcome.exit_code == 2
    assert "second" in outcome.stderr and "dilation" in outcome.stderr


@pytest.mark.parametrize(("options", "word"), [
    (["--calibrator", "magic"], "magic"), (["--percentile", 3], "percentile"), (["--pixel-scale", "x"], "pixel-scale"),
    (["--pixel-scale", "0"], "pixel_scale"), (["--input-shape", "1,0,2"], "input-shape"),
])  # fmt: skip
def test_bad_options(options: list[object], word: str, images: Path, tmp_path: Path) -> None:
    assert word in complaint("compile", model(tmp_path / "m.onnx"), "--calib", images, *options)


def test_wrong_backend_and_simulator(compiled: Path, digits: Path) -> None:
    assert "'fpga'" in complaint("run", compiled, "--input", digits / "png", "--backend", "fpga")
    options = ["--backend", "rtl", "--sim", "questa"]
    assert "unknown simulator 'questa'" in complaint("run", compiled, "--input", digits / "png", *options)


def test_labels_that_do_not_fit(compiled: Path, digits: Path, tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("1 2 3")
    pictures = ["--images", digits / "png"]
    assert "3 labels for 10 images" in complaint("accuracy", compiled, *pictures, "--labels", tmp_path / "few.txt")
    (tmp_path / "words.txt").write_text("one two")
    assert "whole numbers" in complaint("accuracy", compiled, *pictures, "--labels", tmp_path / "words.txt")
    (tmp_path / "large.txt").write_text("11 " * 10)
    assert "10 outputs" in complaint("accuracy", compiled, *pictures, "--labels", tmp_path / "large.txt")


def test_damaged_network_file(compiled: Path, tmp_path: Path) -> None:
    """Cut short, and with single bytes changed: named, or (a byte that means nothing) still the same network."""
    whole, damaged = compiled.read_bytes(), tmp_path / "damaged.dla"
    damaged.write_bytes(whole[:1000])
    assert "not a compiled network" in complaint("inspect", damaged)
    random = np.random.default_rng(5)
    for place in random.integers(0, len(whole), 300):
        changed = bytearray(whole)
        changed[place] ^= int(random.integers(1, 256))
        damaged.write_bytes(changed)
        try:
            assert Network.load(damaged) == Network.load(compiled)
        except UserError as error:
            assert "damaged.dla" in str(error)


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("edit", [
    lambda values: values.update(format=1), lambda values: values.clear(), lambda values: values.update(layers=[]),
    lambda values: values.update(outputs=[]), lambda values: values.update(tensors={}),
    lambda values: values["layers"][0].update(completes=["nobody"]),
    lambda values: values["layers"][0].update(registers=3),
    lambda values: values["layers"][0]["registers"].update({"SDP.NO_SUCH": 1}),
    lambda values: values["layers"][0].update(units=["FFT"]), lambda values: values.update(memory_end=0),
])  # fmt: skip
def test_network_files_that_make_no_sense(edit: Edit, compiled: Path, tmp_path: Path) -> None:
    target = tmp_path / "edited.dla"
    with zipfile.ZipFile(compiled) as before, zipfile.ZipFile(target, "w") as after:
        for member in before.namelist():
            data = before.read(member)
            if member == "network.json":
                values = json.loads(data)
                edit(values)
                data = json.dumps(values).encode()
            after.writestr(member, data)
    assert "edited.dla: not a compiled network" in complaint("inspect", target)


def test_full_disk_leaves_the_old_file(
    compiled: Path, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "scores.npy"
    target.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    line = complaint("run", compiled, "--input", digits / "png", "-o", target)
    assert "No space left on device" in line
    assert [path.name for path in tmp_path.iterdir()] == ["scores.npy"] and target.read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_network_on_a_full_disk(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    target = tmp_path / "n.dla"
    line = complaint("compile", LENET, "--calib", digits / "png", "--pixel-scale", 1 / 255, "-o", target)
    assert "n.dla" in line and "No space left on device" in line
    assert not list(tmp_path.iterdir())


def test_interruption(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Network, path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Network, "save", stop)
    line = complaint("compile", LENET, "--calib", digits / "png", "--pixel-scale", 1 / 255, "-o", tmp_path / "n.dla")
    assert line == "cocodla: interrupted"
    assert not list(tmp_path.iterdir())


def test_output_in_a_folder_that_is_not_there(digits: Path, tmp_path: Path) -> None:
    line = complaint("compile", LENET, "--calib", digits / "png", "-o", tmp_path / "no" / "n.dla")
    assert "its folder does not exist" in line


@pytest.mark.parametrize(("arguments", "words"), [
    ([], ["MODEL", "cocodla compile --help"]), (["--colour"], ["--colour"]), (["m.onnx", "--count", "x"], ["--count"]),
])  # fmt: skip
def test_wrong_usage(arguments: list[str], words: list[str]) -> None:
    """The process itself: the test runner would print typer's own box."""
    command = [sys.executable, "-m", "cocodla", "compile", *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2 and not outcome.stdout
    assert outcome.stderr.startswith("cocodla: ") and outcome.stderr.count("\n") == 1
    assert all(word.lower() in outcome.stderr.lower() for word in words), outcome.stderr


def test_files_that_cannot_be_written_are_told_first(compiled: Path, digits: Path, tmp_path: Path) -> None:
    """Before any work, and nothing is written."""
    away, calib = tmp_path / "no" / "x", ["--calib", digits / "png"]
    assert "folder does not exist" in complaint("compile", LENET, *calib, "-o", tmp_path / "n.dla", "--annotated", away)
    assert "folder does not exist" in complaint("run", compiled, "--input", digits / "png", "-o", away)
    assert "folder does not exist" in complaint("quantize", LENET, *calib, "-o", away)
    own = tmp_path / "own.onnx"
    own.write_bytes(LENET.read_bytes())
    assert "overwritten" in complaint("compile", own, *calib, "-o", own)
    assert "overwritten" in complaint("compile", own, *calib, "--annotated", own)
    assert "both" in complaint("compile", own, *calib, "-o", tmp_path / "a", "--annotated", tmp_path / "a")
    assert own.read_bytes() == LENET.read_bytes() and [path.name for path in tmp_path.iterdir()] == ["own.onnx"]


@pytest.mark.parametrize("shape", ["nan,8,8", "inf,8,8", "1.5,8,8", "-1,8,8", "1,,8"])
def test_bad_input_shapes(shape: str, tmp_path: Path, images: Path) -> None:
    line = complaint("compile", model(tmp_path / "m.onnx"), "--calib", images, "--input-shape", shape)
    assert "--input-shape" in line and shape in line


def test_arrays_that_are_no_images(compiled: Path, digits: Path, tmp_path: Path) -> None:
    pictures = np.load(digits / "digits.npy")[:2]
    np.savez(tmp_path / "two.npz", images=pictures, labels=[1, 2])
    assert "2 arrays (images, labels)" in complaint("run", compiled, "--input", tmp_path / "two.npz")
    np.savez(tmp_path / "none.npz")
    assert "0 arrays" in complaint("run", compiled, "--input", tmp_path / "none.npz")
    np.save(tmp_path / "bool.npy", pictures > 128)
    assert "type bool" in complaint("run", compiled, "--input", tmp_path / "bool.npy")
    (tmp_path / "a.txt").write_text("digits")
    assert ".npy" in complaint("run", compiled, "--input", tmp_path / "a.txt")
    mixed = ["--input", digits / "png" / "0.png", "--input", digits / "digits.npy"]
    assert "one kind" in complaint("run", compiled, *mixed)


def test_wide_pictures(compiled: Path, digits: Path, tmp_path: Path) -> None:
    """Of 16 bits the upper byte counts, 32 bits are refused."""
    from PIL import Image

    pixels = np.load(digits / "digits.npy")[3, 0]
    Image.fromarray(pixels).save(tmp_path / "8.png")
    Image.fromarray(pixels.astype(np.uint16) << 8 | 0x7F).save(tmp_path / "16.png")
    Image.fromarray(pixels.astype(np.float32)).save(tmp_path / "32.tif")
    for name in ("8", "16"):
        options = ["--input", tmp_path / f"{name}.png", "-o", tmp_path / f"{name}.npy"]
        assert invoke("run", compiled, *options).exit_code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "8.npy"), np.load(tmp_path / "16.npy"))
    assert "this one has 32" in complaint("run", compiled, "--input", tmp_path / "32.tif")


def test_labels_of_more_images(compiled: Path, digits: Path, tmp_path: Path) -> None:
    options = ["--images", digits / "digits.npy", "--labels", tmp_path / "labels.npy"]
    np.save(tmp_path / "labels.npy", [*np.load(digits / "labels.npy"), 1])
    assert "301 labels for 300 images" in complaint("accuracy", compiled, *options)
    assert invoke("accuracy", compiled, *options, "--count", 20).exit_code == 0
    np.save(tmp_path / "labels.npy", np.load(digits / "labels.npy").astype(float))
    assert "float64" in complaint("accuracy", compiled, *options)


def test_float_model_of_another_input(compiled: Path, digits: Path, tmp_path: Path) -> None:
    other = model(tmp_path / "m.onnx")
    options = ["--images", digits / "digits.npy", "--labels", digits / "labels.npy", "--model", other]
    assert "m.onnx: takes N x [1, 8, 8]" in complaint("accuracy", compiled, *options)


def test_inputs_beyond_the_range_of_codes_are_told(compiled: Path, digits: Path, tmp_path: Path) -> None:
    """Pixels 0 to 255 as numbers, where the model takes 0 to 1."""
    pictures = np.load(digits / "digits.npy")[:20]
    for name, values in (("right", pictures / 255), ("wrong", pictures)):
        np.save(tmp_path / f"{name}.npy", values.astype(np.float32))
    outcome = invoke("run", compiled, "--input", tmp_path / "right.npy")
    assert outcome.exit_code == 0 and not outcome.stderr
    outcome = invoke("run", compiled, "--input", tmp_path / "wrong.npy")
    share = (pictures > 2).mean()
    assert f"warning: {share:.0%} of the input values" in outcome.stderr, outcome.stderr


def test_inputs_beyond_the_codes_of_a_cube(images: Path, tmp_path: Path) -> None:
    def change(made: onnx.ModelProto) -> None:
        made.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2
        made.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.ones((4, 2, 3, 3), np.float32), "w"))

    values = np.random.default_rng(0).normal(size=(6, 2, 8, 8)).astype(np.float32)
    np.save(tmp_path / "seen.npy", values)
    np.save(tmp_path / "large.npy", 5 * values)
    target = tmp_path / "m.dla"
    calib = ["--calib", tmp_path / "seen.npy", "-o", target]
    assert invoke("compile", model(tmp_path / "m.onnx", change), *calib).exit_code == 0
    assert not invoke("run", target, "--input", tmp_path / "seen.npy").stderr
    assert "warning" in invoke("run", target, "--input", tmp_path / "large.npy").stderr
