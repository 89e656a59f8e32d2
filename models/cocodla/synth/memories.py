"""The memories of the chip: each RAM wrapper with its size, its clock and its pins, as Yosys elaborates the design.

What remains of the design are the wrappers and the clock gates, as black boxes, and the wires between them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.sim.filelist import FileList
from cocodla.synth.netlist import copy_sources, elaborated

WRAPPER = "dla_ram_1r1w"
GATE = "dla_clock_gate"
PINS = "ram_pd"
"""Port of the wrapper that a cell of a memory compiler gets its test and power pins from."""
_SCRIPT = """\
read_verilog -lib {defines} {includes} {boxes}
read_verilog {defines} {includes} {sources}
hierarchy -check -top {top} {parameters}
delete */p:*
flatten
write_json netlist.json
"""


@dataclass(frozen=True)
class Memory:
    """A memory with one read port and one write port, both of `clock`, each of `width` bits.

    path: of the wrapper's instance, from the top. unit: of the chip. clock: a pin of the top. gate: the instance of
    the clock gate it comes through, empty where it never stops. bus: the pin of the top at its test and power pins.
    """

    path: str
    unit: str
    width: int
    depth: int
    clock: str
    gate: str
    bus: str

    @property
    def bits(self) -> int:
        return self.width * self.depth


def find_memories(files: FileList, top: str, parameters: Mapping[str, int]) -> list[Memory]:
    """The memories of a design in the order of their paths. UserError where there is no Yosys, where it does not take
    the design, or where that has no RAM wrappers of ours."""
    if WRAPPER not in (source.stem for source in files.sources):
        raise UserError(f"the file list has no {WRAPPER}.v: the memories of another design are not known")
    with tempfile.TemporaryDirectory(prefix="cocodla-memories-") as scratch:
        folder = Path(scratch)
        words = copy_sources(files, folder)
        boxes = [f"{number}.v" for number, source in enumerate(files.sources) if source.stem in (WRAPPER, GATE)]
        sources = [name for name in words["sources"].split() if name not in boxes]
        words |= {"boxes": " ".join(boxes), "sources": " ".join(sources)}
        given = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
        return read_memories(elaborated(folder, _SCRIPT.format(**words, top=top, parameters=given)))


def read_memories(modules: Mapping[str, Any]) -> list[Memory]:
    """The memories in what Yosys writes of the flattened design."""
    top = next(module for module in modules.values() if "top" in module["attributes"])
    cells: dict[str, dict[str, Any]] = top["cells"]
    inputs = {name: port["bits"] for name, port in top["ports"].items() if port["direction"] == "input"}
    gates = {cell["connections"]["gated"][0]: name for name, cell in cells.items() if cell["type"] == GATE}
    default = modules[WRAPPER].get("parameter_default_values", {})
    found = []
    for path, cell in cells.items():
        if cell["type"] != WRAPPER:
            continue
        sizes = {**default, **cell["parameters"]}
        (bit,) = cell["connections"]["clk"]
        gate = gates.get(bit, "")
        if gate:
            (bit,) = cells[gate]["connections"]["clk"]
            if int(cells[gate]["parameters"].get("PRESENT", "1"), 2) == 0:  # a wire
                gate = ""
        found.append(
            Memory(
                path, path.partition(".")[0].removeprefix("u_"), int(sizes["WIDTH"], 2), int(sizes["DEPTH"], 2),
                _pin(inputs, [bit], path, "clk"), gate, _pin(inputs, cell["connections"][PINS], path, PINS),
            )
        )  # fmt: skip
    return sorted(found, key=lambda memory: [word.zfill(4) for word in re.split(r"(\d+)", memory.path)])


def _pin(inputs: Mapping[str, Sequence[Any]], bits: Sequence[Any], path: str, port: str) -> str:
    """The input of the top that a port of a memory is connected to, bit by bit."""
    for name, pin in inputs.items():
        if list(pin) == list(bits):
            return name
    raise UserError(f"{port} of {path} is connected to no input of the chip")
