"""Which channels go together: followed through a graph, from the layer that makes them to those that read them.

Every tensor has a unit for each position of its channel axis; units that an operator adds or multiplies become one.
What is not understood, what comes in and what goes out is fixed: unit 0, which never goes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from cocodla.compiler.frontend.nodes import label_of, reads
from cocodla.prune.floats import FloatModel, attributes

FIXED = 0
Units = np.ndarray
"""Unit of each position of an axis (int64)."""

KEEPING = frozenset((
    "Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Clip", "Elu", "Selu", "Celu",
    "Softplus", "Softsign", "Gelu", "Mish", "Erf", "Sqrt", "Exp", "Neg", "Abs", "Identity", "Dropout",
    "Pow", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
))  # fmt: skip
"""Operators that treat every channel by itself."""
ELEMENTWISE = frozenset(("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "PRelu"))


@dataclass(frozen=True)
class Slice:
    """An axis of a constant that has a position for each channel."""

    constant: str
    axis: int
    units: Units


@dataclass(frozen=True)
class Reader:
    """A convolution or a fully connected layer that can be fitted anew to what is left of its input.

    units: of the channels it reads; spread: positions of its input axis for each of them (behind Flatten).
    made: of its outputs. transposed: a weight whose axis 0 is the input.
    """

    node: str
    tensor: str
    output: str
    weight: str
    units: Units
    spread: int
    made: Units
    transposed: bool = False


@dataclass(frozen=True)
class Group:
    """Units that the same layers make: any of them may go. name: the layers."""

    name: str
    units: tuple[int, ...]


@dataclass
class Structure:
    """What a model is made of, seen by channels."""

    slices: list[Slice] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    units: dict[str, Units] = field(default_factory=dict)
    depthwise: dict[str, Units] = field(default_factory=dict)
    """Output of a depthwise convolution -> units of its groups."""


class _Followed:
    """Channels of all tensors while a graph is followed."""

    def __init__(self, model: FloatModel) -> None:
        self.model, self.parents, self.origins = model, [FIXED], [""]
        self.units: dict[str, Units] = {model.input: self.fixed(model.input)}
        self.spread: dict[str, int] = {}
        self.found = Structure()

    def root(self, unit: int) -> int:
        while self.parents[unit] != unit:
            self.parents[unit] = unit = self.parents[self.parents[unit]]
        return unit

    def fresh(self, count: int, origin: str) -> Units:
        first = len(self.parents)
        self.parents += range(first, first + count)
        self.origins += [origin] * count
        return np.arange(first, first + count)

    def fixed(self, tensor: str) -> Units:
        shape = self.model.shapes[tensor]
        return np.zeros(shape[1] if len(shape) > 1 else 0, np.int64)

    def join(self, first: Units, second: Units) -> None:
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            low, high = sorted((self.root(one), self.root(other)))
            self.parents[high] = low

    def fix(self, tensor: str) -> None:
        self.join(self.units[tensor], np.zeros_like(self.units[tensor]))

    def shape(self, tensor: str) -> tuple[int, ...]:
        return self.model.shapes[tensor]

    def cut(self, name: str, axis: int, units: Units) -> None:
        self.found.slices.append(Slice(name, axis, units))


def structure_of(model: FloatModel) -> Structure:
    """Follow the channels of a model."""
    seen = _Followed(model)
    for node in model.nodes:
        handler = HANDLERS.get(node.op_type) if not node.domain else None
        if handler is None or handler(seen, node) is False:
            _unknown(seen, node)
    for name in model.outputs:
        if name in seen.units:
            seen.fix(name)
    return _settled(seen)


def _settled(seen: _Followed) -> Structure:
    """Units by the roots they ended with; groups of those with the same makers."""
    roots = np.array([seen.root(unit) for unit in range(len(seen.parents))])
    makers: dict[int, list[str]] = {}
    for unit, root in enumerate(roots.tolist()):
        if root != FIXED and seen.origins[unit] not in makers.setdefault(root, []):
            makers[root].append(seen.origins[unit])
    members: dict[tuple[str, ...], list[int]] = {}
    for root, names in makers.items():
        members.setdefault(tuple(names), []).append(root)
    found = seen.found
    return Structure(
        [Slice(part.constant, part.axis, roots[part.units]) for part in found.slices],
        [
            Reader(reader.node, reader.tensor, reader.output, reader.weight, roots[reader.units], reader.spread,
                   roots[reader.made], reader.transposed)
            for reader in found.readers
        ],
        [Group(" + ".join(names), tuple(units)) for names, units in members.items()],
        {name: roots[units] for name, units in seen.units.items()},
        {name: roots[units] for name, units in found.depthwise.items()},
    )  # fmt: skip


def _unknown(seen: _Followed, node: onnx.NodeProto) -> None:
    """What is not understood neither loses nor gains channels."""
    for name in reads(node):
        if name in seen.units:
            seen.fix(name)
    for name in filter(None, node.output):
        seen.units[name] = seen.fixed(name)


def _keep(seen: _Followed, node: onnx.NodeProto) -> bool:
    source = node.input[0]
    if source not in seen.units:
        return False
    for name in filter(None, node.output):
        seen.units[name] = seen.units[source]
        seen.spread[name] = seen.spread.get(source, 1)
    return True


def _alone(seen: _Followed, node: onnx.NodeProto) -> bool:
    """What treats every channel by itself, and alike: its constants are single numbers."""
    given = (seen.model.constants.get(name, np.zeros(())) for name in node.input[1:])
    return all(value.size <= 1 for value in given) and _keep(seen, node)


def _conv(seen: _Followed, node: onnx.NodeProto) -> bool:
    source, weight = node.input[0], node.input[1]
    if source not in seen.units or weight not in seen.model.constants:
        return False
    if any(name and name not in seen.model.constants for name in node.input[1:]):
        return False
    kernels, groups = len(seen.model.constants[weight]), int(_number(node, "group", 1))
    read = seen.units[source]
    if groups == 1:
        made = seen.fresh(kernels, label_of(node))
        seen.cut(weight, 1, read)
        seen.found.readers.append(Reader(label_of(node), source, node.output[0], weight, read, 1, made))
    elif groups == len(read):
        made = np.repeat(read, kernels // groups)
        seen.found.depthwise[node.output[0]] = read
    else:
        return False
    seen.cut(weight, 0, made)
    if len(node.input) > 2 and node.input[2]:
        seen.cut(node.input[2], 0, made)
    seen.units[node.output[0]] = made
    return True


def _dense(seen: _Followed, node: onnx.NodeProto) -> bool:
    """Gemm, or MatMul with a constant, of N x F."""
    source, weight = node.input[0], node.input[1]
    if source not in seen.units or weight not in seen.model.constants or len(seen.shape(source)) != 2:
        return False
    if _number(node, "transA", 0) or _number(node, "alpha", 1) != 1 or _number(node, "beta", 1) != 1:
        return False
    if seen.model.constants[weight].ndim != 2:
        return False
    across = 1 if _number(node, "transB", 0) else 0
    made = seen.fresh(seen.model.constants[weight].shape[1 - across], label_of(node))
    if len(node.input) > 2 and node.input[2]:
        bias = seen.model.constants.get(node.input[2])
        if bias is None or bias.shape != (len(made),):
            return False
        seen.cut(node.input[2], 0, made)
    read, spread = seen.units[source], seen.spread.get(source, 1)
    seen.cut(weight, across, read)
    seen.cut(weight, 1 - across, made)
    seen.found.readers.append(
        Reader(label_of(node), source, node.output[0], weight, read[::spread], spread, made, across == 0)
    )
    seen.units[node.output[0]] = made
    return True


def _norm(seen: _Followed, node: onnx.NodeProto) -> bool:
    if not _keep(seen, node) or any(name not in seen.model.constants for name in node.input[1:]):
        return False
    for name in node.input[1:]:
        seen.cut(name, 0, seen.units[node.input[0]])
    return True


def _elementwise(seen: _Followed, node: onnx.NodeProto) -> bool:
    given = [name for name in node.input if name in seen.units]
    rank, extent = len(seen.shape(node.output[0])), seen.shape(node.output[0])[1:2]
    if not given or rank < 2 or any(len(seen.shape(name)) != rank for name in given):
        return False
    wide = [name for name in given if seen.shape(name)[1:2] == extent]
    if not wide:
        return False
    first = seen.units[wide[0]]
    for name in wide[1:]:
        seen.join(first, seen.units[name])
    for name in set(given) - set(wide):
        seen.fix(name)
    for name in set(node.input) - set(given):
        value = seen.model.constants.get(name)
        if value is None:
            return False
        axis = value.ndim - (rank - 1)
        if axis >= 0 and value.shape[axis] == len(first) > 1:
            seen.cut(name, axis, first)
    seen.units[node.output[0]] = first
    seen.spread[node.output[0]] = seen.spread.get(wide[0], 1)
    return True


def _concat(seen: _Followed, node: onnx.NodeProto) -> bool:
    rank = len(seen.shape(node.output[0]))
    if any(name not in seen.units for name in node.input) or rank < 2:
        return False
    parts = [seen.units[name] for name in node.input]
    if _number(node, "axis", 1) % rank == 1:
        if len({seen.spread.get(name, 1) for name in node.input}) > 1:
            return False
        seen.units[node.output[0]] = np.concatenate(parts)
    else:
        for part in parts[1:]:
            seen.join(parts[0], part)
        seen.units[node.output[0]] = parts[0]
    seen.spread[node.output[0]] = seen.spread.get(node.input[0], 1)
    return True


def _flatten(seen: _Followed, node: onnx.NodeProto) -> bool:
    """Flatten, and what else makes N x C*H*W or N x C x 1 x 1 of N x C x H x W. A Reshape becomes one for any C."""
    source, result = node.input[0], node.output[0]
    if source not in seen.units:
        return False
    before, behind = seen.shape(source), seen.shape(result)
    inner = math.prod(before[2:])
    if len(before) < 2 or before[0] != behind[0] or behind[1:] not in ((before[1] * inner,), (before[1] * inner, 1, 1)):
        return False
    if node.op_type == "Reshape":
        if node.input[1] not in seen.model.constants:
            return False
        seen.model.constants[node.input[1]] = np.array([0, -1, *behind[2:]], np.int64)
    seen.units[result] = np.repeat(seen.units[source], inner)
    seen.spread[result] = seen.spread.get(source, 1) * inner
    return True


def _reduce(seen: _Followed, node: onnx.NodeProto) -> bool:
    """A mean or maximum over lines and columns."""
    rank = len(seen.shape(node.input[0]))
    found = attributes(node).get("axes")
    if found is None and len(node.input) > 1:
        found = seen.model.constants.get(node.input[1])
    if found is None or {int(axis) % rank for axis in np.asarray(found).reshape(-1)} & {0, 1}:
        return False
    return _keep(seen, node)


def _resize(seen: _Followed, node: onnx.NodeProto) -> bool:
    """Other heights and widths by factors; sizes would have the number of channels in them."""
    sized = len(node.input) > 3 and bool(node.input[3])
    same = seen.shape(node.input[0])[:2] == seen.shape(node.output[0])[:2]
    return same and not sized and _keep(seen, node)


def _pad(seen: _Followed, node: onnx.NodeProto) -> bool:
    """Channels that are added are fixed."""
    source, result = node.input[0], node.output[0]
    rank = len(seen.shape(source))
    pads = seen.model.constants.get(node.input[1]) if len(node.input) > 1 else None
    if source not in seen.units or pads is None or pads.size != 2 * rank or len(node.input) > 3 or pads.min() < 0:
        return False
    if attributes(node).get("mode", b"constant") != b"constant" or rank < 2:
        return False
    front, behind = int(pads[1]), int(pads[rank + 1])
    units = (np.zeros(front, np.int64), seen.units[source], np.zeros(behind, np.int64))
    seen.units[result] = np.concatenate(units)
    return True


def _number(node: onnx.NodeProto, name: str, default: float) -> Any:
    return attributes(node).get(name, default)


Handler = Callable[[_Followed, onnx.NodeProto], bool]


def _table() -> Iterator[tuple[str, Handler]]:
    yield from ((name, _alone) for name in KEEPING)
    yield from ((name, _elementwise) for name in ELEMENTWISE)
    yield from (("Conv", _conv), ("Gemm", _dense), ("MatMul", _dense), ("BatchNormalization", _norm))
    yield from (("Concat", _concat), ("Flatten", _flatten), ("Reshape", _flatten), ("Squeeze", _flatten))
    yield from (("Unsqueeze", _flatten), ("ReduceMean", _reduce), ("ReduceMax", _reduce))
    yield from (("Resize", _resize), ("Upsample", _resize), ("Pad", _pad))


HANDLERS: dict[str, Handler] = dict(_table())


def without(model: FloatModel, structure: Structure, gone: frozenset[int], before: frozenset[int]) -> FloatModel:
    """A model that has lost the units `before` loses `gone` (which holds them), too.

    structure: of the model that has lost none. The model itself stays as it is.
    """
    constants = dict(model.constants)
    for part in structure.slices:
        there = part.units[~np.isin(part.units, list(before))]
        stays = ~np.isin(there, list(gone))
        if not stays.all():
            constants[part.constant] = np.compress(stays, constants[part.constant], axis=part.axis)
    nodes = [_regrouped(node, structure, gone) for node in model.nodes]
    return model.with_constants(constants, nodes)


def _regrouped(node: onnx.NodeProto, structure: Structure, gone: frozenset[int]) -> onnx.NodeProto:
    """A depthwise convolution has as many groups as channels."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    units = structure.depthwise.get(node.output[0]) if node.output else None
    if units is not None:
        count = int((~np.isin(units, list(gone))).sum())
        next(attribute for attribute in copy.attribute if attribute.name == "group").i = count
    return copy
