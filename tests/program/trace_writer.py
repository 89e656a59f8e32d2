"""Random layers as a trace in the public format, in any spelling the format allows, with the CRCs they must give."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from random import Random

from cocodla.golden import Device
from cocodla.program.commands import Command, FillMemory, LoadMemory, PollRegister, WriteRegister
from cocodla.program.streams import SOURCE_BIT
from cocodla.registers import MAP
from cocodla.stimulus.cubes import RandomLayer
from cocodla.stimulus.program import build_program, random_plan
from cocodla.stimulus.sequencer import Sequencer

FILLS = {"ALL_ZERO": 0, "ONES": 0xFF, "AFIVE": 0xA5, "FIVEA": 0x5A}
LINE_ENDS = ("\n", "\r\n", "\n\n")


class TraceWriter:
    """Writes one trace: up to two layers at work at a time, in both groups, each round behind the one before.

    layers: what it runs. checks: memory checks it makes. mask: interrupts that are masked and not expected. polls:
    wait until units are idle; without, as the golden model allows, the order of blocks in the file is free.
    """

    def __init__(self, folder: Path, seed: int, pieces: int, base: int, size: int = 8, polls: bool = True) -> None:
        made = build_program(replace(random_plan(seed, pieces, size=size), base=base))
        first = made.program.commands[0]
        assert isinstance(first, FillMemory)
        self.rng, self.folder, self.layers = Random(seed), folder, made.layers
        self.base, self.length = first.address, first.length
        self.pattern = self.rng.choice(list(FILLS))
        self.polls = polls
        self.mask = self.rng.choice([0, 0x3F << 16])
        self.lines: list[str] = []
        self.checks = 0
        self.outputs = self._outputs()

    def _outputs(self) -> list[int]:
        """CRC of each layer's output, and that of all memory at the end, by the golden model alone."""
        device, sequencer = Device(), Sequencer()
        device.fill_memory(self.base, self.length, FILLS[self.pattern])
        for load in (load for layer in self.layers for load in layer.loads):
            device.memory.load(load.address, load.data)
        found = []
        for layer in self.layers:
            for command in [*layer.setup, *sequencer.run(layer.words)]:
                if isinstance(command, WriteRegister):
                    device.write_register(command.address, command.value)
            device.run_all()
            found.append(zlib.crc32(device.memory.dump(layer.address, layer.layout.size)))
        return [*found, zlib.crc32(device.memory.dump(self.base, self.length))]

    # -- spelling ----------------------------------------------------------------------------

    def number(self, value: int) -> str:
        return self.rng.choice([f"{value}", f"{value:#x}", f"{value:#010x}", f"0X{value:X}"])

    def command(self, name: str, *arguments: str) -> None:
        space = self.rng.choice(["", " ", "\t", "  "])
        comma = self.rng.choice([",", ", ", " ,\t"])
        tail = self.rng.choice(["", "", " // NVDLA_SDP.D_CVT_SHIFT_0.CVT_SHIFT:0x0", "\t//reg_write(NVDLA_A.B_0, 1);"])
        self.lines.append(f"{space}{name}{space}({space}{comma.join(arguments)}{space}){space};{tail}")
        if self.rng.random() < 0.1:
            self.lines.append(self.rng.choice(["", "   ", "// reg_write(NVDLA_SDP.D_OP_ENABLE_0, 0x1);", "\t// x"]))

    def register(self, name: str, address: int, *values: int) -> None:
        register = MAP.at(address)
        self.command(name, f"NVDLA_{register.unit}.{register.name}_0", *map(self.number, values))

    def load(self, number: int, load: LoadMemory, sync: str | None) -> None:
        """A surface file with records of any size, in any order; the file's offsets start anywhere below the data."""
        offset = min(load.address, self.rng.choice([0, 0, 8, 0x20]))
        records, place = [], 0
        while place < len(load.data):
            size = self.rng.choice([4, 32, 32, self.rng.randint(1, 9)])
            part = load.data[place : place + size]
            kept = part if self.rng.random() < 0.5 else part.rstrip(b"\0")
            payload = " ".join(f"{byte:#04x}" for byte in kept)
            head = f"{{offset:{self.number(offset + place)}, size:{self.number(len(part))}, payload:{payload}"
            records.append(head + self.rng.choice(["} ,", "},", "}", " } , "]))
            place += len(part)
        if self.rng.random() < 0.3:
            self.rng.shuffle(records)
        name = self.rng.choice([f"in_{number}.dat", f"in {number}.mem", f"IN_{number}.DAT"])
        text = self.rng.choice(LINE_ENDS).join(["{", "# data", *records, "}", ""])
        (self.folder / name).write_bytes(text.encode())
        self.command("mem_load", *self.memory(load.address - offset), f'"{name}"', *([sync] if sync else []))

    def memory(self, address: int) -> tuple[str, str]:
        return self.rng.choice(["pri_mem", "1"]), self.number(address)

    # -- the trace ---------------------------------------------------------------------------

    def write(self) -> None:
        """The .cfg and its surface files."""
        self.command("mem_init", *self.memory(self.base), self.number(self.length), self.pattern)
        self.register("reg_write", MAP["GLB.S_INTR_MASK"].address, self.mask)
        sequencer = Sequencer()
        before: list[str] = []
        for numbers in self._rounds():
            for number in numbers:
                for place, load in enumerate(self.layers[number].loads):
                    sync = before[-1] if before and self.rng.random() < 0.3 else None
                    self.load(100 * number + place, load, sync)
            for unit in {unit: 0 for number in numbers for unit in self.layers[number].words}:
                for sync in before:
                    self.command("sync_wait", self.rng.choice(["", "NVDLA_"]) + unit, sync)
            before = [self._layer(number, sequencer) for number in numbers]
        for sync in before:
            self.command("sync_wait", "GLB", sync)
        self.command("sync_notify", "NVDLA_GLB", "all_done")
        self.check("all_done", self.base, self.length, self.outputs[-1])
        text = self.rng.choice(LINE_ENDS).join([*self.lines, ""])
        (self.folder / f"{self.folder.name}.cfg").write_bytes(text.encode())

    def _rounds(self) -> list[list[int]]:
        """Layers that are at work together: each unit at most twice, none that reads what another one writes."""
        rounds: list[list[int]] = [[]]
        for number, layer in enumerate(self.layers):
            busy = [unit for other in rounds[-1] for unit in self.layers[other].words]
            full = any(busy.count(unit) == 2 for unit in layer.words) or (bool(layer.setup) and "CDP" in busy)
            if rounds[-1] and (layer.depends or full):
                rounds.append([])
            rounds[-1].append(number)
        return rounds

    def _layer(self, number: int, sequencer: Sequencer) -> str:
        """Program and enable a layer, expect its interrupts, check its output; the event of its last interrupt."""
        layer = self.layers[number]
        enable, bits = sequencer.enable(layer.words)
        for command in [*layer.setup, *enable]:
            self._register_command(command)
        syncs = {bit: f"layer_{number}_{bit}" for bit in range(32) if bits >> bit & 1}
        last = syncs[_last_bit(layer, bits)]
        announced = [(bit, sync) for bit, sync in syncs.items() if not self.mask >> bit & 1]
        self.rng.shuffle(announced)
        for bit, sync in announced:
            source = next(name for name, first in SOURCE_BIT.items() if first == bit & ~1)
            self.command("intr_notify", f"{source}_{bit & 1}", sync)
            if sync != last and self.rng.random() < 0.5:
                self.command("check_nothing", sync)
        self.check(last, layer.address, layer.layout.size, self.outputs[number])
        return last

    def _register_command(self, command: Command) -> None:
        if isinstance(command, WriteRegister):
            self.register("reg_write", command.address, command.value)
            register = MAP.at(command.address)
            if register.name != "D_OP_ENABLE" and self.rng.random() < 0.02:
                self.register("reg_read", MAP["GLB.S_INTR_MASK"].address, 5)
        elif isinstance(command, PollRegister) and self.polls:
            # A poll of this format compares all bits; nothing else is at work when a group comes around again.
            self.register("poll_reg_equal", command.address, command.expected)

    def check(self, sync: str, address: int, length: int, crc: int) -> None:
        self.checks += 1
        self.command("check_crc", sync, *self.memory(address), self.number(length), self.number(crc))


def _last_bit(layer: RandomLayer, bits: int) -> int:
    """The status bit of the unit that writes the output."""
    for unit in ("CDP", "PDP", "SDP"):
        if unit in layer.words:
            return next(bit for bit in range(SOURCE_BIT[unit], SOURCE_BIT[unit] + 2) if bits >> bit & 1)
    raise AssertionError
