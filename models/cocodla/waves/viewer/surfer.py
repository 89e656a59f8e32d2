"""A command file for Surfer, and the mnemonic files that name values.

Commands as https://docs.surfer-project.org/book tells: one a line; `;` and `#` end one, and nothing takes that away, so
that a signal with either in its name is left out. Surfer counts rows from 0, in hexadecimal digits a to p. It has no
rows of several signals: valid and ready stand for what an interface does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cocodla.waves.texts import Texts
from cocodla.waves.viewer.rows import Group, Row

_UNSPEAKABLE = re.compile(r"[;#\s]")


def command_file(groups: Sequence[Group]) -> str:
    """Commands that show the groups of an open dump, each behind a divider; all signals of an interface together."""
    lines: list[str] = []
    number = 0
    for title, rows in _sections(groups):
        lines.append(f"divider_add {format_name(title)}")
        number += 1
        for row in rows:
            lines.append(f"variable_add {row.signals[0]}")
            if row.texts is not None:
                lines += [f"item_focus {_digits(number)}", f"item_set_format {format_name(row.signals[0])}"]
            number += 1
    return "\n".join([*lines, "item_unfocus", "zoom_fit", ""])


def mnemonic_files(groups: Sequence[Group], widths: dict[str, int]) -> dict[str, str]:
    """Content of each mnemonic file by its name: values of a signal and their texts."""
    return {
        format_name(row.signals[0]): _mnemonic(format_name(row.signals[0]), widths[row.signals[0]], row.texts)
        for group in groups
        for row in group.every_row()
        if row.texts is not None and not row.handshake
    }


def format_name(path: str) -> str:
    """Name of the format, in Surfer, that shows a signal's texts."""
    return re.sub(r"\W+", "_", path)


def _mnemonic(name: str, width: int, texts: Texts) -> str:
    shown = {value: " ".join(text.split()).replace('"', "'") for value, text in sorted(texts.items())}
    entries = (f'{value} "{text}"' for value, text in shown.items())
    return "\n".join([f"Name: {name}", f"Bits: {width}", *entries, ""])


def _sections(groups: Sequence[Group]) -> Iterator[tuple[str, list[Row]]]:
    """Headings with the rows that follow them directly; none without a row."""
    for group in groups:
        rows = [row for row in group.rows if isinstance(row, Row) and len(row.signals) == 1]
        rows = [row for row in rows if not _UNSPEAKABLE.search(row.signals[0])]
        if rows:
            yield group.name, rows
        yield from _sections([item for item in group.rows if isinstance(item, Group)])


def _digits(number: int) -> str:
    return "".join(chr(ord("a") + int(digit, 16)) for digit in f"{number:x}")
