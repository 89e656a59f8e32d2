"""Passes for tensors whose codes the model fixes (QuantizeLinear): every layer gets tensors it can work with."""

from __future__ import annotations

import numpy as np

from cocodla.compiler.ir import Affine, Concat, Graph, Mean, Move, Node, Pad, Pool, Reshape, Slice, keeps_codes


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
            limited = getattr(getattr(node, "function", None), "high", None) is not None
            if source in graph.pins and target not in graph.pins and not limited:
                graph.pin_like(target, source)
            elif isinstance(node, (Pool, Reshape, Slice, Move)) and keeps_codes(node):
                _spread_back(graph, source, target)


def _spread_concat(graph: Graph, node: Concat) -> None:
    pins = [graph.pins.get(name) for name in node.inputs]
    if node.output in graph.pins:
        for name in node.inputs:
            _spread_back(graph, name, node.output)
    elif pins[0] is not None and all(pin == pins[0] for pin in pins):
        graph.pin_like(node.output, node.inputs[0])


def _spread_back(graph: Graph, source: str, target: str) -> None:
    """A tensor without codes of its own that is only read to be rounded to other ones takes those."""
    free = source not in graph.pins and source not in graph.outputs and len(graph.consumers(source)) == 1
    if target in graph.pins and free:
        graph.pin_like(source, target)


def separate_codes(graph: Graph) -> None:
    """What works in place on codes, and has other codes behind than before, reads a copy with the codes behind."""
    for node in list(graph.nodes):
        wanted = graph.pins.get(node.output)
        if isinstance(node, Concat):
            others = [index for index, name in enumerate(node.inputs) if graph.pins.get(name) != wanted]
        elif isinstance(node, (Pool, Reshape, Slice, Move, Pad)) and keeps_codes(node) and wanted is not None:
            others = [0] if graph.pins.get(node.inputs[0]) != wanted else []
        else:
            continue
        for index in others:
            _copy(graph, node, index)


def _copy(graph: Graph, node: Node, index: int) -> None:
    """Let `node` read a copy of an input that has the codes of its output."""
    source, copy = node.inputs[index], f"{node.output}/codes{index}"
    channels = graph.shapes[source][0]
    graph.shapes[copy] = graph.shapes[source]
    affine = Affine(f"{node.name}/codes{index}", [source], copy, np.ones(channels), np.zeros(channels))
    graph.nodes.insert(graph.nodes.index(node), affine)
    graph.pin_like(copy, node.output)
    node.inputs[index] = copy
