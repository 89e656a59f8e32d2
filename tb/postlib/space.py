"""Places in memory for the layers of a test."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from random import Random

from cocodla.formats import CubeLayout
from cocodla.hw import ATOM

END = 1 << 32
"""Behind the last byte of the address space."""
TRIES = 1000


def random_place(rng: Random, size: int) -> int:
    """Address of `size` bytes anywhere in the 32-bit address space, a multiple of 8.

    Half of the time they lie over a multiple of a power of two, from 16 bytes to the end of the space: addresses carry
    into every bit, in the middle of a line as well as between surfaces.
    """
    last = (END - max(size, ATOM)) // ATOM * ATOM
    bit = rng.randint(4, 32)
    if rng.random() < 0.5:
        return rng.randrange(last // ATOM + 1) * ATOM
    if bit == 32:
        return last
    boundary = rng.randrange(1, 1 << (32 - bit)) << bit
    return min(max(0, boundary - ATOM * rng.randint(1, max(1, size // ATOM - 1))), last)


def apart(blocks: Iterable[tuple[int, int]]) -> bool:
    """Whether no byte of these (address, size) is in two of them, or behind the end of the address space."""
    end = 0
    for address, size in sorted(blocks):
        if address < end:
            return False
        end = address + size
    return end <= END


class Space:
    """Hands out regions at random places that never overlap; layouts of cubes with random gaps."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._taken: list[tuple[int, int]] = []  # first byte and end of every region, sorted

    def take(self, size: int) -> int:
        """Address of a fresh region of `size` bytes. ValueError if there is hardly a place left for it."""
        for _ in range(TRIES):
            address = random_place(self.rng, size)
            place = bisect_left(self._taken, (address, 0))
            after = self._taken[place][0] if place < len(self._taken) else END
            before = self._taken[place - 1][1] if place else 0
            if before <= address and address + size <= after:
                self._taken.insert(place, (address, address + size))
                return address
        raise ValueError(f"no place for {size} bytes in memory")

    def cube(self, width: int, height: int, channels: int, pixel_bytes: int = ATOM) -> tuple[int, CubeLayout]:
        """Address and layout of a cube with random gaps between lines and surfaces; `pixel_bytes` per surface."""
        line = pixel_bytes * width + ATOM * self._gap()
        surface = line * height + ATOM * self._gap()
        layout = CubeLayout(width, height, channels, line, surface)
        return self.take(surface * layout.surfaces), layout

    def _gap(self) -> int:
        return self.rng.choice([0, 0, 1, 5, self.rng.randrange(20), 1024])
