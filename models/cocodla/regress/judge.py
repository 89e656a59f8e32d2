"""What the JSON of each command says: what failed where, what runs it alone again, and figures that add up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cocodla.errors import one_line
from cocodla.regress.items import Cell, Ended, Facts, Item, Judgement, Problem
from cocodla.runtime import autowaves

MOST_PROBLEMS = 20
"""Problems of one item that are kept; the others are of the same run and most likely of the same kind."""

Values = Any
"""JSON of a command."""


def judge(item: Item, ended: Ended) -> Judgement:
    """What came out of an item."""
    if ended.how != "exit":
        return _broken(item, ended.how, ended.text)
    if ended.status not in (0, 1):
        lines = ended.stderr.strip().splitlines()
        return _broken(item, f"status {ended.status}", lines[-1] if lines else "no word why")
    try:
        found = JUDGES[item.kind](item, json.loads(ended.stdout))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        lines = ended.stderr.strip().splitlines()
        why = lines[-1] if lines else f"its result cannot be read ({type(error).__name__}: {error})"
        return _broken(item, "no result", why)
    if ended.status and not found.problems:
        return _broken(item, "status 1", "it failed and named nothing that did")
    return replace(found, problems=tuple(map(_printable, found.problems[:MOST_PROBLEMS])))


def _printable(problem: Problem) -> Problem:
    """Without characters that no file or terminal takes."""
    return replace(problem, stage=one_line(problem.stage), text=one_line(problem.text))


def _broken(item: Item, stage: str, text: str) -> Judgement:
    """An item that ended without a result of its own."""
    return Judgement("failed", (_printable(Problem(item.cell.unit, stage, text, item.cell, item.seed)),))


def _outcome(problems: list[Problem], facts: Facts) -> Judgement:
    return Judgement("failed" if problems else "passed", tuple(problems), facts)


def _block(item: Item, values: Values) -> Judgement:
    problems = []
    tests = skipped = 0
    for run in values["runs"]:
        failed = [test for test in run["tests"] if test["result"] == "failed"]
        tests += len(run["tests"])
        skipped += sum(test["result"] == "skipped" for test in run["tests"])
        files = tuple(str(path) for path in (run["log"], run["waves"]) if path)
        for test in failed:
            words = ["sim", item.cell.unit, "--sim", values["simulator"], "--test", rf"\.{re.escape(test['name'])}$"]
            again = replace(item.cell, words=(*words, "--waves"))
            stage = test["name"].partition("/")[0]
            problems.append(Problem(item.cell.unit, stage, test["message"], again, item.seed, files))
        if run["error"] and not failed:
            problems.append(Problem(item.cell.unit, f"run {run['variant']}", run["error"], item.cell, item.seed, files))
    if not tests and not problems:
        return Judgement("skipped", text="no test")
    return _outcome(problems, {"block_runs": len(values["runs"]), "tests": tests - skipped})


def _mutants(item: Item, values: Values) -> Judgement:
    problems = [
        Problem(item.cell.unit, row["kind"], f"{row['verdict']}: {row['place']}: {row['change']}", item.cell, item.seed)
        for row in values["verdicts"]
        if row["verdict"] in ("survived", "died")
    ]
    return _outcome(problems, {name: values[name] for name in ("mutants", "killed")})


def _programs(item: Item, values: Values) -> Judgement:
    cell = _with(_without(item.cell, "--trials"), "--count", "1")
    problems = [_of_program(item, cell, failure) for failure in values["failures"]]
    facts = {name: values[name] for name in ("layers", "cycles", "coverage")}
    return _outcome(problems, {"programs": values["seeds"][1] - values["seeds"][0] + 1, **facts})


def _of_program(item: Item, cell: Cell, failure: dict[str, Any]) -> Problem:
    place, text = _place(failure["text"])
    files = tuple(path for path in (failure["folder"], failure["waves"]) if path)
    return Problem(item.cell.unit, place, text, cell, failure["seed"], files)


def _resets(item: Item, values: Values) -> Judgement:
    problems = []
    for failure in values["failures"]:
        place, text = _place(failure["text"])
        cell = _with(item.cell, "--count", str(failure["resets"]))
        problems.append(Problem(item.cell.unit, place, text, cell, failure["seed"]))
    return _outcome(problems, {name: values[name] for name in ("resets", "cycles")})


def _random_networks(item: Item, values: Values) -> Judgement:
    problems = []
    for failure in values["failures"]:
        nodes = ("--nodes", str(failure["nodes"])) if failure["nodes"] else ()
        cell = _with(item.cell, "--count", "1")
        again = replace(cell, words=(*cell.words, *nodes))
        problems.append(Problem(item.cell.unit, failure["kind"], failure["text"], again, failure["seed"]))
    return _outcome(problems, {"random_networks": values["networks"], "cycles": values["cycles"]})


def _trace(item: Item, values: Values) -> Judgement:
    (run,) = values
    if run["skipped"] is not None:
        return Judgement("skipped", text=f"takes {run['skipped']:,} cycles")
    found = [("files", run["error"])] if run["error"] else []
    found += [("golden model", line) for line in run["golden"][:1]] + [("rtl", line) for line in run["rtl"][:1]]
    files = (*([str(run["kept"])] if run["kept"] else []), *_waves(run["recorded"]))
    problems = [Problem(item.cell.unit, where, text, item.cell, item.seed, files) for where, text in found]
    return _outcome(problems, {"traces": 1, "cycles": max(run["cycles"], 0)})


def _network(item: Item, values: Values) -> Judgement:
    run = next(entry for entry in values if entry["name"] == item.cell.unit)
    if run["skipped"]:
        return Judgement("skipped", text=run["skipped"])
    problems = []
    for failure in run["failures"]:
        place, colon, text = failure.partition(": ")
        stage, told = (place, text) if colon else ("limits", failure)
        problems.append(Problem(item.cell.unit, stage, told, item.cell, item.seed, _waves(run["recorded"])))
    images = run["cycles"] * (run["cycles"] > 0)
    return _outcome(problems, {"networks": 1, "tensors": run["tensors"], "cycles_per_image": images})


JUDGES: dict[str, Callable[[Item, Values], Judgement]] = {
    "blocks": _block, "random": _programs, "resets": _resets, "fuzz": _random_networks, "traces": _trace,
    "nets": _network, "mutants": _mutants,
}  # fmt: skip
"""By the kind of suite."""


def _waves(told: str) -> tuple[str, ...]:
    """Waveforms that a text tells of."""
    path = autowaves.path_in(told)
    return (path,) if path else ()


def _place(text: str) -> tuple[str, str]:
    """The layer a difference names, and the rest: "layer 3 sdp: output, ..."."""
    found = re.fullmatch(r"((?:program \d+, [^:]*|layer [^:]*|golden model)): (.*)", text, re.DOTALL)
    return (found[1], found[2]) if found else ("", text)


def _with(cell: Cell, option: str, value: str) -> Cell:
    """The cell with another value of an option it has."""
    words = list(cell.words)
    words[words.index(option) + 1] = value
    return replace(cell, words=tuple(words))


def _without(cell: Cell, option: str) -> Cell:
    """The cell without an option and its value."""
    place = cell.words.index(option) if option in cell.words else len(cell.words)
    return replace(cell, words=(*cell.words[:place], *cell.words[place + 2 :]))
