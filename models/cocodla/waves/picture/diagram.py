"""Traces as a picture: an axis of cycles or times on top, then a row for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cocodla.waves.dump import Dump
from cocodla.waves.picture.request import Range
from cocodla.waves.picture.scale import GAP, Piece, pieces_of, step_of
from cocodla.waves.picture.shapes import GLYPH, Area, Label, Line, Picture, Shape, fitted
from cocodla.waves.picture.traces import Span, Trace

ROW = 28
"""Height of a row, pixels."""
_HALF = 9  # half the height of a wave
_TOP = 26
_EDGE = 3  # width of a change of a bus
_TICK = 64  # least distance of numbers on the axis
_LONGEST_LABEL = 60
_INK, _GRID, _SOFT = "#1a1a2e", "#d9dce3", "#6b7280"
_FILLS = {"": "#eef3fb", "x": "#f6b5b5", "z": "#f5e3b3", "0": "#ffffff", "1": "#fbdcae", "2": "#f2a0a0", "3": "#bfe5c0"}
"""Of buses by Span.state: x, z, and what a handshake does."""


def draw(traces: Sequence[Trace], time: Range, dump: Dump, width: int, title: str = "") -> Picture:
    """The picture; `width` pixels for the waves."""
    labels = [_label(trace.label) for trace in traces]
    left = max(len(label) for label in labels) * GLYPH + 16
    top = _TOP + (22 if title else 0)
    pieces = pieces_of(time.ranges, left, width)
    bottom = top + ROW * len(traces)
    shapes: list[Shape] = [Label(8, 14, title, bold=True)] if title else []
    for piece in pieces:
        shapes += _axis(piece, time, dump, top, bottom)
    for place, (trace, label) in enumerate(zip(traces, labels, strict=True)):
        middle = top + ROW * place + ROW / 2
        shapes.append(Label(left - 8, middle, label, "end", _INK))
        for piece in pieces:
            shapes += _wave(trace, piece, middle)
    for piece in pieces[:-1]:
        shapes += _gap(piece.right, top, bottom)
    described = title or ", ".join(labels)
    return Picture(int(left + width + 12), int(bottom + 10), tuple(shapes), described)


def _label(text: str) -> str:
    """A label, or its end if it is too long."""
    return text if len(text) <= _LONGEST_LABEL else f"…{text[1 - _LONGEST_LABEL :]}"


def _axis(piece: Piece, time: Range, dump: Dump, top: float, bottom: float) -> Iterator[Shape]:
    """Lines and numbers of cycles, or of times."""
    if time.edges is not None:
        first, last = np.searchsorted(time.edges, (piece.start, piece.end))
        step = max(int(step_of(float(last - first), max((piece.right - piece.x) / _TICK, 1))), 1)
        lines = max(int(step_of(float(last - first), max((piece.right - piece.x) / 6, 1))), 1)
        ticks = [(int(time.edges[n]), f"{n}" if n % step == 0 else "") for n in range(first, last) if n % lines == 0]
    else:
        ticks = _times(piece, dump)
    for tick, number in ticks:
        x = piece.place(tick)
        yield Line(((x, top - 4), (x, bottom)), _GRID)
        if number and x + len(number) * GLYPH / 2 <= piece.right + GAP / 2:
            yield Label(x, top - 12, number, "middle", _SOFT)


def _times(piece: Piece, dump: Dump) -> list[tuple[int, str]]:
    step = max(round(step_of(piece.end - piece.start, max((piece.right - piece.x) / (1.5 * _TICK), 1))), 1)
    first = -(-piece.start // step) * step
    return [(tick, dump.time_text(tick)) for tick in range(first, piece.end, step)]


def _wave(trace: Trace, piece: Piece, middle: float) -> Iterator[Shape]:
    spans = [span for span in trace.spans if span.end > piece.start and span.start < piece.end]
    if trace.is_bit:
        yield from _bit(spans, piece, middle)
        return
    busy = piece.x
    for span in spans:
        begin, end = piece.place(span.start), piece.place(span.end)
        if end - begin < 1.5 and span.end < piece.end:  # changes closer than that become one dark stretch
            continue
        if begin - busy > 0.1:
            yield Area(_box(busy, begin, middle), _SOFT)
        busy = end
        yield from _value(span, begin, end, middle, span.start > piece.start, span.end < piece.end)
    if piece.right - busy > 0.1 and spans:
        yield Area(_box(busy, piece.right, middle), _SOFT)


def _value(span: Span, begin: float, end: float, middle: float, opens: bool, closes: bool) -> Iterator[Shape]:
    """A value of a bus, with slanted ends where it changes there."""
    if span.state == "none":
        yield Line(((begin, middle), (end, middle)), _GRID)
        return
    slant = min(_EDGE, (end - begin) / 2)
    a, b = (slant if opens else 0), (slant if closes else 0)
    low, high = middle + _HALF, middle - _HALF
    points = [(begin, middle)] if a else []
    points += [(begin + a, high), (end - b, high)]
    points += [(end, middle)] if b else []
    points += [(end - b, low), (begin + a, low)]
    yield Area(tuple(points), _FILLS[span.state], _INK)
    if text := fitted(span.text, end - begin - 2 * slant - 2):
        yield Label((begin + end) / 2, middle, text, "middle", _INK)


def _bit(spans: Sequence[Span], piece: Piece, middle: float) -> Iterator[Shape]:
    """A bit: one line through all levels; what is unknown lies in boxes over it."""
    points: list[tuple[float, float]] = []
    for span in spans:
        begin, end = piece.place(span.start), piece.place(span.end)
        if span.level is None:
            if len(points) > 1:
                yield Line(tuple(points), _INK, 1.5)
            points = []
            if span.state == "none":
                yield Line(((begin, middle), (end, middle)), _GRID)
            elif span.state == "z":
                yield Line(((begin, middle), (end, middle)), "#b7791f", 1.5)
            else:
                yield Area(_box(begin, end, middle), _FILLS["x"], _INK)
            continue
        y = middle - _HALF if span.level else middle + _HALF
        points += [(begin, y), (end, y)]
    if len(points) > 1:
        yield Line(tuple(points), _INK, 1.5)


def _box(begin: float, end: float, middle: float) -> tuple[tuple[float, float], ...]:
    high, low = middle - _HALF, middle + _HALF
    return (begin, high), (end, high), (end, low), (begin, low)


def _gap(x: float, top: float, bottom: float) -> Iterator[Shape]:
    """Two slanted lines where time is left out."""
    for shift in (0.0, 6.0):
        start = x + GAP / 2 - 6 + shift
        yield Line(((start + 4, top - 4), (start - 2, bottom)), _SOFT, 1.2)
