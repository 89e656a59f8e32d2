"""Resets in the middle of random programs: what runs after each of them must be as after the first one.

A case is a row of programs in one simulation. Each but the last is cut off at a random command, with layers under way,
by a reset of the accelerator; the memory is not reset with it. What a program shows before it is cut is compared with
the golden model, so all but the first show what the reset before them has left behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from cocodla.golden import run as run_golden
from cocodla.program import Execution, Program, WriteRegister, compare
from cocodla.registers import MAP
from cocodla.runtime import player, rtl
from cocodla.runtime.campaign import CSB_PERIODS, PATIENCE
from cocodla.runtime.layer_texts import positions_of
from cocodla.sim.waves import Waves
from cocodla.stimulus.program import PIECES, random_program

RESETS_PER_CASE = 20
_ENABLES = {register.address for register in MAP if register.name == "D_OP_ENABLE"}


@dataclass(frozen=True)
class Reset:
    """One reset of the accelerator (record RESET of tb/hdl/sim_player.v). All times in cycles.

    pause: from the last command until it is asked for. low: how long. freeze: from its beginning, how long the memory
    gives no answer. forgets: the memory forgets what it was asked. read: a register is read so long before it, None:
    none is. hold: before it the memory gives no answers to reads (1), writes (2), or both (3).
    """

    pause: int
    low: int
    freeze: int
    forgets: bool
    read: int | None
    hold: int

    @staticmethod
    def random(rng: Random, guard: bool) -> Reset:
        """Behind a guard the memory may answer any time; without, within the quiet time (docs/reset.md)."""
        low = rng.choice([1, 5, 20, 50, 200])
        late = rng.choice([0, 0, 20, 3000]) if guard else rng.choice([0, 0, low, low + rng.randrange(250)])
        pause = rng.choice([0, 3, rng.randrange(40), rng.randrange(300), rng.randrange(900)])
        read = rng.choice([None, rng.randrange(14)])
        return Reset(pause, low, late, not guard and rng.random() < 0.3, read, rng.choice([0, 0, 1, 2, 2, 3]))

    def encode(self) -> bytes:
        """Its record."""
        reading = 0 if self.read is None else 2 | self.read << 8
        modes = reading | self.hold << 2 | int(self.forgets)
        return player.record(player.RESET, 0, self.low, self.freeze, self.pause << 16 | modes)


@dataclass(frozen=True)
class Case:
    """One simulation: programs, and the resets between them."""

    seed: int
    programs: tuple[Program, ...]
    resets: tuple[Reset, ...]
    simulation: rtl.Simulation


@dataclass
class Outcome:
    """What a case showed. differences: one line each, with the program it belongs to; empty: all equal."""

    case: Case
    differences: list[str] = field(default_factory=list)
    counters: dict[str, float] = field(default_factory=dict)
    waves: Path | None = None


def make_case(
    seed: int,
    sim: str = "verilator",
    guard: bool = False,
    resets: int = RESETS_PER_CASE,
    kinds: Sequence[str] = PIECES,
    pieces: tuple[int, int] = (3, 6),
    sizes: Sequence[int] = (4, 8, 12, 20),
    assertions: bool = True,
    csb_periods: Sequence[int] = CSB_PERIODS,
) -> Case:
    """The case of a seed. pieces: least and most of a program, sizes: each of one of these (see random_program)."""
    rng = Random(f"resets-{seed}")
    programs = [
        random_program(rng.randrange(1 << 30), rng.randint(*pieces), kinds, rng.choice(sizes)).program
        for _ in range(resets + 1)
    ]
    simulation = rtl.Simulation(
        sim=sim,
        seed=seed,
        memory=rtl.MemoryModel.random(rng),
        csb_period_ps=rng.choice(csb_periods),
        patience=PATIENCE,
        assertions=assertions,
        guard=guard,
        run_name="resets",
    )
    cuts = [_cut(program, rng) for program in programs[:-1]]
    return Case(seed, (*cuts, programs[-1]), tuple(Reset.random(rng, guard) for _ in cuts), simulation)


def _cut(program: Program, rng: Random) -> Program:
    """A program up to a few commands behind one that starts something."""
    starts = [i for i, c in enumerate(program.commands) if isinstance(c, WriteRegister) and c.address in _ENABLES]
    length = min(rng.choice(starts) + rng.randint(1, 12), len(program.commands))
    return Program(program.commands[:length], program.meta)


def run_case(case: Case) -> Outcome:
    """Run a case on the RTL, each of its programs on a fresh golden model, and compare."""
    whole = Program([command for program in case.programs for command in program.commands], {"name": "resets"})
    got = rtl.play(whole, _encode(case, whole), case.simulation, texts=positions_of(whole))
    differences = list(got.failures)
    first = 0
    for number, program in enumerate(case.programs):
        golden = run_golden(program)
        differences += [f"program {number}: golden model: {failure}" for failure in golden.failures]
        part = _part(got, first, len(program.commands))
        differences += [f"program {number}, {program.layer_of(m.index)}: {m}" for m in compare(program, golden, part)]
        first += len(program.commands)
    if got.counters.get("resets") != len(case.resets):
        differences.append(f"{got.counters.get('resets', 0):.0f} resets of {len(case.resets)} took place")
    return Outcome(case, differences, got.counters, got.waves)


def _encode(case: Case, whole: Program) -> Iterator[bytes]:
    yield from player.encode_pages(whole)
    first = 0
    for program, reset in zip(case.programs, (*case.resets, None), strict=True):
        yield from player.encode_commands(program, first)
        first += len(program.commands)
        if reset:
            yield reset.encode()
    yield player.record(player.END, 0)


def _part(execution: Execution, first: int, count: int) -> Execution:
    """What the commands from `first` on showed, as if they were the whole program."""
    seen = [
        replace(observation, index=observation.index - first)
        for observation in execution.observations
        if first <= observation.index < first + count
    ]
    return Execution(execution.backend, seen)


def run_cases(
    seed: int,
    resets: int,
    sim: str = "verilator",
    guard: bool = False,
    kinds: Sequence[str] = PIECES,
    waves: Waves | None = None,
) -> Iterator[Outcome]:
    """Cases of seed, seed + 1, ... until so many resets have taken place. waves: what each of them records."""
    done = 0
    while done < resets:
        case = make_case(seed, sim, guard, min(RESETS_PER_CASE, resets - done), kinds)
        yield run_case(replace(case, simulation=replace(case.simulation, waves=waves)))
        done += len(case.resets)
        seed += 1
