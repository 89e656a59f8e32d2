"""Centred channels: a constant taken out of each channel of an inner tensor, so that its values lie around zero.

The convolution that makes the tensor takes it out of its bias, the 1x1 convolutions that read it put it back into
theirs: nothing changes in real numbers. Each channel then needs half of the range that its skew would ask for. Not
possible behind an activation, which bends at zero, nor before padding, which is zero.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla.compiler.ir import Conv, FloatArray, Graph, Node
from cocodla.compiler.quantisation.calibrate import Statistics


def centred(graph: Graph, statistics: Statistics, headroom: float) -> tuple[Graph, dict[str, FloatArray]]:
    """A graph with other biases, and what is missing in its tensors by channel, tensor -> (channels,): real value of
    the original model = value in the new graph + that. The graph itself stays as it is.
    """
    taken: dict[str, FloatArray] = {}
    for node in graph.nodes:
        if _movable(graph, node):
            low, high = statistics.ends(node.output, headroom)
            taken[node.output] = (low + high) / 2
    nodes = [_moved(node, taken) for node in graph.nodes]
    return replace(graph, nodes=nodes), taken


def _movable(graph: Graph, node: Node) -> bool:
    """True if the node is a convolution whose output only 1x1 convolutions without padding read."""
    if not isinstance(node, Conv) or node.activation is not None or node.pool is not None or node.steps is not None:
        return False
    if node.output in graph.outputs or node.output in graph.pins:
        return False
    return all(
        isinstance(reader, Conv)
        and reader.inputs[0] == node.output
        and node.output not in reader.inputs[1:]
        and reader.weight.shape[2:] == (1, 1)
        and reader.steps is None
        and not reader.padded
        and all(reader.reach(axis) <= node.size[axis] for axis in (0, 1))
        for reader in graph.consumers(node.output)
    )


def _moved(node: Node, taken: dict[str, FloatArray]) -> Node:
    if not isinstance(node, Conv):
        return node
    bias = node.bias - taken.get(node.output, np.zeros(1))
    if node.inputs[0] in taken:
        bias = bias + (node.weight[:, :, 0, 0] * node.per_kernel(taken[node.inputs[0]])).sum(1)
    return replace(node, bias=bias)
