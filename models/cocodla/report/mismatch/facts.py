"""A Finding as plain values, the same for text, page and JSON; nothing in it grows with the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.hw import ATOM
from cocodla.mismatch.explain import Explanation, Step
from cocodla.mismatch.study import Finding
from cocodla.mismatch.verdict import Boundary

FORMAT = "cocodla mismatch 1"
HOLDS = {"cbuf_wt": "weights", "cbuf_dat": "data"}
"""What a stream holds, where its signal does not tell."""
MOST_WRONG = 64
"""Wrong elements that are listed."""
MOST_MAPS = 16
"""Maps that are drawn: one for each channel block, the first wrong ones."""
MAP_SIDE = 64
"""Cells of a map in each direction at most; a cell stands for several elements then."""


def facts(study: Finding) -> dict[str, Any]:
    """All that is told. Keys: docs/mismatch.md."""
    layer, blame = study.layer, study.blame
    return {
        "format": FORMAT,
        "message": study.line,
        "layer": None
        if layer is None
        else {
            "name": layer.name, "kind": layer.kind, "number": layer.number, "address": layer.address,
            "shape": [layer.layout.channels, layer.layout.height, layer.layout.width],
        },
        "blame": None
        if blame is None
        else {
            "unit": blame.unit, "interface": blame.interface, "signal": blame.signal, "cycle": _known(blame.cycle),
            "reason": blame.reason,
        },
        "first_wrong_write": None
        if study.wrong is None
        else {"interface": study.wrong.interface, "cycle": _known(study.wrong.cycle), "address": study.wrong.address},
        "patterns": study.patterns,
        "element": study.element,
        "boundaries": [_boundary(one) for one in study.boundaries],
        "explanation": None if study.explanation is None else _explanation(study.explanation),
        "wrong": _wrong(study),
        "maps": maps(study.expected, study.got),
        "notes": study.notes,
        "waves": study.waves,
    }  # fmt: skip


def _known(cycle: int) -> int | None:
    return cycle if cycle >= 0 else None


def _boundary(one: Boundary) -> dict[str, Any]:
    found = one.difference
    first = None
    if found is not None:
        first = {
            "beat": found.beat, "cycle": _known(found.cycle), "lane": found.lane, "expected": found.expected,
            "got": found.got, "wrong": found.wrong,
        }  # fmt: skip
    return {
        "interface": one.interface, "signal": one.signal, "holds": HOLDS.get(one.stream, ""), "sender": one.sender,
        "stream": one.stream, "beats": one.beats, "first": first,
    }  # fmt: skip


def _explanation(found: Explanation) -> dict[str, Any]:
    return {
        "tables": [{"title": table.title, "count": table.count, "rows": table.rows} for table in found.tables],
        "steps": [_step(step) for step in found.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "what": step.what, "expected": step.expected, "seen": step.seen, "cycle": step.cycle, "differs": step.differs,
    }  # fmt: skip


def _wrong(study: Finding) -> list[dict[str, int]]:
    """The first wrong elements."""
    if study.expected is None or study.got is None:
        return []
    places = np.argwhere(study.expected != study.got)[:MOST_WRONG]
    return [
        {
            "channel": int(c), "line": int(y), "column": int(x),
            "expected": int(study.expected[c, y, x]), "got": int(study.got[c, y, x]),
        }
        for c, y, x in places
    ]  # fmt: skip


def maps(expected: NDArray[Any] | None, got: NDArray[Any] | None) -> list[dict[str, Any]]:
    """For channel blocks with wrong elements: rows of cells, each the number of lanes that are wrong in it.

    expected, got: (channels, lines, columns); None: not known.
    """
    if expected is None or got is None:
        return []
    wrong = expected != got
    found = []
    for block in range(-(-wrong.shape[0] // ATOM)):
        part = wrong[block * ATOM : (block + 1) * ATOM].sum(axis=0)
        if part.any():
            found.append({"block": block, "wrong": int(part.sum()), **_cells(part)})
        if len(found) == MOST_MAPS:
            break
    return found


def _cells(counts: NDArray[Any]) -> dict[str, Any]:
    """Counts of lines and columns, joined where there are more than MAP_SIDE: the largest stands for its cell."""
    tall, wide = (-(-size // MAP_SIDE) for size in counts.shape)
    lines = np.arange(0, counts.shape[0], tall)
    columns = np.arange(0, counts.shape[1], wide)
    cells = np.maximum.reduceat(np.maximum.reduceat(counts, lines, axis=0), columns, axis=1)
    return {"lines_each": tall, "columns_each": wide, "cells": cells.astype(int).tolist()}
