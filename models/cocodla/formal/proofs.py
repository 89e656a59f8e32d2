"""The proofs there are: their files, tasks, and rules.

rtl/FOLDER/formal/MODULE.sby is the recipe, its first comment says what is proven. MODULE.vh holds the rules: `assert`s,
each with a comment `// number: words` at the end of its line or of that of one before it; those behind a line
`// for the induction` are no rules but what makes the induction close. MODULE.v includes it for its own proof.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project

HELPERS = "// for the induction"


@dataclass(frozen=True)
class Task:
    """One run of a proof. mode: prove (k-induction), bmc (bounded) or cover (what must be reachable).

    depth: k of an induction, or the steps from reset that are looked at.
    """

    name: str
    mode: str
    depth: int


@dataclass(frozen=True)
class Rule:
    """One statement `assert (...);` of a file of rules.

    number: of the rule it belongs to, "" for what helps the induction. text: the statement in one line. first, last:
    its lines, from 1. start, end: its place in the file. words: the comment that tells the rule.
    """

    number: str
    text: str
    words: str
    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True)
class Proof:
    """The proof of one module. file: its .sby file."""

    file: Path
    about: str
    tasks: tuple[Task, ...]

    @property
    def module(self) -> str:
        return self.file.stem

    @property
    def rules_file(self) -> Path:
        return self.file.with_suffix(".vh")

    def rules(self) -> list[Rule]:
        """All asserts of the file of rules, in order."""
        return list(read_rules(self.rules_file.read_text(encoding="utf-8")))


def find_proofs(modules: Sequence[str] = (), rtl: Path | None = None) -> list[Proof]:
    """The proofs of modules (all without), by folder and name. UserError for a module that has none."""
    rtl = rtl or project.root() / "rtl"
    proofs = [read_proof(path) for path in sorted(rtl.glob("*/formal/*.sby"))]
    names = [proof.module for proof in proofs]
    for module in modules:
        if module not in names:
            near = difflib.get_close_matches(module, names, 3, 0.5)
            hint = f" (is it {' or '.join(near)}?)" if near else ""
            raise UserError(f"no proof {module!r}{hint}: there are {', '.join(names) or 'none'}")
    return [proof for proof in proofs if not modules or proof.module in modules]


def read_proof(file: Path) -> Proof:
    """A proof from its .sby file. UserError where tasks or options are not of the form that all proofs have."""
    text = file.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL))
    groups = dict(line.split()[:2] for line in sections.get("tasks", "").splitlines() if len(line.split()) == 2)
    options = {
        (group, key): value
        for group, key, value in re.findall(r"^(\w+): (mode|depth) (\w+)$", sections.get("options", ""), re.MULTILINE)
    }
    try:
        tasks = tuple(
            Task(name, options[group, "mode"], int(options[group, "depth"])) for name, group in groups.items()
        )
    except KeyError as error:
        raise UserError(f"{file}: options have no {': '.join(error.args[0])}") from None
    if not tasks or not text.startswith("# "):
        raise UserError(f"{file}: has no tasks, or no comment at its head")
    head = text[: text.index("[tasks]")].splitlines()
    about = " ".join(line.removeprefix("#").strip() for line in head)
    return Proof(file, about, tasks)


def read_rules(text: str) -> Iterator[Rule]:
    """The asserts of a file of rules, with the numbers that their comments give them."""
    number = words = ""
    seen = 0
    for match in re.finditer(r"\bassert\s*\(", re.sub(r"//.*", lambda found: " " * len(found[0]), text)):
        end = text.index(";", _closing(text, match.end() - 1)) + 1
        line_end = (text.find("\n", end) + len(text) + 1) % (len(text) + 1)
        for comment in re.finditer(r"//(.*)", text[seen:line_end]):
            if comment[0].startswith(HELPERS):
                number, words = "", HELPERS.removeprefix("// ")
            elif told := re.match(r"\s*(\d+)(?::\s*(.*))?$", comment[1]):
                number, words = told[1], (told[2] or "").strip()
        seen = line_end
        first, last = text.count("\n", 0, match.start()) + 1, text.count("\n", 0, end) + 1
        yield Rule(number, " ".join(text[match.start() : end].split()), words, first, last, match.start(), end)


def _closing(text: str, opening: int) -> int:
    """Index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise UserError("a parenthesis of an assert is not closed")
