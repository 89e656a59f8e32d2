"""Commands about what the benches reach: coverage run, merge, report, check."""

from __future__ import annotations

import functools
from pathlib import Path

import typer

from cocodla.cli.base import SEED, app, command, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError

coverage = typer.Typer(no_args_is_help=True, help="Coverage: what the tests of the block benches reach.")
app.add_typer(coverage, name="coverage")
_WAIVERS = typer.Option(None, "--waivers", help="file of waivers (default: tb/hdl/coverage/waivers.toml)")


@functools.partial(command, group=coverage)
def run(
    blocks: list[str] = typer.Argument(None, help="blocks; all without"),
    test: str = typer.Option(None, "--test", help="regular expression on the test names, blind to case"),
    seed: int = SEED,
    seeds: int = whole("--seeds", 1, "so many seeds: the one of --seed and those after it", 1, 1000),
) -> None:
    """Run benches with coverage counted (Verilator), keep what each test reached, and merge all that is kept."""
    from cocodla.coverage import session
    from cocodla.report import coverage as report
    from cocodla.report.progress import progress_bar
    from cocodla.sim.run import new_seed

    first = new_seed() if seed is None else seed
    with progress_bar(console, "benches") as progress:
        failed = session.run_blocks(blocks or [], test, range(first, first + seeds), console.note, progress)
    result = report.summary(session.merge_all([], skip=console.note), None)
    report.show(result, console)
    for text in failed:
        console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    emit(lambda: result | {"failed": failed})
    if failed:
        raise typer.Exit(1)


@functools.partial(command, group=coverage)
def merge(
    files: list[Path] = typer.Argument(None, help="files .cov (default: all of build/coverage/runs)"),
    output: Path = typer.Option(None, "-o", "--output", help="merged file (default: build/coverage/merged.cov)"),
) -> None:
    """Merge coverage of blocks, tests, seeds and parameters; which test reached what is kept."""
    from cocodla.coverage import session
    from cocodla.files.outputs import check_target
    from cocodla.report import coverage as report
    from cocodla.report.progress import progress_bar

    if output:
        check_target(output, files or [])
    with progress_bar(console, "merging") as progress:
        data = session.merge_all(files or [], output, progress)
    result = report.summary(data, None)
    report.show(result, console)
    emit(lambda: result)


@functools.partial(command, group=coverage)
def report(
    blocks: list[str] = typer.Argument(None, help="only what these blocks' benches reached and could reach"),
    data: Path = typer.Option(None, "--data", help="file .cov (default: the last merge)"),
    holes: bool = typer.Option(False, "--holes", help="list every point that no test reaches and no waiver names"),
    html: Path = typer.Option(None, "--html", help="write a page: sources with counts, by block, by testpoint"),
    lcov: Path = typer.Option(None, "--lcov", help="write an lcov tracefile (.info)"),
    waivers: Path = _WAIVERS,
) -> None:
    """Tell what was reached: a table, holes, a page, lcov."""
    from cocodla.coverage import lcov as tracefile
    from cocodla.coverage import session
    from cocodla.files.outputs import check_target, write_whole
    from cocodla.report import coverage as tables

    for target in (html, lcov):
        if target:
            check_target(target, [data] if data else [])
    if html and lcov and html.resolve() == lcov.resolve():
        raise UserError(f"{html}: --html and --lcov are two files")
    found = session.open_data(data, blocks or [])
    judged = session.judge(found, waivers)
    result = tables.summary(found, judged)
    tables.show(result, console)
    if holes:
        tables.show_holes(judged, console)
    if lcov:
        write_whole(lcov, tracefile.tracefile(found).encode())
    if html:
        from cocodla.report.coverage.page import page

        write_whole(html, page(found, judged).encode())
    emit(lambda: result | {"holes": [point.where for point in judged.holes]})


@functools.partial(command, group=coverage)
def check(
    data: Path = typer.Option(None, "--data", help="file .cov (default: the last merge)"),
    waivers: Path = _WAIVERS,
) -> None:
    """Hold the last merge against its goals and the waivers. Status 1 below a goal or for an expired waiver."""
    from cocodla.coverage import session
    from cocodla.report import coverage as tables

    found = session.open_data(data, [])
    judged = session.judge(found, waivers)
    result = tables.summary(found, judged)
    tables.show(result, console)
    complaints = session.complaints(found, judged)
    for text in complaints:
        console.print(text, style="red", highlight=False, markup=False, soft_wrap=True)
    emit(lambda: result | {"complaints": complaints})
    if complaints:
        raise typer.Exit(1)
