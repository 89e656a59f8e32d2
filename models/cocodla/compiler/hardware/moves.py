"""Moving atoms with SDP: affine permutations and repetitions as few strided copies.

SDP reads and writes a cube through strides of its own on either side: a copy of (surfaces, lines, columns) atoms in
which surfaces and lines go anywhere and columns follow each other, 8 bytes apart. With one column a line is an atom, so
two of the loops of a Move are free; loops that are one loop on both sides merge, those that are left over are unrolled
into copies of their own (spec: sdp.md section 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations, product

from cocodla import hw
from cocodla.compiler.hardware.tensors import Tensor, strided
from cocodla.compiler.ir import Loop, Steps

MAX_SURFACES = hw.MAX_EXTENT // hw.ATOM


@dataclass(frozen=True)
class ByteLoop:
    """`count` steps of so many bytes on either side."""

    count: int
    source: int
    target: int


ONCE = ByteLoop(1, 0, 0)


@dataclass(frozen=True)
class Copy:
    """One SDP layer: offsets in bytes, counts of (surfaces, lines, columns), strides of (surfaces, lines)."""

    source: int
    target: int
    counts: Steps
    source_strides: tuple[int, int]
    target_strides: tuple[int, int]


def copies(loops: Sequence[Loop], source: Tensor, target: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The parts that each copy of a Move reads and writes, in order."""
    planned = plan([ByteLoop(loop.count, _bytes(source, loop.source), _bytes(target, loop.target)) for loop in loops])
    return [
        (
            strided(source, copy.source, copy.counts, copy.source_strides),
            strided(target, copy.target, copy.counts, copy.target_strides),
        )
        for copy in planned
    ]


def _bytes(tensor: Tensor, steps: Steps) -> int:
    surfaces, rows, columns = steps
    return surfaces * tensor.surface_stride + rows * tensor.line_strides[0] + columns * hw.ATOM


def plan(loops: Sequence[ByteLoop]) -> list[Copy]:
    """The fewest copies that run through all loops."""
    left = _merged(loops)
    packed = [loop for loop in left if loop.source == loop.target == hw.ATOM]
    column = packed[0] if packed else ONCE
    left = [loop for loop in left if loop is not column]
    pairs = list(permutations([*left, ONCE, ONCE], 2))
    surface, line = min(pairs, key=lambda pair: _copies(left, pair[0], pair[1], column))
    outer = [loop for loop in left if loop is not surface and loop is not line]
    if line.count == column.count == 1:  # a cube of 1x1 is packed whatever its strides are
        surface, line = line, surface
    return list(_unrolled(outer, surface, line, column))


def _merged(loops: Sequence[ByteLoop]) -> list[ByteLoop]:
    """Loops of more than one step; where the one goes on where the other one ends they are one."""
    found = [loop for loop in loops if loop.count > 1]
    for outer, inner in permutations(found, 2):
        if (outer.source, outer.target) == (inner.source * inner.count, inner.target * inner.count):
            rest = [loop for loop in found if loop is not outer and loop is not inner]
            return _merged([*rest, ByteLoop(outer.count * inner.count, inner.source, inner.target)])
    return found


def _copies(loops: Sequence[ByteLoop], surface: ByteLoop, line: ByteLoop, column: ByteLoop) -> int:
    """How many copies it takes with these loops inside."""
    count = len(list(_pieces(surface, MAX_SURFACES))) * len(list(_pieces(line, hw.MAX_EXTENT)))
    count *= len(list(_pieces(column, hw.MAX_EXTENT)))
    for loop in loops:
        count *= 1 if loop is surface or loop is line else loop.count
    return count


def _pieces(loop: ByteLoop, most: int) -> Iterator[tuple[int, int]]:
    """(first step, steps) of the parts of a loop of at most `most` steps, all nearly equal."""
    parts = hw.ceil_div(loop.count, most)
    edges = [loop.count * index // parts for index in range(parts + 1)]
    yield from ((first, last - first) for first, last in pairwise(edges))


def _unrolled(outer: Sequence[ByteLoop], surface: ByteLoop, line: ByteLoop, column: ByteLoop) -> Iterator[Copy]:
    parts = list(
        product(_pieces(surface, MAX_SURFACES), _pieces(line, hw.MAX_EXTENT), _pieces(column, hw.MAX_EXTENT))
    )  # fmt: skip
    outer = sorted(outer, key=lambda loop: loop.target)  # neighbours in time are far apart: they may overlap
    for steps in product(*(range(loop.count) for loop in outer)):
        for part in parts:
            firsts = [*steps, *(first for first, _ in part)]
            loops = [*outer, surface, line, column]
            yield Copy(
                sum(first * loop.source for first, loop in zip(firsts, loops, strict=True)),
                sum(first * loop.target for first, loop in zip(firsts, loops, strict=True)),
                (part[0][1], part[1][1], part[2][1]),
                (surface.source, line.source),
                (surface.target, line.target),
            )
