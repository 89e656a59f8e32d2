"""The command that runs a plan of everything: regress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cocodla.cli.base import SEED, command, console, emit
from cocodla.cli.numbers import whole
from cocodla.errors import UserError

if TYPE_CHECKING:
    from cocodla.regress.plan import Plan
    from cocodla.regress.store import Run, Store


@command
def regress(
    plan: str = typer.Argument("", help="smoke (default), nightly, weekly, or a file .toml"),
    jobs: int = whole("--jobs", None, "items at a time (default: one for each processor)", high=4096),
    budget: str = typer.Option("", "--budget", help="duration of the whole run: 90s, 20m, 8h; default: the plan's"),
    resume: bool = typer.Option(False, "--resume", help="go on with the last run that was not finished"),
    since: str = typer.Option("", "--since", metavar="COMMIT", help="only what depends on files changed since"),
    seed: int = SEED,
    cluster: str = typer.Option("local", "--cluster", help="local, ssh:FILE of hosts, slurm:PARTITION, tcp://HOST:PORT"),
    worker_build: Path = typer.Option(None, "--worker-build", help="build folder of the workers (default: this one)"),
    folder: Path = typer.Option(None, "--folder", help="where results are kept (default: build/regress)"),
    junit: Path = typer.Option(None, "--junit", help="write the results as JUnit XML, too"),
    show: bool = typer.Option(False, "--show", help="run nothing, tell of the last run and write its page anew"),
) -> None:
    """Run a plan of blocks, random programs, traces and networks, on as many processors as there are."""
    from cocodla.files.outputs import check_target
    from cocodla.regress.store import Store, locked
    from cocodla.report.regress import screen
    from cocodla.sim import project

    place = folder or project.build() / "regress"
    if show:
        others = {"plan": plan, "jobs": jobs, "budget": budget, "resume": resume, "since": since, "seed": seed}
        _alone(**others, worker_build=worker_build, cluster=cluster if cluster != "local" else None)
    if junit:
        check_target(junit, [Path(plan), *place.glob("results.sqlite*"), *place.glob("run-*.html")])
    if (show or resume) and not place.is_dir():
        raise UserError(f"{place}: nothing has been run here")
    with locked(place):
        store = Store(place)
        if show:
            run = store.last()
            if run is None:
                raise UserError(f"{place}: nothing has been run here")
        else:
            run = _run(store, plan, budget, resume, since, seed, cluster, jobs, worker_build)
        result = _write(store, run, junit)
    screen.show(result, console)
    emit(lambda: result)
    if not result["passed"]:
        raise typer.Exit(1)


def _alone(**others: object) -> None:
    """UserError for what does not belong to --show, which would be given in vain."""
    for name, value in others.items():
        if value is not None and value is not False and value != "":
            word = name if name == "plan" else f"--{name.replace('_', '-')}"
            raise UserError(f"--show tells of the last run, whatever it was: {word} does not belong to it")


def _run(
    store: Store, name: str, budget: str, resume: bool, since: str, seed: int | None, cluster: str, jobs: int | None,
    worker_build: Path | None,
) -> Run:  # fmt: skip
    """Run a plan to its end, or what is left of the last run; the run as it is then in the store."""
    from cocodla.regress import affected, work
    from cocodla.regress.cluster import Farm, Place, scratch_folder
    from cocodla.regress.plan import duration, load_plan
    from cocodla.regress.run import Regression, first_items, matrix_of
    from cocodla.report.regress.screen import LiveView
    from cocodla.runtime.jobs import default_jobs
    from cocodla.sim import project
    from cocodla.sim.run import new_seed

    where = Place.parse(cluster, jobs or default_jobs(), (worker_build or project.build()).resolve())
    seconds = duration(budget, "--budget") if budget else None
    version = work.version()
    if resume:
        run, plan = _unfinished(store, name, seed, since, version)
        run = store.extend(run, seconds)
        matrix = affected.only(matrix_of(plan), run.chosen)
    else:
        plan = load_plan(name or "smoke")
        matrix = affected.only(matrix_of(plan), since)
        seconds = seconds or (duration(plan.budget, "budget") if plan.budget else None)
        seed = new_seed() if seed is None else seed
        run = store.begin(plan.name, plan.text, seed, version, since, seconds)
        store.add(run.run, first_items(plan, matrix, seed))
    waiting = len(store.waiting(run.run))
    console.note(f"run {run.run}: plan {plan.name}, seed {run.seed}, {waiting} items, {store.path}")
    state = "stopped"
    with LiveView(console, waiting) as view:
        regression = Regression(plan, matrix, store, run, view.say, view.ended)
        try:
            with scratch_folder(store.folder / "scratch") as scratch, Farm(where, version, scratch) as farm:
                state = regression.execute(farm)
        finally:
            store.finish(run.run, state, regression.spent)
            if state != "done":
                console.note(f"run {run.run} stops; what has been run stays, --resume goes on with it")
    if work.sources() != version["sources"]:
        console.note("the project's files have changed while it ran: parts of the results are of other sources")
    return store.run(run.run)


def _unfinished(store: Store, name: str, seed: int | None, since: str, version: dict[str, str]) -> tuple[Run, Plan]:
    """The run to go on with, and its plan as it was."""
    from cocodla.regress.plan import parse_plan

    run = store.last(unfinished=True)
    if run is None:
        raise UserError(f"{store.folder}: no run is unfinished")
    if name and Path(name).stem != run.plan:
        raise UserError(f"{store.folder}: the unfinished run {run.run} is of plan {run.plan}, not {name}")
    if seed is not None or since:
        raise UserError("--resume goes on with the seed and the choice of the run: --seed and --since are not for it")
    for key, value in version.items():
        if run.version.get(key) != value:
            raise UserError(f"run {run.run} was begun with {key} {run.version.get(key)}, this is {value}")
    return run, parse_plan(run.plan_text, run.plan, f"plan of run {run.run}")


def _write(store: Store, run: Run, junit: Path | None) -> dict[str, Any]:
    """Write page and JUnit file of a run; all that is known of it."""
    from cocodla.files.outputs import write_whole
    from cocodla.regress.plan import parse_plan
    from cocodla.regress.summary import summarize
    from cocodla.report.regress import junit as xml
    from cocodla.report.regress.page import page

    result = summarize(store, run)
    plan = parse_plan(run.plan_text, run.plan, f"plan of run {run.run}")
    if any(getattr(suite, "coverage", False) for suite in plan.suites.values()):
        result["benches"] = _coverage()
    result["page"] = str(store.folder / f"run-{run.run:04}.html")
    write_whole(result["page"], page(result, plan.about).encode())
    if junit:
        write_whole(junit, xml.junit(store, run))
    return result


def _coverage() -> dict[str, Any] | None:
    """The merge of all coverage of this build folder, in figures; None where there is none that fits the sources."""
    from cocodla.coverage import session
    from cocodla.report.coverage import summary

    try:
        data = session.merge_all([], skip=console.note)
        return {key: value for key, value in summary(data, session.judge(data, None)).items() if key != "files"}
    except UserError as error:
        console.note(f"no coverage: {error}")
        return None
