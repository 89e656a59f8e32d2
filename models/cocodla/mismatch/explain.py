"""How one element of a layer's cube comes about, step by step, on the golden model, and what a dump shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import Int8Array
from cocodla.golden import cdp, pdp
from cocodla.golden.config import PdpConfig, Pooling
from cocodla.golden.work import CdpWork, PdpWork, SdpWork
from cocodla.hw import ATOM
from cocodla.mismatch import array
from cocodla.mismatch.blame import STREAMS, lane_of, seen_stream
from cocodla.mismatch.boundaries import Boundaries
from cocodla.mismatch.layers import Inside, Layer

Element = tuple[int, int, int]
"""Channel, line, column."""
MOST = 4096
"""Inputs of an element that are kept."""


@dataclass(frozen=True)
class Step:
    """A value on the way. seen: in the dump, in `cycle`; None where it passes no boundary, or there is no dump."""

    what: str
    expected: int
    seen: int | None = None
    cycle: int | None = None

    @property
    def differs(self) -> bool:
        return self.seen is not None and self.seen != self.expected


@dataclass(frozen=True)
class Table:
    """Inputs of an element: rows of numbers, the first MOST of `count`."""

    title: str
    rows: list[list[int]]
    count: int

    @staticmethod
    def of(title: str, values: NDArray[np.generic]) -> Table:
        """Values of two axes."""
        kept = values[: max(1, MOST // max(values.shape[1], 1)), :MOST]
        return Table(title, kept.astype(np.int64).tolist(), values.size)


@dataclass
class Explanation:
    """An element (channel, line, column), its inputs, and the steps that lead to it."""

    element: Element
    tables: list[Table] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class _Watch:
    """Looks values up in a dump, if there is one."""

    bounds: Boundaries | None
    layers: Sequence[Layer]
    layer: Layer

    def value(self, name: str, beat: int, lane: int) -> tuple[int | None, int | None]:
        """A lane of a beat of a stream, and its cycle."""
        if self.bounds is None or name not in self.layer.beats or not self.bounds.has(STREAMS[name].interface):
            return None, None
        seen = seen_stream(self.bounds, self.layers, self.layer, name)
        if beat >= len(seen.data):
            return None, None
        return lane_of(seen.data[beat], lane, STREAMS[name].lane), int(seen.cycles[beat])

    def accumulator(self, beat: int, lane: int) -> tuple[int | None, int | None]:
        """The sum of CMAC's beats for an element, and the cycle of the last one."""
        if self.bounds is None or not self.bounds.has("cmac2cacc", "cmac2cacc_b", "csc2cmac_dat", "csc2cmac_wt"):
            return None, None
        before = sum(one.beats.get("cacc2sdp", 0) for one in self.layers if one.number < self.layer.number)
        beats = array.beats_of(self.bounds, before + beat)
        if beats is None:
            return None, None
        found = array.products(self.bounds, int(beats[-1]) + 1).of(beats)
        return int(found.sums[:, lane].sum()), int(found.came[-1])


