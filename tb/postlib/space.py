"""Places in memory for the layers of a test."""

from __future__ import annotations

from random import Random

from cocodla.formats import CubeLayout
from cocodla.hw import ATOM


class Space:
    """Hands out regions that never overlap, with random gaps, anywhere in the 32-bit address space."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.next = rng, rng.randrange(1 << 28) * ATOM

    def take(self, size: int) -> int:
        """Address of a fresh region of `size` bytes; begins again at 0 where the address space ends."""
        if self.next + size > 1 << 32:
            self.next = 0
        address = self.next
        self.next += size + ATOM * (1 + self._gap())
        return address

    def cube(self, width: int, height: int, channels: int, pixel_bytes: int = ATOM) -> tuple[int, CubeLayout]:
        """Address and layout of a cube with random gaps between lines and surfaces; `pixel_bytes` per surface."""
        line = pixel_bytes * width + ATOM * self._gap()
        surface = line * height + ATOM * self._gap()
        layout = CubeLayout(width, height, channels, line, surface)
        return self.take(surface * layout.surfaces), layout

    def _gap(self) -> int:
        return self.rng.choice([0, 0, 1, 5, self.rng.randrange(20), 1024])
