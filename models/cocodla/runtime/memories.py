"""Memories of the simulation by name."""

from __future__ import annotations

from cocodla.errors import UserError
from cocodla.latency import DRAMS, MemoryTiming, dram_of
from cocodla.runtime.rtl import MemoryModel

MEMORIES: dict[str, MemoryModel] = {
    "full32": MemoryModel(latency=32),
    "full8": MemoryModel(latency=8),
    "full64": MemoryModel(latency=64),
    "half32": MemoryModel.half(32),
}
"""Memories that always take as long; DRAMs are further names, see `memory_of`."""


def memory_of(name: str) -> MemoryModel:
    """A memory of MEMORIES, or a DRAM: NAME or NAME:key=value (cocodla.latency.dram_of). UserError for another name,
    which lists those there are, and for a parameter out of range."""
    if name in MEMORIES:
        return MEMORIES[name]
    if name.split(":")[0] not in DRAMS:
        raise UserError(f"memory {name!r}: the known ones are {', '.join((*MEMORIES, *DRAMS))}")
    return MemoryModel.of_dram(dram_of(name))


def memory_or_latency(name: str, latency: int) -> MemoryModel:
    """The memory a command was asked for: by name, or by its latency where there is none. UserError for both."""
    if not name:
        return MemoryModel(latency=latency)
    if latency != MemoryTiming().latency:
        raise UserError(f"--memory {name} has a latency of its own: not with --latency {latency}")
    return memory_of(name)