def explain(
    layer: Layer, element: Element, got: int | None, layers: Sequence[Layer], bounds: Boundaries | None = None
) -> Explanation:
    """How the element (channel, line, column) of the layer's cube comes about. got: what memory holds instead."""
    assert layer.inside is not None
    found, watch = Explanation(element), _Watch(bounds, layers, layer)
    if isinstance(layer.work, SdpWork):
        _sdp(found, layer.work, layer.inside, element, watch)
    elif isinstance(layer.work, PdpWork):
        assert layer.inside.source is not None
        _pdp(found, layer.work.config, layer.inside.source, element)
    else:
        assert layer.inside.source is not None
        _cdp(found, layer.work, layer.inside.source, element)
    channel, y, x = element
    right = int(layer.result[channel // ATOM, y, x, channel % ATOM])
    found.steps.append(Step("in memory", right, got))
    return found


def _sdp(found: Explanation, work: SdpWork, inside: Inside, element: Element, watch: _Watch) -> None:
    values, place = inside.values, element
    assert values is not None
    if work.pool:
        _pdp(found, work.pool, values.y, element)
        place = _worst_of_window(work.pool, values.y, element, watch)
        title = f"{found.tables[-1].title}; below, its element at {_where(place)}"
        found.tables[-1] = replace(found.tables[-1], title=title)
    steps: list[Step] = []
    channel, y, x = place
    (surface, lane), config = divmod(channel, ATOM), work.config
    at, beat = (surface, y, x, lane), (surface * config.height + y) * config.width + x
    if work.convolution:
        window, weights = array.operands(watch.layer, beat, lane)
        found.tables += [
            Table.of("inputs (a row for each place of the kernel, its channels)", window.reshape(-1, window.shape[-1])),
            Table.of("weights, in the same places", weights.reshape(-1, weights.shape[-1])),
        ]
        assert values.sums is not None
        shift, text = work.convolution.csc.clip_truncate, f"accumulator: sum of {window.size:,} products"
        steps.append(Step(text, int(values.sums[at]), *watch.accumulator(beat, lane)))
        text = f"CACC, rounded by {shift} bits" if shift else "CACC"
        steps.append(Step(text, int(values.x[at]), *watch.value("cacc2sdp", beat, lane)))
    else:
        steps.append(Step("input from memory", int(values.x[at]), *watch.value("mrd", beat, lane)))
    for short, stage, read, after in zip("bn", (config.bs, config.bn), values.operands, values.stages, strict=True):
        title = "X1 (BS)" if short == "b" else "X2 (BN)"
        for part, operands, register, on in (
            ("alu", read.alu, stage.alu_operand, not stage.alu_bypass),
            ("mul", read.mul, stage.mul_operand, not stage.mul_bypass),
        ):
            if stage.bypass or not on:
                continue
            if operands is None:
                steps.append(Step(f"{title}: {part.upper()} operand, from its register", register))
                continue
            each = operands[0].shape[1] * operands[0].shape[2] > 1
            index = (surface, y, x, lane) if each else (surface, 0, 0, lane)
            number = beat if each else surface
            text, seen = f"{title}: {part.upper()} operand, from memory", watch.value(f"{short}rd_{part}", number, lane)
            steps.append(Step(text, int(operands[0][index]), *seen))
        if not stage.bypass:
            steps.append(Step(f"behind {title}", int(after[at])))
    text = f"behind the converter (- {config.cvt_offset}, * {config.cvt_scale}, >> {config.cvt_shift})"
    steps.append(Step(text, int(values.y[at]), *watch.value("sdp2pdp", beat, lane)))
    found.steps[:0] = steps


def _worst_of_window(pool: PdpConfig, y: Int8Array, element: Element, watch: _Watch) -> Element:
    """Of a pooling window the first element that was seen to be wrong, else the one that decides, else the first."""
    channel, _, _ = element
    rows, columns = _window(pool, element)
    surface, lane = divmod(channel, ATOM)
    for row in rows:
        for column in columns:
            seen, _ = watch.value("sdp2pdp", (surface * pool.height + row) * pool.width + column, lane)
            if seen is not None and seen != y[surface, row, column, lane]:
                return channel, row, column
    part = y[surface, rows.start : rows.stop, columns.start : columns.stop, lane]
    best = int(part.argmin() if pool.method is Pooling.MIN else part.argmax())
    return channel, rows.start + best // part.shape[1], columns.start + best % part.shape[1]


def _window(config: PdpConfig, element: Element) -> tuple[range, range]:
    """Lines and columns of the input that a pooled element looks at, without padding."""
    _, y, x = element
    top = y * config.stride_height - config.pad_top
    left = x * config.stride_width - config.pad_left
    rows = range(max(top, 0), min(top + config.kernel_height, config.height))
    return rows, range(max(left, 0), min(left + config.kernel_width, config.width))


def _pdp(found: Explanation, config: PdpConfig, source: Int8Array, element: Element) -> None:
    channel, y, x = element
    rows, columns = _window(config, element)
    surface, lane = divmod(channel, ATOM)
    part = source[surface, rows.start : rows.stop, columns.start : columns.stop, lane]
    name = config.method.name.lower()
    where = f"lines {rows.start} to {rows.stop - 1}, columns {columns.start} to {columns.stop - 1}"
    found.tables.append(Table.of(f"pooling window ({name}), {where}", part))
    one = source[surface : surface + 1]
    if config.method is Pooling.AVERAGE:
        _sums_of_window(found, config, one, (lane, y, x))
    found.steps.append(Step(f"{name} of the window", int(pdp.process(one, config)[0, y, x, lane])))


def _sums_of_window(found: Explanation, config: PdpConfig, source: Int8Array, at: Element) -> None:
    lane, y, x = at
    done = 0
    for first, width, out_width, pad_left in config.strips():
        if x < done + out_width:
            strip = source[:, :, first : first + width]
            across, total = pdp.totals(strip, config, *pdp.windows(strip, config, out_width, pad_left))
            rows, _ = _window(config, (0, y, x))
            for row in rows:
                found.steps.append(Step(f"sum along line {row}", int(across[0, row, x - done, lane])))
            found.steps.append(Step("sum of the window, with padding", int(total[0, y, x - done, lane])))
            return
        done += out_width


def _cdp(found: Explanation, work: CdpWork, source: Int8Array, element: Element) -> None:
    channel, y, x = element
    config, lut = work.config, work.lut
    pixel = source[:, y, x].reshape(-1).astype(np.int64)
    own = cdp.convert_input(pixel, config)
    own[work.layout.channels :] = 0
    if config.square_bypass:
        q = own
        found.tables.append(Table.of("input", pixel[None, channel : channel + 1]))
    else:
        low, high = max(channel - config.reach, 0), min(channel + config.reach + 1, work.layout.channels)
        found.tables.append(Table.of(f"channels {low} to {high - 1} of the pixel", pixel[None, low:high]))
        q = cdp.window_sum(own, config.reach)
    found.steps.append(Step("behind the input converter", int(own[channel])))
    if not config.square_bypass:
        found.steps.append(Step(f"sum of squares of {2 * config.reach + 1} channels", int(q[channel])))
    one = q[channel : channel + 1]
    for name, place in zip(("LE", "LO"), cdp.places(one, lut), strict=True):
        if place.miss[0]:
            text, end = ("lower", 0) if place.under[0] else ("upper", 64 if name == "LE" else 256)
            found.steps.append(Step(f"table {name}: beyond its {text} end, entry", end))
        else:
            text = f"table {name}: entry (fraction {int(place.fraction[0])} of 65,536)"
            found.steps.append(Step(text, int(place.index[0])))
    value, _ = cdp.look_up(one, lut, work.tables)
    found.steps.append(Step("looked up", int(value[0])))
    product = value if config.multiply_bypass else value * own[channel : channel + 1]
    if not config.multiply_bypass:
        found.steps.append(Step("times the input", int(product[0])))
    found.steps.append(Step("behind the output converter", int(cdp.convert_output(product, config)[0])))


def _where(place: Element) -> str:
    return "channel {}, line {}, column {}".format(*place)
