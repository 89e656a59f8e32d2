"""Resets of the chip with requests under way: later programs give the golden result, nothing hangs (docs/reset.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cocodla.program import Program, WaitInterrupt
from cocodla.runtime.resets import Case, Outcome, Reset, make_case, run_case
from cocodla.runtime.rtl import MemoryModel, Simulation
from cocodla.stimulus.program import random_program


def expect_equal(outcome: Outcome) -> None:
    """All programs of a case were as on the golden model; `make resets` repeats it."""
    assert not outcome.differences, f"seed {outcome.case.seed}: {outcome.differences[:5]}"


@pytest.mark.parametrize("seed", [1])
def test_resets_in_random_programs(seed: int) -> None:
    outcome = run_case(make_case(seed, assertions=False, csb_periods=(0,)))
    expect_equal(outcome)
    assert outcome.counters["cut_reads"] > 0


@pytest.mark.parametrize("guard", [False, True])
def test_resets_on_icarus(guard: bool) -> None:
    """No X comes out of a reset, and the assertions of the RTL hold."""
    expect_equal(run_case(make_case(3, "icarus", guard, resets=3, kinds=("sdp", "pdp"), pieces=(1, 1), sizes=(4,))))


def until_started(program: Program) -> Program:
    """The program without what waits for its layer."""
    end = next(i for i, command in enumerate(program.commands) if isinstance(command, WaitInterrupt))
    return Program(program.commands[:end], program.meta)


@pytest.mark.parametrize(("hold", "owed"), [(1, "cut_reads"), (2, "cut_writes")])
def test_a_layer_from_memory_whose_answers_come_after_the_reset(hold: int, owed: str) -> None:
    """At least 64 answers are owed at a reset of 50 cycles and come after it; two more layers follow."""
    layer = next(
        made.program
        for made in (random_program(seed, 1, ["sdp"], 20) for seed in range(100))
        if made.layers[0].layout.size >= 1600
    )
    reset = Reset(pause=600, low=50, freeze=60, forgets=False, read=None, hold=hold)
    late = replace(reset, freeze=300)
    simulation = Simulation(memory=MemoryModel(), watchdog=20_000, seed=1, run_name="resets")
    started = until_started(layer)
    outcome = run_case(Case(1, (started, layer, started, layer, layer), (reset, reset, late, late), simulation))
    expect_equal(outcome)
    assert outcome.counters[owed] >= 2 * 64
