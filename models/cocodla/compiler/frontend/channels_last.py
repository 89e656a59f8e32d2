"""Networks in N x H x W x C: their Transposes move through other operators until they meet their inverse, or an end.

Those to N x C x H x W move up, against the data, as far as the model's input, which then is taken that way; those to
N x H x W x C move down. What is between them computes on images as the accelerator has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import helper

from cocodla.compiler.frontend.nodes import STANDARD, label_of, reads
from cocodla.compiler.frontend.relayout import BY_ELEMENT, Constants, relaid

CHANNELS_FIRST, CHANNELS_LAST, LINES = (0, 3, 1, 2), (0, 2, 3, 1), (0, 2, 1)
WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")


def move_transposes(model: onnx.ModelProto) -> None:
    """Move all such Transposes of a model, in place."""
    if any(node.op_type == "Transpose" for node in model.graph.node):
        _Moving(model).run()


class _Moving:
    """A graph whose Transposes move, in order of execution all the time."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.opset = max(entry.version for entry in model.opset_import if entry.domain in STANDARD)
        self.constants = Constants.of(model.graph)
        self.outputs = {value.name for value in model.graph.output}
        self.ranks = {name: value.ndim for name, value in self.constants.values.items()}
        for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
            if value.type.tensor_type.HasField("shape"):
                self.ranks.setdefault(value.name, len(value.type.tensor_type.shape.dim))
        self.nodes = list(model.graph.node)
        self._index()

    def run(self) -> None:
        """Move one after the other until none can."""
        changed = False
        while any(self._step(node) for node in self.nodes if node.op_type == "Transpose"):
            self._index()
            changed = True
        if changed:
            del self.graph.node[:]
            self.graph.node.extend(self.nodes)
            made = {name for node in self.nodes for name in node.output}
            kept = [value for value in self.graph.value_info if value.name in made]
            del self.graph.value_info[:]  # of tensors that are still what they were
            self.graph.value_info.extend(kept)

    def _step(self, node: onnx.NodeProto) -> bool:
        """Move one Transpose by one operator, or let it join another one; False if it stays."""
        order = _order(node)
        if order is None:
            return False
        if self._joined(node, order):
            return True
        before, behind = order == CHANNELS_FIRST, order == CHANNELS_LAST
        if order == LINES:  # its own inverse: windows tell; between two of them it is what the model means
            before, behind = self._feeds_windows(node), self._behind_windows(node)
        if before and not behind:
            return self._up(node, order)
        return behind and not before and self._down(node, order)

    # -- neighbours --------------------------------------------------------------------------

    def _index(self) -> None:
        """Which nodes make and read the tensors, and where they are."""
        self.makers = {name: node for node in self.nodes for name in node.output}
        self.readers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in reads(node):
                self.readers.setdefault(name, []).append(node)

    def _feeds_windows(self, node: onnx.NodeProto) -> bool:
        """True if only elementwise operators are between a Transpose and a sliding window."""
        wanted, seen = [node.output[0]], set[str]()
        while wanted:
            for reader in self.readers.get(wanted.pop(), []):
                if reader.op_type in WINDOWS:
                    return True
                if reader.op_type in BY_ELEMENT and reader.output[0] not in seen:
                    seen.add(reader.output[0])
                    wanted.append(reader.output[0])
        return False

    def _behind_windows(self, node: onnx.NodeProto) -> bool:
        """The same against the data."""
        wanted, seen = [node.input[0]], set[str]()
        while wanted:
            maker = self.makers.get(wanted.pop())
            if maker is not None and maker.op_type in WINDOWS:
                return True
            if maker is not None and maker.op_type in BY_ELEMENT and maker.output[0] not in seen:
                seen.add(maker.output[0])
                wanted += [name for name in maker.input if name not in self.constants.values]
        return False

    # -- moves -------------------------------------------------------------------------------

    def _joined(self, node: onnx.NodeProto, order: Sequence[int]) -> bool:
        """Two Transposes in a row become one, or none; two of the same tensor become one."""
        maker = self.makers.get(node.input[0])
        if maker is not None and (before := _order(maker)) is not None and len(before) == len(order):
            both = [before[axis] for axis in order]
            if both == sorted(both):
                self._replace(node, [helper.make_node("Identity", [maker.input[0]], node.output, node.name)])
            else:
                node.input[0] = maker.input[0]
                node.attribute[0].ints[:] = both
            self._drop_unread(maker)
            return True
        for other in self.readers.get(node.input[0], []):
            if other is not node and _order(other) == tuple(order) and node.output[0] not in self.outputs:
                first, second = (other, node) if self._place(other) < self._place(node) else (node, other)
                if second.output[0] not in self.outputs:
                    self._rename(second.output[0], first.output[0])
                    self._replace(second, [])
                    return True
        return False

    def _up(self, node: onnx.NodeProto, order: Sequence[int]) -> bool:
        """Transposes all readers of an operator's output begin with: let its inputs be transposed instead."""
        maker = self.makers.get(node.input[0])
        if maker is None or len(maker.output) != 1 or maker.output[0] in self.outputs:
            return False
        readers = self.readers.get(maker.output[0], [])
        if any(_order(reader) != tuple(order) for reader in readers):
            return False
        back = [list(order).index(axis) for axis in range(len(order))]
        copy = relaid(maker, back, self.constants, self.ranks, self.opset)
        if copy is None or self._drops_axes(maker):
            return False
        made = self._transposed_inputs(copy, order)
        copy.output[0] = node.output[0]
        self._replace(maker, [*made, copy])
        for reader in readers:
            if reader is not node:
                self._rename(reader.output[0], node.output[0])
            self._replace(reader, [])
        return True

    def _transposed_inputs(self, node: onnx.NodeProto, order: Sequence[int]) -> list[onnx.NodeProto]:
        """Let a node read its inputs through Transposes: these."""
        made = {}
        for index, name in enumerate(node.input):
            if name and name not in self.constants.values:
                target = f"{name}/{label_of(node)}/transposed"
                made[name] = helper.make_node("Transpose", [name], [target], target, perm=order)
                self.ranks[target] = len(order)
                node.input[index] = target
        return list(made.values())

    def _down(self, node: onnx.NodeProto, order: Sequence[int]) -> bool:
        """An operator all of whose inputs are transposed alike: let its outputs be transposed instead."""
        for reader in self.readers.get(node.output[0], []):
            computed = [name for name in reader.input if name and name not in self.constants.values]
            makers = [self.makers.get(name) for name in computed]
            if any(maker is None or _order(maker) != tuple(order) for maker in makers):
                continue
            copy = relaid(reader, order, self.constants, self.ranks, self.opset)
            if copy is None:
                continue
            sources = {name: maker.input[0] for name, maker in zip(computed, makers, strict=True) if maker is not None}
            copy.input[:] = [sources.get(name, name) for name in copy.input]
            behind = [] if self._drops_axes(reader) else self._transposed_outputs(copy, order)
            self._replace(reader, [copy, *behind])
            for maker in makers:
                if maker is not None:
                    self._drop_unread(maker)
            return True
        return False

    def _transposed_outputs(self, node: onnx.NodeProto, order: Sequence[int]) -> list[onnx.NodeProto]:
        """Let a node's outputs be made by Transposes of what it makes: these."""
        made = []
        for index, name in enumerate(node.output):
            if name in self.readers or name in self.outputs:
                node.output[index] = f"{name}/channels_first"
                self.ranks[node.output[index]] = len(order)
                made.append(
                    helper.make_node("Transpose", [node.output[index]], [name], f"{name}/transposed", perm=order)
                )
        return made

    def _drops_axes(self, node: onnx.NodeProto) -> bool:
        """True for a reduction whose output has fewer axes than its input."""
        computed = next(name for name in node.input if name not in self.constants.values)
        return self.ranks.get(node.output[0]) != self.ranks.get(computed)

    # -- the graph ---------------------------------------------------------------------------

    def _place(self, node: onnx.NodeProto) -> int:
        return next(index for index, other in enumerate(self.nodes) if other is node)

    def _replace(self, node: onnx.NodeProto, others: list[onnx.NodeProto]) -> None:
        place = self._place(node)
        self.nodes[place : place + 1] = others

    def _drop_unread(self, node: onnx.NodeProto) -> None:
        read = any(node.output[0] in reads(other) for other in self.nodes)
        if not read and node.output[0] not in self.outputs:
            self.nodes[:] = [other for other in self.nodes if other is not node]

    def _rename(self, old: str, new: str) -> None:
        for node in self.nodes:
            node.input[:] = [new if name == old else name for name in node.input]


def _order(node: onnx.NodeProto) -> tuple[int, ...] | None:
    """The order of axes that a Transpose makes; None for other operators, and where it is not told."""
    if node.op_type != "Transpose" or node.domain not in STANDARD or not node.attribute:
        return None
    return tuple(node.attribute[0].ints)
