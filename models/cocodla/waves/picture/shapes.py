"""What a picture consists of. Places in pixels, y downwards; colours "#rrggbb", empty for none."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]

FONT_SIZE = 12
GLYPH = 7.25
"""Width of a character in the font that SVG asks for, at most."""


@dataclass(frozen=True)
class Line:
    """Joined points."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.0


@dataclass(frozen=True)
class Area:
    """A closed outline."""

    points: tuple[Point, ...]
    fill: str
    colour: str = ""


@dataclass(frozen=True)
class Label:
    """One line of text, its middle at height y. anchor: which end is at x, "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    colour: str = "#000000"
    bold: bool = False


Shape = Line | Area | Label


@dataclass(frozen=True)
class Picture:
    """Shapes in the order they are drawn. title: for those who cannot see it."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    title: str


def fitted(text: str, width: float) -> str:
    """The text, or as much of it as fits into a width, with an ellipsis; empty where not even that has a place."""
    room = int(width / GLYPH)
    return text if len(text) <= room else text[: room - 1] + "…" if room > 2 else ""
