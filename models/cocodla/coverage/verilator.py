"""Reader of Verilator's coverage data: text, a header, then a line for each point of each instance,

    C '\\x01f\\x02file\\x01l\\x0212\\x01n\\x023\\x01page\\x02v_toggle/sdp\\x01o\\x02q[0]:0->1\\x01h\\x02TOP.sdp.u_x' 17

with f file, l line, n column, page v_line, v_branch, v_expr, v_toggle or v_user and the module, o name, S lines of a
block, h instance. Points of all instances of a module are one point. Left out are benches, models of the simulation
(rtl/lib/formal) and what stands in the sources for checks only: between `ifdef and `endif, and wires unused*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cocodla.coverage.data import Kind, Point
from cocodla.errors import UserError
from cocodla.files.inputs import read_input

HEADER = "# SystemC::Coverage-3"
DESIGN, CHECKS, BINS, MACROS = "rtl/", "rtl/lib/formal/", "tb/hdl/coverage/", "tb/hdl/coverage/include/"
LARGEST = 1 << 30
"""Bytes of the data of one test: the whole chip has some 50 MB."""

_KINDS = {
    "v_line": Kind.LINE, "v_branch": Kind.BRANCH, "v_expr": Kind.EXPRESSION, "v_toggle": Kind.TOGGLE,
    "v_user": Kind.FUNCTIONAL,
}  # fmt: skip
_UNUSED = re.compile(r"\s*wire\b[^;=]*\bunused\w*\s*=")
_LINE = re.compile(r"C '(\x01.*)' (\d+)")
Counts = NDArray[np.int64]


@dataclass
class Reader:
    """Reads the data of several tests of one model: the points are the same in each, told by the first.

    root: what the paths of files begin with. Without it the data of another model would be taken for its own.
    """

    root: Path
    points: list[Point] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list)
    _places: Counts = field(default_factory=lambda: np.zeros(0, np.int64))

    def read(self, path: Path) -> Counts:
        """How often each of `points` was reached, shape (points,). UserError with file and line for damaged data."""
        text = read_input(path, LARGEST).decode(errors="replace")
        lines = text.split("\n")
        if lines[0] != HEADER:
            raise UserError(f"{path}:1: is no coverage data of Verilator ({HEADER})")
        if lines.pop() != "":
            raise UserError(f"{path}:{len(lines) + 1}: is cut off")
        keys, counts = [], []
        for number, line in enumerate(lines[1:], 2):
            found = _LINE.fullmatch(line)
            if found is None:
                raise UserError(f"{path}:{number}: is no point of coverage data: {line[:60]!r}")
            keys.append(found[1])
            counts.append(int(found[2]))
        if not self._keys:
            self._learn(path, keys)
        elif keys != self._keys:
            place = next((i for i, pair in enumerate(zip(keys, self._keys, strict=False)) if pair[0] != pair[1]), None)
            wrong = len(lines) if place is None else place + 2
            raise UserError(f"{path}:{wrong}: has {len(keys)} points, other than the {len(self._keys)} of its model")
        total = np.zeros(len(self.points) + 1, np.int64)  # the last place is for what is not counted
        np.add.at(total, self._places, np.array(counts, np.int64))
        return total[:-1]

    def _learn(self, path: Path, keys: list[str]) -> None:
        skipped: dict[str, set[int]] = {}
        places: dict[Point, int] = {}
        ours = []
        for number, key in enumerate(keys, 2):
            try:
                point = _point(key, self.root)
            except (KeyError, ValueError) as error:
                raise UserError(f"{path}:{number}: is no point of coverage data: {error}") from None
            if point is not None and point.file not in skipped:
                skipped[point.file] = lines_of_checks(self.root / point.file)
            if point is None or point.line in skipped[point.file] or is_unused(point):
                ours.append(-1)
                continue
            ours.append(places.setdefault(point, len(places)))
        self._keys, self.points = keys, list(places)
        self._places = np.array(ours, np.int64)  # -1 is the place behind the last


def _point(key: str, root: Path) -> Point | None:
    """The point of a key; None for what is not counted."""
    fields = dict(item.split("\x02", 1) for item in key.split("\x01")[1:])
    kind = _KINDS[fields["page"].partition("/")[0]]
    file = Path(fields["f"])
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
    line, column = int(fields["l"]), int(fields["n"])
    if kind == Kind.FUNCTIONAL:
        return Point(name, line, column, kind, bin_name(name, fields["h"])) if name.startswith(BINS) else None
    if not name.startswith(DESIGN) or name.startswith(CHECKS):
        return None
    told = fields["o"]
    if kind in (Kind.LINE, Kind.BRANCH):
        told = " ".join(filter(None, (fields.get("S", ""), "" if told == "block" else told)))
    return Point(name, line, column, kind, told)


def bin_name(file: str, instance: str) -> str:
    """Name of a bin: the module that tb/hdl/coverage/MODULE_cover.sv looks at, label, and generate blocks around it.

    TOP.glb.u_cover.source[3].set_and_clear of glb_cover.sv is "glb: set and clear (source 3)".
    """
    for written, meant in (("__BRA__", "["), ("__KET__", "]"), ("__DOT__", ".")):
        instance = instance.replace(written, meant)
    unit = Path(file).stem.removesuffix("_cover")
    *blocks, label = instance.rpartition(".u_cover.")[2].split(".")
    around = ", ".join(_words(block) for block in blocks)
    return f"{unit}: {_words(label)}" + (f" ({around})" if around else "")


def _words(label: str) -> str:
    return re.sub(r"\[(-?\d+)\]", r" \1", label).replace("_", " ")


def is_unused(point: Point) -> bool:
    """Whether a point is of a wire that only tells lint that nothing looks at others."""
    return point.kind == Kind.TOGGLE and re.fullmatch(r"(?:.*\.)?unused\w*(?:\[\d+\])?:.*", point.name) is not None


def lines_of_checks(source: Path) -> set[int]:
    """Numbers of the lines between `ifdef and its `else or `endif (assertions, models of skew, proofs), and of those
    that give a wire unused* its value.
    """
    found: set[int] = set()
    taken: list[bool] = []  # of each `ifdef around: whether this is its first part
    in_unused = False
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        word = line.strip().split(" ")[0]
        if word == "`ifdef":
            taken.append(True)
        elif word == "`else" and taken:
            taken[-1] = False
        elif word == "`endif" and taken:
            taken.pop()
        in_unused = in_unused or _UNUSED.match(line) is not None
        if any(taken) or in_unused:
            found.add(number)
        in_unused = in_unused and ";" not in line.partition("//")[0]
    return found
