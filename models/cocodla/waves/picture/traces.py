"""Signals of a dump over a range of time, as what is drawn of them: spans of one value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cocodla.errors import UserError
from cocodla.waves.dump import Dump, Progress, Value, Variable
from cocodla.waves.texts import Texts
from cocodla.waves.viewer.rows import Row

DECIMAL = ("dec", "signed")
RADICES = ("hex", *DECIMAL, "bin")
MOST_CHANGES = 20_000
"""Changes of all signals of one picture together."""

Changes = Sequence[tuple[int, Value]]


@dataclass(frozen=True)
class Span:
    """Ticks from start to end with one value. level: 0 or 1 of a bit that is known. state: "" for a known value, "x",
    "z", or "none" where the dump says nothing; of a handshake its value as a digit."""

    start: int
    end: int
    text: str
    level: int | None = None
    state: str = ""


@dataclass(frozen=True)
class Trace:
    """A row of a picture."""

    label: str
    is_bit: bool
    is_handshake: bool
    spans: tuple[Span, ...]


def read_traces(
    dump: Dump, rows: Sequence[tuple[Row, str]], low: int, high: int, progress: Progress | None = None
) -> list[Trace]:
    """The rows (with the radix of each) from tick low to before high. UserError as Dump.values."""
    wanted = {path: dump.variable(path) for row, _ in rows for path in row.signals}
    changes = dump.values(wanted.values(), low, high, MOST_CHANGES, progress)
    return [_trace(row, radix, [wanted[path] for path in row.signals], changes, low, high) for row, radix in rows]


def _trace(
    row: Row, radix: str, signals: list[Variable], changes: dict[str, list[tuple[int, Value]]], low: int, high: int
) -> Trace:
    if row.handshake:
        valid, ready = (changes[signal.key] for signal in signals)
        return Trace(row.label, False, True, tuple(_handshake_spans(valid, ready, row.texts or {}, low, high)))
    signal = signals[0]
    spans = []
    for start, end, value in _runs(changes[signal.key], low, high):
        if value is None:
            spans.append(Span(start, end, "", None, "none"))
            continue
        level = value if signal.width == 1 and isinstance(value, int) else None
        text = value_text(value, signal.width, radix, row.texts)
        spans.append(Span(start, end, text, level, _unknown(value) if signal.width else ""))
    return Trace(row.label, signal.width == 1, False, tuple(spans))


def _runs(changes: Changes, low: int, high: int) -> Iterator[tuple[int, int, Value | None]]:
    """(start, end, value); None where nothing is known yet."""
    begin = changes[0][0] if changes else high
    if begin > low:
        yield low, min(begin, high), None
    for place, (time, value) in enumerate(changes):
        end = changes[place + 1][0] if place + 1 < len(changes) else high
        if max(time, low) < end:
            yield max(time, low), end, value


def _handshake_spans(valid: Changes, ready: Changes, texts: Texts, low: int, high: int) -> Iterator[Span]:
    runs = [list(_runs(changes, low, high)) for changes in (valid, ready)]
    times = sorted({start for side in runs for start, _, _ in side})
    before: Span | None = None
    for start, end in zip(times, [*times[1:], high], strict=True):
        v, r = (next(value for a, b, value in side if a <= start < b) for side in runs)
        if isinstance(v, int) and isinstance(r, int):
            number = 2 * v + r
            span = Span(start, end, texts.get(number, ""), None, str(number))
        else:
            span = Span(start, end, "", None, "none" if None in (v, r) else "x")
        if before and (before.text, before.state) == (span.text, span.state):
            span = Span(before.start, end, span.text, None, span.state)
        elif before:
            yield before
        before = span
    if before:
        yield before


def _unknown(value: Value) -> str:
    if not isinstance(value, str):
        return ""
    return "z" if set(value.lower()) == {"z"} else "x"


def value_text(value: Value, width: int, radix: str, texts: Texts | None = None) -> str:
    """A value as it is written: its name if it has one; real numbers and texts as they are.

    width: bits, 0 for what is no vector. Digits of unknown bits are x or z.
    """
    if not width:
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    if isinstance(value, int):
        if texts and value in texts:
            return texts[value]
        if radix == "signed":
            return str(value - (1 << width) if value >> (width - 1) else value)
        if radix == "dec":
            return str(value)
        return f"{value:0{width}b}" if radix == "bin" else f"{value:0{-(-width // 4)}X}"
    bits = str(value).lower().rjust(width, "0")
    if radix == "bin":
        return bits
    if radix in DECIMAL:
        return _unknown(value)
    first = len(bits) % 4 or 4
    return "".join(_digit(bits[max(end - 4, 0) : end]) for end in range(first, len(bits) + 1, 4))


def _digit(bits: str) -> str:
    if set(bits) <= {"0", "1"}:
        return f"{int(bits, 2):X}"
    return "z" if set(bits) == {"z"} else "x"


def check_radix(radix: str) -> str:
    """The radix itself. UserError for an unknown one."""
    if radix not in RADICES:
        raise UserError(f"radix {radix[:40]!r}: is one of {', '.join(RADICES)}")
    return radix
