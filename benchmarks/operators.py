"""Cycles of ten operators on the RTL: written with `cocodla.operators`, by the compiler, and layer by layer.

    .venv/bin/python benchmarks/operators.py [text in the operator's name] [--images N] [--small] [--latency N]

Every tensor of every run is compared with the golden model. What layer by layer means: cocodla.bench.operator_cases.
Exit status 1 if RTL and golden model differ anywhere.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from cocodla.bench.operator_cases import CASES, SCALE, OperatorCase
from cocodla.compiler import CompileOptions, compile_model
from cocodla.errors import Fault, UserError
from cocodla.report.progress import progress_bar
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network

ASKED_COMPILER, ASKED_APART = 1.05, 1.62


@dataclass(frozen=True)
class Row:
    """Cycles for an image. layers: how many of each way."""

    case: OperatorCase
    written: float
    lowered: float
    apart: float
    layers: tuple[int, int, int]


def codes_of(case: OperatorCase, images: int, small: bool, seed: int) -> np.ndarray:
    """Random int8 codes (images, C, H, W)."""
    shape = case.small if small else case.shape
    return np.random.default_rng(seed).integers(-128, 128, (images, *shape)).astype(np.int8)


def by_compiler(case: OperatorCase, codes: np.ndarray, small: bool, simulation: rtl.Simulation) -> tuple[float, int]:
    """(cycles for an image, layers) of the compiler's lowering."""
    images = (codes * SCALE).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = case.model(small).save(Path(folder) / "operator.onnx")
        network = compile_model(path, images, CompileOptions(effort="fast", strict=True))
    run = verify_network(network, images, np.zeros(len(images), int), simulation)
    if not run.passed:
        raise Fault(f"{case.name}: RTL and golden model differ: {run.first_mismatch or run.failures}")
    return run.cycles_per_image, len(network.layers)


def measured(
    cases: list[OperatorCase], images: int, small: bool, seed: int, simulation: rtl.Simulation,
    tick: Callable[[int, int], None],
) -> Iterator[Row]:  # fmt: skip
    """A row for each operator."""
    for index, case in enumerate(cases):
        codes = codes_of(case, images, small, seed)
        fused, apart = case.sequence(True, small), case.sequence(False, small)
        ours = fused.rtl({"x": codes}, simulation).cycles_per_image
        tick(3 * index + 1, 3 * len(cases))
        single = apart.rtl({"x": codes}, simulation).cycles_per_image
        tick(3 * index + 2, 3 * len(cases))
        lowered, layers = by_compiler(case, codes, small, simulation)
        tick(3 * index + 3, 3 * len(cases))
        yield Row(case, ours, lowered, single, (len(fused.chains), layers, len(apart.chains)))


def mean(values: list[float]) -> float:
    """Geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def show(rows: list[Row], console: Console) -> None:
    """The table, and the geometric means beside what is asked."""
    table = Table("operator", "where", *("written", "compiler", "by layers", "/ compiler", "faster", "layers"))
    for row in rows:
        table.add_row(
            row.case.name, row.case.where, *(f"{value:,.0f}" for value in (row.written, row.lowered, row.apart)),
            f"{row.written / row.lowered:.3f}", f"{row.apart / row.written:.2f}x", " / ".join(map(str, row.layers)),
        )  # fmt: skip
    console.print(table)
    told = f"asked: at most {ASKED_COMPILER} and at least {ASKED_APART}"
    means([row for row in rows if not row.case.alone], f"the operators in their places ({told})", console)
    means(rows, "all rows", console)


def means(rows: list[Row], what: str, console: Console) -> None:
    """A line of geometric means."""
    if not rows:
        return
    against = mean([row.written / row.lowered for row in rows])
    faster = mean([row.apart / row.written for row in rows])
    console.print(
        f"geometric means, {what}: {against:.3f} of the compiler's cycles, {faster:.2f} times faster than by layers"
    )



def main(
    text: str = typer.Argument("", help="part of the operator's name"),
    images: int = typer.Option(4, min=1, help="images one behind the other"),
    small: bool = typer.Option(False, help="small tensors: quick, and not worth comparing"),
    latency: int = typer.Option(32, min=1, help="of the memory, in cycles"),
    seed: int = typer.Option(1, help="of data and simulation"),
) -> None:
    """Measure and print."""
    console = Console(highlight=False, width=180)
    cases = [case for case in CASES if text in case.name]
    if not cases:
        raise UserError(f"no operator has {text!r} in its name; there are {', '.join(case.name for case in CASES)}")
    simulation = rtl.Simulation(seed=seed, memory=rtl.MemoryModel(latency=latency))
    console.print(f"{images} images, latency {latency}, seed {seed}; cycles for an image")
    with progress_bar(Console(stderr=True), "operators") as progress:
        rows = list(measured(cases, images, small, seed, simulation, progress))
    show(rows, console)


if __name__ == "__main__":
    try:
        typer.run(main)
    except UserError as error:
        sys.exit(f"operators.py: {error}")
