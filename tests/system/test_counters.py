"""Counters of time, and those that are always 0, on the chip (spec: system.md section 10).

The others are compared with the golden model in every random program; exact stall counts are in the block benches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cocodla.program import FillMemory, Program
from cocodla.program.commands import Command, ReadRegister, WriteRegister
from cocodla.registers import MAP, Register
from cocodla.runtime import rtl
from cocodla.stimulus.layers import Allocator, RandomLayer, random_layer
from cocodla.stimulus.sequencer import Sequencer

SLOW = rtl.MemoryModel(latency=40, ar_every=4, aw_every=3, w_every=40)
FAST = rtl.MemoryModel(latency=1)

ENABLES = (True, True, False, False, True)
"""Whether layer n of a kind counts; layers alternate between the groups."""


def _long_convolution(layer: RandomLayer) -> bool:
    source = layer.convolution and layer.convolution.cdma
    return bool(source and source.width * source.height > 30 and not layer.rdma)


Wanted = Callable[[RandomLayer], bool]
KINDS: dict[str, Wanted] = {
    "convolution": _long_convolution,
    "sdp": lambda x: bool(x.rdma and x.rdma.bs and x.rdma.bs.per_element and x.rdma.bn and x.rdma.bn.per_element),
    "pdp": lambda x: x.layout.size > 400,
    "cdp": lambda x: x.layout.size > 400,
}
NEVER_CLEARED = ("PDP", "PDP_RDMA", "CDP", "CDP_RDMA")
"""Units whose stall counter may run on from layer to layer (free, system.md section 10)."""


def counters(unit: str) -> list[Register]:
    """Read-only registers of the groups of a unit."""
    return [r for r in MAP.units[unit].registers if r.group == "dual" and not r.write_mask]


def is_timed(register: Register) -> bool:
    """It counts cycles."""
    return not all(f.absent for f in register.fields) and register.name.endswith(("_STALL", "_LATENCY"))


def is_zero(register: Register) -> bool:
    """It belongs to something nv_small does not have, and is 0 for ever."""
    return all(f.absent or f.access == "const" for f in register.fields)


@dataclass(frozen=True)
class Reading:
    """One register after layer `layer` of a kind; cycles: from its last enable to its interrupt."""

    kind: str
    layer: int
    register: Register
    value: int
    cycles: int


def find(rng: np.random.Generator, kind: str, memory: Allocator) -> RandomLayer:
    """A random layer of a kind that moves enough data."""
    return next(x for x in iter(lambda: random_layer(rng, kind, memory, 16), None) if x and KINDS[kind](x))


def measure(memory: rtl.MemoryModel) -> list[Reading]:
    """Run each kind of layer in turn, with all counters enabled or none, and read the counters of the group it used."""
    rng = np.random.default_rng(7)
    allocator, sequencer = Allocator(rng), Sequencer()
    chosen = {kind: find(rng, kind, allocator) for kind in KINDS}
    commands: list[Command] = []
    reads: dict[int, tuple[str, int, Register, int]] = {}
    for kind, layer in chosen.items():
        commands += layer.setup
        for number, enabled in enumerate(ENABLES):
            words = {unit: dict(part) for unit, part in layer.words.items()}
            for unit in words:
                if f"{unit}.D_PERF_ENABLE" in MAP:
                    words[unit]["D_PERF_ENABLE"] = MAP[f"{unit}.D_PERF_ENABLE"].write_mask * enabled
            groups = {unit: sequencer.group[unit] for unit in words}
            commands += sequencer.run(words)
            wait = len(commands) - 1
            for unit, group in groups.items():
                commands.append(WriteRegister(MAP[f"{unit}.S_POINTER"].address, group))
                for register in counters(unit):
                    reads[len(commands)] = kind, number, register, wait
                    commands.append(ReadRegister(register.address, 0, 0))
    head: list[Command] = [FillMemory(0x1000, allocator.next - 0x1000)]
    head += [load for layer in chosen.values() for load in layer.loads]
    execution = rtl.run(Program([*head, *commands]), rtl.Simulation(seed=1, memory=memory))
    assert execution.passed, execution.failures
    cycle = {event.index - len(head): event.cycle for event in execution.events}
    words_read = {o.index - len(head): int.from_bytes(o.data, "little") for o in execution.observations}
    result = []
    for index, (kind, number, register, wait) in reads.items():
        started = max(c for i, c in cycle.items() if i < wait)
        result.append(Reading(kind, number, register, words_read[index], cycle[wait] - started))
    return result


def test_counters_on_a_slow_memory() -> None:
    """Enabled counters count in every layer, never more than its cycles; disabled ones do not move; others are 0."""
    readings = measure(SLOW)
    seen = set()
    last: dict[str, int] = {}
    for r in readings:
        where = f"{r.register.path} after layer {r.layer} of {r.kind}: {r.value}"
        if is_zero(r.register):
            assert r.value == 0, where
        if not is_timed(r.register):
            continue
        seen.add(r.register.path)
        running = r.register.unit in NEVER_CLEARED
        before = last.get(r.register.path, 0) if running else 0
        if ENABLES[r.layer]:
            assert 0 < r.value <= before + r.cycles, f"{where}, {before} before, {r.cycles} cycles"
        else:
            assert r.value in (0, before), where
        last[r.register.path] = max(r.value, before)
    assert seen == {r.path for r in MAP if r.group == "dual" and is_timed(r)}


def test_latency_and_stalls_follow_the_memory() -> None:
    """On a fast memory the same layers wait less."""

    def totals(memory: rtl.MemoryModel) -> dict[str, int]:
        enabled = [r for r in measure(memory) if is_timed(r.register) and r.layer == 0]
        return {r.register.path: r.value for r in enabled}

    slow, fast = totals(replace(SLOW, latency=90)), totals(FAST)
    assert fast["CDMA.D_PERF_DAT_READ_LATENCY"] + 80 < slow["CDMA.D_PERF_DAT_READ_LATENCY"]
    for path, value in slow.items():
        assert fast[path] < value, path
