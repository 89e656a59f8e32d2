"""Mutants that are accepted as equivalent by hand, in rtl/mutants.toml (those of Python: tests/mutants.toml), each with
its reason.

    [[equivalent]]
    file = "rtl/csb/glb.v"
    line = "any <= |(status & ~mask);"   # the text of the line: an entry ends with it
    old = "status & ~mask"
    new = "..."                          # optional; without it every fault of `old`. "always 1": of one bit, stuck at 1
    reason = "why nothing can see it"

    operator = "| -> ^"                  # instead of old and new: any place of the line where this is all that changes
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from cocodla.errors import UserError
from cocodla.files.inputs import LARGEST_TOML, read_input, toml_table
from cocodla.mutate.mutant import Mutant, one_line
from cocodla.sim import project

STUCK = ("always 0", "always 1")
"""How the words for a bit that is stuck end. Which bit it is the seed chooses, so that only single bits are meant."""


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry. old, new: texts in one line; new empty: all faults of old. operator: "old -> new", for any operands."""

    file: str
    line: str
    reason: str
    old: str = ""
    new: str = ""
    operator: str = ""

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant is one of this entry."""
        if (self.file, self.line) != (mutant.file, mutant.text):
            return False
        if self.operator:
            texts = _bare(mutant.old), _bare(mutant.new)
            return mutant.kind == "operator" and _changes(*texts, *self.operator.split(" -> "))
        if self.new in STUCK and (mutant.kind != "stuck" or not mutant.told.endswith(self.new)):
            return False
        return self.old == one_line(mutant.old) and self.new in ("", one_line(mutant.new), mutant.change, *STUCK)


def _bare(text: str) -> str:
    """A text without blanks and parentheses."""
    return "".join(c for c in text if not c.isspace() and c not in "()")


def _changes(old: str, new: str, operator: str, other: str) -> bool:
    """Whether one text becomes the other where one of its operators becomes another one."""
    places = [i for i in range(len(old)) if old.startswith(operator, i)]
    return any(old[:i] + other + old[i + len(operator) :] == new for i in places)


class _List(msgspec.Struct, forbid_unknown_fields=True):
    equivalent: list[Accepted] = []


def accepted_file() -> Path:
    """Where the entries are."""
    return project.root() / "rtl" / "mutants.toml"


def read_accepted(path: Path | None = None) -> list[Accepted]:
    """All entries; UserError for what the file gets wrong."""
    path = path or accepted_file()
    if not path.exists():
        return []
    values = toml_table(read_input(path, LARGEST_TOML), str(path))
    try:
        entries = msgspec.convert(values, _List).equivalent
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {error}") from None
    for entry in entries:
        if len(entry.reason.split()) < 3:
            raise UserError(f"{path}: the entry of {entry.file}, {entry.line!r} has no reason")
        if bool(entry.old) == bool(entry.operator) or (entry.operator and len(entry.operator.split(" -> ")) != 2):
            raise UserError(f'{path}: the entry of {entry.file}, {entry.line!r} needs old, or an operator as "| -> ^"')
    return entries


def expired(entries: list[Accepted]) -> list[str]:
    """Entries whose line is in their file no longer, in words."""
    gone = []
    for entry in entries:
        path = project.root() / entry.file
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        if entry.line not in [line.strip() for line in lines]:
            gone.append(f"{entry.file}: {entry.line}")
    return gone
