"""Weights whose codes int8 does not hold: uint8 weights with a zero point far from the middle."""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Concat, Conv, FloatArray, Graph
from cocodla.compiler.limits import Refused

LOW, HIGH = -128, 127


def weights_to_parts(graph: Graph) -> None:
    """A convolution with such weights reads its input twice, behind each other, with a part of each weight each time:
    the sums are exact. Refused where channels are apart, in groups.
    """
    doubled: dict[tuple[str, int], str] = {}
    for node in list(graph.nodes):
        if not isinstance(node, Conv) or node.steps is None:
            continue
        codes = np.rint(node.weight / node.steps[:, None, None, None])
        low, high = int(codes.min()), int(codes.max())
        if low >= LOW and high <= HIGH:
            continue
        if node.group > 1:
            raise Refused(
                "Conv", node.name,
                f"weight codes less their zero point go from {low} to {high}, int8 holds {LOW} to {HIGH}; with groups "
                "they cannot be taken in parts",
            )  # fmt: skip
        parts = _parts(codes, max(hw.ceil_div(-low, -LOW), hw.ceil_div(high, HIGH)))
        source = node.inputs[0]
        key = (source, len(parts))
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
    """A tensor that holds the input of `node` several times."""
    source = node.inputs[0]
    output = f"{source}/{times} times"
    channels, *extent = graph.shapes[source]
    graph.shapes[output] = (times * channels, *extent)
    graph.nodes.insert(graph.nodes.index(node), Concat(f"{node.name}/input", [source] * times, output))
    graph.pin_like(output, source)
    return output
