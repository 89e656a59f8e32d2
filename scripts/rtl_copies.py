"""Copies of the RTL with one change, run with a waveform: what the trials of waveform analysis work on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cocodla.program.program import Program
from cocodla.runtime import rtl
from cocodla.sim import parameters, project


@dataclass(frozen=True)
class Change:
    """The only place of `old` in a file of rtl/ becomes `new`."""

    file: str
    old: str
    new: str


def changed_copy(folder: Path, changes: tuple[Change, ...]) -> Path:
    """Copy rtl/ to a folder, with these changes; its file list. ValueError if a text is not there exactly once."""
    copy = folder / "rtl"
    shutil.copytree(project.root() / "rtl", copy)
    for change in changes:
        path = copy / change.file
        text = path.read_text(encoding="utf-8")
        if text.count(change.old) != 1:
            raise ValueError(f"{change.file}: {change.old!r} is there {text.count(change.old)} times")
        path.write_text(text.replace(change.old, change.new), encoding="utf-8")
    return copy / "files.f"


def record(
    program: Program, folder: Path, simulation: rtl.Simulation, changes: tuple[Change, ...] = (), chip: str = ""
) -> Path:
    """Run a program on a changed copy, with parameters of the chip as in DUT_PARAMETERS; its dump, moved to `folder`.

    Broken expectations are what a faulty copy is for: the dump is all that counts.
    """
    files = changed_copy(folder, changes) if changes else None
    with _parameters(chip):
        dump = rtl.run(program, replace(simulation, file_list=files)).waves
    assert dump is not None
    target = folder / dump.name
    shutil.move(dump, target)
    return target


@contextmanager
def _parameters(values: str) -> Iterator[None]:
    before = os.environ.get(parameters.ENVIRONMENT)
    os.environ[parameters.ENVIRONMENT] = values
    try:
        yield
    finally:
        if before is None:
            del os.environ[parameters.ENVIRONMENT]
        else:
            os.environ[parameters.ENVIRONMENT] = before
