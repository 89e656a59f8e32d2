"""Charts of the page as SVG: memory traffic over time and roofline. Colours are classes that the page's style sets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cocodla.hw import ATOM
from cocodla.report.cycles.summary import MULTIPLIERS, traffic
from cocodla.runtime.recording import Recorded

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 34
COLUMNS = 240
"""Points of a curve over time."""

_text = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format
_line = Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format


def _chart(label: str, parts: Iterable[Markup]) -> Markup:
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, label)
    return head + Markup("\n").join(parts) + Markup("</svg>")


def rebinned(values: NDArray[Any], lengths: NDArray[np.int64], columns: int) -> NDArray[np.float64]:
    """Amounts by window as amounts in `columns` equal parts of the run."""
    ends = np.concatenate([[0], np.cumsum(lengths)])
    amounts = np.concatenate([[0.0], np.cumsum(values)])
    return np.diff(np.interp(np.linspace(0, ends[-1], columns + 1), ends, amounts))


def clients(run: Recorded) -> list[tuple[str, str, int]]:
    """(client, direction, number of its colour) of those that moved data."""
    used = [(name, direction) for name, direction, beats in traffic(run) if beats.sum()]
    return [(name, direction, number) for number, (name, direction) in enumerate(used)]


def traffic_chart(run: Recorded) -> Markup:
    """Bytes a cycle by client over time, one on top of the other."""
    columns = min(COLUMNS, run.record.cycles)
    step = run.record.cycles / columns
    curves = [rebinned(b, run.activity.lengths, columns) * ATOM / step for _, _, b in traffic(run) if b.sum()]
    top = math.ceil(max(ATOM, *np.sum(curves, 0)) / 4) * 4 if curves else ATOM
    x = np.repeat(LEFT + (WIDTH - LEFT - RIGHT) * np.arange(columns + 1) / columns, 2)[1:-1]

    def y(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 2)

    parts = [Markup(_axis(0, top, "bytes a cycle"))]
    base = np.zeros(columns)
    for number, curve in enumerate(curves):
        outline = np.concatenate([np.stack([x, y(base + curve)], 1), np.stack([x, y(base)], 1)[::-1]])
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
        parts.append(Markup('<polygon class="c{}" points="{}"/>').format(number % 10, points))
        base += curve
    parts.append(_text(LEFT, HEIGHT - 6, "start", "0"))
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 6, "end", f"{run.record.cycles:,} cycles"))
    return _chart("Memory traffic by client over time", parts)


def _axis(low: float, high: float, unit: str) -> str:
    """The vertical axis of a linear chart with five lines."""
    parts = []
    for part in range(5):
        value = low + (high - low) * part / 4
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part / 4
        parts += [_line("grid", LEFT, y, WIDTH - RIGHT, y), _text(LEFT - 4, y + 4, "end", f"{value:.3g}")]
    return Markup("").join([*parts, _text(LEFT + 4, TOP + 10, "start", unit)])


def roofline_chart(layers: Sequence[dict[str, Any]], every: int) -> Markup | None:
    """MACs a cycle against MACs a byte of every layer, under the roofs; None without convolutions.

    A byte is one of the busier of reads and writes, which move side by side, a beat every `every` cycles each.
    """
    found = [row for row in layers if row["macs"] and row["macs_per_byte"] and row["cycles"]]
    if not found:
        return None
    speed = ATOM / every
    xs = [row["macs_per_byte"] for row in found] + [MULTIPLIERS / speed]
    ys = [row["macs"] / row["cycles"] for row in found] + [MULTIPLIERS]
    left, right = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)) + 0.1)
    low, high = math.floor(math.log10(min(ys))), 2

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - left) / (right - left)
        up = (math.log10(y) - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = []
    for power in range(left, right + 1):
        x, bottom = place(10.0**power, 10.0**low)
        parts += [_line("grid", x, TOP, x, bottom), _text(x, bottom + 14, "middle", f"{10.0**power:g}")]
    for power in range(low, high + 1):
        x, y = place(10.0**left, 10.0**power)
        parts += [_line("grid", x, y, WIDTH - RIGHT, y), _text(x - 4, y + 4, "end", f"{10.0**power:g}")]
    ridge = place(MULTIPLIERS / speed, MULTIPLIERS)
    begin = max(10.0**left, 10.0**low / speed)
    parts.append(_line("roof", *place(begin, begin * speed), *ridge))
    parts.append(_line("roof", *ridge, *place(10.0**right, MULTIPLIERS)))
    for row in found:
        x, y = place(row["macs_per_byte"], row["macs"] / row["cycles"])
        title = f"{row['name']}: {row['macs'] / row['cycles']:.1f} MACs a cycle, {row['macs_per_byte']:.3g} MACs a byte"
        parts.append(
            Markup('<circle class="c0" cx="{:.1f}" cy="{:.1f}" r="5" tabindex="0"><title>{}</title></circle>').format(
                x, y, title
            )
        )
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, "end", "MACs a byte"))
    parts.append(_text(LEFT + 4, TOP + 10, "start", "MACs a cycle"))
    return _chart("Roofline: speed of every layer against its data", parts)
