"""How protocol checkers speak: a Report is called with one line; the default fails the test at once."""

from __future__ import annotations

from collections.abc import Callable

from cocotb.utils import get_sim_time


class ProtocolError(AssertionError):
    """The design broke an interface rule."""


Report = Callable[[str], None]


def fail(text: str) -> None:
    """Default Report: ends the running test as failed."""
    raise ProtocolError(f"{text} (at {get_sim_time('ns'):g} ns)")
