"""Convolutions beyond the hardware's kernel, stride, dilation or padding: some of their taps become channels.

Views of the input that begin at different elements, or read every n-th one, lie one behind the other as channels, and a
convolution with fewer taps and more channels reads them all. Its accumulator adds up what the original's would: nothing
is rounded in between, as it would be if pieces of the kernel were layers of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Affine, Concat, Conv, Graph, Loop, Move, Node, Pair, Slice
from cocodla.compiler.passes.reshape import merge

MAX_PAD_BEHIND = 63


@dataclass(frozen=True)
class Axis:
    """How a convolution works along an axis, and how its taps are spread over views of the input.

    starts, step: the element each view begins with, and every how many-th it has. places: view and tap of the new
    kernel for each tap of the old one. kernel, stride, dilation: of the new convolution.
    """

    starts: tuple[int, ...]
    step: int
    places: tuple[tuple[int, int], ...]
    kernel: int
    stride: int
    dilation: int

    @property
    def plain(self) -> bool:
        """True if the only view is the input itself."""
        return self.starts == (0,) and self.step == 1

    def lines(self, size: int) -> int:
        """Elements of each view that `size` outputs need."""
        return self.stride * (size - 1) + (self.kernel - 1) * self.dilation + 1

    def reach(self, lines: int) -> int:
        """Elements of the input that views of so many reach."""
        return self.starts[-1] + self.step * (lines - 1) + 1


def spread(kernel: int, stride: int, dilation: int) -> Axis:
    """The fewest views with which an axis is within the limits; padding is there already."""
    found: list[Axis] = []
    for step in (n for n in range(1, stride + 1) if stride % n == 0 and stride // n <= hw.MAX_STRIDE):
        offsets = [tap * dilation for tap in range(kernel)]
        if dilation % step == 0:
            inner = dilation // step
            pieces = kernel if inner > hw.MAX_DILATION else hw.ceil_div(kernel, hw.MAX_KERNEL)
            each = hw.ceil_div(kernel, pieces)
            starts = tuple(first * dilation for first in range(0, kernel, each))
            places = tuple((tap // each, tap % each) for tap in range(kernel))
            found.append(Axis(starts, step, places, each, stride // step, inner if each > 1 else 1))
        else:  # a view for each tap
            places = tuple((tap, 0) for tap in range(kernel))
            found.append(Axis(tuple(offsets), step, places, 1, stride // step, 1))
        phases = sorted({offset % step for offset in offsets})
        taps = offsets[-1] // step + 1
        if taps <= hw.MAX_KERNEL:
            places = tuple((phases.index(offset % step), offset // step) for offset in offsets)
            found.append(Axis(tuple(phases), step, places, taps, stride // step, 1))
    return min(found, key=lambda axis: (len(axis.starts), axis.step))


def without_empty_taps(graph: Graph) -> None:
    """Rows and columns of zeros at a kernel's ends go: the phases of a transposed convolution often have some."""
    for node in list(graph.nodes):
        if not isinstance(node, Conv) or not node.weight.any():
            continue
        spans = [(0, extent) for extent in graph.shapes[node.inputs[0]][1:]]
        for axis in (0, 1):
            used = np.flatnonzero(node.weight.any((0, 1, 3 - axis)))
            first, last = int(used[0]), int(used[-1]) + 1
            skipped = first * node.dilation[axis] - node.pad[axis]  # elements before the first that is read
            if skipped >= spans[axis][1] or (skipped > 0 and node.inputs[0] == graph.input):
                first, skipped = 0, -node.pad[axis]  # nothing would be left; an image is read whole
            node.weight = np.take(node.weight, range(first, last), 2 + axis)
            pad = [node.pad[0], node.pad[1]]
            pad[axis] = max(0, -skipped)
            node.pad = (pad[0], pad[1])
            spans[axis] = (max(0, skipped), spans[axis][1])
        if any(first for first, _ in spans):
            name, channels = f"{node.output}/read", graph.shapes[node.inputs[0]][0]
            view = Slice(f"{node.name}/read", [node.inputs[0]], name, ((0, channels), spans[0], spans[1]))
            graph.shapes[name] = (channels, *(last - first for first, last in spans))
            graph.pin_like(name, node.inputs[0])
            graph.nodes.insert(graph.nodes.index(node), view)
            node.inputs[0] = name


def taps_to_channels(graph: Graph) -> None:
    """Bring all convolutions within the limits that can be."""
    for node in list(graph.nodes):
        if not isinstance(node, Conv) or len(node.inputs) > 1 or node.pool is not None:
            continue
        rows, columns = (
            spread(node.weight.shape[2 + axis], node.stride[axis], node.dilation[axis]) for axis in (0, 1)
        )
        if rows.plain and columns.plain:
            for axis in (0, 1):
                _fill(graph, node, axis, node.reach(axis) - MAX_PAD_BEHIND, hw.MAX_PAD)
        else:
            _replace(graph, node, rows, columns)


