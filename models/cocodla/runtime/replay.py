"""Recorded register logs on the golden model: which of their reads depend on timing (docs/loadables.md).

A log holds what its own machine returned. Some of that depends on when the host looked: then the log's value proves
nothing about another machine, and the read is only recorded. Everything else has to be equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cocodla.errors import UserError
from cocodla.golden import Device
from cocodla.golden.run import step
from cocodla.program.commands import Command, PollRegister, ReadRegister
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.program.txn import RECORDED
from cocodla.registers import MAP, Register

_IDLE = 0
_BY_THEMSELVES = ("SDP_RDMA", "PDP_RDMA", "CDP_RDMA", "CDMA")
"""Units that read ahead as soon as they are enabled, and may end before the others of their layer begin."""


@dataclass
class Replay:
    """A log as it is replayed. commands: with what depends on timing made harmless. timing: indices of such reads."""

    program: Program
    device: Device
    golden: Execution = field(default_factory=lambda: Execution("golden"))
    timing: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Run all commands on the device; UserError that names the command of a broken rule."""
        for index, command in enumerate(self.program.commands):
            try:
                self._step(index, command)
            except UserError as error:
                place = f"{self.program.origin(index)}command {index} ({type(command).__name__})"
                raise type(error)(f"{place}: {error}") from None
        self.golden.counters["layers"] = self.device.layers_run

    def _step(self, index: int, command: Command) -> None:
        if isinstance(command, ReadRegister) and (register := MAP.find(command.address)):
            replayed = self._replayed(register, command)
            if replayed is not command:
                self.timing.add(index)
                self.program.commands[index] = command = replayed
        step(self.device, command, index, self.golden)

    def _replayed(self, register: Register, read: ReadRegister) -> Command:
        """The read as it is, or what stands for one that depends on timing."""
        match register.name:
            case "S_INTR_STATUS" if self._interrupts_may_come(read.mask):  # one that found bits is a wait already
                return replace(read, mask=0)
            case "S_STATUS" if self._at_work(register.unit):
                idle = self._seen_idle(register, read)
                return PollRegister(read.address, idle, 0) if idle else replace(read, mask=0)
            case "S_POINTER" if self._at_work(register.unit):
                return replace(read, mask=0)
        return read

    def _seen_idle(self, register: Register, read: ReadRegister) -> int:
        """Mask of the groups that the log saw idle while a layer of the unit may be at work: it waited for that."""
        fields = (field.mask for field in register.fields if field.mask & read.mask == field.mask)
        return sum(mask for mask in fields if read.expected & mask == _IDLE)

    def _interrupts_may_come(self, mask: int) -> bool:
        """Whether bits of the interrupt status may rise at any time: something is enabled, or its end was not seen."""
        units = self.device.units.values()
        return any(any(unit.enabled) for unit in units) or bool(self.device.glb.status & mask)

    def _at_work(self, unit: str) -> bool:
        """Whether a layer of the unit may be at work, as far as the host can know."""
        self.device.flight.update()
        return self.device.flight.user(unit) is not None or (
            unit in _BY_THEMSELVES and any(self.device.units[unit].enabled)
        )


def is_recorded(program: Program) -> bool:
    """Whether a program is a log of another machine."""
    return program.meta.get("source") == RECORDED

