"""What a run that hangs is told with: units enabled, what each waits for, and the rule that is likely broken."""

from __future__ import annotations

from cocodla.errors import UserError
from cocodla.golden.device import Device, interrupt_names
from cocodla.golden.rules import RuleViolation
from cocodla.golden.run import register_name, step
from cocodla.golden.snapshot import Snapshot
from cocodla.program.commands import Command, Mark, PollRegister, ReadRegister, WaitInterrupt, WriteRegister
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.registers import MAP

_STATES = ("IDLE", "RUNNING", "PENDING", "?")

Status = dict[int, int | None]
"""Register values read after the hang, by address; None: CSB did not answer."""


def diagnose(program: Program, index: int, cycles: int, status: Status) -> str:
    """One line: the command that waits, every unit that is not idle and what it waits for, the likely broken rule.

    cycles: how long it was waited for.
    """
    device, reason = _replay(program, index)
    text = f"no progress in {cycles:,} cycles: command {index} {describe(program.commands[index])}"
    if mark := next(program.marks_before(index), None):
        text += f" (after mark {mark.name!r})"
    busy = list(_busy(status, device))
    text += "; enabled: " + ("; ".join(busy) if busy else "no unit")
    mask, bits = status.get(MAP["GLB.S_INTR_MASK"].address), status.get(MAP["GLB.S_INTR_STATUS"].address)
    if mask is not None and bits is not None:
        text += f"; S_INTR_STATUS {bits:#x}, mask {mask:#x}"
    dead = [address for address, value in status.items() if value is None]
    if dead:
        text += f"; CSB does not answer at {register_name(dead[0])}"
    return f"{text}; likely: {reason}"


def describe(command: Command) -> str:
    """A command in a few words, for messages."""
    match command:
        case WaitInterrupt(bits, _):
            return f"waits for interrupt status bits {bits:#x} ({interrupt_names(bits)})"
        case PollRegister(address, mask, expected):
            return f"polls {register_name(address)} for {expected:#x} under {mask:#x}"
        case WriteRegister(address, value):
            return f"writes {value:#x} to {register_name(address)}"
        case ReadRegister(address, _, _):
            return f"reads {register_name(address)}"
        case _:
            return type(command).__name__


def _replay(program: Program, index: int) -> tuple[Device, str]:
    """The golden model after the commands up to `index`, and what it has against them."""
    device, execution = Device(), Execution("golden")
    for number, command in enumerate(program.commands[: index + 1]):
        if isinstance(command, Mark):
            continue
        try:
            step(device, command, number, execution)
        except RuleViolation as error:
            return device, f"a rule is broken: {error}"
        except UserError as error:
            return device, f"units, groups or order (programming.md 1 to 3): {error}"
    return device, "no rule that the golden model knows is broken: the design hangs, or needs longer (WATCHDOG= cycles)"


def _busy(status: Status, device: Device) -> list[str]:
    """Each unit that is not idle."""
    states: dict[str, list[int]] = {}
    consumers: dict[str, int] = {}
    for name, unit in MAP.units.items():
        word, pointer = status.get(unit.base), status.get(unit.base + 4)
        if unit.has_groups and word is not None and pointer is not None:
            states[name] = [word & 3, word >> 16 & 3]
            consumers[name] = pointer >> 16 & 1
    lines = []
    for name, groups in states.items():
        for group, state in enumerate(groups):
            if state:
                waits = _waits(name, group, state, states, device.units[name].snapshot(group))
                lines.append(f"{name} group {group} {_STATES[state]} (consumer {consumers[name]}) {waits}")
    return lines


def _waits(unit: str, group: int, state: int, states: dict[str, list[int]], registers: Snapshot) -> str:
    """What a unit in that state waits for."""
    if state == 2:
        if states[unit][group ^ 1] == 0:
            return f"waits for a layer in group {group ^ 1}, which is IDLE: groups must alternate (programming.md 1)"
        return f"waits for the end of group {group ^ 1}"
    sources, text = _sources(unit, registers)
    names = [f"{name}{_idle(states.get(name))}" for name in sources]
    return f"waits for {text.format(*names)}"


def _idle(groups: list[int] | None) -> str:
    return " (IDLE)" if groups == [0, 0] else ""


def _sources(unit: str, registers: Snapshot) -> tuple[tuple[str, ...], str]:
    """Units whose work a running unit needs, and a text with a place for each."""
    if unit == "SDP":
        source = "CACC" if registers.flag("D_FEATURE_MODE_CFG.FLYING_MODE") else "SDP_RDMA"
        if registers.flag("D_FEATURE_MODE_CFG.OUTPUT_DST"):
            return (source, "PDP"), "data of {}, or for {} to take its own"
        return (source,), "data of {}, operands of its stages, or memory to take its output"
    if unit == "PDP":
        source = "PDP_RDMA" if registers.flag("D_OPERATION_MODE_CFG.FLYING_MODE") else "SDP"
        return (source,), "data of {}, or memory to take its output"
    return _FIXED[unit]


_FIXED: dict[str, tuple[tuple[str, ...], str]] = {
    "CDMA": (("CSC",), "memory, or for {} to free lines or weights or to agree to a change of banks"),
    "CSC": (("CDMA", "CACC"), "lines and weights of {}, or room in {}"),
    "CMAC_A": (("CSC",), "atoms of {}"),
    "CMAC_B": (("CSC",), "atoms of {}"),
    "CACC": (("CMAC_A", "CMAC_B", "SDP"), "sums of {} and {}, or for {} to take its own"),
    "SDP_RDMA": (("SDP",), "memory, or for {} to take its data"),
    "PDP_RDMA": (("PDP",), "memory, or for {} to take its data"),
    "CDP": (("CDP_RDMA",), "data of {}, or memory to take its output"),
    "CDP_RDMA": (("CDP",), "memory, or for {} to take its data"),
}
