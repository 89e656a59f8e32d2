"""A GTKWave save file, and the filter files that name values."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from vcd.gtkw import GTKWFlag, GTKWSave

from cocodla.waves.texts import Texts
from cocodla.waves.viewer.rows import Group, Row

COLOURS = {1: "saddle brown", 2: "red", 3: "forest green"}
"""Of the values of a handshake."""
_HANDSHAKE = "handshake.txt"


def save_file(
    target: Path,
    dump: Path,
    groups: Sequence[Group],
    names: Mapping[str, str],
    filters: Path,
    start: int = 0,
    zoom: float = 0.0,
) -> dict[Path, str]:
    """Contents of the save file `target` and of the files in folder `filters` that it names.

    names: what the dump declares each signal as, where that is known. start: tick on the left. zoom: as GTKWave has it.
    Paths are absolute; GTKWave corrects them when all files have moved together.
    """
    text = io.StringIO()
    save = GTKWSave(text)
    files: dict[Path, str] = {}
    save.comment("written by cocodla waves view")  # type: ignore[arg-type]
    save.dumpfile(str(dump))
    save.savefile(str(target))
    save.timestart(start)
    save.zoom_markers(zoom)
    save.size(1600, 1000)
    save.signals_width(330)
    save.sst_expanded(False)
    for group in groups:
        _group(save, group, names, filters.resolve(), files)
    files[target] = text.getvalue()
    return files


def _group(save: GTKWSave, group: Group, names: Mapping[str, str], filters: Path, files: dict[Path, str]) -> None:
    with save.group(_plain(group.name), closed=group.closed):
        for row in group.rows:
            if isinstance(row, Group):
                _group(save, row, names, filters, files)
            else:
                _row(save, row, names, filters, files)


def _row(save: GTKWSave, row: Row, names: Mapping[str, str], filters: Path, files: dict[Path, str]) -> None:
    signals = [names.get(path, path) for path in row.signals]
    single = len(signals) == 1
    name = signals[0] if single else f"#{{{_plain(row.label)}}} {' '.join(signals)}"
    alias = _plain(row.label) if single else None
    if row.texts is None:
        save.trace(name, alias, datafmt="hex" if single else "bin")
        return
    path = filters / (_HANDSHAKE if row.handshake else re.sub(r"[^\w.-]+", "_", f"{row.signals[0]}.txt"))
    files[path] = _filter(row.texts, COLOURS if row.handshake else {})
    save.trace(name, alias, datafmt="dec", extraflags=GTKWFlag.none, translate_filter_file=str(path))


def _filter(texts: Texts, colours: Mapping[int, str]) -> str:
    """Lines "value ?colour?text", so that no other question mark may be in it."""
    lines = []
    for value, text in sorted(texts.items()):
        shown = " ".join(text.split()).replace("?", "\N{FULLWIDTH QUESTION MARK}")
        lines.append(f"{value} ?{colours[value]}?{shown}\n" if value in colours else f"{value} {shown}\n")
    return "".join(lines)


def _plain(label: str) -> str:
    """A label in one line, without what GTKWave reads otherwise: of names with dots it shows the last part only."""
    return " ".join(label.split()).replace("{", "(").replace("}", ")").replace(".", "/")
