"""Transposed convolutions: one convolution for each phase of the stride, and the phases interleaved by a Move.

Outputs o = stride * q + phase all read the same kernel taps, at inputs q + offset: an ordinary convolution. Its results
are written as blocks of channels, one for each phase in y and x, which the Move then spreads over rows and columns.
Where the phases' taps lie much alike one convolution makes all blocks, with zeros in the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import gcd

import numpy as np

from cocodla import hw
from cocodla.compiler.frontend.operators.moving import interleave
from cocodla.compiler.ir import Activate, Concat, Conv, FloatArray, Graph, Move, Node, Pair, Slice, Transposed
from cocodla.compiler.passes.reshape import LAYER_OVERHEAD


def activations(graph: Graph) -> None:
    """An activation joins the transposed convolution before it."""
    for first, second in graph.chains():
        if not isinstance(first, Transposed) or not isinstance(second, Activate) or first.activation is not None:
            continue
        # Phases that are layers of their own cannot share the limit of one scale.
        if second.function.high is None or first.group == 1:
            first.activation = second.function
            graph.absorb(first, second)


@dataclass(frozen=True)
class Taps:
    """Taps of an axis: input offset of the first, distance, and the kernel's element of each (-1: none)."""

    first: int
    step: int
    elements: tuple[int, ...]


def phases(kernel: int, stride: int, pad: int, dilation: int) -> list[Taps]:
    """The taps of each phase along an axis, offsets rising; the first is never behind the output's own position."""
    step = dilation // gcd(stride, dilation)
    found = []
    for phase in range(stride):
        valid = [r for r in range(kernel - 1, -1, -1) if (phase + pad - r * dilation) % stride == 0]
        first = (phase + pad - valid[0] * dilation) // stride if valid else 0
        before = max(0, hw.ceil_div(first, step))  # a window begins at its position, or before
        found.append(Taps(first - before * step, step, (*(-1,) * before, *(valid or [-1]))))
    return found


