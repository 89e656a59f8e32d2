"""A mismatch as text that is read in a minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_NUMBERS = 40
"""Inputs of an element that are written out."""
MOST_MAPS = 2


def text(facts: dict[str, Any]) -> str:
    """The text of `facts`."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield facts["message"]
    layer, blame = facts["layer"], facts["blame"]
    if blame is not None:
        yield ""
        yield f"LOOK AT {blame['unit']}: {blame['interface']}, {blame['signal']}{_cycle(blame['cycle'])}"
        yield f"  {blame['reason']}"
    if layer is not None:
        channels, lines, columns = layer["shape"]
        yield ""
        yield (
            f"first wrong: layer {layer['name'] or layer['number']}, {layer['kind']}, cube of {channels} channels, "
            f"{lines} lines, {columns} columns at {layer['address']:#010x}"
        )
        yield from (f"  {sentence}" for sentence in facts["patterns"])
    if facts["boundaries"]:
        yield ""
        yield "between its units, in the order data flow:"
        yield from _boundaries(facts)
    if facts["explanation"] is not None:
        yield ""
        yield from _explained(facts)
    yield from map_lines(facts["maps"], "mismatch.html")
    if facts["notes"]:
        yield ""
        yield from (f"note: {note}" for note in facts["notes"])
    if facts["waves"]:
        yield ""
        yield facts["waves"]


def _cycle(cycle: int | None) -> str:
    return "" if cycle is None else f", cycle {cycle:,}"


def _boundaries(facts: dict[str, Any]) -> Iterator[str]:
    for one in facts["boundaries"]:
        first = one["first"]
        what = f"{one['signal']} {one['holds']}".strip()
        name = f"  {one['sender']:>9} -> {what:<22} {one['beats']:>7,} beats  "
        if first is None:
            yield f"{name}as expected"
        elif first["got"] is None:
            yield f"{name}beat {first['beat']} and all behind it are missing"
        else:
            place = f"beat {first['beat']}, lane {first['lane']}{_cycle(first['cycle'])}"
            values = f"expected {first['expected']}, got {first['got']} ({first['wrong']:,} beats differ)"
            yield f"{name}{place}: {values}"
    write = facts["first_wrong_write"]
    if write is not None:
        when = "never came" if write["cycle"] is None else f"cycle {write['cycle']:,}"
        yield f"  first wrong write: {write['interface']}, address {write['address']:#010x}, {when}"


def _explained(facts: dict[str, Any]) -> Iterator[str]:
    channel, line, column = facts["element"]
    yield f"the first wrong element, channel {channel}, line {line}, column {column}:"
    for table in facts["explanation"]["tables"]:
        numbers = [number for row in table["rows"] for number in row]
        more = f" ... ({table['count'] - MOST_NUMBERS:,} more)" if table["count"] > MOST_NUMBERS else ""
        yield f"  {table['title']}:"
        yield f"    {' '.join(map(str, numbers[:MOST_NUMBERS]))}{more}"
    steps = facts["explanation"]["steps"]
    width = max(len(step["what"]) for step in steps)
    yield f"  {'':<{width}}  {'expected':>12}  {'seen':>12}"
    for step in steps:
        seen = "" if step["seen"] is None else step["seen"]
        mark = "  <-- differs" if step["differs"] else ""
        cycle = "" if step["cycle"] is None else f"  cycle {step['cycle']:,}"
        yield f"  {step['what']:<{width}}  {step['expected']:>12}  {seen:>12}{cycle}{mark}"


def map_lines(maps: list[dict[str, Any]], all_in: str = "") -> Iterator[str]:
    """The first maps of a cube, see facts.maps. all_in: the file that has all of them."""
    for one in maps[:MOST_MAPS]:
        scale = "" if one["lines_each"] == one["columns_each"] == 1 else (
            f", a cell is {one['lines_each']} lines of {one['columns_each']} columns"
        )
        yield ""
        yield f"channel block {one['block']}: lanes that are wrong at each line (down) and column (across){scale}"
        yield from ("  " + "".join(str(cell) if cell else "." for cell in row) for row in one["cells"][:32])
        if len(one["cells"]) > 32:
            yield f"  ... ({len(one['cells']) - 32} more rows)"
    if len(maps) > MOST_MAPS:
        yield f"(maps of {len(maps) - MOST_MAPS} more channel blocks{all_in and f': {all_in}'})"
