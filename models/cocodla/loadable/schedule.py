"""The order in which the firmware programs and enables operations (spec: loadable.md section 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cocodla.errors import UserError
from cocodla.loadable.descriptors import Kind, Signal
from cocodla.loadable.machine import FETCHED_DATA, FETCHED_WEIGHTS, INTERRUPT, Machine
from cocodla.loadable.registers import UNITS, enabled, program, reads_memory
from cocodla.loadable.task import Operation, Task
from cocodla.program.commands import Command, Mark, PollRegister, ReadRegister, WaitInterrupt, WriteRegister
from cocodla.registers import MAP

_ALL = 0xFFFFFFFF


@dataclass
class Engine:
    """A processor of the firmware: the operation in each of its groups, reservations of its read unit.

    last: submitted most recently. first: the group that is looked at first when interrupts come. tables: the
    look-up table that each group uses.
    """

    kind: Kind
    groups: list[Operation | None] = field(default_factory=lambda: [None, None])
    reader: list[int | None] = field(default_factory=lambda: [None, None])
    tables: list[int | None] = field(default_factory=lambda: [None, None])
    last: Operation | None = None
    first: int = 0


@dataclass
class State:
    """Where an operation stands. left: events still to wait for; below 0 it is never enabled. groups: of its units."""

    left: int
    groups: dict[str, int] = field(default_factory=dict)
    submitted: bool = False
    programming: bool = False
    programmed: bool = False
    active: bool = False
    done: bool = False


class Firmware:
    """Runs a task on a machine and notes its register accesses.

    mark: what stands before an operation is programmed. interrupts: what S_INTR_STATUS reads at each interrupt, as a
    log tells; None: what the machine does. UserError for a task that does not end, or that the firmware fails.
    """

    def __init__(
        self, task: Task, machine: Machine, mark: Callable[[Operation], Mark], interrupts: Iterator[int] | None = None
    ) -> None:
        self.task, self.machine, self.mark = task, machine, mark
        self._told = interrupts
        self.commands: list[Command] = []
        self.engines = {kind: Engine(kind) for kind in UNITS}
        self.states = [State(operation.common.dependency_count) for operation in task.operations]

    def run(self) -> list[Command]:
        """All accesses of the task."""
        for kind, head in zip(Kind, self.task.network.heads, strict=True):
            if head >= 0:
                self._submit(self.task.operations[head])
                self._dequeue(self.engines[kind])
        while not all(state.done for state in self.states):
            bits = next(self._told, 0) if self._told else self.machine.interrupts()
            if not bits:
                raise UserError(f"the dependency graph does not finish: {self._waiting()}")
            self._interrupt(bits)
        return self.commands

    # -- accesses ------------------------------------------------------------------------------

    def _write(self, path: str, value: int) -> None:
        self.commands.append(WriteRegister(MAP[path].address, value))

    def _read(self, path: str, value: int, mask: int = _ALL) -> None:
        self.commands.append(ReadRegister(MAP[path].address, mask, value))

    def _observe(self, unit: str, name: str, value: int) -> None:
        """A read of a pointer or status; while the unit is at work it depends on timing, and is only recorded."""
        self._read(f"{unit}.{name}", value, 0 if self.machine.at_work(unit) else _ALL)

    def _point(self, operation: Operation) -> None:
        """S_POINTER of all units of the operation's engine, used or not."""
        for unit, group in self._state(operation).groups.items():
            self._write(f"{unit}.S_POINTER", group)
            self.machine.producer[unit] = group

    # -- submitting and programming ------------------------------------------------------------

    def _state(self, operation: Operation) -> State:
        return self.states[operation.index]

    def _submit(self, operation: Operation) -> None:
        engine, state, units = self.engines[operation.kind], self._state(operation), UNITS[operation.kind]
        if state.submitted:
            raise UserError(f"{operation} is queued twice: the dependency graph has a cycle")
        state.submitted = True
        group = self._free(units[0], [entry is not None for entry in engine.groups], operation)
        engine.groups[group], engine.last = operation, operation
        state.groups = dict.fromkeys(units, group)
        if operation.kind is not Kind.CONVOLUTION:
            reader = self._free(units[1], [entry is not None for entry in engine.reader], operation)
            if reads_memory(operation):
                engine.reader[reader] = operation.index
            if operation.kind is not Kind.CDP:
                state.groups[units[1]] = reader
        if not self._conflict(engine, operation):
            self._program(operation)

    def _free(self, unit: str, taken: list[bool], operation: Operation) -> int:
        """A group of a unit: at CONSUMER if both are free."""
        self._observe(unit, "S_POINTER", self.machine.pointer(unit))
        if all(taken):
            raise UserError(f"{operation} is queued while both groups of {unit} are taken")
        return taken.index(False) if any(taken) else self.machine.consumer[unit]

    def _conflict(self, engine: Engine, operation: Operation) -> bool:
        """Whether loading its tables would change those of the other group (section 7.3)."""
        if operation.kind is not Kind.CDP or operation.cdp.lut_index < 0:
            return False
        other = self._state(operation).groups["CDP"] ^ 1
        if engine.tables[other] is not None:
            return engine.tables[other] != operation.cdp.lut_index
        beside = engine.groups[other]
        return beside is not None and self._state(beside).active

    def _program(self, operation: Operation) -> None:
        state = self._state(operation)
        state.programming = True
        self.commands.append(self.mark(operation))
        self._point(operation)
        if operation.kind is Kind.CONVOLUTION:
            for unit in UNITS[Kind.CONVOLUTION]:
                self._observe(unit, "S_STATUS", self.machine.status(unit))
        else:
            self._read("GLB.S_INTR_MASK", 0)
            self._write("GLB.S_INTR_MASK", 0)
        if operation.kind is Kind.CDP and operation.cdp.lut_index >= 0:
            self.engines[Kind.CDP].tables[state.groups["CDP"]] = operation.cdp.lut_index
        try:
            for path, value in program(self.task, operation):
                self._write(path, value)
        except UserError as error:
            raise UserError(f"{operation}: {error}") from None
        state.programmed = True
        self._raise(operation, Signal.PROGRAMMED)
        state.programming = False
        if state.left == 0:
            self._enable(operation)

    def _dequeue(self, engine: Engine) -> None:
        """Submit what is queued behind the operation that was submitted last."""
        if engine.last is not None:
            following = engine.last.common.consumers[engine.kind].index
            if following >= 0:
                self._submit(self.task.operations[following])

    # -- enabling and events -------------------------------------------------------------------

    def _enable(self, operation: Operation) -> None:
        state = self._state(operation)
        if not state.programmed or state.active or state.programming or state.done:
            return
        self._point(operation)
        if operation.kind is Kind.CONVOLUTION:
            self.commands.append(PollRegister(MAP["CDMA.S_CBUF_FLUSH_STATUS"].address, _ALL, 1))
        for unit in enabled(operation):
            self._write(f"{unit}.D_OP_ENABLE", 1)
        self.machine.enable(operation, state.groups)
        state.active = True
        self._raise(operation, Signal.ENABLED)

    def _raise(self, operation: Operation, signal: Signal) -> None:
        for link in (*operation.common.consumers, operation.common.fused_parent):
            if link.index >= 0 and link.event == signal:
                self.states[link.index].left -= 1
                if self.states[link.index].left == 0:
                    self._enable(self.task.operations[link.index])

    # -- interrupts ----------------------------------------------------------------------------

    def _interrupt(self, bits: int) -> None:
        """Section 7.5: the status is read, cleared, and read again; then the engines take their events."""
        self.machine.finish(bits)
        self._read("GLB.S_INTR_MASK", 0)
        self.commands.append(WaitInterrupt(bits))
        self._read("GLB.S_INTR_MASK", 0)
        self._read("GLB.S_INTR_STATUS", 0, mask=0)
        for engine in self.engines.values():
            for group in (engine.first, engine.first ^ 1):
                self._take(engine, group, bits >> group)

    def _take(self, engine: Engine, group: int, bits: int) -> None:
        """The events of an engine's group; bits: moved to where those of group 0 are."""
        signals = [(INTERRUPT[engine.kind], Signal.COMPLETED)]
        if engine.kind is Kind.CONVOLUTION:
            signals = [(FETCHED_WEIGHTS, Signal.WEIGHTS), (FETCHED_DATA, Signal.DATA), *signals]
        for bit, signal in signals:
            operation = engine.groups[group]
            if not bits >> bit & 1 or operation is None:
                continue
            if signal is Signal.COMPLETED:
                self._complete(engine, operation, group)
            else:
                self._raise(operation, signal)

    def _complete(self, engine: Engine, operation: Operation, group: int) -> None:
        engine.groups[group] = engine.tables[group] = None
        engine.first = group ^ 1
        engine.reader = [None if index == operation.index else index for index in engine.reader]
        self._state(operation).done = True
        self._state(operation).active = False
        self._raise(operation, Signal.COMPLETED)
        if all(state.done for state in self.states):
            return
        prepared = engine.groups[group ^ 1]
        if prepared and not self._state(prepared).programmed and not self._conflict(engine, prepared):
            self._program(prepared)
        self._dequeue(engine)

    def _waiting(self) -> str:
        """What has not ended, and why."""
        found = []
        for operation, state in zip(self.task.operations, self.states, strict=True):
            if not state.done:
                count = f"{abs(state.left)} events {'missing' if state.left >= 0 else 'too many'}"
                reason = "at work" if state.active else count if state.submitted else "not queued"
                found.append(f"{operation}: {reason}")
        return "; ".join(found[:8]) + (f"; {len(found) - 8} more" if len(found) > 8 else "")
