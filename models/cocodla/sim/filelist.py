"""File lists of Verilog sources, as most tools take them.

One entry a line: a path (relative to the list), `+incdir+<dir>`, `+define+<name>[=<value>]`, `-f <list>`;
several +incdir+ or +define+ values may follow one another with `+`. `#` and `//` start comments. `$NAME` and `${NAME}`
are variables of the environment. Lists come from others: how much they may name is bounded.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cocodla.errors import UserError
from cocodla.files.inputs import check_size, open_input, read_input
from cocodla.sim import project

_COMMENT = re.compile(r"(?:^|\s)(?:#|//)")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_DEFINE = re.compile(r"([A-Za-z_]\w*)(?:=([^\0\n]*))?", re.ASCII)
_UNFIT = re.compile(r"[\"$\x00-\x1f\x7f]")
"""What simulators do not take in a name: Verilator puts variables in place of $NAME itself."""

MOST_ENTRIES = 20_000
MOST_BYTES = 64 << 20
"""Of one source or list."""
DEEPEST = 50
"""Lists inside lists."""


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
    """Read a list. UserError, with list and line, for a missing file or folder, an unknown option, or too much."""
    reader = _Reader()
    reader.read(path, (), "")
    return reader.result


class _Reader:
    """entries: how many lines of all lists have been read."""

    def __init__(self) -> None:
        self.result = FileList()
        self.entries = 0

    def read(self, path: Path, parents: tuple[Path, ...], where: str) -> None:
        """where: "LIST:LINE: " that names this list, empty for the first one."""
        try:
            same = path.resolve()
            if same in parents:
                raise UserError(f"{where}file list {path} includes itself")
            if len(parents) >= DEEPEST:
                raise UserError(f"{where}file lists include each other more than {DEEPEST} deep")
            if not path.exists():
                raise UserError(f"{where}file list {path} does not exist")
            text = _text(path, where)
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(f"{where}file list {str(path)[:200]} cannot be read ({str(error)[:120]})") from None
        for number, line in enumerate(text.splitlines(), 1):
            entry = _COMMENT.split(line, maxsplit=1)[0].strip()
            self.entries += 1
            if self.entries > MOST_ENTRIES:
                raise UserError(f"{path}:{number}: file lists of more than {MOST_ENTRIES:,} lines; no more are taken")
            if entry:
                self._entry(entry, path, f"{path}:{number}", (*parents, same))

    def _entry(self, entry: str, path: Path, where: str, parents: tuple[Path, ...]) -> None:
        if entry.startswith("+define+"):
            for item in os.path.expandvars(entry).removeprefix("+define+").split("+"):
                self._define(item, where)
            return
        entry = _expanded(entry, where)
        if entry.startswith("+incdir+"):
            for name in filter(None, entry.removeprefix("+incdir+").split("+")):
                self.result.includes.append(_folder(path.parent / name, name, where))
        elif entry.startswith("-f ") or entry.startswith("-F "):
            self.read(path.parent / entry[3:].strip(), parents, f"{where}: ")
        elif entry[:1] in ("", "+", "-"):
            raise UserError(f"{where}: unknown option {entry[:60]!r} (known: +incdir+, +define+, -f)")
        else:
            self.result.sources.append(_source(path.parent / entry, entry, where))

    def _define(self, item: str, where: str) -> None:
        match = _DEFINE.fullmatch(item)
        if not match:
            raise UserError(f"{where}: +define+ without a name" if item[:1] in ("", "=") else
                            f"{where}: +define+ of {item[:60]!r}, which is no NAME=value")
        self.result.defines[match[1]] = match[2] or "1"


def _text(path: Path, where: str) -> str:
    try:
        return read_input(path, MOST_BYTES).decode("utf-8-sig")
    except UserError as error:
        raise UserError(f"{where}file list {error}") from None


def _expanded(entry: str, where: str) -> str:
    """An entry with the values of the variables that it names."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in os.environ:
            raise UserError(f"{where}: the environment has no variable {name[:60]}")
        return os.environ[name]

    return _VARIABLE.sub(value, entry)


def _folder(folder: Path, name: str, where: str) -> Path:
    _check_name(folder, where)
    if not os.path.isdir(folder):  # noqa: PTH112 (for names that are too long Path raises)
        raise UserError(f"{where}: include folder {name[:80]} does not exist")
    return folder


def _source(file: Path, name: str, where: str) -> Path:
    _check_name(file, where)
    if not os.path.exists(file):  # noqa: PTH110 (likewise)
        raise UserError(f"{where}: file {name[:80]} does not exist")
    try:
        with open_input(file) as opened:
            check_size(file, os.fstat(opened.fileno()).st_size, MOST_BYTES)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return file


def _check_name(path: Path, where: str) -> None:
    if match := _UNFIT.search(str(path)):
        raise UserError(f"{where}: {str(path)[:120]!r}: simulators take no {match[0]!r} in a name")
