"""Order of a trace's commands: streams of register commands, interrupts, and what hangs on them.

Public traces queue register commands by block; `sync_wait` stops one queue until an event has happened, an
interrupt or a `sync_notify` of another queue (spec: trace_format.md sections 2 and 5). Here the queues become one
sequence: file order as far as no queue waits, then the next expected interrupt, and so on.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from cocodla.errors import UserError
from cocodla.program.commands import Command, WaitInterrupt, WriteRegister
from cocodla.registers import MAP

Placed = tuple[int, Command]
"""A command and its line."""

Place = tuple[str, int]
"""A source of interrupts and a group."""

SOURCE_BIT = {"SDP": 0, "CDP": 2, "PDP": 4, "BDMA": 6, "RUBIK": 8, "CDMA_DAT": 16, "CDMA_WT": 18, "CACC": 20}
_SOURCES_OF = {"CDMA": ("CDMA_DAT", "CDMA_WT")}
_LAST_FIRST = ("CDP", "PDP", "SDP")
"""Units that end a layer; PDP behind SDP ends last."""

_ENABLES = {register.address for register in MAP if register.name == "D_OP_ENABLE"}
_POINTERS = {register.address for register in MAP if register.name == "S_POINTER"}
_MASK = MAP["GLB.S_INTR_MASK"].address


@dataclass(frozen=True)
class Issue:
    """A register command in the stream of a block."""

    line: int
    block: str
    command: Command


@dataclass(frozen=True)
class Notify:
    """sync_notify: the event `sync` happens when the stream of `block` comes here."""

    line: int
    block: str
    sync: str


@dataclass(frozen=True)
class Wait:
    """sync_wait: the stream of `block` goes on when the event `sync` has happened."""

    line: int
    block: str
    sync: str


@dataclass
class Interrupt:
    """intr_notify: the event `sync` happens with an interrupt of `source` ("" for any) and `group`."""

    line: int
    sync: str
    source: str = ""
    group: int = 0

    @property
    def place(self) -> Place:
        return self.source, self.group


Item = Issue | Notify | Wait


@dataclass
class Streams:
    """The commands of a trace, collected in file order. error: makes the error of a line."""

    error: Callable[[str, int], UserError]
    items: list[Item] = field(default_factory=list)
    interrupts: dict[str, Interrupt] = field(default_factory=dict)
    """By event."""
    actions: list[tuple[str, int, list[Command]]] = field(default_factory=list)
    """(event, line, commands): what is done at once when the event happens."""

    def sequence(self) -> list[Placed]:
        """All commands in one order. UserError for an event that nothing announces or that never happens."""
        known = set(self.interrupts)
        known |= {item.sync for item in self.items if isinstance(item, Notify)}
        used = [(sync, line) for sync, line, _ in self.actions]
        used += [(item.sync, item.line) for item in self.items if isinstance(item, Wait)]
        for sync, line in used:
            if sync not in known:
                raise self.error(f"{sync!r} is announced by no intr_notify or sync_notify", line)
        return list(_Merge(self).run())


class _Merge:
    """One run through the streams. Each command, event and interrupt is looked at a few times only, whatever waits.

    left: the streams by block, each (place in the file, item), never empty. expected: interrupts of a source and group
    that have not been waited for; unnamed: those without a source, by event. outstanding: enables whose interrupt has
    not been waited for. enables: those still to come.
    """

    def __init__(self, streams: Streams) -> None:
        self.error = streams.error
        self.left: dict[str, deque[tuple[int, Item]]] = {}
        for number, item in enumerate(streams.items):
            self.left.setdefault(item.block, deque()).append((number, item))
        self.expected: dict[Place, deque[Interrupt]] = defaultdict(deque)
        self.unnamed: OrderedDict[str, Interrupt] = OrderedDict()
        for interrupt in streams.interrupts.values():
            if interrupt.source:
                self.expected[interrupt.place].append(interrupt)
            else:
                self.unnamed[interrupt.sync] = interrupt
        self.actions: dict[str, list[Placed]] = defaultdict(list)
        for sync, line, commands in streams.actions:
            self.actions[sync] += [(line, command) for command in commands]
        self.happened: set[str] = set()
        self.producer: dict[str, int] = {}
        self.outstanding: Counter[Place] = Counter()
        self.enables = _count_enables(streams.items)
        self.mask = 0

    def run(self) -> Iterator[Placed]:
        while True:
            heads = self._heads()
            yield from self._advance()
            if self._heads() != heads:
                continue
            if not (self.unnamed or any(self.expected.values())):
                break
            yield from self._wait(self._next())
        waits = [item for _, item in self._heads().values() if isinstance(item, Wait)]
        if waits:
            first = min(waits, key=lambda wait: wait.line)
            raise self.error(f"the wait for {first.sync!r} never ends", first.line)

    def _heads(self) -> dict[str, tuple[int, Item]]:
        """The first item of each stream that has not ended."""
        return {block: stream[0] for block, stream in self.left.items()}

    def _advance(self) -> Iterator[Placed]:
        """What every stream can do without another interrupt, in file order."""
        heads = [(stream[0][0], block) for block, stream in self.left.items()]
        heapq.heapify(heads)
        while heads:
            _, block = heads[0]
            stream = self.left[block]
            item = stream[0][1]
            if isinstance(item, Wait) and item.sync not in self.happened:
                heapq.heappop(heads)
                continue
            stream.popleft()
            if stream:
                heapq.heapreplace(heads, (stream[0][0], block))
            else:
                heapq.heappop(heads)
                del self.left[block]
            if isinstance(item, Issue):
                yield from self._issue(item)
            elif isinstance(item, Notify):
                yield from self._happen(item.sync)

    def _issue(self, item: Issue) -> Iterator[Placed]:
        if isinstance(item.command, WriteRegister):
            address, value = item.command.address, item.command.value
            if address in _POINTERS:
                self.producer[item.block] = value & 1
            elif address == _MASK:
                self.mask = value
            elif address in _ENABLES and value & 1:
                for source in _SOURCES_OF.get(item.block, (item.block,)):
                    yield from self._enable((source, self.producer.get(item.block, 0)))
        yield item.line, item.command

    def _enable(self, place: Place) -> Iterator[Placed]:
        """Before a group starts again, the interrupts of its earlier layers: later they could not be told apart."""
        while self.outstanding[place] and self._announced(place) > self.enables[place]:
            earlier = self.expected[place][0] if self.expected[place] else next(iter(self.unnamed.values()))
            yield from self._wait(earlier)
        self.outstanding[place] += 1
        self.enables[place] -= 1

    def _happen(self, sync: str) -> Iterator[Placed]:
        if sync not in self.happened:
            self.happened.add(sync)
            yield from self.actions[sync]

    def _wait(self, interrupt: Interrupt) -> Iterator[Placed]:
        source, group = self._source(interrupt)
        if interrupt.source:
            self.expected[interrupt.place].popleft()  # those of one source and group come in file order
        else:
            del self.unnamed[interrupt.sync]
        self.outstanding[source, group] = 0
        yield interrupt.line, WaitInterrupt(1 << SOURCE_BIT[source] + group)
        yield from self._happen(interrupt.sync)

    def _next(self) -> Interrupt:
        """The interrupt to wait for: one of a unit at work that a stream waits for, else of a unit at work, else any.

        Of several the first in the file; those of one source and group always come in file order.
        """
        waited = {item.sync for _, item in self._heads().values() if isinstance(item, Wait)}
        due = [queue[0] for queue in self.expected.values() if queue]
        unnamed = [self.unnamed[sync] for sync in waited if sync in self.unnamed]
        due += [*unnamed, *islice(self.unnamed.values(), 1)]
        at_work = [interrupt for interrupt in due if not interrupt.source or self.outstanding[interrupt.place]]
        urgent = [interrupt for interrupt in at_work if interrupt.sync in waited]
        return min(urgent or at_work or due, key=lambda interrupt: interrupt.line)

    def _announced(self, place: Place) -> int:
        """Interrupts still expected of a source and group."""
        return len(self.expected[place]) or (len(self.unnamed) if self._free(place) else 0)

    def _source(self, interrupt: Interrupt) -> Place:
        """Source and group; of an interrupt without a source those of the unit at work that ends a layer."""
        if interrupt.source:
            return interrupt.place
        for unit in _LAST_FIRST:
            for group in range(2):
                if self.outstanding[unit, group] and self._free((unit, group)):
                    return unit, group
        raise self.error("no enabled unit announces its end by an interrupt that is not masked", interrupt.line)

    def _free(self, place: Place) -> bool:
        """True if a unit's interrupt is not masked and no intr_notify names it."""
        unit, group = place
        return unit in _LAST_FIRST and not self.mask >> SOURCE_BIT[unit] + group & 1 and not self.expected[place]


def _count_enables(items: list[Item]) -> Counter[Place]:
    """How often a trace enables the unit behind each source, by group."""
    producer: dict[str, int] = {}
    enables: Counter[Place] = Counter()
    for item in items:
        if isinstance(item, Issue) and isinstance(item.command, WriteRegister):
            address, value = item.command.address, item.command.value
            if address in _POINTERS:
                producer[item.block] = value & 1
            elif address in _ENABLES and value & 1:
                for source in _SOURCES_OF.get(item.block, (item.block,)):
                    enables[source, producer.get(item.block, 0)] += 1
    return enables
