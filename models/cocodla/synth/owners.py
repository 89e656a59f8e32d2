"""Which unit of the chip a cell of a flattened netlist belongs to, by its name.

Yosys names a cell after the net that it drives, and that net after the shortest of its names. A signal between units
has the name that the top gives it: it belongs to the unit whose output drives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cocodla.synth.harness import CHIP

HARNESS = "harness"
TOP = "wiring"
"""What belongs to no unit: logic of the top itself."""
OTHER = "without a name"
_INSTANCE = re.compile(r"^(\w+)\s*(?:#\([^\n]*\))?\s*u_(\w+)\s*\(\n(.*?)^\);", re.MULTILINE | re.DOTALL)


class Owners:
    """The units of a design. top: the source of NV_nvdla. modules: the sources of all modules, for the directions of
    their ports."""

    def __init__(self, top: str, modules: Iterable[str]) -> None:
        outputs = {}
        for text in modules:
            name = re.search(r"^\s*module\s+(\w+)", text, re.MULTILINE)
            if name:
                outputs[name[1]] = set(re.findall(r"^\s*output\s+(?:wire|reg)?\s*(?:\[[^\]]*\])?\s*(\w+)", text, re.M))
        self._unit_of: dict[str, str] = {}
        self.units: list[str] = []
        for module, unit, body in _INSTANCE.findall(top):
            self.units.append(unit)
            for port, net in re.findall(r"\.(\w+)\s*\(\s*(\w+)", body):
                if port in outputs.get(module, ()):
                    self._unit_of[net] = unit

    def of(self, cell: str) -> str:
        """The unit of a cell: the name of its instance without u_, or HARNESS, TOP, OTHER."""
        if cell.startswith("$"):
            inside = re.match(rf"\$flatten\\{CHIP}\.\\u_(\w+)\.", cell)
            return inside[1] if inside else OTHER
        head, _, rest = cell.partition(".")
        if head != CHIP:
            return HARNESS
        instance, dot, _ = rest.partition(".")
        if dot and instance.startswith("u_"):
            return instance.removeprefix("u_")
        name = re.match(r"\w+?(?=_(?:LUT4|TRELLIS|CCU2C|PFUMX|L6MUX21|MULT18X18D|DP16KD)|\[|$)", rest)
        return self._unit_of.get(name[0], TOP) if name else TOP
