"""Golden model against RTL on interleavings: what it accepts is the same at every timing, what it refuses is not.

`COUNT=1000 SEED=7 .venv/bin/python -m pytest --log-cli-level=INFO tests/system/test_interleavings.py` is a larger run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import pytest

from cocodla.golden import RuleViolation, run
from cocodla.program import CheckMemory, Program, ReadRegister, WriteRegister
from cocodla.program.commands import Command
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.stimulus.interleaving import ARENA, random_case

LOG = logging.getLogger(__name__)
COUNT = int(os.environ.get("COUNT", "25"))
SEED = int(os.environ.get("SEED", "1"))
CHUNK = 50
"""Cases in one simulation."""

Memory = rtl.MemoryModel
_IDENTITY = MAP["GLB.S_NVDLA_HW_VERSION"].address
_ENABLES = {register.address for register in MAP if register.name == "D_OP_ENABLE"}


@dataclass(frozen=True)
class Timing:
    """A memory, and how long the host dawdles after each enable (register reads)."""

    memory: Memory
    pause: int = 0


TIMINGS = (
    Timing(Memory(latency=1, write_latency=1)),
    Timing(Memory(latency=1, write_latency=1), pause=4),
    Timing(Memory(latency=1, write_latency=1), pause=40),
    Timing(Memory(latency=1500, write_latency=1)),
    Timing(Memory(ar_every=61)),
    Timing(Memory(aw_every=97)),
    Timing(Memory(latency=1, w_every=61), pause=4),
    Timing(Memory(ar_every=23, aw_every=300)),
    Timing(Memory(latency=20, jitter=600, stall=240, reorder=True)),
)


def more_timings(rng: Random, count: int) -> list[Timing]:
    """Random ones, most of them lame in one channel."""
    found = []
    for _ in range(count):
        fields = {name: rng.choice([1, 1, 1, 7, 40, 200]) for name in ("ar_every", "aw_every", "w_every", "r_every")}
        latencies = {name: rng.choice([1, 30, 300, 2000]) for name in ("latency", "write_latency")}
        memory = Memory(**fields, **latencies, jitter=rng.choice([0, 100]), stall=rng.choice([0, 0, 220]))
        found.append(Timing(memory, rng.choice([0, 1, 2, 4, 10, 40])))
    return found


def verdict(case: list[Command]) -> list[bytes] | str:
    """What the golden model reads from memory, or why it refuses."""
    try:
        execution = run(Program([*case]))
    except RuleViolation as refusal:
        return str(refusal)
    return [o.data for o in execution.observations if isinstance(case[o.index], CheckMemory)]


def paused(case: list[Command], pause: int) -> Iterator[Command]:
    for command in case:
        yield command
        if isinstance(command, WriteRegister) and command.address in _ENABLES:
            yield from [ReadRegister(_IDENTITY, 0, 0)] * pause


def on_rtl(cases: list[list[Command]], timing: Timing, seed: int) -> list[list[bytes]]:
    """What all cases read from memory, run one after the other."""
    program, ends = Program([]), []
    for case in cases:
        program.append(*paused(case, timing.pause))
        ends.append(len(program))
    simulation = rtl.Simulation(seed=seed, memory=timing.memory, watchdog=1_000_000, run_name="interleavings")
    execution = rtl.run(program, simulation)
    assert not execution.failures, f"SEED={seed} {timing}: {execution.failures}"
    checks = {o.index: o.data for o in execution.observations if isinstance(program.commands[o.index], CheckMemory)}
    starts = [0, *ends[:-1]]
    return [[checks[i] for i in range(*span) if i in checks] for span in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_interleavings(first: int) -> None:
    numbers = range(first, min(first + CHUNK, COUNT))
    cases = [
        random_case(np.random.default_rng([SEED, number]), 0x1_0000 + n * ARENA) for n, number in enumerate(numbers)
    ]
    verdicts = [verdict(case) for case in cases]
    runs = [on_rtl(cases, timing, SEED) for timing in TIMINGS]
    refused = [n for n, found in enumerate(verdicts) if isinstance(found, str)]
    for n, found in enumerate(verdicts):
        differing = [timing for timing, results in zip(TIMINGS, runs, strict=True) if results[n] != found]
        assert n in refused or not differing, f"SEED={SEED} case {first + n}: other results with {differing}"
    unshown = [n for n in refused if all(results[n] == runs[0][n] for results in runs)]
    for timing in more_timings(Random(SEED + first), 8 if unshown else 0):
        results = on_rtl([cases[n] for n in unshown], timing, SEED)
        unshown = [n for n, data in zip(unshown, results, strict=True) if data == runs[0][n]]
        if not unshown:
            break
    for n in unshown:
        LOG.info("SEED=%d case %d alike in all runs: %s", SEED, first + n, verdicts[n])
    LOG.info("SEED=%d from %d: %d cases, %d refused, %d unshown", SEED, first, len(cases), len(refused), len(unshown))
    assert len(cases) // 3 <= len(cases) - len(refused) < len(cases), f"SEED={SEED}"
    assert len(unshown) <= len(refused) // 2, f"SEED={SEED}: most refusals must be races that can be shown"