def merged(taps: list[Taps]) -> list[Taps]:
    """The same taps, all with the offsets of the whole."""
    start = min(entry.first for entry in taps)
    step = 1 if any((entry.first - start) % entry.step for entry in taps) else taps[0].step
    count = max(entry.first + (len(entry.elements) - 1) * entry.step - start for entry in taps) // step + 1
    result = []
    for entry in taps:
        elements = [-1] * count
        for index, element in enumerate(entry.elements):
            elements[(entry.first - start + index * entry.step) // step] = element
        result.append(Taps(start, step, tuple(elements)))
    return result


def to_convolutions(graph: Graph) -> None:
    """Replace every transposed convolution."""
    for node in list(graph.nodes):
        if isinstance(node, Transposed):
            if len(node.weight) % hw.ATOM and node.group > 1:
                _without_groups(node)
            _replace(graph, node)


def _without_groups(node: Transposed) -> None:
    """Zeros in the weights in place of groups: blocks of channels are whole surfaces."""
    kernels, channels = node.weight.shape[:2]
    weight = np.zeros((kernels, channels * node.group, *node.weight.shape[2:]))
    for kernel in range(kernels):
        first = kernel // (kernels // node.group) * channels
        weight[kernel, first : first + channels] = node.weight[kernel]
    node.weight, node.group = weight, 1


def _replace(graph: Graph, node: Transposed) -> None:
    rows, columns = (
        phases(node.weight.shape[2 + axis], node.stride[axis], node.pad[axis], node.dilation[axis]) for axis in (0, 1)
    )
    grid = (hw.ceil_div(node.size[0], node.stride[0]), hw.ceil_div(node.size[1], node.stride[1]))
    made: list[Node] = []
    blocks = node.output if node.stride == (1, 1) else f"{node.output}/phases"
    together = (merged(rows), merged(columns))
    limited = node.activation is not None and node.activation.high is not None
    if node.group == 1 and (limited or _cost(node, grid, *together, layers=1) <= _cost(node, grid, rows, columns)):
        pairs = list(product(*together))
        made.append(_convolution(node, pairs, grid, node.name if node.stride == (1, 1) else f"{node.name}/all", blocks))
    else:
        parts = []
        for index, pair in enumerate(product(rows, columns)):
            parts.append(f"{node.output}/phase{index}")
            made.append(_convolution(node, [pair], grid, f"{node.name}/phase{index}", parts[-1]))
        if len(parts) == 1:
            made[0].name, made[0].output = node.name, blocks
        else:
            made.append(Concat(f"{node.name}/phases", parts, blocks))
    for part in made:
        if isinstance(part, Conv):
            graph.shapes[part.output] = (len(part.weight), *grid)
    count = hw.align(len(node.weight)) if node.stride != (1, 1) else len(node.weight)
    graph.shapes[blocks] = (count * len(rows) * len(columns), *grid)
    if node.stride != (1, 1):
        made += _spread(graph, node, grid, blocks)
    place = graph.nodes.index(node)
    graph.nodes[place : place + 1] = made


def _spread(graph: Graph, node: Transposed, grid: Pair, blocks: str) -> list[Node]:
    """Blocks of channels to rows and columns; what the grid makes beyond the output is left out."""
    whole = (len(node.weight), grid[0] * node.stride[0], grid[1] * node.stride[1])
    exact = whole[1:] == node.size
    output = node.output if exact else f"{node.output}/whole"
    graph.shapes[output] = whole
    move = Move(f"{node.name}/spread", [blocks], output, interleave(whole, node.stride), whole, "interleave")
    if exact:
        return [move]
    box = ((0, whole[0]), (0, node.size[0]), (0, node.size[1]))
    return [move, Slice(f"{node.name}/part", [output], node.output, box)]


def _cost(node: Transposed, grid: Pair, rows: list[Taps], columns: list[Taps], layers: int = 0) -> int:
    """Cycles of the convolutions: each phase with its own taps, or with those of all."""
    taps = sum(len(row.elements) for row in rows) * sum(len(column.elements) for column in columns)
    groups = hw.surfaces(len(node.weight)) * hw.surfaces(node.weight.shape[1])
    return taps * groups * grid[0] * grid[1] + (layers or len(rows) * len(columns)) * LAYER_OVERHEAD


def _convolution(
    node: Transposed, pairs: list[tuple[Taps, Taps]], grid: Pair, name: str, output: str
) -> Conv:
    """The convolution that makes the blocks of some phases (row taps, column taps), all with the same offsets."""
    kernels, channels = node.weight.shape[:2]
    rows, columns = pairs[0]
    count = kernels if node.stride == (1, 1) or node.group > 1 else hw.align(kernels)
    weight = np.zeros((len(pairs), count, channels, len(rows.elements), len(columns.elements)))
    bias: FloatArray = np.zeros((len(pairs), count))
    bias[:, :kernels] = node.bias
    for block, (row_taps, column_taps) in enumerate(pairs):
        for (r, row), (c, column) in product(enumerate(row_taps.elements), enumerate(column_taps.elements)):
            if row >= 0 and column >= 0:
                weight[block, :kernels, :, r, c] = node.weight[:, :, row, column]
    function = node.activation
    if function is not None and function.slopes is not None:
        slopes = [*function.slopes, *(0.0,) * (count - kernels)] * len(pairs)
        function = type(function)(function.alpha, function.high, tuple(slopes))
    steps = None
    if node.steps is not None:
        steps = np.tile(np.pad(node.steps, (0, count - kernels), constant_values=1.0), len(pairs))
    return Conv(
        name, list(node.inputs), output, weight.reshape(-1, *weight.shape[2:]), bias.reshape(-1), (1, 1),
        (-rows.first, -columns.first), grid, (rows.step, columns.step), node.group, function, steps=steps,
    )  # fmt: skip
