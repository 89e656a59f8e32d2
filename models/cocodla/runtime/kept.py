"""Folders that keep a failing program: all that is needed to study it and to run it again."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from cocodla.errors import UserError
from cocodla.files.inputs import read_input, strict_json
from cocodla.program import Program
from cocodla.runtime import rtl
from cocodla.sim.filelist import dut_list


def save_kept(
    folder: Path, program: Program, simulation: rtl.Simulation, report: Iterable[str], rerun: str, **extra: Any
) -> Path:
    """Make `folder` anew: program.zip, simulation.json, report.txt, rerun.sh, and <name>.json for each of `extra`.

    rerun: the command that runs the program of this folder again.
    """
    scratch = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    program.save(scratch / "program.zip")
    settings = asdict(replace(simulation, waves=None, file_list=dut_list(simulation.file_list)))
    settings["file_list"] = str(settings["file_list"])
    (scratch / "simulation.json").write_text(json.dumps(settings, indent=1) + "\n")
    for name, value in extra.items():
        (scratch / f"{name}.json").write_text(json.dumps(value) + "\n")
    (scratch / "report.txt").write_text("\n".join(report) + "\n")
    script = scratch / "rerun.sh"
    script.write_text(
        f"#!/bin/sh\n# Runs program.zip again, with waves.\ncd {shlex.quote(str(Path.cwd()))} && exec {rerun}\n"
    )
    script.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    return folder


def load_kept(folder: Path) -> tuple[Program, rtl.Simulation]:
    """The program and the simulation settings of a folder made by `save_kept`; UserError if it is none."""
    program = Program.load(folder / "program.zip")
    try:
        settings = strict_json(read_input(folder / "simulation.json"))
        return program, msgspec.convert(settings, rtl.Simulation, dec_hook=lambda kind, value: kind(value))
    except (UserError, ValueError, TypeError) as error:
        raise UserError(f"{folder}: not a folder of a failed program ({error})") from None
