"""What a viewer shows of a dump, as groups of rows: the same for every viewer.

Clocks and resets, what each unit works on, interfaces under their headings in the order of the description, state
machines, registers of units; then interfaces found by name. Only signals that are in the dump.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cocodla.waves.choice import known_interfaces, place_of_top
from cocodla.waves.dump import Dump
from cocodla.waves.interfaces import Description, Interface
from cocodla.waves.texts import Texts, named_values, state_names

STREAMS = "streams"
"""Heading of interfaces without another one."""
HANDSHAKE: Texts = {0: "-", 1: "sender late", 2: "receiver stalls", 3: "moves"}
"""What valid (the higher bit) and ready mean."""
_MOST_PLAIN = 200
"""Signals shown of the outermost scopes of a design that no description tells of."""


@dataclass(frozen=True)
class Row:
    """Signals side by side, one as a rule, the first in the highest bits.

    texts: names of values. handshake: the signals are valid and ready.
    """

    label: str
    signals: tuple[str, ...]
    texts: Texts | None = None
    handshake: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under a heading. closed: only the heading is seen at first."""

    name: str
    rows: tuple[Row | Group, ...]
    closed: bool = False

    def every_row(self) -> Iterator[Row]:
        """All rows in it and in its groups."""
        for row in self.rows:
            if isinstance(row, Group):
                yield from row.every_row()
            else:
                yield row


def groups_of(dump: Dump, description: Description | None) -> list[Group]:
    """The groups of a dump, none empty; at least one. UserError for damaged texts beside it."""
    described, by_name, _ = known_interfaces(dump, description)
    place = (place_of_top(dump, description) if description else None) or ""
    outer = _around(dump, described or by_name, description, place)
    states = state_names(dump, description)
    found = [
        Group("clock and reset", tuple(_single(path) for path in outer)),
        Group("work", tuple(Row(_short(path), (path,), texts) for path, texts in named_values(dump).items())),
        *_headings(described),
        Group("states", tuple(Row(path.removeprefix(place), (path,), texts) for path, texts in states.items())),
        *_registers(dump, description),
        Group("inside", tuple(row for one in by_name for row in _interface(one, place)), closed=bool(described)),
    ]
    if not described:
        found.append(Group("signals", tuple(_single(path) for path in _plain(dump)), closed=bool(by_name)))
    return [group for group in found if group.rows]


def _around(dump: Dump, interfaces: Iterable[Interface], description: Description | None, place: str) -> list[str]:
    """Clocks, resets and pins, each signal under one name; what most interfaces have first."""
    used = Counter(name for one in interfaces for name in (one.clock, one.reset) if name)
    paths = [name for name, _ in used.most_common()]
    paths += [place + pin for pin in (description.pins if description else ())]
    unique: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        if path in dump.variables:
            unique.setdefault(dump.variables[path].key, path)
    return list(unique.values())


def _headings(described: list[Interface]) -> list[Group]:
    rows: dict[str, list[Row | Group]] = {one.group: [] for one in described if one.group}
    for one in described:
        rows.setdefault(one.group or STREAMS, []).extend(_interface(one))
    return [Group(name, tuple(found)) for name, found in rows.items()]


def _interface(one: Interface, place: str = "") -> Iterator[Row | Group]:
    """What an interface does, and, folded away, its signals."""
    name = one.name.removeprefix(place)
    label = f"{name}: {one.sender} > {one.receiver}" if one.sender and one.receiver else name
    if one.ready and len(one.valid) == 1:
        yield Row(label, (one.valid[0], one.ready), HANDSHAKE, handshake=True)
    else:
        yield Row(label, one.valid)
    signals = tuple(path for path in (*one.valid, one.ready, one.credit, *one.payload) if path)
    if len(signals) > 1:
        yield Group(f"{name} signals", tuple(_single(path) for path in signals), closed=True)


def _registers(dump: Dump, description: Description | None) -> list[Group]:
    """Of each scope that has the first of the patterns: what it runs, and its configuration, folded away."""
    patterns = description.registers if description else ()
    scopes: dict[str, list[str]] = {}
    for path, variable in dump.variables.items():
        if any(fnmatchcase(variable.name, pattern) for pattern in patterns):
            scopes.setdefault(variable.scope, []).append(path)
    seen: set[str] = set()
    groups: list[Row | Group] = []
    for scope in sorted(scopes, key=lambda path: (path.count("."), path)):
        first = f"{scope}.{patterns[0]}"
        if first not in dump.variables or dump.variables[first].key in seen:
            continue
        seen.add(dump.variables[first].key)
        order = sorted(
            scopes[scope],
            key=lambda path: next(i for i, p in enumerate(patterns) if fnmatchcase(dump.variables[path].name, p)),
        )
        groups.append(Group(_short(scope), tuple(_single(path) for path in order), closed=True))
    return [Group("registers", tuple(groups))] if groups else []


def _plain(dump: Dump) -> list[str]:
    """The outermost signals, each once."""
    unique: dict[str, str] = {}
    for path in sorted(dump.variables, key=lambda path: path.count(".")):
        if "#" not in path and not dump.variables[path].is_parameter:
            unique.setdefault(dump.variables[path].key, path)
    return list(unique.values())[:_MOST_PLAIN]


def _single(path: str) -> Row:
    return Row(_short(path), (path,))


def _short(path: str) -> str:
    return path.rpartition(".")[2]
