"""Speed of the chip's simulation against another commit, in pairs: CPU time, cycles and bytes of what is read back.

    python benchmarks/simulation_speed.py [--base d50a87b] [--pairs 5] [--only lenet5]

Both trees build their own model and play the same programs, those of this tree's compiler. The runs of a pair follow
each other, so that other work on the machine meets both. CPU time is that of the simulation process, the start of
Python included. Exit status 1 if cycles or bytes differ or a median is below its limit.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from placement import draw_anew

from cocodla import datasets, zoo
from cocodla.compiler import compile_model
from cocodla.nets.registry import networks
from cocodla.program import Program
from cocodla.sim import project

LIMITS = {"lenet5": 3.0, "resnet18_cifar10": 3.0, "tiny_yolo": 3.0, "alexnet": 2.0}
"""Least ratios that are meant."""
_PLAY = """
import hashlib, json, sys
from cocodla.program import Program
from cocodla.runtime import rtl
done = rtl.run(Program.load(sys.argv[1]), rtl.Simulation(seed=1, run_name="speed"))
assert not done.failures, done.failures
read = hashlib.sha256(repr(done.observations).encode()).hexdigest()
print(json.dumps({"cpu": done.counters["cpu_seconds"], "cycles": done.counters["cycles"], "read": read}))
"""


def checkout(commit: str) -> Path:
    """The files of a commit, in the folder of everything generated; models built there stay for the next time."""
    git = ["git", "-C", str(project.root())]
    name = subprocess.run([*git, "rev-parse", "--short", commit], capture_output=True, text=True, check=True).stdout
    folder = project.build() / "base" / name.strip()
    if not folder.is_dir():
        packed = subprocess.run([*git, "archive", commit], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    return folder


def play(tree: Path, program: Path) -> dict[str, Any]:
    """One run of a program in a tree."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COCODLA_")}
    env["PYTHONPATH"] = str(tree / "models")
    command = [sys.executable, "-c", _PLAY, str(program)]
    draw_anew(tree / "build")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{tree}: {done.stderr.strip()}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def programs(only: str) -> Iterator[tuple[str, Callable[[], Program]]]:
    """Name and program of each network; those that need the shared material only where it is there."""

    def lenet5() -> Program:
        pictures, _ = datasets.sklearn_digits()
        return zoo.lenet5().program(pictures[:200])

    if only in "lenet5":
        yield "lenet5", lenet5
    for net in networks():
        if net.name != "lenet5" and net.name in LIMITS and only in net.name and not net.missing:

            def compiled(net: Any = net) -> Program:
                variant = net.on_rtl or net.main
                with TemporaryDirectory() as folder:
                    data = variant.data()
                    network = compile_model(variant.model(Path(folder)), data.calibration, variant.options)
                return network.program(data.images[:1])

            yield net.name, compiled


def main(base: str = "d50a87b", pairs: int = 5, only: str = "") -> None:
    """Print a line for each network."""
    other, good = checkout(base), True
    with TemporaryDirectory() as folder:
        for name, make in programs(only):
            path = Path(folder) / f"{name}.program"
            make().save(path)
            runs = [(play(other, path), play(project.root(), path)) for _ in range(pairs)]
            old, new = runs[0]
            same = all((run["cycles"], run["read"]) == (old["cycles"], old["read"]) for pair in runs for run in pair)
            ratio = statistics.median(before["cpu"] / after["cpu"] for before, after in runs)
            speed = statistics.median(after["cycles"] / after["cpu"] for _, after in runs)
            typer.echo(
                f"{name}: {ratio:.2f}x (wanted {LIMITS[name]:.1f}x), {speed:,.0f} cycles per CPU second, "
                f"{new['cycles']:,.0f} cycles, results {'equal' if same else 'DIFFERENT'}"
            )
            good = good and same and ratio >= LIMITS[name]
    sys.exit(not good)


if __name__ == "__main__":
    typer.run(main)
