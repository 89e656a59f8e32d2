"""Lint of the RTL: Verilator with every warning on, and slang without any option that relaxes a rule."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project, slang, tools
from cocodla.sim.filelist import read_file_list

TOPS = ("NV_nvdla", "cocodla_axi")
DEFINES: tuple[tuple[str, ...], ...] = ((), ("DLA_ASSERT",))
"""Each run: as it is synthesized, and with the assertions."""


@dataclass(frozen=True)
class LintResult:
    """Messages of one tool on one module; empty text means clean. text None: the tool is not there."""

    name: str
    text: str | None

    @property
    def clean(self) -> bool:
        return not self.text


def lint_chip() -> list[LintResult]:
    """Lint rtl/files.f from each of TOPS, with and without assertions."""
    sources = read_file_list(project.root() / "rtl" / "files.f").sources
    return [result for top in TOPS for result in _lint(top, sources)]


def lint_module(module: str) -> list[LintResult]:
    """Lint one module of rtl/ on its own, with what it instantiates. UserError for a module that is not there."""
    found = (project.root() / "rtl").rglob("*.v")
    sources = sorted(path for path in found if path.parent.name != "formal")  # models for proofs bear names of modules
    if module not in [path.stem for path in sources]:
        raise UserError(f"no module {module!r} in rtl/")
    return _lint(module, sources)


def _lint(top: str, files: Sequence[Path]) -> list[LintResult]:
    verilator, strict = [], []
    for defines in DEFINES:
        verilator.append(_verilator(top, files, defines))
        if slang.installed():
            strict.append(slang.messages(top, files, defines))
    return [
        LintResult(f"{top}, Verilator", "\n".join(dict.fromkeys(filter(None, verilator)))),
        LintResult(f"{top}, slang", "\n".join(dict.fromkeys(filter(None, strict))) if strict else None),
    ]


def _verilator(top: str, files: Sequence[Path], defines: Sequence[str]) -> str:
    root = project.root()
    program, env = tools.find_verilator().call(os.environ)
    command = [program, "--lint-only", "-Wall", "-Wpedantic", "--timing", "--quiet-stats"]
    command += ["--timescale", "1ns/1ps", "--top-module", top, *(f"+define+{name}" for name in defines)]
    command += [os.path.relpath(path, root) for path in files]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    output = (done.stdout + done.stderr).strip()
    warned = any(line.startswith("%") for line in output.splitlines())
    return output if done.returncode != 0 or warned else ""
