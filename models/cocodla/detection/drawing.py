"""Pictures with boxes on them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from cocodla.detection.boxes import Boxes

GAP = 8
"""Pixels between pictures."""
PAPER, INK = "white", "black"


def with_boxes(picture: Image.Image, boxes: Boxes, classes: Sequence[str]) -> Image.Image:
    """A copy of a picture with frames, classes and scores on it; the best are on top."""
    drawn = picture.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    width, height = drawn.size
    font = ImageFont.load_default(max(10, min(width, height) // 32))
    thick = max(1, min(width, height) // 200)
    for corners, score, kind in reversed(list(zip(boxes.corners, boxes.scores, boxes.classes, strict=True))):
        left, top, right, bottom = (
            min(max(share, 0.0), 1.0) * (size - 1)
            for share, size in zip(corners, (width, height) * 2, strict=True)
        )  # fmt: skip
        colour = _colour(int(kind))
        pen.rectangle((left, top, right, bottom), outline=colour, width=thick)
        text = f"{classes[kind]} {score:.2f}"
        box = pen.textbbox((left, top), text, font=font, anchor="lb")
        place = (left, max(top, box[3] - box[1] + 2))
        pen.rectangle(pen.textbbox(place, text, font=font, anchor="lb"), fill=colour)
        pen.text(place, text, fill=INK, font=font, anchor="lb")
    return drawn


def sheet(rows: Sequence[Sequence[tuple[str, Image.Image]]]) -> Image.Image:
    """Titled pictures in rows on one sheet."""
    font = ImageFont.load_default(14)
    line = 14 + GAP
    width = max(sum(picture.width + GAP for _, picture in row) for row in rows) + GAP
    height = sum(max(picture.height for _, picture in row) + line + GAP for row in rows)
    drawn = Image.new("RGB", (width, height), PAPER)
    pen, top = ImageDraw.Draw(drawn), 0
    for row in rows:
        left = GAP
        for title, picture in row:
            pen.text((left, top + GAP // 2), title, fill=INK, font=font)
            drawn.paste(picture, (left, top + line))
            left += picture.width + GAP
        top += max(picture.height for _, picture in row) + line + GAP
    return drawn


def _colour(number: int) -> tuple[int, int, int]:
    """Of a class; neighbouring numbers are far apart."""
    red, green, blue = colorsys.hsv_to_rgb(number * 0.618 % 1, 0.75, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
