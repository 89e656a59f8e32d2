"""Switching activity of the chip against another commit: how often signals change in each unit, for LeNet-5.

    python benchmarks/toggles.py [--base d50a87b] [--images 1]

A proxy for dynamic energy, before placement and without weights for wires. Data: the changes of all bits of all
nets and ports of a unit and of what is in it (SAIF, as Verilator writes it). Clock pins: the changes of each clock
times the bits of the flip-flops it drives (Yosys, from the sources as they are written; those in RAM wrappers left
out). Both trees play the same command file. Exit status 1 if all units together change more than LIMIT of the base.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

sys.path.insert(0, str(Path(__file__).parent))
from simulation_speed import checkout

from cocodla import datasets, zoo
from cocodla.runtime import player
from cocodla.sim import project, tools
from cocodla.sim.filelist import read_file_list
from cocodla.sim.runner import WHEEL_MAKE
from cocodla.synth.netlist import read_design
from cocodla.synth.yosys import RAM_MODULES

UNITS = {
    "SDP": ("u_sdp", "u_sdp_rdma"),
    "PDP": ("u_pdp", "u_pdp_rdma"),
    "CDP": ("u_cdp", "u_cdp_rdma"),
    "convolution": ("u_cdma", "u_cbuf", "u_csc", "u_cmac_a", "u_cmac_b", "u_cacc"),
}
"""Instances in NV_nvdla."""
CHIP = "u_dla"
"""Instance of NV_nvdla."""
LIMIT = 0.4
"""Of what the base has, for all units together."""
_MAIN = """
#include "Vtop.h"
#include "verilated_saif_c.h"
static uint64_t now = 0;
double sc_time_stamp() { return now; }
int main(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
    Verilated::traceEverOn(true);
    Vtop top;
    VerilatedSaifC saif;
    top.trace(&saif, 99);
    saif.open("toggles.saif");
    while (!top.done) {
        top.eval();
        saif.dump(now);
        now = top.nextTimeSlot();
    }
    saif.close();
}
"""


def build(tree: Path, folder: Path) -> Path:
    """A model of a tree that writes a SAIF file."""
    (folder / "main.cpp").write_text(_MAIN, encoding="utf-8")
    verilator, env = tools.find_verilator().call(dict(os.environ))
    sources = [*read_file_list(tree / "rtl" / "files.f").sources, *sorted((tree / "tb" / "hdl").glob("*.v"))]
    flags = ["--top-module", "sim_top", "--trace-saif"]
    flags += ["--timing", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--timescale", "1ns/1ps"]
    if "WORDS_LOG2" in (tree / "tb" / "hdl" / "sim_top.v").read_text(encoding="utf-8"):  # an older tree
        flags.append("-GWORDS_LOG2=17")
    command: list[str | Path] = [verilator, "-cc", "--exe", "--prefix", "Vtop", *flags]
    subprocess.run([*command, "-Mdir", folder / "model", folder / "main.cpp", *sources], env=env, check=True)
    env["MAKEFLAGS"] = " ".join(f"{name}={value}" for name, value in WHEEL_MAKE.items())
    make: list[str | Path] = ["make", "-j2", "-C", folder / "model", "-f", "Vtop.mk", "OPT_FAST=-O1"]
    subprocess.run(make, env=env, check=True, stdout=subprocess.DEVNULL)
    return folder / "model" / "Vtop"


@dataclass
class Activity:
    """Changes of a unit's nets but clocks, and at the clock pins of its flip-flops."""

    data: int = 0
    clocks: int = 0

    @property
    def total(self) -> int:
        return self.data + self.clocks


def simulate(tree: Path, commands: bytes) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Changes of every net in a run of a command file: instances below NV_nvdla, name, number."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        model = build(tree, folder)
        (folder / "commands.bin").write_bytes(commands)
        plusargs = ["+watchdog=200000", "+limit=200000000", "+read_latency=32", "+write_latency=32", "+memory_seed=1"]
        subprocess.run([model, *plusargs], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with (folder / "toggles.saif").open(encoding="utf-8") as file:
            depth = 0
            path: list[tuple[str, int]] = []  # instances around the line, each with the depth of its parenthesis
            for line in file:
                if found := re.match(r"\s*\(INSTANCE (\S+)", line):
                    path.append((found[1], depth))
                elif found := re.match(r"\s*\((\S+) \(T0 .*\(TC (\d+)\)", line):
                    instances = [instance for instance, _ in path]
                    if CHIP in instances:
                        yield tuple(instances[instances.index(CHIP) + 1 :]), found[1], int(found[2])
                depth += line.count("(") - line.count(")")
                while path and depth <= path[-1][1]:
                    path.pop()


def count(tree: Path, commands: bytes) -> dict[str, Activity]:
    """What happens in each unit in a run of a command file."""
    found = {unit: Activity() for unit in UNITS}
    owner = {instance: found[unit] for unit, instances in UNITS.items() for instance in instances}
    clocks: dict[str, int] = {}
    for path, name, changes in simulate(tree, commands):
        if re.fullmatch(r"(\w+_)?clk", name):
            clocks[".".join([*path, name])] = changes
        elif path and path[0] in owner:
            owner[path[0]].data += changes
    for register in read_design(read_file_list(tree / "rtl" / "files.f"), "NV_nvdla").flip_flops:
        unit = owner.get(register.name.partition(".")[0])
        if unit and register.source.stem not in RAM_MODULES:
            unit.clocks += register.width * next(clocks[name] for name in register.clocks if name in clocks)
    return found


def main(base: str = "d50a87b", images: int = 1) -> None:
    """Print the changes per image of each unit, and of all."""
    pictures, _ = datasets.sklearn_digits()
    commands = b"".join(player.encode(zoo.lenet5().program(pictures[:images])))
    before, after = (count(tree, commands) for tree in (checkout(base), project.root()))
    for unit in UNITS:
        show(unit, before[unit], after[unit], images)
    whole = [Activity(*(sum(getattr(unit, part) for unit in tree.values()) for part in ("data", "clocks")))
             for tree in (before, after)]  # fmt: skip
    show("all", *whole, images)
    sys.exit(whole[1].total > LIMIT * whole[0].total)


def show(name: str, before: Activity, after: Activity, images: int) -> None:
    """Print the line of a unit."""
    parts = [
        f"{what} {getattr(before, part) / images:13,.0f} -> {getattr(after, part) / images:13,.0f} "
        f"({getattr(after, part) / getattr(before, part):.2f}x)"
        for what, part in (("data", "data"), ("clock pins", "clocks"), ("both", "total"))
    ]
    typer.echo(f"{name:12} {', '.join(parts)}")


if __name__ == "__main__":
    typer.run(main)
