"""Ranges of activations from calibration data, gathered batch by batch: memory does not grow with the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler import reference
from cocodla.compiler.ir import UNPOOLED, Concat, Conv, FloatArray, Graph, Move, Slice
from cocodla.compiler.quantisation.calibration import Samples
from cocodla.compiler.quantisation.settings import Settings
from cocodla.errors import UserError

BINS = 4096
LEVELS = 128
"""int8 magnitudes a value can be coded with, 0 included."""
Range = tuple[float, float]


class Histogram:
    """Streaming histogram over [-limit, limit); `limit` doubles (bins merge in pairs) when values exceed it."""

    def __init__(self) -> None:
        self.low = np.inf
        self.high = -np.inf
        self.limit = 0.0
        self.seen = 0
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)

    def add(self, values: FloatArray) -> None:
        """Count all values."""
        self.seen += values.size
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


class Extremes:
    """Largest values of each channel, image by image: how far beyond what was seen new images may reach.

    highest (channels,): of all images.
    """

    def __init__(self) -> None:
        self.highest: FloatArray | float = -np.inf
        self._count = 0
        self._sum: FloatArray | float = 0.0
        self._squares: FloatArray | float = 0.0

    def add(self, largest: FloatArray) -> None:
        """Count images: largest value of each channel of each (images, channels)."""
        exact = largest.astype(np.float64)
        self.highest = np.maximum(self.highest, exact.max(0))
        self._count += len(exact)
        self._sum, self._squares = self._sum + exact.sum(0), self._squares + (exact**2).sum(0)

    def expected(self, deviations: float) -> FloatArray:
        """Value (channels,) that hardly any image exceeds: `deviations` above the mean, or the highest seen."""
        mean = self._sum / self._count
        spread = np.sqrt(np.maximum(self._squares / self._count - mean**2, 0))
        return np.maximum(self.highest, mean + deviations * spread)


@dataclass
class Statistics:
    """What calibration learnt of a graph.

    histograms: of every tensor, and of what goes into fused poolings. highs, lows: largest values of it, and of its
    negative. powers: mean square of each channel (channels,), means: mean over all images (*shape) of
    what convolutions read. still: tensors that never vary.
    """

    histograms: dict[str, Histogram] = field(default_factory=dict)
    highs: dict[str, Extremes] = field(default_factory=dict)
    lows: dict[str, Extremes] = field(default_factory=dict)
    powers: dict[str, FloatArray] = field(default_factory=dict)
    means: dict[str, FloatArray] = field(default_factory=dict)
    still: list[str] = field(default_factory=list)

    def widen(self, tensor: str) -> None:
        """Let the range of a tensor that never varies go from 0 to its value, so that one code is that value."""
        for name in {tensor, tensor + UNPOOLED} & self.histograms.keys():
            histogram = self.histograms[name]
            histogram.add(np.array([0.0, histogram.low or 1.0]))

    def ends(self, tensor: str, headroom: float) -> tuple[FloatArray, FloatArray]:
        """Least and largest value of each channel (channels,) that are to be expected, see `Extremes.expected`."""
        return -self.lows[tensor].expected(headroom), self.highs[tensor].expected(headroom)

    def peaks(self, tensor: str, headroom: float) -> FloatArray:
        """Largest magnitude of each channel (channels,) that is to be expected."""
        low, high = self.ends(tensor, headroom)
        return np.maximum(-low, high)

    def room(self, tensor: str, headroom: float) -> Range:
        """Factors for the lower and the upper end of a range that was seen, to hold what is to be expected."""

        def factor(extremes: Extremes) -> float:
            seen = float(np.max(extremes.highest))
            return float(extremes.expected(headroom).max()) / seen if seen > 0 else 1.0

        return factor(self.lows[tensor]), factor(self.highs[tensor])


def minmax(histogram: Histogram, settings: Settings) -> Range:
    """Smallest and largest value seen."""
    return histogram.low, histogram.high


def percentile(histogram: Histogram, settings: Settings) -> Range:
    """The range that holds all but (100 - percentile) % of the values, the rest split evenly between both ends."""
    total = np.cumsum(histogram.counts)
    outside = (1 - settings.percentile / 100) / 2 * total[-1]
    first = int(np.searchsorted(total, outside, side="right"))
    last = int(np.searchsorted(total, total[-1] - outside, side="left"))
    width = 2 * histogram.limit / BINS
    low, high = first * width - histogram.limit, (last + 1) * width - histogram.limit
    return max(low, histogram.low), min(high, histogram.high)


def least_squares(histogram: Histogram, settings: Settings) -> Range:
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


def entropy(histogram: Histogram, settings: Settings) -> Range:
    """The clipping whose int8 codes lose the least information: smallest KL divergence from the real distribution.

    Magnitudes are compared. Values beyond the clipping count into the last bin of the real distribution, and are
    missing in the coded one, so that clipping costs; each code spreads its count over the bins it stands for that
    are not empty.
    """
    half = BINS // 2
    magnitudes = histogram.counts[half:] + histogram.counts[half - 1 :: -1]
    magnitudes[0] = magnitudes[1]  # ReLU makes heaps of zeros: they are coded exactly and tell nothing
    reach = max(abs(histogram.low), abs(histogram.high))
    used = min(half, int(np.ceil(reach / histogram.limit * half)))
    if used <= LEVELS:
        return histogram.low, histogram.high
    best, chosen = np.inf, used
    for bins in range(LEVELS, used + 1, max(1, (used - LEVELS) // 256)):
        loss = _divergence(magnitudes, bins)
        if loss <= best:
            best, chosen = loss, bins
    limit = chosen / half * histogram.limit if chosen < used else reach
    return max(histogram.low, -limit), min(histogram.high, limit)


def _divergence(magnitudes: np.ndarray, bins: int) -> float:
    """KL divergence of a histogram of magnitudes from its int8 code when it is clipped to the first `bins` bins."""
    inside = magnitudes[:bins].astype(np.float64)
    real = inside.copy()
    real[-1] += magnitudes[bins:].sum()
    level = np.arange(bins) * LEVELS // bins
    occupied = inside > 0
    totals = np.bincount(level, inside, LEVELS)
    members = np.bincount(level, occupied, LEVELS)
    coded = np.where(occupied, (totals / np.maximum(members, 1))[level], 0)
    if not coded.any():
        return np.inf
    tiny = 1e-4 / bins
    p = (real / real.sum() + tiny) / (1 + tiny * bins)
    q = (coded / coded.sum() + tiny) / (1 + tiny * bins)
    return float((p * np.log(p / q)).sum())


CALIBRATORS: dict[str, Callable[[Histogram, Settings], Range]] = {
    "minmax": minmax,
    "percentile": percentile,
    "mse": least_squares,
    "entropy": entropy,
}


def calibrate(graph: Graph, samples: Samples) -> Statistics:
    """Histograms, peaks, powers and means of every tensor of the graph.

    UserError, with node and tensor, if the input or an output never varies (it cannot be given a scale), or a tensor
    is not finite.
    """
    found, convolved = Statistics(), {node.inputs[0] for node in graph.nodes if isinstance(node, Conv)}
    for images in samples.batches(reference.batch_size(graph)):
        share = len(images) / len(samples)
        for tensor, values in reference.walk(graph, images, rounded=True):
            reference.check_finite(graph, tensor, values)
            found.histograms.setdefault(tensor, Histogram()).add(values)
            axes = (0, *range(2, values.ndim))
            inner = tuple(range(2, values.ndim))
            found.highs.setdefault(tensor, Extremes()).add(values.max(inner))
            found.lows.setdefault(tensor, Extremes()).add(-values.min(inner))
            power = np.square(values, dtype=np.float64).mean(axes) * share
            found.powers[tensor] = found.powers.get(tensor, 0) + power
            if tensor in convolved:
                found.means[tensor] = found.means.get(tensor, 0) + (values.mean(0) * share).astype(np.float32)
    # A part of a Concat has the scale of the whole, and what is cut out or moved that of where it comes from.
    joined = {name for node in graph.nodes if isinstance(node, Concat) for name in node.inputs}
    joined |= {node.output for node in graph.nodes if isinstance(node, (Move, Slice))}
    for tensor, histogram in found.histograms.items():
        root = tensor.removesuffix(UNPOOLED)
        if root not in graph.pins and root not in joined and _never_varies(histogram):
            found.still.append(root)
    found.still = list(dict.fromkeys(found.still))
    ends = [tensor for tensor in found.still if tensor in (graph.input, *graph.outputs)]
    if ends:  # nothing can be learnt of such data, or of such a model
        where, value = graph.where(ends[0]), found.histograms[ends[0]].low
        raise UserError(f"{where} is {value:g} for all calibration data; what never varies has no scale")
    for tensor in found.still:
        found.widen(tensor)
    return found


def _never_varies(histogram: Histogram) -> bool:
    return histogram.limit == 0 or (histogram.low == histogram.high and histogram.seen > 1)
