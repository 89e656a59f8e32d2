"""Commands about the RTL on its own: sim, lint, synth, fpga, crossings, memories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import SEED, SIM, WAVES, command, command_line, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError
from cocodla.sim import project

if TYPE_CHECKING:
    from cocodla.sim.waves import Waves


@command
def sim(
    block: str = typer.Argument("", help="block to run; without it the blocks are listed"),
    sim: str = SIM,
    test: str = typer.Option(None, "--test", help="regular expression on the test names, blind to case"),
    seed: int = SEED,
    waves: Waves | None = WAVES,
    names: bool = typer.Option(False, "--list", help="list the tests of the block, and run none"),
    coverage: bool = typer.Option(False, "--coverage", help="count what each test reaches (docs/coverage.md)"),
) -> None:
    """Run the bench of one block, or list all of them."""
    from cocodla.report import blocks as report
    from cocodla.sim import tools

    if not block:
        blocks = report.describe_blocks()
        if test is not None or seed is not None or waves or names or coverage:
            raise UserError(f"no block given; there are {', '.join(entry['block'] for entry in blocks)}")
        report.show_blocks(blocks, console)
        emit(lambda: blocks)
        return
    sim = tools.check_simulator(sim)
    if names:
        tests = report.describe_tests(block, sim, test)
        report.show_tests(tests, console)
        emit(lambda: tests)
        return
    outcome = report.run_block(block, sim, test, seed, waves, console, coverage)

    def again(words: Sequence[object]) -> str:
        return command_line("sim", *words)

    report.show_run(outcome, again, console)
    if waves is None:
        report.record_failure(outcome, console)
    emit(lambda: report.as_json(outcome, again))
    if not outcome.passed:
        raise typer.Exit(1)


@command
def synth(
    only: str = typer.Option(
        "", "--only", help="regular expression on the names of units; all: docs/area.md is written"
    ),
    jobs: int = whole("--jobs", 0, "runs of Yosys at a time; 0: one for each processor", 0),
) -> None:
    """Synthesize the units with Yosys: area for an UltraScale+ FPGA, gates, longest paths."""
    from cocodla import datasets
    from cocodla.report.synth import run_synth

    result = run_synth(console, only, project.committed("docs/area.md"), datasets.shared_folder(), jobs)
    emit(lambda: result)


@command
def fpga(
    part: str = typer.Option("LFE5UM5G-85F", "--part", help="LFE5UM5G-25F, -45F or -85F in full, speed grade 8"),
    synthesis: str = typer.Option("plain", "--synthesis", help="plain, retime or abc9: options of synth_ecp5"),
    placer: str = typer.Option("heap", "--placer", help="of nextpnr: heap, sa or static"),
    router: str = typer.Option("router1", "--router", help="of nextpnr: router1 or router2"),
    frequency: int = whole("--frequency", 60, "MHz that nextpnr aims at", 1, 400),
    seed: int = whole("--seed", 1, "seed of nextpnr", 0, 2**31 - 1),
    estimate: bool = typer.Option(False, "--estimate", help="longest paths of the netlist only, without nextpnr"),
) -> None:
    """Place and route the chip (DUT_PARAMETERS) on an ECP5 with open tools: MHz, critical path, what it takes."""
    from cocodla.report.fpga import run_estimate, run_fpga
    from cocodla.sim.filelist import dut_list
    from cocodla.synth import ecp5

    for name, text, known in (
        ("--part", part, tuple(ecp5.PARTS)), ("--synthesis", synthesis, tuple(ecp5.SYNTHESIS)),
        ("--placer", placer, ("heap", "sa", "static")), ("--router", router, ("router1", "router2")),
    ):  # fmt: skip
        if text not in known:
            raise UserError(f"{name} {text}: there are {', '.join(known)}")
    words = ["--freq", str(frequency), "--placer", placer, "--router", router, "--seed", str(seed)]
    if estimate:
        result = run_estimate(console, dut_list(), part, synthesis)
    else:
        result = run_fpga(console, dut_list(), part, synthesis, words)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)


@command
def crossings(
    listed: Path = typer.Option(
        None, "--listed", help="list of the crossings (default: rtl/constraints/crossings.toml)", exists=True
    ),
    top: str = typer.Option("NV_nvdla", "--top", help="module that is looked at"),
) -> None:
    """Prove with Yosys that the ways between the clocks of the chip (DUT_FILELIST) are those listed, synchronised."""
    from cocodla.report.crossings import run_crossings
    from cocodla.sim.filelist import dut_list

    listed = listed or project.root() / "rtl" / "constraints" / "crossings.toml"
    result = run_crossings(console, dut_list(), top, listed)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)


@command
def memories() -> None:
    """List every memory of the chip (DUT_PARAMETERS): size, clock, test and power pins; docs/memories.md."""
    from cocodla.report.memories import run_memories
    from cocodla.sim.filelist import dut_list

    result = run_memories(console, dut_list(), "NV_nvdla")
    emit(lambda: result)


@command
def lint(modules: list[str] = typer.Argument(None, help="modules of rtl/; without any the chip from NV_nvdla")) -> None:
    """Lint the RTL with every warning of Verilator on, and with slang (pyslang) where that is installed."""
    from cocodla.report import blocks as report

    results = report.lint_all(modules or [])
    report.show_lint(results, console)
    emit(lambda: [{"name": r.name, "clean": None if r.text is None else r.clean, "text": r.text} for r in results])
    if not all(result.clean for result in results):
        raise typer.Exit(1)
