"""Operators that move elements: channels, rows and columns, padding, shapes."""

from __future__ import annotations

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Concat, Conv, FloatArray, Pad, Pair, Reshape, Shape, Slice
from cocodla.compiler.operators.source import Result, Source, Unsupported


def concat(source: Source) -> Result:
    """Concat along the channels."""
    axis = source.attributes(axis=1)["axis"]
    shapes = [source.shape(index, axes=3) for index in range(len(source.inputs))]
    if axis not in (1, -3):
        raise Unsupported(f"axis must be 1 (channels), it is {axis}")
    if len(shapes) == 1:
        raise Unsupported("it has one input only")
    inputs = [source.tensor(index) for index in range(len(shapes))]
    return Concat(source.label, inputs, source.output), (sum(shape[0] for shape in shapes), *shapes[0][1:])


def channel_slice(source: Source) -> Result:
    """Slice: channels without gaps; rows and columns with a step through a kernel that picks one element."""
    shape = source.shape(0, axes=3)
    begins, ends, axes, steps = _slice_parameters(source)
    window = {axis: (0, extent, 1) for axis, extent in enumerate((1, *shape))}
    for begin, end, axis, step in zip(begins, ends, axes, steps, strict=True):
        window[axis % 4] = (*slice(begin, end, step).indices((1, *shape)[axis % 4])[:2], step)
    if window[0] != (0, 1, 1) or window[1][2] != 1 or min(step for *_, step in window.values()) < 1:
        raise Unsupported(f"only channels in a row, and rows and columns with a positive step, are supported: {window}")
    (first, last, _), rows, columns = window[1], window[2], window[3]
    size = (len(range(*rows)), len(range(*columns)))
    if size == shape[1:]:
        return Slice(source.label, [source.tensor(0)], source.output, first, last), (last - first, *size)
    weight = np.zeros((last - first, shape[0], rows[0] + 1, columns[0] + 1))
    weight[np.arange(last - first), np.arange(first, last), rows[0], columns[0]] = 1
    return _picking(source, weight, (rows[2], columns[2]), size)


def _slice_parameters(source: Source) -> tuple[list[int], list[int], list[int], list[int]]:
    if source.opset < 10:
        attributes = source.attributes(axes=None, ends=None, starts=None)
        begins, ends = list(attributes["starts"]), list(attributes["ends"])
        return begins, ends, list(attributes["axes"] or range(len(begins))), [1] * len(begins)
    source.attributes()
    lists = [[int(v) for v in source.constant(i, "a bound").reshape(-1)] if source.has(i) else [] for i in range(1, 5)]
    begins, ends, axes, steps = lists
    return begins, ends, axes or list(range(len(begins))), steps or [1] * len(begins)


def _picking(source: Source, weight: FloatArray, stride: Pair, size: Pair) -> Result:
    """A convolution that only moves elements."""
    bias: FloatArray = np.zeros(len(weight))
    node = Conv(source.label, [source.tensor(0)], source.output, weight, bias, stride, (0, 0), size)
    return node, (len(weight), *size)


def space_to_depth(source: Source) -> Result:
    """SpaceToDepth: a convolution whose kernels each pick one element of a block."""
    block = source.attributes(blocksize=None)["blocksize"]
    channels, height, width = source.shape(0, axes=3)
    weight = np.zeros((block, block, channels, channels, block, block))
    for row in range(block):
        for column in range(block):
            weight[row, column, range(channels), range(channels), row, column] = 1
    size = (height // block, width // block)
    return _picking(source, weight.reshape(-1, channels, block, block), (block, block), size)


def split(source: Source) -> list[Result]:
    """Split along the channels."""
    attributes = source.attributes(axis=0, split=None, num_outputs=None)
    shape = source.shape(0, axes=3)
    if attributes["axis"] not in (1, -3):
        raise Unsupported(f"axis must be 1 (channels), it is {attributes['axis']}")
    count = len(source.node.output)
    sizes = [hw.ceil_div(shape[0], count)] * count
    sizes[-1] = shape[0] - sum(sizes[:-1])
    if attributes["split"] or source.has(1):
        sizes = list(attributes["split"] or (int(n) for n in source.constant(1, "the sizes").reshape(-1)))
    results: list[Result] = []
    for index, size in enumerate(sizes):
        first = sum(sizes[:index])
        label = f"{source.label}:{index}"
        node = Slice(label, [source.tensor(0)], source.node.output[index], first, first + size)
        results.append((node, (size, *shape[1:])))
    return results


def flatten(source: Source) -> Result:
    """Flatten behind the batch axis."""
    axis = source.attributes(axis=1)["axis"]
    shape = source.shape(0)
    if axis not in (1, -len(shape)):
        raise Unsupported(f"axis must be 1 (only the batch stays), it is {axis}")
    return _reshape(source, (int(np.prod(shape)),))


def reshape(source: Source) -> Result:
    """Reshape that leaves the batch axis alone."""
    allow_zero = source.attributes(allowzero=0)["allowzero"]
    target = [int(extent) for extent in source.constant(1, "the shape").reshape(-1)]
    shape = (1, *source.shape(0))
    if not allow_zero:
        target = [shape[axis] if extent == 0 and axis < len(shape) else extent for axis, extent in enumerate(target)]
    known = -int(np.prod(target)) if -1 in target else 0
    target = [int(np.prod(shape)) // known if extent == -1 and known else extent for extent in target]
    if int(np.prod(target)) != int(np.prod(shape)) or len(target) < 2 or target[0] != 1:
        raise Unsupported(f"the batch axis must stay in front: {shape} cannot become {tuple(target)}")
    return _reshape(source, tuple(target[1:]))


def _reshape(source: Source, shape: Shape) -> Result:
    if len(shape) not in (1, 3):
        raise Unsupported(f"the result must be a vector or an image, its shape would be {shape}")
    return Reshape(source.label, [source.tensor(0)], source.output, shape), shape


def pad(source: Source) -> Result:
    """Pad with zeros around each channel."""
    attributes = source.attributes(mode=b"constant", pads=None, value=0.0)
    if attributes["mode"] != b"constant":
        raise Unsupported(f"mode must be constant, it is {attributes['mode'].decode()}")
    shape = source.shape(0, axes=3)
    pads = list(attributes["pads"] or source.constant(1, "the pads").reshape(-1))
    value = float(source.constant(2, "the value").item()) if source.has(2) else float(attributes["value"])
    if source.has(3):
        raise Unsupported("the input axes is not supported")
    if value != 0:
        raise Unsupported(f"the value must be 0, it is {value}")
    if len(pads) != 8 or min(pads) < 0 or pads[0] or pads[1] or pads[4] or pads[5]:
        raise Unsupported(f"only height and width may be padded, pads are {pads}")
    top, left, bottom, right = (int(pads[i]) for i in (2, 3, 6, 7))
    node = Pad(source.label, [source.tensor(0)], source.output, (top, left, bottom, right))
    return node, (shape[0], shape[1] + top + bottom, shape[2] + left + right)
