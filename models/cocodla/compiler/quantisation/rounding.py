"""Adaptive rounding of weights: each takes back what the rounding of those before it did to the layer's output.

The error of an output is the sum over taps of (code - exact) * x. With the covariance of the inputs x on the
calibration data the taps are rounded one after the other, and the error of each is shared by those that are still
free, by least squares (Hassibi & Stork, Optimal Brain Surgeon, 1993; Frantar et al., GPTQ, 2022). Means do not
count: the bias takes them back. Neighbouring pixels are alike, so that plain rounding of a small kernel moves it mostly
in brightness; this is what is avoided.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler import reference
from cocodla.compiler.ir import Conv, FloatArray, Graph

TAPS = 1024
"""Most taps that are balanced against each other; of larger kernels this many at a time."""
ELEMENTS = 1 << 21
"""Values that are looked at for one layer's covariance, at most."""
DAMPING = 0.01
"""Added to all variances, in parts of their mean."""
LEAST = 256
"""Windows that are looked at where there are as many, however large they are."""
IMAGES, LEAST_IMAGES = 16, 2
"""Images that covariances are taken from, and the fewest where they are large."""
BLOCK = 64
"""Taps after which the rest of a kernel is brought up to date."""


SPEED = 5e9
"""Multiplications a second, for `cost`."""
STEP = 3e-5
"""Seconds for a tap besides these."""


def cost(graph: Graph) -> float:
    """About how many seconds it takes to round the weights of a graph."""
    total = 0.0
    for node in graph.nodes:
        if isinstance(node, Conv) and node.steps is None:
            patterns = np.unique((node.weight != 0).any((2, 3)), axis=0)
            size = node.weight.shape[2] * node.weight.shape[3]
            for taps in patterns.sum(1) * size:
                portion = min(int(taps), TAPS)
                portions = -(-int(taps) // TAPS)
                products = portion**2 * (2 * portion + len(node.weight) / len(patterns) + ELEMENTS / max(taps, 1))
                total += portions * (products / SPEED + portion * STEP)
    return total


class Rounder:
    """Rounds the weights of a graph's convolutions, which have to be asked for in the graph's order."""

    def __init__(self, graph: Graph, images: FloatArray) -> None:
        """images: model inputs (batch, *shape)."""
        self._graph = graph
        count = max(LEAST_IMAGES, reference.batch_size(graph, IMAGES))
        self._walk = reference.walk(graph, images[:count], rounded=True)
        self._windows: dict[str, FloatArray] = {}
        self._random = np.random.default_rng(0)

    def codes(self, node: Conv, exact: FloatArray, step: FloatArray) -> NDArray[np.int8]:
        """Codes (K, C/group, R, S) of weights; exact: the same in units of codes, step: of an input code (C,)."""
        windows = np.divide(self._take(node), step[:, None, None], dtype=np.float32)
        result = np.rint(exact)
        kernels, per_group = exact.shape[:2]
        reads = (exact != 0).any((2, 3))
        for group in range(node.group):
            own = slice(group * kernels // node.group, (group + 1) * kernels // node.group)
            inputs = windows[:, group * per_group : (group + 1) * per_group]
            for pattern, members in _alike(reads[own]):
                rows = np.arange(kernels)[own][members]
                for channels in _portions(pattern, exact.shape[2] * exact.shape[3]):
                    taps = inputs[:, channels].reshape(len(inputs), -1)
                    part = exact[np.ix_(rows, channels)].reshape(len(rows), -1)
                    found = _compensated(part, _covariance(taps))
                    result[np.ix_(rows, channels)] = found.reshape(len(rows), len(channels), *exact.shape[2:])
        return np.clip(result, -127, 127).astype(np.int8)

    def _take(self, node: Conv) -> FloatArray:
        """Some windows (count, C, R, S) of a convolution's input, from anywhere in any image."""
        while node.output not in self._windows:
            tensor, values = next(self._walk)
            for reader in self._graph.consumers(tensor):
                if isinstance(reader, Conv) and reader.inputs[0] == tensor and reader.steps is None:
                    self._windows[reader.output] = self._some_windows(reader, values)
        return self._windows.pop(node.output)

    def _some_windows(self, node: Conv, values: FloatArray) -> FloatArray:
        kernel = (node.weight.shape[2], node.weight.shape[3])
        windows = reference.windows_of(values, kernel, node.stride, node.pad, node.size, node.fill, node.dilation)
        each = int(np.prod(windows.shape[1:2] + windows.shape[4:]))
        places = (windows.shape[0], *windows.shape[2:4])
        count = min(max(LEAST, ELEMENTS // each), int(np.prod(places)))
        chosen = self._random.choice(int(np.prod(places)), count, replace=False)
        image, row, column = np.unravel_index(np.sort(chosen), places)
        return windows[image, :, row, column]


def _alike(reads: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Kernels that read the same channels: (channels, kernels) of each sort. reads: (K, C/group)."""
    patterns, which = np.unique(reads, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            yield np.flatnonzero(pattern), np.flatnonzero(which.reshape(-1) == number)


def _portions(channels: NDArray[np.int64], taps: int) -> list[NDArray[np.int64]]:
    """Channels in as many portions as their taps ask for."""
    return np.array_split(channels, max(1, -(-len(channels) * taps // TAPS)))


def _covariance(taps: FloatArray) -> FloatArray:
    """Covariance of windows (count, taps), the nearer to its diagonal the fewer there are."""
    count, size = taps.shape
    if count < 2:
        return np.zeros((size, size))
    found: FloatArray = np.cov(taps, rowvar=False).reshape(size, size).astype(np.float64)
    trusted = count / (count + size)
    found *= trusted
    found[np.diag_indices(size)] /= trusted
    return found


def _compensated(exact: FloatArray, covariance: FloatArray) -> FloatArray:
    """Whole numbers (K, taps) for weights (K, taps) in units of codes, with little error for such inputs."""
    variances = np.diag(covariance)
    if not variances.any():
        return np.rint(exact)
    order = np.argsort(-variances, kind="stable")
    damped = covariance[np.ix_(order, order)].astype(np.float64)
    damped[np.diag_indices_from(damped)] += DAMPING * variances.mean()
    # row i: how the error of tap i is best shared by the taps behind it
    shares = np.linalg.cholesky(np.linalg.inv(damped)).T
    rest, result = exact[:, order].copy(), np.empty_like(exact)
    count = len(order)
    for start in range(0, count, BLOCK):
        end = min(start + BLOCK, count)
        errors = np.empty((len(exact), end - start))
        for tap in range(start, end):
            rounded = np.clip(np.rint(rest[:, tap]), -127, 127)
            result[:, order[tap]] = rounded
            errors[:, tap - start] = (rest[:, tap] - rounded) / shares[tap, tap]
            rest[:, tap:end] -= np.outer(errors[:, tap - start], shares[tap, tap:end])
        rest[:, end:] -= errors @ shares[start:end, end:]
    return result
