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
    """Fixed codes also hold for what only moves, selects or cuts off values, before a tensor and behind it.

    Those behind come first: what is rounded to them later on may be as soon as something requantises anyway. Only what
    picks channels, and will join the convolution before it, keeps the codes of that.
    """
    for node in graph.nodes:
        if isinstance(node, Conv) and node.picks and _joins(graph, node):
            _spread_on(graph, node)
    before = -1
    while before != len(graph.pins):
        before = len(graph.pins)
        for node in reversed(graph.nodes):
            if isinstance(node, Concat):
                for name in node.inputs:
                    _spread_back(graph, name, node.output)
            elif isinstance(node, (Pool, Reshape, Slice, Move, Conv, Activate, Pad)) and _saturates(graph, node):
                _spread_back(graph, node.inputs[0], node.output)
        for node in graph.nodes:
            if isinstance(node, Concat):
                _join_codes(graph, node)
            elif keeps_codes(node) or isinstance(node, (Pool, Mean)):
                _spread_on(graph, node)


def _joins(graph: Graph, pick: Conv) -> bool:
    """True if a convolution that picks channels is all that reads the one before it."""
    source = pick.inputs[0]
    alone = len(graph.consumers(source)) == 1 and source not in graph.outputs
    return alone and isinstance(graph.producer(source), Conv)


def _spread_on(graph: Graph, node: Node) -> None:
    """What only moves or selects keeps the codes before it, if none are fixed behind."""
    source, target = graph.pins.get(node.inputs[0]), node.output
    if source is not None and target not in graph.pins and (not isinstance(node, Pad) or source.holds(node.value)):
        graph.pins[target] = source


def _join_codes(graph: Graph, node: Concat) -> None:
    """A Concat without codes of its own gets those of all it joins, or codes that hold them."""
    pins = [graph.pins[name] for name in node.inputs if name in graph.pins]
    if node.output not in graph.pins and len(pins) == len(node.inputs):
        graph.pins[node.output] = pins[0] if len(set(pins)) == 1 else _hull(pins)


def _saturates(graph: Graph, node: Node) -> bool:
    """True if saturation to the codes behind a node that keeps codes may come before it."""
    high = node.function.high if isinstance(node, Activate) else None
    codes = graph.pins.get(node.output)
    return keeps_codes(node) and (high is None or codes is None or codes.real(127) < high + codes.scale)


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
    if isinstance(node, Pad):  # what it pads with is a code before, too
        return node.inputs[0] in graph.pins and graph.pins[node.inputs[0]].holds(node.value, exactly=True)
    return isinstance(node, Slice) and bool(node.box[0][0] % hw.ATOM)


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
