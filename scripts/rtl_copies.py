"""Copies of the RTL with one change, run with a waveform: what the trials of waveform analysis work on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cocodla.program.program import Program
from cocodla.runtime import rtl
from cocodla.sim import parameters, project


@dataclass(frozen=True)
class Change:
    """The only place of `old` in a file becomes `new`."""

    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the file below `root`. ValueError if the text is not there exactly once."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: {self.old!r} is there {text.count(self.old)} times")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def changed_copy(folder: Path, changes: tuple[Change, ...]) -> Path:
    """Copy rtl/ to a folder, with these changes; its file list. ValueError if a text is not there exactly once."""
    copy = folder / "rtl"
    shutil.copytree(project.root() / "rtl", copy)
    for change in changes:
        change.apply(copy)
    return copy / "files.f"


def record(
    program: Program, folder: Path, simulation: rtl.Simulation, changes: tuple[Change, ...] = (), chip: str = ""
) -> Path:
    """Run a program on a changed copy, with parameters of the chip as in DUT_PARAMETERS; its dump, moved to `folder`.

    Broken expectations are what a faulty copy is for: the dump is all that counts.
    """
    files = changed_copy(folder, changes) if changes else None
    with environment({parameters.ENVIRONMENT: chip}):
        dump = rtl.run(program, replace(simulation, file_list=files)).waves
    assert dump is not None
    target = folder / dump.name
    shutil.move(dump, target)
    return target


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables have these values meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
