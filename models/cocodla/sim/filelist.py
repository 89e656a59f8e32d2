"""File lists of Verilog sources, as most tools take them.

One entry a line: a path (relative to the list), `+incdir+<dir>`, `+define+<name>[=<value>]`, `-f <list>`;
several +incdir+ or +define+ values may follow one another with `+`. `#` and `//` start comments.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project

_COMMENT = re.compile(r"(?:^|\s)(?:#|//)")


@dataclass
class FileList:
    """Contents of a list, included lists spliced in."""

    sources: list[Path] = field(default_factory=list)
    includes: list[Path] = field(default_factory=list)
    defines: dict[str, str] = field(default_factory=dict)


def own_list() -> Path:
    """The file list of the project's own RTL."""
    return (project.root() / "rtl" / "files.f").resolve()


def dut_list(chosen: Path | None = None) -> Path:
    """The file list of the DUT, a module NV_nvdla: `chosen`, else environment DUT_FILELIST, else the project's own."""
    return Path(chosen or os.environ.get("DUT_FILELIST") or own_list()).resolve()


def read_file_list(path: Path) -> FileList:
    """Read a list. UserError, with list and line, for a missing file or folder or an unknown option."""
    result = FileList()
    _read(path, result, (), "")
    return result


def _read(path: Path, result: FileList, parents: tuple[Path, ...], where: str) -> None:
    """where: "LIST:LINE: " that names this list, empty for the first one."""
    if path in parents:
        raise UserError(f"{where}file list {path} includes itself")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{where}file list {path} does not exist or cannot be read") from None
    for number, line in enumerate(text.splitlines(), 1):
        entry = _COMMENT.split(line)[0].strip()
        if entry:
            _entry(entry, path, f"{path}:{number}", result, (*parents, path))


def _entry(entry: str, path: Path, where: str, result: FileList, parents: tuple[Path, ...]) -> None:
    entry = os.path.expandvars(entry)
    if entry.startswith("+incdir+"):
        for name in filter(None, entry.removeprefix("+incdir+").split("+")):
            folder = path.parent / name
            if not folder.is_dir():
                raise UserError(f"{where}: include folder {name} does not exist")
            result.includes.append(folder)
    elif entry.startswith("+define+"):
        for item in entry.removeprefix("+define+").split("+"):
            name, _, value = item.partition("=")
            if not name:
                raise UserError(f"{where}: +define+ without a name")
            result.defines[name] = value or "1"
    elif entry.startswith("-f ") or entry.startswith("-F "):
        _read(path.parent / entry[3:].strip(), result, parents, f"{where}: ")
    elif entry[0] in "+-":
        raise UserError(f"{where}: unknown option {entry!r} (known: +incdir+, +define+, -f)")
    else:
        file = path.parent / entry
        if not file.is_file():
            raise UserError(f"{where}: file {entry} does not exist")
        result.sources.append(file)
