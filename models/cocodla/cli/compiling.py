"""Commands that make a network of an ONNX model, and show one: compile, split, inspect."""

from __future__ import annotations

from pathlib import Path

import typer

from cocodla.cli.base import command, console, emit
from cocodla.cli.model_options import (
    ASYMMETRIC,
    BUDGET,
    CALIB,
    CALIBRATOR,
    CORRECTION,
    COUNT,
    EFFORT,
    EQUALISE,
    HEADROOM,
    MODEL,
    OFFSET,
    PERCENTILE,
    RESIZE,
    ROUNDING,
    RUNNABLE,
    SCALE,
    SHAPE,
    address,
    compile_options,
    loader,
)
from cocodla.cli.numbers import whole
from cocodla.errors import UserError
from cocodla.files.outputs import check_target, write_whole


@command
def compile(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    output: Path = typer.Option(None, "-o", "--output", help="network file (default: the model's name with .dla)"),
    annotated: Path = typer.Option(None, "--annotated", help="also write the model with placement and scales"),
    scale: str = SCALE,
    offset: str = OFFSET,
    shape: str = SHAPE,
    effort: str = EFFORT,
    budget: float = BUDGET,
    calibrator: str = CALIBRATOR,
    percentile: float = PERCENTILE,
    headroom: float = HEADROOM,
    equalise: bool = EQUALISE,
    bias_correction: bool = CORRECTION,
    adaptive_rounding: bool = ROUNDING,
    asymmetric: bool = ASYMMETRIC,
    target: str = typer.Option("direct", "--target", help="direct, or official: for export --loadable"),
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
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.targets import target_cost

    options = compile_options(
        scale, offset, shape, effort=effort, budget=budget, calibrator=calibrator, percentile=percentile,
        headroom=headroom, equalise=equalise, bias_correction=bias_correction, adaptive_rounding=adaptive_rounding,
        asymmetric=asymmetric, target=target, strict=strict, base_address=address(base), reuse_memory=reuse,
    )  # fmt: skip
    file = output or model.with_suffix(".dla")
    check_target(file, [model, *calib])
    if annotated is not None:
        check_target(annotated, [model, *calib])
        if annotated.resolve() == file.resolve():
            raise UserError(f"{file}: is both the network file and the annotated model")
    with progress_bar(console, f"compiling {model.name}") as progress:
        images = loader(calib, resize, count) if calib else None
        network = compile_model(model, images, options, progress)
        network.save(file)
        cost = target_cost(model, images, options, network) if options.target == "official" else None
        if annotated is not None:
            save_annotated(network, model, annotated)
    report.show_network(network, console)
    for line in cost.lines() if cost else ():
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"written: {file}" + (f", {annotated}" if annotated else ""), highlight=False, soft_wrap=True)
    emit(lambda: report.describe(network) | ({"against_direct": cost.described()} if cost else {}))


@command
def split(
    model: Path = MODEL,
    pictures: int = whole("--pictures", 8, "pictures whose features the classifier takes at once", 1, 64),
    folder: Path = typer.Option(Path(), "-o", "--output", help="folder of both models"),
) -> None:
    """Split a classifier into features of a picture and fully connected layers for several pictures at once.

    Writes NAME.features.onnx and NAME.classifierN.onnx; weights of the latter are fetched once for N pictures.
    """
    from cocodla.compiler.frontend.importer import load_model
    from cocodla.nets.classifier import split_classifier

    names = [folder / f"{model.stem}.{part}.onnx" for part in ("features", f"classifier{pictures}")]
    for name in names:
        check_target(name, [model])
    parts = split_classifier(load_model(model), pictures)
    for name, part in zip(names, parts, strict=True):
        write_whole(name, part.SerializeToString())
    shapes = [[dim.dim_value for dim in part.graph.input[0].type.tensor_type.shape.dim] for part in parts]
    console.print(f"written: {names[0]}, {names[1]}", highlight=False, soft_wrap=True)
    emit(lambda: {"models": [str(name) for name in names], "inputs": shapes})


@command
def inspect(network: Path = RUNNABLE) -> None:
    """Show a compiled network: memory map, layers, tiles, bounds, traffic; or the tables of a loadable."""
    from cocodla.cli.loadables import inspect_loadable, open_if_loadable
    from cocodla.compiler import Network
    from cocodla.report import compiled as report

    loadable = open_if_loadable(network)
    if loadable is not None:
        inspect_loadable(loadable, network)
        return
    loaded = Network.load(network)
    report.show_network(loaded, console)
    emit(lambda: report.describe(loaded))
