"""What the official driver cannot program otherwise (spec: loadable.md sections 5, 6 and 13): only under its target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla.compiler.ir import Activate, Affine, Graph, Multiply, Node, Quantisation, Slice


def slopes_of_channels(graph: Graph) -> None:
    """Slopes of leaky ReLU for each channel: a stage of SDP has its summands in memory, and then its factors, too."""
    if not graph.official:
        return
    for node in graph.nodes:
        if isinstance(node, Activate) and not node.function.zero_below and node.function.slopes is None:
            channels = graph.shapes[node.output][0]
            node.function = replace(node.function, alpha=0.0, slopes=(node.function.alpha,) * channels)


def outputs_apart(graph: Graph) -> None:
    """An output that is a part of another tensor is copied: the application brings a buffer for each output. Parts of a
    Concat are the Concat's to copy (place.py).
    """
    if not graph.official:
        return
    for node in list(graph.nodes):
        if isinstance(node, Slice) and node.output in graph.outputs:
            output, part = node.output, f"{node.output}/part"
            graph.shapes[part] = graph.shapes[output]
            graph.pin_like(part, node.inputs[0])
            for reader in graph.consumers(output):
                reader.inputs = [part if name == output else name for name in reader.inputs]
            node.output = part
            _copy_before(graph, graph.nodes[graph.nodes.index(node) + 1 :], f"{node.name}/copy", part, output)


def factors_without_zeros(graph: Graph) -> None:
    """Of two factors whose codes the model fixes, both with zero points, one is copied to codes without: a stage of SDP
    has one source of operands. Where codes are free, quantisation sees to that (quantisation/official.py).
    """
    for node in list(graph.nodes) if graph.official else ():
        codes = [graph.pins.get(name) for name in node.inputs]
        if not isinstance(node, Multiply) or not all(found is not None and found.zero for found in codes):
            continue
        first, second = (_symmetric(graph.pins[name]) for name in node.inputs)
        coarser = [now.scale / graph.pins[name].scale for name, now in zip(node.inputs, (first, second), strict=True)]
        alike = graph.shapes[node.inputs[0]] == graph.shapes[node.inputs[1]]
        index = 0 if alike and coarser[0] < coarser[1] else 1  # one value a channel is copied at no cost
        source, copy = node.inputs[index], f"{node.output}/factor"
        graph.shapes[copy] = graph.shapes[source]
        graph.pins[copy] = (first, second)[index]
        _copy_before(graph, [node], f"{node.name}/factor", source, copy)
        node.inputs[index] = copy


def _symmetric(codes: Quantisation) -> Quantisation:
    """Codes without a zero point for all that others can say."""
    return Quantisation(max(abs(codes.real(-128)), abs(codes.real(127))) / 127)


def _copy_before(graph: Graph, behind: list[Node], name: str, source: str, target: str) -> None:
    """A copy of a tensor before the first of some nodes, at the end if there are none."""
    ones, zeros = np.ones(graph.shapes[source][0]), np.zeros(graph.shapes[source][0])
    place = graph.nodes.index(behind[0]) if behind else len(graph.nodes)
    graph.nodes.insert(place, Affine(name, [source], target, ones, zeros))
