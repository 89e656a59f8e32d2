"""Chains of Reshape and Transpose between two images: blocks of pixels to channels and back, channels in another order.

Exporters write such operators (reorg, pixel shuffle, channel shuffle) as tensors of five or six axes. What a chain does
is asked of it: a tensor that holds its own element numbers goes through, and the result is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from cocodla.compiler.frontend.operators.moving import gather_blocks, pick_channels, spread_blocks
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Shape

LINKS = ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity")


def chain_from(nodes: Sequence[onnx.NodeProto], first: int, outputs: Sequence[str]) -> list[int]:
    """Numbers of the nodes of the longest chain that begins at node `first`: each alone reads the one before."""
    found = [first]
    if nodes[first].op_type not in LINKS:
        return []
    while True:
        tensor = nodes[found[-1]].output[0]
        readers = [index for index, node in enumerate(nodes) if tensor in node.input]
        following = readers[0] if len(readers) == 1 else -1
        if following < 0 or tensor in outputs or nodes[following].op_type not in LINKS:
            return found
        if nodes[following].input[0] != tensor:
            return found
        found.append(following)


def numbers_through(
    nodes: Sequence[onnx.NodeProto], constants: Mapping[str, np.ndarray], opset: int, source: str, shape: Shape
) -> np.ndarray | None:
    """The element numbers of an image or a vector behind a chain; None unless that is an image or a vector again."""
    needed = {name for node in nodes for name in node.input[1:] if name}
    if not needed <= set(constants):
        return None
    feed = onnx.helper.make_tensor_value_info(nodes[0].input[0], onnx.TensorProto.INT64, [1, *shape])
    result = onnx.helper.make_empty_tensor_value_info(nodes[-1].output[0])
    initializers = [onnx.numpy_helper.from_array(constants[name], name) for name in sorted(needed)]
    graph = onnx.helper.make_graph(list(nodes), "chain", [feed], [result], initializers)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    numbers = np.arange(int(np.prod(shape))).reshape(1, *shape)
    try:
        results: list[np.ndarray] = ReferenceEvaluator(model).run(None, {nodes[0].input[0]: numbers})  # type: ignore
        found = np.asarray(results[0])
    except Exception:  # shapes that do not fit: the single operators will say so
        return None
    return found[0] if found.ndim in (2, 4) and len(found) == 1 else None


def translate(source: Source, numbers: np.ndarray) -> list[Result]:
    """What a chain that makes `numbers` of its first input does."""
    shape = source.shape(0, axes=3)
    channels, height, width = numbers.shape
    down, up = (shape[1] // height, shape[2] // width), (height // shape[1], width // shape[2])
    if numbers.shape[1:] == shape[1:]:
        order = numbers[:, 0, 0] // (shape[1] * shape[2])
        expected = np.arange(numbers.size).reshape(shape)[order]
        if np.array_equal(numbers, expected):
            return pick_channels(source, order)
    elif down[0] == down[1] > 1 and (height * down[0], width * down[1]) == shape[1:]:
        block = down[0]
        corner = np.unravel_index(numbers[:, 0, 0], shape)
        order3 = [(int(c), int(y), int(x)) for c, y, x in zip(*corner, strict=True)]
        whole = np.arange(numbers.size).reshape(shape)
        if max(corner[1].max(), corner[2].max()) < block and all(
            np.array_equal(numbers[k], whole[c, y::block, x::block]) for k, (c, y, x) in enumerate(order3)
        ):
            return gather_blocks(source, order3, block)
    elif min(up) >= 1 and (shape[1] * up[0], shape[2] * up[1]) == (height, width):
        origin = numbers[:, : up[0], : up[1]] // (shape[1] * shape[2])
        whole = np.arange(numbers.size).reshape(shape)
        if all(
            np.array_equal(numbers[c, y :: up[0], x :: up[1]], whole[origin[c, y, x]])
            for c in range(channels) for y in range(up[0]) for x in range(up[1])
        ):  # fmt: skip
            return spread_blocks(source, origin.transpose(1, 2, 0))
    raise Unsupported(f"what it does to the elements of {shape} is no move of channels or blocks of pixels")
