"""Commands that run a compiled network: run, accuracy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cocodla.cli.base import (
    LATENCY,
    MEMORY,
    SEED,
    SIM,
    WATCHDOG,
    WAVES,
    command,
    command_line,
    console,
    emit,
    memory_words,
)
from cocodla.cli.cycles import REPORT, keep_report
from cocodla.cli.loadables import MEAN, NORMALIZE
from cocodla.cli.model_options import COUNT, NETWORK, RESIZE, RUNNABLE, loader
from cocodla.errors import UserError
from cocodla.files.outputs import check_target, write_whole

if TYPE_CHECKING:
    from cocodla.runtime.rtl import MemoryModel, Simulation
    from cocodla.sim.waves import Waves

CLIPPED = 0.01
"""Share of inputs clipped to the range of codes from which on it is told."""
INPUTS = typer.Option(
    [], "--input", help="pictures, a folder of them, .npy, IDX or CIFAR-10 file; of a loadable also .dimg and .bin"
)
OUTPUT = typer.Option(
    None, "-o", "--output", help="write the outputs: .npz, or a .npy file each; of a loadable also .dimg, .bin, .txt"
)
EXPECT = typer.Option(
    None, "--expect", help="what the first output of a loadable must be: .dimg, .npy, .txt, or its first bytes (.bin)"
)
MOST = 5
"""Layers that are named for saturation."""


@command
def run(
    network: Path = RUNNABLE,
    inputs: list[Path] = INPUTS,
    backend: str = typer.Option("golden", "--backend", help="golden, or rtl (compared with golden, tensor by tensor)"),
    output: Path = OUTPUT,
    expect: Path = EXPECT,
    sim: str = SIM,
    seed: int = SEED,
    waves: Waves | None = WAVES,
    latency: int = LATENCY,
    memory: str = MEMORY,
    watchdog: int = WATCHDOG,
    mean: str = MEAN,
    normalize: str = NORMALIZE,
    resize: bool = RESIZE,
    count: int = COUNT,
    report_cycles: bool = REPORT,
) -> None:
    """Run a compiled network, or a loadable, on the golden model or on the RTL."""
    from cocodla.cli.loadables import Wanted, open_if_loadable, preparation, run_loadable
    from cocodla.compiler import Network
    from cocodla.report import compiled as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.accuracy import run_golden_batches
    from cocodla.runtime.memories import memory_or_latency

    if backend not in ("golden", "rtl"):
        raise UserError(f"unknown backend {backend!r}; known: golden, rtl")
    if report_cycles and backend != "rtl":
        raise UserError(f"--report tells of cycles: it goes with --backend rtl, not {backend}")
    if backend == "rtl":
        from cocodla.sim.run import new_seed

        seed = new_seed() if seed is None else seed
        console.note(f"seed {seed}")
    chosen = memory_or_latency(memory, latency)
    simulation = _simulation(sim, seed, waves, chosen, watchdog, report_cycles) if backend == "rtl" else None
    words = ["run", network, "--backend", "rtl", "--sim", sim, "--seed", seed, "--waves"]
    words += memory_words(memory, latency)
    words += ["--watchdog", watchdog, *(["--resize"] if resize else [])]
    again = [word for item in inputs for word in ("--input", item)]
    loadable, prepared = open_if_loadable(network), preparation(mean, normalize)
    if loadable is not None:
        given = (("--mean", mean), ("--normalize", normalize))
        again += [word for name, text in given if text for word in (name, text)]
        wanted = Wanted(network, inputs, resize, count, output, expect, prepared, simulation)
        run_loadable(loadable, wanted, command_line(*words, *(["--count", count] if count else []), *again))
        return
    if expect is not None or prepared is not None:
        what = "--expect does" if prepared is None else "--mean and --normalize do"
        raise UserError(f"{network}: is no loadable: {what} not belong to it")
    loaded = Network.load(network)
    if not inputs:
        raise UserError(f"{network}: --input is missing: pictures, an .npy, IDX or CIFAR-10 file")
    targets = _targets(output, [entry.name for entry in loaded.outputs]) if output is not None else {}
    for target in targets.values():
        check_target(target, [network, *inputs])
        _check_suffix(target)
    images = loader(inputs, resize, count)(loaded.input.shape, loaded.input.parts)
    _warn_of_clipping(loaded, images)
    passed = True
    if simulation is None:
        with progress_bar(console, f"{loaded.name} on golden") as progress:
            found = run_golden_batches(loaded, images, progress)
    else:
        rerun = command_line(*words, "--count", len(images), *again)
        found, passed = _run_on_rtl(loaded, images[:], simulation, rerun)
    for name, values in found.items():
        report.show_outputs(name, values, console)
    _save(targets, found)
    emit(lambda: {"passed": passed, "outputs": report.outputs_json(found)})
    if not passed:
        raise typer.Exit(1)


def _simulation(
    sim: str, seed: int | None, waves: Waves | None, memory: MemoryModel, watchdog: int, activity: bool
) -> Simulation:
    from cocodla.runtime import rtl

    return rtl.Simulation(sim=sim, waves=waves, seed=seed, memory=memory, watchdog=watchdog, activity=activity)


def _warn_of_clipping(network: Any, images: Any) -> None:
    """Tell if many inputs are beyond what calibration has seen: pixels where the model takes 0 to 1, for example."""
    from cocodla.runtime.accuracy import clipped_share, saturated_tensors

    share = clipped_share(network, images)
    if share > CLIPPED:
        typer.echo(f"cocodla: warning: {share:.0%} of the input values are beyond what the network expresses", err=True)
    found = sorted(saturated_tensors(network, images), key=lambda entry: entry[2] - entry[1])
    for layer, now, then in found[:MOST]:
        typer.echo(
            f"cocodla: warning: layer {layer!r} saturates in {now:.2%} of its values, on the calibration data in "
            f"{then:.2%}",
            err=True,
        )
    if len(found) > MOST:
        typer.echo(f"cocodla: warning: {len(found) - MOST} more layers saturate", err=True)


def _run_on_rtl(network: Any, images: Any, simulation: Any, rerun: str) -> tuple[Any, bool]:
    """All outputs, and whether every tensor was equal to the golden model's. rerun: the command that does it again."""
    import numpy as np

    from cocodla.report import network as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.recording import Stages
    from cocodla.runtime.verify import verify_network

    stages = Stages(simulation)
    with progress_bar(console, f"{network.name} on {simulation.sim}") as progress:
        result = verify_network(network, images, np.full(len(images), -1), simulation, progress, observe=stages.add)
    report.show(result, console, rerun)
    if simulation.activity:
        keep_report(stages.of_network(network, len(images)))
    return network.golden_outputs(images), result.passed


