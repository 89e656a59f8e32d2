"""The signals of a dump that were read, as what each interface did in its own clock's cycles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cocodla.errors import UserError
from cocodla.waves.choice import Chosen
from cocodla.waves.clock import Clock, Cycles, Sampled, joined
from cocodla.waves.dump import Changes, Dump, Progress, Variable
from cocodla.waves.interfaces import Interface
from cocodla.waves.runs import TRANSFER, Runs, runs_of
from cocodla.waves.traffic import Traffic

POWER_UP = 100
"""Cycles from the start of a dump in which a reset belongs to power-up: what is before it has no meaning."""


class Signals(NamedTuple):
    """Signals of an interface as its clock samples them. active: 1 outside of reset. payload: by their short names."""

    valid: Sampled
    ready: Sampled | None
    credit: Sampled | None
    active: Sampled
    payload: dict[str, Sampled]


@dataclass(frozen=True)
class View:
    """What was read of a dump. clocks: by the name interfaces give them. base: the one most interfaces have.

    changes: by key of the signal, uses: interfaces that still need them.
    """

    dump: Dump
    changes: dict[str, Changes]
    uses: Counter[str]
    clocks: Mapping[str, Clock]
    base: Clock

    @staticmethod
    def read(dump: Dump, chosen: Chosen, progress: Progress | None) -> View:
        """UserError: see Dump.read; a clock that never rises."""
        wanted: list[Variable] = [dump.variables[name] for face in chosen.interfaces for name in face.signals]
        keys = Counter(variable.key for variable in wanted)
        changes = dump.read(wanted, progress)
        uses = Counter(interface.clock for interface in chosen.interfaces)
        clocks = {name: Clock.of(name, changes[dump.variables[name].key]) for name in uses}
        base = clocks[max(uses, key=lambda name: (len(clocks[name]) > 0, uses[name]))]
        if not len(base):
            raise UserError(f"{dump.path}: the clock {base.name} never rises; another one can be named with --clock")
        return View(dump, changes, keys, clocks, base)

    def release(self, interface: Interface) -> None:
        """Forget the changes of signals that no other interface needs: they are most of the memory."""
        for name in interface.signals:
            key = self.dump.variables[name].key
            self.uses[key] -= 1
            if not self.uses[key]:
                del self.changes[key]

    def range(self, start: int, end: int | None) -> tuple[int, int]:
        """Cycles of the base clock. UserError for one outside the dump."""
        count = len(self.base)
        if start >= count:
            raise UserError(f"--from {start}: {self.dump.path} has {count} cycles of {self.base.name}")
        if end is not None and end > count:
            raise UserError(f"--to {end}: {self.dump.path} has {count} cycles of {self.base.name}")
        end = count if end is None else end
        if end <= start:
            raise UserError(f"--to {end}: is not behind --from {start}")
        return start, end

    def own_range(self, interface: Interface, low: int, high: int) -> tuple[int, int]:
        """Cycles of the interface's clock that lie in those of the base clock."""
        clock = self.clocks[interface.clock]
        if clock is self.base or self.is_base(interface):
            return low, high
        first, last = self.base.edges[low], self.base.edges[high - 1]
        return int(np.searchsorted(clock.edges, first)), int(np.searchsorted(clock.edges, last, side="right"))

    def is_base(self, interface: Interface) -> bool:
        """Whether the interface's clock is the base clock, by whatever name."""
        return bool(np.array_equal(self.clocks[interface.clock].edges, self.base.edges))

    def signals(self, interface: Interface) -> Signals:
        """Sample an interface."""
        clock = self.clocks[interface.clock]
        valid = joined(self._sampled(clock, interface.valid))
        names = [name.rpartition(".")[2] for name in interface.payload]
        return Signals(
            valid=valid,
            ready=self._sampled(clock, [interface.ready])[0] if interface.ready else None,
            credit=self._sampled(clock, [interface.credit])[0] if interface.credit else None,
            active=self._active(interface, clock, valid),
            payload=dict(zip(names, self._sampled(clock, interface.payload), strict=True)),
        )

    def runs(self, interface: Interface, signals: Signals, low: int, high: int) -> Runs:
        """What the interface did in these cycles of its own clock."""
        gaps = self.clocks[interface.clock].gaps
        return runs_of(signals.valid, signals.ready, signals.active, gaps, low, high)

    def traffic(self, interface: Interface, signals: Signals) -> Traffic:
        """What moved in the whole dump."""
        clock = self.clocks[interface.clock]
        runs = self.runs(interface, signals, 0, len(clock))
        returned: Cycles = np.zeros(0, np.int64)
        if signals.credit:
            pulses = runs_of(signals.credit, None, signals.active, clock.gaps, 0, len(clock))
            returned = pulses.cycles_of(TRANSFER)
        return Traffic(interface, runs, runs.cycles_of(TRANSFER), returned, self._credits(interface))

    def _sampled(self, clock: Clock, names: Sequence[str]) -> list[Sampled]:
        return [clock.sample(self.changes[self.dump.variables[name].key]) for name in names]

    def _active(self, interface: Interface, clock: Clock, valid: Sampled) -> Sampled:
        """1 outside of reset. Without a reset signal an interface has a meaning from its first known valid on."""
        if not interface.reset:
            return Sampled(valid.cycles, np.maximum.accumulate((valid.values >= 0).astype(np.int64)))
        reset = self._sampled(clock, [interface.reset])[0]
        active = (reset.values == 1 - interface.reset_level).astype(np.int64)
        early = np.flatnonzero((reset.values == interface.reset_level) & (reset.cycles <= POWER_UP))
        if len(early):
            active[: early[-1]] = 0
        return Sampled(reset.cycles, active)

    def _credits(self, interface: Interface) -> int | None:
        if isinstance(interface.credits, int):
            return interface.credits
        return self.dump.constant(interface.credits) if interface.credits else None
