"""CDP: local response normalisation, or an element-wise table (spec: cdp.md sections 3, 4, 7).

Arrays are atoms of shape (..., surfaces, height, width, 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.arithmetic import IntArray, round_shift, saturate, sign_extend
from cocodla.golden.config_cdp import CdpConfig, LutConfig, TableConfig, Tables
from cocodla.hw import ATOM

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LutStatistics:
    """How often the two look-ups ended in each way (section 4.6); padding lanes are counted too."""

    underflow: int
    overflow: int
    hybrid: int
    le_hit: int
    lo_hit: int

    @property
    def counters(self) -> dict[str, int]:
        """By register of CDP."""
        return {
            "D_PERF_LUT_UFLOW": self.underflow,
            "D_PERF_LUT_OFLOW": self.overflow,
            "D_PERF_LUT_HYBRID": self.hybrid,
            "D_PERF_LUT_LE_HIT": self.le_hit,
            "D_PERF_LUT_LO_HIT": self.lo_hit,
        }


@dataclass(frozen=True)
class Outcomes:
    """Which values were looked up with which end."""

    underflow: BoolArray
    overflow: BoolArray
    hybrid: BoolArray
    le_hit: BoolArray
    lo_hit: BoolArray

    def statistics(self, counts: IntArray | None = None) -> LutStatistics:
        """counts: how many elements each value stands for (default: one)."""
        ends = (self.underflow, self.overflow, self.hybrid, self.le_hit, self.lo_hit)
        return LutStatistics(*(int(end.sum() if counts is None else counts[end].sum()) for end in ends))


def process(
    x: NDArray[Any], channels: int, config: CdpConfig, lut: LutConfig, tables: Tables
) -> tuple[NDArray[np.int8], LutStatistics]:
    """The whole unit: int8 atoms (..., S, H, W, 8) -> int8 atoms and the look-up statistics."""
    if config.square_bypass:
        alone = Alone.of(config, lut, tables)
        return alone.process(x, channels), alone.statistics(x, channels)
    y = convert_input(_channels_last(x), config)
    y[..., channels:] = 0
    v, outcomes = look_up(window_sum(y, config.reach), lut, tables)
    out = convert_output(v if config.multiply_bypass else v * y, config)
    split = out.reshape(*out.shape[:-1], x.shape[-4], 8)
    return np.ascontiguousarray(np.moveaxis(split, -2, -4)), outcomes.statistics()


@dataclass(frozen=True)
class Alone:
    """The unit where every element counts for itself (no sum of squares): a table of the results of all 256 bytes.

    Padding lanes are looked up as 0, whatever they hold: the table has one entry more for them.
    """

    results: NDArray[np.int8]
    outcomes: Outcomes

    @staticmethod
    def of(config: CdpConfig, lut: LutConfig, tables: Tables) -> Alone:
        y = np.append(convert_input(np.arange(256, dtype=np.uint8).view(np.int8), config), 0)
        v, outcomes = look_up(y, lut, tables)
        return Alone(convert_output(v if config.multiply_bypass else v * y, config), outcomes)

    def process(self, x: NDArray[Any], channels: int) -> NDArray[np.int8]:
        """int8 atoms (..., S, H, W, 8) -> int8 atoms."""
        translated = bytearray(x.tobytes()).translate(self.results[:256].tobytes())  # twice as fast as numpy's take
        out = np.frombuffer(translated, np.int8).reshape(x.shape)
        if channels % ATOM:
            out[..., -1, :, :, channels % ATOM :] = self.results[256]
        return out

    def statistics(self, x: NDArray[Any], channels: int) -> LutStatistics:
        """How the elements of the atoms were looked up."""
        counts = np.zeros(257, np.int64)
        counts[:256] = np.bincount(x.view(np.uint8).reshape(-1), minlength=256)
        if channels % ATOM:
            padding = x.view(np.uint8)[..., -1, :, :, channels % ATOM :]
            counts[:256] -= np.bincount(padding.reshape(-1), minlength=256)
            counts[256] = padding.size
        return self.outcomes.statistics(counts)


def convert_input(x: NDArray[Any], config: CdpConfig) -> IntArray:
    """ICVT, section 4.1: int8 -> 9 bits."""
    return saturate(round_shift((np.asarray(x, np.int64) - config.in_offset) * config.in_scale, config.in_shift), 9)


def window_sum(y: IntArray, reach: int) -> IntArray:
    """Section 4.2: sum of squares of the channels within `reach`; channels are the last axis."""
    pads = [(0, 0)] * (y.ndim - 1) + [(reach, reach)]
    squares = np.pad(y * y, pads)
    count = y.shape[-1]
    return np.asarray(sum(squares[..., k : k + count] for k in range(2 * reach + 1)), np.int64)


def convert_output(p: IntArray, config: CdpConfig) -> NDArray[np.int8]:
    """OCVT, section 4.7: 25 bits -> int8."""
    return saturate(round_shift((p - config.out_offset) * config.out_scale, config.out_shift), 8).astype(np.int8)


@dataclass(frozen=True)
class _Place:
    """Where values fall in one table; index and fraction are valid for hits only."""

    under: BoolArray
    over: BoolArray
    index: IntArray
    fraction: IntArray

    @property
    def miss(self) -> BoolArray:
        return self.under | self.over


def look_up(q: IntArray, lut: LutConfig, tables: Tables) -> tuple[IntArray, Outcomes]:
    """Sections 4.3 to 4.6: both tables for every value, choice, interpolation. Result 16 bits."""
    le, lo = places(q, lut)
    both_under, both_over = le.under & lo.under, le.over & lo.over
    hybrid = (le.miss == lo.miss) & ~both_under & ~both_over
    use_le = np.where(hybrid, not lut.hybrid_lo, ~le.miss)
    use_le = np.where(both_under, not lut.underflow_lo, use_le)
    use_le = np.where(both_over, not lut.overflow_lo, use_le)
    reference = lut.le.start + (1 << lut.offset if lut.exponential and lut.offset >= 0 else 0)
    values = np.where(
        use_le,
        _value(q, le, lut.le, tables.le, reference),
        _value(q, lo, lut.lo, tables.lo, lut.lo.start),
    )
    return values, Outcomes(both_under, both_over, hybrid, ~le.miss & lo.miss, le.miss & ~lo.miss)


def places(q: IntArray, lut: LutConfig) -> tuple[_Place, _Place]:
    """Section 4.3 and 4.4: where values fall in LE and in LO."""
    le = _place_exponential(q, lut) if lut.exponential else _place_linear(q, lut.le, 64)
    return le, _place_linear(q, lut.lo, 256)


def _distance(q: IntArray, start: int) -> tuple[BoolArray, IntArray]:
    """(q <= start, distance from start); the comparison sees 22 bits of START only."""
    start = sign_extend(start, 22)
    return q <= start, (q - start) & 0x3FFFFF


def _place_linear(q: IntArray, table: TableConfig, last: int) -> _Place:
    under, d = _distance(q, table.start)
    if table.select >= 0:
        index, fraction = d >> table.select, ((d << 16) >> table.select) & 0xFFFF
    else:
        index, fraction = d << -table.select, np.zeros_like(d)
    return _place(under, np.zeros_like(under), index, fraction, last)


def _place_exponential(q: IntArray, lut: LutConfig) -> _Place:
    under, d = _distance(q, lut.le.start)
    d = np.where(under, 1, d)
    exponent = np.frexp(d.astype(np.float64))[1].astype(np.int64) - 1
    too_small = ~under & (exponent < lut.offset) if lut.offset >= 0 else np.zeros_like(under)
    fraction = ((d - (np.int64(1) << exponent)) << 16) >> exponent
    return _place(under, too_small, exponent - lut.offset, fraction, 64)


def _place(under: BoolArray, too_small: BoolArray, index: IntArray, fraction: IntArray, last: int) -> _Place:
    under = under | too_small
    over = ~under & (index >= last)
    hit = ~(under | over)
    return _Place(under, over, np.where(hit, index, 0), np.where(hit, fraction, 0))


def _value(q: IntArray, place: _Place, table: TableConfig, entries: IntArray, reference: int) -> IntArray:
    """Section 4.5 for one table: interpolation, or the slope beyond its end."""
    low = entries[place.index]
    inside = low + round_shift((entries[place.index + 1] - low) * place.fraction, 16)
    below = entries[0] + _slope((q - reference) * table.underflow_scale, table.underflow_shift)
    above = entries[-1] + _slope((q - table.end) * table.overflow_scale, table.overflow_shift)
    return saturate(np.where(place.under, below, np.where(place.over, above, inside)), 16)


def _slope(product: IntArray, shift: int) -> IntArray:
    """SH of section 4.5. Left shifts are cut where the sum saturates anyway, so that 64 bits do."""
    if shift >= 0:
        return round_shift(product, shift)
    return np.clip(product, -(1 << 40), 1 << 40) << -shift


def _channels_last(x: NDArray[Any]) -> NDArray[Any]:
    """(..., S, H, W, 8) -> (..., H, W, 8*S)."""
    moved = np.moveaxis(x, -4, -2)
    return moved.reshape(*moved.shape[:-2], -1)
