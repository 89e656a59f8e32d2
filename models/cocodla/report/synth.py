"""The area tables: printed, and written to docs/area.md."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.errors import UserError
from cocodla.report.progress import progress_bar
from cocodla.sim import parameters
from cocodla.synth import yosys
from cocodla.synth.units import UNITS, Cost, Unit

LEVELS_GOAL = 16
"""Longest path a unit may have, in LUT6."""
AREA_GOAL = 0.8
"""Area of the chip, as a share of the public design's."""

_HEADINGS = ("LUT", "FF", "DSP", "block RAM", "LUT RAM", "kGE", "RAM kbit", "LUT6 levels")
_COMPARED = ("kGE", "public", "ratio", "LUT", "public", "ratio", "DSP", "public")

Costs = list[tuple[Unit, Cost]]


@dataclass(frozen=True)
class Reference:
    """Area of the public design: kGE, LUTs and DSPs by row, and of all. A row is a unit or several (a+b)."""

    kge: dict[str, float]
    luts: dict[str, int]
    dsps: dict[str, int]
    total_kge: float
    total_luts: int
    total_dsps: int
    flip_flops: int
    ram_bits: int


_FPGA = {"CLOCK_GATES": 0}
"""An FPGA has one net for the clock, and enables at its flip-flops."""


def run_synth(console: Console, only: str, document: Path, shared: Path, jobs: int = 0) -> dict[str, Any]:
    """Synthesize the units whose name matches `only`, print the tables (all units of the default chip: and write
    `document`).

    jobs: runs of Yosys at a time; 0: one for each processor. Returns the figures as plain values.
    """
    chosen = select(only)
    changed = parameters.chosen()
    words = "".join(f", {name}={value}" for name, value in changed.items())
    console.print(f"tool: {yosys.version()}{words}", highlight=False)
    given = {module: parameters.of_module(module, {**_FPGA, **changed}) for unit in chosen for module in unit.modules}
    costs = synthesize_all(console, chosen, jobs or os.cpu_count() or 1, given)
    complete = len(chosen) == len(UNITS)
    reference = read_reference(shared) if complete else None
    _print(console, ("unit", *_HEADINGS), rows(costs))
    if reference:
        _print(console, ("unit", *_COMPARED), comparison(costs, reference))
    elif complete:
        console.print("comparison with the public design left out: no ../shared", highlight=False)
    for text in exceeded(costs, reference):
        console.print(text, highlight=False)
    lines = code_lines(yosys.project.root() / "rtl")
    console.print(f"code lines of rtl/: {lines['written'] + lines['generated']:,}", highlight=False)
    if complete and not changed:
        document.parent.mkdir(parents=True, exist_ok=True)
        document.write_text(markdown(costs, lines, reference), encoding="utf-8")
    return {
        "tool": yosys.version(),
        "parameters": dict(changed),
        "units": [{"unit": unit.name, "count": unit.count, **asdict(cost)} for unit, cost in costs],
        "exceeded": list(exceeded(costs, reference)),
        "code_lines": lines,
    }


def select(only: str) -> list[Unit]:
    """Units whose name matches a regular expression; UserError where it is none or matches nothing."""
    try:
        found = [unit for unit in UNITS if re.search(only, unit.name)]
    except re.error as error:
        raise UserError(f"{only!r} is not a regular expression: {error}") from None
    if not found:
        raise UserError(f"no unit matches {only!r}; there are {', '.join(unit.name for unit in UNITS)}")
    return found


def synthesize_all(
    console: Console, units: Sequence[Unit], jobs: int, given: Mapping[str, Mapping[str, int]]
) -> Costs:
    """Cost of each unit, `jobs` runs of Yosys at a time. given: parameters by module. The first UserError stops what
    has not begun."""
    work = [(unit, module, step) for step in yosys.STEPS for unit in units for module in unit.modules]
    total = {unit.name: Cost() for unit in units}
    with progress_bar(console, "synthesis") as progress, ThreadPoolExecutor(jobs) as pool:
        progress(0, len(work))
        running = {
            pool.submit(yosys.synthesize, module, given.get(module, {}), step): unit.name
            for unit, module, step in work
        }
        try:
            for number, done in enumerate(as_completed(running), 1):
                total[running[done]] += done.result()
                progress(number, len(work))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [(unit, total[unit.name]) for unit in units]


