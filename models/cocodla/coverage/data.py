"""Coverage data as the project keeps it: the points of a design, how often each was counted, which test reached it.

A point is a place in a source that can be reached: it is the same one in every instance, block and set of parameters.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]


class Kind(enum.IntEnum):
    """What a point is. LINE: a block of statements. BRANCH: a way of an if or case. EXPRESSION: a combination of inputs
    that decides an operator. TOGGLE: an edge of a bit. FUNCTIONAL: a named bin of tb/hdl/coverage.
    """

    LINE = 0
    BRANCH = 1
    EXPRESSION = 2
    TOGGLE = 3
    FUNCTIONAL = 4


class Point(msgspec.Struct, frozen=True, array_like=True, order=True):
    """file: from the project's root. name: of a LINE the lines of the block ("3-5,7"), of a TOGGLE bit and edge, of a
    FUNCTIONAL one the bin ("glb: set and clear (source 3)").
    """

    file: str
    line: int
    column: int
    kind: Kind
    name: str

    @property
    def where(self) -> str:
        """Place and name as messages tell them."""
        return f"{self.file}:{self.line}: {self.kind.name.lower()} {self.name}".rstrip()

    @property
    def lines(self) -> list[int]:
        """Lines of the source that a LINE or BRANCH runs, else the one it is on."""
        if self.kind not in (Kind.LINE, Kind.BRANCH) or not self.name[:1].isdigit():
            return [self.line]
        found: list[int] = []
        for part in self.name.split(" ")[0].split(","):
            first, _, last = part.partition("-")
            found += range(int(first), int(last or first) + 1)
        return found


class TestRun(msgspec.Struct, frozen=True, array_like=True):
    """What one test reached: a bit for each point, as numpy packs them. test: module.name."""

    block: str
    variant: str
    test: str
    seed: int
    reached: bytes

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells one test from another."""
        return self.block, self.variant, self.test, self.seed

    @property
    def name(self) -> str:
        """Name of the test's function."""
        return self.test.partition(".")[2].split("/")[0]

    @property
    def told(self) -> str:
        """The test as messages name it."""
        variant = "" if self.variant == "default" else f" ({self.variant})"
        return f"{self.block}: {self.test.partition('.')[2]}{variant}, seed {self.seed}"


class Data(msgspec.Struct, frozen=True):
    """Coverage of one run or of many. sources: file -> digest of its text. counts: how often each point was reached."""

    sources: dict[str, str]
    points: list[Point]
    counts: list[int]
    tests: list[TestRun]

    def bits(self, test: TestRun) -> Bits:
        """The points that a test reached, shape (points,)."""
        return np.unpackbits(np.frombuffer(test.reached, np.uint8), count=len(self.points)).astype(np.bool_)

    def reached(self, tests: Iterable[TestRun] | None = None) -> Bits:
        """The points that any of the tests reached (default: of all), shape (points,)."""
        found = np.zeros(len(self.points), np.bool_)
        for test in self.tests if tests is None else tests:
            found |= self.bits(test)
        return found

    def reached_by(self, point: int) -> list[TestRun]:
        """The tests that reached a point, given by its place in `points`."""
        byte, bit = point >> 3, 0x80 >> (point & 7)
        return [test for test in self.tests if test.reached[byte] & bit]


def pack(bits: Bits) -> bytes:
    """Bits as a TestRun keeps them."""
    return np.packbits(bits).tobytes()


def merge(parts: Sequence[Data]) -> Data:
    """All points of all parts, counts added, each test with what it reached; of a test that is there twice the last.

    The parts must be of the same sources where they share one (store.check_sources).
    """
    points = sorted({point for part in parts for point in part.points})
    places = {point: place for place, point in enumerate(points)}
    counts = np.zeros(len(points), np.int64)
    tests: dict[tuple[str, str, str, int], TestRun] = {}
    sources: dict[str, str] = {}
    for part in parts:
        place = np.array([places[point] for point in part.points], np.int64)
        counts[place] += np.array(part.counts, np.int64)
        sources |= part.sources
        for test in part.tests:
            bits = np.zeros(len(points), np.bool_)
            bits[place[part.bits(test)]] = True
            tests[test.key] = msgspec.structs.replace(test, reached=pack(bits))
    return Data(sources, points, counts.tolist(), [tests[key] for key in sorted(tests)])
