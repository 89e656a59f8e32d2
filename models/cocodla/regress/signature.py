"""What failures have in common: unit, stage, and the kind of the first thing that differs."""

from __future__ import annotations

import re
from typing import NamedTuple

from cocodla.regress.items import Problem

LONGEST = 160

_RULES = (
    (re.compile(r"\(seen after cycle [\d,]+\)|\(at [\d.e+]+ ns\)|\(log: [^)]*\)"), ""),
    (re.compile(r"(?:/[\w.+-]+){2,}"), "PATH"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b|\b[0-9a-f]{8,}\b"), "#"),
    (re.compile(r"(?<![A-Za-z_])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?"), "#"),
    (re.compile(r"[\[(](?:\s*#\s*,?)+[\])]"), "(#)"),
    (re.compile(r"\s+"), " "),
)
"""What differs between two sights of one fault becomes the same: times, paths, numbers, lists of them."""


class Signature(NamedTuple):
    """Failures with the same one are one group."""

    unit: str
    stage: str
    kind: str

    def __str__(self) -> str:
        return " / ".join(part for part in self if part)


def signature(problem: Problem) -> Signature:
    """That of a problem."""
    return Signature(problem.unit, normalized(problem.stage), normalized(problem.text))


def normalized(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text.strip()[:LONGEST]
