"""In which pattern two cubes differ, in words: where (channels, lines, columns) and how (off by one, stale, shifted).

Every sentence is exact: it holds for all elements that differ, or says for which share. What fits nothing is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import tensor_to_atoms
from cocodla.hw import ATOM

Tensor = NDArray[Any]
"""(channels, lines, columns), signed integers."""

_FEW = 4
_LONGEST_PERIOD = 64
_MOST = 1 << 20
"""Elements that shifts are looked for in."""


def describe(expected: Tensor, got: Tensor, before: Tensor | None = None) -> list[str]:
    """Sentences on two tensors of one shape (C, H, W), the clearest first; none if they are equal.

    before: what was in memory where `got` lies.
    """
    wrong = expected != got
    if not wrong.any():
        return []
    return [_count(wrong), *_places(wrong), *_values(expected, got, wrong, before), *_order(expected, got, wrong)]


def _count(wrong: NDArray[np.bool_]) -> str:
    count = int(wrong.sum())
    if count == wrong.size:
        return f"all {count:,} elements differ"
    if count == 1:
        return "a single element differs"
    return f"{count:,} of {wrong.size:,} elements differ ({count / wrong.size:.2%})"


def _places(wrong: NDArray[np.bool_]) -> Iterator[str]:
    """Where they are, along each axis by itself."""
    axes = (("channel", 0), ("line", 1), ("column", 2))
    places = np.nonzero(wrong)
    if wrong.sum() > 1:
        for name, axis in axes:
            text = _along(name, np.unique(places[axis]), wrong.shape[axis])
            if text:
                yield text
        yield from _raster(wrong)
    channels = np.unique(places[0])
    blocks = np.unique(channels // ATOM)
    count = -(-wrong.shape[0] // ATOM)
    if count > 1 and len(blocks) < count:
        if len(blocks) == 1:
            which = "the last" if blocks[0] == count - 1 else "the first" if blocks[0] == 0 else f"number {blocks[0]}"
            yield f"in one channel block (surface) only: {which} of {count}"
        elif text := _along("channel block", blocks, count):
            yield text
    lanes = np.unique(channels % ATOM)
    if count > 1 and len(channels) > 1 and len(lanes) <= ATOM // 2:
        yield f"in lane{'s' * (len(lanes) > 1)} {', '.join(map(str, lanes.tolist()))} of the atoms only"


def _along(name: str, found: NDArray[np.int64], size: int) -> str:
    """Where numbers lie between 0 and size, if that is worth a sentence."""
    first, last, count = int(found[0]), int(found[-1]), len(found)
    if count == size or size == 1:
        return ""
    if count == 1:
        return f"in {name} {first} only" + (f", the last of {size}" if first == size - 1 and size > 2 else "")
    steps = np.diff(found)
    if (steps == 1).all():
        if last == size - 1:
            return f"from {name} {first} on"
        return f"up to {name} {last}" if first == 0 else f"in {name}s {first} to {last}"
    step = int(steps[0])
    if (steps == step).all() and 1 < step <= _LONGEST_PERIOD and count > 2:
        whole = first < step and last + step >= size
        return f"in every {_nth(step)} {name}" + (f", from {first} on" if whole else f" from {first} to {last}")
    few = f"in {name}s {', '.join(map(str, found.tolist()))} only" if count <= _FEW else ""
    return _repeated(name, found, size) or few


def _repeated(name: str, found: NDArray[np.int64], size: int) -> str:
    """The shortest period in which the same places come again, at least twice."""
    there = np.zeros(size, bool)
    there[found] = True
    for period in range(2, min(size // 2, _LONGEST_PERIOD) + 1):
        if np.array_equal(there[period:], there[:-period]):
            parts = ", ".join(map(str, np.flatnonzero(there[:period]).tolist()))
            return f"in {name}s {parts} of every {period}" if there[:period].sum() <= _FEW else ""
    return ""


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number // 10 % 10 != 1 else 0, "th")
    return "2nd" if number == 2 else f"{number}{ending}"


def _raster(wrong: NDArray[np.bool_]) -> Iterator[str]:
    """From one atom on, in the order in which cubes are walked."""
    atoms = tensor_to_atoms(wrong).any(axis=-1)
    flat = atoms.reshape(-1)
    first = int(np.argmax(flat))
    rest = flat[first:]
    if first > 0 and len(rest) > _FEW and rest.mean() > 0.5:
        surface, line, column = (int(k) for k in np.unravel_index(first, atoms.shape))
        place = f"surface {surface}, line {line}, column {column}"
        yield f"everything before {place} is right; from there on {rest.mean():.0%} of the atoms are wrong"


def _values(expected: Tensor, got: Tensor, wrong: NDArray[np.bool_], before: Tensor | None) -> Iterator[str]:
    """What the wrong values are, if one thing holds for all of them, or nearly all."""
    want, have = expected[wrong].astype(np.int64), got[wrong].astype(np.int64)
    difference = have - want
    limits, mask = np.iinfo(expected.dtype), (1 << 8 * expected.itemsize) - 1
    ends, flipped = (int(limits.min), int(limits.max)), (want ^ have) & mask
    one_bit = flipped == flipped[0] if int(flipped[0]).bit_count() == 1 else None
    steady = len(np.unique(difference)) == 1
    constant = difference == difference[0] if steady and len(difference) > 1 else None
    candidates = [
        ("zeros instead of values", have == 0),
        ("negated", have == -want),
        ("off by one: one too large", difference == 1 if steady else None),
        ("off by one: one too small", difference == -1 if steady else None),
        ("one bit flipped, always the same", one_bit),
        ("off by one: rounding?", abs(difference) == 1),
        ("saturated where they should not be", np.isin(have, ends) & ~np.isin(want, ends)),
        ("not saturated: values at the limit come out as others", np.isin(want, ends)),
        ("negative values that should be cut to 0", (have < 0) & (want == 0)),
        (f"all {difference[0]:+d} from what they should be", constant),
        (f"one value everywhere: {have[0]}", have == have[0] if len(have) > 2 and have[0] != 0 else None),
    ]
    if before is not None:
        stale = have == before[wrong]
        if stale.mean() > 0.9:
            yield f"stale: {_share(stale)} hold what was in memory before, as if never written"
            return
    for text, holds in candidates:
        if holds is not None and (len(want) > 1 or not text.startswith("zeros")) and np.mean(holds) > 0.9:
            yield text if holds.all() else f"{text} ({_share(holds)})"
            return


def _share(holds: NDArray[np.bool_]) -> str:
    return "all of them" if holds.all() else f"{holds.mean():.0%} of them"


def _order(expected: Tensor, got: Tensor, wrong: NDArray[np.bool_]) -> Iterator[str]:
    """Right values in wrong places."""
    if wrong.size > _MOST or wrong.sum() < 2:
        return
    want, have = tensor_to_atoms(expected).reshape(-1, ATOM), tensor_to_atoms(got).reshape(-1, ATOM)
    bad = np.flatnonzero((want != have).any(axis=1))
    width = expected.shape[2]
    if len(bad) == 2 and np.array_equal(want[bad[0]], have[bad[1]]) and np.array_equal(want[bad[1]], have[bad[0]]):
        yield f"two atoms are swapped: numbers {bad[0]} and {bad[1]} of the cube"
        return
    shifts: Sequence[int] = [1, -1, *([width, -width] if width > 1 else [])]
    for shift in shifts:
        inside = bad[(bad - shift >= 0) & (bad - shift < len(want))]
        equal = (have[inside] == want[inside - shift]).all(axis=1) if len(inside) else np.zeros(0, bool)
        if len(inside) >= 2 and equal.mean() > 0.9 and len(np.unique(want[inside], axis=0)) > 1:
            what = "one atom" if abs(shift) == 1 else f"one line ({width} atoms)"
            side = "before" if shift > 0 else "behind"
            yield f"shifted by {what}: they hold what belongs {side} them ({_share(equal)})"
            return
    rolled = [k for k in range(1, ATOM) if (np.roll(want[bad], k, axis=1) == have[bad]).all()]
    if rolled and (want[bad] != want[bad][:, :1]).any():
        yield f"lanes are rotated by {rolled[0]}"

