"""Reader of public nv_small trace tests (spec: trace_format.md)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from cocodla.errors import UserError
from cocodla.hw import ADDRESS_BITS
from cocodla.program.allowance import Allowance, Limits
from cocodla.program.commands import (
    CheckMemory,
    Command,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WriteRegister,
)
from cocodla.program.program import Program
from cocodla.program.streams import SOURCE_BIT, Interrupt, Issue, Notify, Streams, Wait
from cocodla.program.surface_file import read_surface_file
from cocodla.program.text import LONGEST_COMMAND, clipped, parse_number, read_lines
from cocodla.registers import MAP, Register

_COMMAND = re.compile(r'(\w+)\s*\(((?:[^";]|"[^"]*")*)\)\s*;\s*')
_CODE = re.compile(r'(?:"[^"]*"|(?!//).)*')
"""A line up to its comment."""
_INTERRUPT = re.compile(rf"({'|'.join(SOURCE_BIT)})_([01])")
_PATTERN_BYTE = {"ALL_ZERO": 0, "ONES": 0xFF, "AFIVE": 0xA5, "FIVEA": 0x5A}
_PATTERNS = (*_PATTERN_BYTE, "ADDR", "RANDOM", "X")
_ALL_BITS = 0xFFFFFFFF


def read_trace(path: Path | str, limits: Limits | None = None) -> Program:
    """The trace test at `path` (a .cfg file, or the folder of one) as a Program.

    Memory commands come first, then register commands in file order, then for each expected
    interrupt in file order the wait and the checks that hang on it (section 5); `sync_wait` can
    put parts of it later (program.streams). UserError with file and line number for anything the
    format does not allow, and for more than `limits`. All lines are judged before a surface file is read.
    """
    return _TraceReader(find_script(Path(path)), Allowance(limits)).program()


def find_script(path: Path) -> Path:
    """The .cfg file of a trace: `path` itself, or in a folder the one with its name, or its only one."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise UserError(f"{path}: no such trace directory")
    scripts = sorted(file for file in path.iterdir() if file.suffix.lower() == ".cfg")
    named = [file for file in scripts if file.stem == path.resolve().name]
    if len(named or scripts) != 1:
        raise UserError(f"{path}: {len(scripts)} .cfg files, one is expected")
    return (named or scripts)[0]


