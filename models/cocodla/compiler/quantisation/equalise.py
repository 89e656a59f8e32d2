"""Cross-layer equalisation: channels of an inner tensor get ranges that one int8 scale serves better.

Scaling a channel of a tensor between two convolutions by 1/s, and its weights in the second one by s, changes
nothing in real numbers, as long as what lies between them is positively homogeneous (ReLU, leaky ReLU, pooling). The
first convolution's weights have a scale per kernel and lose nothing. Small channels then use more of the 256 codes;
what the tensor gains the second layer's weights can lose, so s is the balance of both: sqrt(peak / largest weight).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cocodla.compiler.ir import Conv, FloatArray, Graph, Mean, Node, Pool

LIMIT = 64.0
"""Largest factor by which a channel moves against the tensor's typical channel."""


def equalise(graph: Graph, peaks: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Edit the weights of all neighbouring convolutions in place.

    peaks: largest magnitude of each channel of every tensor (channels,) on the calibration data. Returns tensor ->
    factors (channels,): real value of the original model = factor * value now.
    """
    factors: dict[str, FloatArray] = {}
    for first in graph.nodes:
        if not isinstance(first, Conv) or len(first.inputs) > 1:  # a sum has a second operand of its own range
            continue
        if first.activation is not None and first.activation.high is not None:
            continue
        between, second = _next_convolution(graph, first)
        if second is None or first.steps is not None or second.steps is not None:
            continue
        if any(tensor in graph.pins for tensor in between):
            continue
        factor = _balance(peaks[first.output], _largest_weights(second))
        first.weight = first.weight / factor[:, None, None, None]
        first.bias = first.bias / factor
        second.weight = second.weight * _spread(factor, second)[..., None, None]
        factors.update({tensor: factor for tensor in between})
    return factors


def _next_convolution(graph: Graph, first: Conv) -> tuple[list[str], Conv | None]:
    """Tensors up to the convolution that alone reads `first`, through poolings; None if there is none."""
    between = [first.output]
    reader: Node | None = graph.only_consumer(first.output)
    while isinstance(reader, (Pool, Mean)):
        between.append(reader.output)
        reader = graph.only_consumer(reader.output)
    if not isinstance(reader, Conv) or reader.inputs[1:] == [between[-1]]:  # read as what a sum adds
        return between, None
    return between, reader if reader.weight.shape[1] * reader.group == len(first.weight) else None


def _largest_weights(node: Conv) -> FloatArray:
    """Largest magnitude of the weights that read each input channel (channels,)."""
    kernels, per_group = node.weight.shape[:2]
    grouped = np.abs(node.weight).reshape(node.group, kernels // node.group, per_group, -1)
    return grouped.max((1, 3)).reshape(-1)


def _spread(factor: FloatArray, node: Conv) -> FloatArray:
    """The factor of the channel each weight reads: (K, C/group)."""
    return np.repeat(factor.reshape(node.group, -1), len(node.weight) // node.group, axis=0)


def _balance(peak: FloatArray, weight: FloatArray) -> FloatArray:
    """sqrt(peak / weight), about 1 in the middle; 1 where a channel is always 0 or nobody reads it."""
    alive = (peak > 0) & (weight > 0)
    if not alive.any():
        return np.ones(len(peak))
    raw = np.sqrt(np.where(alive, peak, 1) / np.where(alive, weight, 1))
    middle = np.exp(np.log(raw[alive]).mean())
    return np.where(alive, np.clip(raw / middle, 1 / LIMIT, LIMIT), 1.0)
