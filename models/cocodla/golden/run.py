"""Executing a Program on the golden Device."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from cocodla.errors import UserError
from cocodla.golden.device import Device
from cocodla.program.commands import (
    CheckMemory,
    Command,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.execution import Event, Execution, Observation
from cocodla.program.program import Program
from cocodla.registers import MAP

_ENABLE = {r.address: r.path for r in MAP if r.name == "D_OP_ENABLE"}


def run(program: Program, device: Device | None = None, progress: Callable[[int], None] | None = None) -> Execution:
    """Execute all commands in order and return what was observed.

    `device` keeps its state from run to run (default: a fresh one). `progress` is called with the
    number of commands done at each Mark. A program that breaks a rule or waits for ever raises
    UserError naming the command, and its file and line if it was read from one; a check that fails
    is a line in Execution.failures.
    """
    device = device or Device()
    result = Execution("golden")
    for index, command in enumerate(program.commands):
        try:
            step(device, command, index, result)
        except UserError as error:
            raise type(error)(f"{program.origin(index)}command {index} ({type(command).__name__}): {error}") from None
        if progress and isinstance(command, Mark):
            progress(index)
    result.counters["layers"] = device.layers_run
    return result


def step(device: Device, command: Command, index: int, result: Execution) -> None:
    """Execute one command; observations, events and failures go to `result`."""
    match command:
        case WriteRegister(address, value):
            device.write_register(address, value)
            if address in _ENABLE and value & 1:
                result.events.append(Event(index, _ENABLE[address]))
        case LoadMemory(address, data):
            device.load_memory(address, np.frombuffer(data, np.uint8)[None])
        case FillMemory(address, length, value):
            device.fill_memory(address, length, value)
        case ReadRegister(address, mask, expected):
            value = device.read_register(address)
            name = register_name(address)
            result.observations.append(Observation(index, name, value.to_bytes(4, "little")))
            if value & mask == expected & mask:
                device.rely_on(address, mask, value)
            else:
                result.failures.append(
                    f"command {index}: {name} reads {value:#010x}, expected {expected:#010x} under {mask:#010x}"
                )
        case PollRegister(address, mask, expected):
            device.poll_register(address, mask, expected)
        case WaitInterrupt(bits, clear):
            device.wait_interrupt(bits, clear)
            result.events.append(Event(index, f"interrupt {bits:#x}"))
        case CheckMemory(address, length, name, expected_data, crc):
            data = device.read_memory(address, length)[0].tobytes()
            result.observations.append(Observation(index, name, data))
            result.failures += check(index, name, data, expected_data, crc)
        case Mark(name):
            result.events.append(Event(index, name))


def register_name(address: int) -> str:
    """UNIT.REGISTER, or the address where no register is."""
    register = MAP.find(address)
    return register.path if register else f"register {address:#07x}"


def check(index: int, name: str, data: bytes, expected: bytes | None, crc: int | None) -> list[str]:
    """Failure lines of one CheckMemory (none when it holds): shared by all backends."""
    if expected is not None and data != expected:
        places = np.flatnonzero(np.frombuffer(data, np.uint8) != np.frombuffer(expected, np.uint8))
        first = int(places[0])
        return [
            f"command {index}: {name}: {len(places)} of {len(data)} bytes differ, first at offset {first:#x}: "
            f"expected {expected[first]:#04x}, got {data[first]:#04x}"
        ]
    if crc is not None and zlib.crc32(data) != crc:
        return [f"command {index}: {name}: CRC-32 {zlib.crc32(data):#010x}, expected {crc:#010x}"]
    return []