class _TraceReader:
    """Collects the commands of one .cfg file, with their lines, by the moment at which they act.

    contents: what reads or makes the bytes of memory commands, when all lines are known to be right.
    """

    def __init__(self, path: Path, allowance: Allowance) -> None:
        self.path = path
        self.allowance = allowance
        self.line = 0
        self.registers: dict[str, Register] = {}
        self.memory: list[tuple[int, list[Command]]] = []
        self.contents: list[tuple[int, Callable[[], None]]] = []
        self.streams = Streams(lambda text, line: self.error(text, line))
        self.handlers: dict[str, Callable[[list[str]], None]] = {
            "reg_write": self._reg_write,
            "reg_read_check": self._reg_read_check,
            "reg_read": self._reg_read,
            "poll_reg_equal": self._poll,
            "mem_init": self._mem_init,
            "mem_load": self._mem_load,
            "mem_reserve": self._mem_reserve,
            "mem_release": self._mem_release,
            "intr_notify": self._intr_notify,
            "sync_notify": self._sync_notify,
            "sync_wait": self._sync_wait,
            "check_crc": self._check_crc,
            "check_file": self._check_file,
            "check_nothing": self._check_nothing,
        }

    def error(self, text: str, line: int | None = None) -> UserError:
        return UserError(f"{self.path}:{self.line if line is None else line}: {clipped(text)}")

    def program(self) -> Program:
        for number, line in read_lines(self.path, self.allowance, LONGEST_COMMAND):
            self.line, code = number, _CODE.match(line)
            if code and (text := code.group().strip()):
                self._judged(partial(self._command, text))
        for number, make in self.contents:
            self.line = number
            self._judged(make)
        name = self.path.stem
        program = Program(meta={"name": name, "source": "nv_small trace"})
        program.append(Mark(name))
        for number, commands in self.memory:
            program.append_from(self.path, number, *commands)
        for number, command in self.streams.sequence():
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
            raise self.error(f"unknown command {name[:60]!r}")
        self.allowance.command()
        handler(_split(arguments))

    def _judged(self, action: Callable[[], None]) -> None:
        """Do what raises ValueError for input that is wrong."""
        try:
            action()
        except ValueError as error:
            raise self.error(str(error)) from None

    # -- arguments ---------------------------------------------------------------------------

    def _count(self, arguments: list[str], *allowed: int) -> None:
        if len(arguments) not in allowed:
            raise self.error(f"{len(arguments)} arguments, {' or '.join(map(str, allowed))} expected")

    def _sync(self, text: str) -> str:
        if not re.fullmatch(r"\w+", text):
            raise self.error(f"{text[:60]!r} is not a sync id (letters, digits, underscore)")
        return text

    def _register(self, text: str) -> Register:
        if found := self.registers.get(text):
            return found
        match = re.fullmatch(r"NVDLA_(\w+)\.(\w+)_0", text)
        if not match:
            raise self.error(f"{text[:60]!r} is not a register name NVDLA_<UNIT>.<REGISTER>_0")
        try:
            found = MAP[".".join(match.groups())]
        except UserError as error:
            raise self.error(str(error)) from None
        self.registers[text] = found
        return found

    def _block(self, text: str) -> str:
        name = text.removeprefix("NVDLA_")
        if name not in MAP.units:
            raise self.error(f"unknown unit {text[:60]!r}")
        return name

    def _range(self, memory: str, base: str, size: int) -> int:
        if memory not in ("pri_mem", "1"):
            raise self.error(f"memory {memory[:60]!r} does not exist in nv_small (pri_mem only)")
        address = parse_number(base)
        if address + size > 1 << ADDRESS_BITS:
            raise self.error(f"bytes {address:#x}..{address + size:#x} are outside the 32-bit memory")
        return address

    def _file(self, text: str) -> Path:
        match = re.fullmatch(r'"([^"]+)"', text)
        if not match:
            raise self.error(f"{text[:60]} is not a file name in double quotes")
        return self.allowance.file(self.path.parent, match.group(1))

    # -- commands ----------------------------------------------------------------------------

    def _issue(self, register: Register, command: Command) -> None:
        self.streams.items.append(Issue(self.line, register.unit, command))

    def _reg_write(self, a: list[str]) -> None:
        self._count(a, 2)
        register = self._register(a[0])
        self._issue(register, WriteRegister(register.address, parse_number(a[1])))

    def _reg_read_check(self, a: list[str]) -> None:
        self._count(a, 2)
        register = self._register(a[0])
        self._issue(register, ReadRegister(register.address, _ALL_BITS, parse_number(a[1])))

    def _reg_read(self, a: list[str]) -> None:
        self._count(a, 2)
        register = self._register(a[0])
        self._issue(register, ReadRegister(register.address, 0, 0))

    def _poll(self, a: list[str]) -> None:
        self._count(a, 2)
        register = self._register(a[0])
        self._issue(register, PollRegister(register.address, _ALL_BITS, parse_number(a[1])))

    def _sync_notify(self, a: list[str]) -> None:
        self._count(a, 2)
        self.streams.items.append(Notify(self.line, self._block(a[0]), self._sync(a[1])))

    def _sync_wait(self, a: list[str]) -> None:
        self._count(a, 2)
        self.streams.items.append(Wait(self.line, self._block(a[0]), self._sync(a[1])))

    def _act(self, sync: list[str]) -> list[Command]:
        """The list for what memory commands do first of all, or after the sync id given as last argument."""
        commands: list[Command] = []
        if sync:
            self._after(sync[0], commands)
        else:
            self.memory.append((self.line, commands))
        return commands

    def _after(self, sync: str, commands: list[Command]) -> None:
        self.streams.actions.append((self._sync(sync), self.line, commands))

    def _mem_init(self, a: list[str]) -> None:
        self._count(a, 4, 5)
        if a[3] not in _PATTERNS:
            raise self.error(f"unknown pattern {a[3][:60]!r}")
        commands = self._act(a[4:])
        if not a[2].startswith('"'):
            self._fill(a, parse_number(a[2]), commands)
            return
        path = self._file(a[2])

        def measure() -> None:
            runs = read_surface_file(path, self.allowance)
            self._fill(a, max((offset + len(data) for offset, data in runs), default=0), commands)

        self.contents.append((self.line, measure))

    def _fill(self, a: list[str], size: int, commands: list[Command]) -> None:
        """The commands of a mem_init of `size` bytes."""
        address, pattern = self._range(a[0], a[1], size), a[3]
        self.allowance.declare(size)
        if pattern != "ALL_ZERO":
            self.allowance.hold(size)
        if pattern in _PATTERN_BYTE:
            commands.append(FillMemory(address, size, _PATTERN_BYTE[pattern]))
            return
        make = self._addresses if pattern == "ADDR" else self._random
        self.contents.append((self.line, lambda: commands.append(LoadMemory(address, make(address, size)))))

    def _addresses(self, address: int, size: int) -> bytes:
        low = np.arange(256, dtype=np.uint8)
        return np.resize(np.roll(low, -(address % 256)), size).tobytes()

    def _random(self, address: int, size: int) -> bytes:
        seed = zlib.crc32(f"{self.path.name} {address:#x}".encode())
        return np.random.default_rng(seed).bytes(size)

    def _mem_load(self, a: list[str]) -> None:
        self._count(a, 3, 4)
        base = self._range(a[0], a[1], 0)
        path, commands = self._file(a[2]), self._act(a[3:])

        def load() -> None:
            runs = read_surface_file(path, self.allowance)
            for offset, data in runs:
                self._range(a[0], a[1], offset + len(data))
                self.allowance.declare(len(data))
            commands.extend(LoadMemory(base + offset, data) for offset, data in runs)

        self.contents.append((self.line, load))

    def _mem_reserve(self, a: list[str]) -> None:
        """Our memory needs no declaration; the range must exist."""
        self._count(a, 3, 4)
        size = parse_number(a[2])
        self._range(a[0], a[1], size)
        self.allowance.declare(size)
        self._act(a[3:])

    def _mem_release(self, a: list[str]) -> None:
        """Nothing to do: the bytes stay where they are."""
        self._count(a, 3)
        self._range(a[0], a[1], 0)
        self._after(a[2], [])

    def _intr_notify(self, a: list[str]) -> None:
        self._count(a, 1, 2)
        sync = self._sync(a[-1])
        if sync in self.streams.interrupts:
            raise self.error(f"{sync!r} is announced twice")
        source, group = "", 0
        if len(a) == 2:
            match = _INTERRUPT.fullmatch(a[0])
            if not match:
                raise self.error(f"unknown interrupt {a[0][:60]!r}")
            source, group = match.group(1), int(match.group(2))
        self.streams.interrupts[sync] = Interrupt(self.line, sync, source, group)

    def _checked(self, a: list[str]) -> tuple[int, int]:
        """Address and size of a check."""
        size = parse_number(a[3])
        address = self._range(a[1], a[2], size)
        self.allowance.check(size)
        return address, size

    def _check_crc(self, a: list[str]) -> None:
        self._count(a, 5)
        address, size = self._checked(a)
        self._after(a[0], [CheckMemory(address, size, f"{a[0]} output", crc=parse_number(a[4]))])

    def _check_file(self, a: list[str]) -> None:
        self._count(a, 5)
        address, size = self._checked(a)
        path, commands = self._file(a[4]), list[Command]()
        self._after(a[0], commands)

        def compare() -> None:
            expected = bytearray(size)
            for offset, data in read_surface_file(path, self.allowance):
                if offset + len(data) > size:
                    raise ValueError(f"{a[4][:80]} reaches beyond the {size} bytes of the check")
                expected[offset : offset + len(data)] = data
            commands.append(CheckMemory(address, size, f"{a[0]} output", bytes(expected)))

        self.contents.append((self.line, compare))

    def _check_nothing(self, a: list[str]) -> None:
        self._count(a, 1)
        self._after(a[0], [])


def _split(arguments: str) -> list[str]:
    """Arguments between commas that are not inside quotes."""
    parts = arguments.split('"')
    parts[::2] = [part.replace(",", "\0") for part in parts[::2]]
    return [argument.strip() for argument in '"'.join(parts).split("\0")]
