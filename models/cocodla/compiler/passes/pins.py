"""Passes for tensors whose codes the model fixes (QuantizeLinear): every layer gets tensors it can work with.

Tensors that passes insert inherit codes, so that nothing needs a scale from calibration which the model has not asked
for, and what requantises does so straight into the codes that are wanted.
"""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import (
    Activate,
    Affine,
    Concat,
    Conv,
    Graph,
    Mean,
    Move,
    Node,
    Pad,
    Pool,
    Quantisation,
    Reshape,
    Slice,
    keeps_codes,
)


def spread_codes(graph: Graph) -> None:
    """Fixed codes also hold for what only moves, selects or cuts off values, behind a tensor and before it."""
    before = -1
    while before != len(graph.pins):
        before = len(graph.pins)
        for node in graph.nodes:
            if isinstance(node, Concat):
                _spread_concat(graph, node)
                continue
            if not keeps_codes(node) and not isinstance(node, (Pool, Mean)):
                continue
            source, target = node.inputs[0], node.output
            if source in graph.pins and target not in graph.pins:
                graph.pin_like(target, source)
            elif isinstance(node, (Pool, Reshape, Slice, Move, Conv, Activate)) and _saturates(graph, node):
                _spread_back(graph, source, target)


def _saturates(graph: Graph, node: Node) -> bool:
    """True if saturation to the codes behind a node that keeps codes may come before it."""
    high = node.function.high if isinstance(node, Activate) else None
    codes = graph.pins.get(node.output)
    return keeps_codes(node) and (high is None or codes is None or codes.real(127) < high + codes.scale)


def _spread_concat(graph: Graph, node: Concat) -> None:
    pins = [graph.pins[name] for name in node.inputs if name in graph.pins]
    if node.output in graph.pins:
        for name in node.inputs:
            _spread_back(graph, name, node.output)
    elif len(pins) == len(node.inputs):
        graph.pins[node.output] = pins[0] if len(set(pins)) == 1 else _hull(pins)


def _hull(pins: list[Quantisation]) -> Quantisation:
    """Codes that hold all values of several ones."""
    low, high = min(pin.real(-128) for pin in pins), max(pin.real(127) for pin in pins)
    scale = (high - low) / 255
    return Quantisation(scale, int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def _spread_back(graph: Graph, source: str, target: str) -> None:
    """A tensor without codes of its own that is only read to be rounded to other ones takes those."""
    free = source not in graph.pins and source not in graph.outputs and len(graph.consumers(source)) == 1
    if target in graph.pins and free:
        graph.pin_like(source, target)


def separate_codes(graph: Graph) -> None:
    """What works in place on codes, and has other codes behind than before, has the same on both sides: a copy rounds
    to the codes behind, where there are fewer elements. Where a convolution will do the work, it does that on its way.
    """
    for node in list(graph.nodes):
        wanted = graph.pins.get(node.output)
        if wanted is None or _by_convolution(graph, node):
            continue
        if isinstance(node, Concat):
            for index, name in enumerate(node.inputs):
                if graph.pins.get(name) != wanted:
                    _copy_before(graph, node, index)
        elif isinstance(node, (Pool, Reshape, Slice, Move, Pad)) and keeps_codes(node):
            source = node.inputs[0]
            if graph.pins.get(source) == wanted:
                continue
            fewer = np.prod(graph.shapes[node.output]) < np.prod(graph.shapes[source])
            if fewer and source in graph.pins and len(graph.shapes[node.output]) == 3:
                _copy_behind(graph, node)
            else:
                _copy_before(graph, node, 0)


def _by_convolution(graph: Graph, node: Node) -> bool:
    """True for what becomes convolutions that move channels to other lanes."""
    if isinstance(node, Concat) and node.axis == 0:
        return any(graph.shapes[name][0] % hw.ATOM for name in node.inputs[:-1])
    return isinstance(node, Pad) or (isinstance(node, Slice) and bool(node.box[0][0] % hw.ATOM))


def _copy_before(graph: Graph, node: Node, index: int) -> None:
    """Let `node` read a copy of an input that has the codes of its output."""
    source, copy = node.inputs[index], f"{node.output}/codes{index}"
    graph.shapes[copy] = graph.shapes[source]
    graph.nodes.insert(graph.nodes.index(node), _copy(graph, f"{node.name}/codes{index}", source, copy))
    graph.pin_like(copy, node.output)
    node.inputs[index] = copy


def _copy_behind(graph: Graph, node: Node) -> None:
    """Let `node` keep the codes of its input, and a copy of its output have those the model wants."""
    target, before = node.output, f"{node.output}/before"
    graph.shapes[before] = graph.shapes[target]
    graph.nodes.insert(graph.nodes.index(node) + 1, _copy(graph, f"{node.name}/codes", before, target))
    graph.pin_like(before, node.inputs[0])
    node.output = before


def _copy(graph: Graph, name: str, source: str, target: str) -> Affine:
    channels = graph.shapes[source][0]
    return Affine(name, [source], target, np.ones(channels), np.zeros(channels))
