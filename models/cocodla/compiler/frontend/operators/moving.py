"""Translation of ONNX operators that only move elements: slices, joins, blocks of pixels, nearest neighbours.

What begins at whole surfaces is a view (Slice, Concat) or a Move of atoms; what would move lanes inside an atom becomes
a convolution that picks elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx

from cocodla import hw
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import Box, Concat, Conv, FloatArray, Loop, Move, Pair, Shape, Slice, Span, Steps

IMAGE_AXES = ("channels", "rows", "columns")


def concat(source: Source) -> Result:
    """Concat along channels, rows or columns, or of vectors."""
    shapes = [source.shape(index) for index in range(len(source.inputs))]
    axis = source.attributes(axis=1)["axis"]
    if {len(shape) for shape in shapes} == {1}:
        axis = 0 if axis in (1, -1) else image_axis(0)
    else:
        shapes = [source.shape(index, axes=3) for index in range(len(source.inputs))]
        axis = image_axis(axis)
    if len(shapes) == 1:
        raise Unsupported("it has one input only")
    inputs = [source.tensor(index) for index in range(len(shapes))]
    shape = list(shapes[0])
    shape[axis] = sum(other[axis] for other in shapes)
    return Concat(source.label, inputs, source.output, axis), tuple(shape)


def image_axis(axis: int) -> int:
    """0, 1, 2 for channels, rows, columns of an ONNX axis of an image with batch."""
    if axis % 4 == 0:
        raise Unsupported(f"axis must be 1 (channels), 2 (rows) or 3 (columns), it is {axis}")
    return axis % 4 - 1


def split(source: Source) -> list[Result]:
    """Split along channels, rows or columns, or of a vector."""
    attributes = source.attributes(axis=0, split=None, num_outputs=None)
    shape = source.shape(0)
    axis = _axis(attributes["axis"], shape)
    count = len(source.node.output)
    sizes = [hw.ceil_div(shape[axis], count)] * count
    sizes[-1] = shape[axis] - sum(sizes[:-1])
    if attributes["split"] or source.has(1):
        sizes = list(attributes["split"] or (int(n) for n in source.constant(1, "the sizes").reshape(-1)))
    results: list[Result] = []
    for index, size in enumerate(sizes):
        first = sum(sizes[:index])
        spans = [(0, extent) for extent in shape]
        spans[axis] = (first, first + size)
        node = Slice(f"{source.label}:{index}", [source.tensor(0)], source.node.output[index], _box(spans))
        if node.output:
            results.append((node, box_shape(node.box)[: len(shape)]))
    return results


def _axis(axis: int, shape: Shape) -> int:
    """`image_axis`, and 0 for the one axis of vectors."""
    if len(shape) == 1:
        if axis not in (1, -1):
            raise Unsupported(f"axis must be 1 (features), it is {axis}")
        return 0
    if len(shape) != 3:
        raise Unsupported(f"input 0 must be a vector or an image, its shape is {shape}")
    return image_axis(axis)


def _box(spans: Sequence[Span]) -> Box:
    """The part of an image, or of a vector as an image of one pixel."""
    spans = [*spans, *[(0, 1)] * (3 - len(spans))]
    return spans[0], spans[1], spans[2]


def box_shape(box: Box) -> Shape:
    """Shape of a part of a tensor."""
    return tuple(last - first for first, last in box)


def part(source: Source) -> list[Result]:
    """Slice: a part of the tensor, of which rows and columns may be picked with a step, channels with any."""
    shape = source.shape(0)
    if len(shape) not in (1, 3):
        raise Unsupported(f"input 0 must be a vector or an image, its shape is {shape}")
    begins, ends, axes, steps = _slice_parameters(source)
    window = [(0, extent, 1) for extent in (1, *shape)]
    for begin, end, axis, step in zip(begins, ends, axes, steps, strict=True):
        place = axis % (1 + len(shape))
        if step < 1 and (step == 0 or place != 1):
            raise Unsupported(f"steps must be positive, the step of axis {axis} is {step}")
        first, last, _ = slice(begin, end, step).indices((1, *shape)[place])
        window[place] = (first, last, step)
    if window[0][:2] != (0, 1):
        raise Unsupported(f"the batch must be taken whole, it is {window[0]}")
    if len(shape) != 3:
        return [_part_of_vector(source, range(*window[1]))]
    size = tuple(len(range(*part)) for part in window[1:])
    if min(size) < 1:
        raise Unsupported(f"nothing is left: the result would have shape {size}")
    channels, rows, columns = window[1:]
    if channels[2] != 1:
        return _channels_first(source, np.arange(*channels), (rows, columns))
    if rows[2] == columns[2] == 1:
        view = Slice(source.label, [source.tensor(0)], source.output, (channels[:2], rows[:2], columns[:2]))
        return [(view, size)]
    stride = (rows[2], columns[2])
    if shape[0] <= hw.ATOM and max(stride) <= hw.MAX_STRIDE and max(rows[0], columns[0]) < hw.MAX_KERNEL:
        weight = np.zeros((size[0], shape[0], rows[0] + 1, columns[0] + 1))
        weight[np.arange(size[0]), np.arange(*channels), rows[0], columns[0]] = 1
        return [_picking(source, weight, stride, (size[1], size[2]))]
    middle = f"{source.output}/part"
    whole = Slice(f"{source.label}/part", [source.tensor(0)], middle, (channels[:2], rows[:2], columns[:2]))
    loops = (
        Loop(hw.surfaces(size[0]), (1, 0, 0), (1, 0, 0)),
        Loop(size[1], (0, rows[2], 0), (0, 1, 0)),
        Loop(size[2], (0, 0, columns[2]), (0, 0, 1)),
    )
    node = Move(source.label, [middle], source.output, loops, size, "stepped slice")
    return [(whole, box_shape(whole.box)), (node, size)]


def _part_of_vector(source: Source, features: range) -> Result:
    """A part of a vector."""
    if features.step != 1 or not features:
        raise Unsupported(f"of {source.shape(0)} only a part without a step can be taken, it is {features}")
    node = Slice(source.label, [source.tensor(0)], source.output, _box([(features.start, features.stop)]))
    return node, (len(features),)


def _channels_first(source: Source, order: np.ndarray, window: Sequence[tuple[int, int, int]]) -> list[Result]:
    """Some channels in any order, then a part of their rows and columns."""
    _, height, width = source.shape(0)
    if tuple(window) == ((0, height, 1), (0, width, 1)):
        return pick_channels(source, order)
    if any(step != 1 for _, _, step in window):
        raise Unsupported(f"rows and columns must be taken without a step where channels are picked: {window}")
    picked, middle = onnx.NodeProto(), f"{source.output}/channels"
    picked.CopyFrom(source.node)
    picked.output[0] = middle
    results = pick_channels(replace(source, node=picked, label=f"{source.label}/channels"), order)
    box = _box([(0, len(order)), window[0][:2], window[1][:2]])
    return [*results, (Slice(source.label, [middle], source.output, box), box_shape(box))]


def gather(source: Source) -> list[Result]:
    """Gather of constant channels, rows or columns, or of features of a vector."""
    axis, shape = source.attributes(axis=0)["axis"], source.shape(0)
    indices = source.constant(1, "the indices")
    place = _axis(axis, shape)
    if indices.ndim != 1 or not indices.size:
        raise Unsupported(f"indices must be a list, their shape is {indices.shape}")
    order = np.arange(shape[place])[indices]
    if len(shape) == 1:
        features = range(int(order[0]), int(order[0]) + len(order))
        if not np.array_equal(order, features):
            raise Unsupported("features of a vector must be taken in a row")
        return [_part_of_vector(source, features)]
    if place == 0:
        return pick_channels(source, order)
    size = list(shape)
    size[place] = len(order)
    whole = [Loop(extent, _along(axis, 1), _along(axis, 1)) for axis, extent in ((1, shape[1]), (2, shape[2]))]
    lines = [*neighbours(order, shape[place], place), whole[2 - place]]
    loops = (Loop(hw.surfaces(shape[0]), (1, 0, 0), (1, 0, 0)), *lines)
    return [(Move(source.label, [source.tensor(0)], source.output, loops, tuple(size), "gather"), tuple(size))]


def _slice_parameters(source: Source) -> tuple[list[int], list[int], list[int], list[int]]:
    if source.opset < 10:
        attributes = source.attributes(axes=None, ends=None, starts=None)
        begins, ends = list(attributes["starts"]), list(attributes["ends"])
        return begins, ends, list(attributes["axes"] or range(len(begins))), [1] * len(begins)
    source.attributes()
    lists = [[int(v) for v in source.constant(i, "a bound").reshape(-1)] if source.has(i) else [] for i in range(1, 5)]
    begins, ends, axes, steps = lists
    return begins, ends, axes or list(range(len(begins))), steps or [1] * len(begins)


def _picking(source: Source, weight: FloatArray, stride: Pair, size: Pair, output: str = "") -> Result:
    """A convolution that only moves elements."""
    bias: FloatArray = np.zeros(len(weight))
    name = f"{source.label}/pick" if output else source.label
    node = Conv(name, [source.tensor(0)], output or source.output, weight, bias, stride, (0, 0), size)
    return node, (len(weight), *size)


def space_to_depth(source: Source) -> list[Result]:
    """SpaceToDepth: columns, then rows of a block become channels."""
    block = source.attributes(blocksize=None)["blocksize"]
    channels, height, width = source.shape(0, axes=3)
    if block < 1 or height % block or width % block:
        raise Unsupported(f"blocksize {block} does not divide {height}x{width}")
    order = [(c, i, j) for i in range(block) for j in range(block) for c in range(channels)]
    return gather_blocks(source, order, block)


def gather_blocks(source: Source, order: Sequence[tuple[int, int, int]], block: int) -> list[Result]:
    """Blocks of block x block pixels become channels: `order` tells (channel, row, column in the block) of each."""
    channels, height, width = source.shape(0, axes=3)
    size = (height // block, width // block)
    count = hw.surfaces(channels)
    expected = [(s, i, j) for i in range(block) for j in range(block) for s in range(count)]
    if channels <= hw.ATOM or _whole_surfaces(order) != expected:
        if block > hw.MAX_STRIDE:
            raise Unsupported(f"blocksize must be at most {hw.MAX_STRIDE}, it is {block}")
        weight = np.zeros((len(order), channels, block, block))
        for kernel, (channel, row, column) in enumerate(order):
            weight[kernel, channel, row, column] = 1
        return [_picking(source, weight, (block, block), size)]
    loops = (
        Loop(block, (0, 1, 0), (block * count, 0, 0)),
        Loop(block, (0, 0, 1), (count, 0, 0)),
        Loop(count, (1, 0, 0), (1, 0, 0)),
        Loop(size[0], (0, block, 0), (0, 1, 0)),
        Loop(size[1], (0, 0, block), (0, 0, 1)),
    )
    shape = (len(order), *size)
    return [(Move(source.label, [source.tensor(0)], source.output, loops, shape, "space to depth"), shape)]


def _whole_surfaces(order: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]] | None:
    """(surface, row, column) of each 8 channels that are one surface of the input; None if one is not."""
    if len(order) % hw.ATOM:
        return None
    found = []
    for first in range(0, len(order), hw.ATOM):
        channel, row, column = order[first]
        if channel % hw.ATOM or list(order[first : first + hw.ATOM]) != [
            (channel + lane, row, column) for lane in range(hw.ATOM)
        ]:
            return None
        found.append((channel // hw.ATOM, row, column))
    return found


def pick_channels(source: Source, order: np.ndarray) -> list[Result]:
    """Some channels, in any order: whole surfaces move, else a 1x1 convolution picks."""
    channels, height, width = source.shape(0, axes=3)
    shape = (len(order), height, width)
    if np.array_equal(order, np.arange(len(order)) + order[0]):
        view = Slice(
            source.label, [source.tensor(0)], source.output,
            ((int(order[0]), int(order[0]) + len(order)), (0, height), (0, width)),
        )  # fmt: skip
        return [(view, shape)]
    surfaces = _whole_surfaces([(int(channel), 0, 0) for channel in order])
    if surfaces is None:
        weight = np.eye(channels)[order][:, :, None, None]
        return [_picking(source, weight, (1, 1), (height, width))]
    rows, columns = Loop(height, (0, 1, 0), (0, 1, 0)), Loop(width, (0, 0, 1), (0, 0, 1))
    places = np.array([surface for surface, _, _ in surfaces])
    for group in range(1, len(places) + 1 if len(order) == channels else 1):  # g groups of n surfaces, taken in turn
        if len(places) % group == 0 and (places == np.arange(len(places)).reshape(group, -1).T.reshape(-1)).all():
            each = len(places) // group
            loops = (Loop(each, (1, 0, 0), (group, 0, 0)), Loop(group, (each, 0, 0), (1, 0, 0)), rows, columns)
            return [(Move(source.label, [source.tensor(0)], source.output, loops, shape, "shuffle"), shape)]
    parts: list[Result] = []
    for index, (surface, _, _) in enumerate(surfaces):
        box = ((surface * hw.ATOM, (surface + 1) * hw.ATOM), (0, height), (0, width))
        name = f"{source.output}/surface{index}"
        view = Slice(f"{source.label}/surface{index}", [source.tensor(0)], name, box)
        parts.append((view, box_shape(box)))
    return [*parts, (Concat(source.label, [part.output for part, _ in parts], source.output), shape)]


def depth_to_space(source: Source) -> list[Result]:
    """DepthToSpace, both modes."""
    attributes = source.attributes(blocksize=None, mode=b"DCR")
    block, mode = attributes["blocksize"], attributes["mode"].decode()
    channels = source.shape(0, axes=3)[0]
    if block < 1 or channels % block**2 or mode not in ("DCR", "CRD"):
        raise Unsupported(f"blocksize {block} with mode {mode!r} does not fit {channels} channels")
    count = channels // block**2
    numbers = np.arange(channels)
    if mode == "DCR":
        origin = numbers.reshape(block, block, count)
    else:
        origin = numbers.reshape(count, block, block).transpose(1, 2, 0)
    return spread_blocks(source, origin)


def spread_blocks(source: Source, origin: np.ndarray) -> list[Result]:
    """Channels become blocks of pixels: `origin` (rows, columns of a block, channels) tells each one's channel."""
    rows, columns, count = origin.shape
    channels, height, width = source.shape(0, axes=3)
    wide = hw.align(count)
    results: list[Result] = []
    before = source.tensor(0)
    packed = np.full((rows, columns, wide), -1)
    packed[:, :, :count] = origin
    flat = packed.reshape(-1)
    if not (flat == np.arange(channels) if len(flat) == channels else np.zeros(1, bool)).all():
        weight = np.zeros((len(flat), channels, 1, 1))
        weight[np.flatnonzero(flat >= 0), flat[flat >= 0]] = 1
        before = f"{source.output}/blocks"
        results.append(_picking(source, weight, (1, 1), (height, width), before))
    shape = (count, height * rows, width * columns)
    node = Move(source.label, [before], source.output, interleave(shape, (rows, columns)), shape, "depth to space")
    return [*results, (node, shape)]


