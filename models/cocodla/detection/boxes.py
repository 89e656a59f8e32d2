"""From the numbers of a YOLOv2-style head to boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.detection.detector import Detector

LARGEST = 50.0
"""Logarithm of a size from which on boxes are infinite for all purposes."""


@dataclass(frozen=True)
class Boxes:
    """Boxes of a picture, the best first. corners: (n, 4) left, top, right, bottom in shares of the picture, which they
    may exceed; scores: (n,) from 0 to 1; classes: (n,) numbers.
    """

    corners: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Boxes:
        """Some of them."""
        return Boxes(self.corners[which], self.scores[which], self.classes[which])

    def above(self, threshold: float) -> Boxes:
        """Those with at least such a score."""
        return self.pick(self.scores >= threshold)


def boxes_of(values: NDArray[np.floating], detector: Detector, least: float | None = None) -> Boxes:
    """Boxes of a picture from the head's numbers (channels, rows, columns), `Detector.check_output` holds for them.

    least: score from which on boxes count (default: the detector's threshold). A cell and anchor gives a box for each
    class whose score is high enough; of boxes of a class that overlap too much the best stays.
    """
    least = detector.threshold if least is None else least
    _, rows, columns = values.shape
    anchors = np.array(detector.anchors)
    head = np.asarray(values, np.float64).reshape(len(anchors), 5 + len(detector.classes), rows, columns)
    scores = _sigmoid(head[:, 4, None]) * _shares(head[:, 5:], detector)
    anchor, kind, row, column = np.nonzero(scores >= least)
    x, y, width, height = head[anchor, :4, row, column].T
    centre = np.stack([(_sigmoid(x) + column) / columns, (_sigmoid(y) + row) / rows], axis=1)
    growth = np.exp(np.minimum(np.stack([width, height], axis=1), LARGEST))
    half = growth * anchors[anchor] / (2 * columns, 2 * rows)
    corners = np.concatenate([centre - half, centre + half], axis=1)
    found = scores[anchor, kind, row, column]
    order = np.argsort(-found, kind="stable")
    return without_doubles(Boxes(corners[order], found[order], kind[order]), detector.overlap)


def without_doubles(boxes: Boxes, overlap: float) -> Boxes:
    """Boxes (best first) without those that overlap a better one of their class by more than `overlap`."""
    kept = np.ones(len(boxes), bool)
    for kind in np.unique(boxes.classes):
        members = np.flatnonzero(boxes.classes == kind)
        while len(members) > 1:
            best, members = members[0], members[1:]
            double = overlaps(boxes.corners[best], boxes.corners[members]) > overlap
            kept[members[double]] = False
            members = members[~double]
    return boxes.pick(kept)


def overlaps(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of a box (4,) with others (n, 4): (n,). An empty box overlaps nothing."""
    first, last = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.maximum(last - first, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - common
    return np.divide(common, union, out=np.zeros(common.shape), where=union > 0)


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))  # exp would overflow


def _shares(values: NDArray[np.float64], detector: Detector) -> NDArray[np.float64]:
    """Class scores (anchors, classes, rows, columns) as shares."""
    if detector.scores == "sigmoid":
        return _sigmoid(values)
    grown = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
