"""Switching activity of the chip against another commit: how often signals change in each unit, for LeNet-5.

    python benchmarks/toggles.py [--base d50a87b] [--images 1]

A proxy for dynamic energy, before placement and without weights for wires: the sum of the changes of all bits of all
nets and ports of a unit and of what is in it (SAIF, as Verilator writes it); clocks are told apart. Both trees play the
same command file.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
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

UNITS = {
    "SDP": ("u_sdp", "u_sdp_rdma"),
    "PDP": ("u_pdp", "u_pdp_rdma"),
    "CDP": ("u_cdp", "u_cdp_rdma"),
    "convolution": ("u_cdma", "u_cbuf", "u_csc", "u_cmac_a", "u_cmac_b", "u_cacc"),
}
"""Instances in NV_nvdla."""
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


def count(tree: Path, commands: bytes) -> dict[tuple[str, bool], int]:
    """Changes by unit, of clocks (True) and of all other nets (False), in a run of a command file."""
    totals: dict[tuple[str, bool], int] = dict.fromkeys(((unit, clock) for unit in UNITS for clock in (False, True)), 0)
    owner = {instance: unit for unit, instances in UNITS.items() for instance in instances}
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
                    for unit in filter(None, (owner.get(instance) for instance, _ in path[:5])):
                        totals[unit, re.fullmatch(r"(\w+_)?clk", found[1]) is not None] += int(found[2])
                depth += line.count("(") - line.count(")")
                while path and depth <= path[-1][1]:
                    path.pop()
    return totals


def main(base: str = "d50a87b", images: int = 1) -> None:
    """Print a line for each unit."""
    pictures, _ = datasets.sklearn_digits()
    commands = b"".join(player.encode(zoo.lenet5().program(pictures[:images])))
    before, after = (count(tree, commands) for tree in (checkout(base), project.root()))
    for unit in UNITS:
        data, clocks = ((before[unit, clock], after[unit, clock]) for clock in (False, True))
        typer.echo(
            f"{unit:12} {data[0] / images:12,.0f} -> {data[1] / images:12,.0f} changes per image, "
            f"{data[1] / data[0]:.2f}x; of clocks {clocks[1] / clocks[0]:.2f}x"
        )


if __name__ == "__main__":
    typer.run(main)
