"""Commands about what is proven: plan."""

from __future__ import annotations

from pathlib import Path

import typer

from cocodla.cli.base import command, console, emit
from cocodla.errors import UserError


@command
def plan(
    blocks: list[str] = typer.Argument(None, help="blocks; all without"),
    markdown: Path = typer.Option(None, "--markdown", help="write the plans as one Markdown document, without results"),
    html: Path = typer.Option(None, "--html", help="write the plans with the last results as one page"),
) -> None:
    """Testplans of the block benches: what each proves, by which tests, and how these last went.

    Ends with 1 where a test of a point failed the last time or coverage was not reached, with 2 where plan and tests
    do not fit. Bins are judged by the last merge of `cocodla coverage`, of the blocks all of whose
    tests it has.
    """
    from cocodla.files.outputs import check_target, write_whole
    from cocodla.plan import render
    from cocodla.plan.results import judge
    from cocodla.plan.testplan import read_testplans

    plans = read_testplans(list(dict.fromkeys(blocks or [])))
    for target in (markdown, html):
        if target:
            check_target(target, [item.file for item in plans])
    if markdown and html and markdown.resolve() == html.resolve():
        raise UserError(f"{html}: --markdown and --html are two files")
    reached, ran = _merged()
    whole = {item.block for item in plans if ran.get(item.block, set()).issuperset(item.names)}
    judged = [(item, judge(item, reached=reached if item.block in whole else None)) for item in plans]
    render.show_plans(judged, console)
    if markdown:
        write_whole(markdown, render.as_markdown(plans).encode())
    if html:
        write_whole(html, render.as_html(judged).encode())
    emit(lambda: render.as_json(judged))
    if any(render.complaints(state) for _, states in judged for state in states):
        raise typer.Exit(1)


def _merged() -> tuple[dict[str, bool], dict[str, set[str]]]:
    """The bins of the last merge and whether each was reached, and block -> its tests there; empty without one."""
    from cocodla.coverage import store

    if not store.merged_file().exists():
        return {}, {}
    try:
        data = store.load_merged()
    except UserError as error:
        console.note(f"bins are not judged: {error}")
        return {}, {}
    ran: dict[str, set[str]] = {}
    for test in data.tests:
        ran.setdefault(test.block, set()).add(test.name)
    return store.reached_items(data), ran
