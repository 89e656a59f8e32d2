"""What the suites of a plan run: the cells of their matrices. A plan that asks for what is not there is refused."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from functools import singledispatch
from pathlib import Path

from cocodla import datasets
from cocodla.errors import UserError
from cocodla.mutate.python import UNITS
from cocodla.nets.registry import large_networks, networks
from cocodla.regress.items import Cell
from cocodla.regress.plan import (
    Blocks,
    ChipSuite,
    Mutants,
    Networks,
    RandomNetworks,
    RandomPrograms,
    Resets,
    Suite,
    Traces,
)
from cocodla.runtime.traces import find_traces
from cocodla.sim import bench, tools
from cocodla.sim.bench_tests import compile_filter, test_names
from cocodla.sim.parameters import ENVIRONMENT, parse
from cocodla.stimulus.program import PIECES


@singledispatch
def cells(suite: Suite, where: str) -> list[Cell]:
    """The cells of a suite, in order; empty where what it needs is optional and absent. where: what complaints begin
    with."""
    raise TypeError(suite)


@cells.register
def _(suite: Blocks, where: str) -> list[Cell]:
    found = []
    more = ("--test", suite.test) if suite.test else ()
    if suite.coverage:
        if suite.sims != ("verilator",):
            raise UserError(f"{where}.coverage: is counted under Verilator alone, not under {', '.join(suite.sims)}")
        more = (*more, "--coverage")
    names = matching(suite.blocks, bench.block_names(), f"{where}.blocks", "block")
    for sim in suite.sims:
        _known(sim, tools.SIMULATORS, f"{where}.sims", "simulator")
        for loaded in map(bench.load_bench, names):
            if any(loaded.sims.get(variant, sim) == sim for variant in loaded.designs) and (
                not suite.test or _has_test(loaded, sim, suite.test, where)
            ):
                found.append(Cell(loaded.block, sim, _words("sim", loaded.block, "--sim", sim, *more)))
    if not found:
        raise UserError(f"{where}: none of its blocks has a test {suite.test!r} for {', '.join(suite.sims)}")
    return found


@cells.register
def _(suite: Mutants, where: str) -> list[Cell]:
    rtl = [name for name in bench.block_names() if name != "agents"]  # which is about the agents, not the RTL
    names = matching(suite.units, [*rtl, *UNITS], f"{where}.units", "block")
    found = []
    for sim in suite.sims:
        _known(sim, tools.SIMULATORS, f"{where}.sims", "simulator")
        words = ("--count", suite.count, "--jobs", 1, "--sim", sim)
        found += [Cell(name, f"mutants {sim}", _words("mutate", name, *words)) for name in names]
    return found


@cells.register
def _(suite: RandomPrograms, where: str) -> list[Cell]:
    for kind in suite.only:
        _known(kind, PIECES, f"{where}.only", "kind")
    only = [word for kind in suite.only for word in ("--only", kind)]
    return _everywhere(suite, where, "programs", "random", "--count", suite.count, "--trials", 0, *only)


@cells.register
def _(suite: Resets, where: str) -> list[Cell]:
    guard = ["--guard"] if suite.guard else []
    return _everywhere(suite, where, "resets", "resets", "--count", suite.count, *guard)


@cells.register
def _(suite: RandomNetworks, where: str) -> list[Cell]:
    more = ("--rtl",) if suite.rtl else ()
    return _everywhere(suite, where, "networks", "fuzz", "--count", suite.count, "--jobs", 1, *more)


@cells.register
def _(suite: Traces, where: str) -> list[Cell]:
    folder = Path(suite.folder) if suite.folder else datasets.shared_folder() / "traces"
    if not suite.folder and not folder.is_dir():
        return []
    try:
        found = [trace for trace in find_traces(folder) if suite.only in trace.name]
    except UserError as error:
        raise UserError(f"{where}.folder: {error}") from None
    if not found:
        raise UserError(f"{where}: {folder}: no trace has {suite.only!r} in its name")
    most = [] if suite.max_cycles is None else ["--max-cycles", suite.max_cycles]
    return [
        Cell(trace.name, column, _words("traces", trace.script.resolve(), "--sim", sim, "--jobs", 1, *most), env)
        for sim, column, env in columns(suite, where)
        for trace in found
    ]


@cells.register
def _(suite: Networks, where: str) -> list[Cell]:
    large = [net for net in large_networks() if net.name in suite.only]  # not for patterns
    found = networks() + large
    names = matching(suite.only, [net.name for net in found], f"{where}.only", "network")
    present = [net.name for net in found if net.name in names and not net.missing]
    return [
        Cell(name, column, _words("nets", "--only", name, "--sim", sim, "--jobs", 1), env)
        for sim, column, env in columns(suite, where)
        for name in present
    ]


def _has_test(loaded: bench.Bench, sim: str, pattern: str, where: str) -> bool:
    check = compile_filter(f"{where}.test", pattern)
    return any(check.search(name) for name in test_names(loaded.folder, loaded.modules, sim))


def matching(patterns: Sequence[str], names: Sequence[str], where: str, what: str) -> list[str]:
    """Names that one of the patterns fits, in the order of names; UserError for a pattern that fits none."""
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise UserError(f"{where}: no {what} is called {pattern!r}; there are {', '.join(names)}")
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def columns(suite: ChipSuite, where: str) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """(simulator, name of the column, environment) of each pair of simulator and parameters."""
    for text in suite.parameters:
        values = parse(text, f"{where}.parameters")
        shown = " ".join(f"{name}={value}" for name, value in values.items())
        for sim in suite.sims:
            _known(sim, tools.SIMULATORS, f"{where}.sims", "simulator")
            yield sim, f"{sim} {shown}".strip(), ((ENVIRONMENT, shown),) if shown else ()


def _everywhere(suite: ChipSuite, where: str, unit: str, *words: object) -> list[Cell]:
    """One cell for each column."""
    return [Cell(unit, column, _words(*words, "--sim", sim), env) for sim, column, env in columns(suite, where)]


def _words(*words: object) -> tuple[str, ...]:
    return tuple(map(str, words))


def _known(word: str, known: Sequence[str], where: str, what: str) -> None:
    if word not in known:
        raise UserError(f"{where}: unknown {what} {word[:40]!r}; there are {', '.join(known)}")
