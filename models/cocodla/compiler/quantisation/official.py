"""What the official driver asks of codes (spec: loadable.md section 4): one source of operands for a stage of SDP."""

from __future__ import annotations

from collections.abc import Mapping

from cocodla.compiler.ir import FloatArray, Graph, Multiply
from cocodla.compiler.quantisation.calibrate import Range
from cocodla.compiler.quantisation.codes import Zeros, scale_for


def plain_factors(graph: Graph, ranges: Mapping[str, Range], powers: Mapping[str, FloatArray]) -> set[str]:
    """Of the two factors of each product the one that is to have no zero point: without it the noise of the product is
    the least. Empty for another target.

    ranges: of tensors without codes of their own. powers: mean squares of their channels. A product reads one factor
    from memory and takes the zero point off the other one; taking off both would need a register in the same stage.
    """
    plain: set[str] = set()
    for node in graph.nodes if graph.official else ():
        if not isinstance(node, Multiply) or plain.intersection(node.inputs):
            continue
        free = [name for name in node.inputs if name in ranges and name in powers]
        fixed = [name for name in node.inputs if name in graph.pins]
        if free and not any(graph.pins[name].zero == 0 for name in fixed):
            plain.add(free[0] if len(free) == 1 else _cheaper(graph, node, ranges, powers))
    return plain


def _cheaper(graph: Graph, node: Multiply, ranges: Mapping[str, Range], powers: Mapping[str, FloatArray]) -> str:
    """The factor that costs less without a zero point."""
    first, second = node.inputs
    alike = graph.shapes[first] == graph.shapes[second]
    usual: tuple[tuple[str, Zeros], ...] = ((first, "any"), (second, "any" if alike else "ends"))
    steps = {name: scale_for(ranges[name], zeros).scale for name, zeros in usual}
    power = {name: float(powers[name].mean()) for name in node.inputs}

    def noise(plain: str) -> float:
        """What rounding both factors does to their product, in squares of a step's share."""
        taken = {**steps, plain: scale_for(ranges[plain], "none").scale}
        return power[second] * taken[first] ** 2 + power[first] * taken[second] ** 2

    return min(node.inputs, key=noise)
