"""A compiled detector on pictures: boxes of the golden model, and of the float model it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cocodla.compiler import Network
from cocodla.compiler.frontend.batch import unbind
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.original import outputs_of
from cocodla.detection.boxes import Boxes, boxes_of
from cocodla.detection.detector import Detector
from cocodla.detection.precision import Precision, precision_of
from cocodla.errors import UserError
from cocodla.files.pictures import PictureFiles
from cocodla.runtime.accuracy import Progress, batches, check_input, model_inputs

LEAST = 0.005
"""Score from which on boxes count for the average precision: those that nobody is shown are part of its curve."""
TOGETHER = 8
"""Pictures that go through the network at a time: detectors' inputs are large."""


@dataclass(frozen=True)
class Detected:
    """Boxes of a picture, down to a score of LEAST; exact: of the float model, None without it."""

    path: Path
    ours: Boxes
    exact: Boxes | None = None


def detect(
    network: Network,
    detector: Detector,
    pictures: PictureFiles,
    model: Path | None = None,
    progress: Progress | None = None,
) -> list[Detected]:
    """Boxes on each picture, on the golden model; with `model`, the network's ONNX file, also in float.

    UserError if the output is not that of such a detector, or the model not that of the network.
    """
    name = output_of(network, detector)
    original = load_model(model) if model is not None else None
    if original is not None and model is not None:
        check_input(original, network, model)
        if name not in {value.name for value in original.graph.output}:
            raise UserError(f"{model}: has no output {name!r}, which {network.name} was made with")
        unbind(original)
    found: list[Detected] = []
    for part in batches(pictures, TOGETHER, progress):
        ours = _boxes(network.golden_outputs(part)[name], name, detector)
        exact: Iterator[Boxes | None] = iter([None] * len(part))
        if original is not None:
            exact = _boxes(outputs_of(original, [name], model_inputs(network, part))[name], name, detector)
        paths = pictures.files[len(found) : len(found) + len(part)]
        found += [Detected(*entry) for entry in zip(paths, ours, exact, strict=True)]
    return found


def output_of(network: Network, detector: Detector) -> str:
    """The output that boxes are made of. UserError if there is none, or it has another shape."""
    outputs = {output.name: output.shape for output in network.outputs}
    name = detector.output or next(iter(outputs))
    if name not in outputs:
        raise UserError(f"{network.name} has no output {name[:60]!r}, but {', '.join(outputs)}")
    detector.check_output(name, outputs[name])
    return name


def agreement(found: list[Detected], detector: Detector) -> Precision:
    """int8 against float, whose boxes above the detector's threshold are the truth."""
    truth = [entry.exact.above(detector.threshold) for entry in found if entry.exact is not None]
    return precision_of([entry.ours for entry in found if entry.exact is not None], truth)


def _boxes(values: np.ndarray, name: str, detector: Detector) -> Iterator[Boxes]:
    for image in values.reshape(-1, *values.shape[-3:]):
        detector.check_output(name, image.shape)  # the host may have made another shape than was said
        yield boxes_of(image, detector, min(LEAST, detector.threshold))
