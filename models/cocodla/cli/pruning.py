"""The command that takes channels out of a float model: prune."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import SEED, command, console, emit
from cocodla.cli.labelled import CROPS, HELD, LABELS, PICTURES, check_targets, compiled, divided, more_pictures
from cocodla.cli.model_options import (
    BUDGET,
    CALIB,
    COUNT,
    EFFORT,
    MODEL,
    OFFSET,
    RESIZE,
    SCALE,
    compile_options,
)
from cocodla.cli.numbers import whole
from cocodla.errors import UserError
from cocodla.files.outputs import write_whole

if TYPE_CHECKING:
    from cocodla.prune.run import Told


@command
def prune(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    output: Path = typer.Option(None, "-o", "--output", help="pruned model (default: the model's name.pruned.onnx)"),
    target: float = typer.Option(None, "--target-cycles", help="share of the cycles at first to come down to, as 0.6"),
    drop: float = typer.Option(None, "--drop", help="points of accuracy that may be lost at most"),
    labels: Path = LABELS,
    held: float = HELD,
    finetune: bool = typer.Option(False, "--finetune", help="train what is left to do as the whole model (PyTorch)"),
    pictures: list[Path] = PICTURES,
    crops: int = whole("--crops", CROPS, "parts of the photographs to look at", 1, 1_000_000),
    steps: int = whole("--steps", 1600, "steps of fine-tuning", 1, 1_000_000),
    report: Path = typer.Option(None, "--report", help="write the steps as JSON"),
    scale: str = SCALE,
    offset: str = OFFSET,
    effort: str = EFFORT,
    budget: float = BUDGET,
    resize: bool = RESIZE,
    count: int = COUNT,
    seed: int = SEED,
) -> None:
    """Take channels out of a float ONNX model: those that cost least accuracy for the cycles they save."""
    from cocodla.finetune.coded import folded
    from cocodla.prune import report as tables
    from cocodla.prune.floats import FloatModel
    from cocodla.prune.run import Goal
    from cocodla.prune.run import prune as run
    from cocodla.report.progress import progress_bar
    from cocodla.sim.run import new_seed

    seed = new_seed() if seed is None else seed
    goal = Goal(target, drop, steps if finetune else 0, seed)
    options = compile_options(scale, offset, None, effort=effort, budget=budget)
    file = output or model.with_suffix(".pruned.onnx")
    check_targets(file, report, "pruned", [model, *calib, *pictures], labels)
    if not calib:
        raise UserError("no calibration data: which channels matter follows from sample inputs of the model (--calib)")
    console.note(f"seed {seed}")
    whole_model = folded(model) if finetune else FloatModel.load(model)  # training is quicker without factors
    data = divided(whole_model.input_shape, calib, labels, resize, count, held, seed, options)
    more = None
    if pictures:
        more = data.meaning.inputs_of(more_pictures(pictures, whole_model.input_shape, data.sample, crops, seed))
    images, back = (data.meaning.inputs_of(part) for part in (data.sample, data.held))
    with progress_bar(console, f"pruning {model.name}") as bar:
        told: Told = lambda what, done, total: bar(done, total)  # noqa: E731
        found = run(whole_model, images, options, goal, back, data.labels, data.sample, more, told)
        whole_net = left = None
        if labels is not None:
            whole_net, left = (
                data.accuracy(compiled(part.proto(), data.sample, options)) for part in (whole_model, found.model)
            )
    write_whole(file, found.model.proto().SerializeToString())
    if report is not None:
        write_whole(report, (json.dumps(tables.as_json(found, whole_net, left), indent=1) + "\n").encode())
    tables.show(found, whole_net, left, console)
    console.print(f"written: {file}" + (f", {report}" if report else ""), highlight=False, soft_wrap=True)
    emit(lambda: tables.as_json(found, whole_net, left) | {"seed": seed, "model": str(file)})

