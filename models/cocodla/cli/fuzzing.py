"""The command that compiles random ONNX networks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import SEED, SIM, WAVES, command, command_line, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError

if TYPE_CHECKING:
    from cocodla.sim.waves import Waves


@command
def fuzz(
    count: int = whole("--count", 100, "how many networks"),
    seed: int = SEED,
    nodes: int = whole("--nodes", None, "only the first nodes of each network"),
    jobs: int = whole("--jobs", os.cpu_count() or 1, "networks at a time (one with --rtl)", high=256),
    on_rtl: bool = typer.Option(False, "--rtl", help="run them on the RTL too"),
    sim: str = SIM,
    waves: Waves | None = WAVES,
) -> None:
    """Compile random ONNX networks and compare golden model, onnxruntime and RTL. Seed n is the first one plus n."""
    from cocodla.fuzz.campaign import run_networks
    from cocodla.fuzz.check import Finding
    from cocodla.report import fuzz as tables
    from cocodla.runtime import rtl
    from cocodla.sim import project
    from cocodla.sim.run import new_seed

    def repeat(finding: Finding) -> str:
        words = ["fuzz", "--count", "1", "--seed", str(finding.seed)]
        words += ["--nodes", str(finding.nodes)] if finding.nodes else []
        return command_line(*words, *(["--rtl", "--sim", sim] if on_rtl else []))

    if waves and not on_rtl:
        raise UserError("waves are those of the RTL: --waves goes with --rtl")
    if waves and waves.layer:
        raise UserError("random networks have no layers of known names: --waves-from and --waves-to instead")
    seed = new_seed() if seed is None else seed
    console.note(f"random networks, seed {seed}")
    simulation = rtl.Simulation(sim=sim, seed=seed, waves=waves) if on_rtl else None
    found = run_networks(range(seed, seed + count), project.build() / "fuzz", jobs, simulation, nodes)
    result = tables.show(found, count, console, repeat)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)
