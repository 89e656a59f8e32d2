"""Signals of a dump with their values as numbers of any width: what Changes only hashes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.waves.dump import Dump, Variable

Places = NDArray[np.int64]
"""Times of rising edges, in ticks of the dump."""

MOST = 20_000_000
"""Changes that are kept at most, about 100 bytes each where values are wide."""


class Exact:
    """Signals below the scope that has a signal called `anchor`; of several the shallowest."""

    def __init__(self, dump: Dump, anchor: str) -> None:
        """UserError: no such signal."""
        scopes = [variable.scope for variable in dump.variables.values() if variable.name == anchor]
        if not scopes:
            raise UserError(f"{dump.path}: has no signal {anchor}")
        scope = min(scopes, key=lambda text: (text.count("."), text))
        self._dump = dump
        self._variables = {v.name: v for v in dump.variables.values() if v.scope == scope}
        self._changes: dict[str, tuple[Places, list[int | None]]] = {}
        self._edges: dict[str, Places] = {}

    def has(self, name: str) -> bool:
        """Whether there is such a signal."""
        return name in self._variables

    def read(self, names: Iterable[str]) -> None:
        """Read signals, all in one pass. UserError: a damaged dump, or more than MOST changes."""
        wanted = [self._variables[name] for name in dict.fromkeys(names)]
        new: list[Variable] = [variable for variable in wanted if variable.key not in self._changes]
        if not new:
            return
        found = self._dump.read_numbers(new, MOST)
        self._changes.update({key: (np.array(times, np.int64), values) for key, (times, values) in found.items()})

    def edges(self, clock: str) -> Places:
        """Times at which a clock rises."""
        if clock not in self._edges:
            times, values = self._of(clock)
            numbers = _narrow(values)
            last = np.append(times[1:] != times[:-1], True)[: len(times)]
            times, numbers = times[last], numbers[last]
            self._edges[clock] = times[1:][(numbers[1:] == 1) & (numbers[:-1] == 0)]
        return self._edges[clock]

    def values(self, name: str, places: Places) -> list[int | None]:
        """The value just before each edge, None where it is unknown."""
        times, values = self._of(name)
        found = np.searchsorted(times, places, side="left") - 1
        return [values[k] if k >= 0 else None for k in found.tolist()]

    def numbers(self, name: str, places: Places) -> NDArray[np.int64]:
        """`values` of a narrow signal, -1 where unknown."""
        times, values = self._of(name)
        padded = np.append(-1, _narrow(values))
        chosen: NDArray[np.int64] = padded[np.searchsorted(times, places, side="left")]
        return chosen

    def _of(self, name: str) -> tuple[Places, list[int | None]]:
        self.read([name])
        return self._changes[self._variables[name].key]


def _narrow(values: list[int | None]) -> NDArray[np.int64]:
    return np.array([-1 if value is None else value for value in values], np.int64)
