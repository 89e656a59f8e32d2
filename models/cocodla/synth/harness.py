"""A top for place and route of NV_nvdla with few pins: every pin of the chip is behind a register.

    core_in -> shift register -> held values -> NV_nvdla -> captured values, shift register -> core_out

and the same for the pins of the CSB clock. Paths of the chip then begin and end in registers, as inside of a system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cocodla.errors import UserError

TOP = "harness"
CHIP = "u_dut"
"""The instance of NV_nvdla."""
CLOCKS = {"core": "dla_core_clk", "csb": "dla_csb_clk"}
"""Pins of the clocks."""
_CSB_PINS = re.compile(r"csb2nvdla_\w+|nvdla2csb_\w+|dla_intr")
_PORT = re.compile(r"^\s*(input|output)\s+(?:wire\s+|reg\s+)?(?:\[(\d+):0\]\s*)?(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """A pin of the chip, of `width` bits. clock: the one it belongs to, a key of CLOCKS."""

    name: str
    is_input: bool
    width: int

    @property
    def clock(self) -> str:
        return "csb" if _CSB_PINS.fullmatch(self.name) else "core"


def read_pins(text: str) -> list[Pin]:
    """The pins of NV_nvdla without its clocks, out of its source. UserError where its ports cannot be read."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    found = re.search(r"\bmodule\s+NV_nvdla\b.*?;", text, re.DOTALL)
    pins = [
        Pin(name, direction == "input", int(left or 0) + 1)
        for direction, left, name in _PORT.findall(found.group().replace("(", "\n").replace(",", "\n") if found else "")
    ]
    missing = set(CLOCKS.values()) - {pin.name for pin in pins if pin.width == 1}
    if missing:
        raise UserError(f"NV_nvdla has no pin {min(missing)}, or its ports are not in the head of the module")
    return [pin for pin in pins if pin.name not in CLOCKS.values()]


def write_harness(pins: Iterable[Pin], parameters: Mapping[str, int]) -> str:
    """Verilog of the top. parameters: of NV_nvdla."""
    pins = list(pins)
    clocks = [clock for clock in CLOCKS if any(pin.clock == clock for pin in pins)]
    ports = [f"input wire {c}_clk, input wire {c}_in, input wire {c}_load, output wire {c}_out" for c in clocks]
    lines = [f"module {TOP} (", ",\n".join(f"    {port}" for port in ports), ");"]
    for clock in clocks:
        lines += _registers(clock, [pin for pin in pins if pin.clock == clock])
    given = ", ".join(f".{name}({value})" for name, value in parameters.items())
    lines.append(f"NV_nvdla {f'#({given}) ' if given else ''}{CHIP} (")
    connections = [f".{CLOCKS[clock]}({clock}_clk)" for clock in clocks]
    for clock in clocks:
        for is_input, name in ((True, "held"), (False, "came")):
            at = 0
            for pin in (p for p in pins if p.clock == clock and p.is_input == is_input):
                connections.append(f".{pin.name}({clock}_{name}[{at} +: {pin.width}])")
                at += pin.width
    return "\n".join([*lines, ",\n".join(f"    {text}" for text in connections), ");", "endmodule", ""])


def _registers(clock: str, pins: list[Pin]) -> list[str]:
    """The shift registers of one clock."""
    inputs = sum(pin.width for pin in pins if pin.is_input)
    outputs = sum(pin.width for pin in pins if not pin.is_input)
    return [
        f"reg [{inputs - 1}:0] {clock}_shift, {clock}_held;",
        f"reg [{outputs - 1}:0] {clock}_taken;",
        f"wire [{outputs - 1}:0] {clock}_came;",
        f"assign {clock}_out = {clock}_taken[{outputs - 1}];",
        f"always @(posedge {clock}_clk) begin",
        f"    {clock}_shift <= {{{clock}_shift, {clock}_in}};",
        f"    if ({clock}_load) {clock}_held <= {clock}_shift;",
        f"    {clock}_taken <= {clock}_load ? {clock}_came : {{{clock}_taken, 1'b0}};",
        "end",
    ]
