"""The command that takes channels out of a float model: prune."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cocodla.cli.base import SEED, command, console, emit
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
    loader,
)
from cocodla.cli.numbers import whole
from cocodla.errors import UserError
from cocodla.files.outputs import check_target, write_whole

if TYPE_CHECKING:
    from cocodla.compiler import CompileOptions
    from cocodla.prune.run import Told


@command
def prune(
    model: Path = MODEL,
    calib: list[Path] = CALIB,
    output: Path = typer.Option(None, "-o", "--output", help="pruned model (default: the model's name.pruned.onnx)"),
    target: float = typer.Option(None, "--target-cycles", help="share of the cycles at first to come down to, as 0.6"),
    drop: float = typer.Option(None, "--drop", help="points of accuracy that may be lost at most"),
    labels: Path = typer.Option(None, "--labels", help="class numbers of the calibration data"),
    held: float = typer.Option(0.5, "--held-back", help="share of the calibration data that only measures accuracy"),
    finetune: bool = typer.Option(False, "--finetune", help="train what is left to do as the whole model (PyTorch)"),
    steps: int = whole("--steps", 600, "steps of fine-tuning", 1, 1_000_000),
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
    for place in (file, report):
        if place is not None:
            check_target(place, [model, *calib, *([labels] if labels else [])])
    if report is not None and report.resolve() == file.resolve():
        raise UserError(f"{file}: is both the pruned model and the report")
    if not calib:
        raise UserError("no calibration data: which channels matter follows from sample inputs of the model (--calib)")
    if not 0 < held < 1:
        raise UserError(f"--held-back is a share between 0 and 1, not {held:g}")
    console.note(f"seed {seed}")
    data = _Data(FloatModel.load(model), calib, labels, resize, count, held, seed, options)
    with progress_bar(console, f"pruning {model.name}") as bar:
        told: Told = lambda what, done, total: bar(done, total)  # noqa: E731
        found = run(data.model, data.images, options, goal, data.held, data.labels, data.sample, told)
        whole_net = left = None
        if labels is not None:
            whole_net, left = (data.int8(part) for part in (data.model, found.model))
    write_whole(file, found.model.proto().SerializeToString())
    if report is not None:
        write_whole(report, (json.dumps(tables.as_json(found, whole_net, left), indent=1) + "\n").encode())
    tables.show(found, whole_net, left, console)
    console.print(f"written: {file}" + (f", {report}" if report else ""), highlight=False, soft_wrap=True)
    emit(lambda: tables.as_json(found, whole_net, left) | {"seed": seed, "model": str(file)})


class _Data:
    """Calibration data in two parts, drawn with the seed: what pruning looks at, and what is held back."""

    def __init__(
        self, model: Any, calib: list[Path], labels: Path | None, resize: bool, count: int | None, held: float,
        seed: int, options: CompileOptions,
    ) -> None:
        import numpy as np

        from cocodla.compiler.quantisation.calibration import samples_of
        from cocodla.files.images import labels_for, read_labels

        found = loader(calib, resize, count)(model.input_shape)
        if len(found) < 4:
            raise UserError(f"{len(found)} calibration images: pruning needs 4 at least, to hold some back")
        numbers = None
        if labels is not None:
            numbers = labels_for(read_labels(labels), labels, len(found), first=count is not None)
        order = np.random.default_rng(seed).permutation(len(found))
        cut = min(len(found) - 1, max(1, round(len(found) * held)))
        kept, back = np.sort(order[cut:]), np.sort(order[:cut])
        images = found[:]
        self.model, self.options = model, options
        self.sample, self.back = images[kept], images[back]
        samples = samples_of(images, model.input_shape, options)
        self.images, self.held = (samples.inputs_of(part) for part in (self.sample, self.back))
        self.labels = None if numbers is None else (numbers[kept], numbers[back])

    def int8(self, model: Any) -> Any:
        """Accuracy of a model compiled the usual way on the part that is held back."""
        import tempfile

        from cocodla.compiler import compile_model
        from cocodla.runtime.accuracy import measure

        assert self.labels is not None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.onnx"
            file.write_bytes(model.proto().SerializeToString())
            network = compile_model(file, self.sample, self.options)
        return measure(network, self.back, self.labels[1])
