"""Rules a register program must keep; a broken one is reported, never silently computed."""

from __future__ import annotations

from cocodla.errors import UserError


class RuleViolation(UserError):
    """A layer is programmed in a way that hangs or has no defined result on nv_small."""


def require(condition: bool, text: str) -> None:
    """Raise RuleViolation(text) unless `condition` holds."""
    if not condition:
        raise RuleViolation(text)
