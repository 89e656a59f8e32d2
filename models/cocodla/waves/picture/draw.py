"""From a dump to the bytes of a picture."""

from __future__ import annotations

from pathlib import Path

from cocodla.waves.dump import Dump, Progress
from cocodla.waves.interfaces import Description
from cocodla.waves.picture.diagram import draw
from cocodla.waves.picture.png import to_png
from cocodla.waves.picture.request import Request, find_range, find_rows
from cocodla.waves.picture.svg import to_svg
from cocodla.waves.picture.traces import read_traces

FORMATS = {".svg": to_svg, ".png": to_png}


def draw_dump(
    path: Path,
    description: Description | None,
    request: Request,
    suffix: str = ".svg",
    width: int = 900,
    title: str = "",
    progress: Progress | None = None,
) -> bytes:
    """The picture that is asked for. width: pixels of the waves. UserError for whatever cannot be drawn."""
    dump = Dump(path)
    rows = find_rows(dump, description, request)
    time = find_range(dump, request, progress)
    traces = read_traces(dump, rows, time.ranges[0][0], time.ranges[-1][1], progress)
    return FORMATS[suffix](draw(traces, time, dump, width, title))
