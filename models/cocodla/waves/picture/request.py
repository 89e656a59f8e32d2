"""What is wanted of a picture, as a user writes it, found in a dump."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cocodla.errors import UserError
from cocodla.waves.choice import find_signal, known_interfaces
from cocodla.waves.clock import Clock
from cocodla.waves.dump import Dump, Progress
from cocodla.waves.interfaces import Description, Interface
from cocodla.waves.picture.scale import without
from cocodla.waves.picture.traces import DECIMAL, RADICES, check_radix
from cocodla.waves.texts import Texts, named_values, state_names
from cocodla.waves.viewer.rows import HANDSHAKE, Row

MOST_ROWS = 200
MOST_DECIMAL = 4096
"""Bits of what is written in decimal digits."""
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(fs|ps|ns|us|ms|s)?")
_EXPONENTS = {"fs": -15, "ps": -12, "ns": -9, "us": -6, "ms": -3, "s": 0}


@dataclass(frozen=True)
class Request:
    """signals: paths or ends of paths or names of interfaces, each perhaps with ":radix" behind it. start, end: cycles
    of `clock`, or without one times such as 120ns (ns where no unit is given); empty: of the dump. cuts: ranges that
    are left out.
    """

    signals: tuple[str, ...]
    start: str = ""
    end: str = ""
    clock: str = ""
    cuts: tuple[tuple[str, str], ...] = ()
    radix: str = "hex"


@dataclass(frozen=True)
class Range:
    """What is drawn: ranges of ticks. edges: ticks of the rises of the clock, None without one."""

    ranges: list[tuple[int, int]]
    edges: np.ndarray | None


def find_rows(dump: Dump, description: Description | None, request: Request) -> list[tuple[Row, str]]:
    """The rows of the picture, each with its radix. UserError for a signal that is not there, with near names."""
    check_radix(request.radix)
    described, by_name, _ = known_interfaces(dump, description)
    named = {**state_names(dump, description), **named_values(dump)}
    texts = {dump.variables[path].key: values for path, values in named.items()}
    rows: list[tuple[Row, str]] = []
    for word in request.signals:
        name, _, radix = word.rpartition(":")
        if radix not in RADICES or not name:
            name, radix = word, request.radix
        rows += ((row, radix) for row in _find(dump, [*described, *by_name], name, texts))
    for row, radix in rows:
        if radix in DECIMAL and (widest := max(dump.variable(path).width for path in row.signals)) > MOST_DECIMAL:
            raise UserError(f"{row.signals[0]}: {widest:,} bits; radix {radix} takes {MOST_DECIMAL:,} at most")
    if not rows:
        raise UserError("no signal is given: --signals or --interface")
    if len(rows) > MOST_ROWS:
        raise UserError(f"{len(rows)} signals: a picture has at most {MOST_ROWS} rows")
    return _labelled(rows)


def _find(dump: Dump, interfaces: Sequence[Interface], name: str, texts: Mapping[str, Texts]) -> list[Row]:
    named = [one for one in interfaces if f".{one.name}".endswith(f".{name}")]
    interface = next((one for one in named if one.name == name or len(named) == 1), None)
    if interface is None:
        try:
            path = find_signal(dump, name, "--signals")
        except UserError as error:
            raise UserError(f"{error}{'' if 'may be' in str(error) else _near(dump, interfaces, name)}") from None
        return [Row(path, (path,), texts.get(dump.variable(path).key))]
    paths = (*interface.valid, interface.ready, interface.credit, *interface.payload)
    rows = [Row(path, (path,)) for path in paths if path]
    if interface.ready and len(interface.valid) == 1:
        rows.insert(0, Row(interface.name, (interface.valid[0], interface.ready), HANDSHAKE, handshake=True))
    return rows


def _near(dump: Dump, interfaces: Sequence[Interface], name: str) -> str:
    known = {variable.name for variable in (*dump.variables.values(), *dump.others.values())}
    near = difflib.get_close_matches(name, [*sorted(known), *(one.name for one in interfaces)], 3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _labelled(rows: list[tuple[Row, str]]) -> list[tuple[Row, str]]:
    """Rows labelled by the last part of their path, by more of it where that is not enough."""
    paths = {path for row, _ in rows for path in row.signals}

    def label(path: str) -> str:
        parts = path.split(".")
        ends = (".".join(parts[place:]) for place in range(len(parts) - 1, -1, -1))
        return next((end for end in ends if Counter(f".{p}".endswith(f".{end}") for p in paths)[True] == 1), path)

    return [(row if row.handshake else replace(row, label=label(row.signals[0])), radix) for row, radix in rows]


def find_range(dump: Dump, request: Request, progress: Progress | None = None) -> Range:
    """What is drawn of the time. UserError: a range outside of the dump, no such clock, a clock without edges."""
    if request.clock:
        return _cycles(dump, request, progress)
    first, last = 0, dump.duration()
    start = _ticks(dump, request.start, "--from") if request.start else first
    end = _ticks(dump, request.end, "--to") if request.end else last + 1
    if start > last or end > last + 1:
        raise UserError(f"{_asked(request)}: {dump.path} ends at {dump.time_text(last)}")
    cuts = [(_ticks(dump, a, "--cut"), _ticks(dump, b, "--cut")) for a, b in request.cuts]
    return Range(_left(request, start, end, cuts), None)


def _cycles(dump: Dump, request: Request, progress: Progress | None) -> Range:
    path = find_signal(dump, request.clock, "--clock")
    variable = dump.variables.get(path)
    if variable is None or variable.width != 1:
        raise UserError(f"--clock {request.clock}: is no signal of one bit")
    clock = Clock.of(path, dump.read([variable], progress)[variable.key])
    count = len(clock)
    if count < 2:
        raise UserError(f"--clock {request.clock}: rises {count} times in {dump.path}")
    start = _cycle(request.start, "--from") if request.start else 0
    end = _cycle(request.end, "--to") if request.end else count
    if start >= count or end > count:
        raise UserError(f"{_asked(request)}: {dump.path} has cycles 0 to {count - 1:,} of {path}")
    half = max(int(clock.period() / 2), 1)

    def tick(cycle: int) -> int:
        """Half a period before its edge: so the edges of the first and the last cycle are seen."""
        return max(int(clock.edges[cycle]) - half, 0) if cycle < count else int(clock.edges[-1]) + half

    cuts = [(_cycle(a, "--cut"), _cycle(b, "--cut")) for a, b in request.cuts]
    inside = [(tick(min(a, count)), tick(min(b, count))) for a, b in _left(request, start, end, cuts)]
    return Range(inside, clock.edges)


def _left(request: Request, start: int, end: int, cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if start >= end:
        raise UserError(f"{_asked(request)}: holds nothing")
    for a, b in cuts:
        if a >= b:
            raise UserError(f"--cut {a} {b}: holds nothing")
    ranges = without(start, end, cuts)
    if not ranges:
        raise UserError(f"{_asked(request)}: --cut leaves nothing of it")
    return ranges


def _asked(request: Request) -> str:
    return f"--from {request.start or 'the beginning'} --to {request.end or 'the end'}"


def _cycle(text: str, option: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise UserError(f"{option} {text[:40]!r}: with --clock it is a number of cycles")
    return int(text)


def _ticks(dump: Dump, text: str, option: str) -> int:
    match = _TIME.fullmatch(text.strip())
    if not match or len(text) > 40:
        raise UserError(f"{option} {text[:40]!r}: is no time such as 120ns or 1.5us")
    factor, exponent = dump.tick
    return round(float(match[1]) * 10.0 ** (_EXPONENTS[match[2] or "ns"] - exponent) / factor)
