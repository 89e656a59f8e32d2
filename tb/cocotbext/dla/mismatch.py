"""How a bench tells a mismatch, in one line: where, what came, what was expected, when.

    surface 1, line 2, column 3, lane 5: got 12, expected 13 (cycle 123, at 1230 ns)

`expect` compares two values, `expect_lanes` two words lane by lane, `expect_beats` two lists; `require` is for what is
no comparison; a `Cube` names the cells of a feature cube. Got and expected are always written alike. Lists that are
compared after a run need the times at which their beats came: monitors keep them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

from cocotbext.dla.moment import now, when


class Mismatch(AssertionError):
    """The design did something else than its model."""


def expect(
    where: str, got: object, expected: object, at: float | None = None, show: Callable[[Any], str] = str
) -> None:
    """Mismatch unless both are equal; of two lists the first place that differs is told.

    at: when it was seen in ns, by default now. show: how a value is written.
    """
    if got != expected and isinstance(got, list) and isinstance(expected, list):
        times = [] if at is None else [at] * len(got)
        expect_beats(where, got, expected, times, "number {}".format, partial(expect, show=show))
    if got != expected:
        raise Mismatch(f"{where}: got {show(got)}, expected {show(expected)} {when(at)}")


def hexadecimal(value: object) -> str:
    """For `show`: integers in hexadecimal, also those of a tuple; all else as it is."""
    if isinstance(value, tuple):
        return f"({', '.join(map(hexadecimal, value))})"
    return hex(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def require(holds: object, broken: str, at: float | None = None) -> None:
    """Mismatch unless something is true. broken: what is wrong where it is not, by the names of the unit."""
    if not holds:
        raise Mismatch(f"{broken} {when(at)}")


def expect_range(where: str, got: float, least: float = -math.inf, most: float = math.inf) -> None:
    """Mismatch unless a figure (a rate, a number of cycles) lies between two bounds, both included."""
    if not least <= got <= most:
        bound = f"at least {least:g}" if got < least else f"at most {most:g}"
        raise Mismatch(f"{where}: got {got:.6g}, expected {bound} {when()}")


def expect_lanes(
    where: str, got: int, expected: int, bits: int = 8, signed: bool = True, at: float | None = None, lane: str = "lane"
) -> None:
    """Mismatch at the first lane (of `bits` each, the lowest is lane 0) in which two words differ.

    lane: what a lane is called.
    """
    different = got ^ expected
    wrong = [k for k in range(-(-different.bit_length() // bits)) if different >> bits * k & ~(-1 << bits)]
    if wrong:
        k = wrong[0]
        more = f", {len(wrong)} {lane}s differ" if len(wrong) > 1 else ""
        values = [_lane(word, k, bits, signed) for word in (got, expected)]
        raise Mismatch(f"{where}, {lane} {k}: got {values[0]}, expected {values[1]}{more} {when(at)}")


def expect_bytes(where: str, got: int, expected: int, at: float | None = None) -> None:
    """`expect_lanes` of bytes that are no numbers."""
    expect_lanes(where, got, expected, signed=False, at=at, lane="byte")


def _lane(word: int, index: int, bits: int, signed: bool) -> int:
    value = word >> bits * index & ~(-1 << bits)
    return value - (1 << bits) if signed and value >> bits - 1 else value


def expect_beats(
    stream: str,
    got: Sequence[Any],
    expected: Sequence[Any],
    times: Sequence[float] = (),
    place: Callable[[int], str] = "beat {}".format,
    check: Callable[..., None] = expect,
) -> None:
    """Mismatch at the first beat of a stream that differs, is missing or is too many.

    times: when each of `got` came. place: what beat number n is. check: called with (where, got, expected, at=time) for
    each pair: expect, expect_lanes or one of the bench's own.
    """
    absent = object()
    for index, (one, other) in enumerate(zip_longest(got, expected, fillvalue=absent)):
        at = times[index] if index < len(times) else now()
        if other is absent:
            raise Mismatch(f"{stream}, beat {index}: came after the last of {len(expected)} {when(at)}")
        where = f"{stream}, {place(index)}"
        if one is absent:
            raise Mismatch(f"{where}: never came, {len(got)} of {len(expected)} did {when(at)}")
        if one != other:
            check(where, one, other, at=at)


@contextmanager
def described(layers: Sequence[object]) -> Iterator[None]:
    """Write the layers to the log, in full, if what they did is a mismatch."""
    try:
        yield
    except Mismatch:
        for number, layer in enumerate(layers, 1):
            logging.getLogger("cocotb.bench").error("layer %d of %d: %s", number, len(layers), layer)
        raise


@contextmanager
def explained(lines: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Write to the log what `lines` tells of a mismatch that comes up meanwhile: the pattern of a cube, for example."""
    try:
        yield
    except Mismatch:
        for line in lines():
            logging.getLogger("cocotb.bench").error("%s", line)
        raise


@dataclass(frozen=True)
class Cube:
    """A feature cube of cells (the 8 lanes of a surface at one pixel); strides in bytes, where it lies in memory."""

    width: int
    height: int
    surfaces: int
    address: int = 0
    line_stride: int = 0
    surface_stride: int = 0
    cell_bytes: int = 8

    def cell(self, index: int) -> str:
        """Place of a cell by its number, in the order surface, line, column."""
        line, column = divmod(index, self.width)
        surface, line = divmod(line, self.height)
        return f"surface {surface}, line {line}, column {column}"

    def at(self, address: int) -> str:
        """Place of the cell at a byte address; the address itself where there is none."""
        rest = (address - self.address) & 0xFFFFFFFF
        surface, rest = divmod(rest, self.surface_stride) if self.surfaces > 1 else (0, rest)
        line, rest = divmod(rest, self.line_stride) if self.height > 1 else (0, rest)
        column, rest = divmod(rest, self.cell_bytes)
        if rest or surface >= self.surfaces or line >= self.height or column >= self.width:
            return f"address {address:#010x}"
        return f"surface {surface}, line {line}, column {column}"
