"""Commands about networks of one's own: compile, inspect, run, accuracy, quantize, diverge, fuzz (random ones)."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from cocodla.cli_base import SEED, SIM, WATCHDOG, WAVES, command, command_line, console
from cocodla.errors import UserError
from cocodla.files import check_target, write_whole

if TYPE_CHECKING:
    from cocodla.compiler import CompileOptions

CLIPPED = 0.01
"""Share of inputs clipped to the range of codes from which on it is told."""
MODEL = typer.Argument(help="an ONNX model")
NETWORK = typer.Argument(help="a compiled network")
CALIB = typer.Option(
    ..., "--calib", help="calibration data: folder of pictures, .npy, IDX or CIFAR-10 file; several times for pictures"
)
MAYBE_CALIB = typer.Option(
    [], "--calib",
    help="calibration data: folder of pictures, .npy, IDX or CIFAR-10 file; not needed if the model brings its scales",
)
INPUT = typer.Option(..., "--input", help="pictures, a folder of them, .npy, IDX or CIFAR-10 file")
RESIZE = typer.Option(False, "--resize", help="scale pictures to the input's size")
COUNT = typer.Option(None, "--count", min=1, help="use the first images only")
SCALE = typer.Option(
    None, "--pixel-scale", help="a pixel byte p means scale * p + offset to the model: one number, or one a channel"
)
OFFSET = typer.Option("0", "--pixel-offset", help="see --pixel-scale")
SHAPE = typer.Option(None, "--input-shape", help="channels,height,width where the model leaves them open")
CALIBRATOR = typer.Option("minmax", "--calibrator", help="minmax, percentile, entropy or mse")
PERCENTILE = typer.Option(99.99, "--percentile", help="share of values inside the range, in percent")
EQUALISE = typer.Option(False, "--equalise", help="balance channels of neighbouring convolutions")
CORRECTION = typer.Option(False, "--bias-correction", help="take the mean error of rounded weights out of the biases")
ASYMMETRIC = typer.Option(False, "--asymmetric", help="all 256 codes for tensors that are never negative")


def _numbers(text: str | None, option: str) -> list[float] | None:
    """Numbers between commas."""
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise UserError(f"{option} takes numbers between commas, not {text!r}") from None


def _extents(text: str | None) -> list[int] | None:
    """Extents between commas."""
    if text is None:
        return None
    words = text.split(",")
    if not all(word.strip().isdecimal() and int(word) > 0 for word in words):
        raise UserError(f"--input-shape takes whole numbers from 1, not {text!r}")
    return [int(word) for word in words]


def _address(text: str) -> int:
    """A number in any of the usual spellings."""
    try:
        return int(text, 0)
    except ValueError:
        raise UserError(f"--base-address takes a number, not {text!r}") from None


def _options(
    scale: str | None, offset: str, shape: str | None, calibrator: str, percentile: float, **flags: Any
) -> CompileOptions:
    from cocodla.compiler import CompileOptions

    return CompileOptions(
        pixel_scale=_numbers(scale, "--pixel-scale"),
        pixel_offset=_numbers(offset, "--pixel-offset") or 0.0,
        input_shape=_extents(shape),
        calibrator=calibrator,  # type: ignore[arg-type]  # checked there
        percentile=percentile,
        **flags,
    )


def _load(paths: list[Path], resize: bool, count: int | None) -> Any:
    """A function that loads images for an input's shape."""
    from cocodla.images import load_images

    def load(shape: tuple[int, ...]) -> Any:
        images = load_images(paths, shape, resize)
        return images if count is None else images[:count]

    return load


@command
def compile(
    model: Path = MODEL,
    calib: list[Path] = MAYBE_CALIB,
    output: Path = typer.Option(None, "-o", "--output", help="network file (default: the model's name with .dla)"),
    annotated: Path = typer.Option(None, "--annotated", help="also write the model with placement and scales"),
    scale: str = SCALE,
    offset: str = OFFSET,
    shape: str = SHAPE,
    calibrator: str = CALIBRATOR,
    percentile: float = PERCENTILE,
    equalise: bool = EQUALISE,
    bias_correction: bool = CORRECTION,
    asymmetric: bool = ASYMMETRIC,
    strict: bool = typer.Option(False, "--strict", help="refuse operators that only the host can run"),
    base: str = typer.Option("0x80000000", "--base-address", help="first byte of the memory the network uses"),
    reuse: bool = typer.Option(False, "--reuse-memory", help="tensors that are not alive together share memory"),
    resize: bool = RESIZE,
    count: int = COUNT,
) -> None:
    """Compile an ONNX model to an int8 network for the accelerator."""
    from cocodla.compiler import compile_model
    from cocodla.report import compiled as report
    from cocodla.report.annotate import save_annotated

    options = _options(
        scale, offset, shape, calibrator, percentile, equalise=equalise, bias_correction=bias_correction,
        asymmetric=asymmetric, strict=strict, base_address=_address(base), reuse_memory=reuse,
    )  # fmt: skip
    target = output or model.with_suffix(".dla")
    check_target(target, [model, *calib])
    if annotated is not None:
        check_target(annotated, [model, *calib])
        if annotated.resolve() == target.resolve():
            raise UserError(f"{target}: is both the network file and the annotated model")
    with console.status(Text(f"compiling {model.name}")):
        network = compile_model(model, _load(calib, resize, count) if calib else None, options)
        network.save(target)
        if annotated is not None:
            save_annotated(network, model, annotated)
    report.show_network(network, console)
    console.print(f"written: {target}" + (f", {annotated}" if annotated else ""), highlight=False, soft_wrap=True)


