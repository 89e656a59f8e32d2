"""What the firmware sees of the hardware while a task runs (spec: loadable.md section 7.7): a simple machine.

Of the layers whose units are all enabled the one that was enabled first ends first, all its interrupts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cocodla.loadable.descriptors import Kind, Place
from cocodla.loadable.registers import UNITS, enabled
from cocodla.loadable.task import Operation

INTERRUPT = {Kind.SDP: 0, Kind.CDP: 2, Kind.PDP: 4, Kind.CONVOLUTION: 20}
"""Bits of GLB.S_INTR_STATUS of the first group."""
FETCHED_DATA, FETCHED_WEIGHTS = 16, 18
RUNNING, PENDING = 1, 2

_UNITS = [unit for units in UNITS.values() for unit in units]


@dataclass
class Running:
    """An operation that was enabled, and the group of each of its units."""

    operation: Operation
    groups: dict[str, int]

    @property
    def interrupts(self) -> int:
        """The bits it sets."""
        kind = self.operation.kind
        bits = 1 << INTERRUPT[kind]
        if kind is Kind.CONVOLUTION:
            bits |= 1 << FETCHED_DATA | 1 << FETCHED_WEIGHTS
        return bits << self.groups[UNITS[kind][0]]


@dataclass
class Machine:
    """PRODUCER and CONSUMER of each unit, and what is at work, oldest first."""

    producer: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_UNITS, 0))
    consumer: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_UNITS, 0))
    running: list[Running] = field(default_factory=list)

    def pointer(self, unit: str) -> int:
        """What S_POINTER reads."""
        return self.producer[unit] | self.consumer[unit] << 16

    def status(self, unit: str) -> int:
        """What S_STATUS reads."""
        groups = [entry.groups[unit] for entry in self.running if unit in entry.groups]
        return sum((RUNNING if group == self.consumer[unit] else PENDING) << 16 * group for group in groups)

    def at_work(self, unit: str) -> bool:
        """Whether the host does not know of an operation of this unit that it has ended."""
        return any(unit in entry.groups for entry in self.running)

    def enable(self, operation: Operation, groups: dict[str, int]) -> None:
        """An operation was enabled; groups: of all its units."""
        self.running.append(Running(operation, {unit: groups[unit] for unit in enabled(operation)}))

    def interrupts(self) -> int:
        """The bits of the layer that ends next; 0 if none can."""
        for entry in self.running:
            if chain := self._chain(entry):
                bits = 0
                for part in chain:
                    bits |= part.interrupts
                return bits
        return 0

    def finish(self, bits: int) -> None:
        """These interrupts have come: who has sent them is idle."""
        for entry in list(self.running):
            if entry.interrupts & ~(5 << FETCHED_DATA | 10 << FETCHED_DATA) & bits:
                self.running.remove(entry)
                for unit in entry.groups:
                    self.consumer[unit] ^= 1

    def _chain(self, first: Running) -> list[Running]:
        """All operations of a layer that begins with `first`, if all of them are enabled and at their turn."""
        if first.operation.src.type == Place.UNIT:
            return []
        chain = [first]
        while chain[-1].operation.feeds_unit:
            kind = Kind.SDP if chain[-1].operation.kind is Kind.CONVOLUTION else Kind.PDP
            behind = (e for e in self.running if e.operation.kind is kind and e.operation.src.type == Place.UNIT)
            following = next((entry for entry in behind if self._at_turn(entry)), None)
            if following is None or following in chain:
                return []
            chain.append(following)
        return chain if all(map(self._at_turn, chain)) else []

    def _at_turn(self, entry: Running) -> bool:
        return all(self.consumer[unit] == group for unit, group in entry.groups.items())
