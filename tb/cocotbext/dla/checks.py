"""How protocol checkers speak, and how they show that they are awake.

A Report is called with one line; the default fails the test at once. Rules holds the rules of one checker. The
first time that it looks at a rule it looks once more, with a value bent so that the rule breaks: a rule that was never
looked at (a stall that never came, a port that was not found), or that lets the bent value pass, has shown nothing in
this run. With the environment variable COCOTBEXT_DLA_RULES=file the rules are written there, a line each: `held` when a
checker begins, `shown` when it has complained of the bent value, then the checker's name and the rule.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cocotbext.dla.moment import when

if TYPE_CHECKING:
    from typing_extensions import TypeVarTuple, Unpack

    Values = TypeVarTuple("Values")

RULES_FILE = "COCOTBEXT_DLA_RULES"


class ProtocolError(AssertionError):
    """The design broke an interface rule."""


Report = Callable[[str], None]


def fail(text: str) -> None:
    """Default Report: ends the running test as failed."""
    raise ProtocolError(f"{text} {when()}")


class Rules:
    """The rules of the checker `name`; what breaks one goes to `report`. `silent`: what has shown nothing yet."""

    def __init__(self, name: str, rules: Iterable[str], report: Report = fail) -> None:
        self.name, self.report = name, report
        self.silent = set(rules)
        self._file = os.environ.get(RULES_FILE)
        self._tell("held", self.silent)

    def hold(
        self,
        rule: str,
        complaint: Callable[[Unpack[Values]], str],
        values: tuple[Unpack[Values]],
        bent: tuple[Unpack[Values]],
    ) -> bool:
        """Look at a rule; returns whether it holds. `complaint` tells in words what is wrong, "" if nothing is.

        `bent` are values that break the rule.
        """
        if rule in self.silent and complaint(*bent):
            self.silent.discard(rule)
            self._tell("shown", [rule])
        text = complaint(*values)
        if text:
            self.report(f"{self.name}: {text}")
        return not text

    def _tell(self, what: str, rules: Iterable[str]) -> None:
        if self._file:
            with Path(self._file).open("a", encoding="utf-8") as file:
                file.writelines(f"{what}\t{self.name}\t{rule}\n" for rule in sorted(rules))
