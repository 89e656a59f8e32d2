"""Plans: TOML files that say which suites a regression runs (docs/regression.md).

    about = "what every change runs"
    budget = "15m"                   # optional; --budget overrides it

    [suites.blocks]
    kind = "blocks"                  # which of the classes below
    seeds = 2                        # so many new ones in every run, or a list of fixed ones
    endless = true                   # goes on with new seeds as long as the budget lasts
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from cocodla.errors import UserError
from cocodla.files.inputs import LARGEST_TOML, read_input, toml_table
from cocodla.sim import project

MOST_SEEDS = 10_000
LONGEST = 30 * 24 * 3600.0
"""Seconds of a duration at most."""

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhd]?)")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Seeds = Annotated[int, Meta(ge=1, le=MOST_SEEDS)] | Annotated[
    tuple[Annotated[int, Meta(ge=0, le=2**63 - 1)], ...], Meta(min_length=1, max_length=MOST_SEEDS)
]
Words = Annotated[tuple[str, ...], Meta(min_length=1, max_length=1000)]


class Suite(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True):
    """What all suites have in common.

    sims: simulators. seeds: how many new ones in each run, or which. timeout: of one item. endless: new seeds as long
    as the budget lasts.
    """

    sims: Words = ("verilator",)
    seeds: Seeds = 1
    timeout: str = "30m"
    endless: bool = False

    @property
    def seconds(self) -> float:
        """The time an item may take."""
        return duration(self.timeout, "timeout")


class ChipSuite(Suite, frozen=True, kw_only=True):
    """One that runs the whole chip. parameters: those of NV_nvdla (DUT_PARAMETERS), each item with each text."""

    parameters: Words = ("",)


class Blocks(Suite, frozen=True, tag="blocks"):
    """Block benches (`cocodla sim`). blocks: names, * and ? stand for others. test: pattern of test names.
    coverage: count what each test reaches; the page tells of the merge (cocodla.coverage).

    The parameters of a block are the variants of its bench: all of them are run.
    """

    blocks: Words = ("*",)
    test: str = ""
    coverage: bool = False


class RandomPrograms(ChipSuite, frozen=True, tag="random"):
    """Random programs (`cocodla random`). count: layers of an item. only: kinds of layers, empty: all."""

    count: Count = 200
    only: tuple[str, ...] = ()


class Resets(ChipSuite, frozen=True, tag="resets"):
    """Resets in the middle of random programs (`cocodla resets`). count: resets of an item."""

    count: Count = 30
    guard: bool = False


class Traces(ChipSuite, frozen=True, tag="traces"):
    """Public traces and register logs (`cocodla traces`), an item for each.

    folder: where they are; empty: those beside the project, and none where these are absent.
    """

    folder: str = ""
    only: str = ""
    max_cycles: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class Networks(ChipSuite, frozen=True, tag="nets"):
    """Known networks from float to RTL (`cocodla nets`), an item for each. only: names, * and ? stand for others."""

    only: Words = ("*",)


class RandomNetworks(ChipSuite, frozen=True, tag="fuzz"):
    """Random ONNX networks (`cocodla fuzz`). count: networks of an item. rtl: on the RTL, too."""

    count: Count = 20
    rtl: bool = False


class Mutants(Suite, frozen=True, tag="mutants"):
    """Faults planted one by one (`cocodla mutate`). units: names of blocks, golden, compiler; * and ? stand for others.
    count: mutants of an item.
    """

    units: Words = ("*",)
    count: Annotated[int, Meta(ge=1, le=65_535)] = 20


AnySuite = Mutants | Blocks | RandomPrograms | Resets | Traces | Networks | RandomNetworks


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A regression. budget: duration of a whole run, empty: each item once. space: bytes that a host must have free.

    name and text are those of the file.
    """

    suites: Annotated[dict[str, AnySuite], Meta(min_length=1, max_length=200)]
    about: str = ""
    budget: str = ""
    space: Annotated[int, Meta(ge=0)] = 1 << 30
    name: str = ""
    text: str = ""


def plans_folder() -> Path:
    """Folder of the plans that come with the project."""
    return project.root() / "plans"


def plan_names() -> list[str]:
    """Names of the plans that come with the project, sorted."""
    return sorted(path.stem for path in plans_folder().glob("*.toml"))


def load_plan(given: str) -> Plan:
    """The plan of a file, or one of `plan_names`; UserError for what it gets wrong."""
    named = plans_folder() / f"{given}.toml"
    path = named if given in plan_names() else Path(given)
    if path.suffix != ".toml" and not path.exists():
        raise UserError(f"{given}: no such plan; there are {', '.join(plan_names())}, or a file .toml")
    text = read_input(path, LARGEST_TOML).decode(errors="replace")
    return parse_plan(text, path.stem, str(path))


def parse_plan(text: str, name: str, where: str) -> Plan:
    """The plan of a text. where: what complaints begin with."""
    values = toml_table(text.encode(), where)
    try:
        if reserved := {"name", "text"} & set(values):
            raise UserError(f"{where}: unknown key {min(reserved)!r}")
        plan = msgspec.convert({**values, "name": name, "text": text}, Plan)
    except msgspec.ValidationError as error:
        raise UserError(f"{where}: {_told(str(error), values)}") from None
    for key, suite in plan.suites.items():
        if not _NAME.fullmatch(key):
            raise UserError(f"{where}: suites: {key[:60]!r} is no name (letters, digits, _ . -)")
        duration(suite.timeout, f"{where}: suites.{key}.timeout")
    if plan.budget:
        duration(plan.budget, f"{where}: budget")
    return plan


def _told(complaint: str, values: dict[str, Any]) -> str:
    """A complaint of msgspec, with the suites that it may mean where it does not name one."""
    complaint = complaint.replace("$.", "").replace("`", "'")
    if "[...]" not in complaint:
        return complaint
    named = [name for name, suite in values["suites"].items() if _is_wrong(suite)]
    return complaint.replace("suites[...]", f"suites.{named[0]}" if named else "a name of suites")


def _is_wrong(values: object) -> bool:
    try:
        msgspec.convert(values, AnySuite)
    except msgspec.ValidationError:
        return True
    return False


def duration(text: str, what: str) -> float:
    """Seconds of "90", "90s", "10m", "2h" or "1d"; UserError for others, and for more than LONGEST."""
    match = _DURATION.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= LONGEST:
        raise UserError(f"{what}: {text[:40]!r} is no duration up to 30 days (90s, 10m, 2h)")
    return seconds
