"""What the user sees of block benches and lint."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cocodla.sim import bench, lint, tools

console = Console()


def show_list() -> int:
    """Table of all blocks and tests."""
    table = Table("block", "test", "what it shows")
    for item in bench.load_benches():
        for number, test in enumerate(item.tests):
            name = test.name + (" (parametrised)" if test.parametrized else "")
            table.add_row(item.block if number == 0 else "", name, escape(test.summary))
        table.add_section()
    console.print(table)
    return 0


def run_block(block: str, sim: str, test: str | None, seed: int | None, waves: bool, quiet: bool) -> int:
    """Run one bench and show its results."""
    echo: Callable[[str], None] | None = None if quiet else lambda line: console.out(line, highlight=False)
    if waves and sim == "verilator" and not tools.has_fst_headers():
        console.print("no lz4/zlib headers found: waves are VCD (Debian: apt-get install liblz4-dev zlib1g-dev)")
    outcome = bench.run_bench(block, sim, test, seed, waves, echo, lambda text: console.out(text, highlight=False))
    table = Table("test", "result", "seconds", "message")
    for variant, run in outcome.runs.items():
        for result in run.results:
            colour = {"passed": "green", "failed": "red"}.get(result.status, "yellow")
            name = result.name if variant == "default" else f"{variant}: {result.name}"
            status = f"[{colour}]{result.status}[/{colour}]"
            table.add_row(escape(name), status, f"{result.seconds:.2f}", escape(result.message))
    console.print(table)
    for run in outcome.runs.values():
        if run.error and not any(result.status == "failed" for result in run.results):
            console.print(f"[red]{escape(run.error)}[/red]", soft_wrap=True)
        console.out(f"log {run.log}" + (f"  waves {run.waves}" if run.waves else ""), highlight=False)
    console.out(f"{block} on {sim}, seed {outcome.seed}: {'passed' if outcome.passed else 'FAILED'}", highlight=False)
    return 0 if outcome.passed else 1


def run_lint(names: list[str]) -> int:
    """Lint the chip or single modules."""
    results = [result for name in names for result in lint.lint_module(name)] if names else lint.lint_chip()
    for result in results:
        state = "skipped, not installed" if result.text is None else "clean" if result.clean else f"\n{result.text}"
        console.out(f"{result.name}: {state}", highlight=False)
    return 0 if all(result.clean for result in results) else 1
