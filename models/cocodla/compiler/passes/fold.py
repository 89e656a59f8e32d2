"""Passes that fold constant arithmetic into neighbouring layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Activate, Affine, Conv, Dense, Graph, Host, InputMap, Pad, Transposed


def scales_before_activations(graph: Graph) -> None:
    """An activation followed by positive scales: swap them where the scales can join the layer before."""
    for first, second in graph.chains():
        if not isinstance(first, Activate) or not isinstance(second, Affine):
            continue
        function, scale, before = first.function, second.scale, graph.only_consumer(first.inputs[0])
        if before is not first or not isinstance(graph.producer(first.inputs[0]), (Affine, Conv, Dense, Transposed)):
            continue
        if second.shift.any() or (scale <= 0).any() or (function.high is not None and np.ptp(scale)):
            continue
        if function.high is not None and first.output in graph.pins:
            continue  # the limit is the end of those codes
        limited = function if function.high is None else replace(function, high=function.high * float(scale[0]))
        second.inputs, first.inputs = first.inputs, [first.output]
        second.output, first.output, first.function = first.output, second.output, limited
        graph.pins.pop(second.output, None)
        index = graph.nodes.index(first)
        graph.nodes.remove(second)
        graph.nodes.insert(index, second)


def affine_chains(graph: Graph) -> None:
    """Two Affine in a row become one."""
    for first, second in graph.chains():
        if isinstance(first, Affine) and isinstance(second, Affine):
            second.scale, second.shift = first.scale * second.scale, first.shift * second.scale + second.shift
            second.inputs = first.inputs
            graph.nodes.remove(first)
            del graph.shapes[first.output]


def affine_into_input(graph: Graph) -> None:
    """An Affine that alone reads the model's input becomes part of the input's conversion; the host has none."""
    node = graph.only_consumer(graph.input)
    if not isinstance(node, Affine) or any(isinstance(reader, Host) for reader in graph.consumers(node.output)):
        return
    if node.output not in graph.outputs:
        graph.input_map = InputMap(node.scale, node.shift)
        graph.nodes.remove(node)
        del graph.shapes[node.output]
        graph.pin_like(graph.input, node.output)
        graph.rename(node.output, graph.input)


def affine_into_layer_before(graph: Graph) -> None:
    """Conv or Dense followed by Affine (BatchNorm, bias): new weights and bias."""
    for first, second in graph.chains():
        if isinstance(first, (Conv, Dense, Transposed)) and isinstance(second, Affine):
            first.weight = first.weight * second.scale.reshape(-1, *(1,) * (first.weight.ndim - 1))
            first.bias = first.bias * second.scale + second.shift
            if first.steps is not None:
                first.steps = first.steps * np.where(second.scale == 0, 1, np.abs(second.scale))
            graph.absorb(first, second)


def affine_into_layer_behind(graph: Graph) -> None:
    """Affine followed by Conv or Dense. A shift only where the convolution reads no padding: zeros are not shifted."""
    for first, second in graph.chains():
        if not isinstance(first, Affine) or not isinstance(second, (Conv, Dense)):
            continue
        if second.steps is not None and np.ptp(first.scale) + (first.scale == 0).any():
            continue  # the weights would no longer be whole codes
        if isinstance(second, Conv):
            shape = graph.shapes[first.output]
            reads_padding = second.padded or any(second.reach(axis) > shape[1 + axis] for axis in (0, 1))
            if second.group != 1 or (reads_padding and first.shift.any()):
                continue
            second.bias = second.bias + np.einsum("kcrs,c->k", second.weight, first.shift)
            second.weight = second.weight * first.scale[:, None, None]
        else:
            second.bias = second.bias + second.weight @ first.shift
            second.weight = second.weight * first.scale
        if second.steps is not None:
            second.steps = second.steps * abs(float(first.scale[0]))
        second.inputs = first.inputs
        graph.nodes.remove(first)
        del graph.shapes[first.output]


def pads_into_convolutions(graph: Graph) -> None:
    """Pad followed by Conv: the convolution pads itself (what it needs behind the input follows from its size)."""
    for first, second in graph.chains():
        if isinstance(first, Pad) and isinstance(second, Conv) and _pads_alike(graph, first, second):
            second.fill = first.value
            second.pad = (second.pad[0] + first.pads[0], second.pad[1] + first.pads[1])
            second.inputs = first.inputs
            graph.nodes.remove(first)
            del graph.shapes[first.output]


def _pads_alike(graph: Graph, pad: Pad, conv: Conv) -> bool:
    """True if all padding a convolution would read is the same, and no more than it can have, if it is not zeros."""
    if pad.value == 0:
        return conv.fill == 0
    extent = graph.shapes[pad.output][1:]
    reads_zeros = conv.padded or any(conv.reach(axis) > extent[axis] for axis in (0, 1))
    plain = max(*conv.weight.shape[2:], *conv.dilation) <= hw.MAX_PAD and max(conv.stride) <= hw.MAX_STRIDE
    return not reads_zeros and conv.fill == 0 and plain and max(pad.pads) <= hw.MAX_PAD
