"""Resets of a post-processing unit in the middle of layers, with every buffer as full as it gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from cocotb.triggers import ClockCycles

from cocotbext.dla import expect
from postlib.bench import PostBench

BLOCKED = ("reads", "writes", "acknowledges")
"""What the memory does not do meanwhile, so that buffers fill up."""
LARGE, SMALL = (40, 6, 16), (2, 1, 8)
"""Cubes that fill the buffers; a layer that ends but for its acknowledge must be small."""

Size = tuple[int, int, int]


async def reset_while_full(
    bench: PostBench, blocked: str, enqueue: Callable[[Size], Awaitable[Any]], rounds: int = 2
) -> None:
    """`rounds` times: two layers that cannot go on, and a reset once they stand. blocked: one of BLOCKED.

    enqueue: put a layer of this size into the next group, enabled. No layer may end; afterwards the memory is quick.
    """
    for _ in range(rounds):
        bench.block(blocked)
        for _ in range(2):
            await enqueue(SMALL if blocked == "acknowledges" else LARGE)
        await ClockCycles(bench.dut.clk, 500)
        expect(f"layers that have ended without {blocked}", bench.writer.done_count, 0)
        await bench.reset()
        bench.unblock()
        bench.interrupts.clear()
