"""What the commands do: run benches with coverage, merge, judge with waivers, hold against the goals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from cocodla.coverage import store, waivers
from cocodla.coverage.data import Data, Kind, Point, merge, pack
from cocodla.errors import UserError
from cocodla.sim import bench

GOALS = {"line": 99.0, "expression": 98.0, "toggle": 98.0, "functional": 100.0}
"""Percent of what no waiver excuses. Branches count as lines: a way of an `if` is a place that is run or not."""
MEASURES = {
    Kind.LINE: "line", Kind.BRANCH: "line", Kind.EXPRESSION: "expression", Kind.TOGGLE: "toggle",
    Kind.FUNCTIONAL: "functional",
}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """Points of coverage data sorted by what became of them. waived: point -> reason."""

    holes: list[Point]
    waived: dict[Point, str]
    expired: list[str] = field(default_factory=list)


def run_blocks(
    blocks: Sequence[str], test: str | None, seeds: Iterable[int], say: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> list[str]:  # fmt: skip
    """Run benches (all without names) with coverage and keep it; what failed, in words."""
    store.check_design()
    names = list(dict.fromkeys(blocks)) or bench.block_names()
    for name in names:
        bench.load_bench(name)
    every = [(name, seed) for name in names for seed in seeds]
    failed, counting = [], store.Counting()
    for done, (name, seed) in enumerate(every):
        progress(done, len(every))
        outcome = bench.run_bench(name, "verilator", test, seed, counted=counting.design)
        files = store.collect(outcome, counting, test)
        say(f"{name}, seed {seed}: {sum(len(run.results) for run in outcome.runs.values())} tests, {len(files)} files")
        for variant, run in outcome.runs.items():
            words = [f"{result.name}: {result.message}" for result in run.results if result.status == "failed"]
            failed += [f"{name} ({variant}), seed {seed}: {text}" for text in words or filter(None, [run.error])]
    progress(len(every), len(every))
    return failed


def merge_all(
    files: Sequence[Path], output: Path | None = None, progress: Callable[[int, int], None] | None = None,
    skip: Callable[[str], None] | None = None,
) -> Data:  # fmt: skip
    """Merge files (default: all runs that are kept) into `output` (default: the merge all commands read).

    skip: is told of files that cannot be merged, instead of a UserError.
    """
    data = store.merge_files(files or store.run_files(), progress, skip)
    target = output or store.merged_file()
    if output is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    store.save(target, data)
    return data


def open_data(path: Path | None, blocks: Sequence[str]) -> Data:
    """The data of a file (default: the last merge), of these blocks only if there are any."""
    data = store.load(path) if path else store.load_merged()
    for block in blocks:
        bench.load_bench(block)
        if all(test.block != block for test in data.tests):
            raise UserError(f"{path or store.merged_file()}: has no coverage of block {block}")
    return only(data, blocks) if blocks else data


def only(data: Data, blocks: Sequence[str]) -> Data:
    """What the tests of some blocks reached, of the files that one of them reached anything in."""
    tests = [test for test in data.tests if test.block in blocks]
    reached = data.reached(tests)
    files = {point.file for point, hit in zip(data.points, reached, strict=True) if hit}
    keep = np.array([point.file in files for point in data.points], np.bool_)
    points = [point for point, kept in zip(data.points, keep, strict=True) if kept]
    counts = [count * bool(hit) for count, hit, kept in zip(data.counts, reached, keep, strict=True) if kept]
    tests = [msgspec.structs.replace(test, reached=pack(data.bits(test)[keep])) for test in tests]
    return merge([Data({name: text for name, text in data.sources.items() if name in files}, points, counts, tests)])


def judge(data: Data, path: Path | None) -> Judged:
    """Holes of coverage data, without those that a waiver excuses. UserError for a file of waivers with a mistake."""
    reached = data.reached()
    holes = [point for point, hit in zip(data.points, reached, strict=True) if not hit]
    file = path or waivers.waivers_file()
    if path is None and not file.exists():
        return Judged(holes, {})
    known = waivers.read_waivers(file)
    whole = {test.block for test in data.tests}.issuperset(bench.block_names())
    found = waivers.apply(known, holes, file, whole)
    return Judged([point for point in holes if point not in found.reasons], found.reasons, found.expired)


def figures(points: Iterable[Point], judged: Judged) -> dict[str, tuple[int, int]]:
    """measure -> (reached, of so many), without what is waived."""
    open_ = set(judged.holes)
    found = {measure: [0, 0] for measure in GOALS}
    for point in points:
        if point not in judged.waived:
            one = found[MEASURES[point.kind]]
            one[0] += point not in open_
            one[1] += 1
    return {measure: (reached, total) for measure, (reached, total) in found.items()}


def complaints(data: Data, judged: Judged) -> list[str]:
    """What keeps coverage from its goals: expired waivers, measures below, the holes of the functional one."""
    found = list(judged.expired)
    for measure, (reached, total) in figures(data.points, judged).items():
        if total and 100 * reached / total < GOALS[measure]:
            found.append(f"{measure} coverage is {100 * reached / total:.2f} %, {GOALS[measure]:g} % are asked")
    return found + [f"{point.where}: never reached" for point in judged.holes if point.kind == Kind.FUNCTIONAL]
