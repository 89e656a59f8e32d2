"""The area table: printed, and written to docs/area.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cocodla.errors import UserError
from cocodla.report.progress import progress_bar
from cocodla.synth import yosys
from cocodla.synth.units import UNITS, Cost, Unit

LEVELS_GOAL = 16
"""Longest path a unit may have, in LUT6."""

_HEADINGS = ("LUT", "FF", "DSP", "block RAM", "LUT RAM", "kGE", "RAM kbit", "LUT6 levels")


def run_synth(console: Console, only: str, document: Path, shared: Path) -> None:
    """Synthesize the units whose name matches `only` (all: and write `document`), print the table."""
    chosen = [unit for unit in UNITS if re.search(only, unit.name)]
    if not chosen:
        raise UserError(f"no unit matches {only!r}; there are {', '.join(unit.name for unit in UNITS)}")
    costs: list[tuple[Unit, Cost]] = []
    with progress_bar(console, "synthesis") as progress:
        progress(0, len(chosen))
        for unit in chosen:
            parts = (yosys.synthesize(module, unit.parameters) for module in unit.modules)
            costs.append((unit, sum(parts, Cost())))
            progress(len(costs), len(chosen))
    table = Table("unit")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for row in rows(costs):
        table.add_row(*row)
    console.print(table)
    lines = code_lines(yosys.project.root() / "rtl")
    for text in _comparison(costs, shared, len(chosen) == len(UNITS)):
        console.print(text, highlight=False)
    console.print(f"code lines of rtl/: {lines['written'] + lines['generated']:,}", highlight=False)
    if len(chosen) == len(UNITS):
        document.write_text(markdown(costs, lines), encoding="utf-8")


def rows(costs: list[tuple[Unit, Cost]]) -> Iterator[tuple[str, ...]]:
    """Cells of the table; one unit's cost a row, times its count in the sum."""
    total = Cost()
    for unit, cost in costs:
        total += cost * unit.count
        name = unit.name if unit.count == 1 else f"{unit.name} (each of {unit.count})"
        yield (name, *_cells(cost))
    if len(costs) > 1:
        yield ("sum", *_cells(total))


def _cells(cost: Cost) -> tuple[str, ...]:
    return (
        f"{cost.luts:,}",
        f"{cost.flip_flops:,}",
        str(cost.dsps),
        f"{cost.blocks:g}",
        f"{cost.ram_luts:,}",
        f"{cost.gates / 1000:.1f}",
        f"{cost.ram_bits / 1024:.1f}",
        str(cost.levels),
    )


def _comparison(costs: list[tuple[Unit, Cost]], shared: Path, complete: bool) -> Iterator[str]:
    """Lines on the goals, where the public design's numbers are present."""
    for unit, cost in costs:
        if cost.levels > LEVELS_GOAL:
            yield f"{unit.name}: {cost.levels} levels, the goal is {LEVELS_GOAL}"
    path = shared / "reference" / "nv_small_cycles.json"
    if not complete or not path.is_file():
        return
    reference = json.loads(path.read_text(encoding="utf-8"))
    total = sum((cost * unit.count for unit, cost in costs), Cost())
    for name, ours, theirs in (
        ("gate equivalents", total.gates / 1000, reference["area"]["total_kGE"]),
        ("LUTs", total.luts, reference["area_luts"]["LUT_total"]),
    ):
        yield f"{name}: {ours / theirs:.2f} of the public design (goal 0.80)"


def code_lines(folder: Path) -> dict[str, int]:
    """Lines of Verilog that are neither blank nor comment: {"written": ..., "generated": ...}."""
    counts = {"written": 0, "generated": 0}
    for path in folder.rglob("*.v"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        lines = sum(bool(line.split("//")[0].strip()) for line in text.splitlines())
        counts["generated" if path.parent.name == "gen" else "written"] += lines
    return counts


def markdown(costs: list[tuple[Unit, Cost]], lines: dict[str, int]) -> str:
    """Text of docs/area.md."""
    head = "| unit | " + " | ".join(_HEADINGS) + " |\n|---|" + "---:|" * len(_HEADINGS)
    body = "\n".join("| " + " | ".join(row) + " |" for row in rows(costs))
    return f"""# Area

Written by `make synth` ({yosys.version().partition(" (")[0]}). Each unit is synthesized on its own, with its register
file and its memory readers, hierarchy kept; the RAM wrappers are black boxes. LUT, FF and DSP: `synth_xilinx
-family xcup -noiopad -noclkbuf`, a Xilinx UltraScale+ part. Block RAM (36 kbit) and LUT RAM are counted from the
sizes of the wrapped memories; LUT RAM is not part of the LUTs. kGE: `synth`, thousands of gate equivalents (NAND 1,
inverter 0.67, AND or OR 1.33, XOR or multiplexer 2.33, flip-flop 6). LUT6 levels: `synth -flatten -lut 6; ltp -noff`,
the longest path between flip-flops, RAMs and ports; the goal is {LEVELS_GOAL}.

{head}
{body}

Code lines of rtl/, comments and blank lines not counted: {lines["written"] + lines["generated"]:,}
({lines["written"]:,} written, {lines["generated"]:,} generated from the register description).
"""