@command
def inspect(
    network: Path = NETWORK,
    as_json: bool = typer.Option(False, "--json", help="plain values instead of tables"),
) -> None:
    """Show a compiled network: memory map, layers, tiles, bounds, traffic."""
    from cocodla.compiler import Network
    from cocodla.report import compiled as report

    loaded = Network.load(network)
    if as_json:
        typer.echo(json.dumps(report.describe(loaded), indent=1))
    else:
        report.show_network(loaded, console)


@command
def run(
    network: Path = NETWORK,
    inputs: list[Path] = INPUT,
    backend: str = typer.Option("golden", "--backend", help="golden, or rtl (compared with golden, tensor by tensor)"),
    output: Path = typer.Option(None, "-o", "--output", help="write the outputs as .npy"),
    sim: str = SIM,
    seed: int = SEED,
    waves: bool = WAVES,
    latency: int = typer.Option(32, "--latency", min=1, help="memory read latency in cycles"),
    watchdog: int = WATCHDOG,
    resize: bool = RESIZE,
    count: int = COUNT,
) -> None:
    """Run a compiled network on the golden model or on the RTL."""
    from cocodla.compiler import Network
    from cocodla.report import compiled as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.accuracy import run_golden_batches

    if backend not in ("golden", "rtl"):
        raise UserError(f"unknown backend {backend!r}; known: golden, rtl")
    if output is not None:
        check_target(output, [network, *inputs])
    loaded = Network.load(network)
    images = _load(inputs, resize, count)(loaded.input.shape)
    _warn_of_clipping(loaded, images)
    passed = True
    if backend == "golden":
        with progress_bar(console, f"{loaded.name} on golden") as progress:
            scores = run_golden_batches(loaded, images, progress)
    else:
        from cocodla.runtime import rtl
        from cocodla.sim.run import new_seed

        seed = new_seed() if seed is None else seed
        console.print(f"seed {seed}", highlight=False)
        memory = rtl.MemoryModel(latency=latency)
        simulation = rtl.Simulation(sim=sim, waves=waves, seed=seed, memory=memory, watchdog=watchdog)
        words = ["run", network, "--backend", "rtl", "--sim", sim, "--seed", seed, "--latency", latency, "--waves"]
        words += ["--watchdog", watchdog, "--count", len(images), *(["--resize"] if resize else [])]
        rerun = command_line(*words, *(word for item in inputs for word in ("--input", item)))
        scores, passed = _run_on_rtl(loaded, images[:], simulation, rerun)
    report.show_outputs(scores, console)
    if output is not None:
        _save_array(output, scores)
    if not passed:
        raise typer.Exit(1)


def _warn_of_clipping(network: Any, images: Any) -> None:
    """Tell if many inputs are beyond what calibration has seen: pixels where the model takes 0 to 1, for example."""
    from cocodla.runtime.accuracy import clipped_share

    share = clipped_share(network, images)
    if share > CLIPPED:
        typer.echo(f"cocodla: warning: {share:.0%} of the input values are beyond what the network expresses", err=True)


def _run_on_rtl(network: Any, images: Any, simulation: Any, rerun: str) -> tuple[Any, bool]:
    """Outputs, and whether every tensor was equal to the golden model's. rerun: the command that does it again."""
    import numpy as np

    from cocodla.report import network as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.verify import verify_network

    with progress_bar(console, f"{network.name} on {simulation.sim}") as progress:
        result = verify_network(network, images, np.full(len(images), -1), simulation, progress)
    report.show(result, console, rerun)
    return network.golden_batch(images), result.passed


def _save_array(path: Path, values: Any) -> None:
    import io

    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, values)
    write_whole(path, buffer.getvalue())


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
    from cocodla.images import load_labels
    from cocodla.report import compiled as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.accuracy import measure

    loaded = Network.load(network)
    found = _load(images, resize, count)(loaded.input.shape)
    _warn_of_clipping(loaded, found)
    classes = load_labels(labels, len(found), first=count is not None)
    with progress_bar(console, f"{loaded.name}, {len(found)} images") as progress:
        result = measure(loaded, found, classes, model, progress)
    report.show_accuracy(result, loaded, console)


