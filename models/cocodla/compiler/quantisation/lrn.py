"""Local response normalisation in integers: look-up tables and converters of CDP (spec: cdp.md sections 4 and 5).

CDP multiplies each element y = q - zero, exact in 9 bits, with a table's value at n, the sum of the squares of its
window. Both tables are linear and share the range of n: the one fine, where the function bends, the other coarse, up
to the largest sum there is. The output converter's scale is chosen first; the tables' unit follows from it, so
rescaling is exact and only the tables' entries are rounded. The exponential form of LE has one interval an octave,
which is never finer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cocodla.compiler.ir import FloatArray, Lrn, LrnFunction, Shape
from cocodla.compiler.limits import Refused

if TYPE_CHECKING:
    from cocodla.compiler.ir import Quantisation

LE_INTERVALS, LO_INTERVALS = 64, 256
INT16_MAX = 32767
MAX_SHIFT = 63
MAX_OFFSET = (1 << 24) - 1
"""The output converter subtracts a signed number of 25 bits."""
GUARANTEED = 1.0
"""Distance from the exact result, in output steps, below which an output differs by at most 1 from ideal rounding."""


@dataclass(frozen=True)
class Table:
    """A linear table: entries (signed 16 bits) at start, start + 2^select, ...; values between are interpolated."""

    start: int
    select: int
    entries: tuple[int, ...]

    @property
    def end(self) -> int:
        """Sum of squares at the last entry."""
        return self.start + ((len(self.entries) - 1) << self.select)


@dataclass
class QuantisedLrn:
    """A normalisation in integers.

    Output code = clamp8(round((table(n) * y - offset) * scale / 2^shift)) with y = q - in_zero and n the sum of y^2
    over the window. LE or LO begins at 0, the other one where it ends. error: most an output can be away from the
    exact result before it is rounded, in output steps.
    """

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    function: LrnFunction
    in_zero: int
    le: Table
    lo: Table
    offset: int
    scale: int
    shift: int
    out: Quantisation
    error: float


def normalisation(node: Lrn, shape: Shape, source: Quantisation, out: Quantisation) -> QuantisedLrn:
    """Tables and converters of one node. Refused if the tables are too coarse for the function."""
    peak = max(127 - source.zero, 128 + source.zero)
    curve = _Curve(node.function, source.scale, peak)
    # One output step is `ratio` steps of y * function; the tables hold function * unit.
    ratio = source.scale / out.scale
    highest = float(curve.at(np.array([0.0, curve.limit])).max())
    if not np.isfinite(highest):
        raise Refused("LRN", node.name, f"bias {node.function.bias:g} to the power of -beta is not finite")
    largest = INT16_MAX / highest
    if out.zero:
        largest = min(largest, MAX_OFFSET / abs(out.zero) * ratio)
    shift = min(MAX_SHIFT, int(np.floor(np.log2(INT16_MAX * largest / ratio))))
    scale = int(np.ceil(ratio * 2.0**shift / largest)) if shift >= 0 else 0
    if not 1 <= scale <= INT16_MAX:
        raise Refused("LRN", node.name, f"one step of its input is {ratio:.3g} output steps, which is out of range")
    unit = ratio * 2.0**shift / scale
    reach = max(127 - out.zero, 128 + out.zero) + 1
    best, (le, lo) = min(
        ((curve.deviation(pair, unit, ratio, reach), pair) for pair in curve.tables(unit)), key=lambda entry: entry[0]
    )
    error = best + (0.5 * scale / 2.0**shift if out.zero else 0.0)
    if error >= GUARANTEED:
        steepness = node.function.alpha / node.function.size * source.scale**2 * curve.limit / node.function.bias
        raise Refused(
            "LRN", node.name,
            f"the look-up tables would be {error:.2g} output steps off, less than 1 is allowed: alpha / size times the "
            f"sum of squares reaches {steepness:.3g} times bias",
        )  # fmt: skip
    return QuantisedLrn(
        name=node.name, sources=(node.inputs[0],), target=node.output, input_shape=shape, function=node.function,
        in_zero=source.zero, le=le, lo=lo, offset=-round(out.zero * 2.0**shift / scale), scale=scale, shift=shift,
        out=out, error=error,
    )  # fmt: skip


class _Curve:
    """(bias + alpha / size * step^2 * n)^-beta for sums of squares n up to `limit`."""

    def __init__(self, function: LrnFunction, step: float, peak: int) -> None:
        self.bias, self.beta = function.bias, function.beta
        self.slope = function.alpha / function.size * step**2
        self.peak = peak
        self.limit = function.size * peak**2
        self.sums = np.unique(np.concatenate([np.arange(1, 4097), np.geomspace(1, self.limit, 8192).astype(np.int64)]))
        self.exact = self.at(self.sums)

    def at(self, sums: FloatArray) -> FloatArray:
        return np.asarray((self.bias + self.slope * sums) ** -self.beta)

    def tables(self, unit: float) -> Iterator[tuple[Table, Table]]:
        """All divisions of the range into a fine and a coarse table: (LE, LO)."""
        select = 0
        while LE_INTERVALS << select < self.limit:
            border = LE_INTERVALS << select
            yield self.table(0, select, LE_INTERVALS, unit), self.rest(border, LO_INTERVALS, unit)
            if (border := LO_INTERVALS << select) < self.limit:
                yield self.rest(border, LE_INTERVALS, unit), self.table(0, select, LO_INTERVALS, unit)
            select += 1

    def rest(self, start: int, intervals: int, unit: float) -> Table:
        """The finest table from `start` to the limit."""
        select = 0
        while start + (intervals << select) < self.limit:
            select += 1
        return self.table(start, select, intervals, unit)

    def table(self, start: int, select: int, intervals: int, unit: float) -> Table:
        """Entries such that the chords deviate as much below as above the curve."""
        sums = start + (np.arange(2 * intervals + 1) << select) / 2
        values = self.at(sums)
        sag = (values[:-2:2] + values[2::2]) / 2 - values[1::2]
        correction = np.concatenate([sag[:1], (sag[:-1] + sag[1:]) / 2, sag[-1:]]) / 2
        entries = np.clip(np.rint((values[::2] - correction) * unit), -INT16_MAX - 1, INT16_MAX)
        return Table(start, select, tuple(int(entry) for entry in entries))

    def deviation(self, pair: tuple[Table, Table], unit: float, ratio: float, reach: int) -> float:
        """Most an output is off, in output steps; outputs saturate at a distance of `reach` from the zero point."""
        fine, coarse = sorted(pair, key=lambda table: table.start)
        found = np.where(self.sums < coarse.start, _interpolate(fine, self.sums), _interpolate(coarse, self.sums))
        largest = np.minimum(np.floor(np.sqrt(self.sums)), self.peak)
        largest = np.minimum(largest, reach / np.maximum(ratio * self.exact, 1e-300))
        return float(((np.abs(found - self.exact * unit) + 0.5) * largest).max() * ratio / unit)


def _interpolate(table: Table, sums: FloatArray) -> FloatArray:
    """Values before they are rounded to integers."""
    places = table.start + (np.arange(len(table.entries)) << table.select)
    return np.interp(sums, places, np.array(table.entries))
