"""A picture as PNG, drawn by Pillow: no fonts or libraries of the system are needed."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from cocodla.waves.picture.shapes import FONT_SIZE, Area, Label, Line, Picture, Point

_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

_SCALE = 2
"""Pixels of the file for one of the picture."""
_FINE = 2
"""Lines are drawn so much larger and made smaller then, which smooths them."""
_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def to_png(picture: Picture) -> bytes:
    """The bytes of the file, twice as wide and high as the picture."""
    factor = _SCALE * _FINE
    image = Image.new("RGB", (picture.width * factor, picture.height * factor), "#ffffff")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(FONT_SIZE * factor)
    for shape in picture.shapes:
        if isinstance(shape, Line):
            draw.line(_scaled(shape.points, factor), shape.colour, max(round(shape.width * factor), 1), joint="curve")
        elif isinstance(shape, Area):
            outline = shape.colour or None
            draw.polygon(_scaled(shape.points, factor), shape.fill or None, outline, width=factor)
        else:
            _write(draw, shape, factor, font)
    image = image.resize((picture.width * _SCALE, picture.height * _SCALE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _write(draw: ImageDraw.ImageDraw, shape: Label, factor: int, font: _Font) -> None:
    place = (shape.x * factor, shape.y * factor)
    stroke = factor / 4 if shape.bold else 0
    draw.text(place, shape.text, shape.colour, font, _ANCHORS[shape.anchor], stroke_width=stroke)


def _scaled(points: tuple[Point, ...], factor: int) -> list[Point]:
    return [(x * factor, y * factor) for x, y in points]
