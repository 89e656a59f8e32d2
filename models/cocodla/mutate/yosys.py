"""Mutants of netlists, made and chosen by Yosys (`mutate`): the second engine, which knows no source text.

Each module of the block that has no parameters is turned into a netlist of cells. Yosys lists mutants of its cells
(an input is inverted, 0 or 1, or so where another bit is) and puts all that are chosen in, each switched on by the
value of a port. The port becomes the same register as in the source's schemata (cocodla.mutate.schemata).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random

from cocodla.errors import UserError
from cocodla.mutate import faults
from cocodla.mutate.bench import MOST, Schemata
from cocodla.mutate.mutant import Mutant
from cocodla.mutate.schemata import BITS, PLUSARG, SWITCH
from cocodla.sim import project
from cocodla.sim.bench import Bench
from cocodla.synth.yosys import find_yosys

PER_MODULE = 400
"""Mutants that Yosys lists of a module, at most; those of a block are chosen from all of them."""

_PORT = re.compile(rf"^\s*(input|wire) \[{BITS - 1}:0\] {PLUSARG};\n", re.MULTILINE)


def make_schemata(bench: Bench, count: int, seed: int, folder: Path) -> Schemata:
    """Choose mutants of a block, and write netlists with all of them. UserError where there is no Yosys or no module
    without parameters.
    """
    find_yosys()
    folder.mkdir(parents=True, exist_ok=True)
    listed: list[tuple[Path, str]] = []
    for path in bench.own:
        if not re.search(r"\bparameter\b", path.read_text(encoding="utf-8")):
            listed += [(path, line) for line in _list(path, seed, folder)]
    if not listed:
        raise UserError(f"block {bench.block}: Yosys finds no mutants in modules without parameters")
    chosen = sorted(Random(f"yosys-{seed}").sample(listed, min(count, len(listed), MOST)))
    numbered = {number: _mutant(path, line) for number, (path, line) in enumerate(chosen, 1)}
    copies = {}
    for path in dict.fromkeys(path for path, _ in chosen):
        lines = {number: line for number, (other, line) in enumerate(chosen, 1) if other == path}
        copies[path] = _netlist(path, lines, folder)
    return Schemata(numbered, copies, len(listed))


def _start(path: Path) -> str:
    """Reading of one module: those that it instantiates stay boxes."""
    return f'read_verilog -sv "{path}"\nproc\nopt_clean\n'


def _list(path: Path, seed: int, folder: Path) -> list[str]:
    """Commands for mutants of a module."""
    found = folder / f"{path.stem}.list"
    _yosys(f"{_start(path)}mutate -list {PER_MODULE} -seed {seed} -o {found.name} {path.stem}\n", path, folder)
    lines = found.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(line for line in lines if line.startswith("mutate -mode")))


def _netlist(path: Path, lines: dict[int, str], folder: Path) -> Path:
    """A netlist with mutants, by number."""
    switched = f"mutate -ctrl {PLUSARG} {BITS}"
    commands = [line.replace("mutate", f"{switched} {number}", 1) + "\n" for number, line in lines.items()]
    target = folder / path.name
    script = f"{_start(path)}{''.join(commands)}write_verilog -noattr {target.name}\n"
    _yosys(script, path, folder)
    text = _PORT.sub("", target.read_text(encoding="utf-8"))
    text = re.sub(rf"\b{PLUSARG}, |, {PLUSARG}(?=\))|\({PLUSARG}\)", "", text, count=1)
    head = text.index(";", text.index("\nmodule ")) + 1
    target.write_text(text[:head] + SWITCH + text[head:], encoding="utf-8")
    return target


def _mutant(path: Path, line: str) -> Mutant:
    """What a command of Yosys changes, in the terms of the source."""
    words: dict[str, str] = dict(re.findall(r"-(\w+) (\S+)", line))
    sources = re.findall(r"-src (\S+?):(\d+)", line)
    number = int(sources[0][1]) if sources else 1
    text = path.read_text(encoding="utf-8").splitlines()[number - 1].strip()
    wire, port = (str(words.get(name, "")).lstrip("\\") for name in ("wire", "port"))
    told = f"{wire}[{words.get('wirebit', '')}] at port {port}[{words.get('portbit', '')}] of a cell: {words['mode']}"
    name = faults.relative(path, project.root())
    return Mutant(words["mode"], name, 0, 0, number, text, "", "", 0, told)


def _yosys(script: str, path: Path, folder: Path) -> None:
    file, log = folder / f"{path.stem}.ys", folder / f"{path.stem}.yosys.log"
    file.write_text(script, encoding="utf-8")
    with log.open("w", encoding="utf-8") as output:
        words: Sequence[str] = [find_yosys(), "-Q", file.name]
        status = subprocess.run(words, cwd=folder, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "ERROR" in line]
        raise UserError(f"{path}: Yosys fails: {lines[-1] if lines else f'status {status}'} (log: {log})")
