"""Random programs of many layers: queued in both groups, fused, in all units at once, with kept input and weights.

A program is made of *pieces*: one layer, or some that belong together. Each piece has choices of its own, so a
piece can be left out or made simpler without changing the others; that is how a failing program is shrunk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cocodla.golden.encode import Words
from cocodla.program.commands import (
    CheckMemory,
    Command,
    FillMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.stimulus.avoid import is_avoided
from cocodla.stimulus.choices import Choices
from cocodla.stimulus.layers import KINDS, Allocator, RandomLayer, random_layer
from cocodla.stimulus.noise import add_noise
from cocodla.stimulus.reuse import random_reuse
from cocodla.stimulus.sequencer import DONE_BITS, Sequencer

SEQUENCES = ("reuse", "image_reuse", "follow")
"""Pieces of several layers: convolutions that use what CBUF kept; layers that read what the one before wrote."""

PIECES = (*KINDS, *SEQUENCES)

LOW = 0x1000
"""Where the simplest program begins."""
ADDRESSES = 1 << 32
"""Bytes that 32 bits of an address tell apart."""
ROOM = 1 << 26
"""More than the memory of any random program."""

_TIMING = re.compile(r"_STALL$|_LATENCY$")
_FOLLOWERS = ("convolution", "sdp", "sdp_pdp", "pdp", "cdp", "convolution_pdp")


@dataclass(frozen=True)
class Piece:
    """What a piece is made from. choices: draws that replace those of the seed (see Choices)."""

    kind: str
    size: int
    seed: tuple[int, ...]
    choices: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Over:
    """Memory that lies over an address: `share` of 2^16 of it below."""

    address: int
    share: int

    def base(self, size: int) -> int:
        """Where `size` bytes begin, at a multiple of 8."""
        return self.address - 8 * -(-size * self.share // (8 << 16))


@dataclass(frozen=True)
class Plan:
    """Everything a random program depends on. base: where its memory begins, or over which address it lies.

    avoid: pieces with a layer of these classes (cocodla.stimulus.avoid) are left out.
    """

    pieces: tuple[Piece, ...]
    schedule: Piece
    base: int | Over = LOW
    avoid: tuple[str, ...] = ()


@dataclass
class RandomProgram:
    """The program; its layers for a check by other means; the draws of each piece and of the schedule."""

    program: Program
    layers: list[RandomLayer] = field(default_factory=list)
    draws: list[list[int]] = field(default_factory=list)
    schedule_draws: list[int] = field(default_factory=list)


def random_plan(seed: int, pieces: int, kinds: Sequence[str] = PIECES, size: int = 12) -> Plan:
    """`pieces` independent pieces of random kinds, each at most about `size` wide and high."""
    rng = Choices([seed])
    chosen = tuple(
        Piece(str(rng.choice(list(kinds))), int(rng.integers(min(3, size), size + 1)), (seed, number))
        for number in range(pieces)
    )
    return Plan(chosen, Piece("schedule", 0, (seed, pieces)), _random_base(rng))


def _random_base(rng: Choices) -> int | Over:
    """Anywhere in the 32-bit address space, mostly over a multiple of a large power of two, now and then at its end."""
    kind = str(rng.choice(["low", "boundary", "boundary", "anywhere", "top"]))
    if kind == "low":
        return LOW
    if kind == "top":
        return Over(ADDRESSES, 1 << 16)
    if kind == "anywhere":
        return 8 * int(rng.integers((ADDRESSES - ROOM) // 8))
    bit = int(rng.integers(26, 32)) if rng.random() < 0.5 else int(rng.integers(16, 26))
    return Over(int(rng.integers(1, 1 << (32 - bit))) << bit, int(rng.integers(1, 1 << 16)))


def random_program(seed: int, pieces: int, kinds: Sequence[str] = PIECES, size: int = 12) -> RandomProgram:
    """The program of `random_plan` with the same arguments."""
    return build_program(random_plan(seed, pieces, kinds, size))


def build_program(plan: Plan) -> RandomProgram:
    """The program of a plan.

    Each layer is queued behind earlier ones as far as groups allow, and waited for at a random moment; then its
    output and counters are read. The last checks cover all memory, gaps included, and the state of all units.
    """
    made = RandomProgram(Program([], {"name": "random program"}))
    base, avoided = plan.base, dict[int, list[int]]()
    if isinstance(base, Over) or plan.avoid:
        size = _all_layers(plan, 0, RandomProgram(Program([], {})), avoided)
        base = base.base(size) if isinstance(base, Over) else base
    end = _all_layers(plan, base, made, avoided)
    rng = Choices(plan.schedule.seed, plan.schedule.choices)
    span = base, end - base
    made.program.append(FillMemory(*span, int(rng.integers(256))))
    made.program.append(*(load for layer in made.layers for load in layer.loads))
    made.program.append(*_environment(rng))
    sequencer = Sequencer()
    made.program.append(*_schedule(rng, made.layers, sequencer))
    made.program.append(CheckMemory(*span, "all memory"), *_final_state(sequencer))
    made.schedule_draws = rng.drawn
    return made


def _all_layers(plan: Plan, base: int, made: RandomProgram, avoided: dict[int, list[int]]) -> int:
    """Put the layers of a plan into `made`, their memory upwards from `base`; returns its end.

    avoided: draws of the pieces that are left out; those found to be such are added.
    """
    memory = Allocator(Choices((0,)), base)
    for index, piece in enumerate(plan.pieces):
        if index in avoided:
            made.draws.append(avoided[index])
            continue
        rng = Choices(piece.seed, piece.choices)
        memory.rng = rng
        begin, layers = memory.next, _layers(rng, piece, memory)
        for layer in layers:
            if rng.random() < 0.5:
                add_noise(rng, layer)
        if is_avoided(layers, plan.avoid):
            memory.next = begin
            avoided[index] = rng.drawn
        else:
            made.layers += layers
        made.draws.append(rng.drawn)
    return memory.next


def _layers(rng: Choices, piece: Piece, memory: Allocator) -> list[RandomLayer]:
    if piece.kind.endswith("reuse"):
        return random_reuse(rng, piece.kind, memory, piece.size)
    if piece.kind != "follow":
        return [random_layer(rng, piece.kind, memory, piece.size)]
    layers = [random_layer(rng, str(rng.choice(KINDS)), memory, piece.size)]
    for _ in range(int(rng.integers(1, 4))):
        before = layers[-1]
        kind = str(rng.choice(_followers(before)))
        layers.append(random_layer(rng, kind, memory, piece.size, (before.address, before.layout)))
    return layers


def _followers(layer: RandomLayer) -> list[str]:
    """Kinds that can read what the layer writes: a line buffer bounds what PDP takes."""
    return [kind for kind in _FOLLOWERS if kind != "pdp" or layer.layout.width <= 16]


@dataclass
class _Flight:
    """A layer enabled and not yet waited for. groups: of its units."""

    index: int
    layer: RandomLayer
    bits: int
    groups: dict[str, int]


def _schedule(rng: Choices, layers: list[RandomLayer], sequencer: Sequencer) -> Iterator[Command]:
    flights: list[_Flight] = []
    for index, layer in enumerate(layers):
        while _blocked(flights, layer, sequencer):
            yield from _finish(flights.pop(0))
        yield Mark(f"layer {index}: {layer.kind}", {"layer": f"{index}"})
        yield from layer.setup
        groups = {unit: sequencer.group[unit] for unit in layer.words}
        reverse = layer.kind in ("sdp", "pdp", "cdp") and rng.random() < 0.3
        enable, bits = sequencer.enable(_shuffled(rng, layer.words), reverse, changes=rng.random() < 0.5)
        cut = len(enable)
        if flights and len(groups) > 1 and rng.random() < 0.25:
            cut -= int(rng.integers(1, len(groups)))
        yield from enable[:cut]
        if cut < len(enable):
            # an earlier layer ends while this one is enabled in part; reading its counters moves the pointers
            yield from _finish(flights.pop(int(rng.integers(len(flights)))))
            yield from (WriteRegister(MAP[f"{unit}.S_POINTER"].address, group) for unit, group in groups.items())
        yield from enable[cut:]
        flights.append(_Flight(index, layer, bits, groups))
        while flights and rng.random() < 0.4:
            yield from _finish(flights.pop(int(rng.integers(len(flights)))))
    for flight in flights:
        yield from _finish(flight)


def _environment(rng: Choices) -> Iterator[Command]:
    """Registers that change timing or the interrupt line only: weights of memory clients, limits, masks."""
    if rng.random() < 0.5:
        for register in MAP.units["MCIF"].registers:
            if "_WEIGHT_" in register.name:
                weights = {field.name: int(rng.choice([1, 1, 2, 7, 255])) for field in register.fields}
                yield WriteRegister(register.address, register.encode(0, **weights))
    if rng.random() < 0.3:
        limits = {name: int(rng.choice([0, 1, 3, 20, 255])) for name in ("RD_OS_CNT", "WR_OS_CNT")}
        register = MAP["MCIF.CFG_OUTSTANDING_CNT"]
        yield WriteRegister(register.address, register.encode(0, **limits))
    if rng.random() < 0.3:
        yield WriteRegister(MAP["GLB.S_INTR_MASK"].address, int(rng.integers(1 << 22)) & 0x3F003F)


def _shuffled(rng: Choices, words: Words) -> Words:
    """The same words in another order of units and registers: they may be written in any order."""
    if rng.random() > 0.5:
        return words
    units = [list(words)[i] for i in rng.permutation(len(words))]
    return {unit: {list(words[unit])[i]: 0 for i in rng.permutation(len(words[unit]))} | words[unit] for unit in units}


def _blocked(flights: list[_Flight], layer: RandomLayer, sequencer: Sequencer) -> bool:
    """True while the layer's input is missing, a group of a unit is taken, or CDP's tables are in use."""
    if layer.depends and flights:
        return True
    return any(
        flight.groups.get(unit) == sequencer.group[unit]
        or (unit == "CDP" and unit in flight.groups and bool(layer.setup))
        for unit in layer.words
        for flight in flights
    )


def _finish(flight: _Flight) -> Iterator[Command]:
    """Wait for a layer, check what it wrote, and read the counters of its units."""
    layer, name = flight.layer, f"layer {flight.index} output"
    info = {"layer": f"{flight.index}"}
    tensor = {"name": name, "address": layer.address, **layer.layout.to_json()}
    yield WaitInterrupt(flight.bits)
    yield Mark(f"layer {flight.index} done", {**info, "tensor": tensor})
    yield CheckMemory(layer.address, layer.layout.size, name)
    for unit, group in flight.groups.items():
        counters = _counters(unit)
        if counters and unit in DONE_BITS:
            yield WriteRegister(MAP[f"{unit}.S_POINTER"].address, group)
            for address in counters:
                yield ReadRegister(address, 0, 0)


def _counters(unit: str) -> list[int]:
    """Read-only registers of a group that tell of results, not of timing."""
    return [
        register.address
        for register in MAP.units[unit].registers
        if register.group == "dual" and not register.write_mask and not _TIMING.search(register.name)
    ]


def _final_state(sequencer: Sequencer) -> Iterator[Command]:
    """All units idle, both pointers where the program left them, no interrupt."""
    for unit, group in sequencer.group.items():
        yield PollRegister(MAP[f"{unit}.S_STATUS"].address, 0x0003_0003, 0)
        yield WriteRegister(MAP[f"{unit}.S_POINTER"].address, 0)
        yield ReadRegister(MAP[f"{unit}.S_POINTER"].address, 0xFFFF_FFFF, group << 16)
    yield ReadRegister(MAP["GLB.S_INTR_STATUS"].address, 0xFFFF_FFFF, 0)
