"""Functions of one number in integers: a table of all 256 codes (spec: cdp.md sections 1, 4.3 and 4.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cocodla.compiler import original
from cocodla.compiler.ir import Curve, CurveFunction, FloatArray, Quantisation, Shape

CODES = np.arange(-128, 128)


@dataclass
class QuantisedCurve:
    """A function in integers: output code = codes[input code + 128]."""

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    function: CurveFunction
    codes: tuple[int, ...]
    out: Quantisation


def curve(node: Curve, shape: Shape, source: Quantisation, out: Quantisation) -> QuantisedCurve:
    """The table of one node."""
    exact = values_of(node.function, (CODES - source.zero) * source.scale) / out.scale + out.zero
    codes = np.clip(np.sign(exact) * np.floor(np.abs(exact) + 0.5), -128, 127).astype(int)
    return QuantisedCurve(
        node.name, (node.inputs[0],), node.output, shape, node.function, tuple(codes.tolist()), out
    )  # fmt: skip


EXCESS = 1 / 64
"""Part of its range by which a function's may be larger for inputs that are rounded: not more, where it has poles."""


def reached(
    node: Curve, source: Quantisation, low: float, high: float, seen: tuple[float, float]
) -> tuple[float, float]:
    """Range of a function's values: `seen`, and what it makes of the codes next to the ends of its input's range."""
    ends = source.dequantise(source.quantise(np.array([low, high])))
    made, (least, largest) = values_of(node.function, ends), seen
    more = (largest - least) * EXCESS
    return max(least - more, min(least, *made)), min(largest + more, max(largest, *made))


def values_of(function: CurveFunction, x: FloatArray) -> FloatArray:
    """The function at any values, finite: where it is not a number 0 (calibration has found no such value)."""
    largest = float(np.finfo(np.float32).max)
    found = original.curve(function.model, x).astype(np.float64).reshape(x.shape)  # constants in it may add axes
    return np.nan_to_num(found, nan=0.0, posinf=largest, neginf=-largest)
