"""Poolings over windows and over whole channels."""

from __future__ import annotations

from cocodla.compiler.ir import Pool, PoolFunction
from cocodla.compiler.operators.source import Result, Source, Unsupported, pair_of, windows


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
        behind = [function.covered(axis) - shape[1 + axis] for axis in (0, 1)]
        if (max(pads) > 0 or max(behind) > 0) and not attributes["count_include_pad"]:
            raise Unsupported(f"padded elements must count (count_include_pad = 1) where pads are used ({list(pads)})")
        if behind[0] > pads[2] or behind[1] > pads[3]:
            raise Unsupported("ceil_mode with windows beyond the padding is not supported for averages")
    return Pool(source.label, [source.tensor(0)], source.output, function), (shape[0], *size)


def global_pooling(source: Source) -> Result:
    """GlobalAveragePool and GlobalMaxPool."""
    source.attributes()
    shape = source.shape(0, axes=3)
    kind = "average" if source.node.op_type == "GlobalAveragePool" else "max"
    function = PoolFunction("average" if kind == "average" else "max", (shape[1], shape[2]), (1, 1), (0, 0), (1, 1))
    return Pool(source.label, [source.tensor(0)], source.output, function), (shape[0], 1, 1)
