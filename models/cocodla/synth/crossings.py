"""Proves that the ways from one clock to another in the chip are those of a list (rtl/constraints/crossings.toml).

Yosys makes one netlist of the chip's registers, memories and logic. Every register belongs to the clock pins that its
clock comes from; behind every input of every register the logic is followed back to the registers, memories and pins
that it depends on. Where these belong to another clock, it is a crossing: listed and of its kind's form, or a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.files.inputs import read_toml
from cocodla.synth.netlist import Netlist, Sink

KINDS = ("sync", "gray", "held", "reset")
STATIC, RESET = "static", "reset"
"""Classes of inputs that belong to no clock."""


@dataclass(frozen=True)
class Crossing:
    """A listed way: names, with * and ?, of registers or memories. guard: of a `held` one, what tells of it."""

    about: str
    kind: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    guard: str = ""


@dataclass(frozen=True)
class Expected:
    """What a list tells. clocks: pin -> clock. inputs: (pattern, clock or class) in order."""

    clocks: dict[str, str]
    inputs: tuple[tuple[str, str], ...]
    crossings: tuple[Crossing, ...]

    def domain_of_input(self, pin: str) -> str:
        """The clock or class of an input; empty if the list does not tell."""
        return next((domain for pattern, domain in self.inputs if fnmatchcase(pin, pattern)), "")


@dataclass(frozen=True)
class Found:
    """A way in the chip. pin: of the target, that it enters."""

    source: str
    target: str
    pin: str


@dataclass
class Result:
    """ways: found, by listed crossing. findings: one line each, empty if the list tells the truth."""

    ways: dict[str, set[Found]] = field(default_factory=dict)
    registers: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def read_expected(path: Path) -> Expected:
    """The list of a file. UserError where it is not one."""
    values = read_toml(path)
    try:
        clocks = {str(pin): str(name) for name, pin in values["clocks"].items()}
        inputs = tuple((str(p), str(domain)) for domain, patterns in values["inputs"].items() for p in patterns)
        crossings = tuple(_crossing(entry) for entry in values.get("crossing", []))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not a list of crossings ({error})") from None
    return Expected(clocks, inputs, crossings)


def _crossing(entry: dict[str, Any]) -> Crossing:
    kind, guard = str(entry["kind"]), str(entry.get("guard", ""))
    if kind not in KINDS or (kind == "held") != bool(guard):
        raise ValueError(f"{entry['about']}: kind {kind!r} is one of {', '.join(KINDS)}, held with a guard")
    return Crossing(str(entry["about"]), kind, tuple(entry["from"]), tuple(entry["to"]), guard)


def check(netlist: Netlist, expected: Expected) -> Result:
    """Compare the chip with the list."""
    return _Check(netlist, expected).result


class _Check:
    def __init__(self, netlist: Netlist, expected: Expected) -> None:
        self.netlist, self.expected, self.result = netlist, expected, Result()
        self.domains = self._domains()
        self.result.ways = {crossing.about: set() for crossing in expected.crossings}
        for sink in netlist.sinks:
            self._sink(sink)
        for about, ways in self.result.ways.items():
            if not ways:
                self._complain(f"{about}: listed, but the chip has no such way")

    def _complain(self, text: str) -> None:
        if text not in self.result.findings:
            self.result.findings.append(text)

    def _domains(self) -> dict[str, str]:
        """The clock of every register, memory and input, by name; "static" and "reset" of inputs that have none."""
        found = {}
        for name, pins in self.netlist.clock_pins.items():
            clocks = {self.expected.clocks.get(pin, "") for pin in pins}
            if len(clocks) != 1 or "" in clocks:
                told = ", ".join(sorted(pins)) or "nowhere"
                self._complain(f"{name}: its clock comes from {told}, not from one clock pin")
            else:
                found[name] = clocks.pop()
                self.result.registers[found[name]] = self.result.registers.get(found[name], 0) + 1
        for pin in self.netlist.inputs:
            if pin not in self.expected.clocks:
                found[pin] = self.expected.domain_of_input(pin)
                if not found[pin]:
                    self._complain(f"input {pin}: the list does not tell its clock")
        return found

    def _sink(self, sink: Sink) -> None:
        own = self.domains.get(sink.name, "")
        for source in self.netlist.sources(sink.bits):
            domain = self.domains.get(source, "")
            if domain in (own, STATIC, "") or not own:
                continue
            self._way(Found(source, sink.name, sink.pin), sink, domain)

    def _way(self, way: Found, sink: Sink, domain: str) -> None:
        listed = (c for c in self.expected.crossings if _is(way.source, c.sources) and _is(way.target, c.targets))
        crossing = next(listed, None)
        text = f"{way.source} ({domain}) -> {way.target}.{way.pin} ({self.domains[way.target]})"
        if crossing is None:
            self._complain(f"{text}: not listed")
            return
        self.result.ways[crossing.about].add(way)
        if complaint := self._form(crossing, sink):
            self._complain(f"{text}: {crossing.about}: {complaint}")

    def _form(self, crossing: Crossing, sink: Sink) -> str:
        """What is wrong with a way of this kind; empty if nothing is."""
        if crossing.kind == "reset":
            return "" if sink.pin == "ARST" and _is_synchroniser(sink.name) else "a reset, but not of a synchroniser"
        if crossing.kind == "held":
            guards = self.netlist.sources(self.netlist.inputs_of(sink.name))
            return "" if _is_any(guards, crossing.guard) else f"does not depend on its guard {crossing.guard}"
        if not _is_synchroniser(sink.name) or sink.pin != "D":
            return "ends in no synchroniser"
        if not all(self.netlist.is_register(bit) for bit in sink.bits):
            return "logic between the register and the synchroniser"
        return self._stages(sink)

    def _stages(self, sink: Sink) -> str:
        """The first flops of a synchroniser feed the next ones and nothing else."""
        q, d = self.netlist.outputs_of(sink.name), sink.bits
        first = [out for out, bit in zip(q, d, strict=True) if bit not in q]
        readers = {name for bit in first for name in self.netlist.readers(bit)}
        return "" if readers == {sink.name} else f"its first flops also feed {', '.join(sorted(readers - {sink.name}))}"


def _is_synchroniser(name: str) -> bool:
    """Whether a register is that of a dla_sync."""
    return name.rpartition(".")[2] == "chain"


def _is(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_any(names: Iterator[str] | set[str], pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)
