"""Passes for windows that stand alone, and for maxima that the pooling unit cannot do in one layer."""

from __future__ import annotations

from dataclasses import replace

from cocodla import hw
from cocodla.compiler import limits
from cocodla.compiler.ir import Graph, Pool, PoolFunction


def lone_windows(graph: Graph) -> None:
    """The only window along an axis does not move and has no padding: it is as long as what it sees of the input."""
    for node in graph.nodes:
        if isinstance(node, Pool):
            for axis, extent in enumerate(graph.shapes[node.inputs[0]][1:]):
                if node.function.size[axis] == 1:
                    node.function = _alone(node.function, axis, extent)


def _alone(function: PoolFunction, axis: int, extent: int) -> PoolFunction:
    kernel, stride, pad = list(function.kernel), list(function.stride), list(function.pad)
    counted = function.counts
    kernel[axis], stride[axis], pad[axis] = min(function.covered(axis), extent), 1, 0
    return replace(
        function, kernel=(kernel[0], kernel[1]), stride=(stride[0], stride[1]), pad=(pad[0], pad[1]), counted=counted
    )


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
