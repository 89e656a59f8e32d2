"""Commands about proofs: formal."""

from __future__ import annotations

import re

import typer

from cocodla.cli.base import command, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError


@command
def formal(
    modules: list[str] = typer.Argument(None, help="modules whose proofs are run; all without"),
    only: str = typer.Option("", "--only", help="proofs whose folder/module this regular expression is found in"),
    jobs: int = whole("--jobs", 2, "tasks at a time", 1, 256),
    listed: bool = typer.Option(False, "--list", help="list the proofs as Markdown, run nothing"),
) -> None:
    """Prove the rules of RTL modules (rtl/*/formal) for all inputs; docs/formal.md lists them.

    Ends with 1 where a rule is refuted or could not be proven; the rule is printed whole.
    """
    from cocodla.formal.proofs import find_proofs
    from cocodla.formal.run import Outcome, check_tools, prove
    from cocodla.report.formal import as_json, as_table, show_outcomes
    from cocodla.report.progress import progress_bar

    try:
        wanted = re.compile(only)
    except re.error as error:
        raise UserError(f"--only {only!r} is no regular expression: {error}") from None
    proofs = find_proofs(list(dict.fromkeys(modules or [])))
    proofs = [proof for proof in proofs if wanted.search(f"{proof.file.parents[1].name}/{proof.module}")]
    if not proofs:
        raise UserError(f"--only {only!r} matches no proof")
    if listed:
        console.print(as_table(proofs), soft_wrap=True, end="")
        emit(lambda: [{"module": proof.module, "about": proof.about} for proof in proofs])
        return
    check_tools()
    work = [(proof, task) for proof in proofs for task in proof.tasks]
    done: list[Outcome] = []
    with progress_bar(console, "proofs") as update:
        update(0, len(work))

        def told(outcome: Outcome) -> None:
            done.append(outcome)
            update(len(done), len(work))

        outcomes = prove(work, jobs, told)
    show_outcomes(outcomes, console)
    emit(lambda: as_json(outcomes))
    if not all(outcome.held for outcome in outcomes):
        raise typer.Exit(1)
