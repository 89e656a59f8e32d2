"""What the user sees of place and route on an ECP5."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from cocodla.report.progress import progress_bar
from cocodla.report.screen import Screen
from cocodla.sim import parameters
from cocodla.sim.filelist import FileList, own_list, read_file_list
from cocodla.synth import ecp5, yosys
from cocodla.synth.estimate import WIRE, Estimate, estimate, short
from cocodla.synth.harness import TOP
from cocodla.synth.owners import Owners
from cocodla.synth.routed import Routed, Stretch, read_routed

DEFAULTS = {"SDP_LANES": 2, "PDP_LANES": 2, "CDP_LANES": 2, "CLOCK_GATES": 0}
"""Parameters where DUT_PARAMETERS has no others: lanes that leave the largest part room, and one net for the clock."""
COLUMNS = {
    "LUT4": "LUT4", "TRELLIS_FF": "FF", "CCU2C": "CCU2C", "MULT18X18D": "MULT18", "DP16KD": "block RAM",
    "TRELLIS_DPR16X4": "LUT RAM",
}  # fmt: skip
"""Cells of the table by unit. LUT RAM: 16 words of 4 bits."""
GOAL = 50.0
"""MHz."""
GOAL_ESTIMATED = 15.5
"""ns of the longest path before routing with which a chip has come to the goal behind it: real wires are longer."""
PUBLISHED = 100.0
"""MHz of a published nv_small system on a Zynq UltraScale+ (ZCU104), for comparison."""


def run_fpga(console: Screen, dut: Path, part: str, synthesis: str, words: Sequence[str]) -> dict[str, Any]:
    """Synthesize the chip of a file list, place and route it on a part, and print what came out. synthesis: a key of
    ecp5.SYNTHESIS. words: options of nextpnr. The figures as plain values. UserError where it does not fit."""
    given = _parameters(dut)
    tools = [yosys.version(), ecp5.nextpnr_version()]
    files, netlist = _netlist(console, dut, part, synthesis, given, tools)
    with ExitStack() as stack:
        shown = ""

        def stage(name: str) -> None:
            nonlocal shown
            if name != shown:
                stack.close()
                stack.enter_context(progress_bar(console, name))
                shown = name

        report = ecp5.place_and_route(netlist, part, words, stage)
    routed = read_routed(report, _owners(files))
    _print_routed(console, routed)
    return {
        "tools": tools,
        "part": part,
        "parameters": dict(given),
        "units": netlist.cells,
        "frequencies": routed.frequencies,
        "path": [asdict(stretch) for stretch in routed.path],
        "slowest": routed.slowest,
        "used": {kind: list(pair) for kind, pair in routed.used.items()},
        "minutes": report["minutes"],
        "passed": routed.frequencies.get("core", 0.0) >= GOAL,
    }


def run_estimate(console: Screen, dut: Path, part: str, synthesis: str) -> dict[str, Any]:
    """Synthesize the chip of a file list, estimate its longest paths before it is placed, and print them. The figures
    as plain values. UserError where it does not fit the part."""
    given = _parameters(dut)
    tools = [yosys.version()]
    files, netlist = _netlist(console, dut, part, synthesis, given, tools)
    with progress_bar(console, "paths"):
        found = estimate(netlist.path, TOP, _owners(files))
    _print_estimate(console, found)
    return {
        "tools": tools,
        "part": part,
        "parameters": dict(given),
        "units": netlist.cells,
        "frequencies": found.frequencies,
        "path": [asdict(stretch) for stretch in found.path],
        "steps": [list(step) for step in found.steps],
        "slowest": {unit: asdict(path) for unit, path in found.slowest.items()},
        "passed": found.longest <= GOAL_ESTIMATED,
    }


def _parameters(dut: Path) -> Mapping[str, int]:
    given = parameters.chosen(dut)
    return {**DEFAULTS, **given} if dut == own_list() else given


def _netlist(
    console: Screen, dut: Path, part: str, synthesis: str, given: Mapping[str, int], tools: Sequence[str]
) -> tuple[FileList, ecp5.Netlist]:
    """The sources of the chip and its netlist, which fits the part."""
    console.note(f"{', '.join(tools)}: {part}, {_words(given)}")
    files = read_file_list(dut)
    begun = time.time()
    with progress_bar(console, "synthesis"):
        netlist = ecp5.synthesize(files, given, ecp5.SYNTHESIS[synthesis])
    console.note(f"synthesis: {time.time() - begun:.0f} s")
    _print_units(console, netlist.cells)
    ecp5.check_fit(netlist, part)
    return files, netlist


def _words(values: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items()) or "no parameters"


def _owners(files: FileList) -> Owners:
    texts = {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in files.sources}
    return Owners(texts.get("NV_nvdla", ""), texts.values())


def _print_units(console: Screen, cells: Mapping[str, Mapping[str, int]]) -> None:
    table = Table("unit", *COLUMNS.values())
    for column in table.columns[1:]:
        column.justify = "right"
    for row in unit_rows(cells):
        table.add_row(*row)
    console.print(table)


def unit_rows(cells: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, ...]]:
    """Cells of the table: the units, the largest first, and the sum."""
    for unit, counts in sorted(cells.items(), key=lambda item: -item[1].get("LUT4", 0)):
        yield (unit, *(f"{counts.get(kind, 0):,}" for kind in COLUMNS))
    yield ("sum", *(f"{sum(counts.get(kind, 0) for counts in cells.values()):,}" for kind in COLUMNS))


def _print_routed(console: Screen, routed: Routed) -> None:
    used = Table("of the part", "used", "there", "%")
    for column in used.columns[1:]:
        column.justify = "right"
    for kind, (count, there) in routed.used.items():
        if count:
            used.add_row(kind, f"{count:,}", f"{there:,}", f"{100 * count / there:.0f}")
    console.print(used)
    _print_path(console, routed.path)
    units = Table("slowest path into", "ns", "MHz")
    for column in units.columns[1:]:
        column.justify = "right"
    for unit, delay in sorted(routed.slowest.items(), key=lambda item: -item[1]):
        units.add_row(unit, f"{delay:.2f}", f"{1000 / delay:.1f}" if delay else "")
    console.print(units)
    clocks = ", ".join(f"{name} {value:.1f} MHz" for name, value in sorted(routed.frequencies.items()))
    reached = "reached" if routed.frequencies.get("core", 0.0) >= GOAL else "missed"
    console.print(
        f"clocks: {clocks}; the goal of {GOAL:.0f} MHz is {reached}; a published nv_small runs at {PUBLISHED:.0f} MHz "
        "on a Zynq UltraScale+",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def _print_path(console: Screen, stretches: Sequence[Stretch]) -> None:
    path = Table("critical path: unit", "from", "to", "cells", "logic ns", "wires ns")
    for column in path.columns[3:]:
        column.justify = "right"
    for stretch in stretches:
        figures = (str(stretch.steps), f"{stretch.logic:.2f}", f"{stretch.wires:.2f}")
        path.add_row(stretch.unit, short(stretch.first), short(stretch.last), *figures)
    console.print(path)


def _print_estimate(console: Screen, found: Estimate) -> None:
    _print_path(console, found.path)
    units = Table("slowest path into (estimate)", "ns", "MHz", "from", "to")
    for column in units.columns[1:3]:
        column.justify = "right"
    for unit, path in sorted(found.slowest.items(), key=lambda item: -item[1].ns):
        units.add_row(unit, f"{path.ns:.2f}", f"{1000 / path.ns:.1f}", path.first, path.last)
    console.print(units)
    clocks = ", ".join(f"{name} {value:.1f} MHz" for name, value in sorted(found.frequencies.items()))
    within = "within" if found.longest <= GOAL_ESTIMATED else "beyond"
    console.print(
        f"clocks, estimated before placement with {WIRE} ns a wire: {clocks}; the longest path, "
        f"{found.longest:.1f} ns, is {within} the {GOAL_ESTIMATED} ns that {GOAL:.0f} MHz behind routing ask for",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
