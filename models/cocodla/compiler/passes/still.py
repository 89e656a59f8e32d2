"""Tensors that have one value for all calibration data: sums and products with them need no second operand.

Channels that were pruned, or that died in training, leave such tensors. Those that no rule here takes out keep their
layers; calibration gives them codes in which their value is exact.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import Add, Affine, FloatArray, Graph, Multiply
from cocodla.compiler.quantisation.calibration import Samples


def fold_still(graph: Graph, samples: Samples, sample: FloatArray) -> list[str]:
    """Replace sums and products of which one operand never varies; drop what nobody reads then. A line for each fold.

    sample: some of the images (batch, *shape), to see whether it is worth looking at all of them.
    """
    values = _still(graph, [sample])
    operands = {tensor for node in graph.nodes if isinstance(node, (Add, Multiply)) for tensor in node.inputs}
    if not operands & values.keys():
        return []
    values = _still(graph, samples.batches(reference.batch_size(graph)))
    told = []
    for node in list(graph.nodes):
        if not isinstance(node, (Add, Multiply)) or node.activation is not None or len(set(node.inputs)) != 2:
            continue
        constant = next((tensor for tensor in node.inputs if tensor in values), None)
        other = next(tensor for tensor in node.inputs if tensor != constant)
        if constant is None or other in values or graph.shapes[other] != graph.shapes[node.output]:
            continue
        scale, shift = _rule(node, values[constant], node.inputs[1] == constant)
        if scale is None:
            continue
        ones = np.ones(graph.shapes[other][0], np.float32)
        graph.replace(node, Affine(node.name, [other], node.output, ones * scale, ones * shift))
        told.append(
            f"{graph.where(constant)} is {values[constant]:g} for all calibration data: it is folded into {node.name!r}"
        )
    _drop_unread(graph)
    return told


def _rule(node: Add | Multiply, value: float, second: bool) -> tuple[float | None, float]:
    """Factor and summand that a sum, difference or product with a constant is; (None, 0) for anything else."""
    if isinstance(node, Multiply):
        return (value, 0.0) if value else (None, 0.0)
    if node.operation == "sum":
        return 1.0, value
    if node.operation == "difference":
        return (1.0, -value) if second else (-1.0, value)
    return None, 0.0


def _still(graph: Graph, batches: Iterable[FloatArray]) -> dict[str, float]:
    """Tensors, other than the input, of one value for all images, which no file fixes the codes of."""
    found: dict[str, float] = {}
    varied = {graph.input, *graph.pins}
    for images in batches:
        for tensor, value in reference.walk(graph, images):
            first = float(value.flat[0])
            if tensor in varied or not (value == first).all() or found.setdefault(tensor, first) != first:
                varied.add(tensor)
    return {tensor: value for tensor, value in found.items() if tensor not in varied}


def _drop_unread(graph: Graph) -> None:
    for node in reversed(list(graph.nodes)):
        if node.output not in graph.outputs and not graph.consumers(node.output):
            graph.nodes.remove(node)
            del graph.shapes[node.output]
