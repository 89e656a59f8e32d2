"""Results of all regressions of a folder, in one SQLite file.

An item is done when its row says so: its outcome, what it found and what is to be run again because of it are written
in one transaction, so that a process that is killed leaves nothing half counted. One process writes at a time; it
holds the lock of the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from cocodla.errors import UserError
from cocodla.regress import layout
from cocodla.regress.items import Ended, Item, Judgement
from cocodla.regress.signature import signature

FILE = "results.sqlite"

T = TypeVar("T")
_Seconds = Annotated[float, Meta(ge=0, le=1e10)]


@dataclass(frozen=True)
class Run:
    """A regression. chosen: what --since had it run (empty: all). spent: seconds it has taken so far. state: running
    (also where it was killed), stopped (it can be gone on with), done."""

    run: int
    plan: str
    plan_text: str
    seed: int
    version: dict[str, str]
    chosen: str
    budget: _Seconds | None
    begun: str
    spent: _Seconds
    state: Literal["running", "stopped", "done"]


class Store:
    """The file of a folder, open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        fresh = not self.path.exists()
        with self._told():
            self._db = sqlite3.connect(self.path, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("pragma synchronous = full")
            if fresh or not self._db.execute("select count(*) from sqlite_master").fetchone()[0]:
                layout.make(self._db)
            layout.check(self._db)

    def close(self) -> None:
        """Nothing is lost by not calling it."""
        self._db.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite complains of, and tables of others, become one line."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise UserError(f"{self.path}: {error}; what has been run stays") from error
        except sqlite3.Error as error:
            raise UserError(f"{self.path}: no results of regressions, or damaged ({error})") from error
        except ValueError as error:
            raise UserError(f"{self.path}: {error}") from error

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """A transaction: all of it or nothing."""
        with self._told():
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a query finds."""
        with self._told():
            return [dict(row) for row in self._db.execute(query, values)]

    def decoded(self, text: str, kind: type[T], what: str) -> T:
        """The value of a JSON text in the file; UserError if it is none of this type."""
        with self._read(what):
            return msgspec.json.decode(text, type=kind)

    @contextlib.contextmanager
    def _read(self, what: str) -> Iterator[None]:
        try:
            yield
        except (msgspec.MsgspecError, RecursionError) as error:
            raise UserError(f"{self.path}: damaged: {what}: {error}".replace("`", "'")) from None

    # -- runs --------------------------------------------------------------------------------------

    def begin(
        self, plan: str, text: str, seed: int, version: dict[str, str], chosen: str, budget: float | None
    ) -> Run:
        """A new run."""
        values = (plan, text, seed, json.dumps(version), chosen, budget, _now())
        query = "insert into runs(plan, plan_text, seed, version, chosen, budget, begun) values(?,?,?,?,?,?,?)"
        with self._change():
            self._db.execute("update runs set state = 'stopped' where state = 'running'")
            number = self._db.execute(query, values).lastrowid
        return self.run(number or 0)

    def run(self, number: int) -> Run:
        """A run by its number."""
        (row,) = self.rows("select * from runs where run = ?", number)
        version = self.decoded(row["version"], dict[str, str], f"runs.version of run {number}")
        with self._read(f"runs of run {number}"):
            return msgspec.convert({**row, "version": version}, Run)

    def last(self, unfinished: bool = False) -> Run | None:
        """The latest run, or the latest that is not done; None if there is none."""
        query = "select run from runs where state <> 'done' or not ? order by run desc limit 1"
        rows = self.rows(query, unfinished)
        return self.run(rows[0]["run"]) if rows else None

    def extend(self, run: Run, budget: float | None) -> Run:
        """Go on with a run; budget: from now on, None: what is left of its own."""
        whole = run.budget if budget is None else run.spent + budget
        with self._change():
            query = "update runs set state = 'running', budget = ? where run = ?"
            self._db.execute(query, (whole, run.run))
        return self.run(run.run)

    def finish(self, run: int, state: str, spent: float) -> None:
        """A run has ended for now."""
        with self._change():
            self._db.execute("update runs set state = ?, spent = ? where run = ?", (state, spent, run))

    # -- items -------------------------------------------------------------------------------------

    def add(self, run: int, items: Sequence[Item]) -> None:
        """Items that are to be run; those that are known already stay as they are."""
        with self._change():
            self._add(run, items)

    def _add(self, run: int, items: Sequence[Item]) -> None:
        query = (
            "insert or ignore into items(run, id, suite, kind, unit, place, seed, round, again_of, item)"
            " values(?,?,?,?,?,?,?,?,?,?)"
        )
        for item in items:
            values = (run, item.id, item.suite, item.kind, item.cell.unit, item.cell.column, item.seed, item.round)
            self._db.execute(query, (*values, item.again_of, json.dumps(asdict(item))))

    def waiting(self, run: int) -> list[Item]:
        """Items that are not done, in the order they were added."""
        rows = self.rows("select item from items where run = ? and verdict is null order by round, id", run)
        return [self.decoded(row["item"], Item, f"items.item of run {run}") for row in rows]

    def done(
        self, run: int, item: Item, ended: Ended, judged: Judgement, folder: str, more: Sequence[Item], spent: float
    ) -> int:
        """Write the outcome of an item, and what is to be run because of it, in one go; nothing if it is done already.

        folder: where what it left is kept. Returns how many signatures of its problems no run has had before.
        """
        set_item = (
            "update items set verdict = ?, text = ?, seconds = ?, cpu = ?, host = ?, ended = ?, facts = ?"
            " where run = ? and id = ? and verdict is null"
        )
        figures = (judged.verdict, judged.text, ended.seconds, ended.cpu, ended.host, _now(), json.dumps(judged.facts))
        add_problem = "insert into problems values(?,?,?,?,?,?,?,?,?,?)"
        with self._change():
            if not self._db.execute(set_item, (*figures, run, item.id)).rowcount:
                return 0
            fresh = 0
            for number, problem in enumerate(judged.problems):
                known = signature(problem)
                new = not self._known(known)
                fresh += new
                again = json.dumps({"words": problem.cell.words, "seed": problem.seed, "env": problem.cell.env})
                values = (run, item.id, number, *known, problem.text, new, again, folder)
                self._db.execute(add_problem, values)
            self._add(run, more)
            self._db.execute("update runs set spent = ? where run = ?", (spent, run))
        return fresh

    def _known(self, values: Sequence[str]) -> bool:
        query = "select 1 from problems where unit = ? and stage = ? and kind = ? limit 1"
        return self._db.execute(query, tuple(values)).fetchone() is not None

    def sights(self, run: int, values: Sequence[str]) -> int:
        """How many items of a run have a problem of a signature and have been run again for it."""
        query = "select count(*) n from problems where run = ? and unit = ? and stage = ? and kind = ?"
        return int(self.rows(query, run, *values)[0]["n"])

    def expected(self) -> dict[tuple[str, str, str], tuple[float, float]]:
        """(wall seconds, CPU seconds) that the latest ten sights of each (suite, unit, place) took, on average."""
        query = """
            select suite, unit, place, avg(seconds) seconds, avg(cpu) cpu from (
                select *, row_number() over (partition by suite, unit, place order by run desc) n
                from items where verdict in ('passed', 'failed') and again_of = '')
            where n <= 10 group by suite, unit, place"""
        return {(r["suite"], r["unit"], r["place"]): (r["seconds"], r["cpu"]) for r in self.rows(query)}

    def finds_before(self, run: int, most: int = 8) -> list[dict[str, tuple[float, float]]]:
        """(new signatures, CPU seconds) of each suite in the runs before, the latest first."""
        query = """
            select run, suite, sum(cpu) cpu, coalesce(sum(finds), 0) finds from items left join
                (select run prun, item pitem, sum(fresh) finds from problems group by run, item)
                on prun = run and pitem = id
            where run < ? and run >= ? and verdict is not null and again_of = ''
            group by run, suite order by run desc"""
        found: dict[int, dict[str, tuple[float, float]]] = {}
        for row in self.rows(query, run, run - most):
            found.setdefault(row["run"], {})[row["suite"]] = (row["finds"], row["cpu"])
        return list(found.values())


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder is this process's alone; UserError if another regression runs in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{folder}: is no folder, or lies in what is none") from None
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder}: another regression runs in this folder") from None
        yield
    finally:
        os.close(handle)


def _now() -> str:
    """Wall-clock time, for people: nothing is computed from it."""
    return datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")
