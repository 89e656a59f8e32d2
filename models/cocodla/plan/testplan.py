"""tb/blocks/<block>/testplan.toml, read and held against the tests that there are.

    about = "how the bench is made, what is always checked"

    [[point]]
    proves = "every client gets its own data in order"    # the testpoint, in a line
    spec = "system.md 8, R1"                               # optional: where that is written
    tests = ["test_random"]                                # cocotb tests of the bench; "*": all of them
    coverage = ["nvdla_core2dbb_ar: * waits for ready",    # optional: what has to be reached (patterns): rules of
                "mcif_read: all 256 outstanding"]          # checkers, bins of tb/hdl/coverage (docs/coverage.md)
    note = "variant smallest"                              # optional

Every test is named by a point; "*" names none in particular.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.coverage import bins
from cocodla.errors import UserError
from cocodla.files.inputs import LARGEST_TOML, read_input, toml_table
from cocodla.sim import bench

FILE = "testplan.toml"
EVERY = "*"
_POINT = {"proves": str, "spec": str, "tests": list, "coverage": list, "note": str}


@dataclass(frozen=True)
class Point:
    """A testpoint. line: where its table begins in the file."""

    proves: str
    tests: tuple[str, ...]
    spec: str = ""
    coverage: tuple[str, ...] = ()
    note: str = ""
    line: int = 0


@dataclass(frozen=True)
class Testplan:
    """The plan of one block. names: the tests of its bench, in order."""

    block: str
    file: Path
    about: str
    points: tuple[Point, ...]
    names: tuple[str, ...] = field(default=())

    def tests(self, point: Point) -> list[str]:
        """The tests of a point, in the order of the bench."""
        return [name for name in self.names if EVERY in point.tests or name in point.tests]


def read_testplan(block: str) -> Testplan:
    """The plan of a block. Raises UserError with file and line for whatever is not as the head of this module says,
    for a test that the bench does not have, and for a test that no point names.
    """
    loaded = bench.load_bench(block)
    file = loaded.folder / FILE
    if not file.exists():
        raise UserError(f"{file}: no such file; every block has a testplan")
    data = read_input(file, LARGEST_TOML)
    content, text = toml_table(data, file), data.decode()
    if unknown := sorted(set(content) - {"about", "point"}):
        raise UserError(f"{file}: unknown key {unknown[0]!r}: a plan has about and point")
    if not isinstance(content.get("about", ""), str):
        raise UserError(f"{file}: about is a text")
    raw = content.get("point", [])
    if not isinstance(raw, list) or not raw:
        raise UserError(f"{file}: no [[point]]")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*point\s*\]\]", line)]
    if len(lines) != len(raw):  # points written otherwise: inline
        lines = [1] * len(raw)
    names = tuple(test.name for test in loaded.tests)
    points = tuple(_point(item, f"{file}:{line}", line, names) for item, line in zip(raw, lines, strict=True))
    named = {name for point in points for name in point.tests}
    if left := [name for name in names if name not in named]:
        raise UserError(f"{file}: no point names the test {left[0]}")
    return Testplan(block, file, content.get("about", "").strip(), points, names)


def read_testplans(blocks: Sequence[str] = ()) -> list[Testplan]:
    """Plans of the named blocks, or of all."""
    return [read_testplan(block) for block in blocks or bench.block_names()]


def _point(item: Any, where: str, line: int, names: Sequence[str]) -> Point:
    if not isinstance(item, dict):
        raise UserError(f"{where}: a point is a table")
    for key, value in item.items():
        kind = _POINT.get(key)
        if kind is None:
            raise UserError(f"{where}: unknown key {key!r}: a point has {', '.join(_POINT)}")
        if not isinstance(value, kind) or (kind is list and not all(isinstance(entry, str) for entry in value)):
            raise UserError(f"{where}: {key} is {'a list of texts' if kind is list else 'a text'}")
    if not item.get("proves"):
        raise UserError(f"{where}: a point without proves")
    if not item.get("tests"):
        raise UserError(f"{where}: the point {item['proves']!r} has no test")
    for test in item["tests"]:
        if test != EVERY and test not in names:
            near = difflib.get_close_matches(test, names, 1)
            raise UserError(f"{where}: the bench has no test {test!r}{f' (is it {near[0]}?)' if near else ''}")
    for pattern in filter(bins.is_bin, item.get("coverage", ())):
        if wrong := bins.complaint(pattern):
            raise UserError(f"{where}: {wrong}")
    texts = {key: item[key] for key in ("spec", "note") if key in item}
    return Point(item["proves"], tuple(item["tests"]), coverage=tuple(item.get("coverage", ())), line=line, **texts)
