"""Random programs on golden model and RTL: cases, comparison, shrinking, what is kept of a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from cocodla.golden import run as run_golden
from cocodla.program import Execution, Program, compare
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

WATCHDOG = 20_000
"""Cycles without progress: more than the longest layer computes without touching memory."""


@dataclass(frozen=True)
class Case:
    """One simulation: the program made from `plan`, on a memory and with clocks chosen by the seed."""

    seed: int
    plan: Plan
    simulation: rtl.Simulation


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
    watchdog: int = WATCHDOG,
) -> Case:
    """The case of a seed. assertions: those of the RTL are on (models of their own)."""
    rng = Random(seed)
    size = rng.choice([4, 8, 8, 12, 12, 20, 60])
    memory = rtl.MemoryModel() if rng.random() < 0.2 else rtl.MemoryModel.random(rng)
    simulation = rtl.Simulation(
        sim=sim,
        seed=seed,
        memory=memory,
        csb_period_ps=rng.choice(CSB_PERIODS),
        watchdog=watchdog,
        assertions=assertions,
    )
    return Case(seed, random_plan(seed, pieces, kinds, size), simulation)


def run_case(case: Case) -> Outcome:
    """Run a case on both backends and compare them."""
    made = build_program(case.plan)
    differences, got = check(made.program, case.simulation)
    return Outcome(case, made.program, made.layers, differences, int(got.counters.get("cycles", 0)))


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
    watchdog: int = WATCHDOG,
) -> Iterator[Outcome]:
    """Cases of seed, seed + 1, ... until at least `layers` layers have run."""
    done = 0
    while done < layers:
        outcome = run_case(make_case(seed, sim, kinds, assertions=assertions, watchdog=watchdog))
        yield outcome
        done += len(outcome.layers)
        seed += 1


def shrink_case(case: Case, trials: int = 200) -> Case:
    """The smallest case found that still differs; on the plain memory and with one clock, if it does so there, too."""
    for simulation in (
        replace(case.simulation, memory=rtl.MemoryModel(), csb_period_ps=0),
        replace(case.simulation, csb_period_ps=0),
        case.simulation,
    ):
        if simulation == case.simulation or _differs(replace(case, simulation=simulation)):
            case = replace(case, simulation=simulation)
            break
    plan = shrink(case.plan, lambda plan: _differs(replace(case, plan=plan)), trials)
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
