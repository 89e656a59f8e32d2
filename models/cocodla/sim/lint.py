"""RTL lint: `verilator --lint-only -Wall` on the whole accelerator and on each block's sources."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project, tools
from cocodla.sim.bench import load_bench
from cocodla.sim.filelist import read_file_list

CHIP_TOP = "NV_nvdla"


@dataclass(frozen=True)
class LintResult:
    """Messages of one lint run; empty text means clean."""

    name: str
    text: str

    @property
    def clean(self) -> bool:
        return not self.text


def lint_chip() -> LintResult:
    """Lint rtl/files.f from the top NV_nvdla, with and without assertions."""
    files = read_file_list(project.root() / "rtl" / "files.f").sources
    return _lint(CHIP_TOP, CHIP_TOP, files, {})


def lint_block(block: str) -> LintResult:
    """Lint the rtl/ sources of a block bench from its top (or from the module of the same name)."""
    bench = load_bench(block)
    design = next(iter(bench.designs.values()))
    return _lint(block, design.top, design.sources, design.parameters)


def lint_module(module: str) -> LintResult:
    """Lint one module of rtl/ on its own; what it instantiates is looked for by file name in rtl/."""
    matches = list((project.root() / "rtl").rglob(f"{module}.v"))
    if not matches:
        raise UserError(f"no module {module!r} in rtl/")
    return _lint(module, module, matches[:1], {})


def _lint(name: str, top: str, files: Sequence[Path], parameters: object) -> LintResult:
    root = project.root()
    folders = sorted({path.parent for path in (root / "rtl").rglob("*.v")})
    text = []
    for define in ([], ["+define+DLA_ASSERT"]):
        command = [str(tools.find_verilator().program), "--lint-only", "-Wall", "--timing", "--quiet-stats"]
        command += ["--timescale", "1ns/1ps", "--top-module", top, *define]
        if isinstance(parameters, dict):
            command += [f"-G{key}={value}" for key, value in parameters.items()]
        for folder in folders:
            command += ["-y", os.path.relpath(folder, root)]
        command += [os.path.relpath(path, root) for path in files]
        env = {key: value for key, value in os.environ.items() if key != "VERILATOR_ROOT"}
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
        output = (done.stdout + done.stderr).strip()
        warned = any(line.startswith("%") for line in output.splitlines())
        if (done.returncode != 0 or warned) and output not in text:
            text.append(output)
    return LintResult(name, "\n".join(text))
