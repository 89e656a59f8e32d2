"""Program of one image -> the words that the C driver executes (c/cocodla_driver.h, enum cocodla_step).

A program begins on a machine fresh from reset. A driver meets one on which networks have run, whose units may be about
to run group 1: so groups are told as such, and addresses of memory as offsets from a base.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cocodla.errors import Fault
from cocodla.program.commands import (
    CheckMemory,
    Command,
    LoadMemory,
    Mark,
    PollRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.program import Program
from cocodla.registers import MAP

WRITE, WRITE_REL, SELECT, POLL, POLL_GROUPS, WAIT = range(6)
AWAITED = 0x3F
"""Interrupts the driver awaits: those of SDP, CDP and PDP."""
_PATHS = {register.address: register.path for register in MAP}


@dataclass(frozen=True)
class Step:
    """One step: its words, and what it is."""

    words: tuple[int, ...]
    text: str


@dataclass
class Section:
    """What is done from the start of a layer on, to that of the next one."""

    name: str
    steps: list[Step] = field(default_factory=list)


def sections_of(program: Program, memory: tuple[int, int]) -> list[Section]:
    """The steps of a program, without what is the driver's own business: memory, interrupt mask.

    memory: first and last + 1 address of what moves with the base. Fault for a command that no driver can do.
    """
    sections = [Section("registers of the first layer")]
    for command in program:
        if isinstance(command, Mark):
            layer = command.info.get("layer")
            sections += [Section(f"{layer} starts; while it runs, registers of the next layer")] if layer else []
        sections[-1].steps += _steps(command, *memory)
    return [section for section in sections if section.steps]


def units_of(sections: list[Section]) -> int:
    """Bit n: a unit with registers from n << 12 on is used, and has two groups."""
    words = [step.words[0] for section in sections for step in section.steps]
    units = {(word & 0x3FFFF) >> 12 for word in words if word >> 28 == SELECT}
    return sum(1 << unit for unit in units)


def _steps(command: Command, first: int, end: int) -> Iterator[Step]:
    match command:
        case WriteRegister(address, _) if _PATHS[address] == "GLB.S_INTR_MASK":
            return
        case WriteRegister(address, value):
            yield _write(address, value, first, end)
        case PollRegister(address, mask, expected):
            op = POLL_GROUPS if _PATHS[address].endswith(".S_STATUS") else POLL
            yield Step((op << 28 | address, mask, expected), f"poll {_PATHS[address]}")
        case WaitInterrupt(bits, True) if not bits & ~AWAITED:
            yield Step((WAIT << 28 | bits,), "wait")
        case Mark() | LoadMemory() | CheckMemory():
            return
        case _:
            raise Fault(f"the driver has no step for {command}")


def _write(address: int, value: int, first: int, end: int) -> Step:
    path = _PATHS[address]
    if path.endswith(".S_POINTER"):
        return Step((SELECT << 28 | address, value), path)
    if "_ADDR_LOW" in path and first <= value < end:
        return Step((WRITE_REL << 28 | address, value - first), f"{path} = base + {value - first:#x}")
    if "_ADDR_LOW" in path and value:
        raise Fault(f"{path} = {value:#x} is outside the network's memory {first:#x}..{end:#x}")
    return Step((WRITE << 28 | address, value), path)


def words_of(sections: list[Section]) -> list[int]:
    """All words in order."""
    return [word for section in sections for step in section.steps for word in step.words]
