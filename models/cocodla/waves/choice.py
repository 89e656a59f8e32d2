"""Which interfaces of a dump are looked at: described ones, then those found by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cocodla.errors import UserError
from cocodla.waves.dump import Dump
from cocodla.waves.interfaces import Description, Interface
from cocodla.waves.patterns import COPY_OF_PINS, find_interfaces


@dataclass(frozen=True)
class Chosen:
    """interfaces: all that are read. shown: in tables. related: for root causes. points: the two of `between`."""

    interfaces: tuple[Interface, ...]
    shown: frozenset[Interface]
    described: frozenset[Interface]
    related: frozenset[Interface]
    points: tuple[Interface, ...] = ()
    idle_unit: str = ""
    outside: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def choose(
    dump: Dump,
    description: Description | None,
    match: str = "",
    between: tuple[str, str] | None = None,
    clock: str = "",
    root: bool | None = None,
) -> Chosen:
    """The interfaces of a dump whose name fits the regular expression `match`, the two of `between`, and for root
    causes all that are described.

    UserError: no interface, none that matches, no signal or no interface of a given name, a broken expression.
    """
    described, by_name, notes = known_interfaces(dump, description, clock)
    everything = [*described, *by_name]
    if not everything:
        raise UserError(
            f"{dump.path}: no pair like x_valid and x_ready with a clock beside it (see --clock, --interfaces)"
        )
    shown = _matching(dump, everything, match)
    points = tuple(_named(everything, name) for name in between or ())
    want_root = not match if root is None else root
    related = tuple(one for one in described if one.sender and one.receiver) if want_root else ()
    if root and not related:
        raise UserError(f"{dump.path}: root causes need interfaces whose units are described (--interfaces)")
    wanted = {*shown, *points, *related}
    return Chosen(
        interfaces=tuple(one for one in everything if one in wanted),
        shown=frozenset(shown),
        described=frozenset(described),
        related=frozenset(related),
        points=points,
        idle_unit=description.idle_unit if description else "",
        outside=frozenset(unit for unit, place in (description.units if description else {}).items() if not place),
        notes=notes,
    )


def known_interfaces(
    dump: Dump, description: Description | None, clock: str = ""
) -> tuple[list[Interface], list[Interface], tuple[str, ...]]:
    """All interfaces of a dump, with complete paths: those of the description, others found by name, and notes.

    clock: the clock of all of them. UserError: no such signal.
    """
    clock = find_signal(dump, clock, "--clock") if clock else ""
    described, notes = _described(dump, description, clock)
    known = {_identity(dump, interface) for interface in described}
    by_name = [one for one in find_interfaces(dump.variables, clock) if _identity(dump, one) not in known]
    return described, by_name, notes


def find_signal(dump: Dump, name: str, option: str) -> str:
    """The path of a signal given by its whole path or the end of it. UserError: none, or several that differ."""
    if name in dump.variables:
        return name
    found = [path for path in (*dump.variables, *dump.others) if f".{path}".endswith(f".{name}")]
    found = [path for path in found if not path.startswith(f"{COPY_OF_PINS}.")] or found
    if len({dump.variable(path).key for path in found}) == 1:
        return min(found, key=len)
    if found:
        raise UserError(f"{option} {name}: may be {', '.join(sorted(found, key=len)[:3])}")
    raise UserError(f"{option} {name}: {dump.path} has no such signal")


def _described(dump: Dump, description: Description | None, clock: str) -> tuple[list[Interface], tuple[str, ...]]:
    """Interfaces of the description that are in the dump, with complete paths; notes on those that are only in part."""
    if description is None:
        return [], ()
    place = place_of_top(dump, description)
    if place is None:
        return [], ()
    found, missing = [], []
    for interface in description.interfaces:
        there = _at(interface, place, clock)
        gone = [name for name in there.signals if name not in dump.variables]
        optional = {*there.payload}
        if any(name not in optional for name in gone):
            missing.append(interface.name)
            continue
        there = replace(there, payload=tuple(name for name in there.payload if name in dump.variables))
        if isinstance(there.credits, str) and there.credits not in dump.variables:
            there = replace(there, credits="")
        found.append(there)
    note = f"described but not in the dump: {', '.join(missing)}"
    return found, (note,) if missing else ()


def place_of_top(dump: Dump, description: Description) -> str | None:
    """Scope of the top module, with its dot: the shallowest with most whole interfaces; None where there is none."""
    first = {name for interface in description.interfaces for name in interface.valid}
    places = {path[: -len(variable.name)] for path, variable in dump.variables.items() if variable.name in first}

    def whole(place: str) -> int:
        signals = (set(one.signals) - set(one.payload) for one in description.interfaces)
        return sum(all(place + name in dump.variables for name in names) for names in signals)

    best = max(sorted(places), key=lambda place: (whole(place), -place.count(".")), default="")
    return best if best in places and whole(best) else None


def _at(interface: Interface, place: str, clock: str) -> Interface:
    def whole(name: str) -> str:
        return place + name if name else ""

    return replace(
        interface,
        valid=tuple(map(whole, interface.valid)),
        ready=whole(interface.ready),
        payload=tuple(map(whole, interface.payload)),
        reset=whole(interface.reset),
        credit=whole(interface.credit),
        credits=whole(interface.credits) if isinstance(interface.credits, str) else interface.credits,
        clock=clock or whole(interface.clock),
    )


def _identity(dump: Dump, interface: Interface) -> tuple[str, ...]:
    """Signals of the handshake itself: two names of one interface have the same."""
    names = [*interface.valid, interface.ready, interface.credit]
    return tuple(sorted(dump.variables[name].key for name in names if name))


def _matching(dump: Dump, interfaces: list[Interface], match: str) -> list[Interface]:
    try:
        pattern = re.compile(match)
    except re.error as error:
        raise UserError(f"--match {match}: no regular expression: {error}") from error
    found = [interface for interface in interfaces if pattern.search(interface.name)]
    if not found:
        raise UserError(f"--match {match}: fits none of the {len(interfaces)} interfaces of {dump.path}")
    return found


def _named(interfaces: Iterable[Interface], name: str) -> Interface:
    """The interface of this name, or the only one whose path ends with it."""
    known = {interface.name: interface for interface in interfaces}
    if name in known:
        return known[name]
    found = [one for path, one in known.items() if path.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"--between {name}: may be {', '.join(one.name for one in found[:3])}")
    close = difflib.get_close_matches(name, known, 1, 0.4)
    raise UserError(f"--between {name}: no such interface{f'; is {close[0]} meant?' if close else ''}")
