"""Codes that follow from others: without calibration data, of tensors the model rounds nowhere behind.

The last operators of a model that brings its scales have none behind them (a sum, a product, a scale). The range of
what they make follows from the codes they read, exactly; where sums of many products make it, it is far too wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from cocodla.compiler.ir import (
    Add,
    Concat,
    Conv,
    Curve,
    Graph,
    Move,
    Multiply,
    Node,
    Pointwise,
    Pool,
    Quantisation,
    Slice,
)
from cocodla.compiler.quantisation.calibrate import Range
from cocodla.compiler.quantisation.curves import values_of
from cocodla.compiler.reference import activate

CODES = np.arange(-128, 128)


def implied_codes(graph: Graph) -> dict[str, Quantisation]:
    """Codes of tensors that have none, made of tensors with codes by layers whose range is known."""
    known, found = dict(graph.pins), dict[str, Quantisation]()
    unsigned = {name for node in graph.nodes if isinstance(node, (Add, Multiply)) for name in node.inputs}
    for node in graph.nodes:
        if node.output in known or any(name not in known for name in node.inputs):
            continue
        if isinstance(node, (Concat, Slice, Move, Pool)):
            known[node.output] = known[node.inputs[0]]
            continue
        extent = _range(node, known)
        if extent is None or not max(map(abs, extent)) > 0:
            continue
        low, high = extent
        if low >= 0 and node.output not in unsigned:  # such may not have a zero point
            codes = Quantisation(high / 255, -128)
        else:
            codes = Quantisation(max(abs(low), abs(high)) / 127)
        known[node.output] = found[node.output] = codes
    return found


def _range(node: Node, known: Mapping[str, Quantisation]) -> Range | None:
    """Smallest and largest value a node can make; None if that does not tell much."""
    ends = [np.array([known[name].real(-128), known[name].real(127)]) for name in node.inputs]
    if isinstance(node, Add):
        first, second = ends
        made = {
            "sum": first + second, "difference": first - second[::-1], "max": np.maximum(first, second),
            "min": np.minimum(first, second),
        }[node.operation]  # fmt: skip
    elif isinstance(node, Multiply):
        made = np.array([a * b for a, b in product(*ends)])
    elif isinstance(node, Pointwise):
        made = np.stack([node.scale * end + node.bias for end in ends[0]])
    elif isinstance(node, Curve):
        codes = known[node.inputs[0]]
        made = values_of(node.function, codes.scale * (CODES - codes.zero)[:, None])
    elif isinstance(node, Conv) and len(ends) == 1 and np.count_nonzero(node.weight, (1, 2, 3)).max() <= 1:
        scale = node.weight.sum((1, 2, 3))
        made = np.stack([node.bias, *(scale * end + node.bias for end in ends[0])])
    else:
        return None
    function = getattr(node, "activation", None)
    if function is not None:
        shaped = made.reshape(len(made), -1, 1, 1)  # channels where slopes differ between them
        made = activate(shaped, function)
    return float(made.min()), float(made.max())
