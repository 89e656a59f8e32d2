"""Points told together: those of one line and kind, bits of a signal as ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cocodla.coverage.data import Kind, Point

_TOGGLE = re.compile(r"(.*?)(?:\[(\d+)\])?:(0->1|1->0)")


def grouped(points: Iterable[Point]) -> Iterator[tuple[str, int, Kind, str]]:
    """(file, line, kind, names) of points in order; "status[9:6], pulse[3] 0->1" for toggles."""
    places: dict[tuple[str, int, Kind], list[str]] = {}
    for point in points:
        places.setdefault((point.file, point.line, point.kind), []).append(point.name)
    for (file, line, kind), names in places.items():
        yield file, line, kind, ", ".join(_signals(names) if kind == Kind.TOGGLE else names)


def _signals(names: Iterable[str]) -> Iterator[str]:
    bits: dict[str, dict[int, set[str]]] = {}
    for name in names:
        found = _TOGGLE.fullmatch(name)
        assert found, name
        bits.setdefault(found[1], {}).setdefault(int(found[2] or -1), set()).add(found[3])
    for signal, edges in bits.items():
        for first, last, which in _ranges(edges):
            place = "" if first < 0 else f"[{last}]" if first == last else f"[{last}:{first}]"
            yield f"{signal}{place}" + ("" if len(which) == 2 else f" {min(which)}")


def _ranges(edges: dict[int, set[str]]) -> Iterator[tuple[int, int, set[str]]]:
    """(lowest, highest, edges) of neighbouring bits of which the same edges are missing."""
    first = last = None
    for bit in sorted(edges):
        if first is not None and last is not None and bit == last + 1 and edges[bit] == edges[first]:
            last = bit
            continue
        if first is not None and last is not None:
            yield first, last, edges[first]
        first = last = bit
    if first is not None and last is not None:
        yield first, last, edges[first]