def _print(console: Console, headings: Sequence[str], lines: Iterator[tuple[str, ...]]) -> None:
    table = Table(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    for line in lines:
        table.add_row(*line)
    console.print(table)


def rows(costs: Costs) -> Iterator[tuple[str, ...]]:
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


def read_reference(shared: Path) -> Reference | None:
    """The public design's area in ../shared; None without it."""
    path = shared / "reference" / "nv_small_cycles.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    gates, fpga = found["area"], found["area_luts"]

    def by_row(table: Mapping[str, float]) -> dict:
        return {re.sub(r" \(.*", "", name): value for name, value in table.items()}

    return Reference(
        kge=by_row(gates["units_kGE"]),
        luts=by_row(fpga["LUT"]),
        dsps=by_row(fpga["DSP"]),
        total_kge=gates["total_kGE"],
        total_luts=fpga["LUT_total"],
        total_dsps=fpga["DSP_total"],
        flip_flops=fpga["FF_total"],
        ram_bits=gates["ram_bits"],
    )


def comparison(costs: Costs, reference: Reference) -> Iterator[tuple[str, ...]]:
    """Cells of the comparison, in the rows of the reference; where a unit is there twice, one of them."""
    ours = {unit.name: cost for unit, cost in costs}
    count = {unit.name: unit.count for unit, _ in costs}
    for row, kge in reference.kge.items():
        names = row.split("+")
        cost = sum((ours[name] for name in names), Cost())
        luts = sum(reference.luts[name] for name in names)
        dsps = sum(reference.dsps.get(name, 0) for name in names)
        label = " and ".join(names) if count[names[0]] == 1 else f"{row} (each of {count[row]})"
        yield (label, *_compare(cost, kge, luts, dsps))
    total = sum((cost * unit.count for unit, cost in costs), Cost())
    yield ("sum", *_compare(total, reference.total_kge, reference.total_luts, reference.total_dsps))


def _compare(cost: Cost, kge: float, luts: int, dsps: int) -> tuple[str, ...]:
    return (
        f"{cost.gates / 1000:.1f}",
        f"{kge:,.1f}",
        f"{cost.gates / 1000 / kge:.2f}",
        f"{cost.luts:,}",
        f"{luts:,}",
        f"{cost.luts / luts:.2f}",
        str(cost.dsps),
        str(dsps),
    )


def exceeded(costs: Costs, reference: Reference | None) -> Iterator[str]:
    """A line for each goal that is missed."""
    for unit, cost in costs:
        if cost.levels > LEVELS_GOAL:
            yield f"{unit.name}: {cost.levels} levels, the goal is {LEVELS_GOAL}"
    if reference:
        total = sum((cost * unit.count for unit, cost in costs), Cost())
        for name, ratio in (
            ("gate equivalents", total.gates / 1000 / reference.total_kge),
            ("LUTs", total.luts / reference.total_luts),
        ):
            if ratio > AREA_GOAL:
                yield f"{name}: {ratio:.2f} of the public design, the goal is {AREA_GOAL}"


def code_lines(folder: Path) -> dict[str, int]:
    """Lines of Verilog that are neither blank nor comment: {"written": ..., "generated": ...}."""
    counts = {"written": 0, "generated": 0}
    for path in folder.rglob("*.v"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        lines = sum(bool(line.split("//")[0].strip()) for line in text.splitlines())
        counts["generated" if path.parent.name == "gen" else "written"] += lines
    return counts


def markdown(costs: Costs, lines: dict[str, int], reference: Reference | None) -> str:
    """Text of docs/area.md."""
    text = f"""# Area

Written by `make synth` with {yosys.version()}. Each unit is synthesized on its own, with its register file and its
memory readers, hierarchy kept; the RAM wrappers are black boxes.

* LUT, FF, DSP: `synth_xilinx -family xcup -noiopad -noclkbuf`, a Xilinx UltraScale+ part.
* Block RAM (36 kbit) and LUT RAM are counted from the sizes of the wrapped memories; LUT RAM is not part of the LUTs.
* kGE: `synth`, thousands of gate equivalents (NAND or NOR 1, inverter 0.67, AND or OR 1.33, AOI4 1.67, XOR or
  multiplexer 2.33, flip-flop 6).
* LUT6 levels: `synth -flatten -lut 6; ltp -noff`, the longest path between flip-flops, RAMs and ports; the
  goal is {LEVELS_GOAL}.

{_table(("unit", *_HEADINGS), rows(costs))}

Code lines of rtl/, comments and blank lines not counted: {lines["written"] + lines["generated"]:,}
({lines["written"]:,} written, {lines["generated"]:,} generated from the register description).
"""
    if reference:
        total = sum((cost * unit.count for unit, cost in costs), Cost())
        text += f"""
## Beside the public design

Its figures were measured in the same way with Yosys 0.23. The goal is {AREA_GOAL} for both sums. Its SDP, PDP and CDP
have one lane where ours have eight.

{_table(("unit", *_COMPARED), comparison(costs, reference))}

Flip-flops: {total.flip_flops:,} to {reference.flip_flops:,}; memory: {total.ram_bits / 1024:,.0f} kbit to
{reference.ram_bits / 1024:,.0f}. Ours keeps FIFOs and the copies of registers that are only read back in RAM
wrappers; the memories of neither design are part of the gates and LUTs.
"""
    return text


def _table(headings: Sequence[str], lines: Iterator[tuple[str, ...]]) -> str:
    head = "| " + " | ".join(headings) + " |\n|---|" + "---:|" * (len(headings) - 1)
    return head + "".join("\n| " + " | ".join(line) + " |" for line in lines)
