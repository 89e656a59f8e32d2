"""Passes that bring layers together across nodes which only move elements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Activate, Affine, Conv, Graph, Move, Slice


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


def picks_behind_scales(graph: Graph) -> None:
    """A convolution that only picks channels, followed by scales: swap them, so that both find layers to join."""
    for first, second in graph.chains():
        if not isinstance(first, Conv) or not isinstance(second, Affine) or not _picks(first) or first.activation:
            continue
        matrix = first.weight[:, :, 0, 0]
        if (matrix.sum(0) > 1).any() or not matrix.any(1).all() or second.output in graph.pins:
            continue
        unused = 1 - matrix.sum(0)
        source, middle, target = first.inputs[0], first.output, second.output
        second.scale, second.shift = matrix.T @ second.scale + unused, matrix.T @ second.shift
        second.inputs, second.output = [source], middle
        first.inputs, first.output = [middle], target
        graph.shapes[middle] = graph.shapes[source]
        graph.nodes.remove(second)
        graph.nodes.insert(graph.nodes.index(first), second)


def picks_into_layer_behind(graph: Graph) -> None:
    """A convolution that only picks channels joins those that read it: they take channels in another order."""
    for pick in list(graph.nodes):
        if not isinstance(pick, Conv) or not _picks(pick) or pick.activation or pick.output in graph.outputs:
            continue
        source, matrix, readers = pick.inputs[0], pick.weight[:, :, 0, 0], graph.consumers(pick.output)
        once = (matrix.sum(0) <= 1).all()
        fits = graph.pins.get(source) == graph.pins.get(pick.output) or pick.output not in graph.pins
        if not fits or not all(
            isinstance(reader, Conv)
            and reader.group == 1
            and pick.output not in reader.inputs[1:]
            and (once or reader.steps is None)
            for reader in readers
        ):
            continue
        for reader in readers:
            assert isinstance(reader, Conv)
            reader.weight = np.einsum("kprs,pc->kcrs", reader.weight, matrix)
            reader.inputs[0] = source
        graph.nodes.remove(pick)
        del graph.shapes[pick.output]
        graph.pins.pop(pick.output, None)


def picks_of_one_layer(graph: Graph) -> None:
    """A convolution of whose output all readers only pick channels makes them as they want them, one behind the other.

    Each then is a part of its output.
    """
    for node in list(graph.nodes):
        picks = graph.consumers(node.output) if isinstance(node, Conv) else []
        if not isinstance(node, Conv) or len(picks) < 2 or node.output in graph.outputs or node.output in graph.pins:
            continue
        plain = node.group == 1 and node.pool is None and len(node.inputs) == 1
        function = node.activation
        if not plain or (function is not None and function.slopes is not None):
            continue
        matrices = [pick.weight[:, :, 0, 0] for pick in picks if isinstance(pick, Conv) and _picks(pick)]
        if len(matrices) < len(picks) or any(pick.activation for pick in picks if isinstance(pick, Conv)):
            continue
        matrix = np.concatenate(matrices)
        if len(matrix) > hw.align(len(node.weight)) or any(len(part) % hw.ATOM for part in matrices[:-1]):
            continue
        node.weight, node.bias = np.einsum("pk,kcrs->pcrs", matrix, node.weight), matrix @ node.bias
        if node.steps is not None:
            node.steps = np.where(matrix.any(1), matrix @ node.steps, 1.0)
        _, height, width = graph.shapes[node.output]
        graph.shapes[node.output] = (len(matrix), height, width)
        first = 0
        for pick, part in zip(picks, matrices, strict=True):
            box = ((first, first + len(part)), (0, height), (0, width))
            graph.replace(pick, Slice(pick.name, [node.output], pick.output, box))
            first += len(part)


def _picks(node: Conv) -> bool:
    """True for a 1x1 convolution each kernel of which is one channel, or nothing."""
    plain = node.weight.shape[2:] == (1, 1) and node.group == 1 and node.stride == (1, 1) and not node.padded
    return plain and replace(node, activation=None).picks
