"""CPU time of the simulation with waveforms against without, in pairs; medians of the ratios, and sizes.

    python benchmarks/waves_cost.py [--pairs 7]

Cases: LeNet-5 (10 images) and, where the shared material is there, ResNet-18, with a whole waveform, one of a layer,
and one of a single cycle: what it costs that waves could be recorded. The runs of a pair follow each other, so that
other work on the machine meets both.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from placement import draw_anew

from cocodla import datasets, zoo
from cocodla.compiler import compile_model
from cocodla.nets.registry import networks
from cocodla.program import Program
from cocodla.runtime import rtl
from cocodla.sim import project
from cocodla.sim.waves import Waves

LIMITS = {("lenet5", "whole"): 3.0, ("resnet18_cifar10", "one layer"): 1.2}
"""Largest ratios that are meant."""
LAYER = {"lenet5": "conv3", "resnet18_cifar10": "v44"}


def programs() -> Iterator[tuple[str, Program]]:
    """Name and program of each network."""
    pictures, _ = datasets.sklearn_digits()
    yield "lenet5", zoo.lenet5().program(pictures[:10])
    net = next(net for net in networks() if net.name == "resnet18_cifar10")
    if not net.missing:
        with TemporaryDirectory() as folder:
            data = net.main.data()
            network = compile_model(net.main.model(Path(folder)), data.calibration, net.main.options)
        yield net.name, network.program(data.images[:1])


def measure(program: Program, waves: Waves | None) -> tuple[float, int, float]:
    """CPU seconds of the simulation process, bytes of the waveform, and cycles."""
    draw_anew(project.build())
    execution = rtl.run(program, rtl.Simulation(seed=1, waves=waves, run_name="waves-cost"))
    assert not execution.failures, execution.failures
    size = execution.waves.stat().st_size if execution.waves else 0
    return execution.counters["cpu_seconds"], size, execution.counters["cycles"]


def main(pairs: int = 7) -> None:
    """Print a line for each case; exit status 1 if a ratio is beyond its limit."""
    good = True
    for name, program in programs():
        cases = {"whole": Waves(), "one layer": Waves(layer=LAYER[name]), "a cycle": Waves(1000, 1001)}
        for case, waves in cases.items():
            ratios, size = [], 0
            for _ in range(pairs):
                plain, _, cycles = measure(program, None)
                recorded, size, _ = measure(program, waves)
                ratios.append(recorded / plain)
            ratio, limit = statistics.median(ratios), LIMITS.get((name, case))
            good = good and (limit is None or ratio <= limit)
            meant = f" (at most {limit})" if limit else ""
            typer.echo(f"{name:18} {case:10} {ratio:.2f} x{meant}, {size / 1e6:.1f} MB, {size / cycles:.0f} B a cycle")
    if not good:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
