"""Would somebody who does not know the fault look at the right module first? Faults planted over all blocks, scored.

python scripts/score_messages.py [COUNT] [SEED] [BLOCK ...]

Plants mutants (cocodla.mutate) in every block in turn, runs the bench of the block with each, and holds the first line
that it says to the rules of score_messages.toml: it names a place of the module that is broken, what came and what was
expected (or who waits), and when. COUNT (50) that the benches have found are scored; those that no bench finds in
LIMIT CPU seconds are counted apart. All of it goes to build/messages/score.json. Under Icarus, which compiles in
seconds; ten minutes on two cores.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cocodla.files.inputs import read_toml
from cocodla.mutate.bench import EXTRA, SLOWER, BenchRunner, Plain, make_schemata
from cocodla.mutate.mutant import Mutant
from cocodla.mutate.verdict import KILLED, Verdict
from cocodla.sim import bench, project
from cocodla.sim.build import build

NO_RTL = ("agents", "registers")
"""Benches without sources of their own: the agents', and the chip's pins."""
RULES = read_toml(Path(__file__).with_suffix(".toml"))
SIM, JOBS = "icarus", 2
LIMIT = 60
"""CPU seconds of a run, after which the fault counts as not found: the whole run of some benches takes longer."""


@dataclass(frozen=True)
class Score:
    """One fault that was found. place: the message names one of the module's. told: what was wrong. timed: when."""

    block: str
    fault: str
    test: str
    message: str
    place: bool
    told: bool
    timed: bool

    @property
    def good(self) -> bool:
        return self.place and self.told and self.timed


def names_the_place(block: str, file: str, message: str) -> bool:
    """Whether a message names the module of a file: by itself, or by a stream, register or place of it."""
    stem = Path(file).stem
    words = RULES["places"].get(stem, RULES["blocks"].get(block))
    if words is None:
        raise ValueError(f"score_messages.toml: no rule for {stem} or {block}")
    return re.search(rf"\b{stem}\b|{words}", message) is not None


def score(block: str, mutant: Mutant, verdict: Verdict) -> Score:
    """Hold what the bench said of a mutant to the rules."""
    message = verdict.message.strip().partition("\n")[0]
    said = {rule: re.search(RULES["rules"][rule], message) is not None for rule in ("told", "timed")}
    return Score(block, str(mutant), verdict.by, message, names_the_place(block, mutant.file, message), **said)


def faults_of(block: str, count: int, seed: int) -> tuple[list[Score], list[str]]:
    """Plant `count` faults in a block: those found, with scores, and those that were not."""
    loaded = bench.load_bench(block)
    folder = project.build() / "messages" / block
    schemata = make_schemata(loaded, count, seed, folder / "rtl")
    runner = BenchRunner(loaded, SIM, seed, schemata.copies, folder / "runs", lambda text: None)
    found: dict[int, Verdict] = {}
    for variant, design in runner.designs.items():
        left = [number for number in schemata.mutants if number not in found]
        if left:
            plain = Plain(variant, build(design, SIM), (LIMIT - EXTRA) / SLOWER)
            for number, verdict in runner.verdicts(plain, left, JOBS):
                if verdict is not None and verdict.what != "hang":  # which only the limit has ended
                    found[number] = verdict
    scores = [score(block, schemata.mutants[n], verdict) for n, verdict in found.items() if verdict.what in KILLED]
    return scores, [f"{block}: {mutant}" for number, mutant in schemata.mutants.items() if number not in found]


def in_turn(scores: dict[str, list[Score]], count: int) -> Iterator[Score]:
    """The first fault of each block, the second of each, ...: at most `count`."""
    ranked = [(rank, block, one) for block, found in scores.items() for rank, one in enumerate(found)]
    yield from (one for _, _, one in sorted(ranked, key=lambda item: item[:2])[:count])


def main() -> None:
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word.isdigit()]
    count, seed = (*numbers, 50, 1)[0], (*numbers[1:], 1)[0]
    blocks = [word for word in words if not word.isdigit()] or [b for b in bench.block_names() if b not in NO_RTL]
    each = -(-count // len(blocks)) + 1
    scores, missed = {}, []
    for block in blocks:
        scores[block], missed_here = faults_of(block, each, seed)
        missed += missed_here
        for one in scores[block]:
            print(f"{'good' if one.good else 'WEAK'}  {one.block}: {one.fault}")
            print(f"      {one.test}: {one.message}", flush=True)
    chosen = list(in_turn(scores, count))
    good = sum(one.good for one in chosen)
    file = project.build() / "messages" / "score.json"
    file.write_text(json.dumps({"seed": seed, "scored": [asdict(one) for one in chosen], "missed": missed}, indent=1))
    print(f"{good} of {len(chosen)} lead to the right module; not found: {len(missed)} (seed {seed}, {file})")
    sys.exit(0 if good >= 0.9 * len(chosen) else 1)


if __name__ == "__main__":
    main()
