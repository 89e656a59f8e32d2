"""Reading and driving single signals at little cost: agents do it in every cycle."""

from __future__ import annotations

from typing import Any

from cocotbext.dla.mismatch import Mismatch
from cocotbext.dla.moment import when

LONGEST = 32
"""Bits of a value with an X that are shown, the last ones."""


class Unknown(Mismatch, ValueError):
    """A signal whose value is looked at holds X or Z."""


def bits(handle: Any) -> str:
    """The bits of a signal as text of 0, 1, X and Z, as str(handle.value) has them.

    Asks the simulator itself: `value` makes objects of what it says, which takes three times as long.
    """
    text: str = handle._handle.get_signal_val_binstr()
    return text


def high(handle: Any) -> bool:
    """Whether a one-bit signal is 1; X and Z count as 0 (the checkers report them)."""
    return bits(handle) == "1"


def known(handle: Any) -> bool:
    """Whether a signal holds no X or Z."""
    return bits(handle).isdigit()


def number(handle: Any) -> int:
    """Unsigned value of a signal. Raises Unknown, which names it, if it holds X or Z."""
    value = bits(handle)
    try:
        return int(value, 2)
    except ValueError:
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
