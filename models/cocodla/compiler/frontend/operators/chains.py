"""Operators that only move elements, taken together: blocks of pixels to channels and back, channels in another order.

Exporters write such operators (reorg, pixel shuffle, channel shuffle, a swap of colours) as several, through tensors of
five or six axes, or with the batch among the channels. What they do together is asked of them: a tensor that holds its
own element numbers goes through, and the results are recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from cocodla.compiler.frontend.operators.moving import (
    box_shape,
    gather_blocks,
    pick_channels,
    spread_blocks,
)
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Box, Reshape, Shape, Slice, Span

LINKS = ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten")
PARTING = ("Identity", "Slice", "Split", "Gather")
JOINING = ("Concat",)


class Moves:
    """All operators from a node on that only move elements of one tensor. members: their numbers, in order.

    names: all names of the tensor, `source` the first. apart: tells that a node cannot belong to them. outputs: tensors
    that leave the model. done: numbers of nodes that others have taken over.
    """

    def __init__(
        self, nodes: Sequence[onnx.NodeProto], first: int, source: str, names: Collection[str],
        constants: Mapping[str, np.ndarray], apart: Callable[[onnx.NodeProto], bool], outputs: Collection[str],
        done: Collection[int],
    ) -> None:  # fmt: skip
        self.nodes, self.source, self.constants, self.outputs = nodes, source, constants, set(outputs)
        self.names, self.makers = set(names), dict[str, int]()
        self.members: list[int] = []
        left = [index for index in range(first, len(nodes)) if index not in done]
        for index in left:
            node = nodes[index]
            known = node.op_type in LINKS + PARTING + JOINING and not node.domain and not apart(node)
            if known and self._moves(node):
                self.members.append(index)
                self.makers.update(dict.fromkeys(node.output, index))
            elif index == first:
                return
        self.readers: dict[str, list[int]] = {}
        for index in left:
            for name in nodes[index].input:
                self.readers.setdefault(name, []).append(index)

    def _moves(self, node: onnx.NodeProto) -> bool:
        """True if a node reads nothing but the tensor, what others make of it, and constants."""
        read = [name for name in node.input if name]
        data = read if node.op_type in JOINING else read[:1]
        moved = all(name in self.names or name in self.makers for name in data)
        return moved and all(name in self.constants for name in read[len(data) :])

    def numbers(self, opset: int, shape: Shape) -> dict[str, np.ndarray]:
        """Element numbers of all tensors the members make; members that do not fit each other are left out."""
        feed = onnx.helper.make_tensor_value_info(self.source, onnx.TensorProto.INT64, [1, *shape])
        while self.members:
            nodes = []
            for index in self.members:
                node = onnx.NodeProto()
                node.CopyFrom(self.nodes[index])
                node.input[:] = [self.source if name in self.names else name for name in node.input]
                nodes.append(node)
            made = [name for node in nodes for name in node.output]
            needed = sorted({name for node in nodes for name in node.input} & self.constants.keys())
            initializers = [onnx.numpy_helper.from_array(self.constants[name], name) for name in needed]
            results = [onnx.helper.make_empty_tensor_value_info(name) for name in made]
            graph = onnx.helper.make_graph(nodes, "moves", [feed], results, initializers)
            model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
            elements = np.arange(int(np.prod(shape))).reshape(1, *shape)
            try:
                found = ReferenceEvaluator(model).run(None, {self.source: elements})
                return dict(zip(made, map(np.asarray, found), strict=True))
            except Exception:  # shapes that do not fit: the single operators will say so
                self.members.pop()
        return {}

    def ends(self) -> list[int]:
        """Members of which something else than a member reads a tensor."""
        return [index for index in self.members if any(map(self._leaves, self.nodes[index].output))]

    def _leaves(self, name: str) -> bool:
        return name in self.outputs or any(reader not in self.members for reader in self.readers.get(name, []))

    def before(self, index: int) -> list[int]:
        """The members that a member needs, itself included."""
        found, wanted = set(), [index]
        while wanted:
            index = wanted.pop()
            if index not in found:
                found.add(index)
                wanted += [self.makers[name] for name in self.nodes[index].input if name in self.makers]
        return sorted(found)

    def worthwhile(self, index: int) -> bool:
        """True if a member with those before it is more than parts of a tensor, which cost nothing."""
        kinds = [self.nodes[member].op_type for member in self.before(index)]
        return sum(kind != "Identity" for kind in kinds) > 1 and any(kind in LINKS + JOINING for kind in kinds)

    def settled(self, accepted: Collection[int]) -> list[int]:
        """Members that nobody needs any more when the outputs of some members are made otherwise."""
        done = set(accepted)
        for index in reversed(self.members):
            names = [name for name in self.nodes[index].output if name]
            read = {reader for name in names for reader in self.readers.get(name, [])}
            if read and read <= done and not self.outputs.intersection(names):
                done.add(index)
        return sorted(done)


def result_of(source: Source, numbers: np.ndarray) -> list[Result] | str:
    """What makes a tensor of `numbers` (with batch) of the source's first input: nodes, or the name of what it is.

    Unsupported if the accelerator has nothing that does.
    """
    if numbers.ndim not in (2, 4) or len(numbers) != 1:
        raise Unsupported(f"the result must be a vector or an image, its shape would be {numbers.shape}")
    numbers, shape = numbers[0], source.shape(0)
    if np.array_equal(numbers.reshape(-1), np.arange(np.prod(shape))):
        if numbers.shape == shape:
            return source.tensor(0)
        return [(Reshape(source.label, [source.tensor(0)], source.output, numbers.shape), numbers.shape)]
    if numbers.ndim != len(shape):
        raise Unsupported("elements in another order cannot become a vector, or an image")
    box = _box_of(numbers, shape)
    if box is not None:
        return [(Slice(source.label, [source.tensor(0)], source.output, box), box_shape(box)[: len(shape)])]
    return translate(source, numbers)


def _box_of(numbers: np.ndarray, shape: Shape) -> Box | None:
    """The part of a tensor that the numbers are; None if they are no part without steps."""
    first = np.unravel_index(int(numbers.flat[0]), shape)
    spans: list[Span] = [(int(start), int(start) + extent) for start, extent in zip(first, numbers.shape, strict=True)]
    if any(end > extent for (_, end), extent in zip(spans, shape, strict=True)):
        return None
    part = np.arange(np.prod(shape)).reshape(shape)[tuple(slice(*span) for span in spans)]
    if not np.array_equal(part, numbers):
        return None
    spans += [(0, 1)] * (3 - len(spans))
    return spans[0], spans[1], spans[2]


def translate(source: Source, numbers: np.ndarray) -> list[Result]:
    """What a chain that makes `numbers` of its first input does."""
    shape = source.shape(0, axes=3)
    channels, height, width = numbers.shape
    down, up = (shape[1] // height, shape[2] // width), (height // shape[1], width // shape[2])
    if numbers.shape[1:] == shape[1:]:
        order = numbers[:, 0, 0] // (shape[1] * shape[2])
        expected = np.arange(np.prod(shape)).reshape(shape)[order]
        if np.array_equal(numbers, expected):
            return pick_channels(source, order)
    elif down[0] == down[1] > 1 and (height * down[0], width * down[1]) == shape[1:]:
        block = down[0]
        corner = np.unravel_index(numbers[:, 0, 0], shape)
        order3 = [(int(c), int(y), int(x)) for c, y, x in zip(*corner, strict=True)]
        whole = np.arange(np.prod(shape)).reshape(shape)
        if max(corner[1].max(), corner[2].max()) < block and all(
            np.array_equal(numbers[k], whole[c, y::block, x::block]) for k, (c, y, x) in enumerate(order3)
        ):
            return gather_blocks(source, order3, block)
    elif min(up) >= 1 and (shape[1] * up[0], shape[2] * up[1]) == (height, width):
        origin = numbers[:, : up[0], : up[1]] // (shape[1] * shape[2])
        whole = np.arange(np.prod(shape)).reshape(shape)
        if all(
            np.array_equal(numbers[c, y :: up[0], x :: up[1]], whole[origin[c, y, x]])
            for c in range(channels) for y in range(up[0]) for x in range(up[1])
        ):  # fmt: skip
            return spread_blocks(source, origin.transpose(1, 2, 0))
    raise Unsupported(f"what it does to the elements of {shape} is no move of channels or blocks of pixels")
