"""Least squares: the layers behind lost channels are fitted anew to what they made before, on calibration data.

Few images have few equations: a fully connected layer behind a mean has one an image, and would fit them perfectly and
others badly. So weights stay near those there were, by as much (RIDGES) as is best for images that are not fitted to.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx

from cocodla.compiler.ir import FloatArray
from cocodla.compiler.reference import windows_of
from cocodla.prune.floats import FloatModel, attributes
from cocodla.prune.groups import Reader, Structure

RIDGES = (1e-4, 1e-3, 1e-2, 0.1, 1.0)
"""Weights, relative to the inputs' mean power, of staying near the weights there were, that are tried."""
CHECKED = 4
"""One image of so many is not fitted to."""
SAMPLES = 24
"""Equations for each unknown of an output, where calibration data have as many."""
MOST = 1 << 27
"""Numbers in a matrix of equations."""


def refit(
    model: FloatModel,
    structure: Structure,
    gone: frozenset[int],
    images: FloatArray,
    wanted: Mapping[str, np.ndarray],
    only: frozenset[str] | None = None,
) -> dict[str, np.ndarray]:
    """Fit the layers of a model without the units `gone`, one after the other, to inputs as those before leave them.

    wanted: every tensor of the whole model for `images` (batch, *shape); those of `checked` are not fitted to. only:
    the layers (outputs) that may change. The constants of `model` are replaced. Returns all its tensors for the images.
    """
    readers = {reader.output: reader for reader in structure.readers}
    values: dict[str, np.ndarray] = {}
    for node, values in model.walk(images):
        reader = readers.get(node.output[0])
        if reader is None or (only is not None and reader.output not in only):
            continue
        source = wanted[reader.tensor]
        if values[reader.tensor].shape == source.shape and np.array_equal(values[reader.tensor], source):
            continue
        target = np.compress(~np.isin(reader.made, list(gone)), wanted[reader.output], axis=1)
        _fit(model, node, reader, values[reader.tensor], target)
    return values


def checked(count: int) -> np.ndarray:
    """Which of so many images tell how a fit does on others: (count,) bool."""
    return np.arange(count) % CHECKED == CHECKED - 1


def _fit(model: FloatModel, node: onnx.NodeProto, reader: Reader, value: np.ndarray, target: np.ndarray) -> None:
    """Move a layer's weight and bias so that it makes `target` (batch, K, ...) of `value`, where others gain by it."""
    weight = model.constants[reader.weight]
    table = weight.T if reader.transposed else weight
    flat: np.ndarray = table.reshape(len(table), -1).astype(np.float64)
    others = checked(len(value))
    rows, results = _equations(node, value[~others], target[~others], table.shape)
    new_rows, new_results = _equations(node, value[others], target[others], table.shape)
    free = node.op_type != "MatMul"  # of a bias
    middle, aim = (rows.mean(0), results.mean(0)) if free else (np.zeros(rows.shape[1]), np.zeros(results.shape[1]))
    rows, new_rows = rows - middle, new_rows - middle
    square, missing = rows.T @ rows, rows.T @ (results - aim - rows @ flat.T)
    now = model.constants[node.input[2]].astype(np.float64) if free else aim
    best, error = (flat, now), float(np.square(new_results - now - (new_rows + middle) @ flat.T).sum())
    for ridge in RIDGES:
        damped = square + np.eye(len(square)) * (ridge * np.trace(square) / len(square) + 1e-9)
        fitted = flat + np.linalg.solve(damped, missing).T
        found = float(np.square(new_results - aim - new_rows @ fitted.T).sum())
        if found < error:
            best, error = (fitted, aim - fitted @ middle), found
    fitted = best[0].reshape(table.shape).astype(weight.dtype)
    model.constants[reader.weight] = fitted.T if reader.transposed else fitted
    if free:
        model.constants[node.input[2]] = best[1].astype(weight.dtype)


def _equations(
    node: onnx.NodeProto, value: np.ndarray, target: np.ndarray, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """What the layer reads for some of its outputs, (equations, unknowns), and what it should make, (equations, K)."""
    unknowns = int(np.prod(shape[1:]))
    if value.ndim == 2:
        return value.astype(np.float64), target.astype(np.float64)
    if value.ndim == 3:  # N x C x L
        value, target, shape = value[:, :, None], target[:, :, None], (*shape[:2], 1, *shape[2:])
    count = min(target[:, 0].size, SAMPLES * unknowns + 4096, max(256, MOST // unknowns))
    picked = np.random.default_rng(0).choice(target[:, 0].size, count, replace=False)
    image, line, column = np.unravel_index(np.sort(picked), target[:, 0].shape)
    kernel, size = (shape[2], shape[3]), (target.shape[2], target.shape[3])
    stride, dilation, pad = geometry(node, value.shape[2:], size, kernel)
    windows = windows_of(value, kernel, stride, pad, size, 0.0, dilation)
    rows = windows[image, :, line, column].reshape(count, unknowns)
    return rows.astype(np.float64), target[image, :, line, column].astype(np.float64)


def geometry(
    node: onnx.NodeProto, before: tuple[int, ...], behind: tuple[int, ...], kernel: tuple[int, ...]
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Stride, dilation and padding (above, left) of a convolution."""
    given = attributes(node)

    def pair(name: str) -> tuple[int, int]:
        numbers = [int(number) for number in np.asarray(given.get(name, [1, 1]))]
        return (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])

    stride, dilation = pair("strides"), pair("dilations")
    ends = [int(number) for number in np.asarray(given.get("pads", [0, 0, 0, 0]))]
    pad = (0, ends[0]) if len(ends) == 2 else (ends[0], ends[1])
    automatic = given.get("auto_pad", b"NOTSET")
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        missing = [max(0, (n - 1) * s + (k - 1) * d + 1 - size)
                   for n, s, k, d, size in zip(behind, stride, kernel, dilation, before, strict=True)]  # fmt: skip
        low = automatic == b"SAME_LOWER"
        pad = ((missing[0] + low) // 2, (missing[1] + low) // 2)
    return stride, dilation, pad
