"""The page of a mismatch: one HTML file that needs nothing else, neither network nor folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_FOLDER = Path(__file__).parent


def page(facts: dict[str, Any], picture: str = "") -> str:
    """The HTML text. picture: SVG of the interface on which it shows first."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters.update(count=_count, address=_address)
    sheets = (_FOLDER.parent / "page.css", _FOLDER / "map.css")
    style = Markup("".join(path.read_text(encoding="utf-8") for path in sheets))
    drawn = Markup(_without_prolog(picture))
    return environment.get_template("page.html.j2").render(facts=facts, style=style, picture=drawn)


def _without_prolog(svg: str) -> str:
    """The element alone: an XML declaration may stand at the beginning of a file only."""
    return svg.partition("?>")[2] if svg.startswith("<?xml") else svg


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _address(value: int) -> str:
    return f"{value:#010x}"
