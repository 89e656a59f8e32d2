"""Commands about the RTL on its own: sim, lint, synth."""

from __future__ import annotations

import typer

from cocodla.cli.base import SEED, SIM, WAVES, command, console
from cocodla.cli.numbers import whole
from cocodla.sim import project


@command
def sim(
    block: str = typer.Argument("", help="block to run; without it the blocks and tests are listed"),
    sim: str = SIM,
    test: str = typer.Option(None, "--test", help="regular expression on the test names"),
    seed: int = SEED,
    waves: bool = WAVES,
    quiet: bool = typer.Option(False, "--quiet", help="the result only, not the simulator's output"),
) -> None:
    """Run the bench of one block, or list all of them."""
    from cocodla.report import blocks as report

    if not block:
        report.show_list()
    else:
        raise typer.Exit(report.run_block(block, sim, test, seed, waves, quiet))


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

    run_synth(console, only, project.committed("docs/area.md"), datasets.shared_folder(), jobs)


@command
def lint(modules: list[str] = typer.Argument(None, help="modules of rtl/; without any the chip from NV_nvdla")) -> None:
    """Lint the RTL with every warning of Verilator on, and with slang (pyslang) where that is installed."""
    from cocodla.report import blocks as report

    raise typer.Exit(report.run_lint(modules or []))
