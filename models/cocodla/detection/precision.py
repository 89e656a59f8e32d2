"""How like two sets of boxes are: mean average precision, as in PASCAL VOC since 2010."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.detection.boxes import Boxes, overlaps

SAME = 0.5
"""Intersection over union from which on two boxes are of the same thing."""


@dataclass(frozen=True)
class Precision:
    """average: precision by class number, 0 to 1, of the classes the truth has. boxes: of the truth; found: how many of
    them were found at all.
    """

    average: dict[int, float]
    boxes: int
    found: int

    @property
    def mean(self) -> float | None:
        """Over the classes; None without any box."""
        return float(np.mean(list(self.average.values()))) if self.average else None


def precision_of(found: Sequence[Boxes], truth: Sequence[Boxes], same: float = SAME) -> Precision:
    """Average precision of boxes found in some pictures against those that are there, picture by picture.

    The area under precision over recall, precision made falling; a box of the truth counts once, for the best box that
    overlaps it most, by at least `same`.
    """
    average, hits = {}, 0
    for kind in sorted({int(number) for boxes in truth for number in boxes.classes}):
        scores, right, there = [], [], 0
        for ours, theirs in zip(found, truth, strict=True):
            mine, wanted = (boxes.pick(boxes.classes == kind) for boxes in (ours, theirs))
            scores.append(mine.scores)
            right.append(matches(mine, wanted, same) >= 0)
            there += len(wanted)
        order = np.argsort(-np.concatenate(scores), kind="stable")
        ordered = np.concatenate(right)[order]
        hits += int(ordered.sum())
        average[kind] = _area(ordered, there)
    return Precision(average, sum(len(boxes) for boxes in truth), hits)


def matches(found: Boxes, truth: Boxes, same: float = SAME) -> NDArray[np.int64]:
    """Which box of the truth each box (best first) is, -1 for none: (n,). Each is taken once, by a box of its class."""
    result, free = np.full(len(found), -1), np.ones(len(truth), bool)
    for place, (corners, kind) in enumerate(zip(found.corners, found.classes, strict=True)):
        shared = np.where(free & (truth.classes == kind), overlaps(corners, truth.corners), 0.0)
        if len(shared) and shared.max() >= same:
            result[place] = int(shared.argmax())
            free[result[place]] = False
    return result


def _area(right: NDArray[np.bool_], there: int) -> float:
    """Under precision over recall, for boxes in the order of their scores."""
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float(falling[right].sum() / there)
