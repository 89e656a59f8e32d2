"""Passes that make Concat and Slice free: parts in place, on whole surfaces; convolutions move what cannot be."""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Add, Affine, Concat, Conv, FloatArray, Graph, Multiply, Node, Pool, Slice


def unaligned_slices(graph: Graph) -> None:
    """A Slice that does not begin at a surface, or that leaves the accelerator, becomes a 1x1 convolution."""
    for node in list(graph.nodes):
        if isinstance(node, Slice) and (node.first % hw.ATOM or node.output in graph.outputs):
            channels = graph.shapes[node.inputs[0]][0]
            graph.replace(node, _one_by_one(graph, node, np.eye(channels)[node.first : node.last]))


def unaligned_concats(graph: Graph) -> None:
    """A Concat with a part that does not begin at a surface becomes a sum of 1x1 convolutions that spread channels."""
    for node in list(graph.nodes):
        if not isinstance(node, Concat):
            continue
        counts = [graph.shapes[name][0] for name in node.inputs]
        if not any(count % hw.ATOM for count in counts[:-1]):
            continue
        place, total, before = graph.nodes.index(node), sum(counts), ""
        graph.nodes.remove(node)
        for index, (name, count) in enumerate(zip(node.inputs, counts, strict=True)):
            first = sum(counts[:index])
            last = index == len(counts) - 1
            output = node.output if last else f"{node.output}/part{index}"
            graph.shapes[output] = graph.shapes[node.output]
            part = Node(node.name if last else f"{node.name}/part{index}", [name], output)
            conv = _one_by_one(graph, part, np.eye(total)[:, first : first + count])
            conv.inputs += [before] if before else []
            graph.nodes.insert(place + index, conv)
            before = output


def copies_for_concats(graph: Graph) -> None:
    """A part of a Concat that cannot be written in place is copied: the model's input, a part of another tensor, a
    tensor with a second place, or one whose upper limit depends on a scale of its own.
    """
    placed: set[str] = set()
    for node in list(graph.nodes):
        if not isinstance(node, Concat):
            continue
        for index, name in enumerate(node.inputs):
            if name not in placed and _free(graph, name):
                placed.add(name)
                continue
            output = f"{node.output}/copy{index}"
            channels = graph.shapes[name][0]
            graph.shapes[output] = graph.shapes[name]
            copy = Affine(f"{node.name}/copy{index}", [name], output, np.ones(channels), np.zeros(channels))
            graph.nodes.insert(graph.nodes.index(node), copy)
            node.inputs[index] = output
            placed.add(output)


def _free(graph: Graph, name: str) -> bool:
    producer = graph.producer(name)
    while isinstance(producer, Pool):
        producer = graph.producer(producer.inputs[0])
    if isinstance(producer, (Conv, Add, Multiply)):
        function = producer.activation
        if function is not None and function.high is not None:
            return False
    return isinstance(graph.producer(name), (Conv, Add, Multiply, Pool, Concat)) and producer is not None


def _one_by_one(graph: Graph, node: Node, matrix: FloatArray) -> Conv:
    size = graph.shapes[node.output][1:]
    weight = np.ascontiguousarray(matrix)[:, :, None, None]
    return Conv(
        node.name, node.inputs, node.output, weight, np.zeros(len(matrix)), (1, 1), (0, 0), (size[0], size[1])
    )
