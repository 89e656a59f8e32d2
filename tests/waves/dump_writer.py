"""Small VCD files for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_vcd(path: Path, widths: Mapping[str, int], steps: Sequence[tuple[int, Sequence[tuple[str, str]]]]) -> Path:
    """A VCD of scope `top` with these changes: (time, [(name, value), ...]); values are bit strings."""
    codes = {name: chr(33 + number) for number, name in enumerate(widths)}
    lines = ["$timescale 1ns $end", "$scope module top $end"]
    lines += [f"$var wire {width} {codes[name]} {name} $end" for name, width in widths.items()]
    lines += ["$upscope $end", "$enddefinitions $end"]
    for time, changes in steps:
        lines.append(f"#{time}")
        lines += [
            f"{value}{codes[name]}" if widths[name] == 1 else f"b{value} {codes[name]}" for name, value in changes
        ]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def write_cycles(path: Path, rows: Sequence[Mapping[str, str]], widths: Mapping[str, int] | None = None) -> Path:
    """A VCD with clock `clk`, whose edge n, at time 10 n + 5, sees the values of row n. Values are bit strings."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    sizes = {"clk": 1} | {name: (widths or {}).get(name, 1) for name in names}
    steps = []
    for number, row in enumerate(rows):
        steps.append((10 * number, [("clk", "0"), *row.items()]))
        steps.append((10 * number + 5, [("clk", "1")]))
    return write_vcd(path, sizes, steps)
