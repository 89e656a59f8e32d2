"""Memory races between layers, and between layers and host (spec: programming.md sections 1 and 9).

The hardware checks no dependencies: whatever is enabled works at the same time. The golden model computes one
layer after the other, so a race would give it one of several possible results; it is reported instead.

A group *can start* when nothing but the machine itself stands before it: it is at its unit's consumer pointer, or
behind layers that are complete. A unit may read as soon as its group can start, a layer may write as soon as the
groups of all its units can. A layer *has ended* when the host has seen so: by its interrupt, by that of a later
layer in the same units, as to its reads also by S_STATUS.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cocodla.golden.layers import Plan, Queues
from cocodla.golden.reading import Reading, kept_behind, startable
from cocodla.golden.regions import Region, meet, written
from cocodla.golden.rules import RuleViolation, require
from cocodla.golden.state import State

MAIN = frozenset({"SDP", "PDP", "CDP"})
"""Units that all data of a layer pass: one that has done its part needs the layer's inputs no more."""

SOURCES = ("SDP", "CDP", "PDP", "BDMA", "RUBIK", "", "", "", "CDMA data", "CDMA weight", "CACC")
"""Of S_INTR_STATUS, two bits each (system.md 6)."""


@dataclass(eq=False)
class Layer:
    """A layer that can run, or that the model has run while its end was not seen.

    When this one begins to write, the layers of `read` have read all they need, and those of `wrote` have sent
    their last write. ended: units known to be idle again.
    """

    plan: Plan
    reads: list[Reading]
    writes: list[Region]
    read: set[Layer] = field(default_factory=set)
    wrote: set[Layer] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    ran: bool = False

    @property
    def writer(self) -> str:
        return self.plan.units[0]

    def follow(self, other: Layer) -> None:
        """Take in that `other` is ahead in the units both need, if there are such."""
        if shared := MAIN & set(self.plan.units) & set(other.plan.units):
            self.read |= {other, *other.read}
            self.wrote |= other.wrote | ({other} if other.writer in shared else set())


