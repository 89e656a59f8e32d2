"""Proves that a mutant changes nothing: its module with and without the fault, by induction in Yosys.

Registers of the same name are taken as equal before a cycle, and shown to be equal after it (equiv_induct, some cycles
deep), and so are all outputs; registers that nothing reads are left out. What is proven holds for every input, at the
default parameters of the module. What is not proven may still be equivalent: by what the inputs can be, or in states
that are never reached.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cocodla.errors import UserError
from cocodla.mutate.schemata import MACRO
from cocodla.sim import project
from cocodla.sim.filelist import read_file_list
from cocodla.synth.yosys import closure, find_yosys

DEPTH = 4
"""Cycles of the induction."""
SECONDS = 60.0
"""Time a proof may take."""

_READ = """\
read_verilog -sv -D {macro}=16'd{number} {files}
hierarchy -check -top {top}
proc
flatten
memory_map
async2sync
simplemap
opt -full
opt_clean -purge
rename {top} {name}
design -stash {name}
"""
_COMPARE = """\
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
equiv_make gold gate equiv
hierarchy -top equiv
opt_clean
equiv_struct -icells
equiv_simple -undef
equiv_induct -undef -seq {depth}
equiv_status -assert
"""


def available() -> bool:
    """Whether there is a Yosys."""
    try:
        find_yosys()
    except UserError:
        return False
    return True


def is_equivalent(file: Path, copy: Path, number: int, folder: Path) -> bool:
    """Whether a mutant of a module of rtl/ provably changes nothing.

    file: the source, named like its module. copy: the text with mutants (schemata). folder: for files and the log.
    """
    listed = [*read_file_list(project.root() / "rtl" / "files.f").sources, file]
    try:
        needed = closure(file.stem, listed)
    except UserError:
        return False
    by_name = {path.stem: path for path in listed}
    text = " ".join(path.read_text(encoding="utf-8") for path in needed)
    needed += [by_name[name] for name in ("dla_ram_1r1w", "dla_regfile_1r1w") if re.search(rf"\b{name}\b", text)]
    folder.mkdir(parents=True, exist_ok=True)
    for path in dict.fromkeys(needed):
        shutil.copy(copy if path == file else path, folder / path.name)
    names = [path.name for path in dict.fromkeys(needed)]
    return _proven(file.stem, names, number, folder)


def _proven(top: str, files: Sequence[str], number: int, folder: Path) -> bool:
    script = "".join(
        _READ.format(macro=MACRO, number=n, files=" ".join(files), top=top, name=name)
        for n, name in ((0, "gold"), (number, "gate"))
    ) + _COMPARE.format(depth=DEPTH)
    (folder / "prove.ys").write_text(script, encoding="utf-8")
    with (folder / "prove.log").open("w", encoding="utf-8") as log:
        try:
            done = subprocess.run(
                [find_yosys(), "-Q", "prove.ys"], cwd=folder, stdout=log, stderr=subprocess.STDOUT, timeout=SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
    told = (folder / "prove.log").read_text(encoding="utf-8", errors="replace")
    return done.returncode == 0 and "Equivalence successfully proven!" in told
