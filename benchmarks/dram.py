"""A DRAM in place of a memory that always takes as long: latency model against RTL, and what is worth doing about it.

    python benchmarks/dram.py model [--memory NAME ...] [--only REGEX]   53 layers and 6 networks: error, by terms
    python benchmarks/dram.py bound                                      which layers the memory bounds
    python benchmarks/dram.py gains [--only REGEX]                       joined bursts, tensors by bank, another master
    python benchmarks/dram.py images [--only REGEX]                      an image alone against two in flight

Finished measurements are kept, those of layers as `make bench` keeps them: what was interrupted goes on where it
stopped, and a change of RTL, bench or network measures anew. docs/memory.md has the tables.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import click
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from cocodla.bench.measure import Case, layer_cases, measure
from cocodla.compiler import Network, compile_model
from cocodla.compiler.prediction import predict_network, predict_row
from cocodla.errors import Fault, UserError
from cocodla.latency import DRAMS, DramTiming, MemoryTiming, dram_of, layer_of, predict
from cocodla.nets.registry import Net, networks
from cocodla.report.progress import progress_bar
from cocodla.runtime import rtl
from cocodla.runtime.memories import memory_of
from cocodla.runtime.verify import verify_network
from cocodla.sim import project
from cocodla.sim.build import cache_key

NETS = ("lenet5", "residual", "lenet_caffe", "mnist_cntk", "resnet18_cifar10", "alexnet")
"""Networks whose images take the RTL seconds."""
IMAGES = 8
"""Of a network, one behind the other."""
RESULTS = project.committed("benchmarks/results/dram.json")
"""Cycles on the RTL by memory: of layers, and of networks for an image."""
ASKED_MEAN, ASKED_WORST = 0.02, 0.08
BANK = 1 << 27
"""Bytes from bank to bank where they are on top of the address."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=150, markup=False, highlight=False)
MEMORY = typer.Option(list(DRAMS), "--memory", help="DRAMs, with :key=value behind a name; several times")
ONLY = typer.Option("", "--only", help="regular expression on names")


