"""A small YOLOv2 from its pictures to boxes: fitted, compiled, compared with float, drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from tests.cli.conftest import complaint, invoke

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.detection.detector import load_detector
from cocodla.nets.builder import Builder
from cocodla.nets.examples import Example, pixels, scene, variations
from cocodla.nets.heads import fit_head
from cocodla.nets.yolo import STAGES, yolo_v2
from cocodla.sim import project

SIZE = 128


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.onnx, network.dla and look/ with three pictures of two sizes."""
    folder = tmp_path_factory.mktemp("yolo")
    random = np.random.default_rng(1)
    known = [scene(SIZE, random) for _ in range(6)]
    detector = load_detector("yolo_v2_coco")
    model = yolo_v2(Builder((3, SIZE, SIZE), 9, batch=1), narrow=8).model()
    fit_head(model, detector, known, SIZE)
    onnx.save(model, folder / "model.onnx")
    options = CompileOptions(pixel_scale=1 / 255, images_in_flight=1, effort="fast", strict=True)
    compile_model(folder / "model.onnx", pixels(known, SIZE), options).save(folder / "network.dla")
    (folder / "look").mkdir()
    for number, example in enumerate(known[:3]):
        picture = example.picture.resize((200, 150)) if number == 1 else example.picture
        picture.save(folder / "look" / f"{number}.png")
    return folder


def words(made: Path, *more: object) -> list[object]:
    return ["detect", made / "network.dla", made / "look", "--detector", "yolo_v2_coco", *more]


def test_boxes_of_int8_are_those_of_float(made: Path, tmp_path: Path) -> None:
    picture = tmp_path / "boxes.png"
    outcome = invoke(*words(made, "--model", made / "model.onnx", "-o", picture, "--json"))
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    page = (project.root() / "docs" / "commands.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in found)
    assert found["map_against_float"] > 0.9 and set(found["classes"]) == {"car", "dog", "person"}
    for entry in found["pictures"]:
        assert {box["class"] for box in entry["float_boxes"]} == {"car", "dog", "person"}
    with Image.open(picture) as drawn:
        assert drawn.size == (2 * 200 + 3 * 8, 2 * SIZE + 150 + 3 * 30)
        colours = drawn.convert("RGB").getcolors(1 << 24)
    assert colours and any(colour == (255, 64, 64) for _, colour in colours)  # frames of persons


def test_tables_name_pictures_and_what_float_sees(made: Path) -> None:
    outcome = invoke(*words(made, "--model", made / "model.onnx"))
    assert re.search(r"against float's \d+ boxes on 3 pictures: mAP \d+\.\d\d%, a drop of", outcome.stdout)
    assert all(name in outcome.stdout for name in ("0.png", "1.png", "2.png", "person", "float score"))
    alone = invoke(*words(made, "--threshold", 0.999))
    assert alone.exit_code == 0 and "nothing" in alone.stdout and "float" not in alone.stdout


def test_bad_input_is_told_in_a_line(made: Path, tmp_path: Path) -> None:
    network, picture = made / "network.dla", made / "look" / "0.png"
    plain = ("detect", network, picture, "--detector")
    assert "a detector of 5 anchors and 20 classes has" in complaint(*plain, "yolo_v2_voc")
    assert "must end in .png" in complaint(*plain, "yolo_v2_coco", "-o", tmp_path / "boxes.gif")
    assert "is read as well" in complaint(*plain, "yolo_v2_coco", "-o", picture)
    assert "between 0 and 1, not 1.5" in complaint(*plain, "yolo_v2_coco", "--threshold", 1.5)
    np.save(tmp_path / "x.npy", np.zeros((1, 3, SIZE, SIZE), np.uint8))
    assert "boxes are for pictures" in complaint("detect", network, tmp_path / "x.npy", "--detector", "yolo_v2_coco")
    other = Builder((3, SIZE, SIZE)).conv(8, (1, 1)).node("Relu").save(tmp_path / "other.onnx")
    assert "has no output" in complaint(*plain, "yolo_v2_coco", "--model", other)
    named = tmp_path / "named.toml"
    named.write_text("anchors = [[1, 1]]\nclasses = ['a']\noutput = 'boxes'\n")
    assert "has no output 'boxes', but" in complaint(*plain, named)


def test_yolo_has_the_layers_of_the_paper() -> None:
    model = yolo_v2(Builder((3, 416, 416), 1, batch=1), narrow=16).model()
    kinds = [node.op_type for node in model.graph.node]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "BatchNormalization": 22, "Concat": 1, "Conv": 23, "LeakyRelu": 22, "MaxPool": 5, "SpaceToDepth": 1,
    }  # fmt: skip
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    shapes = [weights[node.input[1]] for node in model.graph.node if node.op_type == "Conv"]
    assert [16 * kernels for kernels, *_ in shapes[:18]] == [kernels for stage in STAGES for kernels in stage]
    assert shapes[-3:] == [(4, 32, 1, 1), (64, 80, 3, 3), (425, 64, 1, 1)]
    assert [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim] == [1, 425, 13, 13]


def test_variations_keep_boxes_on_what_they_surround() -> None:
    """A red rectangle stays inside its box wherever the picture is moved."""
    random = np.random.default_rng(4)
    blank = Image.new("RGB", (200, 120), (127, 127, 127))
    blank.paste((255, 0, 0), (40, 30, 90, 80))
    example = Example(blank, np.array([[40 / 200, 30 / 120, 90 / 200, 80 / 120]]), ("car",))
    seen = 0
    for moved in variations([example], 20, int(random.integers(1000))):
        values = np.asarray(moved.picture).astype(int)
        rows, columns = np.nonzero(values[..., 0] - values[..., 1] > 100)
        if len(moved.corners):
            seen += 1
            edges = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / (200, 120, 200, 120)
            np.testing.assert_allclose(edges, moved.corners[0], atol=0.02)
    assert seen > 10


def test_network_of_the_shape_runs_whole_on_the_accelerator(made: Path) -> None:
    network = Network.load(made / "network.dla")
    assert network.stages == 1 and not network.host and network.outputs[0].tensor is not None
    assert any(layer.name.startswith("spacetodepth") for layer in network.layers)