def _targets(path: Path, names: list[str]) -> dict[str, Path]:
    """The file of each output: one archive (.npz), or `path` for the first and others beside it, named like the output.

    UserError for outputs whose names differ only in characters that file names do not have.
    """
    if path.suffix == ".npz":
        return dict.fromkeys(names, path)
    plain = {name: re.sub(r"[^\w.-]+", "_", name) for name in names[1:]}
    if len(set(plain.values())) < len(plain):
        raise UserError(f"{path}: outputs {', '.join(names)} have no file names of their own; write them as .npz")
    beside = {name: path.with_name(f"{path.stem}.{text}{path.suffix}") for name, text in plain.items()}
    return {names[0]: path, **beside}


def _check_suffix(path: Path) -> None:
    """UserError for a file whose name promises another format; a pipe or device gets .npy."""
    if path.suffix not in (".npz", ".npy") and (path.is_file() or not path.exists()):
        raise UserError(f"{path}: outputs are written as .npz or .npy, not as {path.suffix or 'a file without suffix'}")


def _save(targets: Mapping[str, Path], values: Mapping[str, Any]) -> None:
    """Write outputs to their files, each whole or not at all."""
    import io
    import zipfile

    import numpy as np

    for path in dict.fromkeys(targets.values()):
        buffer = io.BytesIO()
        if path.suffix == ".npz":
            with zipfile.ZipFile(buffer, "w") as archive:  # numpy's savez does not take all names
                for name, array in values.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array)
        else:
            np.save(buffer, next(values[name] for name, target in targets.items() if target == path))
        write_whole(path, buffer.getvalue())
    if len(targets) > 1:
        for name, path in targets.items():
            console.print(f"written: {path}: {name}", highlight=False, soft_wrap=True)


@command
def accuracy(
    network: Path = NETWORK,
    images: list[Path] = typer.Option(..., "--images", help="pictures, a folder of them, .npy, IDX or CIFAR-10 file"),
    labels: Path = typer.Option(..., "--labels", help="class numbers: IDX, .npy, CIFAR-10 or text file"),
    model: Path = typer.Option(None, "--model", help="the ONNX model, to compare with its accuracy in float"),
    resize: bool = RESIZE,
    count: int = COUNT,
) -> None:
    """Measure what share of labelled images a compiled classifier recognises."""
    from cocodla.compiler import Network
    from cocodla.files.images import labels_for, read_labels
    from cocodla.report import compiled as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.accuracy import measure

    loaded = Network.load(network)
    numbers = read_labels(labels)
    found = loader(images, resize, count)(loaded.input.shape, loaded.input.parts)
    classes = labels_for(numbers, labels, len(found), first=count is not None)
    _warn_of_clipping(loaded, found)
    with progress_bar(console, f"{loaded.name}, {len(found)} images") as progress:
        result = measure(loaded, found, classes, model, progress)
    report.show_accuracy(result, loaded, console)
    emit(lambda: asdict(result))
