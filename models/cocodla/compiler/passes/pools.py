"""Passes for poolings that the pooling unit cannot do, or cannot do well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla import hw
from cocodla.compiler import limits
from cocodla.compiler.averages import wrong_share
from cocodla.compiler.ir import Conv, Graph, Pool, PoolFunction

TOLERATED = 0.002
"""Share of averages that may differ from ideal rounding."""


def averages_to_convolutions(graph: Graph) -> None:
    """Averages of windows the pooling unit rounds badly, or cannot take, become convolutions of each channel.

    The accumulator is exact and the result is rounded once.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Pool) or node.function.kind != "average":
            continue
        function = node.function
        count = function.kernel[0] * function.kernel[1]
        if max(function.kernel) <= hw.PDP_MAX_KERNEL and wrong_share(count) <= TOLERATED:
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