def _replace(graph: Graph, node: Conv, rows: Axis, columns: Axis) -> None:
    """Let a convolution read views of its input as channels."""
    if graph.shapes[node.inputs[0]][0] % hw.ATOM:
        _whole_surfaces(graph, node)
    lines = [axis.lines(size) for axis, size in zip((rows, columns), node.size, strict=True)]
    for axis, spread_axis in enumerate((rows, columns)):
        _fill(graph, node, axis, spread_axis.reach(lines[axis]) - node.pad[axis], 0)
    source, place = node.inputs[0], graph.nodes.index(node)
    channels, height, width = graph.shapes[source]
    each = channels // node.group
    views = list(product(rows.starts, columns.starts))
    made: list[Node] = []
    parts: list[str] = []
    for group, (top, left) in product(range(node.group), views):
        name = f"{node.output}/view{len(parts)}"
        spans = (
            _span(top, rows.step, lines[0], height), _span(left, columns.step, lines[1], width),
        )  # fmt: skip
        box = ((group * each, (group + 1) * each), *spans)
        made += _view(graph, node, source, name, box, (rows.step, columns.step), (lines[0], lines[1]))
        parts.append(name)
    weight = np.zeros((len(node.weight), len(views), each, rows.kernel, columns.kernel))
    for (r, (row, inner_row)), (c, (column, inner_column)) in product(
        enumerate(rows.places), enumerate(columns.places)
    ):
        view = row * len(columns.starts) + column
        weight[:, view, :, inner_row, inner_column] = node.weight[:, :, r, c]
    joined = parts[0]
    if len(parts) > 1:
        joined = f"{node.output}/views"
        made.append(Concat(f"{node.name}/views", parts, joined))
        graph.shapes[joined] = (channels * len(views), *lines)
        graph.pin_like(joined, source)
    conv = replace(
        node, inputs=[joined], weight=weight.reshape(len(weight), -1, rows.kernel, columns.kernel),
        stride=(rows.stride, columns.stride), dilation=(rows.dilation, columns.dilation), pad=(0, 0),
    )  # fmt: skip
    graph.nodes[place : place + 1] = [*made, conv]


def _span(first: int, step: int, count: int, extent: int) -> Pair:
    return first, min(first + step * (count - 1) + 1, extent)


def _view(
    graph: Graph, node: Conv, source: str, name: str, box: tuple[Pair, Pair, Pair], step: Pair, size: Pair
) -> list[Node]:
    """Nodes that make a part of a tensor, or every n-th row and column of it."""
    label = f"{node.name}/{name.rpartition('/')[2]}"
    channels = box[0][1] - box[0][0]
    graph.shapes[name] = (channels, *size)
    graph.pin_like(name, source)
    if step == (1, 1):
        return [Slice(label, [source], name, box)]
    whole = f"{name}/part"
    graph.shapes[whole] = (channels, box[1][1] - box[1][0], box[2][1] - box[2][0])
    graph.pin_like(whole, source)
    loops = (
        Loop(hw.surfaces(channels), (1, 0, 0), (1, 0, 0)),
        Loop(size[0], (0, step[0], 0), (0, 1, 0)),
        Loop(size[1], (0, 0, step[1]), (0, 0, 1)),
    )
    part = Slice(f"{label}/part", [source], whole, box)
    return [part, Move(label, [whole], name, loops, (channels, *size), "every n-th")]


def _whole_surfaces(graph: Graph, node: Conv) -> None:
    """Give the input of a convolution channels of zeros behind, so that its surfaces can lie between others."""
    source, place = node.inputs[0], graph.nodes.index(node)
    channels, height, width = graph.shapes[source]
    wide, name = hw.align(channels), f"{node.output}/wide"
    if node.group > 1:  # zeros in place of groups
        merge(node, divisible=False)
    weight = np.zeros((wide, channels, 1, 1))
    weight[np.arange(channels), np.arange(channels)] = 1
    graph.shapes[name] = (wide, height, width)
    graph.pin_like(name, source)
    pick = Conv(f"{node.name}/wide", [source], name, weight, np.zeros(wide), (1, 1), (0, 0), (height, width))
    graph.nodes.insert(place, pick)
    node.inputs = [name]
    node.weight = np.pad(node.weight, ((0, 0), (0, wide - channels), (0, 0), (0, 0)))


def _fill(graph: Graph, node: Conv, axis: int, reach: int, kept: int) -> None:
    """Put zeros around the input of a convolution, so that it reaches `reach` elements and pads no more than `kept`."""
    source, place = node.inputs[0], graph.nodes.index(node)
    before, behind = max(0, node.pad[axis] - kept), max(0, reach - graph.shapes[source][1 + axis])
    if not before and not behind:
        return
    zeros = [_zeros(graph, node, source, axis, *side) for side in ((before, "before"), (behind, "behind"))]
    name = f"{node.output}/padded{axis}"
    parts = [[entry.output for entry in made if isinstance(entry, Affine)] for made in zeros]
    shape = list(graph.shapes[source])
    shape[1 + axis] += before + behind
    graph.shapes[name] = (shape[0], shape[1], shape[2])
    graph.pin_like(name, source)
    whole = Concat(f"{node.name}/padded{axis}", [*parts[0], source, *parts[1]], name, axis=1 + axis)
    graph.nodes[place:place] = [*zeros[0], *zeros[1], whole]
    pad = [node.pad[0], node.pad[1]]
    pad[axis] -= before
    node.inputs, node.pad = [name], (pad[0], pad[1])


def _zeros(graph: Graph, node: Conv, source: str, axis: int, count: int, role: str) -> list[Node]:
    """Nodes that make `count` rows (axis 0) or columns (axis 1) of zeros: parts of the input, and nothing of them."""
    channels, *extent = graph.shapes[source]
    made: list[Node] = []
    while count:
        lines = min(count, extent[axis])
        name = f"{node.output}/{role}{axis}/{len(made) // 2}"
        spans = [(0, extent[0]), (0, extent[1])]
        spans[axis] = (0, lines)
        box = ((0, channels), spans[0], spans[1])
        for output in (f"{name}/part", name):
            graph.shapes[output] = (channels, *(last - first for first, last in spans))
            graph.pin_like(output, source)
        label = f"{node.name}/{role}{axis}/{len(made) // 2}"
        made.append(Slice(f"{label}/part", [source], f"{name}/part", box))
        made.append(Affine(label, [f"{name}/part"], name, np.zeros(channels), np.zeros(channels)))
        count -= lines
    return made
