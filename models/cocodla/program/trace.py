"""Reader of public nv_small trace tests (spec: trace_format.md)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
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
from cocodla.program.program import Program
from cocodla.program.surface_file import read_surface_file
from cocodla.registers import MAP

_COMMAND = re.compile(r"(\w+)\s*\((.*)\)\s*;\s*(?://.*)?")
_INTERRUPT = re.compile(r"(SDP|CDP|PDP|BDMA|RUBIK|CDMA_DAT|CDMA_WT|CACC)_([01])")
_SOURCE_BIT = {"SDP": 0, "CDP": 2, "PDP": 4, "BDMA": 6, "RUBIK": 8, "CDMA_DAT": 16, "CDMA_WT": 18, "CACC": 20}
_PATTERN_BYTE = {"ALL_ZERO": 0, "ONES": 0xFF, "AFIVE": 0xA5, "FIVEA": 0x5A}
_ALL_BITS = 0xFFFFFFFF


def read_trace(directory: Path | str) -> Program:
    """The trace test in `directory` (one <name>.cfg and its surface files) as a Program.

    Memory commands come first, then register commands in file order, then for each expected
    interrupt in file order the wait and the checks that hang on it (section 5). UserError with
    file and line number for anything the format does not allow.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise UserError(f"{directory}: no such trace directory")
    path = directory / f"{directory.name}.cfg"
    if not path.is_file():
        scripts = sorted(directory.glob("*.cfg"))
        if len(scripts) != 1:
            raise UserError(f"{directory}: {len(scripts)} .cfg files, one is expected")
        path = scripts[0]
    return _TraceReader(path).program()


_Placed = tuple[int, Command]
"""A command and its line."""


@dataclass
class _Sync:
    """One expected interrupt: its status bit and what happens once it has been seen."""

    bit: int
    line: int
    actions: list[_Placed] = field(default_factory=list)