@command
def quantize(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    inputs: list[Path] = typer.Option([], "--input", help="images to measure with (default: the calibration data)"),
    report: bool = typer.Option(True, "--report/--no-report", help="print the tables"),
    output: Path = typer.Option(None, "-o", "--output", help="write the figures as JSON"),
    scale: str = SCALE,
    offset: str = OFFSET,
    shape: str = SHAPE,
    calibrator: str = CALIBRATOR,
    percentile: float = PERCENTILE,
    equalise: bool = EQUALISE,
    bias_correction: bool = CORRECTION,
    asymmetric: bool = ASYMMETRIC,
    resize: bool = RESIZE,
    count: int = COUNT,
) -> None:
    """Tell what int8 costs each layer: SQNR, cosine, largest error, saturation, and which layers hurt most."""
    from cocodla.report import quality as tables
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.quality import Study, measure_quality

    options = _options(
        scale, offset, shape, calibrator, percentile, equalise=equalise, bias_correction=bias_correction,
        asymmetric=asymmetric,
    )  # fmt: skip
    if output is not None:
        check_target(output, [model, *calib, *inputs])
    with console.status(Text(f"compiling {model.name}")):
        study = Study.of(model, _load(calib, resize, count), options)
    images = _load(inputs or calib, resize, count)(study.network.input.shape)
    with progress_bar(console, f"{study.network.name}, {len(images)} images") as progress:
        layers = measure_quality(study, images, progress)
    if report:
        tables.show_quality(layers, console)
    if output is not None:
        write_whole(output, (json.dumps(tables.as_json(layers), indent=1) + "\n").encode())


@command
def diverge(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    inputs: list[Path] = typer.Option([], "--input", help="images to compare with (default: the calibration data)"),
    limit: float = typer.Option(20.0, "--limit", help="least SQNR of a layer's own error, in dB"),
    on_rtl: bool = typer.Option(False, "--rtl", help="run the RTL too, with the first two images"),
    sim: str = SIM,
    seed: int = SEED,
    waves: bool = WAVES,
    scale: str = SCALE,
    offset: str = OFFSET,
    shape: str = SHAPE,
    calibrator: str = CALIBRATOR,
    percentile: float = PERCENTILE,
    equalise: bool = EQUALISE,
    bias_correction: bool = CORRECTION,
    asymmetric: bool = ASYMMETRIC,
    resize: bool = RESIZE,
    count: int = typer.Option(8, "--count", min=1, help="compare with the first images"),
) -> None:
    """Find the first layer where float, int8, golden model or RTL part ways. Status 1 if there is one."""
    from cocodla.report import quality as tables
    from cocodla.report.progress import progress_bar
    from cocodla.runtime import rtl
    from cocodla.runtime.diverge import search
    from cocodla.runtime.quality import Study
    from cocodla.sim.run import new_seed

    options = _options(
        scale, offset, shape, calibrator, percentile, equalise=equalise, bias_correction=bias_correction,
        asymmetric=asymmetric,
    )  # fmt: skip
    if limit != limit:
        raise UserError("--limit takes a number of dB, not nan")
    with console.status(Text(f"compiling {model.name}")):
        study = Study.of(model, _load(calib, resize, None), options)
    images = _load(inputs or calib, resize, None)(study.network.input.shape)[:count]
    simulation = None
    if on_rtl:
        seed = new_seed() if seed is None else seed
        console.print(f"seed {seed}", highlight=False)
        simulation = rtl.Simulation(sim=sim, waves=waves, seed=seed)
    with progress_bar(console, f"{study.network.name}") as progress:
        found = search(study, model, images, limit, simulation, progress)
    tables.show_divergence(found, console)
    if found.first is not None or found.rtl_mismatch is not None:
        raise typer.Exit(1)


@command
def fuzz(
    count: int = typer.Option(100, "--count", min=1, help="how many networks"),
    seed: int = SEED,
    nodes: int = typer.Option(None, "--nodes", min=1, help="only the first nodes of each network"),
    jobs: int = typer.Option(os.cpu_count() or 1, "--jobs", min=1, help="networks at a time (one with --rtl)"),
    on_rtl: bool = typer.Option(False, "--rtl", help="run them on the RTL too"),
    sim: str = SIM,
) -> None:
    """Compile random ONNX networks and compare golden model, onnxruntime and RTL. Seed n is the first one plus n."""
    from cocodla.fuzz.campaign import run_networks
    from cocodla.fuzz.check import Finding
    from cocodla.report import fuzz as tables
    from cocodla.runtime import rtl
    from cocodla.sim import project
    from cocodla.sim.run import new_seed

    def repeat(finding: Finding) -> str:
        words = ["fuzz", "--count", "1", "--seed", str(finding.seed), "--nodes", str(finding.nodes)]
        return shlex.join([sys.executable, "-m", "cocodla", *words, *(["--rtl", "--sim", sim] if on_rtl else [])])

    seed = new_seed() if seed is None else seed
    console.print(f"random networks, seed {seed}", highlight=False)
    simulation = rtl.Simulation(sim=sim, seed=seed) if on_rtl else None
    found = run_networks(range(seed, seed + count), project.build() / "fuzz", jobs, simulation, nodes)
    if not tables.show(found, count, console, repeat):
        raise typer.Exit(1)
