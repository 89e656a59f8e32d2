"""File lists of Verilog sources, as simulators take them (docs/foreign.md has the whole table).

Words between blanks, in double quotes where they hold some: paths of sources, `+incdir+`, `-I`, `+define+`, `-D`,
libraries (`-y`, `-v`, `+libext+`), more lists (`-f`, `-F`), and options that say nothing of the files and are passed
over. `//`, `#` and `/* */` are comments, a backslash takes the next character as it is. `$NAME`, `${NAME}`, `$(NAME)`
are variables of the environment. Lists come from others: how much they may name is bounded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cocodla.errors import UserError
from cocodla.files.inputs import check_size, open_input, read_input
from cocodla.sim import project
from cocodla.sim.filelist_words import PASSED_OVER, Word, unknown_option, words_of

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\}|\((\w+)\))")
_DEFINE = re.compile(r"([A-Za-z_]\w*)(?:=([^\0\n]*))?", re.ASCII)
_UNFIT = re.compile(r"[\"$\x00-\x1f\x7f]")
"""What simulators do not take in a name: Verilator puts variables in place of $NAME itself."""

MOST_ENTRIES = 20_000
MOST_BYTES = 64 << 20
"""Of one source or list."""
DEEPEST = 50
"""Lists inside lists."""
ABOVE = 6
"""Folders above a list in which its relative paths are looked for, where they are nowhere else: lists often lie below
the root that their paths begin at."""


@dataclass
class FileList:
    """Contents of a list, included lists spliced in.

    libraries: folders (-y) with a module in each file of its name; library_files (-v): of both only what is missing is
    taken. extensions: what names of files in libraries end with.
    """

    sources: list[Path] = field(default_factory=list)
    includes: list[Path] = field(default_factory=list)
    defines: dict[str, str] = field(default_factory=dict)
    libraries: list[Path] = field(default_factory=list)
    library_files: list[Path] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)

    def find_module(self, name: str) -> tuple[Path, int] | None:
        """File and line where a module begins, as the simulators would find it; None where no file has it."""
        begin = re.compile(rf"\s*module\s+{re.escape(name)}\b")
        named = [folder / f"{name}{end}" for folder in self.libraries for end in self.extensions or (".v", ".sv")]
        for path in (*self.sources, *self.library_files, *filter(Path.is_file, named)):
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if begin.match(line):
                    return path, number
        return None


def own_list() -> Path:
    """The file list of the project's own RTL."""
    return (project.root() / "rtl" / "files.f").resolve()


def dut_list(chosen: Path | None = None) -> Path:
    """The file list of the DUT, a module NV_nvdla: `chosen`, else environment DUT_FILELIST, else the project's own."""
    return Path(chosen or os.environ.get("DUT_FILELIST") or own_list()).resolve()


def is_foreign(chosen: Path | None = None) -> bool:
    """Whether the DUT is another one than the project's own RTL (chosen: see dut_list)."""
    return dut_list(chosen) != own_list()


def read_file_list(path: Path) -> FileList:
    """Read a list. UserError, with list and line, for a missing file or folder, an unknown option, or too much."""
    reader = _Reader()
    reader.read(path, (), "", path.parent)
    return reader.result


class _Reader:
    """entries: how many words of all lists have been taken."""

    def __init__(self) -> None:
        self.result = FileList()
        self.entries = 0

    def read(self, path: Path, parents: tuple[Path, ...], where: str, base: Path) -> None:
        """where: "LIST:LINE: " that names this list, empty for the first one. base: what its names are relative to."""
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
        if text.count("\n") > MOST_ENTRIES:
            raise too_many(f"{path}:{MOST_ENTRIES + 1}")
        _Entries(self, path, (*parents, same), base).read(words_of(text, path, self.exists(path, base)))

    def places(self, name: str, path: Path, base: Path) -> list[Path]:
        """Folders in which a relative name of the list `path` is looked for, in order."""
        own = path.parent.absolute()
        above = list(own.parents)[:ABOVE] if len(Path(name).parts) > 1 else []
        return list(dict.fromkeys((base.absolute(), own, Path.cwd(), *(folder for folder in above if folder.name))))

    def exists(self, path: Path, base: Path) -> Callable[[str], bool]:
        """Whether a line is, as it stands, the name of a file, with blanks in it."""
        return lambda line: any(_is_there(folder / _with_variables(line)) for folder in (base, path.parent))


