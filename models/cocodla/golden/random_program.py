"""Random programs of several layers: queued in both groups, fused, in all units at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from numpy.random import Generator

from cocodla.golden.random_layers import KINDS, Allocator, RandomLayer, random_layer
from cocodla.golden.sequencer import Sequencer
from cocodla.program.commands import CheckMemory, Command, FillMemory, Mark, ReadRegister, WaitInterrupt
from cocodla.program.program import Program
from cocodla.registers import MAP

_COUNTERS = ("SDP.D_STATUS", "SDP.D_PERF_OUT_SATURATION", "CACC.D_OUT_SATURATION")


@dataclass
class _Flight:
    """A layer enabled and not yet waited for."""

    index: int
    layer: RandomLayer
    bits: int


@dataclass
class RandomProgram:
    """The program, and the layers in it for a check by other means."""

    program: Program
    layers: list[RandomLayer] = field(default_factory=list)


def random_program(
    rng: Generator, count: int, kinds: Sequence[str] = KINDS, size: int = 12, base: int = 0x1000
) -> RandomProgram:
    """`count` independent layers. Each is queued behind earlier ones as far as groups allow, and waited for at
    a random moment; then its output is read back. The last check covers all memory, inputs and gaps included.
    """
    memory, sequencer = Allocator(rng, base), Sequencer()
    layers = [random_layer(rng, str(rng.choice(list(kinds))), memory, size) for _ in range(count)]
    commands: list[Command] = [FillMemory(base, memory.next - base, int(rng.integers(256)))]
    commands += [load for layer in layers for load in layer.loads]
    flights: list[_Flight] = []
    for index, layer in enumerate(layers):
        while _blocked(flights, layer):
            commands += _finish(flights.pop(0))
        commands.append(Mark(f"layer {index}: {layer.kind}", {"layer": f"{index}"}))
        commands += layer.setup
        enable, bits = sequencer.enable(layer.words)
        commands += enable
        flights.append(_Flight(index, layer, bits))
        while flights and rng.random() < 0.4:
            commands += _finish(flights.pop(0))
    for flight in flights:
        commands += _finish(flight)
    commands.append(CheckMemory(base, memory.next - base, "all memory"))
    commands += [ReadRegister(MAP[path].address, 0, 0) for path in _COUNTERS]
    return RandomProgram(Program(commands, {"name": "random program"}), layers)


def _blocked(flights: list[_Flight], layer: RandomLayer) -> bool:
    """True while both groups of a unit are taken, or the tables of CDP would change under a layer."""
    for unit in layer.words:
        users = sum(unit in flight.layer.words for flight in flights)
        if users >= (1 if unit == "CDP" and layer.setup else 2):
            return True
    return False


def _finish(flight: _Flight) -> list[Command]:
    layer, name = flight.layer, f"layer {flight.index} output"
    info = {"layer": f"{flight.index}"}
    tensor = {"name": name, "address": layer.address, **layer.layout.to_json()}
    return [
        WaitInterrupt(flight.bits),
        Mark(f"layer {flight.index} done", {**info, "tensor": tensor}),
        CheckMemory(layer.address, layer.layout.size, name),
    ]
