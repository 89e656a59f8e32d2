"""Weights whose codes int8 does not hold: uint8 weights with a zero point far from the middle."""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Concat, Conv, FloatArray, Graph, Loop, Move, Node

LOW, HIGH = -128, 127
WHOLE = 0.01
"""What is further from a whole number is no code."""


def weights_to_parts(graph: Graph) -> None:
    """A convolution with such weights reads its input twice, behind each other in each group of channels, with a part
    of each weight each time: the sums are exact. Groups are whole surfaces here.
    """
    doubled: dict[tuple[str, int, int], str] = {}
    for node in list(graph.nodes):
        if not isinstance(node, Conv) or node.steps is None:
            continue
        exact = node.weight / node.steps[:, None, None, None]
        codes = np.rint(exact)
        low, high = int(codes.min()), int(codes.max())
        if (low >= LOW and high <= HIGH) or np.abs(exact - codes).max() > WHOLE:
            continue
        parts = _parts(codes, max(hw.ceil_div(-low, -LOW), hw.ceil_div(high, HIGH)))
        key = (node.inputs[0], len(parts), node.group)
        if key not in doubled:
            doubled[key] = _behind_each_other(graph, node, len(parts))
        node.inputs[0] = doubled[key]
        node.weight = np.concatenate(parts, 1) * node.steps[:, None, None, None]


def _parts(codes: FloatArray, count: int) -> list[FloatArray]:
    """int8 arrays whose sum is `codes`."""
    parts = []
    for _ in range(count):
        parts.append(np.clip(codes, LOW, HIGH))
        codes = codes - parts[-1]
    return parts


def _behind_each_other(graph: Graph, node: Conv, times: int) -> str:
    """A tensor that holds each group of channels of the input of `node` several times."""
    source, name = node.inputs[0], f"{node.name}/input"
    output = f"{source}/{times} times {node.group}"
    channels, *extent = graph.shapes[source]
    graph.shapes[output] = (times * channels, *extent)
    made: Node = Concat(name, [source] * times, output)
    if channels % hw.ATOM == 0:
        surfaces = channels // hw.ATOM // node.group
        loops = (
            Loop(node.group, (surfaces, 0, 0), (times * surfaces, 0, 0)),
            Loop(times, (0, 0, 0), (surfaces, 0, 0)),
            Loop(surfaces, (1, 0, 0), (1, 0, 0)),
            Loop(extent[0], (0, 1, 0), (0, 1, 0)),
            Loop(extent[1], (0, 0, 1), (0, 0, 1)),
        )
        made = Move(name, [source], output, loops, graph.shapes[output], "repeat")
    graph.nodes.insert(graph.nodes.index(node), made)
    graph.pin_like(output, source)
    return output
