"""The netlist of a flattened design as Yosys writes it: registers, memories, pins and the logic between them.

A word of logic depends on all words that enter it: more than it does bit by bit, never less.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.sim.filelist import FileList
from cocodla.synth.yosys import find_yosys

Bits = tuple[int, ...]

_REGISTER = re.compile(r"\$(?:[as]?l?dff\w*|dffsr\w*|dlatch\w*|adlatch\w*|sr|ff)$")
_MEMORY = "$mem_v2"
_CLOCKS = {"CLK", "WR_CLK", "RD_CLK"}
_SCRIPT = """\
read_verilog {defines} {includes} {sources}
hierarchy -check -top {top}
proc -noopt
flatten
opt_clean
memory_collect
write_json netlist.json
"""


@dataclass(frozen=True)
class Sink:
    """An input of a register or memory, its clock excepted. bits: of the whole word, constants left out."""

    name: str
    pin: str
    bits: Bits


@dataclass(frozen=True)
class FlipFlops:
    """A register. width: its bits. clocks: the names of the net of its clock. source: the file it stands in."""

    name: str
    width: int
    clocks: tuple[str, ...]
    source: Path


def read_design(files: FileList, top: str) -> Netlist:
    """The netlist of a design. UserError where there is no Yosys, or it does not take the files."""
    with tempfile.TemporaryDirectory(prefix="cocodla-netlist-") as scratch:
        folder = Path(scratch)
        script = _SCRIPT.format(**copy_sources(files, folder), top=top)
        module = elaborated(folder, script)[top]
        return Netlist(module, files.sources)


def elaborated(folder: Path, script: str) -> dict[str, Any]:
    """What a script of Yosys writes into netlist.json of its folder: modules by name. UserError where there is no
    Yosys, or it does not take the design."""
    (folder / "run.ys").write_text(script, encoding="utf-8")
    command = [find_yosys(), "-Q", "-q", "run.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
    if done.returncode or not (folder / "netlist.json").is_file():
        raise UserError(f"Yosys does not take the design: {lines[-1] if lines else f'status {done.returncode}'}")
    modules: dict[str, Any] = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))["modules"]
    return modules


def copy_sources(files: FileList, folder: Path) -> dict[str, str]:
    """Put the sources of a list into a folder under names that a script of Yosys can hold: the words of read_verilog
    there, as `defines`, `includes`, `sources`."""
    names = []
    for number, source in enumerate(files.sources):
        names.append(f"{number}.v")
        shutil.copy(source, folder / names[-1])
    for number, include in enumerate(files.includes):
        (folder / f"include{number}").symlink_to(include.resolve())
    return {
        "defines": " ".join(f"-D{name}={value}" for name, value in files.defines.items()),
        "includes": " ".join(f"-Iinclude{number}" for number in range(len(files.includes))),
        "sources": " ".join(names),
    }


class Netlist:
    """inputs: pins of the design. sinks: every input of every register and memory. clock_pins: of their clocks."""

    def __init__(self, module: dict[str, Any], sources: Sequence[Path] = ()) -> None:
        self._files = {f"{number}.v": source for number, source in enumerate(sources)}  # as copy_sources names them
        self._cells: dict[str, dict[str, Any]] = module["cells"]
        self.inputs = [name for name, port in module["ports"].items() if port["direction"] == "input"]
        self._pin_of = {bit: name for name in self.inputs for bit in module["ports"][name]["bits"]}
        self._names = _names(module["netnames"])
        self._driver = {
            bit: cell for cell, port, bits in self._ports("output") for bit in bits if isinstance(bit, int)
        }
        self._of: dict[str, str] = {}
        self._cell_of: dict[str, list[str]] = {}
        for cell in filter(self._is_kept, self._cells):
            name = self._name(cell)
            self._of[cell] = name
            self._cell_of.setdefault(name, []).append(cell)

    def _ports(self, direction: str) -> Iterable[tuple[str, str, Sequence[Any]]]:
        for name, cell in self._cells.items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"].get(port) == direction:
                    yield name, port, bits

    def _is_kept(self, cell: str) -> bool:
        """Whether a cell keeps a state: a register, latch or memory."""
        record = self._cells[cell]
        if record["type"] == _MEMORY:  # one without a write port is a table
            return int(record["parameters"]["WR_PORTS"], 2) > 0
        return bool(_REGISTER.match(record["type"]))

    def _name(self, cell: str) -> str:
        record = self._cells[cell]
        if record["type"] == _MEMORY:
            return str(record["parameters"]["MEMID"]).lstrip("\\")
        names = self._names.get(record["connections"]["Q"][0], [cell])
        scope = _scope(cell)
        own = [name for name in names if name.rpartition(".")[0] == scope]
        return min(own or names, key=lambda name: (len(name), name))

    @cached_property
    def sinks(self) -> list[Sink]:
        return [
            Sink(self._of[cell], port, _plain(bits)) for cell, port, bits in self._ports("input")
            if cell in self._of and port not in (*_CLOCKS, *self._reading(cell))
            and not self._is_enable_of_latch(cell, port)
        ]  # fmt: skip

    def _reading(self, cell: str) -> tuple[str, ...]:
        """Inputs of a memory that its outputs follow without a clock: logic, no sinks."""
        return ("RD_ADDR", "RD_EN", "RD_ARST", "RD_SRST") if self._cells[cell]["type"] == _MEMORY else ()

    def _is_enable_of_latch(self, cell: str, port: str) -> bool:
        return "latch" in self._cells[cell]["type"] and port == "EN"

    @cached_property
    def clock_pins(self) -> dict[str, set[str]]:
        """Register or memory -> the pins in the logic in front of its clock; gates (latches) are not looked through."""
        found: dict[str, set[str]] = {}
        for cell, name in self._of.items():
            for port, bits in self._cells[cell]["connections"].items():
                if port in ("CLK", "WR_CLK") or self._is_enable_of_latch(cell, port):
                    pins = {source for source in self.sources(_plain(bits)) if source in self.inputs}
                    found.setdefault(name, set()).update(pins)
        return found

    @cached_property
    def flip_flops(self) -> list[FlipFlops]:
        """Every register but latches, as it is written: nothing is optimised."""
        found = []
        for cell, name in self._of.items():
            ports = self._cells[cell]["connections"]
            if "CLK" in ports and self._cells[cell]["type"] != _MEMORY:
                clocks = tuple(self._names.get(ports["CLK"][0], ()))
                file = str(self._cells[cell]["attributes"].get("src", "")).partition(":")[0]
                found.append(FlipFlops(name, len(ports["Q"]), clocks, self._files.get(file, Path(file))))
        return found

    def sources(self, bits: Iterable[int]) -> set[str]:
        """Registers, memories and pins that some bits depend on by logic."""
        found: set[str] = set()
        cells: set[str] = set()
        todo = list(bits)
        while todo:
            bit = todo.pop()
            if bit in self._pin_of:
                found.add(self._pin_of[bit])
                continue
            cell = self._driver.get(bit)
            if cell is None or cell in cells:
                continue
            cells.add(cell)
            if cell in self._of:
                found.add(self._of[cell])
            todo += self._through(cell)
        return found

    def _through(self, cell: str) -> Bits:
        """Bits that the outputs of a cell depend on at once."""
        record = self._cells[cell]
        ports = self._reading(cell) if cell in self._of else [
            port for port, direction in record["port_directions"].items() if direction == "input"
        ]
        return tuple(bit for port in ports for bit in _plain(record["connections"].get(port, ())))

    def inputs_of(self, name: str) -> Bits:
        """All inputs of a register or memory, but for its clock."""
        return tuple(bit for sink in self.sinks if sink.name == name for bit in sink.bits)

    def outputs_of(self, name: str) -> Bits:
        """The outputs of a register."""
        ports = (self._cells[cell]["connections"].get("Q", ()) for cell in self._cell_of[name])
        return tuple(bit for bits in ports for bit in _plain(bits))

    def is_register(self, bit: int) -> bool:
        """Whether a bit comes out of a register, with no logic behind it."""
        cell = self._driver.get(bit)
        return cell is not None and cell in self._of and self._cells[cell]["type"] != _MEMORY

    def readers(self, bit: int) -> set[str]:
        """Registers that a bit enters, and cells of logic."""
        return {self._of.get(cell, cell) for cell, _, bits in self._ports("input") if bit in bits}


def _plain(bits: Iterable[Any]) -> Bits:
    """Bits without constants."""
    return tuple(bit for bit in bits if isinstance(bit, int))


def _names(netnames: dict[str, Any]) -> dict[int, list[str]]:
    """The names of each bit."""
    found: dict[int, list[str]] = {}
    for name, net in netnames.items():
        for bit in () if net.get("hide_name") else _plain(net["bits"]):
            found.setdefault(bit, []).append(name)
    return found


def _scope(cell: str) -> str:
    """The instance that a cell of a flattened design was in: $flatten\\a.\\b.$procdff$1 was in a.b."""
    path = re.match(r"\$flatten((?:\\[^.]+\.)+)\$", cell)
    return ".".join(part.lstrip("\\").rstrip(".") for part in re.findall(r"\\[^.]+\.", path[1])) if path else ""
