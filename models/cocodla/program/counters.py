"""Counters a layer did not enable: what they read then is free, and designs differ (spec: sdp.md 2.2, system.md 10)."""

from __future__ import annotations

from collections.abc import Iterable

from cocodla.program.commands import Command, ReadRegister, WriteRegister
from cocodla.registers import MAP


def _enables() -> dict[str, str]:
    """Counter -> the flag it needs, "UNIT.D_PERF_ENABLE.FIELD"."""
    flags: dict[str, str] = {}
    for unit in MAP.units.values():
        if f"{unit.name}.D_PERF_ENABLE" not in MAP:
            continue
        for register in unit.registers:
            kind = next((k for k in ("OUT_SATURATION", "_STALL", "_LATENCY") if register.name.endswith(k)), None)
            if kind and register.name.startswith("D_PERF_"):
                wanted = "SAT_EN" if kind == "OUT_SATURATION" else "DMA_EN"
                enable = MAP[f"{unit.name}.D_PERF_ENABLE"]
                flags[register.path] = next(f"{enable.path}.{f.name}" for f in enable.fields if wanted in f.name)
    return flags


ENABLES = _enables()
"""The counters that count only when a flag of D_PERF_ENABLE is set. All others count in every layer."""


def not_enabled(commands: Iterable[Command]) -> set[int]:
    """Indices of the reads of counters whose layer, the last that was enabled in the group, did not count.

    The public SDP shows the count of the last layer that did; ours shows 0.
    """
    producer: dict[str, int] = {}
    words: dict[tuple[str, int], int] = {}
    counting: dict[tuple[str, int], int] = {}
    found = set()
    for index, command in enumerate(commands):
        if not isinstance(command, WriteRegister | ReadRegister) or (register := MAP.find(command.address)) is None:
            continue
        group = register.unit, producer.get(register.unit, 0)
        if isinstance(command, WriteRegister):
            if register.name == "S_POINTER":
                producer[register.unit] = command.value & 1
            elif register.name == "D_PERF_ENABLE":
                words[group] = command.value
            elif register.name == "D_OP_ENABLE" and command.value & 1:
                counting[group] = words.get(group, 0)
        elif flag := ENABLES.get(register.path):
            unit, name, field = flag.split(".")
            if group in counting and not MAP[f"{unit}.{name}"].field(field).mask & counting[group]:
                found.add(index)
    return found