class Flight:
    """Everything that may be at work, as far as the host can know."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._open: dict[tuple[str, int, str], Reading] = {}  # of layers that have not run
        self._layers: list[Layer] = []  # in an order in which the machine may run them
        self._raised: dict[int, deque[Layer]] = defaultdict(deque)  # interrupt bit: layers that have set it
        self._seen = 0  # interrupt bits seen, and not cleared since
        self._fresh = False  # a group was enabled since the last update

    # -- what can start ----------------------------------------------------------------------

    def enabled(self) -> None:
        """The host has enabled a group."""
        self._fresh = True

    def update(self) -> None:
        """Take in what has been enabled. RuleViolation for a race with what may be at work."""
        if not self._fresh:
            return  # all that can start was foreseen
        self._fresh = False
        queues, kept = Queues.of(self._state.units), self._state.cbuf.kept
        while True:
            for reading in startable(queues, kept):
                self._start_reading(reading)
            plan = queues.first()
            if plan is None:
                return
            self._start_layer(plan)
            if "CDMA" in plan.groups:
                kept = kept_behind(queues.snapshot("CDMA"), kept)
            queues.finish(plan)

    def _start_reading(self, reading: Reading) -> None:
        if reading.key in self._open:
            return
        self._open[reading.key] = reading
        for layer in self._layers:
            if meet(reading.regions, layer.writes):
                raise _race(f"{reading} was enabled to read", layer.plan, "write")

    def _start_layer(self, plan: Plan) -> None:
        """Layers that follow each other in SDP, PDP or CDP may use the same memory: see Layer.follow."""
        if any(layer.plan.groups == plan.groups and not layer.ran for layer in self._layers):
            return
        new = Layer(plan, [r for r in self._open.values() if _belongs(r, plan)], written(self._state.units, plan))
        for layer in self._layers:
            new.follow(layer)
        done = [*new.reads, *(reading for layer in new.read for reading in layer.reads)]
        for reading in self._readings():
            if reading not in done and meet(reading.regions, new.writes):
                if reading.serial > plan.serial:
                    raise _race(f"{reading} was enabled to read", plan, "write")
                raise _race(f"{plan} was enabled to write", reading, "read")
        for layer in self._layers:
            if layer not in new.wrote and meet(layer.writes, new.writes):
                raise _race(f"{plan} was enabled to write", layer.plan, "write")
        self._layers.append(new)

    def _readings(self) -> Iterator[Reading]:
        """Reads that may be going on."""
        readings = [*self._open.values(), *(r for layer in self._layers if layer.ran for r in layer.reads)]
        return (reading for reading in readings if not reading.over)

    # -- what has ended ----------------------------------------------------------------------

    def ran(self, plan: Plan, interrupts: int) -> None:
        """The model has run a layer, which set these interrupt bits."""
        layer = next(layer for layer in self._layers if layer.plan.groups == plan.groups and not layer.ran)
        layer.ran = True
        self._open = {key: reading for key, reading in self._open.items() if not _belongs(reading, plan)}
        for bit in range(interrupts.bit_length()):
            if interrupts >> bit & 1:
                self._raised[bit].append(layer)
        if not interrupts:
            self._layers.remove(layer)  # SDP_RDMA without work

    def interrupt_seen(self, bits: int) -> None:
        """The host has found these bits of S_INTR_STATUS set; a bit proves one layer until it is cleared."""
        for bit, layers in self._raised.items():
            if layers and bits & ~self._seen & 1 << bit:
                self._end(layers.popleft(), SOURCES[bit // 2])
        self._seen |= bits

    def interrupt_cleared(self, bits: int) -> None:
        """The host has cleared these bits."""
        self._seen &= ~bits

    def idle_seen(self, unit: str, group: int) -> None:
        """The host has read IDLE in S_STATUS: the unit is free, its last writes may still be under way."""
        for layer in self._layers:
            if layer.ran and layer.plan.groups.get(unit) == group:
                layer.ended.add(unit)
                if unit in MAIN:
                    _end_reads({layer, *layer.read})

    def all_seen(self) -> None:
        """The host knows that everything which could run has run."""
        self._layers = [layer for layer in self._layers if not layer.ran]
        self._raised.clear()

    def _end(self, layer: Layer, source: str) -> None:
        """What an interrupt tells of its layer and of those ahead of it in the same units (programming.md 4)."""
        passed = {layer, *layer.read}
        match source:
            case "CDMA data":
                _end_reads(passed, "lines")
            case "CDMA weight":
                _end_reads(passed, "weights")
            case "CACC":
                _end_reads(passed, "lines", "weights")
                layer.ended |= {"CDMA", "CSC", "CMAC_A", "CMAC_B", "CACC"}
            case _:
                _end_reads(passed)
                layer.ended |= set(layer.plan.units) - ({"PDP"} if source == "SDP" else set())
        if source == layer.writer:  # acknowledged in order
            self._layers = [other for other in self._layers if other not in passed or other.writer != source]

    # -- the host ----------------------------------------------------------------------------

    def check_host(self, address: int, length: int, write: bool) -> None:
        """The host may not write what may be in use, nor read what a layer may still write."""
        region = [Region(address, length)]
        verb = f"host {'writes' if write else 'reads'} {address:#x}..{address + length:#x}"
        for layer in self._layers:
            require(not meet(region, layer.writes), f"{verb} while the enabled layer {layer.plan.name} writes there")
        for reading in self._readings() if write else ():
            require(not meet(region, reading.regions), f"{verb} while {reading} reads there")

    def user(self, unit: str, group: int | None = None) -> Plan | None:
        """A layer that may be using a unit; with `group` only one that has run in that group of it."""
        for layer in self._layers:
            used = layer.plan.groups.get(unit)
            if used is not None and unit not in layer.ended and (group is None or (layer.ran and group == used)):
                return layer.plan
        return None


def _belongs(reading: Reading, plan: Plan) -> bool:
    return plan.groups.get(reading.unit) == reading.group


def _race(what: str, other: object, verb: str) -> RuleViolation:
    return RuleViolation(f"{what} what {other} may still {verb}: wait for its interrupt first (programming.md 1)")


def _end_reads(layers: Iterable[Layer], *parts: str) -> None:
    """Reads of these layers are over; with `parts` only those of CDMA."""
    for layer in layers:
        for reading in layer.reads:
            reading.over = reading.over or not parts or reading.part in parts
