"""A source of random choices that can be recorded, replayed and made simpler.

What a generator makes is a function of the numbers it draws. So a failing case is shrunk by replaying
its draws with some of them nearer to the simplest one: whatever comes out is legal by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from numpy.random import PCG64, Generator

_FRACTIONS = 1 << 20


class Choices(Generator):
    """A numpy Generator that records its scalar draws as numbers >= 0, where 0 is the simplest.

    Simplest are: the lower bound of `integers`, the first element of `choice`, and 1 - 2^-20 of `random`, so
    that `random() < p` is false. Draws of arrays and bytes (data) come from the seed and are not recorded.
    With `replay` the draws are taken from there, cut to what is allowed; behind its end they are 0.
    """

    def __init__(self, seed: Sequence[int], replay: Sequence[int] | None = None) -> None:
        super().__init__(PCG64(list(seed)))
        self._scalars = Random(repr(tuple(seed)))
        self._replay = replay
        self.drawn: list[int] = []

    def _draw(self, count: int) -> int:
        """A number below `count`."""
        if self._replay is None:
            number = self._scalars.randrange(count)
        elif len(self.drawn) < len(self._replay):
            number = min(self._replay[len(self.drawn)], count - 1)
        else:
            number = 0
        self.drawn.append(number)
        return number

    def random(self, size: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if size is not None:
            return super().random(size, **options)
        return 1 - (self._draw(_FRACTIONS) + 1) / _FRACTIONS

    def integers(self, low: Any, high: Any = None, size: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if size is not None or options or not isinstance(low, int):
            return super().integers(low, high, size, **options)
        first, end = (0, low) if high is None else (low, int(high))
        if end <= first:
            raise ValueError(f"no integer from {first} below {end}")
        return first + self._draw(end - first)

    def choice(self, a: Any, size: Any = None, **options: Any) -> Any:  # type: ignore[override]
        if size is not None or options:
            return super().choice(a, size, **options)
        return a[self._draw(len(a))]
