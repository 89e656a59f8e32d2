"""Passes that bring layers together across nodes which only move elements."""

from __future__ import annotations

import numpy as np

from cocodla.compiler.ir import Activate, Conv, Graph, Move


def activations_before_moves(graph: Graph) -> None:
    """Move followed by an activation: swap them, so that the activation can join the layer before."""
    moved = True
    while moved:
        moved = False
        for first, second in graph.chains():
            if isinstance(first, Move) and isinstance(second, Activate) and second.function.slopes is None:
                source, middle, target = first.inputs[0], first.output, second.output
                second.inputs, second.output = [source], middle
                first.inputs, first.output = [middle], target
                graph.shapes[middle] = graph.shapes[source]
                graph.pin_like(middle, target)
                graph.nodes.remove(second)
                graph.nodes.insert(graph.nodes.index(first), second)
                moved = True


def picks_into_layer_before(graph: Graph) -> None:
    """A convolution that only picks channels joins the one before: it takes kernels in another order, or zeros."""
    for first, second in graph.chains():
        if not isinstance(first, Conv) or not isinstance(second, Conv) or not _picks(second):
            continue
        if first.group > 1 or first.pool is not None or len(first.inputs) > 1 or second.inputs != [first.output]:
            continue
        function = first.activation
        if function is not None and function.slopes is not None:
            continue
        matrix = second.weight[:, :, 0, 0]
        first.weight = np.einsum("pk,kcrs->pcrs", matrix, first.weight)
        first.bias = matrix @ first.bias
        if first.steps is not None:
            first.steps = np.where(matrix.any(1), matrix @ first.steps, 1.0)
        first.activation = function or second.activation
        graph.absorb(first, second)


def _picks(node: Conv) -> bool:
    """True for a 1x1 convolution each kernel of which is one channel, or nothing."""
    weight = node.weight
    if weight.shape[2:] != (1, 1) or node.group > 1 or node.stride != (1, 1) or node.padded or node.bias.any():
        return False
    ones = (weight == 1).sum((1, 2, 3))
    return bool((ones <= 1).all() and ((weight != 0).sum((1, 2, 3)) == ones).all()) and node.pool is None
