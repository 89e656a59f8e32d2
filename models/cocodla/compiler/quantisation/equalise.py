"""Cross-layer equalisation: channels of inner tensors get ranges that one int8 scale serves better.

Dividing a channel by s where it is made, and multiplying the weights that read it by s, changes nothing in real
numbers, as long as what lies between is positively homogeneous (ReLU, leaky ReLU, pooling, sums). The convolution that
makes the channel has a scale per kernel and loses nothing. Small channels then use more of the 256 codes; what the
tensor gains, the weights behind it can lose, as they have one scale for all channels. So each group of channels that
must keep in step (`channels.py`) gets the balance that adds the least noise, by a model of both roundings. A
depthwise convolution reads each channel with weights of its own: there equal ranges cost nothing.
(Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, 2019, has the idea for pairs.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cocodla.compiler.ir import Add, Conv, FloatArray, Graph, Multiply, Node
from cocodla.compiler.quantisation.calibrate import Statistics
from cocodla.compiler.quantisation.channels import Channels, Group

LIMIT = 256.0
"""Largest factor by which a channel moves against the group's typical channel."""
BALANCES = (0.0, 0.25, 0.5, 0.625, 0.75, 0.875, 1.0)
"""How far ranges become equal: 0 leaves that to the weights behind them, 1 gives all channels the same range."""
FLOOR = 1e-3
"""Power of a weak channel, in parts of its tensor's mean power, below which its noise counts as no more important."""


def equalised(graph: Graph, statistics: Statistics, headroom: float) -> tuple[Graph, dict[str, FloatArray]]:
    """A graph with other weights, and the factors of its tensors by channel, tensor -> (channels,): real value of the
    original model = factor * value in the new graph. The graph itself stays as it is.
    """
    channels = Channels(graph)
    factors = np.ones(channels.count)
    for group in channels.groups():
        factors[group.classes] = _best(graph, statistics, headroom, channels, group)
    moved = {tensor: factors[channels.of(tensor)] for tensor in graph.shapes}
    nodes = [_rescaled(node, moved) for node in graph.nodes]
    return replace(graph, nodes=nodes), {t: f for t, f in moved.items() if (f != 1).any()}


def _rescaled(node: Node, factors: Mapping[str, FloatArray]) -> Node:
    if not isinstance(node, Conv):
        return node
    made, read = factors[node.output], node.per_kernel(factors[node.inputs[0]])
    if (made == 1).all() and (read == 1).all():
        return node
    weight = node.weight * read[..., None, None] / made[:, None, None, None]
    return replace(node, weight=weight, bias=node.bias / made)


def _best(graph: Graph, statistics: Statistics, headroom: float, channels: Channels, group: Group) -> FloatArray:
    """Factors of a group's classes, those of the balance with the least noise."""
    peak: FloatArray = np.zeros(channels.count)
    for tensor in group.tensors:
        known = statistics.peaks(tensor, headroom)
        np.maximum.at(peak, channels.of(tensor), known / max(float(known.max()), 1e-30))
    largest: FloatArray = np.zeros(channels.count)
    readers = [node for node in graph.nodes if isinstance(node, Conv) and node.inputs[0] in group.tensors]
    for node in readers:
        np.maximum.at(largest, channels.of(node.inputs[0]), _largest_weights(node))
    peak, largest = peak[group.classes], largest[group.classes]
    candidates = [_balanced(peak, largest, share) for share in BALANCES]
    candidates.append(np.ones(len(peak)))

    def noise(candidate: FloatArray) -> float:
        factors = np.ones(channels.count)
        factors[group.classes] = candidate
        scaled = {tensor: factors[channels.of(tensor)] for tensor in group.tensors}
        return sum(_noise(graph, statistics, headroom, tensor, factor) for tensor, factor in scaled.items())

    return min(candidates, key=noise)


def _balanced(peak: FloatArray, weight: FloatArray, share: float) -> FloatArray:
    """peak^share / weight^(1 - share), about 1 in the middle; 1 where a channel is always 0 or nobody reads it."""
    alive = (peak > 0) & ((weight > 0) | (share == 1))
    if not alive.any():
        return np.ones(len(peak))
    weight = np.where(weight > 0, weight, 1)
    raw = np.where(alive, peak, 1) ** share / np.where(alive, weight, 1) ** (1 - share)
    middle = np.exp(np.log(raw[alive]).mean())
    return np.where(alive, np.clip(raw / middle, 1 / LIMIT, LIMIT), 1.0)


def _largest_weights(node: Conv) -> FloatArray:
    """Largest weight that reads each input channel, in parts of its kernel's largest: (channels,)."""
    kernels, per_group = node.weight.shape[:2]
    size = np.abs(node.weight).max((2, 3))
    size = size / np.maximum(size.max(1, keepdims=True), 1e-30)
    return size.reshape(node.group, kernels // node.group, per_group).max(1).reshape(-1)


def _noise(graph: Graph, statistics: Statistics, headroom: float, tensor: str, factor: FloatArray) -> float:
    """Noise that the rounding of a tensor, and of the weights that read it, makes in what its readers give.

    The sum over the readers of the mean of all channels, in parts of their power.
    """
    peak, power = statistics.peaks(tensor, headroom) / factor, statistics.powers[tensor] / factor**2
    step = float(peak.max()) / 127
    total = 0.0
    for node in graph.consumers(tensor):
        behind = statistics.powers[node.output]
        importance = 1 / np.maximum(behind, FLOOR * max(float(behind.mean()), 1e-30))
        if isinstance(node, Conv) and node.inputs[0] == tensor:
            weight = node.weight * node.per_kernel(factor)[..., None, None]
            of_tensor = step**2 * (weight**2).sum((1, 2, 3))
            kernel_step = np.abs(weight).max((1, 2, 3)) / 127
            of_weights = kernel_step**2 * ((weight != 0).sum((2, 3)) * node.per_kernel(power)).sum(1)
            total += float(((of_tensor + of_weights) * importance).mean())
        elif isinstance(node, (Add, Multiply, Conv)) and len(factor) == len(behind):
            total += float((step**2 * factor**2 * importance).mean())
    return total
