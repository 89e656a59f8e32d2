"""Rules a register program must keep; a broken one is reported, never silently computed."""

from __future__ import annotations

from cocodla.errors import UserError


class RuleViolation(UserError):
    """A layer is programmed in a way that hangs or has no defined result on nv_small."""


class AbsentPart(RuleViolation):
    """A layer needs a part of the full NVDLA that nv_small does not have, so its result would not be what is meant."""


def require(condition: bool, text: str) -> None:
    """Raise RuleViolation(text) unless `condition` holds."""
    if not condition:
        raise RuleViolation(text)


def require_present(condition: bool, text: str) -> None:
    """Raise AbsentPart(text) unless `condition` holds."""
    if not condition:
        raise AbsentPart(text)
