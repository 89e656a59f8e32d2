"""Commands that tell what int8 costs and where results part ways: quantize, diverge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import SEED, SIM, WAVES, command, console, emit
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
    SCALE,
    SHAPE,
    compile_options,
    loader,
)
from cocodla.cli.numbers import whole
from cocodla.errors import UserError
from cocodla.files.outputs import check_target, write_whole

if TYPE_CHECKING:
    from cocodla.sim.waves import Waves


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
    effort: str = EFFORT,
    budget: float = BUDGET,
    calibrator: str = CALIBRATOR,
    percentile: float = PERCENTILE,
    headroom: float = HEADROOM,
    equalise: bool = EQUALISE,
    bias_correction: bool = CORRECTION,
    adaptive_rounding: bool = ROUNDING,
    asymmetric: bool = ASYMMETRIC,
    resize: bool = RESIZE,
    count: int = COUNT,
) -> None:
    """Tell what int8 costs each layer: SQNR, cosine, largest error, saturation, and which layers hurt most."""
    from cocodla.report import quality as tables
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.quality import Study, measure_quality

    options = compile_options(
        scale, offset, shape, effort=effort, budget=budget, calibrator=calibrator, percentile=percentile,
        headroom=headroom, equalise=equalise, bias_correction=bias_correction, adaptive_rounding=adaptive_rounding,
        asymmetric=asymmetric,
    )  # fmt: skip
    _check_images(calib, inputs)
    if output is not None:
        check_target(output, [model, *calib, *inputs])
    with progress_bar(console, f"compiling {model.name}") as progress:
        study = Study.of(model, loader(calib, resize, count) if calib else None, options, progress)
    images = loader(inputs or calib, resize, count)(study.network.input.shape, study.network.input.parts)
    with progress_bar(console, f"{study.network.name}, {len(images)} images") as progress:
        layers = measure_quality(study, images, progress)
    if report:
        tables.show_quality(layers, console)
    if output is not None:
        write_whole(output, (json.dumps(tables.as_json(layers), indent=1) + "\n").encode())
    emit(lambda: tables.as_json(layers))


@command
def diverge(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    inputs: list[Path] = typer.Option([], "--input", help="images to compare with (default: the calibration data)"),
    limit: float = typer.Option(20.0, "--limit", help="least SQNR of a layer's own error, in dB"),
    on_rtl: bool = typer.Option(False, "--rtl", help="run the RTL too, with the first two images"),
    sim: str = SIM,
    seed: int = SEED,
    waves: Waves | None = WAVES,
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
    resize: bool = RESIZE,
    count: int = whole("--count", 8, "compare with the first images"),
) -> None:
    """Find the first layer where float, int8, golden model or RTL part ways. Status 1 if there is one."""
    from cocodla.report import quality as tables
    from cocodla.report.progress import progress_bar
    from cocodla.runtime import rtl
    from cocodla.runtime.diverge import search
    from cocodla.runtime.quality import Study
    from cocodla.sim.run import new_seed

    options = compile_options(
        scale, offset, shape, effort=effort, budget=budget, calibrator=calibrator, percentile=percentile,
        headroom=headroom, equalise=equalise, bias_correction=bias_correction, adaptive_rounding=adaptive_rounding,
        asymmetric=asymmetric,
    )  # fmt: skip
    _check_images(calib, inputs)
    if limit != limit:
        raise UserError("--limit takes a number of dB, not nan")
    with progress_bar(console, f"compiling {model.name}") as progress:
        study = Study.of(model, loader(calib, resize, None) if calib else None, options, progress)
    images = loader(inputs or calib, resize, None)(study.network.input.shape, study.network.input.parts)[:count]
    simulation = None
    if on_rtl:
        seed = new_seed() if seed is None else seed
        console.note(f"seed {seed}")
        simulation = rtl.Simulation(sim=sim, waves=waves, seed=seed)
    with progress_bar(console, f"{study.network.name}") as progress:
        found = search(study, model, images, limit, simulation, progress)
    tables.show_divergence(found, console)
    emit(lambda: tables.divergence_json(found))
    if found.first is not None or found.rtl_mismatch is not None:
        raise typer.Exit(1)


def _check_images(calib: list[Path], inputs: list[Path]) -> None:
    """UserError if there is nothing to compare with: a model that brings its scales needs no calibration data."""
    if not calib and not inputs:
        raise UserError("no images: give calibration data (--calib), or --input if the model brings its scales")
