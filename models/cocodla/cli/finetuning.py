"""The command that trains a network with the accelerator's integers in the loop: finetune."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from cocodla.cli.base import SEED, command, command_line, console, emit
from cocodla.cli.labelled import CROPS, LABELS, PICTURES, check_targets, divided, more_pictures
from cocodla.cli.model_options import BUDGET, CALIB, COUNT, EFFORT, MODEL, OFFSET, RESIZE, SCALE, compile_options
from cocodla.cli.numbers import whole
from cocodla.errors import UserError
from cocodla.files.outputs import write_whole


@command
def finetune(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    output: Path = typer.Option(None, "-o", "--output", help="tuned model (default: the model's name.tuned.onnx)"),
    labels: Path = LABELS,
    bits: int = whole("--weight-bits", 8, "bits of a weight; less than 8 are stored in int8", 2, 8),
    epochs: int = whole("--epochs", 10, "how often each picture is seen", 1, 100_000),
    batch: int = whole("--batch", 64, "pictures of a step", 1, 4096),
    rate: float = typer.Option(
        None, "--rate", help="largest step of a weight, in shares of what its layer has (default: by --weight-bits)"
    ),
    pictures: list[Path] = PICTURES,
    crops: int = whole("--crops", CROPS, "parts of the photographs to learn from", 1, 1_000_000),
    held: float = typer.Option(0.2, "--held-back", help="share of the calibration data that only measures accuracy"),
    report: Path = typer.Option(None, "--report", help="write the figures as JSON"),
    scale: str = SCALE,
    offset: str = OFFSET,
    effort: str = EFFORT,
    budget: float = BUDGET,
    resize: bool = RESIZE,
    count: int = COUNT,
    seed: int = SEED,
) -> None:
    """Train a float ONNX model so that its integers, as the accelerator computes them, say what it says in float."""
    import numpy as np

    from cocodla.finetune.coded import folded
    from cocodla.finetune.integers import Integers
    from cocodla.prune.finetune import check_torch
    from cocodla.report.progress import progress_bar
    from cocodla.sim.run import new_seed

    file = output or model.with_suffix(".tuned.onnx")
    check_targets(file, report, "tuned", [model, *calib, *pictures], labels)
    if not calib:
        raise UserError("no calibration data: scales, and what is trained, follow from sample inputs (--calib)")
    if rate is not None and not 0 < rate <= 1:
        raise UserError(f"--rate is a share above 0 and up to 1, not {rate:g}")
    check_torch()
    from cocodla.finetune import report as figures
    from cocodla.finetune.train import Recipe, fine_tune

    seed = new_seed() if seed is None else seed
    console.note(f"seed {seed}")
    options = compile_options(scale, offset, None, effort=effort, budget=budget)
    source = folded(model)
    data = divided(source.input_shape, calib, labels, resize, count, held, seed, options)
    images, numbers = data.sample, None if data.labels is None else data.labels[0]
    if pictures:
        extra = more_pictures(pictures, source.input_shape, images, crops, seed)
        images = np.concatenate([images, extra])
        numbers = None if numbers is None else np.concatenate([numbers, np.full(len(extra), -1)])
    with progress_bar(console, f"compiling {model.name}") as bar:
        integers = Integers.of(source, data.sample, options, bar)
    with progress_bar(console, f"fine-tuning {model.name}") as bar:
        tuned = fine_tune(integers, images, Recipe(epochs, bits, batch, rate, seed), numbers, bar)
    found = figures.Figures.of(data.held, data.labels, source, integers, tuned, bits, len(images))
    write_whole(file, tuned.model.SerializeToString())
    if report is not None:
        write_whole(report, (json.dumps(found.as_json(), indent=1) + "\n").encode())
    figures.show(found, console)
    console.print(f"written: {file}" + (f", {report}" if report else ""), highlight=False, soft_wrap=True)
    line = command_line("compile", file, "-o", file.with_suffix(".dla"))
    console.print(f"next: {line} (it brings its scales)", highlight=False, soft_wrap=True)
    emit(lambda: found.as_json() | {"seed": seed, "model": str(file)})

