"""A program that checks itself on both backends: its expectations, and RTL memory against the golden model's."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray, CubeLayout, Int8Array
from cocodla.golden import Device
from cocodla.golden.memory import PAGE, Memory
from cocodla.golden.rules import AbsentPart
from cocodla.golden.run import check, run, step
from cocodla.program.allowance import MOST_CHECKED
from cocodla.program.commands import CheckMemory, PollRegister, ReadRegister, WaitInterrupt
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.runtime import player, rtl
from cocodla.runtime.replay import Replay, is_recorded


@dataclass(frozen=True)
class Tally:
    """Reads with an expected value, memory checks and interrupts of one backend, and how many of them held.

    timing: reads of a recorded log whose value depends on timing, and how many were equal all the same.
    """

    reads: int = 0
    reads_equal: int = 0
    outputs: int = 0
    outputs_equal: int = 0
    interrupts: int = 0
    interrupts_seen: int = 0
    timing: int = 0
    timing_equal: int = 0


class _Memory(Memory):
    """Memory that remembers which pages were used, and which cubes written."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[int] = set()
        self.cubes: list[tuple[int, CubeLayout]] = []

    def read(self, address: int, length: int) -> ByteArray:
        self._use(address, length)
        return super().read(address, length)

    def write(self, address: int, data: ByteArray) -> None:
        self._use(address, data.shape[-1])
        super().write(address, data)

    def write_cube(self, address: int, layout: CubeLayout, atoms: Int8Array) -> None:
        self.cubes.append((address, layout))
        super().write_cube(address, layout, atoms)

    def _use(self, address: int, length: int) -> None:
        self.used.update(range(address // PAGE, (address + length - 1) // PAGE + 1))


class Scoreboard:
    """The golden model's run of a program, and the judgement of another run.

    program: with all memory it uses named (a public trace may rely on zeros it never mentions), and where it checks no
    memory, with a check of all of it. refused: the golden model does not run it; golden_failures[0] tells why. absent:
    because it needs what nv_small, or a simulation of it, does not have. timing: reads of a recorded log that depend on
    timing; in `program` they are only recorded, or wait for what the log found.
    """

    def __init__(self, program: Program) -> None:
        self.program = Program(list(program.commands), dict(program.meta))
        self._memory = _Memory()
        device = Device()
        device.memory = self._memory
        self.refused = self.absent = False
        self.golden = Execution("golden")
        self.timing: set[int] = set()
        self._told = list(program.commands)
        try:
            if is_recorded(program):
                replay = Replay(self.program, device, self.golden, self.timing)
                replay.run()
            else:
                self.golden = run(program, device)
            self.golden_failures = self._placed(self.golden.failures)
        except UserError as error:
            self.golden_failures, self.refused = [str(error)], True
            self.absent = isinstance(error, AbsentPart)
        self._name_memory()
        if not any(isinstance(command, CheckMemory) for command in program):
            self._check_all(device)
        try:
            rtl.check_memory(player.page_count(self.program))
        except UserError as error:
            self._refuse(str(error))

    def _refuse(self, reason: str) -> None:
        """A program that no simulation can run or judge."""
        if not self.refused:
            place = next(iter(self.program.meta.get("files", [])), "the program")
            self.golden_failures, self.refused = [f"{place}: {reason}"], True
        self.absent = True

    def _name_memory(self) -> None:
        named: set[int] = set()
        for base, size in player.regions(self.program):
            named.update(range(base // PAGE, -(-(base + size) // PAGE)))
        extra: list[list[int]] = []
        for page in sorted(self._memory.used - named):
            if extra and sum(extra[-1]) == page * PAGE:
                extra[-1][1] += PAGE
            else:
                extra.append([page * PAGE, PAGE])
        if extra:
            self.program.meta["memory"] = [*self.program.meta.get("memory", []), *extra]

    def _check_all(self, device: Device) -> None:
        found = player.regions(self.program)
        total = sum(length for _, length in found)
        if total > MOST_CHECKED:
            self._refuse(f"it checks no memory, and the {total:,} bytes it names are more than {MOST_CHECKED:,}")
            return
        for address, length in found:
            if length:
                self.program.append(CheckMemory(address, length, f"memory at {address:#x}"))
                if not self.refused:
                    step(device, self.program.commands[-1], len(self.program) - 1, self.golden)

    # -- the other run -----------------------------------------------------------------------

    def rtl_failures(self, execution: Execution) -> list[str]:
        """Its own failures, and memory that differs from the golden model's, in words."""
        return self._placed(execution.failures) + self.differences(execution)

    def differences(self, execution: Execution) -> list[str]:
        """Memory that differs from the golden model's, in words."""
        ours = {} if self.refused else {o.index: o.data for o in self.golden.observations}
        lines = []
        for seen in execution.observations:
            command = self.program.commands[seen.index]
            if isinstance(command, CheckMemory) and ours.get(seen.index, seen.data) != seen.data:
                lines.append(self._difference(command, ours[seen.index], seen.data))
        return lines

    def _placed(self, failures: list[str]) -> list[str]:
        """The failures, each with file and line of its command."""
        found = [(re.match(r"command (\d+): ", line), line) for line in failures]
        return [self.program.origin(int(match[1])) + line if match else line for match, line in found]

    def _difference(self, command: CheckMemory, expected: bytes, got: bytes) -> str:
        ours, theirs = np.frombuffer(expected, np.int8), np.frombuffer(got, np.int8)
        places = np.flatnonzero(ours != theirs)
        first = int(places[0])
        address = command.address + first
        return (
            f"{command.name}: byte {first:#x} (address {address:#x}{self._locate(address)}): golden model "
            f"{ours[first]}, RTL {theirs[first]} ({len(places)} of {len(ours)} bytes differ)"
        )

    def _locate(self, address: int) -> str:
        """Where a byte lies in the cube that was written there last."""
        for base, layout in reversed(self._memory.cubes):
            if base <= address < base + layout.size:
                found = layout.locate(address - base)
                place = "channel {}, line {}, column {}".format(*found) if found else "a gap"
                return f", {place} of the cube at {base:#x}"
        return ""

    def tallies(self, execution: Execution) -> dict[str, Tally]:
        """What was checked on each backend."""
        found = {"RTL": self._tally(execution)}
        return found if self.refused else {"golden": self._tally(self.golden), **found}

    def _tally(self, execution: Execution) -> Tally:
        ours = {} if self.refused else {o.index: o.data for o in self.golden.observations}
        reads, outputs = [], []
        waits = {n for n, command in enumerate(self._told) if isinstance(command, WaitInterrupt)}
        seen_waits = waits & {event.index for event in execution.events}
        timing = sum(isinstance(self.program.commands[index], PollRegister) for index in self.timing)
        for seen in execution.observations:
            command = self.program.commands[seen.index]
            if seen.index in self.timing:
                told = self._told[seen.index]
                assert isinstance(told, ReadRegister)
                timing += int.from_bytes(seen.data, "little") & told.mask == told.expected & told.mask
            if isinstance(command, CheckMemory):
                failures = check(seen.index, seen.name, seen.data, command.expected, command.crc)
                outputs.append(not failures and ours.get(seen.index, seen.data) == seen.data)
            elif isinstance(command, ReadRegister) and command.mask:
                value = int.from_bytes(seen.data, "little")
                reads.append(value & command.mask == command.expected & command.mask)
        return Tally(
            len(reads), sum(reads), len(outputs), sum(outputs), len(waits), len(seen_waits), len(self.timing), timing
        )
