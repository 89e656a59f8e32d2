"""Reading and driving single signals at little cost: agents do it in every cycle."""

from __future__ import annotations

from typing import Any

from cocotbext.dla.mismatch import Mismatch
from cocotbext.dla.moment import when

LONGEST = 32
"""Bits of a value with an X that are shown, the last ones."""


class Unknown(Mismatch, ValueError):
    """A signal whose value is looked at holds X or Z."""


def high(handle: Any) -> bool:
    """Whether a one-bit signal is 1; X and Z count as 0 (the checkers report them)."""
    return str(handle.value) == "1"


def known(handle: Any) -> bool:
    """Whether a signal holds no X or Z."""
    return resolved(handle.value)


def resolved(value: Any) -> bool:
    """Whether a value read from a signal holds no X or Z: as text, since is_resolvable makes an object of each bit."""
    return str(value).isdigit()


def number(handle: Any) -> int:
    """Unsigned value of a signal. Raises Unknown, which names it, if it holds X or Z."""
    try:
        return int(handle.value)
    except ValueError:
        value = str(handle.value)
        shown = value if len(value) <= LONGEST else f"...{value[-LONGEST:]}"
        raise Unknown(f"{handle._name} holds X: {shown} {when()}") from None


class Output:
    """A signal that is written only where its value changes: writes cost more than all else an agent does."""

    def __init__(self, handle: Any, value: int = 0) -> None:
        self._handle, self._value = handle, value
        handle.value = value

    def drive(self, value: int) -> None:
        """Set the signal, as `handle.value = value` does."""
        if value != self._value:
            self._handle.value = self._value = value
