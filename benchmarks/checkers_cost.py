"""CPU time of a simulation with the checkers of all streams against without, in pairs; the median of the ratios.

    python benchmarks/checkers_cost.py [--pairs 7] [--images 10]

LeNet-5 under Verilator. The runs of a pair follow each other, so that other work on the machine meets both.
"""

from __future__ import annotations

import statistics

import typer

from cocodla import datasets, zoo
from cocodla.runtime import rtl

LIMIT = 1.05
"""Largest ratio that is meant."""


def main(pairs: int = 7, images: int = 10) -> None:
    """Print the ratios and their median; exit status 1 if it is beyond the limit."""
    pictures, _ = datasets.sklearn_digits()
    program = zoo.lenet5().program(pictures[:images])
    ratios = []
    for _ in range(pairs):
        seconds = {}
        for checks in (False, True):
            execution = rtl.run(program, rtl.Simulation(seed=1, stream_checks=checks, run_name="checkers-cost"))
            assert not execution.failures, execution.failures
            seconds[checks] = execution.counters["cpu_seconds"]
        ratios.append(seconds[True] / seconds[False])
        print(f"{seconds[False]:.3f} s without, {seconds[True]:.3f} s with, ratio {ratios[-1]:.3f}", flush=True)  # noqa: T201
    median = statistics.median(ratios)
    print(f"median ratio {median:.3f}, at most {LIMIT} is meant")  # noqa: T201
    raise typer.Exit(int(median > LIMIT))


if __name__ == "__main__":
    typer.run(main)
