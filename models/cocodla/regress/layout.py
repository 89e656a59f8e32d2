"""The tables of results.sqlite, and whether those of a file are these: it may be damaged, or somebody else's."""

from __future__ import annotations

import sqlite3

LAYOUT = 1
"""Version of the tables; files with another one are refused."""

TABLES = """
create table runs(
    run integer primary key, plan text not null, plan_text text not null, seed integer not null, version text not null,
    chosen text not null, budget real, begun text not null, spent real not null default 0,
    state text not null default 'running');
create table items(
    run integer not null, id text not null, suite text not null, kind text not null, unit text not null,
    place text not null, seed integer not null, round integer not null, again_of text not null, item text not null,
    verdict text, text text not null default '', seconds real, cpu real, host text, ended text, facts text,
    primary key(run, id)) without rowid;
create table problems(
    run integer not null, item text not null, number integer not null, unit text not null, stage text not null,
    kind text not null, text text not null, fresh integer not null, again text not null, folder text not null,
    primary key(run, item, number)) without rowid;
create index problems_by_signature on problems(unit, stage, kind);
"""

_Column = tuple[str, str, bool]
"""Name, type, and whether it always has a value."""


def make(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file, all or none."""
    db.executescript(f"begin; {TABLES} pragma user_version = {LAYOUT}; commit;")


def check(db: sqlite3.Connection) -> None:
    """ValueError unless a file has these tables, with values of their columns' types (SQLite takes any)."""
    layout = db.execute("pragma user_version").fetchone()[0]
    if layout != LAYOUT:
        raise ValueError(f"results of layout {layout}, this version takes {LAYOUT}")
    blank = sqlite3.connect(":memory:")
    make(blank)
    for (table,) in blank.execute("select name from sqlite_master where type = 'table'"):
        columns = _columns(blank, table)
        if _columns(db, table) != columns:
            raise ValueError(f"no results of regressions, or damaged: the columns of its table {table} are others")
        wrong = db.execute(f"select {', '.join(map(_wrong, columns))} from {table}").fetchone()
        for (name, kind, _), count in zip(columns, wrong, strict=True):
            if count:
                raise ValueError(f"damaged: {table}.{name} is no {kind} in {count:,} rows")
    blank.close()


def _columns(db: sqlite3.Connection, table: str) -> list[_Column]:
    rows = db.execute("select name, lower(type), \"notnull\" from pragma_table_info(?)", (table,))
    return [(name, kind, bool(always)) for name, kind, always in rows]


def _wrong(column: _Column) -> str:
    """How many rows have a value of another type, as SQL."""
    name, kind, always = column
    kinds = [kind, *(["integer"] if kind == "real" else []), *([] if always else ["null"])]
    return f"sum(typeof({name}) not in ({', '.join(repr(kind) for kind in kinds)}))"
