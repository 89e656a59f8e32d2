"""Resize and Upsample: the nearest neighbour by copies, linear interpolation by convolutions of each channel.

What each output element is made of is asked of onnxruntime, so that every way of counting coordinates is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cocodla import hw
from cocodla.compiler.frontend.operators.moving import lines, neighbours
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Conv, FloatArray, Loop, Move, Shape, Transposed

FINEST = 1e-5
"""Smallest difference of weights that is one."""


def resize(source: Source) -> list[Result]:
    """Resize and Upsample, to the nearest neighbour or linear."""
    mode = next((a.s.decode() for a in source.node.attribute if a.name == "mode"), "nearest")
    if mode == "nearest":
        return [_nearest(source)]
    if mode != "linear":
        raise Unsupported(f"mode must be nearest or linear, it is {mode!r}")
    return _linear(source)


def _nearest(source: Source) -> Result:
    shape = source.shape(0, axes=3)
    numbers = np.indices((1, *shape), np.float32)
    found = [source.evaluate(numbers[axis])[0].astype(np.int64) for axis in (1, 2, 3)]
    size = found[0].shape
    if len(size) != 3 or size[0] != shape[0] or not np.array_equal(found[0][:, 0, 0], np.arange(shape[0])):
        raise Unsupported(f"only height and width may change: {shape} becomes {size}")
    rows, columns = found[1][0, :, 0], found[2][0, 0, :]
    if not (found[1] == rows[:, None]).all() or not (found[2] == columns).all():
        raise Unsupported("rows and columns do not come from rows and columns")
    outer = Loop(hw.surfaces(shape[0]), (1, 0, 0), (1, 0, 0))
    loops = (outer, *neighbours(rows, shape[1], 1), *neighbours(columns, shape[2], 2))
    return Move(source.label, [source.tensor(0)], source.output, loops, size, "nearest"), size


@dataclass(frozen=True)
class _Filter:
    """Outputs of an axis as sums over its neighbourhood: o = factor * q + phase is made of inputs q + first ... by
    weights (factor, taps). Inputs beyond the ends are those at the ends.
    """

    factor: int
    first: int
    weights: FloatArray


def _linear(source: Source) -> list[Result]:
    """Up by whole factors: a transposed convolution; down by whole factors: a convolution; both of each channel."""
    shape = source.shape(0, axes=3)
    matrices = [_matrix(source, shape, axis) for axis in (1, 2)]
    size = (shape[0], len(matrices[0]), len(matrices[1]))
    down = [_step(matrix) for matrix in matrices]
    if all(steps is not None for steps in down):
        return [_shrunk(source, shape, size, [steps for steps in down if steps is not None])]
    filters = []
    for axis, matrix in enumerate(matrices, 1):
        found = next(filter(None, (_filter(matrix, factor) for factor in _factors(*matrix.shape))), None)
        if found is None:
            raise Unsupported(f"{shape[axis]} {('rows', 'columns')[axis - 1]} become {len(matrix)} by no whole factor")
        filters.append(found)
    return _grown(source, shape, size, filters)


def _matrix(source: Source, shape: Shape, axis: int) -> FloatArray:
    """What each output along an axis takes of each input: (outputs, inputs)."""
    extent, columns = shape[axis], []
    for first in range(0, extent, shape[0]):  # as many unit vectors at once as there are channels
        count = min(shape[0], extent - first)
        units = np.zeros((1, *shape), np.float32)
        for channel in range(count):
            units[0, channel].swapaxes(0, axis - 1)[first + channel] = 1
        value = source.evaluate(units)
        if value.ndim != 4 or value.shape[1] != shape[0]:
            raise Unsupported(f"only height and width may change: {shape} becomes {value.shape[1:]}")
        columns += [value[0, channel].swapaxes(0, axis - 1)[:, 0] for channel in range(count)]
    return np.stack(columns, 1).astype(np.float64)


def _factors(outputs: int, inputs: int) -> list[int]:
    """Whole factors that are possible: of the extents, or of the distances between corners."""
    found = {outputs // inputs, (outputs - 1) // max(inputs - 1, 1)}
    return sorted(factor for factor in found if factor >= 1)


def _filter(matrix: FloatArray, factor: int) -> _Filter | None:
    """The filter that makes all outputs; None if none does."""
    outputs, inputs = matrix.shape
    middle = min(inputs // 2, (outputs - 1) // factor)
    taps = range(-1, 2)
    weights = np.zeros((factor, len(taps)))
    for phase in range(factor):
        output = min(middle * factor + phase, outputs - 1)
        for index, tap in enumerate(taps):
            if 0 <= output // factor + tap < inputs:
                weights[phase, index] = matrix[output, output // factor + tap] if output % factor == phase else 0.0
    rebuilt = np.zeros_like(matrix)
    for output in range(outputs):
        for index, tap in enumerate(taps):
            rebuilt[output, np.clip(output // factor + tap, 0, inputs - 1)] += weights[output % factor, index]
    if np.abs(rebuilt - matrix).max() > FINEST:
        return None
    used = np.flatnonzero(np.abs(weights).max(0) > FINEST)
    return _Filter(factor, taps[used[0]], weights[:, used[0] : used[-1] + 1])


def _grown(source: Source, shape: Shape, size: Shape, filters: list[_Filter]) -> list[Result]:
    """A transposed convolution, behind lines at the ends that are there twice."""
    results: list[Result] = []
    tensor, extents = source.tensor(0), list(shape)
    kernels, pads = [], []
    for axis, part in enumerate(filters, 1):
        reach = (size[axis] - 1) // part.factor + part.first + part.weights.shape[1]
        before, behind = max(0, -part.first), max(0, reach - shape[axis])
        if before or behind:
            indices = np.clip(np.arange(-before, shape[axis] + behind), 0, shape[axis] - 1)
            output = f"{source.output}/edges{axis}"
            results += lines(source, tensor, (extents[0], extents[1], extents[2]), axis, indices, output)
            tensor, extents[axis] = output, len(indices)
        # the tap of input q + first + t (behind `before` lines) for phase p is element p + pad - factor * (... + t)
        taps = part.weights.shape[1]
        pad = part.factor * (part.first + before + taps - 1)
        kernel = np.zeros(part.factor * taps)
        for tap in range(taps):
            start = part.factor * (taps - 1 - tap)
            kernel[start : start + part.factor] = part.weights[:, tap]
        kernels.append(kernel)
        pads.append(pad)
    weight = np.broadcast_to(np.outer(*kernels), (shape[0], 1, len(kernels[0]), len(kernels[1]))).copy()
    node = Transposed(
        source.label, [tensor], source.output, weight, np.zeros(shape[0]), (filters[0].factor, filters[1].factor),
        (pads[0], pads[1]), (size[1], size[2]), group=shape[0], steps=_whole_steps(weight),
    )  # fmt: skip
    return [*results, (node, size)]


def _whole_steps(weight: FloatArray) -> FloatArray | None:
    """A weight of one code of which all weights are whole multiples, if there is one."""
    step = 1 / np.round(1 / np.abs(weight[np.abs(weight) > FINEST]).min())
    codes = weight / step
    whole = np.abs(codes - np.rint(codes)).max() < 1e-3 and np.abs(codes).max() <= 127
    return np.full(len(weight), step) if whole else None


def _step(matrix: FloatArray) -> tuple[int, int, FloatArray] | None:
    """Step, first input and weights of outputs that all take the same of their neighbourhood; None if they do not."""
    outputs, inputs = matrix.shape
    step = inputs // outputs
    used = np.flatnonzero(np.abs(matrix[0]) > FINEST)
    weights = matrix[0, used[0] : used[-1] + 1]
    rebuilt = np.zeros_like(matrix)
    for output in range(outputs):
        first = output * step + used[0]
        if first + len(weights) > inputs:
            return None
        rebuilt[output, first : first + len(weights)] = weights
    return (step, int(used[0]), weights) if step >= 1 and np.abs(rebuilt - matrix).max() <= FINEST else None


def _shrunk(source: Source, shape: Shape, size: Shape, steps: list[tuple[int, int, FloatArray]]) -> Result:
    """A convolution of each channel; zeros in its kernel stand for elements that no output takes."""
    kernels = [np.concatenate([np.zeros(first), weights]) for _, first, weights in steps]
    weight = np.broadcast_to(np.outer(*kernels), (shape[0], 1, len(kernels[0]), len(kernels[1]))).copy()
    node = Conv(
        source.label, [source.tensor(0)], source.output, weight, np.zeros(shape[0]), (steps[0][0], steps[1][0]), (0, 0),
        (size[1], size[2]), group=shape[0], steps=_whole_steps(weight),
    )  # fmt: skip
    return node, size
