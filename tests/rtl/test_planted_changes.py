"""Faults that scripts plant into copies of the RTL are those of the RTL as it is: each text is there exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import pytest

from cocodla.sim import project
from rtl_copies import Change


def changes(value: Any) -> Iterator[Change]:
    """All changes inside of lists, tuples, mappings and dataclasses."""
    if isinstance(value, Change):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in fields(value)} | ({"changes"} & set(dir(value)))  # also where it is a property
        for name in names:
            yield from changes(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from changes(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from changes(item)


@pytest.mark.parametrize("script", ["try_faults", "try_handshake_faults", "try_mismatches", "try_slow_units"])
def test_every_planted_change_fits_the_rtl(script: str) -> None:
    lists = {name: value for name, value in vars(import_module(script)).items() if name.isupper()}
    found = list(changes(lists))
    assert found
    for change in found:
        path = project.root() / ("" if change.file.startswith(("rtl/", "tb/")) else "rtl") / change.file
        assert path.read_text().count(change.old) == 1, f"{change.file}: {change.old!r}"
