"""What the layers of a post-processing unit moved, compared with what they had to, in terms of their cubes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from cocotbext.dla import Cube, described, expect, expect_beats, expect_lanes, explained
from cubelib.views import Write, view_writes


class Written(Protocol):
    """A layer that writes a cube to memory."""

    def expected_writes(self) -> list[Write]:
        """All it writes, in order."""

    def output_cube(self) -> Cube:
        """Where it writes."""


def check_writes(got: Sequence[Write], times: Sequence[float], layers: Sequence[Written]) -> None:
    """Mismatch at the first write that differs, by layer, surface, line, column and lane."""
    expected = [(number, write) for number, layer in enumerate(layers) for write in layer.expected_writes()]

    def place(index: int) -> str:
        number, (address, _, _) = expected[index]
        return f"layer {number + 1} of {len(layers)}, {layers[number].output_cube().at(address)}"

    def views() -> Iterator[str]:
        begin = 0
        for number, layer in enumerate(layers, 1):
            due = layer.expected_writes()
            yield from view_writes(f"layer {number}", layer.output_cube(), due, got[begin : begin + len(due)])
            begin += len(due)

    with described(layers), explained(views):
        expect_beats("writes", got, [write for _, write in expected], times, place, _check_write)


def _check_write(where: str, got: Write, expected: Write, at: float) -> None:
    expect(f"{where}, address", got[0], expected[0], at, "{:#010x}".format)
    expect_lanes(where, int.from_bytes(got[1], "little"), int.from_bytes(expected[1], "little"), at=at)
    expect(f"{where}, last beat of the layer", got[2], expected[2], at)


def check_reads(got: Sequence[int], times: Sequence[float], layers: Sequence[Any]) -> None:
    """Mismatch at the first read request that differs; layers have expected_reads() and input_cube()."""
    expected = [(number, address) for number, layer in enumerate(layers) for address in layer.expected_reads()]

    def place(index: int) -> str:
        number, address = expected[index]
        return f"layer {number + 1} of {len(layers)}, {layers[number].input_cube().at(address)}"

    def check(where: str, one: int, other: int, at: float) -> None:
        expect(f"{where}, address", one, other, at, "{:#010x}".format)

    with described(layers):
        expect_beats("reads", got, [address for _, address in expected], times, place, check)
