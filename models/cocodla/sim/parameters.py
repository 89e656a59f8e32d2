"""Parameters of the chip: NV_nvdla has defaults, environment DUT_PARAMETERS has others.

    DUT_PARAMETERS="SDP_LANES=4 ACC_DEPTH=32"

They reach every chip-level simulation and synthesis. Results never depend on them (docs/performance.md).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import dut_list, own_list

ENVIRONMENT = "DUT_PARAMETERS"

RANGES: dict[str, tuple[int, int]] = {
    "SDP_LANES": (1, 8),
    "PDP_LANES": (1, 8),
    "CDP_LANES": (1, 8),
    "READ_DEPTH": (16, 1024),
    "OPERAND_DEPTH": (16, 1024),
    "ACC_DEPTH": (8, 512),
    "CACC_DEPTH": (16, 512),
    "RESET_QUIET": (16, 65536),
    "MAC_DSP": (0, 1),
    "LUT_RAMS": (0, 1),
    "CLOCK_GATES": (0, 1),
}
"""Least and largest value of each parameter of our NV_nvdla; any power of two between them works (0 or 1: a switch)."""


def chosen(file_list: Path | None = None) -> dict[str, int]:
    """What DUT_PARAMETERS sets of the DUT (file_list: see dut_list). UserError for a word that is not NAME=number and,
    of our own RTL, for a name it does not have or a value it cannot have."""
    return parse(os.environ.get(ENVIRONMENT, ""), ENVIRONMENT, file_list)


def parse(text: str, where: str, file_list: Path | None = None) -> dict[str, int]:
    """The parameters that a text sets, as `chosen` takes them. where: what complaints begin with."""
    found = {}
    for word in text.split():
        match = re.fullmatch(r"(\w+)=([0-9]{1,9})", word)
        if not match:
            raise UserError(f"{where}: {word[:60]!r} is not NAME=number, the number below 10^9")
        found[match[1]] = int(match[2])
    if dut_list(file_list) == own_list():
        for name, value in found.items():
            _check(name, value, where)
    return found


def _check(name: str, value: int, where: str) -> None:
    if name not in RANGES:
        raise UserError(f"{where}: NV_nvdla has no parameter {name}; there are {', '.join(RANGES)}")
    low, high = RANGES[name]
    if not low <= value <= high or value & (value - 1):
        legal = "0 or 1" if (low, high) == (0, 1) else f"a power of two from {low} to {high}"
        raise UserError(f"{where}: {name} is {legal}, not {value}")


def is_default_chip() -> bool:
    """Whether the DUT is the project's own RTL with its default parameters."""
    return dut_list() == own_list() and not chosen()


def define(values: Mapping[str, int]) -> dict[str, str]:
    """The macro of tb/hdl/sim_top.v that sets parameters of the DUT."""
    if not values:
        return {}
    return {ENVIRONMENT: f"#({', '.join(f'.{name}({value})' for name, value in values.items())})"}


def of_module(module: str, values: Mapping[str, int]) -> dict[str, int]:
    """Parameters that NV_nvdla gives to a unit, where its own are `values` and else their defaults."""
    top = (project.root() / "rtl" / "top" / "NV_nvdla.v").read_text(encoding="utf-8")
    own = {name: int(value) for name, value in re.findall(r"^ +parameter (\w+) += (\d+)", top, re.MULTILINE)}
    own.update(values)
    found = re.search(rf"^{module} #\((.*)\) u_\w+ \($", top, re.MULTILINE)
    given = re.findall(r"\.(\w+)\((?:LEGAL_)?(\w+)\)", found.group(1)) if found else []
    return {name: int(value) if value.isdigit() else own[value] for name, value in given}
