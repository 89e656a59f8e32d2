"""The command about faults planted one by one: mutate."""

from __future__ import annotations

from pathlib import Path

import typer

from cocodla.cli.base import SIM, command, command_line, console, emit
from cocodla.cli.numbers import SEEDS, whole
from cocodla.errors import UserError


@command
def mutate(
    unit: str = typer.Argument(help="a block of `cocodla sim`, or golden or compiler"),
    count: int = whole("--count", 100, "mutants, chosen at random", 1, 65_535),
    seed: int = whole("--seed", 1, "seed of the choice, and of the tests", *SEEDS),
    jobs: int = whole("--jobs", 0, "runs at a time; 0: one for each processor", 0, 256),
    engine: str = typer.Option("source", "--engine", help="source: faults of the text; yosys: of the netlist"),
    then: list[str] = typer.Option([], "--then", help="try what the bench has not found on the chip: random, traces"),
    layers: int = whole("--layers", 300, "layers of the random programs"),
    sim: str = SIM,
    prove: bool = typer.Option(True, "--prove/--no-prove", help="prove survivors equivalent, where Yosys can"),
    html: Path = typer.Option(None, "--html", help="write the result as one page"),
) -> None:
    """Plant faults one by one, and tell those that the tests of a block do not find.

    Ends with 1 where a fault is found by nothing, and is neither proven nor accepted (rtl/mutants.toml) as equivalent.
    """
    from cocodla.files.outputs import check_target, write_whole
    from cocodla.mutate import campaign, python, settings
    from cocodla.report import mutants as report
    from cocodla.report.progress import progress_bar

    if engine not in settings.ENGINES:
        raise UserError(f"--engine {engine}: there are {', '.join(settings.ENGINES)}")
    for stage in then:
        if stage not in settings.STAGES:
            raise UserError(f"--then {stage}: there are {', '.join(settings.STAGES)}")
    of_python = unit in python.UNITS
    if of_python and (engine != "source" or then):
        raise UserError(f"{unit}: mutants of Python take neither --engine nor --then")
    if html:
        check_target(html)
    console.note(f"seed {seed}")
    with progress_bar(console, f"mutants of {unit}") as progress:
        if of_python:
            found = python.run_campaign(unit, count, seed, jobs, progress)
        else:
            wanted = settings.Settings(count, seed, jobs, sim, engine, tuple(then), layers, prove)
            found = campaign.run_campaign(unit, wanted, progress, console.note)

    def again(test: str) -> str:
        return command_line("sim", unit, "--sim", sim, "--test", test, "--seed", seed)

    report.show(found, console)
    if html:
        write_whole(html, report.as_html(found, again).encode())
    emit(lambda: report.as_json(found))
    if not found.passed:
        raise typer.Exit(1)
