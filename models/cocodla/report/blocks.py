"""What the user sees of block benches and lint."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cocodla.coverage import store
from cocodla.report.runs import show_waves
from cocodla.report.screen import Screen
from cocodla.runtime import autowaves
from cocodla.sim import bench, bench_tests, lint, tools
from cocodla.sim.run import Run, TestResult
from cocodla.sim.waves import Waves, opening

CommandLine = Callable[[Sequence[object]], str]
"""Words of `cocodla sim` to the command a shell takes."""


def describe_blocks() -> list[dict[str, Any]]:
    """Every block: its name, how many tests its sources have, what it is about."""
    return [{"block": item.block, "tests": len(item.tests), "about": item.about} for item in bench.load_benches()]


def show_blocks(blocks: list[dict[str, Any]], console: Console) -> None:
    """A line for each block."""
    table = Table("block", "tests", "what it is")
    for entry in blocks:
        table.add_row(entry["block"], str(entry["tests"]), entry["about"])
    console.print(table)


def describe_tests(block: str, sim: str, test: str | None) -> list[dict[str, Any]]:
    """The tests of a block, or those a pattern chooses: test, the names it runs under, what it shows."""
    found = bench.load_bench(block)
    names = bench.choose_tests(found, sim, test)
    if names is None:
        names = bench_tests.test_names(found.folder, found.modules, sim)
    entries = []
    for info in found.tests:
        full = f"{info.module}.{info.name}"
        own = [name.partition(".")[2] for name in names if name == full or name.startswith(f"{full}/")]
        if own:
            entries.append({"test": info.name, "names": own, "about": info.summary})
    return entries


def show_tests(tests: list[dict[str, Any]], console: Console) -> None:
    """A line or two for each test."""
    table = Table("test", "runs", "what it shows")
    for entry in tests:
        table.add_row(entry["test"], str(len(entry["names"])), entry["about"])
    console.print(table)


def run_block(
    block: str, sim: str, test: str | None, seed: int | None, waves: Waves | None, screen: Screen,
    coverage: bool = False,
) -> bench.BenchRun:  # fmt: skip
    """Run one bench; the simulator's output is a remark. coverage: count and keep what each test reaches."""
    if waves and sim == "verilator" and not tools.has_fst_headers():
        screen.note("no lz4/zlib headers found: waves are VCD (Debian: apt-get install liblz4-dev zlib1g-dev)")
    if not coverage:
        return bench.run_bench(block, sim, test, seed, waves, screen.note, screen.note)
    store.check_design()
    counting = store.Counting()
    outcome = bench.run_bench(block, sim, test, seed, waves, screen.note, screen.note, counting.design)
    for file in store.collect(outcome, counting, test):
        screen.note(f"coverage {file}")
    return outcome


def show_run(outcome: bench.BenchRun, command_line: CommandLine, console: Console) -> None:
    """The results: a table, and for each failure what went wrong where, and the command that repeats it with waves."""
    table = Table("test", "result", "seconds")
    for variant, run in outcome.runs.items():
        for result in run.results:
            colour = {"passed": "green", "failed": "red"}.get(result.status, "yellow")
            name = result.name if variant == "default" else f"{variant}: {result.name}"
            table.add_row(name, Text(result.status, colour), f"{result.seconds:.2f}")
    console.print(table)
    for variant, run in outcome.runs.items():
        _show_failures(outcome, variant, run, command_line, console)
        console.out(f"log {run.log}", highlight=False)
        show_waves(run.waves, console)
    block, sim = outcome.bench.block, outcome.sim
    verdict = "passed" if outcome.passed else "FAILED"
    console.out(f"{block} on {sim}, seed {outcome.seed}: {verdict}", highlight=False)


def _show_failures(
    outcome: bench.BenchRun, variant: str, run: Run, command_line: CommandLine, console: Console
) -> None:
    for result in run.results:
        if result.status == "failed":
            name = f"{outcome.bench.block}, {result.name}" + ("" if variant == "default" else f" ({variant})")
            console.print(f"{name}: {tell(result)}", style="red", highlight=False, markup=False, soft_wrap=True)
            again = command_line(repeat(outcome, result))
            console.print(f"again with waves: {again}", highlight=False, markup=False, soft_wrap=True)
    if run.error and not any(result.status == "failed" for result in run.results):
        console.print(run.error, style="red", highlight=False, markup=False, soft_wrap=True)


def record_failure(outcome: bench.BenchRun, console: Console) -> None:
    """Run the first test that failed again by itself, with waves, and tell where they are."""
    failed = [result for run in outcome.runs.values() for result in run.results if result.status == "failed"]
    if not failed or not autowaves.wanted():
        return
    pattern = rf"\.{re.escape(failed[0].name)}$"
    again = bench.run_bench(outcome.bench.block, outcome.sim, pattern, outcome.seed, Waves())
    for run in again.runs.values():
        if run.waves and not run.passed:
            where = f"waves of {failed[0].name}: {run.waves}; open with: {opening(run.waves)}"
            console.print(where, highlight=False, markup=False, soft_wrap=True)


def tell(result: TestResult) -> str:
    """What a failed test says, with the time it failed at where it names no time itself."""
    timed = re.search(r"\(at [\d.e+]+ ns\)|\bcycle\b", result.message) or result.nanoseconds < 0
    return result.message if timed else f"{result.message} (at {result.nanoseconds:g} ns)"


def repeat(outcome: bench.BenchRun, result: TestResult) -> list[object]:
    """Words of `cocodla sim` that run one test again, with waves."""
    pattern = rf"\.{re.escape(result.name)}$"
    return [outcome.bench.block, "--sim", outcome.sim, "--test", pattern, "--seed", outcome.seed, "--waves"]


def as_json(outcome: bench.BenchRun, command_line: CommandLine) -> dict[str, Any]:
    """Plain values of a run."""

    def test_json(result: TestResult) -> dict[str, Any]:
        failed = result.status == "failed"
        return {
            "name": result.name,
            "result": result.status,
            "seconds": result.seconds,
            "message": tell(result) if failed else "",
            "again": command_line(repeat(outcome, result)) if failed else None,
        }

    return {
        "block": outcome.bench.block,
        "simulator": outcome.sim,
        "seed": outcome.seed,
        "passed": outcome.passed,
        "runs": [
            {
                "variant": variant,
                "log": str(run.log),
                "waves": str(run.waves) if run.waves else None,
                "error": run.error,
                "tests": [test_json(result) for result in run.results],
            }
            for variant, run in outcome.runs.items()
        ],
    }


def lint_all(names: Sequence[str]) -> list[lint.LintResult]:
    """Lint the chip or single modules."""
    return [result for name in names for result in lint.lint_module(name)] if names else lint.lint_chip()


def show_lint(results: list[lint.LintResult], console: Console) -> None:
    """A line for each result, and what was found."""
    for result in results:
        state = "skipped, not installed" if result.text is None else "clean" if result.clean else f"\n{result.text}"
        console.out(f"{result.name}: {state}", highlight=False)
