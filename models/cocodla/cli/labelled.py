"""Calibration data in two parts for the commands that change a network: what it learns from, and what only measures."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cocodla.cli.model_options import loader
from cocodla.errors import UserError
from cocodla.files.outputs import check_target

if TYPE_CHECKING:
    import numpy as np

    from cocodla.compiler import CompileOptions, Network
    from cocodla.compiler.quantisation.calibration import Samples

HELD = typer.Option(0.5, "--held-back", help="share of the calibration data that only measures accuracy")
LABELS = typer.Option(None, "--labels", help="class numbers of the calibration data")
PICTURES = typer.Option(
    [], "--pictures", help="photographs of any size, or folders of them: more to learn from, unlabelled"
)
CROPS = 4096
"""Parts of photographs that are learnt from, by default."""


@dataclass(frozen=True)
class Data:
    """Images (N, *shape) as the compiler takes them, and their class numbers (N,), of both parts; what they mean."""

    sample: np.ndarray
    held: np.ndarray
    labels: tuple[np.ndarray, np.ndarray] | None
    meaning: Samples

    def accuracy(self, network: Network) -> Any:
        """Accuracy of a network on the part that is held back; None without labels."""
        from cocodla.runtime.accuracy import measure

        return None if self.labels is None else measure(network, self.held, self.labels[1])


def check_targets(file: Path, report: Path | None, what: str, inputs: list[Path], labels: Path | None) -> None:
    """Whether the changed model, `what`, and its report can be written. UserError if not, or if they are one file."""
    for place in (file, report):
        if place is not None:
            check_target(place, [*inputs, *([labels] if labels else [])])
    if report is not None and report.resolve() == file.resolve():
        raise UserError(f"{file}: is both the {what} model and the report")


def divided(
    shape: tuple[int, ...], calib: list[Path], labels: Path | None, resize: bool, count: int | None, held: float,
    seed: int, options: CompileOptions,
) -> Data:  # fmt: skip
    """Calibration data, divided at random. UserError for data, labels or a share that do not fit."""
    import numpy as np

    from cocodla.compiler.quantisation.calibration import samples_of
    from cocodla.files.images import labels_for, read_labels

    if not 0 < held < 1:
        raise UserError(f"--held-back is a share between 0 and 1, not {held:g}")
    found = loader(calib, resize, count)(shape)
    if len(found) < 4:
        raise UserError(f"{len(found)} calibration images: 4 are needed at least, to hold some back")
    numbers = None
    if labels is not None:
        numbers = labels_for(read_labels(labels), labels, len(found), first=count is not None)
    order = np.random.default_rng(seed).permutation(len(found))
    cut = min(len(found) - 1, max(1, round(len(found) * held)))
    kept, back = np.sort(order[cut:]), np.sort(order[:cut])
    images = found[:]
    parts = None if numbers is None else (numbers[kept], numbers[back])
    return Data(images[kept], images[back], parts, samples_of(images, shape, options))


def more_pictures(paths: list[Path], shape: tuple[int, ...], like: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Crops of photographs (count, *shape) uint8. UserError unless the calibration data `like` are pictures, too."""
    import numpy as np

    from cocodla.files.pictures import SUFFIXES
    from cocodla.training.pictures import crops

    if like.dtype != np.uint8:
        raise UserError("--pictures goes with calibration data that are pictures; these are the model's own inputs")
    files = []
    for path in paths:
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not inside:
            raise UserError(f"{path}: no pictures in this folder")
        files += inside
    return crops(files, shape, count, seed)


def compiled(proto: Any, images: np.ndarray | None, options: CompileOptions) -> Network:
    """A model in memory, compiled the usual way."""
    from cocodla.compiler import compile_model

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        file.write_bytes(proto.SerializeToString())
        return compile_model(file, images, options)
