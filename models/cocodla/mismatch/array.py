"""Which unit of the convolution pipeline made a wrong sum: CBUF, CSC, CMAC or CACC.

Their order of work is the RTL's own, so each is judged by what it was seen to be given: CACC by the beats of CMAC it
added, CMAC by the data and weights of CSC, CBUF by what was written to it. If all three are right, CSC is wrong.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.arithmetic import sign_extend
from cocodla.golden.convolution import feature_windows, image_windows, truncate, unpack
from cocodla.golden.work import SdpWork
from cocodla.hw import ATOM
from cocodla.mismatch.boundaries import Boundaries
from cocodla.mismatch.layers import Layer
from cocodla.mismatch.verdict import Blame, Difference

SUM_BITS = 19
"""Bits of a sum of eight products."""
STRIPE = 32
"""Results that are looked at for what CSC sent wrong first: those of a stripe are worked on at the same time."""
CBUF_LATENCY = 3
READS = (
    ("dat_rd_en", 0, "dat_rd_addr0", "dat_rd_data0"),
    ("dat_rd_en", 1, "dat_rd_addr1", "dat_rd_data1"),
    ("wt_rd_en", 0, "wt_rd_addr", "wt_rd_data"),
)
"""Reads of CBUF: enable and its bit, address, data CBUF_LATENCY cycles later."""
READ_SIGNALS = ("dat_rd_en", "wt_rd_en", *(name for read in READS for name in read[2:]))


@dataclass(frozen=True)
class Products:
    """Beats of the array: cycles in which CSC sent and CMAC answered, (n,); data (n, 8 lanes), active weights
    (n, 8 kernels, 8 lanes), sums that CMAC sent (n, 8 kernels); all int64."""

    sent: NDArray[np.int64]
    came: NDArray[np.int64]
    data: NDArray[np.int64]
    weights: NDArray[np.int64]
    sums: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.int64]:
        """What the sums should be."""
        return np.einsum("bl,bkl->bk", self.data, self.weights)

    def of(self, beats: NDArray[np.int64]) -> Products:
        """Some of the beats."""
        return Products(*(part[beats] for part in (self.sent, self.came, self.data, self.weights, self.sums)))


def judge(bounds: Boundaries, layer: Layer, found: Difference, number: int) -> Blame:
    """Of a wrong beat of cacc2sdp, the `number`-th since reset."""
    kernel = found.lane
    assert isinstance(layer.work, SdpWork) and layer.work.convolution is not None
    beats = beats_of(bounds, number)
    if beats is None:
        reason = "the array got no work for a result that is missing"
        return Blame("csc", "csc2cmac_dat", "dat_valid", found.cycle, reason)
    if found.got is None:
        reason = "the last operation of a result came, but not the result"
        return Blame("cacc", "cacc2sdp", "cacc2sdp_valid", found.cycle, reason)
    all_beats = products(bounds, int(beats[-1]) + 1)
    used = all_beats.of(beats)
    total = int(used.sums[:, kernel].sum())
    rounded = int(truncate(np.array([total]), layer.work.convolution.csc.clip_truncate)[0])
    if rounded != found.got:
        reason = f"the {len(beats)} sums of CMAC add up to {total}, so {rounded} should come, but {found.got} does"
        return Blame("cacc", "cacc2sdp", "cacc2sdp_data", found.cycle, reason)
    if (used.right != used.sums)[:, kernel].any():
        return _cmac(all_beats)
    wrong = wrong_read(bounds)
    if wrong is not None:
        cycle, signal, entry = wrong
        return Blame("cbuf", "cbuf", signal, cycle, f"entry {entry} of CBUF is not read as it was written")
    return _csc(bounds, layer, found, number)


def _cmac(beats: Products) -> Blame:
    """CMAC, by the first of its sums that does not follow from data and weights."""
    right = beats.right
    beat, kernel = (int(k) for k in np.argwhere(right != beats.sums)[0])
    half = "mac_a_data" if kernel < ATOM // 2 else "mac_b_data"
    told = f"{beats.sums[beat, kernel]} where its data and weights give {right[beat, kernel]}"
    return Blame("cmac", "cmac2cacc", half, int(beats.came[beat]), f"kernel {kernel} of the array gives {told}")


def _csc(bounds: Boundaries, layer: Layer, found: Difference, number: int) -> Blame:
    """CSC, by the first beat with a product that an element does not have, of the wrong element and those beside it."""
    later = range(number, number + min(STRIPE, layer.beats["cacc2sdp"] - found.beat))
    parts = [beats for beats in (beats_of(bounds, one) for one in later) if beats is not None]
    known = products(bounds, max(int(beats[-1]) for beats in parts) + 1)
    candidates = [
        blame
        for offset, beats in enumerate(parts)
        for kernel in range(ATOM)
        if (blame := _surplus(layer, found.beat + offset, kernel, known.of(beats))) is not None
    ]
    if candidates:
        return min(candidates, key=lambda blame: blame.cycle)
    reason = "CBUF, CMAC and CACC are right, but CSC left out a product of the element"
    return Blame("csc", "csc2cmac_dat", "dat_valid", int(known.of(parts[0]).sent[0]), reason)


def _surplus(layer: Layer, beat: int, kernel: int, used: Products) -> Blame | None:
    """The first beat with a product that an element of the layer does not have, or no more of."""
    window, weights = operands(layer, beat, kernel)
    left = Counter(zip(weights.reshape(-1).tolist(), window.reshape(-1).tolist(), strict=True))
    own = Counter(weights[weights != 0].tolist())
    seen = used.weights[:, kernel]
    weights_right = Counter(seen[seen != 0].tolist()) == own
    interface, signal = ("csc2cmac_dat", "dat_data") if weights_right else ("csc2cmac_wt", "wt_data")
    for k in range(len(used.sent)):
        pairs = Counter((w, d) for w, d in zip(seen[k].tolist(), used.data[k].tolist(), strict=True) if w)
        if pairs - left:
            (weight, value), _ = (pairs - left).most_common(1)[0]
            reason = (
                f"CBUF, CMAC and CACC are right, but CSC has weight {weight} multiplied with {value}, which is no "
                f"product of beat {beat} of cacc2sdp, lane {kernel}"
            )
            return Blame("csc", interface, signal, int(used.sent[k]), reason)
        left -= pairs
    return None


def operands(layer: Layer, beat: int, lane: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Input window and weights of an element of a convolution, both (rows, columns, channels), of the golden model."""
    assert isinstance(layer.work, SdpWork) and layer.work.convolution is not None and layer.inside is not None
    values, csc = layer.inside.values, layer.work.convolution.csc
    assert values is not None and values.lines is not None and values.stream is not None
    surface, pixel = divmod(beat, csc.out_width * csc.out_height)
    y, x = divmod(pixel, csc.out_width)
    windows = (image_windows if csc.image else feature_windows)(values.lines[:1], csc)
    kernel = surface * ATOM + lane
    window = windows[0, y, x].astype(np.int64)
    if kernel >= csc.kernels:
        return window, np.zeros_like(window)
    return window, unpack(values.stream[0], csc)[kernel].transpose(1, 2, 0).astype(np.int64)


