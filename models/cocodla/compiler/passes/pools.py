"""Passes for poolings that the pooling unit cannot do, or cannot do well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cocodla import hw
from cocodla.compiler import limits
from cocodla.compiler.ir import Concat, Conv, Graph, Mean, Node, Pool, PoolFunction, Slice, Span
from cocodla.compiler.quantisation.averages import wrong_share

TOLERATED = 0.002
"""Share of averages that may differ from ideal rounding."""


PARTS = 9
"""Most parts an average may be cut into: inner windows, four borders, four corners."""


def averages_at_borders(graph: Graph) -> None:
    """Averages that do not count their padding: one for the inner windows, one for each border and corner, whose
    smaller windows lie all in the input; joined in place. Where that takes too many, or the pooling unit rounds them
    badly, a Mean.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Pool) or node.function.kind != "average" or node.function.counted is None:
            continue
        function, extent = node.function, graph.shapes[node.inputs[0]][1:]
        if all(set(counts) == {k} for counts, k in zip(function.counted or (), function.kernel, strict=True)):
            node.function = replace(function, counted=None)
            continue
        rows, columns = (_windows(function, axis, extent[axis]) for axis in (0, 1))
        parts = list(product(rows or (), columns or ()))
        if 0 < len(parts) <= PARTS and all(_precise(row.length, column.length) for row, column in parts):
            _join(graph, node, rows or [], columns or [])
        else:
            graph.replace(node, Mean(node.name, node.inputs, node.output, function))


def _precise(rows: int, columns: int) -> bool:
    """True if the pooling unit can take the average of such windows, and rounds it well."""
    return max(rows, columns) <= hw.PDP_MAX_KERNEL and wrong_share(rows * columns) <= TOLERATED


@dataclass(frozen=True)
class _Windows:
    """Neighbouring windows of one length along an axis: outputs, and inputs from the first to the last."""

    outputs: Span
    inputs: Span
    length: int


def _windows(function: PoolFunction, axis: int, extent: int) -> list[_Windows] | None:
    """The windows along an axis, cut at the input's ends; None if the padding counts."""
    found: list[_Windows] = []
    kernel, counted = function.kernel[axis], (function.counted or ((), ()))[axis]
    for output, count in enumerate(counted):
        first = output * function.stride[axis] - function.pad[axis]
        begin, end = max(first, 0), min(first + kernel, extent)
        if end - begin != count:
            return None
        if found and found[-1].length == count == kernel:
            found[-1] = _Windows((found[-1].outputs[0], output + 1), (found[-1].inputs[0], end), kernel)
        else:
            found.append(_Windows((output, output + 1), (begin, end), count))
    return found


def _join(graph: Graph, node: Pool, rows: list[_Windows], columns: list[_Windows]) -> None:
    """Replace an average by averages of parts, in place: columns of a row of parts, then the rows."""
    source, channels = node.inputs[0], graph.shapes[node.inputs[0]][0]
    made: list[Node] = []
    lines = []
    for top, row in enumerate(rows):
        line = node.output if len(rows) == 1 else f"{node.output}/rows{top}"
        height = row.outputs[1] - row.outputs[0]
        parts = []
        for left, column in enumerate(columns):
            output = line if len(columns) == 1 else f"{line}/columns{left}"
            place = f"{node.name}/{top},{left}"
            view = Slice(f"{place}/part", [source], f"{output}/input", ((0, channels), row.inputs, column.inputs))
            size = (height, column.outputs[1] - column.outputs[0])
            function = PoolFunction("average", (row.length, column.length), node.function.stride, (0, 0), size)
            made += [view, Pool(place, [view.output], output, function)]
            graph.shapes[view.output] = tuple(last - first for first, last in view.box)
            graph.shapes[output] = (channels, *size)
            parts.append(output)
        if len(parts) > 1:
            made.append(Concat(f"{node.name}/rows{top}", parts, line, axis=2))
            graph.shapes[line] = (channels, height, node.function.size[1])
        lines.append(line)
    if len(lines) > 1:
        made.append(Concat(node.name, lines, node.output, axis=1))
    index = graph.nodes.index(node)
    graph.nodes[index : index + 1] = made


