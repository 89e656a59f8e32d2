"""Where in the user's Python a unit was written: broken rules name that line, not ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from types import FrameType

from cocodla.errors import UserError
from cocodla.golden.rules import RuleViolation

OWN = ("cocodla.units", "cocodla.operators.sequence", "cocodla.operators.integers")
"""Modules that write units on behalf of their caller."""
SHIPPED = ("cocodla.operators.library", "cocodla.operators.tensors")
"""Operators: who calls one from Python wrote what it breaks; called by the compiler they are the place."""


@dataclass(frozen=True)
class Place:
    """A line of a Python file."""

    file: str
    line: int

    def __str__(self) -> str:
        path = Path(self.file)
        return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{self.line}"


class BrokenRule(RuleViolation):
    """A unit, or a chain of units, that the hardware cannot do. `place` is where it was written."""

    def __init__(self, place: Place, what: str, rule: str) -> None:
        super().__init__(f"{place}: {what}: {rule}")
        self.place, self.what, self.rule = place, what, rule


def written_at() -> Place:
    """The innermost line that is not ours (what dataclasses make is); of the caller of an operator that ships."""
    inner = _outside(sys._getframe(1), OWN)
    outer = _outside(inner, (*OWN, *SHIPPED))
    frame = inner if _module(outer).startswith("cocodla.") else outer
    return Place(frame.f_code.co_filename, frame.f_lineno)


def defined_at() -> Place:
    """The innermost line that is not ours: where an operator is defined."""
    frame = _outside(sys._getframe(1), OWN)
    return Place(frame.f_code.co_filename, frame.f_lineno)


def _outside(frame: FrameType, modules: tuple[str, ...]) -> FrameType:
    """The innermost frame that does not belong to some modules."""
    while frame.f_back is not None and _belongs(frame, modules):
        frame = frame.f_back
    return frame


def _belongs(frame: FrameType, modules: tuple[str, ...]) -> bool:
    name = _module(frame)
    return any(name == own or name.startswith(f"{own}.") for own in modules)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


@contextmanager
def blamed(place: Place, what: str) -> Iterator[None]:
    """Rules of the golden model and of the register map that break inside are told with a place."""
    try:
        yield
    except BrokenRule:
        raise
    except UserError as error:
        raise BrokenRule(place, what, str(error)) from error


def require_at(place: Place, what: str, condition: bool, rule: str) -> None:
    """Raise BrokenRule unless `condition` holds."""
    if not condition:
        raise BrokenRule(place, what, rule)


def require_pair(place: Place, what: str, value: object, least: int, most: int, source: str) -> None:
    """A number, or (y, x), least..most."""
    shaped = not isinstance(value, (tuple, list)) or len(value) == 2
    require_at(place, what, shaped, f"{value} given, one number or (y, x) is possible")
    require_within(place, what, tuple(value) if isinstance(value, list) else value, least, most, source)


def require_within(place: Place, what: str, value: object, least: int, most: int, source: str) -> None:
    """Each of some whole numbers must be least..most; source: section of the specification."""
    numbers = value if isinstance(value, tuple) else (value,)
    for number in numbers:
        fits = isinstance(number, Integral) and not isinstance(number, bool) and least <= int(number) <= most
        require_at(place, what, fits, f"{value} given, {least} to {most} is possible ({source})")
