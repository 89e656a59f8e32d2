"""What the user sees of the memories of the chip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from cocodla.report.screen import Screen
from cocodla.sim import parameters
from cocodla.sim.filelist import read_file_list
from cocodla.synth.memories import Memory, find_memories
from cocodla.synth.yosys import version


def run_memories(console: Screen, files: Path, top: str) -> dict[str, Any]:
    """List the memories of a chip with its DUT_PARAMETERS, and how many there are of each size. The same as plain
    values: `parameters`, `memories`, `sizes`."""
    changed = parameters.chosen()
    words = "".join(f", {name}={value}" for name, value in changed.items())
    console.note(f"{top} of {files}, {version()}{words}")
    memories = find_memories(read_file_list(files), top, changed)
    for line in _lines(memories):
        console.print(line, soft_wrap=True, highlight=False)
    sizes = count_sizes(memories)
    console.print(_sizes(sizes))
    bits = sum(memory.bits for memory in memories)
    console.print(f"{len(memories)} memories of {len(sizes)} sizes, {bits / 1024:,.1f} kbit", highlight=False)
    return {
        "parameters": dict(changed),
        "memories": [asdict(memory) for memory in memories],
        "sizes": [{"width": width, "depth": depth, "count": count} for (width, depth), count in sizes],
    }


def count_sizes(memories: Sequence[Memory]) -> list[tuple[tuple[int, int], int]]:
    """((width, depth), how many), the largest first."""
    counts = Counter((memory.width, memory.depth) for memory in memories)
    return sorted(counts.items(), key=lambda item: (-item[0][0] * item[0][1], item[0]))


def _lines(memories: Sequence[Memory]) -> list[str]:
    """A line for each memory: a table would be wider than most screens."""
    longest = max(len(memory.path) for memory in memories)
    return [
        f"{memory.path:<{longest}} {memory.width:>4} x {memory.depth:<4} {memory.bus:<22} {memory.clock}"
        + (f" through {memory.gate}" if memory.gate else "")
        for memory in memories
    ]


def _sizes(sizes: Sequence[tuple[tuple[int, int], int]]) -> Table:
    table = Table("bits", "words", "memories")
    for (width, depth), count in sizes:
        table.add_row(str(width), str(depth), str(count))
    return table
