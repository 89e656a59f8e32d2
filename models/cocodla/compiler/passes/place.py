"""Passes that make Concat and Slice free: parts in place, on whole surfaces; convolutions move what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import (
    Add,
    Affine,
    Concat,
    Conv,
    Curve,
    FloatArray,
    Graph,
    Host,
    Lrn,
    Mean,
    Move,
    Multiply,
    Node,
    Pointwise,
    Pool,
    Shape,
    Slice,
)


def unaligned_slices(graph: Graph) -> None:
    """A Slice that is no view becomes a 1x1 convolution: one that does not begin at a surface, a part of the model's
    input or of a host's tensor that leaves the accelerator, and one pixel of an image for a unit that cannot address
    its surfaces.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Slice):
            continue
        (first, last), *extent = node.box
        before = graph.shapes[node.inputs[0]]
        readers = graph.consumers(node.output)
        leaves = node.output in graph.outputs or any(isinstance(reader, Host) for reader in readers)
        leaves = leaves and _foreign(graph, node.inputs[0])
        if not first % hw.ATOM and not leaves and not (_apart(graph, node) and _by_sdp(readers)):
            continue
        source = node.inputs[0]
        if extent != [(0, before[1]), (0, before[2])]:
            source = f"{node.output}/part"
            graph.shapes[source] = (before[0], *graph.shapes[node.output][1:])
            part = Slice(f"{node.name}/part", node.inputs, source, ((0, before[0]), extent[0], extent[1]))
            graph.nodes.insert(graph.nodes.index(node), part)
        pick = Node(node.name, [source], node.output)
        graph.replace(node, _one_by_one(graph, pick, np.eye(before[0])[first:last]))


def _foreign(graph: Graph, name: str) -> bool:
    """True for a tensor, or a part of one, that no layer of the accelerator makes: nothing of it can be read back."""
    producer = graph.producer(name)
    while isinstance(producer, Slice):
        producer = graph.producer(producer.inputs[0])
    return producer is None or isinstance(producer, Host)


def _apart(graph: Graph, node: Slice) -> bool:
    """True for one pixel of several surfaces out of a larger image: they do not follow each other in memory."""
    shape = graph.shapes[node.output]
    return shape[1:] == (1, 1) and shape[0] > hw.ATOM and graph.shapes[node.inputs[0]][1:] != (1, 1)


def _by_sdp(readers: list[Node]) -> bool:
    """True if SDP reads a tensor from memory for one of the nodes."""
    return any(isinstance(node, (Add, Multiply, Pointwise)) for node in readers)


def unaligned_concats(graph: Graph) -> None:
    """A Concat with a part that does not begin at a surface becomes a sum of 1x1 convolutions that spread channels."""
    for node in list(graph.nodes):
        if not isinstance(node, Concat) or node.axis != 0:
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
            graph.pin_like(output, node.output)
            part = Node(node.name if last else f"{node.name}/part{index}", [name], output)
            conv = _one_by_one(graph, part, np.eye(total)[:, first : first + count])
            conv.inputs += [before] if before else []
            graph.nodes.insert(place + index, conv)
            before = output


def copies_for_concats(graph: Graph) -> None:
    """A part of a Concat that cannot be written in place is copied: the model's input, a part of another tensor, a
    tensor with a second place, or one whose upper limit depends on a scale of its own; for the official driver an
    output, too, which must be a whole buffer.
    """
    placed: set[str] = set()
    for node in list(graph.nodes):
        if not isinstance(node, Concat):
            continue
        # Of parts of one tensor none goes beyond its limit.
        possible = _free if _origin(graph, node.output) == node.output else _made
        for index, name in enumerate(node.inputs):
            apart = graph.official and name in graph.outputs
            if name not in placed and not apart and possible(graph, name) and _writable(graph, name, node):
                placed.add(name)
                continue
            output = f"{node.output}/copy{index}"
            channels = graph.shapes[name][0]
            graph.shapes[output] = graph.shapes[name]
            graph.pin_like(output, node.output)
            copy = Affine(f"{node.name}/copy{index}", [name], output, np.ones(channels), np.zeros(channels))
            graph.nodes.insert(graph.nodes.index(node), copy)
            node.inputs[index] = output
            placed.add(output)


def _free(graph: Graph, name: str) -> bool:
    producer = graph.producer(_origin(graph, name))
    if isinstance(producer, (Conv, Pointwise, Add, Multiply)):
        function = producer.activation
        if function is not None and function.high is not None:
            return False
    return _made(graph, name)


def _made(graph: Graph, name: str) -> bool:
    """True if a layer writes the tensor."""
    return isinstance(graph.producer(name), (Conv, Pointwise, Add, Multiply, Lrn, Curve, Pool, Mean, Move, Concat))


def _origin(graph: Graph, name: str) -> str:
    """The tensor whose codes a tensor is made of: its own, or those of what it was taken from."""
    producer = graph.producer(name)
    if isinstance(producer, (Pool, Move, Slice)):  # they keep the scale of what they read
        return _origin(graph, producer.inputs[0])
    if isinstance(producer, Concat):
        origins = {_origin(graph, part) for part in producer.inputs}
        return origins.pop() if len(origins) == 1 else name
    return name


