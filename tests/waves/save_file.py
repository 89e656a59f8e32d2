"""Save files of GTKWave and command files of Surfer, read back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SavedRow:
    """label: alias or heading. signals: GTKWave's names. filter: file that names values."""

    label: str
    signals: tuple[str, ...]
    filter: Path | None


def read_save(path: Path) -> list[SavedRow]:
    """The rows that show signals; checks that headings are opened and closed in pairs."""
    rows, headings, flags = [], [], 0
    filters: dict[str, Path] = {}
    chosen: Path | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            flags = int(line[1:], 16)
        elif line.startswith("^"):
            number, _, name = line[1:].partition(" ")
            chosen = filters.setdefault(number, Path(name))
            assert chosen == Path(name)
        elif line.startswith("-"):
            if flags & 0x800000:
                headings.append(line[1:])
            else:
                assert flags & 0x1000000 and headings.pop() == line[1:]
        elif not line.startswith(("[", "*")):
            match = re.fullmatch(r"(?:[+#]\{(.*?)\} )?(.+)", line)
            assert match
            rows.append(SavedRow(match[1] or "", tuple(match[2].split(" ")), chosen if flags & 0x2000 else None))
    assert not headings
    return rows


def read_commands(path: Path) -> list[tuple[str, str]]:
    """(path, format) of each signal; checks that a format is set for the row that was added last."""
    shown: list[list[str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        command, _, argument = line.partition(" ")
        if command in ("divider_add", "variable_add"):
            assert re.fullmatch(r"\w+" if command == "divider_add" else r"[^;#\s]+", argument)
            shown.append([argument if command == "variable_add" else "", ""])
        elif command == "item_focus":
            assert int("".join(f"{ord(c) - ord('a'):x}" for c in argument), 16) == len(shown) - 1
        elif command == "item_set_format":
            shown[-1][1] = argument
        else:
            assert line in ("item_unfocus", "zoom_fit")
    return [(path, form) for path, form in shown if path]