class _TraceReader:
    """Collects the commands of one .cfg file, with their lines, by the moment at which they act."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.memory: list[_Placed] = []
        self.registers: list[_Placed] = []
        self.syncs: dict[str, _Sync] = {}
        self.deferred: list[tuple[str, int, list[Command]]] = []
        self.handlers: dict[str, Callable[[list[str]], None]] = {
            "reg_write": self._reg_write,
            "reg_read_check": self._reg_read_check,
            "reg_read": self._reg_read,
            "poll_reg_equal": self._poll,
            "mem_init": self._mem_init,
            "mem_load": self._mem_load,
            "mem_reserve": self._mem_nothing,
            "mem_release": self._mem_nothing,
            "intr_notify": self._intr_notify,
            "check_crc": self._check_crc,
            "check_file": self._check_file,
            "check_nothing": self._check_nothing,
        }

    def error(self, text: str, line: int | None = None) -> UserError:
        return UserError(f"{self.path}:{self.line if line is None else line}: {text}")

    def program(self) -> Program:
        try:
            text = self.path.read_text(encoding="ascii")
        except UnicodeDecodeError:
            raise UserError(f"{self.path}: not a text file") from None
        except OSError as error:
            raise UserError(f"{self.path}: cannot read: {error.strerror}") from None
        for self.line, line in enumerate(map(str.strip, text.splitlines()), 1):
            if line and not line.startswith("//"):
                self._command(line)
        for sync_id, number, actions in self.deferred:
            if sync_id not in self.syncs:
                raise self.error(f"{sync_id!r} is announced by no intr_notify", number)
            self.syncs[sync_id].actions += [(number, action) for action in actions]
        name = self.path.stem
        program = Program(meta={"name": name, "source": "nv_small trace"})
        program.append(Mark(name))
        placed = [*self.memory, *self.registers]
        for sync in self.syncs.values():
            placed += [(sync.line, WaitInterrupt(1 << sync.bit)), *sync.actions]
        for number, command in placed:
            program.append_from(self.path, number, command)
        program.validate()
        return program

    def _command(self, line: str) -> None:
        match = _COMMAND.fullmatch(line)
        if not match:
            raise self.error(f"not a command: {line[:60]!r}")
        name, arguments = match.groups()
        handler = self.handlers.get(name)
        if handler is None:
            raise self.error(f"unknown command {name!r}")
        handler([a.strip() for a in arguments.split(",")])

    # -- arguments ---------------------------------------------------------------------------

    def _count(self, arguments: list[str], *allowed: int) -> None:
        if len(arguments) not in allowed:
            raise self.error(f"{len(arguments)} arguments, {' or '.join(map(str, allowed))} expected")

    def _number(self, text: str, bits: int = 32) -> int:
        try:
            value = int(text, 0)
        except ValueError:
            raise self.error(f"{text!r} is not a number") from None
        if not 0 <= value < 1 << bits:
            raise self.error(f"{text} does not fit {bits} bits")
        return value

    def _register(self, text: str) -> int:
        match = re.fullmatch(r"NVDLA_(\w+)\.(\w+)_0", text)
        if not match:
            raise self.error(f"{text!r} is not a register name NVDLA_<UNIT>.<REGISTER>_0")
        try:
            return MAP[".".join(match.groups())].address
        except UserError as error:
            raise self.error(str(error)) from None

    def _range(self, memory: str, base: str, size: int) -> int:
        if memory not in ("pri_mem", "1"):
            raise self.error(f"memory {memory!r} does not exist in nv_small (pri_mem only)")
        address = self._number(base)
        if address + size > 1 << ADDRESS_BITS:
            raise self.error(f"bytes {address:#x}..{address + size:#x} are outside the 32-bit memory")
        return address

    def _file(self, text: str) -> Path:
        match = re.fullmatch(r'"([^"]+)"', text)
        if not match:
            raise self.error(f"{text} is not a file name in double quotes")
        path = self.path.parent / match.group(1)
        if not path.is_file():
            raise self.error(f"{path.name}: no such file")
        return path

    # -- commands ----------------------------------------------------------------------------

    def _reg_write(self, a: list[str]) -> None:
        self._count(a, 2)
        self.registers.append((self.line, WriteRegister(self._register(a[0]), self._number(a[1]))))

    def _reg_read_check(self, a: list[str]) -> None:
        self._count(a, 2)
        self.registers.append((self.line, ReadRegister(self._register(a[0]), _ALL_BITS, self._number(a[1]))))

    def _reg_read(self, a: list[str]) -> None:
        self._count(a, 2)
        self.registers.append((self.line, ReadRegister(self._register(a[0]), 0, 0)))

    def _poll(self, a: list[str]) -> None:
        self._count(a, 2)
        self.registers.append((self.line, PollRegister(self._register(a[0]), _ALL_BITS, self._number(a[1]))))

    def _act(self, commands: list[Command], sync: list[str]) -> None:
        """Memory commands act first of all, or after the sync id given as last argument."""
        if sync:
            self.deferred.append((sync[0], self.line, commands))
        else:
            self.memory += [(self.line, command) for command in commands]

    def _mem_init(self, a: list[str]) -> None:
        self._count(a, 4, 5)
        overlay: list[tuple[int, bytes]] = []
        if a[2].startswith('"'):
            overlay = read_surface_file(self._file(a[2]))
            size = max((offset + len(data) for offset, data in overlay), default=0)
        else:
            size = self._number(a[2])
        address = self._range(a[0], a[1], size)
        commands: list[Command]
        if a[3] in _PATTERN_BYTE:
            commands = [FillMemory(address, size, _PATTERN_BYTE[a[3]])]
        elif a[3] == "ADDR":
            low = np.arange(address, address + size, dtype=np.int64).astype(np.uint8)
            commands = [LoadMemory(address, low.tobytes())]
        elif a[3] in ("RANDOM", "X"):
            seed = zlib.crc32(f"{self.path.name} {address:#x}".encode())
            commands = [LoadMemory(address, np.random.default_rng(seed).bytes(size))]
        else:
            raise self.error(f"unknown pattern {a[3]!r}")
        self._act(commands, a[4:])

    def _mem_load(self, a: list[str]) -> None:
        self._count(a, 3, 4)
        base = self._range(a[0], a[1], 0)
        runs = read_surface_file(self._file(a[2]))
        for offset, data in runs:
            self._range(a[0], a[1], offset + len(data))
        self._act([LoadMemory(base + offset, data) for offset, data in runs], a[3:])

    def _mem_nothing(self, a: list[str]) -> None:
        """mem_reserve and mem_release: our memory needs no declaration."""
        self._count(a, 3, 4)

    def _intr_notify(self, a: list[str]) -> None:
        self._count(a, 2)
        match = _INTERRUPT.fullmatch(a[0])
        if not match:
            raise self.error(f"unknown interrupt {a[0]!r}")
        if a[1] in self.syncs:
            raise self.error(f"{a[1]!r} is announced twice")
        self.syncs[a[1]] = _Sync(_SOURCE_BIT[match.group(1)] + int(match.group(2)), self.line)

    def _check_crc(self, a: list[str]) -> None:
        self._count(a, 5)
        size = self._number(a[3])
        check = CheckMemory(self._range(a[1], a[2], size), size, f"{a[0]} output", crc=self._number(a[4]))
        self.deferred.append((a[0], self.line, [check]))

    def _check_file(self, a: list[str]) -> None:
        self._count(a, 5)
        size = self._number(a[3])
        expected = bytearray(size)
        for offset, data in read_surface_file(self._file(a[4])):
            if offset + len(data) > size:
                raise self.error(f"{a[4]} reaches beyond the {size} bytes of the check")
            expected[offset : offset + len(data)] = data
        address = self._range(a[1], a[2], size)
        check = CheckMemory(address, size, f"{a[0]} output", expected=bytes(expected))
        self.deferred.append((a[0], self.line, [check]))

    def _check_nothing(self, a: list[str]) -> None:
        self._count(a, 1)
        self.deferred.append((a[0], self.line, []))
