"""What the user sees of random networks: progress, operators met, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.fuzz.check import Finding
from cocodla.report.progress import progress_bar
from cocodla.report.runs import show_waves


def show(findings: Iterable[Finding], total: int, console: Console, repeat: Callable[[Finding], str]) -> dict[str, Any]:
    """Consume findings under a progress bar; print failures as they come, a table at the end.

    The result as plain values, whether all is good (`passed`) among them.
    """
    failures: list[dict[str, Any]] = []
    kinds, operators, placed = Counter[str](), Counter[str](), Counter[str]()
    cycles = 0
    with progress_bar(console, "random networks") as progress:
        progress(0, total)
        for finding in findings:
            kinds[finding.kind] += 1
            cycles += finding.cycles
            if finding.kind == "equal":
                operators += finding.operators
                placed += finding.placed
            progress(kinds.total(), total)
            for waves in finding.waves:
                show_waves(waves, console)
            if not finding.good:
                failures.append(
                    {"seed": finding.seed, "nodes": finding.nodes, "kind": finding.kind, "text": finding.text}
                )
                line = f"seed {finding.seed}, {finding.nodes} nodes: {finding.kind}: {finding.text}; {repeat(finding)}"
                console.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    table = Table("operator", "networks that run", "on the accelerator", title="operators of random networks")
    for name, count in sorted(operators.items()):
        table.add_row(name, str(count), str(placed[name]))
    console.print(table)
    failed = kinds.total() - kinds["equal"] - kinds["refused"]
    summary = f"{kinds.total()} networks: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    console.print(
        summary + (f"; {cycles:,} cycles on the RTL" if cycles else ""),
        style="red" if failed else "green", highlight=False,
    )  # fmt: skip
    return {
        "passed": not failed,
        "networks": kinds.total(),
        "kinds": dict(kinds),
        "cycles": cycles,
        "failures": failures,
        "operators": {name: {"run": operators[name], "accelerator": placed[name]} for name in sorted(operators)},
    }