def _writable(graph: Graph, name: str, concat: Concat) -> bool:
    """False for one pixel of several surfaces in a larger image if SDP alone would have to write or read it."""
    channels, *extent = graph.shapes[name]
    alone = extent == [1, 1] and channels > hw.ATOM and graph.shapes[concat.output][1:] != (1, 1)
    by_others = isinstance(graph.producer(name), (Conv, Lrn, Curve, Pool, Mean, Move))
    return not alone or (by_others and not _by_sdp(graph.consumers(name)))


def split_reductions(graph: Graph) -> None:
    """A convolution whose kernel group alone exceeds the buffer becomes a sum of convolutions of some channels each.

    So does one of few positions whose input does not fit beside a kernel group: bands of it would fetch the weights
    anew, and have too few positions each to be busy while the next weights are loaded. All parts but the last leave an
    int8 tensor: that costs accuracy which a single layer would not.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Conv) or node.group > 1 or len(node.inputs) > 1 or node.pool is not None:
            continue
        channels = graph.shapes[node.inputs[0]][0]
        if channels <= hw.ATOM:
            continue
        share = _largest_share(node, channels, _smallest_banks)
        whole = _largest_share(node, channels, partial(_whole_banks, shape=graph.shapes[node.inputs[0]]))
        free = not graph.pins  # codes of the model's own leave no room for rounding in between
        if free and whole and share and _cost(graph, node, share) >= WORTH * _cost(graph, node, whole):
            share = whole
        if 0 < share < channels:
            _split(graph, node, channels, share)


WORTH = 2
"""How many times fewer cycles it must take to split a reduction that need not be."""


def _largest_share(node: Conv, channels: int, banks: Callable[[Conv, int], int]) -> int:
    """Most channels, whole atoms or all, with which a convolution needs no more banks than there are; 0 for none."""
    share = hw.surfaces(channels) * hw.ATOM
    while share > 0 and banks(node, share) > hw.CBUF_BANKS:
        share -= hw.ATOM
    return min(share, channels)


def _cost(graph: Graph, node: Conv, share: int) -> int:
    """About how many cycles a weight set takes in all bands of a convolution of so many channels: each is loaded for
    every band, and takes as long as a weight set does even where there are fewer positions.
    """
    _, height, width = graph.shapes[node.inputs[0]]
    positions = node.size[0] * node.size[1]
    room = hw.CBUF_BANKS - hw.ceil_div(_group_bytes(node, share), hw.CBUF_BANK_BYTES)
    entries = height * width * hw.surfaces(share)
    bands = min(positions, hw.ceil_div(entries, max(room, 1) * hw.CBUF_BANK_ENTRIES))
    return bands * max(hw.ATOM, hw.ceil_div(positions, bands))


def _group_bytes(node: Conv, channels: int) -> int:
    """Weights of one kernel group of some channels."""
    kernels, _, rows, columns = node.weight.shape
    return hw.align(min(kernels, hw.ATOM) * rows * columns * channels)


def _whole_banks(node: Conv, channels: int, shape: Shape) -> int:
    """Banks for one kernel group of some channels, and for the whole input (C, H, W)."""
    entries = shape[1] * shape[2] * hw.surfaces(channels)
    return hw.ceil_div(_group_bytes(node, channels), hw.CBUF_BANK_BYTES) + hw.ceil_div(entries, hw.CBUF_BANK_ENTRIES)


def _smallest_banks(node: Conv, channels: int) -> int:
    """Banks for one kernel group of some channels, and for the input of one output element."""
    extent = [(n - 1) * d + 1 for n, d in zip(node.weight.shape[2:], node.dilation, strict=True)]
    return _whole_banks(node, channels, (channels, extent[0], extent[1]))


def _split(graph: Graph, node: Conv, channels: int, share: int) -> None:
    """Replace `node` by convolutions of at most `share` channels, each adding what the one before made."""
    place, source, before = graph.nodes.index(node), node.inputs[0], ""
    parts: list[Node] = []
    for first in range(0, channels, share):
        last = min(first + share, channels)
        end = last == channels
        piece, output = f"{source}/{node.name}/{first}", node.output if end else f"{node.output}/sum{first}"
        graph.shapes[piece] = (last - first, *graph.shapes[source][1:])
        graph.shapes[output] = graph.shapes[node.output]
        _, height, width = graph.shapes[piece]
        box = ((first, last), (0, height), (0, width))
        parts.append(Slice(f"{node.name}/slice{first}", [source], piece, box))
        conv = replace(
            node, name=node.name if end else f"{node.name}/sum{first}", output=output,
            weight=node.weight[:, first:last],
            inputs=[piece, before] if before else [piece], bias=node.bias if end else np.zeros_like(node.bias),
            activation=node.activation if end else None,
        )  # fmt: skip
        parts.append(conv)
        before = output
    graph.nodes[place : place + 1] = parts


def _one_by_one(graph: Graph, node: Node, matrix: FloatArray) -> Conv:
    size = graph.shapes[node.output][1:]
    weight = np.ascontiguousarray(matrix)[:, :, None, None]
    return Conv(
        node.name, node.inputs, node.output, weight, np.zeros(len(matrix)), (1, 1), (0, 0), (size[0], size[1])
    )