class _Entries:
    """The words of one list."""

    def __init__(self, reader: _Reader, path: Path, parents: tuple[Path, ...], base: Path) -> None:
        self.reader, self.result, self.path, self.parents, self.base = reader, reader.result, path, parents, base
        self.where = str(path)

    def read(self, words: list[Word]) -> None:
        rest = iter(words)
        for word in rest:
            self.where = f"{self.path}:{word.line}"
            self.reader.entries += 1
            if self.reader.entries > MOST_ENTRIES:
                raise too_many(self.where)

            def argument(option: str = word.text) -> str:
                following = next(rest, None)
                if following is None:
                    raise UserError(f"{self.where}: {option} without what it takes")
                return following.text

            self._word(word, argument)

    def _word(self, word: Word, argument: Callable[[], str]) -> None:
        text = word.text
        if word.is_name or text[:1] not in ("+", "-"):
            self.result.sources.append(self._file(text, "file"))
        elif text.startswith("+"):
            self._plus(text)
        elif text in ("-f", "-F", "-file"):
            name = argument()
            found = self._find(name, "file list", must=False)
            base = found.parent if text == "-F" else self.base
            self.reader.read(found, self.parents, f"{self.where}: ", base)
        elif text in ("-y", "-v", "-Y", "-I", "-D", "-U", "-incdir", "-define", "-libext"):
            self._option(text, argument())
        elif text[:2] in ("-y", "-v", "-Y", "-I", "-D", "-U") and text not in PASSED_OVER:
            self._option(text[:2], text[2:])
        elif (taken := PASSED_OVER.arguments(text)) is not None:
            for _ in range(taken):
                argument()
        else:
            raise UserError(f"{self.where}: {unknown_option(text)}")

    def _plus(self, text: str) -> None:
        kind, _, values = text[1:].partition("+")
        items = list(filter(None, values.split("+")))
        if kind == "define":
            for item in values.split("+"):
                self._define(_with_variables(item))
        elif kind == "incdir":
            self.result.includes += [self._folder(item, "include folder") for item in items]
        elif kind == "libdir":
            self.result.libraries += [self._folder(item, "library folder") for item in items]
        elif kind == "libext":
            self.result.extensions += [item for item in items if item not in self.result.extensions]
        elif PASSED_OVER.arguments(text) is None:
            raise UserError(f"{self.where}: {unknown_option(text)}")

    def _option(self, option: str, value: str) -> None:
        if option in ("-D", "-define"):
            self._define(_with_variables(value))
        elif option == "-U":
            self.result.defines.pop(value, None)
        elif option in ("-I", "-incdir"):
            self.result.includes.append(self._folder(value, "include folder"))
        elif option == "-y":
            self.result.libraries.append(self._folder(value, "library folder"))
        elif option == "-v":
            self.result.library_files.append(self._file(value, "library file"))
        elif value not in self.result.extensions:
            self.result.extensions.append(value)

    def _define(self, item: str) -> None:
        match = _DEFINE.fullmatch(item)
        if not match:
            raise UserError(f"{self.where}: +define+ without a name" if item[:1] in ("", "=") else
                            f"{self.where}: +define+ of {item[:60]!r}, which is no NAME=value")
        self.result.defines[match[1]] = match[2] or "1"

    def _find(self, name: str, what: str, must: bool = True) -> Path:
        """The file or folder of a name; where there is none, UserError or (must=False) where it would be."""
        name = _expanded(name, self.where)
        if not name:
            raise UserError(f"{self.where}: {what} without a name")
        places = self.reader.places(name, self.path, self.base)
        for folder in places:
            _check_name(folder / name, self.where)
            if _is_there(folder / name):
                return folder / name
        if must:
            looked = "" if Path(name).is_absolute() else f" (looked for in {places[0]} and {len(places) - 1} more)"
            raise UserError(f"{self.where}: {what} {name[:80]} does not exist{looked}")
        return places[0] / name

    def _folder(self, name: str, what: str) -> Path:
        found = self._find(name, what)
        if not found.is_dir():
            raise UserError(f"{self.where}: {what} {name[:80]} is no folder")
        return found

    def _file(self, name: str, what: str) -> Path:
        file = self._find(name, what)
        try:
            with open_input(file) as opened:
                check_size(file, os.fstat(opened.fileno()).st_size, MOST_BYTES)
        except UserError as error:
            raise UserError(f"{self.where}: {error}") from None
        return file


def too_many(where: str) -> UserError:
    """The complaint about lists without end."""
    return UserError(f"{where}: file lists of more than {MOST_ENTRIES:,} lines or words; no more are taken")


def _text(path: Path, where: str) -> str:
    try:
        return read_input(path, MOST_BYTES).decode("utf-8-sig")
    except UserError as error:
        raise UserError(f"{where}file list {error}") from None


def _is_there(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 (for names that are too long Path raises)


def _expanded(entry: str, where: str) -> str:
    """A name with the values of the variables that it names."""

    def value(match: re.Match[str]) -> str:
        name = next(filter(None, match.groups()))
        if name not in os.environ:
            raise UserError(f"{where}: the environment has no variable {name[:60]}")
        return os.environ[name]

    return _VARIABLE.sub(value, entry)


def _with_variables(text: str) -> str:
    """The value of a macro: of variables only those that the environment has."""
    return _VARIABLE.sub(lambda match: os.environ.get(next(filter(None, match.groups())), match[0]), text)


def _check_name(path: Path, where: str) -> None:
    if match := _UNFIT.search(str(path)):
        raise UserError(f"{where}: {str(path)[:120]!r}: simulators take no {match[0]!r} in a name")
