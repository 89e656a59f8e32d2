"""Commands on waveforms: waves stalls, view, draw."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path

import typer

from cocodla.cli.base import app, command, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError

waves = typer.Typer(no_args_is_help=True, help="Waveforms (VCD, FST): handshakes, viewers, pictures.")
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


@functools.partial(command, group=waves)
def view(
    dump: Path = typer.Argument(..., help="VCD or FST file"),
    output: Path = typer.Option(None, "-o", "--output", help="save file (default: the dump's name with .gtkw)"),
    interfaces: Path = typer.Option(None, "--interfaces", help="description of another design's interfaces"),
) -> None:
    """Write files for GTKWave and Surfer that show a dump as its interfaces, and tell how to open them."""
    from cocodla.files.outputs import check_target
    from cocodla.sim.waves import opening
    from cocodla.waves.interfaces import load_description, own_file
    from cocodla.waves.viewer.beside import write_view

    target = output or dump.with_suffix(".gtkw")
    if target.suffix != ".gtkw":
        raise UserError(f"{target}: a save file is called NAME.gtkw")
    check_target(target, [dump])
    save, commands = write_view(dump, load_description(interfaces or own_file()), target)
    for line in (opening(save), f"surfer {shlex.quote(str(dump))} --command-file {shlex.quote(str(commands))}"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    emit(lambda: {"gtkwave": str(save), "surfer": str(commands)})


@functools.partial(command, group=waves)
def draw(
    dump: Path = typer.Argument(..., help="VCD or FST file"),
    signals: list[str] = typer.Option([], "--signals", help="paths or their ends, between commas; NAME:RADIX"),
    interface: list[str] = typer.Option([], "--interface", help="an interface: what it does, then its signals"),
    start: str = typer.Option("", "--from", help="first cycle of --clock, or a time such as 120ns"),
    end: str = typer.Option("", "--to", help="cycle or time to stop before"),
    clock: str = typer.Option("", "--clock", help="count in cycles of this signal"),
    cut: list[str] = typer.Option([], "--cut", help="leave out FROM..TO"),
    radix: str = typer.Option("hex", "--radix", help="of vectors: hex, dec, signed or bin"),
    width: int = whole("--width", 900, "pixels for the waves", 100, 10_000),
    title: str = typer.Option("", "--title", help="heading"),
    output: Path = typer.Option(None, "-o", "--output", help="NAME.svg or NAME.png (default: as the dump, .svg)"),
    interfaces: Path = typer.Option(None, "--interfaces", help="description of another design's interfaces"),
) -> None:
    """Draw a timing diagram of some signals, as SVG or PNG."""
    from cocodla.files.outputs import check_target, write_whole
    from cocodla.report.progress import progress_bar
    from cocodla.waves.interfaces import load_description, own_file
    from cocodla.waves.picture.draw import FORMATS, draw_dump
    from cocodla.waves.picture.request import Request

    target = output or Path(dump.with_suffix(".svg").name)
    if target.suffix.lower() not in FORMATS:
        raise UserError(f"{target}: a picture is called NAME.svg or NAME.png")
    check_target(target, [dump])
    words = [word.strip() for text in signals for word in text.split(",") if word.strip()]
    request = Request((*words, *interface), start, end, clock, tuple(_cut(text) for text in cut), radix)
    description = load_description(interfaces or own_file())
    with progress_bar(console, f"reading {dump.name}") as progress:
        data = draw_dump(dump, description, request, target.suffix.lower(), width, title, progress)
    write_whole(target, data)
    console.print(str(target), highlight=False, markup=False, soft_wrap=True)
    emit(lambda: {"picture": str(target)})


def _cut(text: str) -> tuple[str, str]:
    first, separator, last = text.partition("..")
    if not separator:
        raise UserError(f"--cut {text[:40]!r}: is no FROM..TO")
    return first.strip(), last.strip()
