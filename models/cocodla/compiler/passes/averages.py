"""Passes for averages: the pooling unit takes those it rounds well, convolutions the others.

The pooling unit takes an atom a cycle, behind a convolution none at all, but its result has the codes of its input: its
reciprocals can only make values smaller, and its rounding wraps where a larger factor would need saturation (spec:
pdp.md section 4). The mean of many values has a far smaller range, and few codes are left for it. The convolution
pipeline sums exactly, rounds once, and saturates in codes of the average's own (stack.py tells what that costs).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cocodla import hw
from cocodla.compiler import reference
from cocodla.compiler.ir import (
    Activate,
    Affine,
    Concat,
    Conv,
    FloatArray,
    Graph,
    Loop,
    Mean,
    Move,
    Node,
    Pool,
    PoolFunction,
    Shape,
    Slice,
    Span,
    Steps,
    Transposed,
)
from cocodla.compiler.quantisation.averages import average_reciprocals, driver_reciprocals, wrong_share
from cocodla.compiler.stack import LAYER_OVERHEAD, stack_of

TOLERATED = 0.002
"""Share of averages that may differ from ideal rounding."""
STEPS = 3
"""Most Means for an average. Each rounds to codes of its own, so that the errors of many cancel in the next one."""
PARTS = 9
"""Most parts an average may be cut into: inner windows, four borders, four corners."""
WORTH_ALONE, WORTH_STACKED, WORTH_APART = 4 / 3, 2.0, 4.0
"""How much smaller the range behind an average must be for codes of its own: one value a channel costs next to nothing;
windows whose surfaces stack cost a layer that reads its input; others a tap of a window a cycle, surface by surface."""


def measure_averages(graph: Graph, images: FloatArray) -> None:
    """Note at each average how much smaller its values are than what it reads, on some images (batch, *shape)."""
    nodes = {node.output: node for node in graph.nodes if isinstance(node, Pool) and node.function.kind == "average"}
    wanted = set(nodes) | {node.inputs[0] for node in nodes.values()}
    if not nodes:
        return
    peaks = {name: float(np.abs(value).max()) for name, value in reference.walk(graph, images) if name in wanted}
    for name, node in nodes.items():
        before, behind = peaks[node.inputs[0]], peaks[name]
        if 0 < behind < np.inf and before < np.inf:
            node.shrinks = before / behind


def averages_into_layers_behind(graph: Graph) -> None:
    """The average of whole channels and a fully connected layer become one kernel over all pixels, which rounds nothing
    in between, where that takes no longer.
    """
    for first, second in graph.chains():
        if not isinstance(first, Pool) or not isinstance(second, Conv) or first.function.kind != "average":
            continue
        function, shape = first.function, graph.shapes[first.inputs[0]]
        plain = (second.size, second.weight.shape[2:], second.group, second.pad) == ((1, 1), (1, 1), 1, (0, 0))
        if function.size != (1, 1) or function.kernel != shape[1:] or not plain or len(second.inputs) > 1:
            continue
        if max(function.kernel) > hw.MAX_KERNEL or not _own_codes(graph, first):
            continue
        kernels, pixels, surfaces = len(second.weight), shape[1] * shape[2], hw.surfaces(shape[0])
        cycles = _cycles(function, shape)
        if cycles is not None and pixels * surfaces * (1 + kernels) > cycles + surfaces * kernels:
            continue
        share = 1 / float(function.divisors[0, 0])
        second.weight = np.tile(second.weight * share, (1, 1, *function.kernel))
        second.steps = None if second.steps is None else second.steps * share
        second.stride = second.dilation = (1, 1)  # one element at one place has any
        second.inputs = first.inputs
        graph.nodes.remove(first)
        del graph.shapes[first.output]


def averages(graph: Graph) -> None:
    """Averages the pooling unit rounds well, in codes that suit them, stay poolings. Where padding does not count they
    become one for the inner windows and one for each border and corner, whose smaller windows lie all in the input.
    All others become Means: of rows or columns first, where that takes less than half.
    """
    for node in list(graph.nodes):
        if not isinstance(node, Pool) or node.function.kind != "average":
            continue
        node.function = _simplified(node.function)
        movable = max(node.function.stride) <= hw.PDP_MAX_STRIDE and not _own_codes(graph, node)
        parts = _parts(node.function, graph.shapes[node.inputs[0]][1:], graph.official) if movable else None
        if parts is not None and node.function.counted is not None:
            _join(graph, node, *parts)
        elif parts is None:
            _to_means(graph, node)


def _own_codes(graph: Graph, node: Pool) -> bool:
    """True if an average should have other codes than what it reads: the model says so, or it would use few of them."""
    source, target, function = node.inputs[0], node.output, node.function
    if source in graph.pins or target in graph.pins:
        return graph.pins.get(source) != graph.pins.get(target, graph.pins.get(source))
    if function.size == (1, 1):
        return node.shrinks >= WORTH_ALONE
    stacked = stack_of(function, graph.shapes[source]) is not None
    return node.shrinks >= (WORTH_STACKED if stacked else WORTH_APART)


def _simplified(function: PoolFunction) -> PoolFunction:
    """Without divisors of its own where they are the kernel's size."""
    own = any(set(counts) != {k} for counts, k in zip(function.counts, function.kernel, strict=True))
    return function if own else replace(function, counted=None)


