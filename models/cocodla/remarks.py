"""Remarks of the library to whoever uses it: no errors, but not to be missed. By default nobody hears them."""

from __future__ import annotations

from collections.abc import Callable

_hearers: list[Callable[[str], None]] = []
_told: set[str] = set()


def hear(hearer: Callable[[str], None]) -> None:
    """Call `hearer` with each remark from now on, a line each; it takes the place of the one before."""
    _hearers[:] = [hearer]


def remark(text: str) -> None:
    """Make a remark, once in a process."""
    if _hearers and text not in _told:
        _told.add(text)
        _hearers[0](text)
