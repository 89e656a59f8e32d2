"""Ranges of tensors by what is made of them: a function that is flat, or the host, may not care for the largest values.

Codes for values that all give the same result behind are wasted: pre-activations of a HardSwish far below -3, logits
where a Sigmoid is 0. Of all clippings of the observed range the one is taken whose codes change least behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np
import onnx

from cocodla.compiler import original
from cocodla.compiler.ir import Curve, FloatArray, Graph
from cocodla.compiler.quantisation.calibrate import Histogram, Range
from cocodla.compiler.quantisation.codes import scale_for
from cocodla.errors import UserError

Shares = tuple[float, float]
"""Parts of the lower and the upper end of a range that are left of it."""
PARTS = (1.0, 0.85, 0.7, 0.55, 0.4, 0.3, 0.2, 0.12, 0.07, 0.04, 0.02, 0.01)
"""What is tried for each."""
WORTH = 0.9
"""Part of the error that a stronger clipping must leave at most."""
WEAK = 0.01
"""Signal of an image, in parts of all images' mean, below which noise is compared with that."""
GOOD_ENOUGH = 1e-6
"""Noise that is not told from none: nearly certain classes have hardly any, which must not outweigh all others."""


class Tail:
    """What becomes of the tensors that leave the accelerator.

    Called with these, (batch, *shape) by name, and the model's inputs, it gives the model's outputs where the host
    makes real numbers of them, as many for each image; else the tensors themselves.
    """

    def __init__(
        self, host: onnx.ModelProto | None, kept: Collection[str], name: str, probe: Mapping[str, FloatArray],
        images: FloatArray,
    ) -> None:  # fmt: skip
        """kept: tensors that are outputs of the model as they are. name: of the model's input. probe, images: some
        tensors and their inputs, to see what the host makes.
        """
        self._input, self._kept = name, kept
        self._runner = original.session(host) if host is not None else None
        self._names = [value.name for value in host.graph.output] if host is not None else []
        try:
            found = self(probe, images).values()
        except UserError:
            self._runner = None
        else:
            kinds = (np.issubdtype(value.dtype, np.floating) and np.isfinite(value).all() for value in found)
            if not all(kinds) or not all(value.size for value in found):
                self._runner = None

    def __call__(self, tensors: Mapping[str, FloatArray], images: FloatArray) -> dict[str, FloatArray]:
        if self._runner is None:
            return dict(tensors)
        given = {**tensors, self._input: images}
        read = {value.name: (1, *value.shape[1:]) for value in self._runner.get_inputs()}
        rows = []
        for image in range(len(images)):
            feeds = {name: given[name][image].reshape(shape) for name, shape in read.items()}
            rows.append(original.run(self._runner, self._names, feeds))
        columns = zip(self._names, zip(*rows, strict=True), strict=True)
        made = {name: _joined(part) for name, part in columns}
        return {**{name: tensors[name] for name in self._kept}, **made}


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """A tensor of all images; empty where its shape depends on the image."""
    return np.stack(parts) if len({part.shape for part in parts}) == 1 else np.zeros(0, np.float32)


def through_curves(graph: Graph, tensor: str, histogram: Histogram, extent: Range) -> Range:
    """The clipping of a tensor's range that its readers notice least, if they all are functions of one number."""
    readers = graph.consumers(tensor)
    curves = [node for node in readers if isinstance(node, Curve)]
    if not readers or len(curves) < len(readers) or tensor in (graph.input, *graph.outputs) or not histogram.limit:
        return extent
    used = histogram.counts > 0
    values, counts = histogram.centres[used], histogram.counts[used]
    wanted = [(node, _of(node, values)) for node in curves]

    def error(candidate: Range) -> float:
        codes = scale_for(candidate, "any")
        rounded = codes.dequantise(codes.quantise(values))
        return sum(float((counts * (_of(node, rounded) - exact) ** 2).sum()) for node, exact in wanted)

    return clipped(extent, _mildest(extent, error))


def _of(node: Curve, values: FloatArray) -> FloatArray:
    return np.nan_to_num(original.curve(node.function.model, values).astype(np.float64))


def through_host(
    tail: Callable[[Mapping[str, FloatArray]], Mapping[str, FloatArray]],
    outputs: Mapping[str, FloatArray],
    tensors: Collection[str],
) -> dict[str, Shares]:
    """How far the ranges of `tensors` may be clipped so that the host (`tail`) notices least.

    outputs: all tensors (batch, *shape) that leave the accelerator.
    """
    wanted = tail(outputs)

    def error(tensor: str, candidate: Range) -> float:
        codes = scale_for(candidate, "any")
        got = tail({**outputs, tensor: codes.dequantise(codes.quantise(outputs[tensor]))})
        return mean_noise(wanted, got)

    extents = {tensor: (float(outputs[tensor].min()), float(outputs[tensor].max())) for tensor in tensors}
    return {tensor: _mildest(extent, partial(error, tensor)) for tensor, extent in extents.items()}


def _mildest(extent: Range, error: Callable[[Range], float]) -> Shares:
    """The parts of both ends with the least error; the more of a range is clipped, the more that has to gain."""
    low, high = extent
    best, least = (1.0, 1.0), error(extent)
    candidates = product(PARTS if low < 0 else (1.0,), PARTS if high > 0 else (1.0,))
    for shares in sorted(candidates, key=lambda pair: -min(pair)):
        if shares != best and (found := error(clipped(extent, shares))) < WORTH * least:
            best, least = shares, found
    return best


def clipped(extent: Range, shares: Shares) -> Range:
    """A range without what is clipped of both ends."""
    return extent[0] * shares[0], extent[1] * shares[1]


def mean_noise(wanted: Mapping[str, FloatArray], got: Mapping[str, FloatArray]) -> float:
    """Noise of tensors (batch, *shape) in parts of their signal: the geometric mean over the tensors.

    Of a tensor half the geometric mean over all images counts, where single odd images do not decide, and half the
    noise of all together, where they do. An output of another shape is noise only.
    """
    return float(np.exp(np.mean([_noise(value, got[name]) for name, value in wanted.items()])))


def _noise(wanted: FloatArray, got: FloatArray) -> float:
    """Logarithm of the noise in parts of the signal."""
    if got.shape != wanted.shape:
        return 0.0
    inner = tuple(range(1, wanted.ndim))
    noise = np.square(got - wanted, dtype=np.float64).mean(inner)
    signal = np.square(wanted, dtype=np.float64).mean(inner)
    weak = max(WEAK * float(signal.mean()), 1e-30)
    single = float(np.log(noise / np.maximum(signal, weak) + GOOD_ENOUGH).mean())
    together = float(np.log(noise.mean() / max(float(signal.mean()), 1e-30) + GOOD_ENOUGH))
    return (single + together) / 2
