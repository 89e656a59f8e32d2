"""Writes the files of both viewers beside a dump."""

from __future__ import annotations

import math
from pathlib import Path

from cocodla.files.outputs import write_whole
from cocodla.waves.declared import declared_names
from cocodla.waves.dump import Dump
from cocodla.waves.interfaces import Description
from cocodla.waves.viewer import gtkwave, surfer
from cocodla.waves.viewer.rows import groups_of

_SCREEN = 6.5
"""Widths of GTKWave's unit of zoom in the window that is asked for: the first view shows the whole dump."""


def write_view(path: Path, description: Description | None, target: Path | None = None) -> tuple[Path, Path]:
    """Write save file and filters of GTKWave, and command file and mnemonics of Surfer: (save file, command file).

    target: the save file (default: NAME.gtkw beside the dump); beside it lie NAME.sucl and folder NAME.view.
    UserError: a dump that cannot be read, damaged texts, no place to write.
    """
    dump = Dump(path)
    save = (target or path.with_suffix(".gtkw")).resolve()
    command, folder = save.with_suffix(".sucl"), save.with_suffix(".view")
    groups = groups_of(dump, description)
    first = dump.first_time()
    zoom = -math.log2(max(dump.duration() - first, 1) / _SCREEN)
    files = gtkwave.save_file(save, path.resolve(), groups, declared_names(path), folder, first, zoom)
    files[command] = surfer.command_file(groups)
    widths = {name: variable.width for name, variable in dump.variables.items()}
    files |= {folder / "mnemonic" / name: text for name, text in surfer.mnemonic_files(groups, widths).items()}
    (folder / "mnemonic").mkdir(parents=True, exist_ok=True)
    for place in sorted(files, key=lambda place: place == save):  # the save file last: it needs the others
        write_whole(place, files[place].encode("utf-8", "replace"))
    return save, command
