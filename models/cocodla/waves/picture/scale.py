"""Where a time is in a picture: one or several pieces of time, with gaps between them."""

from __future__ import annotations

from dataclasses import dataclass

GAP = 22
"""Pixels of a gap."""


@dataclass(frozen=True)
class Piece:
    """Ticks from start to end, drawn from x on."""

    start: int
    end: int
    x: float
    pixels_per_tick: float

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.place(self.end)

    def place(self, time: float) -> float:
        """x of a time, which is in the piece or is moved to its nearer end."""
        return self.x + (min(max(time, self.start), self.end) - self.start) * self.pixels_per_tick


def pieces_of(ranges: list[tuple[int, int]], left: float, width: float) -> tuple[Piece, ...]:
    """Pieces for ascending ranges of ticks, from `left` on, `width` wide together with the gaps."""
    length = sum(end - start for start, end in ranges)
    scale = max(width - GAP * (len(ranges) - 1), 1) / length
    pieces: list[Piece] = []
    for start, end in ranges:
        pieces.append(Piece(start, end, left, scale))
        left = pieces[-1].right + GAP
    return tuple(pieces)


def without(low: int, high: int, cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of low to high when the cuts are taken out; it may be nothing."""
    ranges = [(low, high)]
    for first, last in cuts:
        ranges = [part for a, b in ranges for part in ((a, min(b, first)), (max(a, last), b)) if part[0] < part[1]]
    return ranges


def step_of(length: float, places: float) -> float:
    """The smallest of 1, 2, 5, 10, ... (or fractions of 1) of which at most `places` fit into a length."""
    step = 10.0 ** -6
    while length / step > places:
        for factor in (2, 2.5, 2):
            step *= factor
            if length / step <= places:
                break
    return step
