"""Passes that turn vectors into 1x1 images and fully connected layers into convolutions."""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Activate, Affine, Conv, Curve, Dense, Graph, Host, InputMap, Node, Reshape, Shape
from cocodla.compiler.limits import Refused
from cocodla.compiler.stack import LAYER_OVERHEAD


def reshape_of_input(graph: Graph) -> None:
    """A Reshape that alone reads the model's input changes the input's shape: the same bytes in memory order."""
    node = graph.only_consumer(graph.input)
    if not isinstance(node, Reshape) or len(node.shape) != 3 or node.output in graph.outputs:
        return
    if _stretch_input_map(graph, node.shape[0]):
        graph.nodes.remove(node)
        graph.shapes[graph.input] = node.shape
        del graph.shapes[node.output]
        graph.rename(node.output, graph.input)


def _stretch_input_map(graph: Graph, channels: int) -> bool:
    """Give the input's preprocessing another number of channels; False if it differs between them."""
    before = graph.input_map
    if before is None:
        return True
    if np.ptp(before.scale) or np.ptp(before.shift):
        return False
    graph.input_map = InputMap(np.full(channels, before.scale[0]), np.full(channels, before.shift[0]))
    return True


def reshape_chains(graph: Graph) -> None:
    """Of two Reshapes in a row only the second matters."""
    for first, second in graph.chains():
        if isinstance(first, Reshape) and isinstance(second, Reshape):
            second.inputs = first.inputs
            graph.nodes.remove(first)
            del graph.shapes[first.output]


def sink_reshapes(graph: Graph) -> None:
    """Reshape followed by an activation or a curve: swap them, so that both find their neighbours."""
    moved = True
    while moved:
        moved = False
        for first, second in graph.chains():
            if isinstance(first, Reshape) and _by_element(second):
                source, middle, target = first.inputs[0], first.output, second.output
                second.inputs, second.output = [source], middle
                first.inputs, first.output = [middle], target
                graph.shapes[middle] = graph.shapes[source]
                graph.pin_like(middle, target)
                place = graph.nodes.index(first)
                graph.nodes.remove(second)
                graph.nodes.insert(place, second)
                moved = True


def _by_element(node: Node) -> bool:
    """True if a node does the same to all elements."""
    return isinstance(node, Curve) or (isinstance(node, Activate) and node.function.slopes is None)


def reshape_of_output(graph: Graph) -> None:
    """A Reshape whose result leaves the accelerator is left to the reader of the output.

    Where the tensor leaves in its old shape as well, or is not the accelerator's, it is copied.
    """
    for node in list(graph.nodes):
        if isinstance(node, Reshape) and node.output in graph.outputs and not graph.consumers(node.output):
            old = node.inputs[0]
            before, shape = graph.producer(old), graph.shapes[old]
            if before is None or isinstance(before, Host) or old in graph.outputs:
                one, zero = np.ones(shape[0]), np.zeros(shape[0])
                graph.replace(node, Affine(node.name, node.inputs, node.output, one, zero))
                graph.shapes[node.output] = shape
                continue
            del graph.shapes[old]
            graph.nodes.remove(node)
            before.output = node.output
            graph.shapes[node.output] = shape
            graph.rename(old, node.output)


def reshape_into_host(graph: Graph) -> None:
    """The host reshapes for itself what it reads."""
    for node in graph.nodes:
        if isinstance(node, Host):
            for index, name in enumerate(node.inputs):
                before = graph.producer(name)
                if isinstance(before, Reshape):
                    node.inputs[index] = before.inputs[0]


def dense_to_convolution(graph: Graph) -> None:
    """Dense becomes a convolution whose kernel is the whole input, so a flattened image needs no copy."""
    for node in list(graph.nodes):
        if not isinstance(node, Dense):
            continue
        flat = graph.producer(node.inputs[0])
        if isinstance(flat, Reshape):
            source, shape = flat.inputs[0], _as_image(graph.shapes[flat.inputs[0]])
        else:
            source, shape = node.inputs[0], _as_image(graph.shapes[node.inputs[0]])
        weight = node.weight.reshape(len(node.weight), *shape)
        graph.replace(
            node,
            Conv(
                node.name, [source], node.output, weight, node.bias, stride=(1, 1), pad=(0, 0), size=(1, 1),
                steps=node.steps,
            ),
        )
    for node in list(graph.nodes):
        if isinstance(node, Reshape) and not graph.consumers(node.output) and node.output not in graph.outputs:
            graph.nodes.remove(node)
            del graph.shapes[node.output]
    for tensor, shape in graph.shapes.items():
        graph.shapes[tensor] = _as_image(shape)
    for node in list(graph.nodes):
        if isinstance(node, Reshape) and graph.shapes[node.output] == graph.shapes[node.inputs[0]]:
            _drop(graph, node)
    for node in graph.nodes:
        if isinstance(node, Reshape):
            raise Refused(
                "Reshape", node.name,
                "only a Reshape before a fully connected layer, or at the model's input or output, is supported; "
                f"it makes {node.shape}",
            )  # fmt: skip


def _drop(graph: Graph, node: Reshape) -> None:
    """A Reshape that changes nothing; a copy where both its tensors leave the accelerator."""
    if node.output in graph.outputs:
        channels = graph.shapes[node.output][0]
        graph.replace(node, Affine(node.name, node.inputs, node.output, np.ones(channels), np.zeros(channels)))
        return
    graph.nodes.remove(node)
    del graph.shapes[node.output]
    graph.rename(node.output, node.inputs[0])


def _as_image(shape: Shape) -> Shape:
    """Vectors as one pixel, lines as one row."""
    return shape if len(shape) == 3 else (shape[0], 1, *(shape[1:] or (1,)))


def merge_groups(graph: Graph) -> None:
    """Groups merge until each reads and writes whole surfaces, with zeros in the weights: then they are layers of
    their own. Where that is not possible, or more groups would cost more than they save, they merge further.
    """
    for node in graph.nodes:
        if isinstance(node, Conv) and node.group > 1:
            merge(node, divisible=has_surfaces(graph, node.inputs[0]))


def has_surfaces(graph: Graph, tensor: str) -> bool:
    """True for a tensor that is a feature cube in memory; the network's input may be an image of few channels."""
    return tensor != graph.input or graph.shapes[tensor][0] >= hw.ATOM


def merge(node: Conv, divisible: bool) -> None:
    """Choose how many groups become one; `divisible`: the input's surfaces can be read apart."""
    kernels, channels, rows, columns = node.weight.shape
    per_group, positions = kernels // node.group, node.size[0] * node.size[1] * rows * columns
    best, cost = node.group, hw.surfaces(node.group * channels) * hw.surfaces(kernels) * positions
    for merged in range(1, node.group):
        if node.group % merged or not divisible or merged * channels % hw.ATOM or merged * per_group % hw.ATOM:
            continue
        layers = node.group // merged
        cycles = hw.surfaces(merged * channels) * hw.surfaces(merged * per_group) * positions
        if layers * (max(cycles, 1) + LAYER_OVERHEAD) < cost:
            best, cost = merged, layers * (cycles + LAYER_OVERHEAD)
    weight = np.zeros((kernels, best * channels, rows, columns))
    for kernel in range(kernels):
        first = kernel // per_group % best * channels
        weight[kernel, first : first + channels] = node.weight[kernel]
    node.weight, node.group = weight, node.group // best
