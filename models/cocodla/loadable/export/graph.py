"""The dependency graph of a task: which operation waits for which event of which other one (spec: sections 7 and 13).

What the driver is known to do is a relation "happens before" between programming, enabling and completion of
operations, whatever order of completion the hardware takes:

* an operation is programmed, then enabled, then it completes;
* an engine is given its operations in their order, the next but one when this one has completed, and completes them in
  their order;
* an operation is enabled after every event that it counts; of a fused chain the last unit is enabled first, and none
  completes before the first one is enabled.

A link is made only where the relation does not tell already that the input is complete, and the relation is what proves
the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cocodla.compiler.hardware.emit import Part
from cocodla.compiler.parts import NetworkParts
from cocodla.errors import UserError
from cocodla.loadable.descriptors import Kind, Link, Place, Signal
from cocodla.loadable.export.operations import Step
from cocodla.loadable.task import Operation

Moment = tuple[Signal, int]
"""An event of an operation: PROGRAMMED, ENABLED or COMPLETED."""
Needed = tuple[int, int]
"""(before, index): operation `before` must have completed when operation `index` is enabled."""


class Order:
    """What happens before what, by the links of the operations as they are now."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self.previous: dict[int, int] = {}
        self.first: dict[int, int] = {}
        last: dict[Kind, int] = {}
        for operation in operations:
            index = operation.index
            if operation.kind in last:
                self.previous[index] = last[operation.kind]
            last[operation.kind] = index
            fed = operation.src.type == Place.UNIT
            self.first[index] = self.first[index - 1] if fed else index

    def ensures(self, before: int, index: int) -> bool:
        """Whether `before` has always completed when `index` is enabled."""
        wanted, seen = (Signal.COMPLETED, before), set[Moment]()
        open_: list[Moment] = [(Signal.ENABLED, index)]
        links = self._links()
        while open_:
            moment = open_.pop()
            if moment == wanted:
                return True
            if moment not in seen and self.first[moment[1]] >= self.first[before]:
                seen.add(moment)
                open_ += self._causes(moment, links)
        return False

    def _causes(self, moment: Moment, links: dict[int, list[Moment]]) -> Iterator[Moment]:
        """What must have happened before."""
        signal, index = moment
        previous = self.previous.get(index)
        if signal is Signal.COMPLETED:
            yield Signal.ENABLED, index
            yield Signal.ENABLED, self.first[index]
            if previous is not None:
                yield Signal.COMPLETED, previous
        elif signal is Signal.ENABLED:
            yield Signal.PROGRAMMED, index
            yield from links.get(index, ())
        elif previous is not None:
            yield Signal.PROGRAMMED, previous
            if previous in self.previous:
                yield Signal.COMPLETED, self.previous[previous]

    def _links(self) -> dict[int, list[Moment]]:
        """The events that each operation waits for."""
        found: dict[int, list[Moment]] = {}
        for operation in self.operations:
            for link in (*operation.common.consumers, operation.common.fused_parent):
                if link.index >= 0:
                    found.setdefault(link.index, []).append((Signal(link.event), operation.index))
        return found


def link(network: NetworkParts, steps: Sequence[Step]) -> list[Needed]:
    """Make the graph of all operations; what it has to ensure."""
    operations = [operation for step in steps for operation in step.operations]
    _chain(operations)
    linker = _Linker(operations)
    needed = list(_needed(network, steps))
    for before, index in needed:
        linker.wait(before, index)
    for operation in operations:
        for found in (*operation.common.consumers, operation.common.fused_parent):
            if found.index >= 0:
                operations[found.index].common.dependency_count += 1
    return needed


def _set(operation: Operation, kind: Kind, link_: Link) -> None:
    consumers = list(operation.common.consumers)
    consumers[kind] = link_
    operation.common.consumers = tuple(consumers)


