"""Normalisation over neighbouring channels: LRN."""

from __future__ import annotations

from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Lrn, LrnFunction
from cocodla.errors import UserError

SIZES = (3, 5, 7, 9)


def lrn(source: Source) -> Result:
    """LRN of images, with a window CDP has."""
    attributes = source.attributes(alpha=1e-4, beta=0.75, bias=1.0, size=None)
    shape = source.shape(0, axes=3)
    if attributes["size"] % 2 == 0:  # onnxruntime cannot run it either
        raise UserError(f"LRN {source.label!r}: size must be odd, it is {attributes['size']}")
    if attributes["size"] not in SIZES:
        raise Unsupported(f"size must be 3, 5, 7 or 9, it is {attributes['size']}")
    if not attributes["bias"] > 0:
        raise Unsupported(f"bias must be above 0, it is {attributes['bias']:g}")
    if not attributes["alpha"] >= 0:
        raise Unsupported(f"alpha must be at least 0, it is {attributes['alpha']:g}")
    function = LrnFunction(attributes["size"], attributes["alpha"], attributes["beta"], attributes["bias"])
    return Lrn(source.label, [source.tensor(0)], source.output, function), shape
