"""How fast a synthesized chip will be on an ECP5, before it is placed: a static timing analysis of its netlist.

Every cell has the delays of the part's fastest speed grade, rounded; every wire the same delay, as none is placed yet.
Wires that the part has for one purpose cost nothing: inside of a carry chain, and from the LUTs to the multiplexers
behind them. Setup times are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.synth.owners import Owners
from cocodla.synth.routed import Stretch

WIRE = 0.85
"""ns of a wire."""
_LUT, _MUX, _MULTIPLY, _CARRY_IN, _CARRY, _CARRY_OUT = 0.24, 0.17, 3.6, 0.45, 0.06, 0.45
_CLOCK_TO_OUT = {"TRELLIS_FF": 0.5, "DP16KD": 4.3}
"""ns from the clock to the output of cells whose outputs follow it."""
_OUTPUTS = {
    "LUT4": r"Z", "PFUMX": r"Z", "L6MUX21": r"Z", "CCU2C": r"S[01]|COUT", "MULT18X18D": r"P\d+|RO[AB]\d+|S?RO[AB]\d+",
    "DP16KD": r"DO[AB]\d+", "TRELLIS_DPR16X4": r"DO", "TRELLIS_FF": r"Q", "TRELLIS_IO": r"O",
}  # fmt: skip
_CLOCKS = {"TRELLIS_FF": "CLK", "TRELLIS_DPR16X4": "WCK", "DP16KD": "CLKA"}
_SUFFIX = re.compile(r"(?:_(?:LUT4|TRELLIS_FF|TRELLIS_DPR16X4|CCU2C|PFUMX|L6MUX21|MULT18X18D|DP16KD)_[A-Z]\w*)+$")

Ports = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Slowest:
    """The slowest path that ends in a unit. ns: its length. first, last: the registers or memories at its ends."""

    ns: float
    first: str
    last: str


@dataclass(frozen=True)
class Estimate:
    """frequencies: MHz by clock (core, csb) without setup times. path: the longest of the core clock, by unit in order.
    steps: its cells and when their outputs are there, in ns. slowest: of the core clock, by unit."""

    frequencies: dict[str, float]
    path: list[Stretch]
    steps: list[tuple[str, float]]
    slowest: dict[str, Slowest]

    @property
    def longest(self) -> float:
        """ns of the longest path of the core clock."""
        return max((path.ns for path in self.slowest.values()), default=0.0)


@dataclass
class _Graph:
    """Bits of nets by number. driver: the cell of a bit. arcs: of a bit behind logic, (bit before, logic, wire) in ns.
    starts: ns after the clock, of bits that registers and memories drive. ends: (bit, cell) that they take.
    clock: number of the clock net of each register and memory."""

    driver: dict[int, str] = field(default_factory=dict)
    arcs: dict[int, list[tuple[int, float, float]]] = field(default_factory=dict)
    starts: dict[int, float] = field(default_factory=dict)
    ends: list[tuple[int, str]] = field(default_factory=list)
    clock: dict[str, Any] = field(default_factory=dict)


def estimate(netlist: Path, top: str, owners: Owners) -> Estimate:
    """The longest paths of the netlist that `synth_ecp5 -json` wrote. Clocks are the ports of top that end in _clk.
    UserError where the netlist holds a loop of logic."""
    module = json.loads(netlist.read_text(encoding="utf-8"))["modules"][top]
    graph = _Graph()
    for name, cell in module["cells"].items():
        _add(graph, name, cell["type"], cell["connections"])
    order = _sorted(graph)
    clocks = {n.removesuffix("_clk"): port["bits"][0] for n, port in module["ports"].items() if n.endswith("_clk")}
    ways = {name: _Ways(graph, order, bit) for name, bit in clocks.items()}
    core = ways.get("core")
    return Estimate(
        {name: 1000 / way.ns for name, way in ways.items() if way.ends},
        core.stretches(owners) if core else [],
        core.steps() if core else [],
        core.slowest(owners) if core else {},
    )


def short(cell: str) -> str:
    """The net that a cell is named after, without the chip in front."""
    return _SUFFIX.sub("", cell).removeprefix("u_dut.")


def _add(graph: _Graph, name: str, kind: str, ports: Ports) -> None:
    """Put a cell into the graph. Constants and open pins are no bits: Yosys writes them as text or leaves them out."""
    outputs = re.compile(_OUTPUTS.get(kind, r"(?!)"))
    inputs = {port: _bits(bits) for port, bits in ports.items() if not outputs.fullmatch(port)}
    driven = {port: _bits(bits) for port, bits in ports.items() if outputs.fullmatch(port)}
    for bits in driven.values():
        graph.driver.update(dict.fromkeys(bits, name))
    if kind in _CLOCKS:
        graph.clock[name] = next(iter(inputs.get(_CLOCKS[kind], [])), None)
        taken = (bit for port, bits in inputs.items() if not _clocks_or_reads(kind, port) for bit in bits)
        graph.ends += [(bit, name) for bit in taken]
    for port, bits in driven.items():
        for bit in bits:
            if kind in _CLOCK_TO_OUT:
                graph.starts[bit] = _CLOCK_TO_OUT[kind]
            else:
                graph.arcs[bit] = list(_arcs(kind, port, inputs))


def _clocks_or_reads(kind: str, port: str) -> bool:
    return port.startswith(("CLK", "WCK")) or (kind == "TRELLIS_DPR16X4" and port == "RAD")


def _bits(bits: Iterable[Any]) -> list[int]:
    return [bit for bit in bits if isinstance(bit, int)]


def _arcs(kind: str, output: str, inputs: Mapping[str, list[int]]) -> Iterator[tuple[int, float, float]]:
    """(input bit, ns of logic, ns of the wire before it) of everything that an output depends on."""
    for port, bits in inputs.items():
        logic, wire = _LUT, WIRE
        if kind == "CCU2C":
            if port[-1] == "1" and output == "S0":
                continue
            chained = port == "CIN"
            logic = (_CARRY if output == "COUT" else _CARRY_OUT) if chained else _CARRY_IN
            wire = 0.0 if chained else WIRE
        elif kind in ("PFUMX", "L6MUX21"):
            logic, wire = _MUX, WIRE if port in ("C0", "SD") else 0.0
        elif kind == "MULT18X18D":
            logic = _MULTIPLY
        elif kind == "TRELLIS_DPR16X4" and port != "RAD":
            continue
        for bit in bits:
            yield bit, logic, wire


def _sorted(graph: _Graph) -> list[int]:
    """The bits behind logic, each behind those that it depends on."""
    missing = {bit: sum(before in graph.arcs for before, _, _ in arcs) for bit, arcs in graph.arcs.items()}
    readers: dict[int, list[int]] = {}
    for bit, arcs in graph.arcs.items():
        for before, _, _ in arcs:
            readers.setdefault(before, []).append(bit)
    order = [bit for bit, count in missing.items() if not count]
    for bit in order:  # grows while it is walked
        for reader in readers.get(bit, ()):
            missing[reader] -= 1
            if not missing[reader]:
                order.append(reader)
    if len(order) < len(missing):
        loop = next(bit for bit, count in missing.items() if count)
        raise UserError(f"the netlist has a loop of logic at or before {short(graph.driver[loop])}: no estimate")
    return order


class _Ways:
    """The longest ways between registers and memories of one clock.

    at: ns after the clock by bit. before: the bit that decides it, ns of logic and of wire from there."""

    def __init__(self, graph: _Graph, order: Iterable[int], clock: int) -> None:
        self.graph = graph
        of_clock = {name for name, bit in graph.clock.items() if bit == clock}
        self.at = {bit: ns for bit, ns in graph.starts.items() if graph.driver[bit] in of_clock}
        self.before: dict[int, tuple[int, float, float]] = {}
        for bit in order:
            known = [arc for arc in graph.arcs[bit] if arc[0] in self.at]
            if known:
                slowest = max(known, key=lambda arc: self.at[arc[0]] + arc[1] + arc[2])
                self.before[bit] = slowest
                self.at[bit] = self.at[slowest[0]] + slowest[1] + slowest[2]
        ends = [(self.at[bit] + WIRE, bit, name) for bit, name in graph.ends if name in of_clock and bit in self.at]
        self.ends = sorted(ends, reverse=True)

    @property
    def ns(self) -> float:
        """Of the longest way."""
        return self.ends[0][0] if self.ends else 0.0

    def way(self, bit: int) -> list[int]:
        """The bits of the way that decides a bit, from a register on."""
        found = [bit]
        while found[-1] in self.before:
            found.append(self.before[found[-1]][0])
        return found[::-1]

    def slowest(self, owners: Owners) -> dict[str, Slowest]:
        """Of each unit that ways end in."""
        found: dict[str, Slowest] = {}
        for ns, bit, name in self.ends:
            unit = owners.of(name)
            if unit not in found:
                found[unit] = Slowest(ns, short(self.graph.driver[self.way(bit)[0]]), short(name))
        return found

    def steps(self) -> list[tuple[str, float]]:
        """Cells of the longest way, and when their outputs are there."""
        if not self.ends:
            return []
        ns, last, name = self.ends[0]
        return [*((self.graph.driver[bit], self.at[bit]) for bit in self.way(last)), (name, ns)]

    def stretches(self, owners: Owners) -> list[Stretch]:
        """The longest way by unit."""
        if not self.ends:
            return []
        _, last, name = self.ends[0]
        way = self.way(last)
        pieces = [(self.graph.driver[way[0]], 0, self.at[way[0]], 0.0)]
        pieces += [(self.graph.driver[bit], 1, *self.before[bit][1:]) for bit in way[1:]]
        found: list[Stretch] = []
        for cell, passed, logic, wire in [*pieces, (name, 0, 0.0, WIRE)]:
            unit = owners.of(cell)
            if found and found[-1].unit == unit:
                old = found.pop()
                found.append(
                    Stretch(unit, old.first, cell, old.steps + passed, old.logic + logic, old.wires + wire)
                )
            else:
                found.append(Stretch(unit, cell, cell, passed, logic, wire))
        return found
