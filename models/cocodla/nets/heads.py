"""The last layer of a detector with random weights, fitted to a few pictures: it then finds what is on them.

Weights of YOLOv2 are not at hand. With the last layer fitted its boxes mean something on these pictures and their
variations, so that boxes in float and int8 can be compared where it matters, at things with a clear score. It says
nothing of other pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from cocodla.compiler.original import outputs_of
from cocodla.detection.detector import Detector
from cocodla.nets.examples import Example, pixels

CLEAR, EMPTY = 6.0, -3.0
"""Logits of what is on a picture, and of cells where nothing is: these are many, least squares lean to them."""
RIDGE = 1e-3
"""Regularisation: share of the features' mean square."""

Floats = NDArray[np.float64]


def fit_head(model: onnx.ModelProto, detector: Detector, examples: Sequence[Example], size: int) -> None:
    """Give the last convolution (1x1) of a detector for RGB / 255 other weights and biases, in place.

    Ridge regression of the head's numbers on what the layer reads: whether there is something, at all cells; where and
    what it is, at cells and anchors where there is.
    """
    last = next(node for node in reversed(model.graph.node) if node.op_type == "Conv")
    images = pixels(examples, size).astype(np.float32) / np.float32(255)
    values = outputs_of(model, [last.input[0]], images)[last.input[0]]
    count, channels, rows, columns = values.shape
    features = values.transpose(0, 2, 3, 1).reshape(-1, channels).astype(np.float64)
    targets, known = _targets(detector, examples, rows, columns)
    flat, used = targets.reshape(count * rows * columns, -1), known.reshape(count * rows * columns, -1)
    found = np.zeros((channels + 1, flat.shape[1]))
    for pattern in np.unique(used, axis=1).T:  # numbers that are known at the same cells
        alike = (used == pattern[:, None]).all(axis=0)
        if pattern.any():
            found[:, alike] = _ridge(features[pattern], flat[np.ix_(pattern, alike)])
    _replace(model, last.input[1], found[:-1].T[:, :, None, None])
    if len(last.input) < 3:
        last.input.append(f"{last.output[0]}/bias")
        model.graph.initializer.append(onnx.TensorProto(name=last.input[2]))
    _replace(model, last.input[2], found[-1])


def _targets(
    detector: Detector, examples: Sequence[Example], rows: int, columns: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """The head's numbers (N, rows, columns, anchors, 5 + classes), and which of them matter.

    Something is at the cell in which its centre lies, and at the anchor most like it.
    """
    anchors, kinds = np.array(detector.anchors), len(detector.classes)
    shape = (len(examples), rows, columns, len(anchors), 5 + kinds)
    targets, known = np.zeros(shape), np.zeros(shape, bool)
    targets[..., 4], known[..., 4] = EMPTY, True
    for image, example in enumerate(examples):
        for corners, kind in zip(example.corners, example.classes, strict=True):
            extent = (corners[2:] - corners[:2]) * (columns, rows)
            centre = (corners[:2] + corners[2:]) / 2 * (columns, rows)
            column, row = np.minimum(centre.astype(int), (columns - 1, rows - 1))
            common = np.minimum(extent, anchors).prod(axis=1)
            anchor = int((common / (extent.prod() + anchors.prod(axis=1) - common)).argmax())
            place = np.clip(centre - (column, row), 0.05, 0.95)
            cell = (image, row, column, anchor)
            targets[cell][:2] = np.log(place / (1 - place))
            targets[cell][2:4] = np.log(extent / anchors[anchor])
            targets[cell][4:] = CLEAR
            targets[cell][5:] = -CLEAR
            targets[cell][5 + detector.classes.index(kind)] = CLEAR
            known[cell] = True
    return targets, known


def _ridge(features: Floats, targets: Floats) -> Floats:
    """Weights and, last, biases (channels + 1, numbers) of a regularised least squares fit."""
    mean, middle = features.mean(axis=0), targets.mean(axis=0)
    centred = features - mean
    samples, channels = centred.shape
    weight = RIDGE * samples * float((features**2).mean())
    if samples < channels:  # the smaller of the two systems of equations
        solved = centred.T @ np.linalg.solve(centred @ centred.T + weight * np.eye(samples), targets - middle)
    else:
        solved = np.linalg.solve(centred.T @ centred + weight * np.eye(channels), centred.T @ (targets - middle))
    return np.concatenate([solved, (middle - mean @ solved)[None]])


def _replace(model: onnx.ModelProto, name: str, values: Floats) -> None:
    """Other values for an initializer."""
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))