def beats_of(bounds: Boundaries, number: int) -> NDArray[np.int64] | None:
    """Beats of CMAC that CACC adds up for its result `number`, both counted since reset."""
    moved = bounds.moved("cmac2cacc")
    last, first, index = (moved.numbers(name) for name in ("mac_last", "mac_first", "mac_index"))
    results = np.flatnonzero(last == 1)
    if number >= len(results):
        return None
    end = int(results[number])
    mine = np.flatnonzero(index[: end + 1] == index[end])
    begins = np.flatnonzero(first[mine] == 1)
    return mine[begins[-1] if len(begins) else 0 :]


def products(bounds: Boundaries, end: int) -> Products:
    """What the array worked on in the beats before `end`."""
    sums, upper = bounds.moved("cmac2cacc"), bounds.moved("cmac2cacc_b")
    data = bounds.moved("csc2cmac_dat")
    end = min(end, len(sums), len(data))
    halves = zip(sums.payload["mac_a_data"][:end], upper.payload["mac_b_data"][:end], strict=True)
    words = [(low or 0) | (high or 0) << SUM_BITS * ATOM // 2 for low, high in halves]
    lanes = [[sign_extend(word >> SUM_BITS * k, SUM_BITS) for k in range(ATOM)] for word in words]
    return Products(
        data.cycles[:end],
        sums.cycles[:end],
        data.bytes("dat_data", ATOM, slice(0, end)).view(np.int8).astype(np.int64),
        _active(bounds, end),
        np.array(lanes, np.int64).reshape(-1, ATOM),
    )


def _active(bounds: Boundaries, end: int) -> NDArray[np.int64]:
    """Weights in each beat, (end, 8 kernels, 8 lanes): loaded into a shadow set, active with `dat_swap` (cmac.v)."""
    loads, data = bounds.moved("csc2cmac_wt"), bounds.moved("csc2cmac_dat")
    swaps = np.flatnonzero(data.numbers("dat_swap")[:end] == 1)
    shadow, present = np.zeros((ATOM, ATOM), np.int64), np.zeros(ATOM, bool)
    words = loads.bytes("wt_data", ATOM).view(np.int8).astype(np.int64)
    controls = zip(*(loads.numbers(name).tolist() for name in ("wt_sel", "wt_pair", "wt_upper")), strict=True)
    steps = list(zip(controls, words, strict=True))
    sets: list[NDArray[np.int64]] = [np.zeros((ATOM, ATOM), np.int64)]
    done = 0
    for ready in np.searchsorted(loads.cycles, data.cycles[swaps]).tolist():
        for (select, pair, upper), word in steps[done:ready]:
            _load(shadow, present, select, bool(pair), bool(upper), word)
        done = ready
        sets.append(np.where(present[:, None], shadow, 0))
    number = np.zeros(end, np.int64)
    number[swaps] = 1
    chosen: NDArray[np.int64] = np.array(sets)[np.cumsum(number)]
    return chosen


def _load(
    shadow: NDArray[np.int64], present: NDArray[np.bool_], select: int, pair: bool, upper: bool, word: NDArray[np.int64]
) -> None:
    """One beat of weights: eight lanes of a kernel, or four of two, which go to the lower or to the upper half."""
    half = ATOM // 2
    if select == 0 and not upper:
        present[:] = False
    for k in (select, select + 1) if pair else (select,):
        present[k] = True
        if upper:
            shadow[k, half:] = word[half:] if k % 2 else word[:half]
        elif pair:
            shadow[k, :half], shadow[k, half:] = word[half:] if k % 2 else word[:half], 0
        else:
            shadow[k] = word


def wrong_read(bounds: Boundaries) -> tuple[int, str, int] | None:
    """(cycle, signal, entry) of the first read of CBUF that gives something else than was written there last."""
    writes = bounds.moved("cdma2cbuf")
    entries, data = writes.numbers("cbuf_wr_addr"), writes.payload["cbuf_wr_data"]
    places, values = bounds.at(READ_SIGNALS)
    cycles = bounds.cycles(places)
    keys = entries << 40 | writes.cycles
    order = np.argsort(keys)
    found = []
    for enable, bit, address, result in READS:
        on = np.array([value is not None and bool(value >> bit & 1) for value in values[enable]])
        at = np.flatnonzero(on[: max(len(on) - CBUF_LATENCY, 0)])
        asked = np.array([values[address][k] or 0 for k in at], np.int64)
        last = np.searchsorted(keys[order], asked << 40 | cycles[at], side="right") - 1
        for k, entry, which in zip(at.tolist(), asked.tolist(), last.tolist(), strict=True):
            known = which >= 0 and entries[order[which]] == entry
            if known and data[order[which]] != values[result][k + CBUF_LATENCY]:
                found.append((int(cycles[k + CBUF_LATENCY]), result, entry))
                break
    return min(found, default=None)