def fixed(dram: DramTiming) -> MemoryTiming:
    """A memory that always takes as long as this DRAM with a closed row and nothing else to do."""
    clocks = dram.rcd + dram.cl + dram.ccd + dram.front
    return MemoryTiming(-(-clocks // dram.ratio), dram.write_latency)


def bus_only(dram: DramTiming) -> DramTiming:
    """Bursts take their time; rows are always open, the bus turns for nothing, nothing is refreshed."""
    rows = replace(dram, rcd=1, rp=1, ras=1, rtp=1, wr=1, rrd=1, faw=1, cl=dram.cl + dram.rcd, row_log2=16)
    return replace(rows, wtr=dram.ccd, rtw=dram.ccd, rfc=1)


TERMS: dict[str, Callable[[DramTiming], MemoryTiming]] = {
    "latency only": fixed,
    "+ bursts": lambda dram: MemoryTiming(dram=bus_only(dram)),
    "+ turnaround": lambda dram: MemoryTiming(dram=replace(bus_only(dram), wtr=dram.wtr, rtw=dram.rtw)),
    "+ rows": lambda dram: MemoryTiming(dram=replace(dram, rfc=1)),
    "+ refresh": lambda dram: MemoryTiming(dram=dram),
}
"""The latency model, term by term; the last has all of them."""


def cases_of(only: str) -> list[Case]:
    """Layers whose names match."""
    try:
        found = [case for case in layer_cases(1) if re.search(only, case.name)]
    except re.error as error:
        raise UserError(f"--only {only!r} is no regular expression ({error})") from None
    if not found:
        raise UserError(f"--only {only!r}: no layer of that name")
    return found


def cycles_of(case: Case, memory: str) -> int:
    """Measured on the RTL, every output compared with the golden model."""
    (found,) = measure(case, [memory])
    if found.failures:
        raise Fault(f"{case.name} with {memory}: {found.failures[0]}")
    return found.cycles


def nets_of(only: str) -> list[Net]:
    """Networks of NETS whose names match; those whose material is not here are left out."""
    return [net for net in networks() if net.name in NETS and re.search(only, net.name) and not net.missing]


def compiled(net: Net, images_in_flight: int = 0) -> Network:
    """A network as the RTL runs it. images_in_flight: 0 as usual."""
    variant = net.on_rtl or net.main
    options = variant.options
    if images_in_flight:
        options = replace(options, images_in_flight=images_in_flight)
    with tempfile.TemporaryDirectory() as folder:
        return compile_model(variant.model(Path(folder)), variant.data().calibration, options)


def row_cycles(network: Network, timing: MemoryTiming, images: int) -> int:
    """Predicted cycles of an image, of so many one behind the other."""
    if timing.dram:
        return round(predict_row(network, timing.dram, images) / images)
    return predict_network(network, timing).image


def image_cycles(net: Net, network: Network, memory: str, images: int) -> float:
    """Cycles of an image on the RTL, of so many one behind the other; every tensor compared."""
    data = (net.on_rtl or net.main).data().images[:images]
    simulation = rtl.Simulation(seed=1, memory=memory_of(memory))
    place = _place(network, data, simulation)
    if place.exists():
        return float(json.loads(place.read_text(encoding="utf-8")))
    run = verify_network(network, data, np.full(len(data), -1), simulation)
    if not run.passed:
        raise Fault(f"{net.name} with {memory}: {run.first_mismatch or run.failures}")
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(run.cycles_per_image), encoding="utf-8")
    scratch.replace(place)
    return run.cycles_per_image


def _place(network: Network, images: np.ndarray, simulation: rtl.Simulation) -> Path:
    """Where a measurement of a network is kept: by the model of the simulator, the network, its images, the memory."""
    digest = hashlib.sha256(cache_key(rtl.chip_design(rtl.Simulation()), "verilator", None).encode())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.dla"
        network.save(file)
        digest.update(file.read_bytes())
    digest.update(np.ascontiguousarray(images).tobytes())
    digest.update(json.dumps(asdict(simulation.memory)).encode())
    return project.build() / "bench" / "networks" / f"{digest.hexdigest()[:24]}.json"


def error_table(title: str, rows: list[tuple[str, float, list[int]]]) -> tuple[float, float]:
    """Measured, predicted, errors; mean and worst of the last term."""
    table = Table("name", "RTL", *TERMS, "error", title=title, title_justify="left")
    errors = []
    for name, measured, predicted in rows:
        errors.append([value / measured - 1 for value in predicted])
        table.add_row(name, f"{measured:,.0f}", *(f"{value:,}" for value in predicted), f"{errors[-1][-1]:+.2%}")
    for what, pick in (("mean error", lambda v: sum(v) / len(v)), ("worst", max)):
        table.add_row(what, "", *(f"{pick([abs(e[i]) for e in errors]):.2%}" for i in range(len(TERMS))), "")
    console.print(table)
    final = [abs(error[-1]) for error in errors]
    return sum(final) / len(final), max(final)


@app.command()
def model(
    memory: list[str] = MEMORY, only: str = ONLY, nets: bool = True, layers: bool = True,
    accept: bool = typer.Option(False, "--accept", help=f"write {RESULTS.name}, which a test compares the model with"),
) -> None:  # fmt: skip
    """The latency model against the RTL; exit status 1 beyond what is asked."""
    passed = True
    measured: dict[str, dict[str, dict[str, float]]] = {"layers": defaultdict(dict), "networks": defaultdict(dict)}
    for name in memory:
        dram = dram_of(name)
        timings = [make(dram) for make in TERMS.values()]
        rows: list[tuple[str, float, list[int]]] = []
        cases = cases_of(only) if layers else []
        with progress_bar(console, name) as tick:
            for index, case in enumerate(cases):
                layer = layer_of(case.program)
                rows.append((case.name, cycles_of(case, name), [predict(layer, timing) for timing in timings]))
                tick(index + 1, len(cases))
        found = [error_table(f"layers, {name}", rows)] if rows else []
        measured["layers"][name] = {case: cycles for case, cycles, _ in rows}
        rows = []
        chosen = nets_of(only) if nets else []
        with progress_bar(console, name) as tick:
            for index, net in enumerate(chosen):
                network = compiled(net)
                predicted = [row_cycles(network, timing, IMAGES) for timing in timings]
                rows.append((net.name, image_cycles(net, network, name, IMAGES), predicted))
                tick(index + 1, len(chosen))
        found += [error_table(f"networks, {name}", rows)] if rows else []
        measured["networks"][name] = {net: cycles for net, cycles, _ in rows}
        for mean, worst in found:
            passed &= mean <= ASKED_MEAN and worst <= ASKED_WORST
    if accept:
        RESULTS.write_text(json.dumps({"images": IMAGES, **measured}, indent=1) + "\n", encoding="utf-8")
    console.print(f"asked: mean at most {ASKED_MEAN:.0%}, worst at most {ASKED_WORST:.0%}: {'yes' if passed else 'NO'}")
    raise typer.Exit(int(not passed))


@app.command()
def bound(memory: list[str] = MEMORY, only: str = ONLY) -> None:
    """Layers by how much slower the DRAM makes them than a memory of one request a cycle, measured."""
    table = Table("layer", "full32", *memory, title="cycles, and times full32", title_justify="left")
    slower: dict[str, int] = dict.fromkeys(memory, 0)
    cases = cases_of(only)
    with progress_bar(console, "bound") as tick:
        for index, case in enumerate(cases):
            plain = cycles_of(case, "full32")
            found = {name: cycles_of(case, name) for name in memory}
            for name, cycles in found.items():
                slower[name] += cycles > 1.05 * plain
            table.add_row(case.name, f"{plain:,}", *(f"{c:,} {c / plain:.2f}x" for c in found.values()))
            tick(index + 1, len(cases))
    console.print(table)
    for name, count in slower.items():
        console.print(f"{name}: {count} of {len(cases)} layers more than 5 % slower")


CLOSE = 256
"""Spacing of tensors where nothing is known of rows."""
WAYS: dict[str, tuple[str, Callable[[DramTiming], int]]] = {
    "as it is": ("", lambda dram: CLOSE),
    "no joining": (":lines=0", lambda dram: CLOSE),
    "tensors by row": ("", lambda dram: 3 << dram.row_log2),
    "bank on top": (":map=1", lambda dram: CLOSE),
    "and a bank a tensor": (":map=1", lambda dram: BANK),
    "other master 25 %": (":other=25", lambda dram: CLOSE),
    "50 %": (":other=50", lambda dram: CLOSE),
}
"""What is compared: parameters of the DRAM, and the spacing of tensors. Three rows: neighbours whose size is a power of
two begin in banks that differ by one or two."""


@app.command()
def gains(memory: list[str] = MEMORY, only: str = "fc|1x1|add|copy|cdp|pool") -> None:
    """What joined bursts and the places of tensors gain, and what another master costs, measured."""
    for name in memory:
        table = Table("layer", *WAYS, title=f"{name}: cycles, and against the first", title_justify="left")
        cases = cases_of(only)
        with progress_bar(console, name) as tick:
            for index, case in enumerate(cases):
                places = [(name + more, space(dram_of(name))) for more, space in WAYS.values()]
                found = [cycles_of(replace(case, spacing=space), way) for way, space in places]
                table.add_row(case.name, *(f"{c:,} {c / found[0]:.2f}x" for c in found))
                tick(index + 1, len(cases))
        console.print(table)


@app.command()
def images(memory: list[str] = MEMORY, only: str = ONLY, count: int = 4) -> None:
    """Cycles of an image: one after the other, and the next one fetched while one computes."""
    headings = ("network", "memory", "alone", "two in flight", "gain")
    table = Table(*headings, title="cycles of an image", title_justify="left")
    chosen = nets_of(only)
    with progress_bar(console, "images") as tick:
        for index, net in enumerate(chosen):
            apart, together = compiled(net, 1), compiled(net, 2)
            for name in ["full32", *memory]:
                alone = image_cycles(net, apart, name, count)
                both = image_cycles(net, together, name, count)
                table.add_row(net.name, name, f"{alone:,.0f}", f"{both:,.0f}", f"{alone / both:.2f}x")
            tick(index + 1, len(chosen))
    console.print(table)


if __name__ == "__main__":
    try:
        app(standalone_mode=True)
    except UserError as error:
        sys.stderr.write(f"dram.py: {error}\n")
        raise SystemExit(2) from None
    except (KeyboardInterrupt, click.exceptions.Abort):
        raise SystemExit("dram.py: stopped; what was measured is kept") from None
