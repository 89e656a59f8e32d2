"""Which channels of a graph's tensors must keep in step when they are scaled, and which may be scaled at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import Add, Concat, Conv, Graph, Mean, Multiply, Node, Pool, Slice

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Tensors that share classes of channels, and these classes (numbers of `Channels`)."""

    tensors: tuple[str, ...]
    classes: IntArray


class Channels:
    """Classes of channels: all of a class are multiplied by the same factor, or none of them is.

    count: how many classes there can be; each is numbered below.
    """

    def __init__(self, graph: Graph) -> None:
        self._first: dict[str, int] = {}
        total = 0
        for tensor, shape in graph.shapes.items():
            self._first[tensor], total = total, total + shape[0]
        self._shapes = graph.shapes
        pairs = [pair for node in graph.nodes for pair in self._ties(node)]
        labels = np.arange(total)
        while True:
            before = labels.copy()
            for one, other in pairs:
                low = np.minimum(labels[one], labels[other])
                labels[one], labels[other] = low, low
            labels = labels[labels]
            if (labels == before).all():
                break
        self._labels, self.count = labels, total
        self._fixed = np.zeros(total, bool)
        for tensor in _fixed(graph) & graph.shapes.keys():
            self._fixed[self.of(tensor)] = True

    def of(self, tensor: str) -> IntArray:
        """Class of each channel of a tensor: (channels,)."""
        return self._labels[self._numbers(tensor)]

    def groups(self) -> Iterator[Group]:
        """The tensors and classes that can be scaled, in groups that have no class in common."""
        joined: list[set[str]] = []
        for tensor in self._first:
            mine: set[str] = {tensor}
            rest: list[set[str]] = []
            own = set(self.of(tensor).tolist())
            for group in joined:
                if all(own.isdisjoint(self.of(name).tolist()) for name in group):
                    rest.append(group)
                else:
                    mine |= group
            joined = [*rest, mine]
        for group in joined:
            tensors = [tensor for tensor in self._first if tensor in group]
            classes = np.unique(np.concatenate([self.of(tensor) for tensor in tensors]))
            classes = classes[~self._fixed[classes]]
            if len(classes):
                yield Group(tuple(tensors), classes)

    def _numbers(self, tensor: str) -> IntArray:
        return self._first[tensor] + np.arange(self._shapes[tensor][0])

    def _ties(self, node: Node) -> Iterator[tuple[IntArray, IntArray]]:
        """Pairs of channels, of an input and of the output, that a node keeps in step."""
        made = self._numbers(node.output)
        if isinstance(node, (Pool, Mean, Add)):
            for tensor in node.inputs:
                yield self._numbers(tensor), made
        elif isinstance(node, Multiply) or (isinstance(node, Conv) and len(node.inputs) > 1):
            yield self._numbers(node.inputs[0 if isinstance(node, Multiply) else 1]), made
        elif isinstance(node, Slice):
            yield self._numbers(node.inputs[0])[slice(*node.box[0])], made
        elif isinstance(node, Concat):
            first = 0
            for tensor in node.inputs:
                numbers = self._numbers(tensor)
                yield numbers, made[first : first + len(numbers)]
                first += len(numbers) if node.axis == 0 else 0


def _fixed(graph: Graph) -> set[str]:
    """Tensors that stay as they are: the model's own, those whose codes are fixed, those that others than layers linear
    in each channel read or make.
    """
    found = {graph.input, *graph.outputs, *graph.pins}
    for node in graph.nodes:
        if isinstance(node, Multiply):
            found.add(node.inputs[1])
        elif isinstance(node, Conv):
            limited = node.activation is not None and node.activation.high is not None
            if limited or node.steps is not None:
                found.add(node.output)
            if node.steps is not None or node.fill:
                found.add(node.inputs[0])
        elif not isinstance(node, (Pool, Mean, Add, Slice, Concat)):
            found.update(node.inputs, [node.output])
    return found
