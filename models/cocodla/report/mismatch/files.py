"""The files that keep a mismatch: mismatch.txt, mismatch.html, mismatch.json."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cocodla.files.outputs import write_whole
from cocodla.mismatch.study import Finding
from cocodla.report.mismatch.facts import facts
from cocodla.report.mismatch.page import page
from cocodla.report.mismatch.text import text
from cocodla.sim import project
from cocodla.sim.folders import fresh_folder


def write(study: Finding, folder: Path) -> Path:
    """Write the three files into a folder; the text's path."""
    found = facts(study)
    write_whole(folder / "mismatch.html", page(found, study.picture).encode())
    write_whole(folder / "mismatch.json", (json.dumps(found, indent=1) + "\n").encode())
    write_whole(folder / "mismatch.txt", text(found).encode())
    return folder / "mismatch.txt"


def keep(study: Finding, name: str, sim: str) -> Path:
    """Write the three files into a folder of their own, build/mismatches/NAME-SIM-NUMBER; the text's path."""
    start = f"{re.sub(r'[^A-Za-z0-9_.+-]+', '_', name)[:80]}-{sim}"
    with fresh_folder(project.build() / "mismatches", start) as folder:
        return write(study, folder)


def told(study: Finding, path: Path) -> str:
    """The line that tells of the files."""
    blame = study.blame
    look = f"look at {blame.unit} ({blame.interface}, {blame.signal}, cycle {blame.cycle:,}); " if blame else ""
    return f"{look}where and how it differs: {path} and {path.with_suffix('.html').name}"