# -- on the pooling unit ---------------------------------------------------------------------


def _precise(rows: int, columns: int, official: bool) -> bool:
    """True if the pooling unit can take the average of such windows, and rounds it well; official: as programmed by the
    official driver.
    """
    if max(rows, columns) > hw.PDP_MAX_KERNEL or wrong_share(rows, columns) > TOLERATED:
        return False
    return not official or average_reciprocals(rows, columns) == driver_reciprocals(rows, columns)


@dataclass(frozen=True)
class _Windows:
    """Neighbouring windows of one length along an axis: outputs, and inputs from the first to the last."""

    outputs: Span
    inputs: Span
    length: int


def _windows(function: PoolFunction, axis: int, extent: int) -> list[_Windows] | None:
    """The windows along an axis, cut at the input's ends; None if the padding counts."""
    found: list[_Windows] = []
    kernel, counted = function.kernel[axis], (function.counted or ((), ()))[axis]
    for output, count in enumerate(counted):
        first = output * function.stride[axis] - function.pad[axis]
        begin, end = max(first, 0), min(first + kernel, extent)
        if end - begin != count:
            return None
        if found and found[-1].length == count == kernel:
            found[-1] = _Windows((found[-1].outputs[0], output + 1), (found[-1].inputs[0], end), kernel)
        else:
            found.append(_Windows((output, output + 1), (begin, end), count))
    return found


def _parts(function: PoolFunction, extent: Shape, official: bool) -> tuple[list[_Windows], list[_Windows]] | None:
    """Windows of rows and columns that the pooling unit rounds well, of one length each; None if it does not."""
    if function.counted is None:
        return ([], []) if _precise(*function.kernel, official) else None
    rows, columns = (_windows(function, axis, extent[axis]) for axis in (0, 1))
    pairs = list(product(rows or (), columns or ()))
    if rows is None or columns is None or len(pairs) > PARTS:
        return None
    precise = all(_precise(row.length, column.length, official) for row, column in pairs)
    return (rows, columns) if precise else None


def _join(graph: Graph, node: Pool, rows: list[_Windows], columns: list[_Windows]) -> None:
    """Replace an average by averages of parts, in place: columns of a row of parts, then the rows."""
    source, channels = node.inputs[0], graph.shapes[node.inputs[0]][0]
    made: list[Node] = []
    lines = []
    for top, row in enumerate(rows):
        line = node.output if len(rows) == 1 else f"{node.output}/rows{top}"
        height = row.outputs[1] - row.outputs[0]
        parts = []
        for left, column in enumerate(columns):
            output = line if len(columns) == 1 else f"{line}/columns{left}"
            place = f"{node.name}/{top},{left}"
            view = Slice(f"{place}/part", [source], f"{output}/input", ((0, channels), row.inputs, column.inputs))
            size = (height, column.outputs[1] - column.outputs[0])
            function = PoolFunction("average", (row.length, column.length), node.function.stride, (0, 0), size)
            made += [view, Pool(place, [view.output], output, function)]
            graph.shapes[view.output] = tuple(last - first for first, last in view.box)
            graph.shapes[output] = (channels, *size)
            parts.append(output)
        if len(parts) > 1:
            made.append(Concat(f"{node.name}/rows{top}", parts, line, axis=2))
            graph.shapes[line] = (channels, height, node.function.size[1])
        lines.append(line)
    if len(lines) > 1:
        made.append(Concat(node.name, lines, node.output, axis=1))
    index = graph.nodes.index(node)
    graph.nodes[index : index + 1] = made


# -- on the convolution pipeline -------------------------------------------------------------


def _to_means(graph: Graph, node: Pool) -> None:
    """Replace an average by Means, as it is or in steps."""
    function, shape = node.function, graph.shapes[node.inputs[0]]
    if max(function.stride) > hw.MAX_STRIDE or function.kernel[1] > hw.MAX_KERNEL:
        shape = _packed(graph, node)
    plan = _plan(function, shape, whole=node.output in graph.pins)  # a tensor in between has no codes of the model's
    if plan is None:
        if function.counted is not None:  # nor can the pooling unit do it: refused by name
            graph.replace(node, Mean(node.name, node.inputs, node.output, function))
        return
    place, source = graph.nodes.index(node), node.inputs[0]
    graph.nodes.remove(node)
    for index, step in enumerate(plan.steps):
        last = index == len(plan.steps) - 1
        name, output = (node.name, node.output) if last else (f"{node.name}/{index}", f"{node.output}/{index}")
        graph.nodes.insert(place + index, Mean(name, [source], output, step))
        graph.shapes[output] = (shape[0], *step.size)
        source = output


