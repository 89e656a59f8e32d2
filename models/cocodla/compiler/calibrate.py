"""Ranges of activations from calibration data, gathered batch by batch: memory does not grow with the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import FloatArray, Graph
from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError

BATCH = 64
BINS = 4096
Range = tuple[float, float]


class Histogram:
    """Streaming histogram over [-limit, limit); `limit` doubles (bins merge in pairs) when values exceed it."""

    def __init__(self) -> None:
        self.low = np.inf
        self.high = -np.inf
        self.limit = 0.0
        self.counts = np.zeros(BINS, np.int64)

    def add(self, values: FloatArray) -> None:
        """Count all values."""
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        reach = max(abs(self.low), abs(self.high))
        if self.limit == 0:
            if reach == 0:
                return
            self.limit = reach * 1.0001
        while reach >= self.limit:
            pairs = self.counts.reshape(-1, 2).sum(1)
            self.counts = np.concatenate([np.zeros(BINS // 4, np.int64), pairs, np.zeros(BINS // 4, np.int64)])
            self.limit *= 2
        self.counts += np.histogram(values, BINS, (-self.limit, self.limit))[0]

    @property
    def centres(self) -> FloatArray:
        """Value in the middle of each bin."""
        return (np.arange(BINS) + 0.5) * (2 * self.limit / BINS) - self.limit


def minmax(histogram: Histogram, options: CompileOptions) -> Range:
    """Smallest and largest value seen."""
    return histogram.low, histogram.high


def percentile(histogram: Histogram, options: CompileOptions) -> Range:
    """The range that holds all but (100 - percentile) % of the values, the rest split evenly between both ends."""
    total = np.cumsum(histogram.counts)
    outside = (1 - options.percentile / 100) / 2 * total[-1]
    first = int(np.searchsorted(total, outside, side="right"))
    last = int(np.searchsorted(total, total[-1] - outside, side="left"))
    width = 2 * histogram.limit / BINS
    low, high = first * width - histogram.limit, (last + 1) * width - histogram.limit
    return max(low, histogram.low), min(high, histogram.high)


def least_squares(histogram: Histogram, options: CompileOptions) -> Range:
    """The clipping of the observed range that gives int8 the least mean squared error."""
    best, chosen = np.inf, (histogram.low, histogram.high)
    centres, counts = histogram.centres, histogram.counts
    used = counts > 0
    centres, counts = centres[used], counts[used]
    for share in np.linspace(0.4, 1.0, 121):
        low, high = histogram.low * share, histogram.high * share
        step = max(abs(low), abs(high)) / 127
        error = centres - np.clip(np.rint(centres / step), -128, 127) * step
        total = float((counts * error**2).sum())
        if total < best:
            best, chosen = total, (low, high)
    return chosen


CALIBRATORS: dict[str, Callable[[Histogram, CompileOptions], Range]] = {
    "minmax": minmax,
    "percentile": percentile,
    "mse": least_squares,
}


def calibrate(graph: Graph, images: FloatArray, options: CompileOptions) -> dict[str, Range]:
    """(low, high) of every tensor of the graph, and of what goes into fused poolings.

    images: model inputs (batch, *input shape). UserError if a tensor is always 0 or never finite.
    """
    histograms: dict[str, Histogram] = {}
    for start in range(0, len(images), BATCH):
        for tensor, values in reference.walk(graph, images[start : start + BATCH]):
            if not np.isfinite(values).all():
                raise UserError(f"tensor {tensor!r} takes infinite or NaN values on the calibration data")
            histograms.setdefault(tensor, Histogram()).add(values)
    method = CALIBRATORS[options.calibrator]
    ranges = {}
    for tensor, histogram in histograms.items():
        if histogram.limit == 0:
            raise UserError(f"tensor {tensor!r} is 0 for all calibration data, it cannot be given a scale")
        ranges[tensor] = method(histogram, options)
    return ranges
