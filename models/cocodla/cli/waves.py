"""Commands on waveforms: waves stalls."""

from __future__ import annotations

import functools
from pathlib import Path

import typer

from cocodla.cli.base import app, command, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError

waves = typer.Typer(no_args_is_help=True, help="What waveforms (VCD, FST) tell of handshakes.")
app.add_typer(waves, name="waves")
_CYCLE = (0, 2**63 - 1)


@functools.partial(command, group=waves)
def stalls(
    dump: Path = typer.Argument(..., help="VCD or FST file"),
    start: int = whole("--from", 0, "first cycle looked at", *_CYCLE),
    end: int = whole("--to", None, "cycle to stop before", *_CYCLE),
    match: str = typer.Option("", "--match", help="regular expression: only interfaces with such names"),
    between: tuple[str, str] = typer.Option(None, "--between", help="two interfaces: latency from one to the other"),
    against: Path = typer.Option(None, "--against", help="dump of a good run: where do the transfers part ways"),
    root: bool = typer.Option(None, "--root/--no-root", help="whom everybody waited for (default: without --match)"),
    window: int = whole("--window", None, "cycles for which one root cause is told", 1, _CYCLE[1]),
    idle: int = whole("--idle", 64, "cycles without valid after which a sender is idle, not late", *_CYCLE),
    clock: str = typer.Option("", "--clock", help="the clock of all interfaces"),
    interfaces: Path = typer.Option(None, "--interfaces", help="description of another design's interfaces"),
) -> None:
    """Tell of each valid/ready interface what it moved, lost and broke. Status 1 for a broken rule or a difference."""
    from cocodla.report import stalls as tables
    from cocodla.report.progress import progress_bar
    from cocodla.waves.analysis import Options, analyse
    from cocodla.waves.interfaces import load_description, own_file

    options = Options(start, end, match, between, clock, idle, root, window)
    description = load_description(interfaces or own_file())
    with progress_bar(console, f"reading {dump.name}") as progress:
        found = analyse(dump, description, options, against, progress)
    if interfaces and not found.is_described:
        raise UserError(f"{interfaces}: {dump} has none of its interfaces")
    tables.show(found, console)
    emit(lambda: tables.as_json(found))
    if found.failed:
        raise typer.Exit(1)