def averages_of_long_lines(graph: Graph) -> None:
    """The average of whole rows or columns too long for one layer: of blocks first, then of blocks weighed by size.

    The codes in between are many, so that their roundings cancel.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Pool) or node.function.kind != "average" or not _plain(node.function):
            continue
        function, channels = node.function, graph.shapes[node.inputs[0]][0]
        long = [extent > hw.MAX_KERNEL for extent in function.kernel]
        block = [hw.ceil_div(extent, hw.MAX_KERNEL) for extent in function.kernel]
        possible = max(block) <= hw.PDP_MAX_KERNEL and max(function.stride) <= hw.MAX_STRIDE
        if not any(long) or not possible or any(n > 1 for n, wide in zip(function.size, long, strict=True) if wide):
            continue
        # how many elements of a row or column each block has
        counts = [
            tuple(min(b, n - first) for first in range(0, n, b))
            for b, n in zip(block, (function.covered(0), function.covered(1)), strict=True)
        ]
        middle, size = f"{node.output}/blocks", (len(counts[0]), len(counts[1]))
        kernel = tuple(n if wide else k for n, k, wide in zip(size, function.kernel, long, strict=True))
        share = np.outer(counts[0][: kernel[0]], counts[1][: kernel[1]]) / np.prod(function.kernel)
        weight = np.broadcast_to(share, (channels, 1, *kernel))
        pair = (block[0], block[1])
        blocks = PoolFunction("average", pair, pair, (0, 0), size, (counts[0], counts[1]))
        graph.shapes[middle] = (channels, *size)
        whole = Conv(
            node.name, [middle], node.output, weight, np.zeros(channels), function.stride, (0, 0), function.size,
            group=channels,
        )  # fmt: skip
        place = graph.nodes.index(node)
        graph.nodes[place : place + 1] = [Pool(f"{node.name}/blocks", node.inputs, middle, blocks), whole]


def _plain(function: PoolFunction) -> bool:
    """True if there is no padding, and so every window is divided by the size of the kernel."""
    counted = function.counted or ((), ())
    return function.pad == (0, 0) and all(set(c) <= {k} for c, k in zip(counted, function.kernel, strict=True))


def averages_to_convolutions(graph: Graph) -> None:
    """Averages of windows the pooling unit rounds badly, or cannot take, become convolutions of each channel.

    The accumulator is exact and the result is rounded once.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Pool) or node.function.kind != "average":
            continue
        function = node.function
        count = function.kernel[0] * function.kernel[1]
        rescaled = graph.pins.get(node.output) != graph.pins.get(node.inputs[0])
        if max(function.kernel) <= hw.PDP_MAX_KERNEL and wrong_share(count) <= TOLERATED and not rescaled:
            continue
        if max(function.kernel) > hw.MAX_KERNEL or max(function.stride) > hw.MAX_STRIDE:
            continue
        channels = graph.shapes[node.inputs[0]][0]
        weight = np.full((channels, 1, *function.kernel), 1 / count)
        conv = Conv(
            node.name, node.inputs, node.output, weight, np.zeros(channels), function.stride, function.pad,
            function.size, group=channels,
        )  # fmt: skip
        graph.replace(node, conv)


def large_maxima(graph: Graph) -> None:
    """A maximum over more than the pooling unit's 8 rows or columns becomes a chain of smaller ones.

    A first window of k elements moves by 1; the rest then needs k - 1 fewer. Both see the same elements: what lies in
    the padding takes no part.
    """
    for node in list(graph.nodes):
        while (
            isinstance(node, Pool)
            and node.function.kind == "max"
            and max(node.function.kernel) > hw.PDP_MAX_KERNEL
            and (first := _first_maximum(node.function, graph.shapes[node.inputs[0]][1:])) is not None
        ):
            source = node.inputs[0]
            middle = f"{node.output}/{node.function.kernel[0]}x{node.function.kernel[1]}"
            graph.shapes[middle] = (graph.shapes[source][0], *first.size)
            part = Pool(f"{node.name}/{node.function.label}", [source], middle, first)
            graph.nodes.insert(graph.nodes.index(node), part)
            kernel = tuple(k - f + 1 for k, f in zip(node.function.kernel, first.kernel, strict=True))
            pad = tuple(p - f for p, f in zip(node.function.pad, first.pad, strict=True))
            node.inputs = [middle]
            node.function = replace(node.function, kernel=(kernel[0], kernel[1]), pad=(pad[0], pad[1]))


def _first_maximum(function: PoolFunction, extent: tuple[int, ...]) -> PoolFunction | None:
    """The first window of a chain; None if the unit cannot do it either."""
    kernel = [min(k, hw.PDP_MAX_KERNEL) for k in function.kernel]
    pad = [min(p, k - 1, hw.PDP_MAX_PAD) for p, k in zip(function.pad, kernel, strict=True)]
    # As many windows as the rest reads, and none that lies wholly in the padding behind.
    reach = [function.covered(axis) - kernel[axis] + 1 + pad[axis] for axis in (0, 1)]
    size = [min(r, n + p) for r, n, p in zip(reach, extent, pad, strict=True)]
    if min(size) < 1:
        return None
    first = PoolFunction("max", (kernel[0], kernel[1]), (1, 1), (pad[0], pad[1]), (size[0], size[1]))
    return first if limits.pool_fault(first, (extent[0], extent[1]), on_the_fly=False) is None else None
