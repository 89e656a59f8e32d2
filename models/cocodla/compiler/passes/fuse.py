"""Passes that build hardware layers: convolution + activation + pooling in one go."""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler import limits
from cocodla.compiler.ir import Activate, Add, Affine, Conv, FloatArray, Graph, Multiply, Node, Pad, Pointwise, Pool
from cocodla.compiler.passes.reshape import has_surfaces, merge


def activation_before_max_pool(graph: Graph) -> None:
    """MaxPool followed by an activation: swap them (where the activation never falls), so that both fuse."""
    for first, second in graph.chains():
        if isinstance(first, Pool) and first.function.kind == "max" and isinstance(second, Activate):
            if not second.function.rising:
                continue
            source, middle, target = first.inputs[0], first.output, second.output
            second.inputs, second.output = [source], middle
            first.inputs, first.output = [middle], target
            graph.shapes[middle] = graph.shapes[source]
            graph.pin_like(middle, target)
            place = graph.nodes.index(first)
            graph.nodes.remove(second)
            graph.nodes.insert(place, second)


def activations(graph: Graph) -> None:
    """An activation joins the convolution before it, a ReLU also the sum or product of two tensors."""
    for first, second in graph.chains():
        if not isinstance(second, Activate) or not isinstance(first, (Conv, Pointwise, Add, Multiply)):
            continue
        if first.activation is not None or (isinstance(first, Conv) and first.pool is not None):
            continue
        if isinstance(first, Conv):
            possible = second.function.slopes is None or len(first.inputs) == 1
        elif isinstance(first, Pointwise):
            possible = second.function.slopes is None or max(first.bias.shape[1:]) == 1
        else:
            possible = second.function.zero_below and _relu_fits(graph, first, second.output)
        if possible:
            first.activation = second.function
            graph.absorb(first, second)


def _relu_fits(graph: Graph, node: Add | Multiply, output: str) -> bool:
    """False if zero points are still in the way before the ReLU, and saturation to the codes behind is not the ReLU."""
    codes = graph.pins.get(output)
    moved = sum(name in graph.pins and graph.pins[name].zero != 0 for name in node.inputs)
    return codes is None or codes.zero == -128 or moved <= isinstance(node, Add)


def sums(graph: Graph) -> None:
    """A sum of two tensors joins the convolution that makes one of them, which then runs in the sum's place.

    What joins is not rounded before the sum: better a convolution that computes than one that only moves codes.
    """
    for addition in list(graph.nodes):
        if not isinstance(addition, Add) or addition.operation != "sum" or len(set(addition.inputs)) == 1:
            continue
        if graph.shapes[addition.inputs[0]] != graph.shapes[addition.inputs[1]]:
            continue
        makers = sorted(filter(None, map(graph.producer, addition.inputs)), key=graph.nodes.index, reverse=True)
        for conv in sorted(makers, key=lambda node: isinstance(node, Conv) and node.picks):
            if (
                isinstance(conv, Conv)
                and graph.only_consumer(conv.output) is addition
                and (conv.activation, conv.pool, len(conv.inputs)) == (None, None, 1)
                and (addition.activation is None or addition.activation.slopes is None)
            ):
                other = next(name for name in addition.inputs if name != conv.output)
                graph.nodes.remove(conv)
                graph.nodes.insert(graph.nodes.index(addition), conv)
                conv.inputs, conv.activation = [*conv.inputs, other], addition.activation
                graph.absorb(conv, addition)
                break


def orphans_to_layers(graph: Graph) -> None:
    """Affine and Pad that found no layer to join become layers of their own, then activations that found none either.

    SDP does scales and activations from memory, an atom a cycle. Up to 8 channels a 1x1 convolution is as fast, and may
    take on more work; Pad is one with a diagonal weight.
    """
    for node in list(graph.nodes):
        if not isinstance(node, (Affine, Pad)):
            continue
        channels, *extent = graph.shapes[node.output]
        if isinstance(node, Pad) or channels <= hw.ATOM or extent == [1, 1]:
            graph.replace(node, _diagonal(graph, node))
        else:
            scale, bias = node.scale[:, None, None], node.shift[:, None, None]
            graph.replace(node, Pointwise(node.name, node.inputs, node.output, scale, bias))
    activations(graph)
    for node in list(graph.nodes):
        if not isinstance(node, Activate):
            continue
        channels, *extent = graph.shapes[node.output]
        if channels <= hw.ATOM or extent == [1, 1]:
            graph.replace(node, _diagonal(graph, node))
        else:
            one, zero = np.ones((1, 1, 1)), np.zeros((1, 1, 1))
            graph.replace(node, Pointwise(node.name, node.inputs, node.output, one, zero, node.function))


def _diagonal(graph: Graph, node: Node) -> Conv:
    shape = graph.shapes[node.output]
    scale: FloatArray = np.ones(shape[0])
    shift: FloatArray = np.zeros(shape[0])
    pad = (0, 0)
    if isinstance(node, Affine):
        scale, shift = node.scale, node.shift
    elif isinstance(node, Pad):
        pad = node.pads[:2]
    conv = Conv(
        node.name, node.inputs, node.output, np.diag(scale)[:, :, None, None], shift, (1, 1), pad, (shape[1], shape[2]),
        fill=node.value if isinstance(node, Pad) else 0.0,
    )  # fmt: skip
    if isinstance(node, Activate):
        conv.activation = node.function
    if isinstance(node, Pad) and shape[0] > hw.ATOM:  # as many layers as make it fast
        conv.weight, conv.group = np.ones((shape[0], 1, 1, 1)), shape[0]
        merge(conv, divisible=has_surfaces(graph, node.inputs[0]))
    return conv


def pooling(graph: Graph) -> None:
    """Pooling joins the convolution before it where the pooling unit can take its results on the fly.

    The unit then sees exactly what the convolution makes, and its windows must divide that exactly: rows and columns
    that no window reaches are not computed at all.
    """
    for first, second in graph.chains():
        if not isinstance(first, Conv) or not isinstance(second, Pool) or first.pool is not None:
            continue
        function = second.function
        size = tuple(min(first.size[axis], function.covered(axis)) for axis in (0, 1))
        if size != first.size and len(first.inputs) > 1:
            continue  # the other summand has all rows and columns
        if limits.pool_fault(function, (size[0], size[1]), on_the_fly=True) is not None:
            continue
        first.size, first.pool = (size[0], size[1]), function
        graph.absorb(first, second)
