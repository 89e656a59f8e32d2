"""Passes about values around images: what a maximum never takes is the pooling's own padding, the rest is computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import BOUNDLESS, Affine, Conv, Graph, Node, Pad, Pool
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.calibration import Samples


def settle(graph: Graph, samples: Samples) -> None:
    """Fold what maxima never take into their own padding, before anything is computed: it may be infinite.

    Refused for another Pad with an infinite value.
    """
    _find_lowest(graph, samples)
    _into_maxima(graph)
    for node in graph.nodes:
        if isinstance(node, Pad) and not abs(node.value) < BOUNDLESS:
            for pool in filter(_is_maximum, graph.consumers(node.output)):
                raise Refused("Pool", pool.name, f"one of its windows lies wholly in padding of {node.value:g}")
            raise Refused("Pad", node.name, f"the value must be finite, it is {node.value:g}")


def _find_lowest(graph: Graph, samples: Samples) -> None:
    """Mark each Pad before a maximum whose value is at or below all values of its input.

    Minus infinity always is, a value below all codes that the model fixes for the input as well; else the calibration
    data tell: codes do not go below what they have shown.
    """
    lows: dict[str, float] = {}
    for node in graph.nodes:
        if isinstance(node, Pad) and any(map(_is_maximum, graph.consumers(node.output))):
            pin = graph.pins.get(node.inputs[0])
            node.lowest = node.value == -np.inf or (pin is not None and node.value <= pin.real(-128))
            if not node.lowest and samples.measured:
                lows[node.inputs[0]] = np.inf
    for images in samples.batches() if lows else ():
        for tensor, values in reference.walk(graph, images):
            if tensor in lows:
                lows[tensor] = min(lows[tensor], float(values.min()))
    for node in graph.nodes:
        if isinstance(node, Pad) and node.inputs[0] in lows:
            node.lowest |= node.value <= lows[node.inputs[0]]


def _is_maximum(node: Node) -> bool:
    return isinstance(node, Pool) and node.function.kind == "max"


def _into_maxima(graph: Graph) -> None:
    """A Pad of the lowest value before maxima: they pad themselves, as far as each window keeps an element."""
    for pad in list(graph.nodes):
        if not isinstance(pad, Pad) or not pad.lowest or pad.output in graph.outputs:
            continue
        top, left, _, _ = pad.pads
        extent = graph.shapes[pad.inputs[0]][1:]
        pin = graph.pins.get(pad.output)
        for pool in graph.consumers(pad.output):
            if not isinstance(pool, Pool) or not _is_maximum(pool):
                continue
            before = (pool.function.pad[0] + top, pool.function.pad[1] + left)
            function = replace(pool.function, pad=before)
            reached = all(
                before[axis] < function.kernel[axis]
                and (function.size[axis] - 1) * function.stride[axis] - before[axis] < extent[axis]
                for axis in (0, 1)
            )
            if reached and pin in (None, graph.pins.get(pool.output), graph.pins.get(pad.inputs[0])):
                pool.function, pool.inputs = function, list(pad.inputs)
        if not graph.consumers(pad.output):
            graph.nodes.remove(pad)
            del graph.shapes[pad.output]
            graph.pins.pop(pad.output, None)


def of_values(graph: Graph) -> None:
    """Other Pads become zeros around a tensor that is shifted before and back behind, by a layer of ones.

    Where the model fixes the codes the value is rounded to one of them, and needs no shift.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Pad) or node.value == 0 or node.output in graph.pins:
            continue
        source, shifted = node.inputs[0], f"{node.output}/shifted"
        channels, height, width = graph.shapes[node.output]
        graph.shapes[shifted] = graph.shapes[source]
        affine = Affine(f"{node.name}/shifted", [source], shifted, np.ones(channels), np.full(channels, -node.value))
        ones = Conv(
            node.name, [shifted], node.output, np.ones((channels, 1, 1, 1)), np.full(channels, node.value), (1, 1),
            node.pads[:2], (height, width), group=channels,
        )  # fmt: skip
        place = graph.nodes.index(node)
        graph.nodes[place : place + 1] = [affine, ones]
