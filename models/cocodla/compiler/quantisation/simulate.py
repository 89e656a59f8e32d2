"""What an integer network computes, in fast float arithmetic: the float graph with the accelerator's weights and codes.

Differs from the golden model by single codes in rare cases, where the hardware's multipliers round otherwise than the
exact result; good enough to compare choices with, and many times as fast.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import Conv, FloatArray, Graph, Node
from cocodla.compiler.quantisation.layers import QuantisedConv, QuantisedGraph


def simulated(graph: Graph, quantised: QuantisedGraph) -> Graph:
    """The graph whose `reference.walk`, with rounded tensors, gives what the integer layers give."""
    layers = {layer.target: layer for layer in quantised.layers}
    nodes = [as_rounded(node, graph, quantised, layers[node.output]) for node in graph.nodes]
    return replace(graph, nodes=nodes, pins=dict(quantised.tensors))


def outputs(graph: Graph, quantised: QuantisedGraph, images: FloatArray) -> dict[str, FloatArray]:
    """Outputs of the accelerator's part for model inputs (batch, *shape): tensor -> real values (batch, *shape)."""
    return reference.run(simulated(graph, quantised), images, rounded=True)


def as_rounded(node: Node, graph: Graph, quantised: QuantisedGraph, layer: object) -> Node:
    """A convolution with the weights and bias the accelerator has; any other node as it is."""
    if not isinstance(node, Conv) or not isinstance(layer, QuantisedConv):
        return node
    step, zero = input_codes(node, graph, quantised, layer)
    codes = layer.weight.astype(np.float64)
    bias = layer.exact_bias * layer.out.scale + np.einsum("kcrs,kc->k", codes, zero) * layer.scales
    return replace(node, weight=codes * layer.scales[:, None, None, None] / step[..., None, None], bias=bias)


def input_codes(
    node: Conv, graph: Graph, quantised: QuantisedGraph, layer: QuantisedConv
) -> tuple[FloatArray, FloatArray]:
    """Step and zero point of the input channel each weight reads, (K, C/group) both."""
    source, channels = quantised.tensors.get(node.inputs[0]), graph.shapes[node.inputs[0]][0]
    step: FloatArray
    zero: FloatArray
    if source is not None:
        step, zero = np.full(channels, source.scale), np.full(channels, float(source.zero))
    else:
        assert layer.conversion is not None
        step, zero = layer.conversion.step, layer.conversion.zero
    return node.per_kernel(step), node.per_kernel(zero)
