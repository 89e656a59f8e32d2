"""Random programs on golden model and RTL: cases, comparison, shrinking, what is kept of a failure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.program import Execution, Program, compare
from cocodla.program.leaving_out import without_reads
from cocodla.runtime import rtl
from cocodla.runtime.kept import save_kept
from cocodla.sim import project
from cocodla.stimulus.cubes import RandomLayer
from cocodla.stimulus.program import PIECES, Plan, build_program, random_plan
from cocodla.stimulus.shrink import piece_to_json, shrink

PIECES_PER_CASE = 40
"""Pieces in one simulation: about 60 layers, so that starting the simulator costs little."""

CSB_PERIODS = (0, 13_700)
"""Periods of dla_csb_clk in ps (0: the core clock), each a model of its own."""

PATIENCE = 20_000
"""Cycles without progress: more than the longest layer computes without touching memory."""

EMPTY = 20
"""Programs without a layer, one after the other, after which a campaign gives up."""


@dataclass(frozen=True)
class Case:
    """One simulation: the program made from `plan`, on a memory and with clocks chosen by the seed.

    ignore: registers (UNIT.REGISTER, * and ?) that it does not read.
    """

    seed: int
    plan: Plan
    simulation: rtl.Simulation
    ignore: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What a case showed. differences: one line each, with the layer they belong to; empty: all equal."""

    case: Case
    program: Program
    layers: list[RandomLayer]
    differences: list[str] = field(default_factory=list)
    cycles: int = 0

    @property
    def kinds(self) -> Counter[str]:
        return Counter(layer.kind for layer in self.layers)


def make_case(
    seed: int,
    sim: str = "verilator",
    kinds: Sequence[str] = PIECES,
    pieces: int = PIECES_PER_CASE,
    assertions: bool = False,
    watchdog: int | None = None,
    avoid: Sequence[str] = (),
    ignore: Sequence[str] = (),
    always: rtl.MemoryModel | None = None,
) -> Case:
    """The case of a seed. assertions: those of the RTL are on (models of their own). watchdog: see rtl.Simulation.
    avoid: classes of layers (cocodla.stimulus.avoid) that it has none of. ignore: see Case. always: this
    memory in place of a random one.
    """
    rng = Random(seed)
    size = rng.choice([4, 8, 8, 12, 12, 20, 60])
    memory = rtl.MemoryModel() if rng.random() < 0.2 else rtl.MemoryModel.random(rng)
    simulation = rtl.Simulation(
        sim=sim,
        seed=seed,
        memory=always or memory,
        csb_period_ps=rng.choice(CSB_PERIODS),
        watchdog=watchdog,
        patience=PATIENCE,
        assertions=assertions,
    )
    plan = replace(random_plan(seed, pieces, kinds, size), avoid=tuple(avoid))
    return Case(seed, plan, simulation, tuple(ignore))


def run_case(case: Case) -> Outcome:
    """Run a case on both backends and compare them."""
    made = build_program(case.plan)
    program = without_reads(made.program, case.ignore)
    differences, got = check(program, case.simulation)
    return Outcome(case, program, made.layers, differences, int(got.counters.get("cycles", 0)))


def check(program: Program, simulation: rtl.Simulation) -> tuple[list[str], Execution]:
    """Differences between golden model and RTL, and what the RTL did."""
    golden = run_golden(program)
    got = rtl.run(program, simulation)
    lines = [f"golden model: {failure}" for failure in golden.failures] + got.failures
    lines += map(str, compare(program, golden, got))
    return lines, got


def run_cases(
    seed: int,
    layers: int,
    sim: str = "verilator",
    kinds: Sequence[str] = PIECES,
    assertions: bool = False,
    watchdog: int | None = None,
    avoid: Sequence[str] = (),
    ignore: Sequence[str] = (),
    always: rtl.MemoryModel | None = None,
) -> Iterator[Outcome]:
    """Cases of seed, seed + 1, ... until at least `layers` layers have run; the other arguments: see make_case.

    UserError where `avoid` leaves no layer of the `kinds`.
    """
    done = empty = 0
    while done < layers:
        case = make_case(seed, sim, kinds, PIECES_PER_CASE, assertions, watchdog, avoid, ignore, always)
        seed += 1
        if not build_program(case.plan).layers:
            empty += 1
            if empty == EMPTY:
                left = f"--avoid {' '.join(avoid)} leaves none of {', '.join(kinds)}"
                raise UserError(f"{EMPTY} programs without a layer: {left}")
            continue
        empty = 0
        outcome = run_case(case)
        yield outcome
        done += len(outcome.layers)


def shrink_case(case: Case, trials: int = 200, seconds: float | None = None) -> Case:
    """The smallest case found that still differs; on the plain memory and with one clock, if it does so there, too.

    trials, seconds: how many simulations, how long at most (seconds of wall time; the simulation under way is ended).
    """
    end = None if seconds is None else time.monotonic() + seconds
    for simulation in (
        replace(case.simulation, memory=rtl.MemoryModel(), csb_period_ps=0),
        replace(case.simulation, csb_period_ps=0),
        case.simulation,
    ):
        if simulation == case.simulation or _differs(replace(case, simulation=simulation)):
            case = replace(case, simulation=simulation)
            break
    plan = shrink(case.plan, lambda plan: _differs(replace(case, plan=plan)), trials, end)
    return replace(case, plan=plan)


def _differs(case: Case) -> bool:
    return bool(run_case(case).differences)


def keep(outcome: Outcome, small: Outcome, repeat: str, rerun: Callable[[Path], str]) -> Path:
    """Folder with all that is needed to study a failure: the small program, what differs, how to run it again.

    repeat: command that runs the whole case. rerun: command that runs the program of a folder.
    """
    folder = project.build() / "random" / f"seed-{outcome.case.seed}"
    text = [f"the whole case: {repeat}", f"the small program: {rerun(folder)}", "", f"{len(small.layers)} layers:"]
    text += [f"{number}: {describe(layer)}" for number, layer in enumerate(small.layers)]
    text += [
        "",
        "differences of the small program:",
        *small.differences,
        "",
        "of the whole case:",
        *outcome.differences,
    ]
    pieces = [piece_to_json(piece) for piece in small.case.plan.pieces]
    return save_kept(folder, small.program, small.case.simulation, text, rerun(folder), pieces=pieces)


def describe(layer: RandomLayer) -> str:
    """The configurations of a layer in one line."""
    parts = (layer.convolution, layer.sdp, layer.rdma, layer.pdp, layer.cdp)
    return " ".join([layer.kind, *(str(part) for part in parts if part)])
