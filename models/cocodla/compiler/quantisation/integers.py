"""Float graph + ranges -> integer layers (spec: numerics.md).

Requantisation is scheme C of numerics.md: BS multiplies each channel by a 16-bit integer, BN adds a 16-bit bias in
units of 2^shift / 2^fraction output steps, the output converter drops the fraction. The multiplier is chosen first and
the weight scale follows from it, so rescaling is exact by construction. Weights and activations are symmetric; a
tensor may have a zero point, which the next layer takes back in its bias (and pads with).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cocodla.compiler.ir import (
    Add,
    Concat,
    Conv,
    Curve,
    Custom,
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
    Quantisation,
    Slice,
)
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.calibrate import Range
from cocodla.compiler.quantisation.codes import codes_behind, codes_in_place, range_of, scale_for, shared_ranges
from cocodla.compiler.quantisation.convolutions import average, convolution, pooling
from cocodla.compiler.quantisation.curves import curve, reached
from cocodla.compiler.quantisation.layers import (
    QuantisedCustom,
    QuantisedGraph,
    QuantisedLayer,
    QuantisedMove,
    QuantisedPooling,
    QuantisedView,
)
from cocodla.compiler.quantisation.lrn import normalisation
from cocodla.compiler.quantisation.pixels import Conversion
from cocodla.compiler.quantisation.pointwise import pointwise
from cocodla.compiler.quantisation.rounding import Rounder
from cocodla.compiler.quantisation.settings import Settings
from cocodla.compiler.quantisation.sums import addition, product


def quantise(
    graph: Graph,
    ranges: Mapping[str, Range],
    conversion: Conversion | None,
    settings: Settings,
    plain_zeros: Collection[str] = (),
    means: Mapping[str, FloatArray] | None = None,
    rounder: Rounder | None = None,
) -> QuantisedGraph:
    """Choose scales and integers for all layers. `conversion` says that the first layer reads pixels.

    plain_zeros: tensors without a zero point. means: mean of every tensor over the calibration data (*shape): where
    given, the mean error that the rounded weights of a convolution make is taken out of its bias. rounder: rounds
    weights by what their layers read.
    """
    tensors: dict[str, Quantisation] = {}
    ranges, zeros, joined = shared_ranges(graph, ranges, plain_zeros)
    if not settings.asymmetric:
        zeros = dict.fromkeys(zeros, "none")
    if conversion is None:
        codes = graph.pins.get(graph.input)
        tensors[graph.input] = codes or scale_for(range_of(graph, ranges, graph.input), zeros[graph.input])
    layers: list[QuantisedLayer] = []
    for node in graph.nodes:
        if isinstance(node, (Pool, Concat, Slice, Move)) or (isinstance(node, Custom) and node.keeps_codes):
            tensors[node.output] = codes_in_place(graph, node, tensors)
        elif isinstance(node, (Conv, Mean, Add, Multiply, Lrn, Curve, Custom, Pointwise, Host)):
            alone = node.output not in joined
            if isinstance(node, Curve) and alone and {node.output, *node.inputs} <= ranges.keys():
                source, seen = node.inputs[0], ranges[node.output]
                ranges[node.output] = reached(node, tensors[source], *ranges[source], seen)
            tensors[node.output] = codes_behind(graph, node, ranges, zeros[node.output])
        else:
            raise Refused(type(node).__name__, node.name, "there is no hardware layer for it")
        layers.append(_layer(graph, node, tensors, conversion, (means or {}).get(node.inputs[0]), rounder))
    return QuantisedGraph(layers, tensors)


def _layer(
    graph: Graph,
    node: Node,
    tensors: Mapping[str, Quantisation],
    conversion: Conversion | None,
    mean: FloatArray | None,
    rounder: Rounder | None,
) -> QuantisedLayer:
    """Integers of one node; the codes of its inputs (or pixels) and of its output are known."""
    source, out = node.inputs[0], tensors[node.output]
    shape = graph.shapes[source]
    if isinstance(node, Conv):
        return convolution(node, shape, tensors, conversion, mean, rounder)
    if isinstance(node, Add):
        return addition(graph, node, tensors, out)
    if isinstance(node, Multiply):
        return product(graph, node, tensors, out)
    if isinstance(node, Lrn):
        return normalisation(node, shape, tensors[source], out)
    if isinstance(node, Curve):
        return curve(node, shape, tensors[source], out)
    if isinstance(node, Custom):
        return QuantisedCustom(node.name, tuple(node.inputs), node.output, shape, node, out)
    if isinstance(node, Pointwise):
        return pointwise(node, shape, tensors[source], out)
    if isinstance(node, Pool):
        pool = pooling(node.name, node.function, out.zero)
        return QuantisedPooling(node.name, (source,), node.output, shape, pool)
    if isinstance(node, Mean):
        return average(node, shape, tensors[source], out)
    if isinstance(node, Concat):
        return QuantisedView(node.name, tuple(node.inputs), node.output, shape, "concat", axis=node.axis)
    if isinstance(node, Slice):
        return QuantisedView(node.name, (source,), node.output, shape, "slice", box=node.box)
    if isinstance(node, Move):
        return QuantisedMove(node.name, (source,), node.output, shape, node.loops, node.shape, node.kind)
    return QuantisedView(node.name, tuple(node.inputs), node.output, shape, "host")
