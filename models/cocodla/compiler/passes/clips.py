"""Limits (Clip) before codes the model fixes: the saturation of codes takes their place.

The output converter only saturates at the ends of int8. A limit inside of wider codes becomes such an end by another
zero point: the codes of the values that can occur move, the values stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cocodla.compiler.ir import LIMIT_MARGIN, Activate, Affine, Concat, Graph, Node, Pool, Quantisation, keeps_codes


@dataclass(frozen=True)
class Limits:
    """An activation that limits a tensor to low .. high (None: not at all), and the affine maps around it, if any."""

    nodes: list[Node]
    low: float | None
    high: float | None

    def inside(self, codes: Quantisation) -> tuple[bool, bool]:
        """Whether the lower and the upper limit cut off codes."""
        half = (0.5 + LIMIT_MARGIN) * codes.scale
        low = self.low is not None and self.low > codes.real(-128) + half
        return low, self.high is not None and self.high < codes.real(127) - half


    def own_codes(self, codes: Quantisation) -> Quantisation:
        """Codes between the affine maps, where the tensor goes from 0 up: the finest that hold what is left of it."""
        low, high = codes.real(-128), codes.real(127)
        low = low if self.low is None else max(low, self.low)
        high = high if self.high is None else min(high, self.high)
        return Quantisation((high - low) / 255, -128)


def limits_of_codes(graph: Graph) -> None:
    """Limits inside of the codes behind them become the codes' own ends, or get codes of their own."""
    moved: dict[str, tuple[Quantisation, Quantisation]] = {}
    for node in list(graph.nodes):
        limits = _limits(graph, node) if isinstance(node, Activate) else None
        if limits is None or limits.nodes[-1].output not in graph.pins:
            continue
        codes = graph.pins[limits.nodes[-1].output]
        inside = limits.inside(codes)
        if len(limits.nodes) == 1:
            if inside[1]:
                assert limits.high is not None
                moved[node.output] = codes, _ending_at(limits.high, codes.scale)
        elif any(inside):
            graph.pins[node.output] = limits.own_codes(codes)
    for tensor, (_, codes) in moved.items():
        graph.pins[tensor] = codes
    _move_codes(graph, dict(moved))


def _ending_at(high: float, scale: float) -> Quantisation:
    """Codes whose largest value is the one nearest to `high`, at most 255 steps above 0."""
    return Quantisation(scale, max(-128, 127 - int(np.rint(high / scale))))


def _limits(graph: Graph, node: Activate) -> Limits | None:
    """What an activation and the affine maps around it limit a tensor to, if that is all they do."""
    function = node.function
    if not function.zero_below:
        return None
    before, behind = graph.producer(node.inputs[0]), graph.only_consumer(node.output)
    alone = Limits([node], 0.0, function.high)
    if not isinstance(before, Affine) or not isinstance(behind, Affine) or node.output in graph.pins:
        return alone
    if graph.only_consumer(before.output) is not node or before.output in graph.pins:
        return alone
    sign = float(before.scale[0])
    if abs(sign) != 1 or np.ptp(before.scale) or (behind.scale != sign).any() or np.ptp(behind.shift):
        return alone
    if (before.shift * sign != -behind.shift).any():
        return alone
    first = float(behind.shift[0])
    second = None if function.high is None else first + sign * function.high
    return Limits([before, node, behind], first, second) if sign > 0 else Limits([before, node, behind], second, first)


def _move_codes(graph: Graph, moved: dict[str, tuple[Quantisation, Quantisation]]) -> None:
    """What only moves or selects values of tensors with other codes than before has those too. `moved` grows."""
    for node in graph.nodes:
        if not (keeps_codes(node) or isinstance(node, (Pool, Concat))) or node.output in moved:
            continue
        known = [moved.get(name) for name in node.inputs]
        if known[0] is not None and set(known) == {known[0]} and graph.pins.get(node.output) == known[0][0]:
            graph.pins[node.output] = known[0][1]
            moved[node.output] = known[0]
