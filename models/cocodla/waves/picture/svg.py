"""A picture as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

from cocodla.waves.picture.shapes import FONT_SIZE, Area, Label, Line, Picture, Point, Shape

_NAMESPACE = "http://www.w3.org/2000/svg"
_FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"


def to_svg(picture: Picture) -> bytes:
    """The text of the file, the same for the same picture."""
    size = {"width": str(picture.width), "height": str(picture.height)}
    frame = {"viewBox": f"0 0 {picture.width} {picture.height}", "role": "img"}
    font = {"font-family": _FONT, "font-size": str(FONT_SIZE)}
    root = ElementTree.Element("svg", {"xmlns": _NAMESPACE, **size, **frame, **font})
    ElementTree.SubElement(root, "title").text = _legal(picture.title)
    ElementTree.SubElement(root, "rect", {**size, "fill": "#ffffff"})
    for shape in picture.shapes:
        _add(root, shape)
    ElementTree.indent(root, "")
    return ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _add(root: ElementTree.Element, shape: Shape) -> None:
    if isinstance(shape, Line):
        stroke = {"stroke": shape.colour, "stroke-width": _number(shape.width), "fill": "none"}
        ElementTree.SubElement(root, "polyline", {"points": _places(shape.points), **stroke})
    elif isinstance(shape, Area):
        stroke = {"stroke": shape.colour} if shape.colour else {}
        ElementTree.SubElement(root, "polygon", {"points": _places(shape.points), "fill": shape.fill, **stroke})
    else:
        _add_text(root, shape)


def _add_text(root: ElementTree.Element, shape: Label) -> None:
    attributes = {"x": _number(shape.x), "y": _number(shape.y + 0.36 * FONT_SIZE), "fill": shape.colour}
    if shape.anchor != "start":
        attributes["text-anchor"] = shape.anchor
    if shape.bold:
        attributes["font-weight"] = "bold"
    ElementTree.SubElement(root, "text", attributes).text = _legal(shape.text)


def _places(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _legal(text: str) -> str:
    """The text with what XML cannot hold as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
