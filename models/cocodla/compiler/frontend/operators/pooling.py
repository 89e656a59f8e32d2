"""Poolings over windows and over whole channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported, pair_of, windows
from cocodla.compiler.ir import Conv, Node, Pool, PoolFunction, Reshape


def pooling(source: Source) -> Result:
    """MaxPool and AveragePool, 2-D."""
    attributes = source.attributes(
        auto_pad=b"NOTSET", ceil_mode=0, count_include_pad=0, dilations=None, kernel_shape=None, pads=None,
        storage_order=0, strides=None,
    )  # fmt: skip
    shape = source.shape(0, axes=3)
    if len(source.node.output) > 1 and source.node.output[1]:
        raise Unsupported("the output of indices is not supported")
    if attributes["dilations"] and set(attributes["dilations"]) != {1}:
        raise Unsupported(f"dilations must be 1, they are {attributes['dilations']}")
    kernel, stride = pair_of(attributes["kernel_shape"], "kernel_shape"), pair_of(attributes["strides"], "strides")
    pads, size = windows(shape, kernel, stride, (1, 1), attributes, ceil=bool(attributes["ceil_mode"]))
    if pads[0] >= kernel[0] or pads[2] >= kernel[0] or pads[1] >= kernel[1] or pads[3] >= kernel[1]:
        raise Unsupported(f"pads must be smaller than the kernel, they are {list(pads)} for {kernel}")
    average = source.node.op_type == "AveragePool"
    function = PoolFunction("average" if average else "max", kernel, stride, pads[:2], size)
    if average:
        sides = pads if attributes["count_include_pad"] else (0, 0, 0, 0)
        rows, columns = (_counted(function, axis, shape[1 + axis], sides[axis], sides[axis + 2]) for axis in (0, 1))
        function = replace(function, counted=(rows, columns))
    return Pool(source.label, [source.tensor(0)], source.output, function), (shape[0], *size)


def _counted(function: PoolFunction, axis: int, extent: int, before: int, behind: int) -> tuple[int, ...]:
    """How many elements of each window count along an axis: those of the input and so many of the padding."""
    starts = [o * function.stride[axis] - function.pad[axis] for o in range(function.size[axis])]
    return tuple(min(s + function.kernel[axis], extent + behind) - max(s, -before) for s in starts)


def global_pooling(source: Source) -> Result:
    """GlobalAveragePool and GlobalMaxPool."""
    source.attributes()
    shape = source.shape(0, axes=3)
    kind = "average" if source.node.op_type == "GlobalAveragePool" else "max"
    function = PoolFunction("average" if kind == "average" else "max", (shape[1], shape[2]), (1, 1), (0, 0), (1, 1))
    return Pool(source.label, [source.tensor(0)], source.output, function), (shape[0], 1, 1)


def reduction(source: Source) -> list[Result]:
    """ReduceMean, ReduceMax, ReduceSum over rows, columns or both."""
    attributes = source.attributes(axes=None, keepdims=1, noop_with_empty_axes=0)
    shape = source.shape(0, axes=3)
    given = attributes["axes"]
    if given is None and source.has(1):
        given = [int(axis) for axis in source.constant(1, "the axes").reshape(-1)]
    axes = sorted(axis % 4 for axis in given or range(4))
    if not axes or not set(axes) <= {2, 3} or (not attributes["keepdims"] and axes != [2, 3]):
        raise Unsupported(
            f"axes must be 2 and 3 (rows and columns), or one of them with keepdims = 1, they are {given} "
            f"with keepdims = {attributes['keepdims']}"
        )
    kernel = (shape[1] if 2 in axes else 1, shape[2] if 3 in axes else 1)
    size = (shape[1] // kernel[0], shape[2] // kernel[1])
    output = source.output if attributes["keepdims"] else f"{source.output}/kept"
    name, inputs = f"{source.label}/kept" if output != source.output else source.label, [source.tensor(0)]
    node: Node
    if source.node.op_type == "ReduceSum":
        ones = np.ones((shape[0], 1, *kernel))
        node = Conv(name, inputs, output, ones, np.zeros(shape[0]), (1, 1), (0, 0), size, group=shape[0])
    else:
        kind: Literal["average", "max"] = "average" if source.node.op_type == "ReduceMean" else "max"
        node = Pool(name, inputs, output, PoolFunction(kind, kernel, (1, 1), (0, 0), size))
    results: list[Result] = [(node, (shape[0], *size))]
    if not attributes["keepdims"]:
        results.append((Reshape(source.label, [output], source.output, (shape[0],)), (shape[0],)))
    return results