def _chain(operations: Sequence[Operation]) -> None:
    """Queues of the engines, and fused pairs: the unit behind is enabled when programmed, then the one before."""
    last: dict[Kind, Operation] = {}
    for operation in operations:
        index = operation.index
        operation.common.consumers = tuple(Link(-1, Signal.COMPLETED) for _ in Kind)
        operation.common.fused_parent = Link(-1, Signal.COMPLETED)
        if operation.kind in last:
            _set(last[operation.kind], operation.kind, Link(index, Signal.PROGRAMMED))
        last[operation.kind] = operation
        if operation.src.type == Place.UNIT:
            _set(operations[index - 1], operation.kind, Link(index, Signal.PROGRAMMED))
            operation.common.fused_parent = Link(index - 1, Signal.ENABLED)


class _Linker:
    """Adds events: an operation has one consumer of each kind only."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self.order = Order(operations)

    def wait(self, before: int, index: int) -> None:
        """Let `index`, or a unit behind it (which is enabled first), wait for the completion of `before`."""
        if self.order.ensures(before, index):
            return
        source = self.operations[before]
        waiting = list(self._behind(index))
        for operation in waiting:
            if self.order.previous.get(operation.index) == before:
                self._raise(before, operation.kind, Signal.COMPLETED)
                return
            if source.common.consumers[operation.kind].index < 0:
                _set(source, operation.kind, Link(operation.index, Signal.COMPLETED))
                return
        for operation in waiting:
            if self._after_sibling(source, operation):
                return
        for operation in waiting:
            if operation.kind is source.kind:
                self._raise(self.order.previous[operation.index], operation.kind, Signal.COMPLETED)
                return
        raise UserError(
            f"operation {before} ({source.kind}) has a consumer of kind {waiting[0].kind} already, and operation "
            f"{index} needs its result: the driver has one of each kind"
        )

    def _behind(self, index: int) -> Iterator[Operation]:
        yield self.operations[index]
        while self.operations[index].feeds_unit:
            index += 1
            yield self.operations[index]

    def _after_sibling(self, source: Operation, operation: Operation) -> bool:
        """An earlier operation of the same engine waits for `source`: this one is enabled after it."""
        sibling = source.common.consumers[operation.kind]
        if operation.kind is source.kind or sibling.event != Signal.COMPLETED or sibling.index > operation.index:
            return False
        index = operation.index
        while index != sibling.index:
            index = self.order.previous[index]
            if self.operations[index].common.consumers[operation.kind].event == Signal.PROGRAMMED:
                self._raise(index, operation.kind, Signal.ENABLED)
        return True

    def _raise(self, index: int, kind: Kind, signal: Signal) -> None:
        """Let the queue's link from an operation to the next one wait for a later event."""
        operation = self.operations[index]
        _set(operation, kind, replace(operation.common.consumers[kind], event=signal))


# -- what has to be ensured --------------------------------------------------------------------


def _needed(network: NetworkParts, steps: Sequence[Step]) -> Iterator[Needed]:
    """Pairs of operations, those that are nearest first: they often tell of the others."""
    parts = [_Parts(network, step) for step in steps]
    for place, now in enumerate(parts):
        for before in reversed(parts[:place]):
            last = before.step.operations[-1].index
            for index in now.waiting(before):
                yield last, index


class _Parts:
    """Memory that a step touches."""

    def __init__(self, network: NetworkParts, step: Step) -> None:
        self.step = step
        layer = step.layer
        tensors = network.tensors

        def part(name: str, box: tuple[tuple[int, int], ...]) -> Part:
            tensor = tensors[name]
            return Part(tensor.address, tensor.address + tensor.size, (box[0], box[1], box[2]))

        self.reads = [part(*entry) for entry in layer.reads]
        self.writes = [part(*entry) for entry in layer.writes]
        fed_by_memory = any(path.startswith("SDP_RDMA.") for path in layer.address_registers)
        self.operands = len(step.operations) > 1 and fed_by_memory

    def waiting(self, before: _Parts) -> list[int]:
        """The operations of this step that must not be enabled before all of another one has completed."""
        inputs = _meet(before.writes, self.reads)
        if not inputs and not _meet(before.writes, self.writes) and not _meet(before.reads, self.writes):
            return []
        # SDP behind a convolution fetches cubes by itself; once it waits, so does the convolution
        return [self.step.operations[1 if inputs and self.operands else 0].index]


def _meet(some: Sequence[Part], others: Sequence[Part]) -> bool:
    return any(one.meets(other) for one in some for other in others)