def interleave(shape: Shape, block: Pair) -> tuple[Loop, ...]:
    """Loops that make a tensor of `shape` out of (row, column, channel) of blocks; channels in whole surfaces."""
    count, (rows, columns) = hw.surfaces(shape[0]), block
    return (
        Loop(rows, (columns * count, 0, 0), (0, 1, 0)),
        Loop(columns, (count, 0, 0), (0, 0, 1)),
        Loop(count, (1, 0, 0), (1, 0, 0)),
        Loop(shape[1] // rows, (0, 1, 0), (0, rows, 0)),
        Loop(shape[2] // columns, (0, 0, 1), (0, 0, columns)),
    )


def _along(axis: int, step: int) -> Steps:
    """A step along rows (1) or columns (2)."""
    return (0, step, 0) if axis == 1 else (0, 0, step)


def neighbours(indices: np.ndarray, extent: int, axis: int) -> list[Loop]:
    """Loops along an axis (1: rows, 2: columns) that read `indices` of an extent."""
    count = len(indices)
    if count % extent == 0 and np.array_equal(indices, np.arange(count) // (count // extent)):
        factor = count // extent
        return [Loop(extent, _along(axis, 1), _along(axis, factor)), Loop(factor, _along(axis, 0), _along(axis, 1))]
    step = int(indices[1] - indices[0]) if count > 1 else 1
    if indices[0] == 0 and step >= 1 and np.array_equal(indices, np.arange(count) * step):
        return [Loop(count, _along(axis, step), _along(axis, 1))]
    raise Unsupported(
        f"{extent} {IMAGE_AXES[axis]} become {count} by no whole factor: they are taken from {indices[:8].tolist()}..."
    )


MAX_PIECES = 64
"""Parts of which lines in another order are joined at most: each costs a layer."""


def lines(source: Source, tensor: str, shape: Shape, axis: int, indices: np.ndarray, output: str) -> list[Result]:
    """Rows (axis 1) or columns (2) of a tensor in any order, also several times: what follows each other together."""
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    runs = np.split(indices, breaks)
    if len(runs) > MAX_PIECES:
        raise Unsupported(f"{IMAGE_AXES[axis]} are in {len(runs)} pieces, joined are at most {MAX_PIECES}")
    size = list(shape)
    size[axis] = len(indices)
    label = source.label if output == source.output else f"{source.label}/{IMAGE_AXES[axis]}"
    results: list[Result] = []
    for number, run in enumerate(runs):
        spans = [(0, extent) for extent in shape]
        spans[axis] = (int(run[0]), int(run[-1]) + 1)
        name = output if len(runs) == 1 else f"{output}/{number}"
        view = Slice(label if len(runs) == 1 else f"{label}/{number}", [tensor], name, _box(spans))
        results.append((view, box_shape(view.box)))
    if len(runs) > 1:
        joined = Concat(label, [part.output for part, _ in results], output, axis)
        results.append((joined, tuple(size)))
    return results
