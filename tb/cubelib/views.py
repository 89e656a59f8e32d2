"""The view of a wrong cube in the log of a block's bench: pattern in words, and maps, as for a failing program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import atoms_to_tensor
from cocodla.hw import ATOM
from cocodla.mismatch.patterns import describe
from cocodla.report.mismatch.facts import maps
from cocodla.report.mismatch.text import map_lines
from cocotbext.dla import Cube

Write = tuple[int, bytes, bool]
"""Byte address, atom, whether it is the last of its layer."""


def view(name: str, expected: NDArray[np.generic], got: NDArray[np.generic]) -> Iterator[str]:
    """Lines on two cubes of atoms (S, H, W, 8); none if they are equal."""
    ours, theirs = (atoms_to_tensor(cube, ATOM * cube.shape[0]) for cube in (expected, got))
    sentences = describe(ours, theirs)
    if sentences:
        yield f"{name}: {'; '.join(sentences)}"
        yield from map_lines(maps(ours, theirs))


def view_beats(name: str, cube: Cube, expected: Sequence[int], got: Sequence[int], lane: int = 1) -> Iterator[str]:
    """`view` of a cube that came as beats in its order, lanes of so many bytes; what did not come counts as zeros."""
    shape = (cube.surfaces, cube.height, cube.width, ATOM)
    kind = np.dtype(f"<i{lane}")
    data = (np.zeros(shape, kind), np.zeros(shape, kind))
    for atoms, beats in zip(data, (expected, got), strict=True):
        raw = b"".join(beat.to_bytes(ATOM * lane, "little") for beat in beats[: atoms.size // ATOM])
        atoms.reshape(-1)[: len(raw) // lane] = np.frombuffer(raw, kind)
    yield from view(name, *data)


def view_writes(name: str, cube: Cube, expected: Sequence[Write], got: Sequence[Write]) -> Iterator[str]:
    """`view` of a cube in memory; what was not written counts as zeros."""
    surface, line, column = np.ix_(range(cube.surfaces), range(cube.height), range(cube.width))
    addresses = cube.address + surface * cube.surface_stride + line * cube.line_stride + column * ATOM
    data = []
    for writes in (expected, got):
        there = {address: atom for address, atom, _ in writes}
        raw = b"".join(there.get(int(address), bytes(ATOM)) for address in addresses.reshape(-1))
        data.append(np.frombuffer(raw, np.int8).reshape(*addresses.shape, ATOM))
    yield from view(name, *data)
