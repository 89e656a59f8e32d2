"""How protocol checkers speak: a Report is called with one line; the default fails the test at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cocotb.utils import get_sim_time


class ProtocolError(AssertionError):
    """The design broke an interface rule."""


Report = Callable[[str], None]


def fail(text: str) -> None:
    """Default Report: ends the running test as failed."""
    raise ProtocolError(f"{text} (at {get_sim_time('ns'):g} ns)")


def high(handle: Any) -> bool:
    """Whether a one-bit signal is 1; X and Z count as 0 (the checkers report them)."""
    return bool(handle.value == 1)


def known(handle: Any) -> bool:
    """Whether a signal holds no X or Z."""
    return bool(handle.value.is_resolvable)


def number(handle: Any) -> int:
    """Unsigned value of a signal. Raises ValueError if it holds X or Z."""
    return int(handle.value)
