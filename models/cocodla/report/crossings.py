"""What the user sees of the crossings between the clocks of the chip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from cocodla.report.screen import Screen
from cocodla.sim.filelist import read_file_list
from cocodla.synth.crossings import Expected, Result, check, read_expected
from cocodla.synth.netlist import read_design
from cocodla.synth.yosys import version


def run_crossings(console: Screen, files: Path, top: str, listed: Path) -> dict[str, Any]:
    """Prove that the crossings of a design are those that are listed; print them. The result as plain values, whether
    they are (`passed`) among them.
    """
    expected = read_expected(listed)
    console.note(f"{top} of {files}, {version()}")
    result = check(read_design(read_file_list(files), top), expected)
    console.print(_table(expected, result))
    for line in result.findings:
        console.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    registers = ", ".join(f"{count:,} on {clock}" for clock, count in sorted(result.registers.items()))
    verdict = f"{len(result.findings)} findings" if result.findings else "every crossing is listed and of its form"
    console.print(f"registers and memories: {registers}; {verdict}", highlight=False, soft_wrap=True)
    ways = {about: sorted(f"{w.source} -> {w.target}.{w.pin}" for w in found) for about, found in result.ways.items()}
    passed = not result.findings
    return {"passed": passed, "findings": result.findings, "crossings": ways, "registers": result.registers}


def _table(expected: Expected, result: Result) -> Table:
    table = Table("crossing", "kind", "from", "to", "ways")
    table.columns[-1].justify = "right"
    for crossing in expected.crossings:
        sources, targets = ("\n".join(names) for names in (crossing.sources, crossing.targets))
        table.add_row(crossing.about, crossing.kind, sources, targets, str(len(result.ways[crossing.about])))
    return table