@dataclass(frozen=True)
class _Plan:
    """Means in turn, and what they cost."""

    cycles: int
    steps: list[PoolFunction]


def _plan(function: PoolFunction, shape: Shape, whole: bool, most: int = STEPS) -> _Plan | None:
    """An average as one Mean, or as up to `most` where that takes less than half; if `whole` where one cannot do it."""
    cycles, best = _cycles(function, shape), None
    alone = None if cycles is None else _Plan(cycles, [function])
    if most == 1 or (alone is not None and whole):
        return alone
    for first, second in _splits(function, shape):
        cycles, rest = _cycles(first, shape), _plan(second, (shape[0], *first.size), whole, most - 1)
        if cycles is not None and rest is not None and (best is None or cycles + rest.cycles < best.cycles):
            best = _Plan(cycles + rest.cycles, [first, *rest.steps])
    return best if best is not None and (alone is None or 2 * best.cycles < alone.cycles) else alone


def _splits(function: PoolFunction, shape: Shape) -> Iterator[tuple[PoolFunction, PoolFunction]]:
    """An average as one along all rows and one along the columns, or as averages of equal blocks and that of these."""
    (rows, columns), (down, across), (top, left) = function.kernel, function.stride, function.pad
    by_row, by_column = function.counts
    height, (tall, wide) = shape[1], function.size
    if rows > 1 and columns > 1:
        sizes = (height, wide), (tall, wide)
        first = PoolFunction("average", (1, columns), (1, across), (0, left), sizes[0], ((1,) * height, by_column))
        second = PoolFunction("average", (rows, 1), (down, 1), (top, 0), sizes[1], (by_row, (1,) * wide))
        yield _simplified(first), _simplified(second)
    elif function.counted is None and function.size[rows == 1] == 1:
        length = max(rows, columns)
        for block in range(2, length // 2 + 1):
            if length % block == 0 and rows == 1:
                size = (tall, length // block)
                yield (
                    replace(function, kernel=(1, block), stride=(1, block), size=size),
                    replace(function, kernel=(1, length // block)),
                )
            elif length % block == 0:
                size = (length // block, wide)
                yield (
                    replace(function, kernel=(block, 1), stride=(block, 1), size=size),
                    replace(function, kernel=(length // block, 1)),
                )


def _packed(graph: Graph, node: Pool) -> Shape:
    """Let an average read a copy of what its windows reach if that lies, or may lie, in a larger tensor: long windows,
    and those far apart, stack only without gaps.
    """
    function, shape = node.function, graph.shapes[node.inputs[0]]
    reached = (shape[0], *(min(function.covered(axis), shape[1 + axis]) for axis in (0, 1)))
    if reached != shape or _in_larger(graph, node.inputs[0]):
        counts = (hw.surfaces(shape[0]), *reached[1:])
        steps: list[Steps] = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
        loops = tuple(Loop(count, step, step) for count, step in zip(counts, steps, strict=True))
        copy = Move(f"{node.name}/copy", node.inputs, f"{node.output}/copy", loops, reached, "copy")
        graph.shapes[copy.output] = reached
        graph.pin_like(copy.output, node.inputs[0])
        graph.nodes.insert(graph.nodes.index(node), copy)
        node.inputs = [copy.output]
    return reached


def _in_larger(graph: Graph, tensor: str) -> bool:
    """True if a tensor may become a part of a larger one: cut out, written into a Concat, or what is transposed."""
    producer = graph.producer(tensor)
    while isinstance(producer, (Activate, Affine)):
        producer = graph.producer(producer.inputs[0])
    return isinstance(producer, (Slice, Transposed)) or any(isinstance(n, Concat) for n in graph.consumers(tensor))


def _cycles(function: PoolFunction, shape: Shape) -> int | None:
    """What a Mean costs; None if no layer can do it."""
    surfaces = hw.surfaces(shape[0])
    for count, channels in ((1, shape[0]), (surfaces, hw.ATOM)):
        stack = stack_of(function, (channels, *shape[1:]))
        if stack is not None:
            return count * stack.cycles
    if max(function.kernel) > hw.MAX_KERNEL or max(function.stride) > hw.MAX_STRIDE:
        return None
    rows, columns = function.kernel
    windows = max(function.size[0] * function.size[1], hw.ATOM)
    return surfaces * (windows * rows * columns + LAYER_OVERHEAD)
