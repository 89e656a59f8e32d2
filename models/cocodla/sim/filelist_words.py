"""The words of a file list, and the options of simulators that say nothing about its files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError

_BLANK = re.compile(r"(?:\s|\\\r?\n)+")
_COMMENT = re.compile(r"(?://|#)[^\n]*")
_PLAIN = re.compile(r'[^\s"\\]+')
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_WHOLE = re.compile(r"[^\n]*")
_TAIL = re.compile(r"\s(?:#|//)")


@dataclass(frozen=True)
class Word:
    """A word, without its quotes, and the line where it begins. is_name: it was found to be the name of a file."""

    text: str
    line: int
    is_name: bool = False


def words_of(text: str, path: Path, is_file: Callable[[str], bool]) -> list[Word]:
    """The words of a list.

    A line that begins with no option and is, as it stands, the name of a file with blanks (`is_file`), is one word.
    UserError, with the line, for a quote or comment that does not end.
    """
    words: list[Word] = []
    at, line, begins = 0, 1, True
    while at < len(text):
        blank, comment = _BLANK.match(text, at), _COMMENT.match(text, at)
        if blank:
            end = blank.end()
        elif comment:
            end = comment.end()
        elif text.startswith("/*", at):
            end = text.find("*/", at) + 2
            if end == 1:
                raise UserError(f"{path}:{line}: a comment is not closed")
        elif begins and (name := _with_blanks(text, at, is_file)):
            end = at + len(name)
            words.append(Word(name, line, is_name=True))
        else:
            word, end = _word(text, at, f"{path}:{line}")
            words.append(Word(word, line))
        newlines = text.count("\n", at, end)
        begins = newlines > 0 or (begins and bool(blank))
        line, at = line + newlines, end
    return words


def _with_blanks(text: str, at: int, is_file: Callable[[str], bool]) -> str:
    """The rest of a line if it is the name of a file with blanks in it."""
    found = _WHOLE.match(text, at)
    line = _TAIL.split(found[0] if found else "", maxsplit=1)[0].rstrip()
    return line if " " in line and line[0] not in '+-"' and is_file(line) else ""


def _word(text: str, at: int, where: str) -> tuple[str, int]:
    """A word and where it ends."""
    parts: list[str] = []
    while at < len(text) and not text[at].isspace():
        if plain := _PLAIN.match(text, at):
            parts.append(plain[0])
            at = plain.end()
        elif found := _QUOTED.match(text, at):
            parts.append(re.sub(r"\\(.)", r"\1", found[1]))
            at = found.end()
        elif text[at] == '"':
            raise UserError(f"{where}: a quote is not closed")
        else:
            parts.append("" if text[at + 1 : at + 2] == "\n" else text[at + 1 : at + 2])
            at += 2
    return "".join(parts), at


class _PassedOver:
    """Options of common simulators that say nothing about the files."""

    WITHOUT = re.compile(
        r"--?W\S*|--?(?:no-)?(?:timing|assert|trace\S*|stats|decoration)|--?(?:sv|sverilog|lint-only|cc|binary|exe|build|main|quiet\S*|"
        r"autoflush|relative-includes|bbox-\S+|public\S*|coverage\S*|debug\S*|full64|lca|kdb|nc|R|c|q|O[0-3s]|Os|v2k|"
        r"vlog95compat|override_timescale=\S+|timescale=\S+|ntb_opts\S*|nolibcell|g\d{4}\S*)|"
        r"\+(?:(?:verilog|systemverilog|1364-|1800-)\S*ext\+\S*|v2k|librescan|nowarn\S*|warn\S*|lint=\S*|notimingchecks?|"
        r"nospecify|delay_mode_\w+|(?:min|typ|max)delays|neg_tchk|vcs\S*|vpi|acc\S*|access\S*|rad|libverbose|nbaopt|no_notifier)"
    )
    WITH = re.compile(
        r"--?(?:top-module|top|timescale|timescale-override|language|default-language|x-assign|x-initial|Mdir|prefix|mod-prefix|"
        r"build-jobs|j|o|l|work|lib|unroll-count|unroll-stmts|max-num-width|threads|output-split|CFLAGS|LDFLAGS|s|suppress)"
    )

    def arguments(self, option: str) -> int | None:
        """How many words an option takes; None for one that is not known."""
        if self.WITHOUT.fullmatch(option):
            return 0
        return 1 if self.WITH.fullmatch(option) else None

    def __contains__(self, option: str) -> bool:
        return self.arguments(option) is not None


PASSED_OVER = _PassedOver()

KNOWN = ("+incdir+", "+define+", "+libext+", "-f", "-F", "-I", "-D", "-y", "-v", "--top-module")


def unknown_option(text: str) -> str:
    """The complaint about an option."""
    if re.match(r"-G\w|-pvalue|-parameter|-defparam", text):
        return f"{text[:60]!r} sets a parameter: DUT_PARAMETERS does that (docs/performance.md)"
    head = re.match(r"\+\w*\+?|-+\w*", text)
    near = difflib.get_close_matches(head[0] if head else text, KNOWN, 1, 0.7)
    hint = f"; is it {near[0]}?" if near else ""
    return f"unknown option {text[:60]!r}{hint} (known: {', '.join(KNOWN)} and others that docs/foreign.md tells)"
