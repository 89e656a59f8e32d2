"""What a detector found: tables, plain values, a sheet of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from cocodla.detection.boxes import Boxes, overlaps
from cocodla.detection.detector import Detector
from cocodla.detection.drawing import sheet, with_boxes
from cocodla.detection.precision import matches
from cocodla.files.pictures import read_picture
from cocodla.runtime.detection import Detected, agreement

MOST = 20
"""Boxes of a picture that are printed, and drawn."""


def show(found: Sequence[Detected], detector: Detector, console: Console) -> None:
    """A line for each box above the threshold, beside the float model's; then how like they are."""
    compared = any(entry.exact is not None for entry in found)
    columns = ["picture", "class", "score", "left, top, right, bottom"]
    table = Table(*columns, *(["float score", "overlap"] if compared else []))
    for entry in found:
        ours = entry.ours.above(detector.threshold)
        name = entry.path.name
        partners = matches(ours, entry.exact) if entry.exact is not None else ()
        for place in range(min(len(ours), MOST)):
            table.add_row(name, *_words(ours, place, detector), *(_partner(entry, place, partners) if compared else []))
            name = ""
        if name:
            table.add_row(name, "nothing", "", "")
        elif len(ours) > MOST:
            table.add_row("", f"{len(ours) - MOST} more", "", "")
        for place in _missed(ours, entry.exact, detector):
            assert entry.exact is not None
            kind, score, corners = _words(entry.exact, place, detector)
            table.add_row("", f"{kind} (float only)", "", corners, score, "")
    console.print(table)
    if compared:
        console.print(_verdict(list(found), detector), highlight=False)


def as_json(found: Sequence[Detected], detector: Detector) -> dict[str, Any]:
    """Boxes above the threshold of every picture, and the average precision against float."""
    pictures = [
        {
            "picture": str(entry.path), "boxes": _plain(entry.ours, detector),
            "float_boxes": None if entry.exact is None else _plain(entry.exact, detector),
        }
        for entry in found
    ]  # fmt: skip
    measured = agreement(list(found), detector)
    classes = {detector.classes[kind]: value for kind, value in measured.average.items()}
    return {"pictures": pictures, "map_against_float": measured.mean, "classes": classes}


def draw(found: Sequence[Detected], detector: Detector) -> Image.Image:
    """Each picture with its boxes; those of the float model to the right."""
    rows = []
    for entry in found:
        picture = read_picture(entry.path)
        sides = [("int8", entry.ours), ("float", entry.exact)]
        rows.append(
            [
                (f"{entry.path.name}, {side}", with_boxes(picture, _shown(boxes, detector), detector.classes))
                for side, boxes in sides
                if boxes is not None
            ]
        )
    return sheet(rows)


def _shown(boxes: Boxes, detector: Detector) -> Boxes:
    wanted = boxes.above(detector.threshold)
    return Boxes(wanted.corners[:MOST], wanted.scores[:MOST], wanted.classes[:MOST])


def _words(boxes: Boxes, place: int, detector: Detector) -> tuple[str, str, str]:
    corners = ", ".join(f"{share:.3f}" for share in boxes.corners[place])
    return detector.classes[boxes.classes[place]], f"{boxes.scores[place]:.3f}", corners


def _partner(entry: Detected, place: int, partners: Any) -> list[str]:
    """Score of the float model's box for the same thing, and how much both overlap."""
    if entry.exact is None or partners[place] < 0:
        return ["none", ""]
    other = int(partners[place])
    shared = overlaps(entry.ours.corners[place], entry.exact.corners[other : other + 1])[0]
    return [f"{entry.exact.scores[other]:.3f}", f"{shared:.3f}"]


def _missed(ours: Boxes, exact: Boxes | None, detector: Detector) -> list[int]:
    """Boxes of the float model above the threshold that int8 does not have there."""
    if exact is None:
        return []
    taken = set(matches(ours, exact).tolist())
    return [place for place in range(min(len(exact.above(detector.threshold)), MOST)) if place not in taken]


def _verdict(found: list[Detected], detector: Detector) -> str:
    measured = agreement(found, detector)
    if measured.mean is None:
        return f"float finds nothing with a score of {detector.threshold:g}: nothing to compare"
    return (
        f"against float's {measured.boxes} boxes on {len(found)} picture{'s' * (len(found) > 1)}: "
        f"mAP {measured.mean:.2%}, a drop of {100 * (1 - measured.mean):.2f} points; {measured.found} found"
    )


def _plain(boxes: Boxes, detector: Detector) -> list[dict[str, Any]]:
    shown = boxes.above(detector.threshold)
    return [
        {"class": detector.classes[kind], "score": float(score), "box": corners.tolist()}
        for corners, score, kind in zip(shown.corners, shown.scores, shown.classes, strict=True)
    ]
