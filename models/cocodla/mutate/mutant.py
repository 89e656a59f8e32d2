"""A mutant: one text of one file that becomes another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

KINDS = {
    "operator": "an operator is another one of its family, or missing",
    "constant": "a literal is one more or one less",
    "condition": "a condition is negated",
    "swapped": "two operands or parts of a concatenation change places",
    "dropped": "one side of && or || is missing (a valid, a ready)",
    "stuck": "a bit of what is assigned is always 0 or 1",
    "index": "an index or a range is one off",
    "reset": "a register is not reset",
    "enable": "what has a condition is done always",
    "statement": "an assignment or a call is missing",
}
"""What the kinds mean; those of Yosys are named after its modes."""


@dataclass(frozen=True)
class Mutant:
    """One change. file: path from the project's root. start, end: bytes of the file that `old` has. line: from 1, and
    its text without blanks around it. site: number of the node of the syntax tree in its file. told: the change
    in words, where the texts say it badly.
    """

    kind: str
    file: str
    start: int
    end: int
    line: int
    text: str
    old: str
    new: str
    site: int
    told: str = ""

    @property
    def change(self) -> str:
        """What is changed, in one line."""
        return self.told or f"{one_line(self.old)} -> {one_line(self.new) or 'nothing'}"

    @property
    def place(self) -> str:
        """FILE:LINE."""
        return f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place} {self.kind}: {self.change}"


def one_line(text: str) -> str:
    """A text of several lines in one."""
    return " ".join(text.split())


def choose(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """At most `count` of the mutants, of as many places as there are: no place gives a second one before all gave one.

    The same seed chooses the same; they are in the order of their places.
    """
    random = Random(f"mutants-{seed}")
    places: dict[tuple[str, int], list[Mutant]] = {}
    for mutant in mutants:
        places.setdefault((mutant.file, mutant.site), []).append(mutant)
    for found in places.values():
        random.shuffle(found)
    chosen: list[Mutant] = []
    left = list(places.values())
    while left and len(chosen) < count:
        random.shuffle(left)
        chosen += [found.pop() for found in left[: count - len(chosen)]]
        left = [found for found in left if found]
    return sorted(chosen, key=lambda mutant: (mutant.file, mutant.start, mutant.end, mutant.kind, mutant.new))
