"""Descriptions of interfaces: which signals of a design are a handshake, and between which units.

The project's own is rtl/interfaces.toml, which says the format; other designs can have a file like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.files.inputs import read_toml
from cocodla.sim import project


@dataclass(frozen=True)
class Interface:
    """One handshake. Signals are paths, below the top module in a description and complete where found in a dump.

    valid: all of them must be 1. ready: empty for a receiver that always takes. credit: pulse that returns one credit.
    credits: their number, or the parameter of the top module that holds it. reset_level: value of the reset signal in
    reset. sender, receiver: units, empty where unknown. answers: the interface each transfer of this one replies to.
    sign: a pulse the receiver need not wait for (of an end, of room), no work by itself.
    budget: cycles until an answer that the asker should cover with requests in flight; 0: any number.
    group: under which heading viewers show it; empty: with the streams between units.
    """

    name: str
    valid: tuple[str, ...]
    clock: str
    ready: str = ""
    payload: tuple[str, ...] = ()
    reset: str = ""
    reset_level: int = 0
    credit: str = ""
    credits: int | str = ""
    sender: str = ""
    receiver: str = ""
    answers: str = ""
    sign: bool = False
    budget: int = 0
    group: str = ""

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal of it, clock and reset too."""
        names = (*self.valid, self.ready, *self.payload, self.credit, self.reset, self.clock)
        return tuple(name for name in names if name)


@dataclass(frozen=True)
class Description:
    """The interfaces of a design in the order data flow.

    units: instance path of each unit below the top module, empty for what is outside. idle_unit: who has to act when
    nothing is under way. pins: further signals of the top module that viewers show with clocks and resets. registers:
    patterns of names in the scope of a unit: how its layers run, and their configuration. states: names of the states
    of each state machine, by its path, from 0 on, for dumps that hold no parameters.
    """

    top: str
    units: Mapping[str, str]
    interfaces: tuple[Interface, ...]
    idle_unit: str = ""
    pins: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def own_file() -> Path:
    """The description of this project's NV_nvdla."""
    return project.root() / "rtl" / "interfaces.toml"


def load_description(path: Path) -> Description:
    """Read a description. UserError: no such file, no TOML, or an entry that breaks the format, named."""
    table = read_toml(path)
    top, units = table.get("top"), table.get("units", {})
    if not isinstance(top, str) or not top:
        raise UserError(f"{path}: top: the name of the top module is missing")
    if not isinstance(units, dict) or not all(isinstance(place, str) for place in units.values()):
        raise UserError(f'{path}: units: a table of unit = "instance path"')
    entries = table.get("interface")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{path}: no [[interface]]")
    common: dict[str, Any] = {key: table[key] for key in ("clock", "reset", "reset_level") if key in table}
    interfaces = tuple(_interface(path, {**common, **entry}) for entry in entries)
    _check_names(path, interfaces, units)
    pins, registers = (_words(path, table, key) for key in ("pins", "registers"))
    return Description(top, units, interfaces, str(table.get("idle_unit", "")), pins, registers, _states(path, table))


def _words(path: Path, table: dict[str, Any], key: str) -> tuple[str, ...]:
    words = table.get(key, [])
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise UserError(f"{path}: {key}: a list of names, not {words!r}")
    return tuple(words)


def _states(path: Path, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    states = table.get("states", {})
    if not isinstance(states, dict):
        raise UserError(f"{path}: states: a table of path = [names], not {states!r}")
    return {machine: _words(path, states, machine) for machine in states}


def _interface(path: Path, entry: dict[str, Any]) -> Interface:
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise UserError(f"{path}: an [[interface]] without a name")
    known = {one.name for one in fields(Interface)}
    for key, value in entry.items():
        if key not in known:
            raise UserError(f"{path}: {name}: unknown key {key!r}")
        kind: tuple[type, ...] = (str,)
        if key in ("valid", "payload"):
            entry[key] = value = (value,) if isinstance(value, str) else value
            if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) and part for part in value):
                raise UserError(f"{path}: {name}: {key} is a signal or a list of signals, not {value!r}")
            entry[key] = tuple(value)
            continue
        if key in ("reset_level", "budget"):
            kind = (int,)
        elif key == "credits":
            kind = (int, str)
        elif key == "sign":
            kind = (bool,)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind != (bool,)):
            raise UserError(f"{path}: {name}: {key} cannot be {value!r}")
    for key in ("valid", "clock"):
        if not entry.get(key):
            raise UserError(f"{path}: {name}: {key} is missing")
    return Interface(**entry)


def _check_names(path: Path, interfaces: tuple[Interface, ...], units: Mapping[str, str]) -> None:
    names = [interface.name for interface in interfaces]
    for interface in interfaces:
        if names.count(interface.name) > 1:
            raise UserError(f"{path}: {interface.name}: there are two of that name")
        if interface.answers and interface.answers not in names:
            raise UserError(f"{path}: {interface.name}: answers {interface.answers!r}, which is no interface")
        for unit in (interface.sender, interface.receiver):
            if unit and unit not in units:
                raise UserError(f"{path}: {interface.name}: {unit!r} is no unit")
