"""rtl/interfaces.toml against the elaborated design, and the errors of such files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import own_list, read_file_list
from cocodla.waves.interfaces import Description, load_description, own_file
from cocodla.waves.texts import STATE


@dataclass(frozen=True)
class Wiring:
    """NV_nvdla as elaborated: direction of each port by instance (its own pins under ""), keyed by the net at it."""

    directions: dict[str, dict[str, str]]
    nets: set[str]
    parameters: set[str]


@pytest.fixture(scope="module")
def top() -> Any:
    """The instance NV_nvdla of the elaborated design."""
    pytest.importorskip("pyslang", reason="pyslang is a package of development")
    from pyslang.driver import Driver

    driver = Driver()
    driver.addStandardArgs()
    files = " ".join(f'"{path}"' for path in read_file_list(own_list()).sources)
    assert driver.parseCommandLine(f"slang --top NV_nvdla --timescale 1ns/1ps {files}") and driver.processOptions()
    driver.parseAllSources()
    compilation = driver.createCompilation()
    yield compilation.getRoot().topInstances[0]


@pytest.fixture(scope="module")
def wiring(top: Any) -> Wiring:
    directions: dict[str, dict[str, str]] = {"": {}}
    nets, parameters = set(), set()
    for member in top.body:
        kind = str(member.kind).rpartition(".")[2]
        if kind == "Port":
            directions[""][member.name] = _direction(member)
        elif kind in ("Net", "Variable"):
            nets.add(member.name)
        elif kind == "Parameter":
            parameters.add(member.name)
        elif kind == "Instance":
            ports = {}
            for connection in member.portConnections:
                expression = connection.expression
                if expression is not None and str(expression.kind).endswith("Assignment"):
                    expression = expression.left  # what an output drives
                if expression is not None and expression.syntax is not None:
                    ports[str(expression.syntax).strip()] = _direction(connection.port)
            directions[member.name] = ports
    return Wiring(directions, nets, parameters)


def _direction(port: Any) -> str:
    return str(port.direction).rpartition(".")[2]


@pytest.fixture(scope="module")
def described() -> Description:
    return load_description(own_file())


def test_every_signal_exists(wiring: Wiring, described: Description) -> None:
    for interface in described.interfaces:
        assert set(interface.signals) <= wiring.nets, interface.name
        assert not interface.credits or interface.credits in wiring.parameters, interface.name


def test_units_are_instances(wiring: Wiring, described: Description) -> None:
    assert {place for place in described.units.values() if place} <= wiring.directions.keys()


def test_directions(wiring: Wiring, described: Description) -> None:
    """valid and payload come out of the sender and go into the receiver, ready and credits the other way round."""
    for interface in described.interfaces:
        forward = [*interface.valid, *interface.payload]
        backward = [name for name in (interface.ready, interface.credit) if name]
        for unit, out in ((interface.sender, forward), (interface.receiver, backward)):
            for name in out:
                assert _drives(wiring, described, unit, name), f"{interface.name}: {unit} does not drive {name}"
        for unit, into in ((interface.receiver, forward), (interface.sender, backward)):
            if interface.credit and unit == interface.receiver:
                continue  # its own handshake with csc goes by way of cmac
            for name in into:
                assert _reads(wiring, described, unit, name), f"{interface.name}: {unit} does not read {name}"


def _drives(wiring: Wiring, described: Description, unit: str, name: str) -> bool:
    place = described.units[unit]
    return wiring.directions[place].get(name) == ("Out" if place else "In")


def _reads(wiring: Wiring, described: Description, unit: str, name: str) -> bool:
    place = described.units[unit]
    return wiring.directions[place].get(name) == ("In" if place else "Out")


def test_every_state_machine_is_described(top: Any, described: Description) -> None:
    """Each register called state, ... beside named values of its width, with all these names in order."""
    found = {}
    for path, body in _bodies(top.body, ""):
        members = {member.name: member for member in body if str(member.kind).endswith(("Variable", "Parameter"))}
        for name in members:
            if STATE.match(name) and str(members[name].kind).endswith("Variable"):
                width = members[name].type.bitWidth
                values = {
                    int(one.value.value): one.name
                    for one in members.values()
                    if str(one.kind).endswith("Parameter") and one.type.bitWidth == width
                }
                found[f"{path}{name}"] = tuple(values[number] for number in sorted(values))
    assert found == dict(described.states)


def _bodies(body: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The bodies of all instances below one, with their paths."""
    yield path, body
    for member in body:
        kind = str(member.kind).rpartition(".")[2]
        if kind == "Instance":
            yield from _bodies(member.body, f"{path}{member.name}.")
        elif kind == "GenerateBlock":
            yield from _bodies(member, f"{path}{member.name}.")
        elif kind == "GenerateBlockArray":
            for entry in member.entries:
                yield from _bodies(entry, f"{path}{member.name}[].")


def test_every_pair_of_the_top_is_described(described: Description) -> None:
    text = (project.root() / "rtl" / "top" / "NV_nvdla.v").read_text(encoding="utf-8")
    words = set(re.findall(r"\b\w+\b", text))
    connected = set(re.findall(r"\(\s*(\w+)\s*\)", text))
    pairs = {
        (valid, ready)
        for valid in words & connected
        if valid.endswith("valid") and (ready := valid[: -len("valid")] + "ready") in words & connected
    }
    assert len(pairs) > 20
    assert pairs == {(face.valid[0], face.ready) for face in described.interfaces if face.ready}


GOOD = 'top = "t"\nclock = "clk"\n[units]\na = ""\n[[interface]]\nname = "x"\nvalid = "v"\nready = "r"\nsender = "a"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("valid", "vlaid"), "x: unknown key 'vlaid'"),
        (GOOD.replace('"v"', "3"), "x: valid is a signal or a list of signals, not 3"),
        (GOOD.replace('sender = "a"', 'sender = "b"'), "x: 'b' is no unit"),
        (GOOD.replace('clock = "clk"', ""), "x: clock is missing"),
        (GOOD + "reset_level = true\n", "x: reset_level cannot be True"),
        (GOOD + 'answers = "y"\n', "x: answers 'y', which is no interface"),
        (GOOD + '[[interface]]\nname = "x"\nvalid = "v"\n', "x: there are two of that name"),
        (GOOD.replace('top = "t"', ""), "top: the name of the top module is missing"),
        ("top = ", "no TOML"),
        (GOOD.replace("[units]", 'pins = "x"\n[units]'), "pins: a list of names, not 'x'"),
        (GOOD.replace("[units]", "registers = [1]\n[units]"), "registers: a list of names, not [1]"),
        (GOOD + '[states]\n"u.s" = 3\n', "u.s: a list of names, not 3"),
        ('top = "t"\n', "no [[interface]]"),
    ],
)
def test_a_broken_description_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        load_description(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    path.write_text(GOOD, encoding="utf-8")
    assert load_description(path).interfaces[0].ready == "r"
