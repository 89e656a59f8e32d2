"""Boxes from the head's numbers, doubles, average precision, and what a detector's file may say."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from cocodla.detection.boxes import Boxes, boxes_of, overlaps, without_doubles
from cocodla.detection.detector import Detector, load_detector, shipped
from cocodla.detection.precision import matches, precision_of
from cocodla.errors import UserError

SMALL = Detector(anchors=((1.0, 2.0), (3.0, 1.5)), classes=("a", "b", "c"), threshold=0.2, overlap=0.999999)


def boxes(*entries: tuple[tuple[float, float, float, float], float, int]) -> Boxes:
    corners, scores, classes = zip(*entries, strict=True)
    return Boxes(np.array(corners), np.array(scores), np.array(classes))


def one_by_one(values: np.ndarray, detector: Detector) -> list[tuple[float, ...]]:
    """score, class, left, top, right, bottom, straight from the formulas."""
    found = []
    _, rows, columns = values.shape
    for anchor, (wide, high) in enumerate(detector.anchors):
        numbers = values[anchor * (5 + len(detector.classes)) :]
        for row in range(rows):
            for column in range(columns):
                x, y, w, h, there, *kinds = numbers[: 5 + len(detector.classes), row, column].tolist()
                centre = ((1 / (1 + math.exp(-x)) + column) / columns, (1 / (1 + math.exp(-y)) + row) / rows)
                extent = (wide * math.exp(w) / columns, high * math.exp(h) / rows)
                total = sum(map(math.exp, kinds))
                for kind, value in enumerate(kinds):
                    share = math.exp(value) / total if detector.scores == "softmax" else 1 / (1 + math.exp(-value))
                    score = share / (1 + math.exp(-there))
                    if score >= detector.threshold:
                        corners = [c + sign * e / 2 for sign in (-1, 1) for c, e in zip(centre, extent, strict=True)]
                        found.append((score, kind, *corners))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
def test_boxes_are_those_of_the_formulas(scores: str) -> None:
    detector = msgspec.structs.replace(SMALL, scores=scores)
    values = np.random.default_rng(3).normal(size=(detector.channels, 4, 5))
    found, expected = boxes_of(values, detector), one_by_one(values, detector)
    assert len(found) == len(expected) > 10
    np.testing.assert_allclose(np.column_stack([found.scores, found.classes, found.corners]), expected)


def test_extreme_numbers_give_finite_boxes() -> None:
    values = np.random.default_rng(3).choice([-1e30, 1e30, 0.0], size=(SMALL.channels, 3, 3))
    found = boxes_of(values, SMALL)
    assert len(found) and np.isfinite(found.corners).all() and (found.scores <= 1).all()


def test_overlap_of_boxes() -> None:
    others = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 2, 3, 3], [5, 5, 5, 5], [0, 0, 1, 2]], float)
    np.testing.assert_allclose(overlaps(np.array([0, 0, 2, 2.0]), others), [1, 1 / 7, 0, 0, 0.5])


def test_of_doubles_of_a_class_the_best_stays() -> None:
    given = boxes(
        ((0, 0, 10, 10), 0.9, 0), ((0, 0, 10, 9), 0.8, 0), ((0, 0, 10, 9), 0.7, 1), ((0, 0, 10, 4), 0.6, 0),
        ((0, 0, 10, 3.9), 0.5, 0),
    )  # fmt: skip
    assert without_doubles(given, 0.45).scores.tolist() == [0.9, 0.7, 0.6]
    assert without_doubles(given, 0.3).scores.tolist() == [0.9, 0.7]


def test_average_precision_of_an_example_by_hand() -> None:
    """Right, wrong, right of three: the area is 1/3 + 2/3 * 1/3."""
    truth = boxes(((0, 0, 1, 1), 1, 2), ((2, 0, 3, 1), 1, 2), ((4, 0, 5, 1), 1, 2))
    found = boxes(((0, 0, 1, 1), 0.9, 2), ((0, 0, 1, 1), 0.8, 2), ((2, 0, 3, 1.1), 0.7, 2), ((4, 0, 5, 1), 0.6, 1))
    assert matches(found, truth).tolist() == [0, -1, 1, -1]
    measured = precision_of([found], [truth])
    assert measured.average == {2: pytest.approx(1 / 3 + 2 / 9)} and (measured.found, measured.boxes) == (2, 3)


def test_average_precision_orders_boxes_of_all_pictures() -> None:
    thing, other = (0, 0, 1, 1), (5, 5, 6, 6)
    right, wrong = boxes((thing, 0.5, 0)), boxes((other, 0.9, 0))
    truth = boxes((thing, 1, 0))
    assert precision_of([right, right], [truth, truth]).mean == 1
    assert precision_of([right, wrong], [truth, truth]).mean == pytest.approx(0.25)
    assert precision_of([right], [right.above(0.6)]).mean is None


def test_detectors_that_ship() -> None:
    assert {name: load_detector(name).channels for name in shipped()} == {
        "tiny_yolo_v2_voc": 125, "yolo_v2_coco": 425, "yolo_v2_voc": 125,
    }  # fmt: skip
    assert all(len(set(load_detector(name).classes)) in (20, 80) for name in shipped())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("anchors = [[1, 2]]", "missing required field `classes`"),
        ("anchors = []\nclasses = ['a']", "length >= 1 - at `$.anchors`"),
        ("anchors = [[1, 0]]\nclasses = ['a']", "> 0.0 - at `$.anchors[0][1]`"),
        ("anchors = [[1, 2, 3]]\nclasses = ['a']", "length 2, got 3 - at `$.anchors[0]`"),
        ("anchors = [[1, 2]]\nclasses = ['a']\nscores = 'linear'", "'linear' - at `$.scores`"),
        ("anchors = [[1, 2]]\nclasses = ['a']\nthreshold = 1.5", "< 1.0 - at `$.threshold`"),
        ("anchors = [[1, 2]]\nclasses = ['a']\nlabels = 3", "unknown field `labels`"),
        ("anchors = ", "no TOML"),
    ],
)
def test_files_of_detectors_are_judged(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        load_detector(str(file))
    assert str(error.value).startswith(f"{file}: ") and told in str(error.value)


def test_unknown_names_and_shapes_are_told() -> None:
    with pytest.raises(UserError, match=r"no detector is called 'yolo9000': known are .*yolo_v2_coco"):
        load_detector("yolo9000")
    with pytest.raises(UserError, match=r"'y' is 425 x 13 x 13: .* 2 x \(5 \+ 3\) = 16 channels"):
        SMALL.check_output("y", (425, 13, 13))
