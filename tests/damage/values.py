"""Wrong values in the places of a JSON value."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Path = tuple[str | int, ...]

WRONG: dict[str, Any] = {
    "null": None, "negative": -1, "zero": 0, "huge": 1 << 70, "NaN": float("nan"), "nested": {"a": [[{"b": []}]]},
}  # fmt: skip
UNKNOWN = "a field nobody knows"
LEFT_OUT = object()


def wrong_values(value: Any) -> dict[str, Any]:
    """Eight values that are most likely wrong in the place of `value`."""
    empty: Any = "" if isinstance(value, str) else []
    other: Any = 7 if isinstance(value, (str, list, dict)) else "text"
    return {**WRONG, "another type": other, "empty": empty}


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths to all values; of lists to the first and the last entry."""
    if path:
        yield path
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*path, name))
    elif isinstance(value, list):
        for index in dict.fromkeys((0, len(value) - 1)) if value else ():
            yield from places(value[index], (*path, index))


def found(value: Any, path: Path) -> Any:
    """The value at a path."""
    for part in path:
        value = value[part]
    return value


def with_value(whole: Any, path: Path, value: Any) -> Any:
    """A copy with another value at a path."""
    changed = copy.copy(whole)
    changed[path[0]] = value if len(path) == 1 else with_value(whole[path[0]], path[1:], value)
    return changed


def without(whole: Any, path: Path) -> Any:
    """A copy without the entry at a path."""
    holder = copy.copy(found(whole, path[:-1]))
    del holder[path[-1]]
    return holder if len(path) == 1 else with_value(whole, path[:-1], holder)


def damaged_fields(whole: Any) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each place with each wrong value, without it, and with a field more: what was done, and how to make the text."""
    for path in places(whole):
        named, value = "/".join(map(str, path)), found(whole, path)
        for kind, wrong in wrong_values(value).items():
            yield f"{named} {kind}", partial(_text, whole, path, wrong)
        yield f"{named} left out", partial(_text, whole, path, LEFT_OUT)
        if isinstance(value, dict):
            yield f"{named} and more", partial(_text, whole, path, {**value, UNKNOWN: 1})


def _text(whole: Any, path: Path, value: Any) -> str:
    return json.dumps(without(whole, path) if value is LEFT_OUT else with_value(whole, path, value))


def damaged_text(text: str) -> Iterator[tuple[str, str]]:
    """Valid and invalid JSON that no program of ours writes."""
    yield "deep", "[" * 100_000 + "]" * 100_000
    yield "deep objects", '{"a":' * 5_000 + "1" + "}" * 5_000
    yield "many values", "[" + "[]," * 2_500_000 + "[]]"
    yield "many digits", text.replace('"format": 3', '"format": ' + "3" * 5_000)
    yield "a key twice", text.replace("{", '{"name": "x", "name": "y",', 1)
    yield "half a pair", text.replace('"name": "', '"name": "\\ud800', 1)
    yield "infinite", text.replace(": 1.0", ": 1e999")
    yield "no object", "7"
    yield "nothing", ""
    yield "cut", text[: len(text) // 2]
