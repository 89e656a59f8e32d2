"""What int8 costs each layer, and what a user should know of it: figures and warnings of a compilation."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import Concat, Curve, FloatArray, Graph, Host, Move, Quantisation, Slice
from cocodla.compiler.quantisation.calibrate import Histogram, Statistics
from cocodla.compiler.quantisation.layers import QuantisedGraph
from cocodla.compiler.quantisation.simulate import simulated

IMAGES = 4
"""Images that costs are measured with, fewer where they are large."""
POOR = 15.0
"""Signal to noise ratio of an output, in dB, below which it is told."""
DOMINATED = 8.0
"""How many times larger than 99.99 % of a tensor's values its range may be before that is told."""
FEW = 64
"""Codes that 99.8 % of a tensor's values use, at least, before that is told: 6 bits."""
Decibels = float


@dataclass(frozen=True)
class LayerCost:
    """sqnr: of the layer's output against the float network, everything before it included; own: of what the layer
    itself adds to the inputs it has. ends: share of its codes that are the least or the largest there is.
    """

    layer: str
    tensor: str
    sqnr: Decibels
    own: Decibels
    ends: float


def layer_costs(
    graph: Graph, quantised: QuantisedGraph, images: FloatArray, kept: Collection[str]
) -> list[LayerCost]:
    """Costs of every layer that rounds, in order. images: model inputs (batch, *shape). kept: outputs of the model.

    What only functions of one number read is not told alone, and of what only the host reads no more is compared than
    codes express: both drop on purpose what makes no difference behind them.
    """
    nodes = {node.output: node for node in graph.nodes if not isinstance(node, (Host, Concat, Slice, Move))}
    exact = reference.walk(graph, images)
    rounded = reference.walk(simulated(graph, quantised), images, rounded=True)
    last = {tensor: node.output for node in graph.nodes for tensor in node.inputs}
    found, values = [], dict[str, FloatArray]()
    for (tensor, wanted), (_, got) in zip(exact, rounded, strict=True):
        values[tensor] = got
        if (node := nodes.get(tensor)) is not None:
            alone = reference.evaluate(node, *(values[name] for name in node.inputs)).reshape(got.shape)
            readers = graph.consumers(tensor)
            if readers and all(isinstance(reader, Curve) for reader in readers) and tensor not in graph.outputs:
                values[tensor] = alone
            else:
                meaning = quantised.tensors[tensor]
                if tensor in graph.outputs and tensor not in kept:
                    wanted, alone = meaning.limited(wanted), meaning.limited(alone)
                ends = _share_at_ends(got, meaning)
                found.append(LayerCost(node.name, tensor, ratio(wanted, got), ratio(alone, got), ends))
        values = {name: value for name, value in values.items() if last.get(name) != tensor}
    return found


def ratio(wanted: FloatArray, got: FloatArray) -> Decibels:
    """Signal to noise ratio in dB, at most 200."""
    signal, noise = (float(np.square(part, dtype=np.float64).sum()) for part in (wanted, got - wanted))
    return round(min(200.0, 10 * float(np.log10(max(signal, 1e-30) / max(noise, 1e-50)))), 2)


def _share_at_ends(values: FloatArray, meaning: Quantisation) -> float:
    codes = meaning.quantise(values)
    return float(((codes == 127) | (codes == -128)).mean())


def warnings_of(
    graph: Graph, quantised: QuantisedGraph, statistics: Statistics, costs: list[LayerCost], noise: float | None
) -> list[str]:
    """What a user should know, a line each: poor outputs with the layer that costs most, tensors that use few codes.

    noise: at the model's outputs, behind the host's part, in parts of their signal; it is told where the accelerator's
    own outputs look better.
    """
    poor = list(_poor_outputs(graph, costs))
    behind = 200.0 if noise is None else -10 * float(np.log10(max(noise, 1e-20)))
    if not poor and behind < POOR and costs:
        poor.append(
            f"behind the host's part the model's outputs are only {behind:.1f} dB above the noise of int8; "
            + _worst(costs)
        )
    return [*poor, *_poor_tensors(graph, quantised, statistics)]


def _poor_outputs(graph: Graph, costs: list[LayerCost]) -> Iterator[str]:
    by_tensor = {cost.tensor: cost for cost in costs}
    for output in graph.outputs:
        cost = by_tensor.get(output)
        if cost is not None and cost.sqnr < POOR:
            worst = _worst(costs[: costs.index(cost) + 1])
            yield f"output {output!r} is only {cost.sqnr:.1f} dB above the noise of int8; {worst}"


def _worst(costs: list[LayerCost]) -> str:
    worst = min(costs, key=lambda entry: entry.own)
    return f"layer {worst.layer!r} adds most ({worst.own:.1f} dB)"


def _poor_tensors(graph: Graph, quantised: QuantisedGraph, statistics: Statistics) -> Iterator[str]:
    made = [node for node in graph.nodes if not isinstance(node, (Host, Concat, Slice, Move))]
    names = {graph.input: f"input {graph.input!r}", **{node.output: f"layer {node.name!r}" for node in made}}
    for tensor, name in names.items():
        histogram, meaning = statistics.histograms.get(tensor), quantised.tensors.get(tensor)
        if histogram is None or tensor in graph.pins or not histogram.limit:
            continue
        # pixels express all there is
        ends = (histogram.low, histogram.high) if meaning is None else (meaning.real(-128), meaning.real(127))
        low, usual, high = _spread(histogram)
        reach = max(map(abs, ends))
        if histogram.seen >= 10_000 and usual > 0 and reach > DOMINATED * usual:
            yield (
                f"{name}: its range reaches {reach:.4g}, 99.99 % of its values stay below {usual:.4g}: "
                "few of them dominate it"
            )
        elif meaning is not None and histogram.seen >= 1_000 and (high - low) / meaning.scale + 1 < FEW:
            yield (
                f"{name}: 99.8 % of its values use {(high - low) / meaning.scale + 1:.0f} of 256 codes, "
                "fewer than 6 bits"
            )


def _spread(histogram: Histogram) -> tuple[float, float, float]:
    """Ends of the inner 99.8 % of the values, and the magnitude that 99.99 % of them do not exceed in between."""
    centres, total = histogram.centres, np.cumsum(histogram.counts)
    first, last = (int(np.searchsorted(total, share * total[-1])) for share in (0.001, 0.999))
    half = len(centres) // 2
    magnitudes = np.cumsum(histogram.counts[half:] + histogram.counts[half - 1 :: -1])
    usual = centres[half:][int(np.searchsorted(magnitudes, 0.9999 * magnitudes[-1]))]
    return float(centres[first]), float(usual), float(centres[last])
