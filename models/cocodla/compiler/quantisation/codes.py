"""Scales and zero points of tensors: the model's own, those of a neighbour, or what their range asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import ceil, floor
from typing import Literal

import numpy as np

from cocodla.compiler.ir import (
    Add,
    Concat,
    Custom,
    Graph,
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
from cocodla.compiler.reference import unpooled
from cocodla.errors import UserError

Zeros = Literal["any", "ends", "none"]
"""Zero points that a tensor may have: any code, 0 or -128, 0."""


def shared_ranges(
    graph: Graph, ranges: Mapping[str, Range], plain_zeros: Collection[str]
) -> tuple[dict[str, Range], dict[str, Zeros], set[str]]:
    """Ranges, shared where nodes keep codes as they are, the zero points that tensors may have, and those tensors
    whose ranges are those of others, too.

    plain_zeros: tensors that may have none.
    """
    group = {tensor: {tensor} for tensor in graph.shapes}
    for node in graph.nodes:
        if isinstance(node, (Concat, Slice, Move, Pool)) or (isinstance(node, Custom) and node.keeps_codes):
            for tensor in node.inputs:
                joined = group[tensor] | group[node.output]
                group.update(dict.fromkeys(joined, joined))
    joining = {name for node in graph.nodes if isinstance(node, Concat) for name in group[node.output]}
    result = dict(ranges)
    for name in joining:
        members = [ranges[key] for tensor in group[name] for key in (tensor, unpooled(tensor)) if key in ranges]
        if not members:
            continue
        hull = min(low for low, _ in members), max(high for _, high in members)
        result.update({key: hull for key in (name, unpooled(name)) if key in ranges})
    return result, _zeros(graph, group, plain_zeros), joining


def _zeros(graph: Graph, group: Mapping[str, set[str]], plain_zeros: Collection[str]) -> dict[str, Zeros]:
    """Zero points that tensors may have. group: those that share their codes with each."""
    none, ends = set(plain_zeros), set[str]()
    for node in graph.nodes:
        if isinstance(node, Multiply):
            varied = graph.shapes[node.inputs[0]] == graph.shapes[node.inputs[1]]
            if graph.official:  # one of both has none anyhow (official.py)
                ends.update(() if varied else node.inputs[1:])
                continue
            (none if node.activation is not None else ends).update(node.inputs if varied else node.inputs[1:])
            if node.activation is not None:
                none.update(node.inputs)
        elif isinstance(node, Add) and node.operation != "sum":
            none.update(node.inputs)
        elif isinstance(node, Lrn) or (isinstance(node, Mean) and len(np.unique(node.function.divisors)) > 1):
            ends.update(node.inputs)
        elif isinstance(node, Custom) and not node.operator.zeros:
            none.update([*node.inputs, node.output])
        elif isinstance(node, Pointwise) and node.activation is not None and not node.activation.zero_below:
            none.add(node.output)  # the slope takes a multiplier, the one that is left is not good for 255 steps
    for node in reversed(graph.nodes):  # the ReLU of a sum is the saturation only if the result has a zero point
        if isinstance(node, Add) and node.activation is not None and group[node.output] & none:
            none.update(node.inputs)
    return {
        name: "none" if group[name] & none else "ends" if group[name] & ends else "any" for name in graph.shapes
    }  # fmt: skip


def range_of(graph: Graph, ranges: Mapping[str, Range], tensor: str) -> Range:
    """Range of a tensor on the calibration data; UserError if there were none."""
    if tensor not in ranges:
        raise UserError(
            f"no calibration data: {graph.where(tensor)} has no scale in the model, so that it "
            "follows from sample inputs"
        )
    return ranges[tensor]


def codes_in_place(graph: Graph, node: Node, tensors: Mapping[str, Quantisation]) -> Quantisation:
    """Codes of a layer's output that are those of all of its inputs."""
    names = node.inputs[:1] if isinstance(node, Custom) else node.inputs
    found = {tensors[name] for name in names} | {graph.pins.get(node.output, tensors[node.inputs[0]])}
    if len(found) > 1:
        scales = ", ".join(sorted(f"{codes.scale:g}" for codes in found))
        raise Refused(type(node).__name__, node.name, f"it works in one scale, its tensors have {scales}")
    return tensors[node.inputs[0]]


def codes_behind(graph: Graph, node: Node, ranges: Mapping[str, Range], zeros: Zeros) -> Quantisation:
    """Codes of what a layer makes: those of the model, or chosen for the range on the calibration data."""
    pool = getattr(node, "pool", None)
    tensor = unpooled(node.output) if pool is not None and pool.kind == "average" else node.output
    activation = getattr(node, "activation", None)
    codes = graph.pins.get(node.output)
    if codes is None:
        return scale_for(_output_range(node, range_of(graph, ranges, tensor)), zeros)
    if activation is not None and activation.high is not None and codes.real(127) > activation.high + codes.scale / 2:
        raise Refused(
            type(node).__name__, node.name,
            f"its upper limit {activation.high:g} is less than {codes.real(127):g}, the largest value of its codes",
        )  # fmt: skip
    return codes


def scale_for(extent: Range, zeros: Zeros) -> Quantisation:
    """int8 codes for a range of real values."""
    low, high = extent
    if zeros == "any" and low < 0 < high:
        balanced = -128 - low * 255 / (high - low)  # whole zero points leave one end a code of its own: the farther one
        if high >= -low:
            return Quantisation(high / (127 - (zero := ceil(balanced))), zero)
        return Quantisation(low / (-128 - (zero := floor(balanced))), zero)
    if zeros == "any" and high <= 0:
        return Quantisation(-low / 255, 127)
    if zeros != "none" and low >= 0:
        return Quantisation(high / 255, -128)
    return Quantisation(max(abs(low), abs(high)) / 127)


def _output_range(node: Node, extent: Range) -> Range:
    """Range of the values the output converter sees; saturation at the upper end is the clip of a Clip."""
    low, high = extent
    activation = getattr(node, "activation", None)
    if activation is not None and activation.high is not None:
        high = min(high, activation.high)
        low = max(low, -high)
    if high <= 0 and activation is not None and activation.zero_below:
        raise UserError(f"{type(node).__name__} {node.name!r}: its ReLU output is 0 for all calibration data")
    return low, high
